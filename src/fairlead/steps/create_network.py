"""The action kind *create-network*: a network for containers that later steps run."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping

from fairlead.domain.names import SERVICE
from fairlead.domain.plan import Effect, Node
from fairlead.domain.process import ResolvedAction
from fairlead.domain.record import Json
from fairlead.domain.service import Harm
from fairlead.domain.step_image import CREATE_NETWORK
from fairlead.ports.step import EffectKind
from fairlead.steps.bounds import MARGIN_S, START_TIMEOUT_S
from fairlead.steps.container_properties import ENVIRONMENT_NETWORK, Reading
from fairlead.steps.effects.basis import arguments
from fairlead.steps.effects.step_networks import EnsureStepNetwork, StepNetwork
from fairlead.steps.run_container import identity_of
from fairlead.steps.script import host_of

ATTEMPTS = 3
BRIDGE = "bridge"
HARMLESS_OPTIONS = frozenset(
    {"com.docker.network.driver.mtu", "com.docker.network.bridge.enable_icc"}
    | {"com.docker.network.bridge.enable_ip_masquerade"}
)
"""Options of the bridge driver that are felt by the network's own containers alone."""

_DRIVER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./:-]{0,99}")
_TEXT: dict[str, Json] = {"type": "string", "maxLength": 200}


class CreateNetwork:
    """Octopus's *create a Docker network*. It stays; the next run of the step finds it."""

    name = CREATE_NETWORK
    schema: Mapping[str, Json] = {
        "type": "object",
        "description": "makes a network for containers of later steps; one that is there as it says is fine. Output: "
        "Docker.Inspect, what the engine tells of it, as JSON",
        "additionalProperties": False,
        "required": ["network"],
        "properties": {
            "network": {
                "type": "string",
                "pattern": SERVICE.pattern,
                "maxLength": 40,
                "description": "what steps call it; the engine's name has project and environment before it",
            },
            "driver": {**_TEXT, "default": BRIDGE, "description": "another than bridge has to be allowed by policy"},
            "subnet": {
                **_TEXT,
                "description": "as 172.28.5.0/24, which policy has to allow: hosts on the network that it covers are "
                "not reached any more. By default the engine chooses one",
            },
            "gateway": {**_TEXT, "description": "an address of the subnet; by default its first"},
            "ip_range": {**_TEXT, "description": "the part of the subnet that containers get addresses of"},
            "internal": {"type": "boolean", "default": False, "description": "nothing leads out of it"},
            "options": {
                "type": "object",
                "additionalProperties": _TEXT,
                "maxProperties": 20,
                "description": "the driver's own; those that are felt outside of the network have to be allowed by "
                "policy",
            },
        },
    }
    effects: Mapping[str, EffectKind] = {EnsureStepNetwork.kind: EnsureStepNetwork()}

    def plan(self, resolved: ResolvedAction) -> Node:
        """One effect."""
        wanted = _wanted(resolved)
        where = f" on {resolved.target.name}" if resolved.target else ""
        return Effect(
            EnsureStepNetwork.kind,
            f"{resolved.key}/network",
            f"{resolved.action.name}: have network {wanted.name}{where}",
            arguments(wanted),
            timeout_s=(resolved.action.timeout_s or START_TIMEOUT_S) + MARGIN_S,
            attempts=ATTEMPTS,
            target=resolved.place,
        )


def harms_of_network(resolved: ResolvedAction) -> tuple[Harm, ...]:
    """What policy has to allow."""
    wanted = _wanted(resolved)
    keys = [] if wanted.driver == BRIDGE else [f"network_driver:{wanted.driver}"]
    keys += [f"network_subnet:{wanted.subnet}"] if wanted.subnet else []
    keys += [f"network_option:{name}" for name in wanted.options if name not in HARMLESS_OPTIONS]
    where = f"step {resolved.step}" + (f" on {resolved.target.name}" if resolved.target else "")
    return tuple(Harm(key, resolved.action.name, where) for key in keys)


def _wanted(resolved: ResolvedAction) -> StepNetwork:
    reading = Reading(resolved)
    name, driver = reading.text("network"), reading.text("driver") or BRIDGE
    if not SERVICE.fullmatch(name) or name == ENVIRONMENT_NETWORK:
        raise reading.wrong("network", repr(name), "a name in lower case; `environment` is the environment's own")
    if not _DRIVER.fullmatch(driver):
        raise reading.wrong("driver", repr(driver), "the name of a network driver")
    subnet, gateway, ip_range = _addresses(reading)
    internal, options = resolved.action.properties.get("internal"), resolved.action.properties.get("options")
    return StepNetwork(
        identity=identity_of(resolved),
        host=host_of(resolved),
        name=name,
        driver=driver,
        subnet=subnet,
        gateway=gateway,
        ip_range=ip_range,
        internal=internal is True,
        options={key: reading.filled("options", held) for key, held in options.items()}
        if isinstance(options, Mapping)
        else {},
    )


def _addresses(reading: Reading) -> tuple[str, str, str]:
    subnet, gateway, ip_range = (reading.text(name) for name in ("subnet", "gateway", "ip_range"))
    if not subnet:
        if gateway or ip_range:
            what = "gateway" if gateway else "ip_range"
            raise reading.wrong(what, "no subnet that it is of", "a subnet, too")
        return "", "", ""
    try:
        whole = ipaddress.ip_network(subnet)
    except ValueError:
        raise reading.wrong("subnet", repr(subnet), "a network as 172.28.5.0/24") from None
    if not _is_inside(gateway, whole):
        raise reading.wrong("gateway", repr(gateway), f"an address in {whole}")
    if not _is_inside(ip_range, whole):
        raise reading.wrong("ip_range", repr(ip_range), f"a part of {whole}")
    return str(whole), gateway, ip_range


def _is_inside(text: str, whole: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    """Also where nothing is said."""
    try:
        return not text or ipaddress.ip_network(text).subnet_of(whole)  # type: ignore[arg-type] # another version: TypeError
    except (ValueError, TypeError):
        return False
