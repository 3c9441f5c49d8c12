"""Docker steps of Octopus as actions of Fairlead: run a container, create a network, stop what such steps left.

What changes the meaning and has no like here makes the action one that is not imported, with the reason.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from fairlead.domain.process import Action, Process, ProcessStep
from fairlead.domain.step_image import CREATE_NETWORK, RUN_CONTAINER, STOP_CONTAINER
from fairlead.formats.ocl.tree import Block
from fairlead.formats.octopus.report import Properties, Taking, as_text

_DOCKER = "Octopus.Action.Docker."
_PACKAGE = "Octopus.Action.Package."
_TOKEN = re.compile(r"#\{[^{}]*\}")
_NOT_IN_NETWORKS = re.compile(r"[^a-z0-9_-]+")
_REGISTRY = "an image is named with its registry here: write that of the feed before its name"
LONGEST_NETWORK = 40

Made = tuple[dict[str, Any], str]
"""The properties, and "" or why there are none."""


def run_container(taking: Taking, properties: Properties) -> Made:
    """As `run-container` has them."""
    made: dict[str, Any] = {"image": _image(taking, properties)}
    why = "" if made["image"] else "it names no image"
    try:
        made |= _network(properties)
        made |= _given("ports", list(_ports(_object(properties, "PortMapping", "ports"))))
        made |= _given("volumes", list(_volumes(_object(properties, "VolumeBindings", "volumes"))))
        made |= _given("environment", _texts(_object(properties, "EnvVariable", "its environment")))
        hosts = _object(properties, "AddedHost", "hosts that it knows")
        made |= _given("extra_hosts", {str(host): address for address, host in hosts.items()})
        made |= _given("command", words(properties.text(f"{_DOCKER}Command", "the command")))
    except ValueError as error:
        why = why or str(error)
    made["restart"] = _restart(properties)
    for name, said in (
        ("Args", "it gives docker arguments of its own: write them as properties"),
        ("VolumesFrom", "it takes volumes from other containers: name the volumes"),
        ("VolumeDriver", "it has a volume driver: volumes are those of the engine"),
        ("NetworkContainer", "it uses the network of another container: let both join a network"),
    ):
        if properties.peek(f"{_DOCKER}{name}").strip():
            properties.leave(f"{_DOCKER}{name}", said)
            why = why or said
        properties.text(f"{_DOCKER}{name}")
    for name, said in (
        ("DontRun", "it only creates the container, and does not run it"),
        ("PortAutoMap", "it publishes every port that the image has: name them"),
    ):
        if properties.peek(f"{_DOCKER}{name}").lower() == "true":
            properties.leave(f"{_DOCKER}{name}", said)
            why = why or said
        properties.text(f"{_DOCKER}{name}")
    return made, why


def create_network(name: str, properties: Properties) -> Made:
    """As `create-network` has them."""
    called = properties.text(f"{_DOCKER}NetworkName", "what steps call it") or name
    made: dict[str, Any] = {"network": network_name(called)}
    kind = properties.text(f"{_DOCKER}NetworkType", "the driver", "bridge")
    custom = properties.text(f"{_DOCKER}NetworkCustomDriver", "the driver")
    if kind != "bridge":
        made["driver"] = custom or kind
    for theirs, ours in (("NetworkSubnet", "subnet"), ("NetworkIPRange", "ip_range"), ("NetworkGateway", "gateway")):
        text = properties.text(f"{_DOCKER}{theirs}", "addresses").strip()
        if "," in text:
            return made, f"it has more than one {ours}"
        made |= _given(ours, text)
    if properties.text(f"{_DOCKER}Args").strip():
        return made, "it gives docker arguments of its own: write them as properties"
    return made, ""


def stop_container(properties: Properties) -> Made:
    """As `stop-container` has them, but for the names of actions: here they are the ids that Octopus knows them by,
    and all where it names none. `with_names` puts names in."""
    named = properties.text(f"{_DOCKER}RemoveSteps", "whose containers and networks")
    made: dict[str, Any] = {"containers": [one.strip() for one in named.split(",") if one.strip()]}
    made |= {} if properties.text(f"{_DOCKER}Remove", "whether they go").lower() == "true" else {"remove": False}
    grace = properties.text(f"{_DOCKER}StopTimeout", "their time to end").strip()
    made |= {"stop_grace_s": int(grace)} if grace.isdigit() else {}
    properties.text(f"{_DOCKER}RemoveByEnvironment", "only this environment's are stopped in any case")
    properties.text(f"{_DOCKER}RemoveByTenant", "only this tenant's are stopped in any case")
    properties.text(f"{_DOCKER}RemoveAll", "what other projects left is never stopped")
    properties.leave(f"{_DOCKER}RemoveByRelease", "what an earlier release left is stopped too")
    properties.leave(f"{_DOCKER}RemoveCustomTags", "containers are told by the step that made them")
    return made, ""


def with_names(process: Process, ids: Mapping[str, str]) -> Process:
    """The process whose stop-container actions name actions and networks of it. `ids`: the names of its actions by the
    ids of Octopus."""
    return replace(process, steps=tuple(_named_in(step, process, ids) for step in process.steps))


def _named_in(step: ProcessStep, process: Process, ids: Mapping[str, str]) -> ProcessStep:
    kinds = {action.name: action for _, action in process.actions}
    return replace(step, actions=tuple(_stopping(one, kinds, ids) for one in step.actions))


def _stopping(action: Action, kinds: Mapping[str, Action], ids: Mapping[str, str]) -> Action:
    if action.kind != STOP_CONTAINER:
        return action
    held = action.properties.get("containers")
    asked = [str(one) for one in held] if isinstance(held, list) else []
    names = [ids.get(one.lower(), one) for one in asked] or list(kinds)
    rest = {key: value for key, value in action.properties.items() if key != "containers"}
    containers = [name for name in names if name not in kinds or kinds[name].kind == RUN_CONTAINER]
    networks = [str(kinds[name].properties["network"]) for name in names if _is_network(kinds.get(name))]
    if not (containers or networks):
        return replace(action, kind="script", properties=_nothing_to_stop())
    return replace(action, properties={**rest, **_given("containers", containers), **_given("networks", networks)})


def _is_network(action: Action | None) -> bool:
    return action is not None and action.kind == CREATE_NETWORK


def _nothing_to_stop() -> dict[str, Any]:
    why = "it stops what the process left, and there is nothing in it that runs containers"
    return {"script": f"echo 'This action was not imported: {why}.' >&2\nexit 1\n", "language": "bash"}


def ids_of(blocks: Iterable[tuple[Block, str]]) -> dict[str, str]:
    """What may name an action in Octopus's files (its label, slug and id), in lower case, with our name for it."""
    found: dict[str, str] = {}
    for block, name in blocks:
        attributes = (block.get("slug"), block.get("id"))
        told = (block.label, *(as_text(one.value) for one in attributes if one is not None), name.replace(" ", "-"))
        for one in told:
            if one:
                found.setdefault(one.lower(), name)
    return found


def network_name(text: str) -> str:
    """A name that a network may have here; with a variable in it as it is."""
    if "#{" in text:
        return text
    return _NOT_IN_NETWORKS.sub("-", text.lower()).strip("-_")[:LONGEST_NETWORK].strip("-_") or "network"


def words(text: str) -> list[str]:
    """A command as the words that a shell would make of it; tokens in ``#{…}`` stay whole. ValueError where a quotation
    mark lacks."""
    tokens: list[str] = []

    def kept(found: re.Match[str]) -> str:
        tokens.append(found[0])
        return f"\x00{len(tokens) - 1}\x00"

    try:
        split = shlex.split(_TOKEN.sub(kept, text))
    except ValueError:
        raise ValueError("its command lacks a quotation mark") from None
    return [re.sub("\x00([0-9]+)\x00", lambda found: tokens[int(found[1])], word) for word in split]


def _image(taking: Taking, properties: Properties) -> str:
    image = ""
    for block in taking.blocks("packages"):
        if block.label or image:
            taking.report.left(block, "a container is run of one image")
            continue
        taking.report.taken(block, "its image")
        inner = Taking(block, taking.report)
        image = inner.text("package_id", "its image: write its tag, whose digest the release keeps")
        inner.leave(block.get("feed"), _REGISTRY)
        inner.text("acquisition_location", "each host fetches it")
        Properties(inner).rest()
        inner.rest()
    image = properties.text(f"{_PACKAGE}PackageId", "its image: write its tag, whose digest the release keeps", image)
    properties.leave(f"{_PACKAGE}FeedId", _REGISTRY)
    properties.text(f"{_PACKAGE}DownloadOnTentacle", "each host fetches it")
    return image


def _network(properties: Properties) -> dict[str, Any]:
    kind = properties.text(f"{_DOCKER}NetworkType", "its network").lower()
    name = properties.text(f"{_DOCKER}NetworkName", "its network")
    alias = properties.text(f"{_DOCKER}NetworkAlias", "its host name there").strip()
    match kind:
        case "" | "bridge":
            return {}
        case "none" | "host":
            return {"network_mode": kind}
        case "network" if name.strip():
            return {"networks": [network_name(name)], **_given("aliases", [alias] if alias else [])}
        case "container":
            raise ValueError("it uses the network of another container: let both join a network")
        case _:
            raise ValueError(f"its network is of the type {kind}")


def _ports(mapping: Mapping[str, Any]) -> Iterator[str]:
    """Octopus maps the container's port to the host's."""
    for inside, outside in mapping.items():
        yield f"{outside}:{inside}" if str(outside).strip() else str(inside)


def _volumes(mapping: Mapping[str, Any]) -> Iterator[str]:
    for path, told in mapping.items():
        found = told if isinstance(told, Mapping) else {"host": told}
        source = str(found.get("host") or "").strip()
        flag = ":ro" if str(found.get("readOnly", "")).lower() == "true" else ""
        yield f"{source}:{path}{flag}" if source else f"{path}"


def _restart(properties: Properties) -> str:
    policy = properties.text(f"{_DOCKER}RestartPolicy", "whether it is started again", "no").lower() or "no"
    most = properties.text(f"{_DOCKER}RestartPolicyMax", "how often").strip()
    return f"{policy}:{most}" if policy == "on-failure" and most.isdigit() and most != "0" else policy


def _object(properties: Properties, name: str, said: str) -> dict[str, Any]:
    text = properties.text(f"{_DOCKER}{name}", said).strip()
    if not text:
        return {}
    try:
        found = json.loads(text)
    except ValueError:
        raise ValueError(f"what it says of {said} is no JSON") from None
    if not isinstance(found, dict):
        raise ValueError(f"what it says of {said} is no JSON object")
    return found


def _texts(found: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in found.items()}


def _given(name: str, held: Any) -> dict[str, Any]:
    return {name: held} if held else {}
