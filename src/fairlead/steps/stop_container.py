"""The action kind *stop-container*: containers and networks that steps left are stopped, and removed in the end."""

from __future__ import annotations

from collections.abc import Mapping

from fairlead.domain.names import SERVICE
from fairlead.domain.plan import Effect, Node
from fairlead.domain.process import ResolvedAction
from fairlead.domain.record import Json
from fairlead.domain.step_image import STOP_CONTAINER
from fairlead.ports.step import EffectKind
from fairlead.steps.bounds import MARGIN_S, START_TIMEOUT_S
from fairlead.steps.container_properties import Reading
from fairlead.steps.effects.basis import arguments
from fairlead.steps.effects.stopped import ClearStopped, StopStepContainers, ToClear, ToStop
from fairlead.steps.run_container import LONGEST_GRACE_S, identity_of, where_told
from fairlead.steps.script import host_of

ATTEMPTS = 3
MOST = 100


class StopContainer:
    """Octopus's *stop a Docker resource*: of this project, environment and tenant, here or on the target, and nothing
    of others. What is stopped is removed once the deployment, or run, has ended well; until then it can come back."""

    name = STOP_CONTAINER
    schema: Mapping[str, Json] = {
        "type": "object",
        "description": "stops what steps left running, and removes it once all went well. Output: Docker.Inspect, an "
        "array of what the engine tells of it, as JSON",
        "additionalProperties": False,
        "anyOf": [{"required": ["containers"]}, {"required": ["networks"]}],
        "properties": {
            "containers": {
                "type": "array",
                "items": {"type": "string", "minLength": 1, "maxLength": 100},
                "minItems": 1,
                "maxItems": MOST,
                "description": "the names of run-container actions, of this process, of an earlier one or of a runbook",
            },
            "networks": {
                "type": "array",
                "items": {"type": "string", "minLength": 1, "maxLength": 40},
                "minItems": 1,
                "maxItems": MOST,
                "description": "what create-network steps call them; one that containers run in stays",
            },
            "remove": {
                "type": "boolean",
                "default": True,
                "description": "false: containers are only stopped, and networks stay",
            },
            "stop_grace_s": {
                "type": "number",
                "minimum": 0,
                "maximum": LONGEST_GRACE_S,
                "description": "seconds that each gets to end by itself; by default what it was run with",
            },
        },
    }
    effects: Mapping[str, EffectKind] = {
        StopStepContainers.kind: StopStepContainers(),
        ClearStopped.kind: ClearStopped(),
    }

    def plan(self, resolved: ResolvedAction) -> Node:
        """One effect."""
        wanted = _wanted(resolved)
        what = ", ".join((*wanted.containers, *(f"network {name}" for name in wanted.networks)))
        return Effect(
            StopStepContainers.kind,
            _key(resolved),
            f"{resolved.action.name}: stop {what}{where_told(resolved)}",
            arguments(wanted),
            timeout_s=(resolved.action.timeout_s or START_TIMEOUT_S) + max(wanted.grace_s, LONGEST_GRACE_S) + MARGIN_S,
            attempts=ATTEMPTS,
            target=resolved.place,
        )


def clearing(resolved: ResolvedAction) -> Effect | None:
    """What is done in the end for an action of the kind; None where it only stops."""
    wanted = _wanted(resolved)
    if not wanted.removes:
        return None
    return Effect(
        ClearStopped.kind,
        f"{resolved.key}/clear",
        f"{resolved.action.name}: remove what it stopped" + where_told(resolved),
        arguments(ToClear(wanted, _key(resolved))),
        timeout_s=START_TIMEOUT_S + MARGIN_S,
        attempts=ATTEMPTS,
        is_undone=False,
        target=resolved.place,
    )


def _key(resolved: ResolvedAction) -> str:
    return f"{resolved.key}/stop"


def _wanted(resolved: ResolvedAction) -> ToStop:
    reading = Reading(resolved)
    grace_s, removes = (resolved.action.properties.get(name) for name in ("stop_grace_s", "remove"))
    for name in (networks := reading.texts("networks")):
        if not SERVICE.fullmatch(name):
            raise reading.wrong("networks", repr(name), "what a create-network step calls it")
    return ToStop(
        identity=identity_of(resolved),
        host=host_of(resolved),
        containers=reading.texts("containers"),
        networks=networks,
        grace_s=float(grace_s) if isinstance(grace_s, int | float) else -1.0,
        removes=removes is not False,
    )
