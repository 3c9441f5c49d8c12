"""The action kind *run-container*: a container that is started and stays, on each target or beside the server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from fairlead.domain.errors import Invalid
from fairlead.domain.names import slug
from fairlead.domain.plan import Effect, Node
from fairlead.domain.process import ResolvedAction, RunLocation
from fairlead.domain.record import Json
from fairlead.domain.step_image import RUN_CONTAINER, is_by_digest
from fairlead.ports.catalogue import Place
from fairlead.ports.step import EffectKind
from fairlead.steps.bounds import MARGIN_S, PULL_TIMEOUT_S, START_TIMEOUT_S
from fairlead.steps.container_properties import DEFAULT_RESTART, Reading, settings_of
from fairlead.steps.effects.basis import arguments
from fairlead.steps.effects.container_actions import ActionAbout
from fairlead.steps.effects.step_containers import (
    BY_DIGEST,
    Replaced,
    RetireStepContainers,
    RunStepContainer,
    StepContainer,
    StepIdentity,
)
from fairlead.steps.script import host_of

ATTEMPTS = 3
DEFAULT_GRACE_S, LONGEST_GRACE_S = 10.0, 3600.0
DEFAULT_STAYS_S, LONGEST_STAYS_S = 1.0, 600.0
MOST = 100
LONGEST_ALIAS = 63
"""A host name's part (RFC 1035, 2.3.4)."""

_TEXT: Json = {"type": "string", "maxLength": 4000}
_NAME: Json = {"type": "string", "minLength": 1, "maxLength": 500}


def _texts(description: str, one: Json = _TEXT) -> Json:
    return {"type": "array", "items": one, "maxItems": MOST, "description": description}


_SCHEMA: Mapping[str, Json] = {
    "type": "object",
    "description": "runs a container that stays when the step is done; the one that the same step made before in the "
    "same environment is replaced. Output: Docker.Inspect, what the engine tells of it, as JSON",
    "additionalProperties": False,
    "required": ["image"],
    "properties": {
        "image": {
            "type": "string",
            "minLength": 1,
            "maxLength": 500,
            "description": "by name and tag: the release keeps the digest that the tag names when it is made; or by "
            "digest, also out of a variable, as #{Octopus.Action[Build].Output.Image}",
        },
        "command": _texts("by default the image's own; never a secret"),
        "entrypoint": _texts("by default the image's own; never a secret"),
        "environment": {
            "type": "object",
            "additionalProperties": _TEXT,
            "maxProperties": 200,
            "description": "variables of its environment, each said outright; secrets may be put in by #{…}",
        },
        "networks": _texts(
            "those that it joins: environment (where accessories live under their names), or what a create-network "
            "step calls them; by default the engine's own bridge",
            _NAME,
        ),
        "aliases": _texts("its host names in these networks; by default the action's name, in lower case", _NAME),
        "network_mode": {
            "type": "string",
            "description": "instead of networks: bridge, none, or host, which policy has to allow",
        },
        "ports": _texts(
            "ports of the host that lead to it, as in Compose ([IP:][HOST:]CONTAINER[/udp]); policy has to allow them",
            {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "object"}]},
        ),
        "volumes": _texts(
            "as in Compose: NAME:/path for a volume of the project and environment, which stays when the container "
            "goes; /host:/path, which policy has to allow",
            {"anyOf": [{"type": "string"}, {"type": "object"}]},
        ),
        "restart": {
            "type": "string",
            "default": DEFAULT_RESTART,
            "description": "no, always, unless-stopped, on-failure or on-failure:3",
        },
        "extra_hosts": {
            "type": "object",
            "additionalProperties": {"type": "string", "maxLength": 100},
            "maxProperties": MOST,
            "description": "host names that it knows beside those of its networks, each with its address",
        },
        "user": {"type": "string", "maxLength": 200, "description": "by default the image's own"},
        "stop_grace_s": {
            "type": "number",
            "minimum": 0,
            "maximum": LONGEST_GRACE_S,
            "default": DEFAULT_GRACE_S,
            "description": "seconds that it gets to end by itself where it is stopped",
        },
        "stays_s": {
            "type": "number",
            "minimum": 0,
            "maximum": LONGEST_STAYS_S,
            "default": DEFAULT_STAYS_S,
            "description": "seconds that it is watched after its start: the step fails where it ends meanwhile",
        },
    },
}


class RunContainer:
    """Octopus's *run a Docker container*. It is started and left; in a runbook, too. Where the deployment, or run, does
    not come to a good end, what it replaced runs again; where it does, that is removed."""

    name = RUN_CONTAINER
    schema: Mapping[str, Json] = _SCHEMA
    effects: Mapping[str, EffectKind] = {
        RunStepContainer.kind: RunStepContainer(),
        RetireStepContainers.kind: RetireStepContainers(),
    }

    def plan(self, resolved: ResolvedAction) -> Node:
        """One effect."""
        wanted = _wanted(resolved)
        return Effect(
            RunStepContainer.kind,
            _key(resolved),
            f"{resolved.action.name}: run {wanted.image}{where_told(resolved)}",
            arguments(wanted),
            timeout_s=(resolved.action.timeout_s or PULL_TIMEOUT_S)
            + START_TIMEOUT_S
            + 2 * wanted.grace_s
            + wanted.stays_s
            + MARGIN_S,
            attempts=ATTEMPTS,
            target=resolved.place,
        )


def retiring(resolved: ResolvedAction) -> Effect:
    """What is done in the end for an action of the kind: containers that were replaced are removed."""
    wanted = _wanted(resolved)
    return Effect(
        RetireStepContainers.kind,
        f"{resolved.key}/retire",
        f"{resolved.action.name}: remove what it replaced" + where_told(resolved),
        arguments(Replaced(wanted.identity, wanted.host, _key(resolved), wanted.grace_s)),
        timeout_s=wanted.grace_s + START_TIMEOUT_S + MARGIN_S,
        attempts=ATTEMPTS,
        is_undone=False,
        target=resolved.place,
    )


def where_told(resolved: ResolvedAction) -> str:
    """In a title: on which target; "" beside the server."""
    return f" on {resolved.target.name}" if resolved.target else ""


def _key(resolved: ResolvedAction) -> str:
    return f"{resolved.key}/container"


def _wanted(resolved: ResolvedAction) -> StepContainer:
    action, properties = resolved.action, resolved.action.properties
    settings = settings_of(resolved)
    if not resolved.image:
        _require_digest(resolved)
    return StepContainer(
        about=ActionAbout(action.name, _target(resolved), resolved.variables, resolved.logins),
        identity=identity_of(resolved),
        host=host_of(resolved),
        image=resolved.image or str(properties.get("image") or ""),
        command=_words(properties.get("command")),
        entrypoint=_words(properties.get("entrypoint")),
        environment={
            name: str(value) for name, value in cast("dict[str, Any]", properties.get("environment") or {}).items()
        },
        networks=settings.networks,
        network_mode=settings.network_mode,
        aliases=settings.aliases or (_own_alias(action.name) if settings.networks else ()),
        mounts=settings.mounts,
        ports=settings.ports,
        restart=settings.restart,
        extra_hosts={
            name: str(value) for name, value in cast("dict[str, Any]", properties.get("extra_hosts") or {}).items()
        },
        user=str(properties.get("user") or ""),
        grace_s=_number(properties.get("stop_grace_s"), DEFAULT_GRACE_S),
        stays_s=_number(properties.get("stays_s"), DEFAULT_STAYS_S),
    )


def _require_digest(resolved: ResolvedAction) -> None:
    """Invalid where variables that are known by now make an image of it that is not by digest: which one that is was
    for the release to keep, and cannot be known any more."""
    reading = Reading(resolved)
    try:
        found = reading.text("image")
    except Invalid as error:
        if error.code == "variable.unknown":
            return  # what an earlier step gives is known once that is over
        raise
    if not is_by_digest(found):
        action = resolved.action.name
        raise Invalid(
            "image.not_by_digest",
            f"{action} is to run {found[:200]!r}, which a variable names, and not by its digest",
            thing=action,
            hint=BY_DIGEST,
        )


def identity_of(resolved: ResolvedAction) -> StepIdentity:
    """Which step it is, and where: what the next run of it finds the container by. `Invalid` `process.place` where
    nothing can stay."""
    of = resolved.owner
    if resolved.action.runs_on not in (RunLocation.TARGETS, RunLocation.SERVER):
        name = resolved.action.name
        raise Invalid(
            "process.place",
            f"{name} leaves a container behind, and runs on a worker",
            thing=name,
            hint="let it run on targets, or at the server",
        )
    place = Place(of.project, of.environment, of.tenant or None)
    return StepIdentity(place, resolved.action.name, of.runbook, _target(resolved))


def _own_alias(name: str) -> tuple[str, ...]:
    """The action's name as a host name; none where nothing of it can stand in one."""
    alias = slug(name)[:LONGEST_ALIAS].strip("-")
    return (alias,) if alias else ()


def _target(resolved: ResolvedAction) -> str:
    return resolved.target.name if resolved.target else ""


def _words(held: Json) -> tuple[str, ...]:
    return tuple(str(one) for one in held) if isinstance(held, list) else ()


def _number(held: Json, default: float) -> float:
    return float(held) if isinstance(held, int | float) else default
