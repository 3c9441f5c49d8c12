"""`fairlead-server boot`: after a start of the machine, proxy and live containers run, without server and database.

The engine starts again by itself what users may be sent to (docs/decisions/0007-after-a-loss-of-power.md), all of it at
once. This starts the proxy, and puts right in the order of `depends_on` what stays down. It stops and removes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from fairlead.domain.colour import Colour
from fairlead.domain.errors import FairleadError
from fairlead.ports.catalogue import Place
from fairlead.ports.container_engine import (
    LABEL_DEPLOYMENT,
    LABEL_INSTANCE,
    LABEL_KIND,
    LABEL_ROLE,
    LABEL_SERVICE,
    Container,
    labels_of,
)
from fairlead.server import beside
from fairlead.server.beside import WithoutServer
from fairlead.server.settings import Settings
from fairlead.steps.blueprint import KIND_ACCESSORY, KIND_INSTANCE, read_facts
from fairlead.steps.roster import SLOT_ROLES
from fairlead.store import catalogue_copy
from fairlead.store.catalogue_copy import PlaceCopy

ENGINE_WITHIN_S = 120.0
"""How long the engine may take until it answers: it comes up beside us."""

READY_WITHIN_S = 60.0
"""How long each layer may take until it answers; then the next is started all the same, and it is said."""

LOOK_S = 0.1
RUNNING = ("running", "restarting")
BESIDE = frozenset(role.value for role in SLOT_ROLES)
Say = Callable[[str], None]


async def boot(settings: Settings, say: Say) -> bool:
    """Whether all that was live runs now; each act and each thing that could not be had is said."""
    is_up = True
    try:
        child = await beside.start_proxy(settings)
        say(f"proxy: {'started' if child.was_started else 'runs'} (process {child.pid})")
    except FairleadError as failed:
        say(f"proxy: {failed}")
        is_up = False
    folder = settings.data_dir / "catalogue"
    for unread in catalogue_copy.unreadable(folder):
        say(f"{unread}; what is live there is left to the engine until the server starts")
        is_up = False
    try:
        for copy in catalogue_copy.read_all(folder):
            async with beside.without_server(settings, copy.installation) as outside:
                await _until_it_answers(outside)
                is_up = await Standing(copy, outside, say).bring_up() and is_up
    except FairleadError as failed:
        say(f"containers: {failed}")
        is_up = False
    return is_up


async def _until_it_answers(outside: WithoutServer) -> None:
    deadline_s = outside.clock.monotonic_s() + ENGINE_WITHIN_S
    while True:
        try:
            await outside.engine.version()
            return
        except FairleadError:
            if outside.clock.monotonic_s() > deadline_s:
                raise
        await outside.clock.sleep(LOOK_S)


@dataclass(frozen=True, slots=True)
class Standing:
    """What is to stand in one place: its accessories, and the slot that users are sent to."""

    copy: PlaceCopy
    outside: WithoutServer
    say: Say

    async def bring_up(self) -> bool:
        """Accessories in their order, then the slot in its own; whether all of it runs."""
        place = labels_of(Place(self.copy.project, self.copy.environment, self.copy.tenant))
        found = await self.outside.engine.containers(place)
        accessories = [one for one in found if one.labels.get(LABEL_KIND) == KIND_ACCESSORY]
        is_up = await self._in_order(accessories, found)
        colour = await self._routed()
        if colour is None:
            return is_up
        deployment = self.copy.slots[colour].deployment
        instances = [
            one
            for one in found
            if one.labels.get(LABEL_KIND) == KIND_INSTANCE and one.labels.get(LABEL_DEPLOYMENT) == deployment
        ]
        return await self._in_order(instances, found) and is_up

    async def _routed(self) -> Colour | None:
        """The proxy's word holds: a cut may have come between the switch and the commit point."""
        for route in self.copy.routes:
            try:
                if (live := await self.outside.proxy.live(route.name)) is not None:
                    return live
            except FairleadError as failed:
                self.say(f"{self.copy.shown}: {failed.message}")
                break
        return self.copy.live

    async def _in_order(self, containers: Sequence[Container], all_of_place: Sequence[Container]) -> bool:
        is_up = True
        for _, group in groupby(sorted(containers, key=_layer), key=_layer):
            layer = [one for one in group if one.state != "created" and not _has_a_successor(one, all_of_place)]
            for one in layer:
                if one.state == "exited":
                    await self.outside.engine.start(one.name)
                    self.say(f"{self.copy.shown}: started {one.name}")
            is_up = await self._until_ready(layer) and is_up
        return is_up

    async def _until_ready(self, layer: Iterable[Container]) -> bool:
        """They answer, or it is said which does not."""
        ended = await asyncio.gather(*(self._is_ready_within(one.name) for one in layer))
        return all(ended)

    async def _is_ready_within(self, name: str) -> bool:
        deadline_s = self.outside.clock.monotonic_s() + READY_WITHIN_S
        while True:
            found = await self.outside.engine.container(name)
            if found is not None and await self._is_ready(found):
                return True
            if self.outside.clock.monotonic_s() > deadline_s:
                state = found.state if found else "gone"
                self.say(f"{self.copy.shown}: {name} is {state} and does not answer after {READY_WITHIN_S:g} s")
                return False
            await self.outside.clock.sleep(LOOK_S)

    async def _is_ready(self, container: Container) -> bool:
        if container.state != "running" or container.health not in ("", "healthy"):
            return False
        facts = read_facts(container.labels.get(LABEL_INSTANCE, ""))
        addresses = [facts.address] if facts.address else [one for one in container.addresses.values() if one]
        if not facts.port or not addresses:
            return True
        try:
            async with asyncio.timeout(1.0):
                streams = await self.outside.connection.dial(f"tcp:{addresses[0]}:{facts.port}")
            streams.writer.close()
        except (FairleadError, TimeoutError):
            return False
        return True


def _layer(container: Container) -> int:
    return read_facts(container.labels.get(LABEL_INSTANCE, "")).layer


def _has_a_successor(container: Container, all_of_place: Sequence[Container]) -> bool:
    """Whether it is stopped because another one has taken its service over: what cannot stand twice must not.

    What stands beside its other self (routed and internal services) may.
    """
    if container.state in RUNNING or container.labels.get(LABEL_ROLE) in BESIDE:
        return False
    service = container.labels.get(LABEL_SERVICE)
    lasting = (KIND_INSTANCE, KIND_ACCESSORY)  # a migration or a one-shot takes nothing over
    return any(
        one.state in RUNNING
        and one.labels.get(LABEL_SERVICE) == service
        and one.labels.get(LABEL_KIND) in lasting
        and one.name != container.name
        and one.labels.get(LABEL_DEPLOYMENT) != container.labels.get(LABEL_DEPLOYMENT)
        for one in all_of_place
    )
