"""deployment.commit and what follows it: slot.stop, slot.retire, slot.stand_by, slot.tidy."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from fairlead.domain.colour import Colour
from fairlead.domain.effect import Done, Looked, NotYet, Outcome, SaidNo
from fairlead.domain.errors import Failed
from fairlead.domain.ids import DeploymentId
from fairlead.domain.plan import Effect
from fairlead.domain.slot import Slot, SlotState
from fairlead.ports.catalogue import Place
from fairlead.ports.container_engine import (
    LABEL_DEPLOYMENT,
    LABEL_KIND,
    labels_of,
)
from fairlead.ports.step import Tools
from fairlead.steps.blueprint import KIND_ACCESSORY, KIND_INSTANCE, KIND_SLOT_NETWORK
from fairlead.steps.effects.basis import Plain, all_of, read, side_by_side
from fairlead.steps.effects.instances import stop
from fairlead.steps.output import keep_output
from fairlead.steps.resolved import StandingInstance


@dataclass(frozen=True, slots=True)
class Committed:
    """Which deployment makes which slot live, and the routes that point at it."""

    deployment: DeploymentId
    place: Place
    live: Colour
    routes: tuple[str, ...] = ()


class Commit:
    """The commit point (law 2): the new live slot is recorded, in one transaction. Never undone."""

    kind = "deployment.commit"

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        """Whether our own row says that it happened."""
        committed = read(Committed, effect)
        done = await tools.records.is_committed(committed.deployment)
        return Done(was_already_so=True) if done else NotYet()

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Records it. Says no where a route does not point at the new slot any more: somebody has switched back."""
        committed = read(Committed, effect)
        for route in committed.routes:
            live = await tools.proxy.live(route)
            if live is not committed.live:
                said = (
                    f"route {route} points at {live.value if live else 'nothing'} by now, not at {committed.live.value}"
                )
                return SaidNo(
                    "proxy.verify", said, hint="somebody pointed it elsewhere; deploy again when that is settled"
                )
        await tools.records.commit(committed.deployment, committed.place, committed.live)
        tools.say(f"committed: {committed.live.value} is live")
        return Done()

    async def undo(self, effect: Effect, tools: Tools) -> None:
        """From here on everything is carried forward."""


@dataclass(frozen=True, slots=True)
class ProcessCommitted:
    """Which deployment is done where no services are switched."""

    deployment: DeploymentId
    place: Place


class CommitProcess:
    """The commit point of a deployment that switches no services: its process came to its end. Never undone."""

    kind = "deployment.commit_process"

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        """Whether our own row says that it happened."""
        done = await tools.records.is_committed(read(ProcessCommitted, effect).deployment)
        return Done(was_already_so=True) if done else NotYet()

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Records it."""
        committed = read(ProcessCommitted, effect)
        await tools.records.commit(committed.deployment, committed.place, None)
        tools.say("committed")
        return Done()

    async def undo(self, effect: Effect, tools: Tools) -> None:
        """From here on everything is carried forward."""


class KeepFinished(Plain):
    """Gives what an action gave in an earlier deployment, which is not run again."""

    kind = "process.kept"

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Nothing is done."""
        output = effect.arguments.get("output")
        return Done(output if isinstance(output, dict) else {})


@dataclass(frozen=True, slots=True)
class Stopped:
    """Groups of containers, stopped one group after the other: routed ones first, then what they call."""

    groups: tuple[tuple[StandingInstance, ...], ...]


class StopSlot(Plain):
    """Stops what stood in the old slot, callers before what they call, so that no internal call is lost."""

    kind = "slot.stop"

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Stops one group after the other, each container within its grace."""
        for group in read(Stopped, effect).groups:
            await all_of(stop(instance, tools) for instance in group)
        return Done()


@dataclass(frozen=True, slots=True)
class Retired:
    """A slot to be emptied: what stands in it, and the routes whose colour is emptied with it."""

    place: Place
    slot: Slot
    routes: tuple[str, ...]
    instances: tuple[str, ...]


class RetireSlot(Plain):
    """Empties a slot: proxy servers, registrations, containers, network, record. The last ten thousand lines of each
    instance are kept with the task. Asked again, it goes on."""

    kind = "slot.retire"

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Removes all that the slot's deployment made, but accessories and volumes."""
        retired = read(Retired, effect)
        async with side_by_side() as group:
            if retired.slot.deployment:  # begun first: it takes longest
                labels = deployment_labels(retired.place, retired.slot.deployment)
                group.create_task(_remove_all(labels, retired, tools))
            group.create_task(clear_routes(retired.routes, retired.slot.colour, tools))
            group.create_task(_deregister(retired, tools))
        await tools.records.set_slot(retired.place, Slot(retired.slot.colour))
        tools.say(f"retired {retired.slot.version or 'what stood'} in {retired.slot.colour.value}")
        return Done()


async def _deregister(retired: Retired, tools: Tools) -> None:
    """Nothing of the colour is found any more, nor what somebody removed at the engine: it would be taken for an
    instance of what stands there next."""
    held = await tools.catalogue.find(retired.place, colour=retired.slot.colour)
    await tools.catalogue.deregister(retired.place, [one.instance for one in held])


async def _remove_all(labels: dict[str, str], retired: Retired, tools: Tools) -> None:
    """Containers and the slot's network, side by side: the slot was stopped, and what does not run holds no network.
    What is left of networks goes behind the containers."""
    async with side_by_side() as group:
        group.create_task(_remove_at_once(retired.slot.network, tools))
        group.create_task(_remove_containers(labels, retired.instances, tools))
    left = await tools.container_engine.networks({**labels, LABEL_KIND: KIND_SLOT_NETWORK})
    await all_of(tools.container_engine.remove_network(network.name) for network in left)


async def _remove_at_once(network: str, tools: Tools) -> None:
    """It takes the engine longer than anything else here. Where something runs in it all the same, it is left for
    now."""
    if network:
        with suppress(Failed):
            await tools.container_engine.remove_network(network)


async def _remove_containers(labels: dict[str, str], instances: tuple[str, ...], tools: Tools) -> None:
    """The output of `instances` is kept before they go."""

    async def remove(name: str) -> None:
        if name in instances:
            await keep_output(name, tools)
        await tools.container_engine.remove(name)

    found = await tools.container_engine.containers(labels)
    await all_of(remove(one.name) for one in found if one.labels.get(LABEL_KIND) != KIND_ACCESSORY)


async def clear_routes(routes: tuple[str, ...], colour: Colour, tools: Tools) -> None:
    """The colour has no servers in any of the routes; a route that is gone is fine."""
    for route in routes:
        if await tools.proxy.read_back(route) is not None:
            await tools.proxy.clear(route, colour)


def deployment_labels(place: Place, deployment: str) -> dict[str, str]:
    """What everything carries that a deployment made."""
    return {**labels_of(place), LABEL_DEPLOYMENT: deployment}


@dataclass(frozen=True, slots=True)
class StoodBy:
    """A slot to be kept warm for so long from now on."""

    place: Place
    colour: Colour
    seconds: float
    routes: tuple[str, ...]


class StandBy(Plain):
    """Keeps the old release warm in its slot: its routed services run, its workers are stopped."""

    kind = "slot.stand_by"

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        """Whether it is recorded so."""
        wanted = read(StoodBy, effect)
        slots = await tools.records.slots(wanted.place)
        is_so = slots[wanted.colour].state is SlotState.STANDBY
        return Done(was_already_so=True) if is_so else NotYet()

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Empties its servers at the proxy and records until when it stands by."""
        wanted = read(StoodBy, effect)
        await clear_routes(wanted.routes, wanted.colour, tools)
        until = tools.clock.now() + timedelta(seconds=wanted.seconds)
        await tools.records.stand_by(wanted.place, wanted.colour, until)
        tools.say(f"{wanted.colour.value} stands by until {until:%Y-%m-%d %H:%M:%S} UTC")
        return Done({"until": until.isoformat()})


@dataclass(frozen=True, slots=True)
class Tidied:
    """The deployment whose ended containers go, and containers that were replaced."""

    place: Place
    deployment: str
    replaced: tuple[str, ...] = ()


class Tidy(Plain):
    """Removes what a deployment made only for its own sake: migration, one-shots, tests; and replaced accessories."""

    kind = "slot.tidy"

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Removes them; their output is in the log."""
        wanted = read(Tidied, effect)
        labels = deployment_labels(wanted.place, wanted.deployment)
        lasting = (KIND_INSTANCE, KIND_ACCESSORY)
        for container in await tools.container_engine.containers(labels):
            if container.labels.get(LABEL_KIND) not in lasting:
                await tools.container_engine.remove(container.name)
        for name in wanted.replaced:
            await keep_output(name, tools)
            await tools.container_engine.remove(name)
        return Done()
