"""Networks and volumes of the engine: made, adopted by key, removed by id."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any
from weakref import WeakValueDictionary

from fairlead.adapters.engines.docker.client import EngineClient, part
from fairlead.adapters.engines.docker.errors import EngineSaidNo, stranger, told
from fairlead.domain.errors import Conflict, Failed
from fairlead.ports.container_engine import (
    LABEL_ENVIRONMENT,
    LABEL_KEY,
    LABEL_PROJECT,
    Network,
    NetworkSpec,
    VolumeEntry,
)

Json = dict[str, Any]
ATTEMPTS = 40  # look, make, and somebody else was faster: making one takes a tenth of a second
RELEASES = 200  # a busy engine lets go of what a dead container held within seconds
PAUSE_S = 0.05


HELD = "has active endpoints"
"""How the engine says that a container holds a network."""

FREE_ALREADY = ("is not connected", "is marked for removal")
"""How the engine says that a container does not hold a network, or goes away this moment and takes its hold along."""


_TURNS: WeakValueDictionary[tuple[asyncio.AbstractEventLoop, str, str], asyncio.Lock] = WeakValueDictionary()
"""Those that are waited for now."""


class Networks:
    """Networks. Names are looked up, ids are acted on: names may be doubled."""

    def __init__(self, client: EngineClient) -> None:
        self._client = client
        self._engine = ""

    async def ensure(self, spec: NetworkSpec) -> Network:
        async with await self._turn(spec.name):
            return await self._made(spec)

    async def _turn(self, name: str) -> asyncio.Lock:
        """One at a time makes a network of that name on the engine, whichever way leads there: an engine does not
        refuse a second of one name while the first is being made, and several targets may be one engine."""
        self._engine = self._engine or str((await self._client.ask("GET", "/info")).get("ID", ""))
        return _TURNS.setdefault((asyncio.get_running_loop(), self._engine, name), asyncio.Lock())

    async def _made(self, spec: NetworkSpec) -> Network:
        for attempt in range(ATTEMPTS):  # it is seldom there, and the engine says so where it is
            for found in await self.named(spec.name) if attempt else ():
                return _adopted(found, spec)
            try:
                made = await self._client.change("POST", "/networks/create", body=_body(spec), thing=spec.name)
            except EngineSaidNo as refusal:
                error = told(refusal, "making the network")
                if refusal.status != 409 and not (error.code == "network.pool" and await self._is_being_made(spec)):
                    raise error from refusal
                if attempt:
                    await asyncio.sleep(PAUSE_S)
                continue
            return _network(await self._client.ask("GET", f"/networks/{made['Id']}", thing=spec.name))
        words = f"the subnet {spec.subnet} is held by something that the engine does not list"
        raise Conflict("network.pool", words, thing=spec.name, hint="choose another subnet")

    async def ids_of(self, names: Sequence[str]) -> Mapping[str, str]:
        """The id of the one network of each name, by name."""
        if not names:
            return {}
        found = await self._listed(names)
        for name in names:
            same = [network for network in found if network["Name"] == name]
            if len(same) != 1:
                words = "there is no network" if not same else "there is more than one network"
                hint = (
                    f"docker network ls --filter name={name} shows them: remove those that nothing runs in"
                    if same
                    else ""
                )
                raise Failed("engine.failed", f"{words} named {name}", thing=name, hint=hint)
        return {network["Name"]: network["Id"] for network in found}

    async def remove(self, name: str) -> None:
        found = await self.named(name)
        for network in found:
            if LABEL_KEY not in (network.get("Labels") or {}):
                raise stranger("network", name, "")
        for network in found:
            await self._remove_by_id(network["Id"], name)

    async def matching(self, labels: Mapping[str, str]) -> Sequence[Network]:
        listed = await self._client.ask("GET", "/networks", params={"filters": label_filter(labels)})
        inspected = await asyncio.gather(*(self._inspect(network["Id"]) for network in listed))
        return sorted((_network(told_) for told_ in inspected if told_), key=lambda network: network.name)

    async def inspected(self, name: str) -> Json | None:
        found = await self.named(name)
        return await self._inspect(found[0]["Id"]) if found else None

    async def subnets(self) -> Sequence[str]:
        listed = await self._client.ask("GET", "/networks")
        return sorted({subnet for network in listed for subnet in _subnets(network)})

    async def named(self, name: str) -> list[Json]:
        """All networks of exactly that name (the engine's filter also finds parts of names)."""
        return await self._listed([name])

    async def _listed(self, names: Sequence[str]) -> list[Json]:
        listed = await self._client.ask("GET", "/networks", params={"filters": {"name": list(names)}})
        return [network for network in listed if network["Name"] in names]

    async def _is_being_made(self, spec: NetworkSpec) -> bool:
        """Whether the subnet is held by no network of another name: a network that is being made is not listed yet,
        and holds its subnet already."""
        if not spec.subnet:
            return False
        wanted = ipaddress.ip_network(spec.subnet)
        return not any(
            network["Name"] != spec.name and any(wanted.overlaps(ipaddress.ip_network(subnet)) for subnet in found)
            for network in await self._client.ask("GET", "/networks")
            if (found := [subnet for subnet in _subnets(network) if ":" not in subnet])
        )

    async def _inspect(self, network_id: str) -> Json | None:
        try:
            told_: Json = await self._client.ask("GET", f"/networks/{network_id}")
        except EngineSaidNo as refusal:
            if refusal.status == 404:
                return None
            raise told(refusal, "reading the network") from refusal
        return told_

    async def _remove_by_id(self, network_id: str, name: str) -> None:
        for attempt in range(RELEASES):
            try:
                await self._client.change("DELETE", f"/networks/{network_id}", thing=name)
                break
            except EngineSaidNo as refusal:
                if refusal.status == 404:
                    break
                is_last = attempt == RELEASES - 1
                if is_last or HELD not in refusal.words or await self._is_held(name):
                    raise told(refusal, "removing the network") from refusal
            await asyncio.sleep(PAUSE_S)
        await self._forget_in_stopped_members(name)

    async def _is_held(self, name: str) -> bool:
        """Whether a container runs in it. Of one that has just ended, a busy engine takes the hold away later."""
        params = {"filters": {"network": [name]}}
        return bool(await self._client.ask("GET", "/containers/json", params=params))

    async def _forget_in_stopped_members(self, name: str) -> None:
        """A stopped container does not hold its network, but would ask for it when it is started."""
        params = {"all": True, "filters": {"network": [name], "label": [LABEL_KEY]}}
        for container in await self._client.ask("GET", "/containers/json", params=params):
            body = {"Container": container["Id"], "Force": True}
            try:
                await self._client.change("POST", f"/networks/{part(name)}/disconnect", body=body)
            except EngineSaidNo as refusal:
                if refusal.status not in (404, 409) and not any(said in refusal.words for said in FREE_ALREADY):
                    raise told(refusal, "disconnecting from the network") from refusal


class Volumes:
    """Named volumes: the project's data."""

    def __init__(self, client: EngineClient) -> None:
        self._client = client

    async def ensure(self, name: str, labels: Mapping[str, str]) -> VolumeEntry:
        volume = await self._inspect(name)
        if volume is None:
            body = {"Name": name, "Labels": dict(labels)}
            try:
                volume = await self._client.change("POST", "/volumes/create", body=body, thing=name)
            except EngineSaidNo as refusal:
                raise told(refusal, "making the volume") from refusal
        entry = _volume(volume)
        if any(entry.labels.get(label) != labels.get(label) for label in (LABEL_PROJECT, LABEL_ENVIRONMENT)):
            raise stranger("volume", name, " ".join(entry.labels.get(label, "") for label in _OWNER).strip())
        return entry

    async def remove(self, name: str) -> None:
        volume = await self._inspect(name)
        if volume is None:
            return
        if not {LABEL_KEY, LABEL_PROJECT} & set(volume.get("Labels") or {}):
            raise stranger("volume", name, "")
        try:
            await self._client.change("DELETE", f"/volumes/{part(name)}", thing=name)
        except EngineSaidNo as refusal:
            if refusal.status != 404:
                raise told(refusal, "removing the volume") from refusal

    async def matching(self, labels: Mapping[str, str]) -> Sequence[VolumeEntry]:
        listed = await self._client.ask("GET", "/volumes", params={"filters": label_filter(labels)})
        return sorted((_volume(volume) for volume in listed.get("Volumes") or []), key=lambda entry: entry.name)

    async def _inspect(self, name: str) -> Json | None:
        try:
            volume: Json = await self._client.ask("GET", f"/volumes/{part(name)}", thing=name)
        except EngineSaidNo as refusal:
            if refusal.status == 404:
                return None
            raise told(refusal, "reading the volume") from refusal
        return volume


_OWNER = (LABEL_PROJECT, LABEL_ENVIRONMENT)


def label_filter(labels: Mapping[str, str]) -> dict[str, list[str]]:
    """The engine's filter: all of these labels, by value or (value "") by presence."""
    return {"label": [f"{name}={value}" if value else name for name, value in sorted(labels.items())]}


def _body(spec: NetworkSpec) -> Json:
    """The first address is the gateway's, said outright: else it would come from the dynamic range."""
    pool: Json = {}
    if spec.subnet:
        gateway = spec.gateway or str(next(ipaddress.ip_network(spec.subnet).hosts()))
        pool = {"Subnet": spec.subnet, "Gateway": gateway}
        if spec.dynamic_range:
            pool["IPRange"] = spec.dynamic_range
    return {
        "Name": spec.name,
        "CheckDuplicate": True,
        "Driver": spec.driver,
        "Internal": spec.internal,
        "Labels": dict(spec.labels),
        "Options": dict(spec.options),
        "IPAM": {"Driver": "default", "Config": [pool] if pool else []},
    }


def _adopted(found: Json, spec: NetworkSpec) -> Network:
    network = _network(found)
    key = network.labels.get(LABEL_KEY, "")
    if not key or key != spec.labels.get(LABEL_KEY):
        raise stranger("network", spec.name, key)
    return network


def _network(told_: Json) -> Network:
    return Network(
        id=told_["Id"],
        name=told_["Name"],
        subnets=tuple(_subnets(told_)),
        labels=dict(told_.get("Labels") or {}),
        members=tuple(sorted(member["Name"] for member in (told_.get("Containers") or {}).values())),
        driver=str(told_.get("Driver") or ""),
        internal=bool(told_.get("Internal")),
        gateways=tuple(str(pool.get("Gateway") or "").partition("/")[0] for pool in _pools(told_)),
        dynamic_ranges=tuple(str(pool.get("IPRange") or "") for pool in _pools(told_)),
        options=dict(told_.get("Options") or {}),
    )


def _subnets(told_: Json) -> list[str]:
    return [pool["Subnet"] for pool in _pools(told_)]


def _pools(told_: Json) -> list[Json]:
    return [pool for pool in (told_.get("IPAM") or {}).get("Config") or [] if pool.get("Subnet")]


def _volume(told_: Json) -> VolumeEntry:
    return VolumeEntry(told_["Name"], dict(told_.get("Labels") or {}))
