"""step-container.stop and .clear: what steps left running is stopped, and removed once all went well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fairlead.domain.effect import Done, Looked, NotYet, Outcome
from fairlead.domain.errors import Failed
from fairlead.domain.naming import PlaceNames
from fairlead.domain.output_variables import effect_output
from fairlead.domain.plan import Effect
from fairlead.domain.record import Json
from fairlead.ports.container_engine import (
    LABEL_KIND,
    LABEL_STEP,
    LABEL_TARGET,
    Container,
    Network,
    labels_of,
)
from fairlead.ports.step import Tools
from fairlead.steps.blueprint import KIND_STEP_CONTAINER, KIND_STEP_NETWORK
from fairlead.steps.effects.basis import Plain, all_of, read, what_was_noted
from fairlead.steps.effects.on_host import at_host, still_at_host
from fairlead.steps.effects.started_anew import RUNS, grace_of, start_anew
from fairlead.steps.effects.step_containers import NOBODY, RUN_AGAIN, StepIdentity, end_container, went_well
from fairlead.steps.inspected import as_list


@dataclass(frozen=True, slots=True)
class ToStop:
    """What is stopped at a place, on a target: containers by the actions that left them, networks by what steps call
    them. `grace_s` below zero: each gets what it was run with. `removes`: all of it goes once all went well."""

    identity: StepIdentity
    host: str
    containers: tuple[str, ...]
    networks: tuple[str, ...]
    grace_s: float = -1.0
    removes: bool = True


class StopStepContainers:
    """Stops containers that steps left, whichever task and runbook; none is removed yet. Undone, those that ran run
    again. Output: the variable ``Docker.Inspect``, an array of what the engine tells of each container and network."""

    kind = "step-container.stop"

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        """Asking costs as much as doing."""
        return NotYet()

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """What is found first is noted, to be started again, or removed in the end; none is fine."""
        wanted = read(ToStop, effect)
        tools = await at_host(wanted.host, tools)
        noted = await tools.records.fact(tools.task, _found(effect))
        if not isinstance(noted, dict):
            containers, networks = await _containers(wanted, tools), await _networks(wanted, tools)
            noted = {
                "containers": {one.name: one.state in RUNS for one in containers},
                "networks": [one.name for one in networks],
            }
            await tools.records.note(tools.task, _found(effect), noted)
        named, networks_named = _names(noted)
        await all_of(_stop(name, wanted, tools) for name in named)
        if not named and wanted.containers:
            tools.say(f"nothing stands there of {', '.join(wanted.containers)}")
        told = [await tools.container_engine.inspected(name) for name in named]
        told += [await tools.container_engine.inspected_network(name) for name in networks_named]
        shown = await as_list([one for one in told if one is not None], tools)
        return Done(effect_output(wanted.identity.action, wanted.identity.target, {"Docker.Inspect": shown}))

    async def undo(self, effect: Effect, tools: Tools) -> None:
        """Those that ran before run again. A host that is no target any more is not asked."""
        wanted = read(ToStop, effect)
        noted = await what_was_noted(_found(effect), tools)
        ran = noted.get("containers") if noted is not None else None
        if not isinstance(ran, dict):
            return
        there = await still_at_host(wanted.host, wanted.identity.target, tools)
        if there is None:
            return
        tools = there
        again = {name: wanted.grace_s for name, was_running in ran.items() if was_running}
        await start_anew(again, effect, tools, remedy=RUN_AGAIN)
        await tools.records.note(tools.task, _found(effect), None)


@dataclass(frozen=True, slots=True)
class ToClear:
    """What the effect `stopped` found goes."""

    stop: ToStop
    stopped: str


class ClearStopped(Plain):
    """Once the deployment, or run, went well: what was stopped is removed, output kept; then networks that nothing
    runs in. Output: ``removed``, their names."""

    kind = "step-container.clear"

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Removes them; where the step was not run, or all was taken back, nothing."""
        wanted = read(ToClear, effect)
        noted = await tools.records.fact(tools.task, f"stopped:{wanted.stopped}")
        if not went_well(tools) or wanted.stopped not in tools.outputs or not isinstance(noted, dict):
            return Done({"removed": []})
        tools = await at_host(wanted.stop.host, tools)
        named, networks = _names(noted)
        ours = {one.name: one for one in await _containers(wanted.stop, tools)}
        leaving = [ours[name] for name in named if name in ours and ours[name].state not in RUNS]
        await all_of(end_container(one, 0.0, tools) for one in leaving)
        gone = [one.name for one in await _networks(wanted.stop, tools) if one.name in networks]
        for name in gone:
            await _remove_network(name, tools)
        return Done({"removed": list[Json]([*(one.name for one in leaving), *gone])})


async def _remove_network(name: str, tools: Tools) -> None:
    try:
        await tools.container_engine.remove_network(name)
        tools.say(f"removed network {name}")
    except Failed as error:
        tools.say(f"network {name} stays: {error.message}", level="warning")


async def _stop(name: str, wanted: ToStop, tools: Tools) -> None:
    container = await tools.container_engine.container(name)
    if container is None or container.state not in RUNS:
        return
    await tools.container_engine.stop(name, grace_s=grace_of(container, wanted.grace_s))
    tools.say(f"stopped {name}")


async def _containers(wanted: ToStop, tools: Tools) -> Sequence[Container]:
    identity = wanted.identity
    labels = {
        **labels_of(identity.place),
        LABEL_KIND: KIND_STEP_CONTAINER,
        LABEL_TARGET: identity.target or NOBODY,
    }
    names = {name.lower() for name in wanted.containers}
    found = await tools.container_engine.containers(labels)
    return [one for one in found if one.labels.get(LABEL_STEP, "").lower() in names]


async def _networks(wanted: ToStop, tools: Tools) -> Sequence[Network]:
    place = wanted.identity.place
    names = PlaceNames(place.project, place.environment, place.tenant)
    called = {names.step_network(name) for name in wanted.networks}
    found = await tools.container_engine.networks({**labels_of(place), LABEL_KIND: KIND_STEP_NETWORK})
    return [one for one in found if one.name in called]


def _names(noted: dict[str, Json]) -> tuple[list[str], list[str]]:
    containers, networks = noted.get("containers"), noted.get("networks")
    return (
        list(containers) if isinstance(containers, dict) else [],
        [str(one) for one in networks] if isinstance(networks, list) else [],
    )


def _found(effect: Effect) -> str:
    return f"stopped:{effect.key}"
