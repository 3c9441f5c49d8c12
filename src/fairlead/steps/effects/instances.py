"""instance.make, .start, .ready, .keep_up, .stop, .resume: the life of instances before the commit point."""

from __future__ import annotations

from dataclasses import dataclass

from fairlead.domain.effect import Done, Looked, NotYet, Outcome, SaidNo
from fairlead.domain.plan import Effect
from fairlead.domain.service import Role
from fairlead.ports.container_engine import LABEL_KEY, Container
from fairlead.ports.step import Tools
from fairlead.steps.blueprint import Blueprint, assemble
from fairlead.steps.effects.basis import Plain, all_of, read
from fairlead.steps.effects.started_anew import RUNS, start_anew
from fairlead.steps.keeping import keeps_s, note_kept
from fairlead.steps.readiness import Watched, still_ready, until_ready
from fairlead.steps.remains import keep_remains, note_gone
from fairlead.steps.resolved import StandingInstance

NOT_AGAIN = "no"
"""The restart policy of an instance that users are not sent to yet, or any more."""


class MakeInstance:
    """Makes the container of one instance while its slot's network is made; `instance.start` does the rest."""

    kind = "instance.make"

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        """Whether our container is there."""
        container = await _ours(read(Blueprint, effect), tools)
        return NotYet() if container is None else Done({"container": container.id}, was_already_so=True)

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Makes it, in the networks that are there already."""
        spec = await assemble(read(Blueprint, effect), tools)
        container = await tools.container_engine.ensure_container(spec)
        return Done({"container": container.id})

    async def undo(self, effect: Effect, tools: Tools) -> None:
        """Removes it, where it was never started and so never removed."""
        blueprint = read(Blueprint, effect)
        container = await _ours(blueprint, tools)
        if container is None or (container.state != "created" and await _is_kept(blueprint, tools)):
            return
        await tools.container_engine.remove(blueprint.name)


class StartInstance:
    """Makes one instance of the new release and starts it; its address was chosen before."""

    kind = "instance.start"

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        """Whether our container runs."""
        blueprint = read(Blueprint, effect)
        container = await _ours(blueprint, tools)
        if container is None or container.state != "running":
            return NotYet()
        return Done({"container": container.id}, was_already_so=True)

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Makes, connects and starts it."""
        blueprint = read(Blueprint, effect)
        await tools.container_engine.ensure_container(await assemble(blueprint, tools))
        container = await tools.container_engine.start(blueprint.name)
        return Done({"container": container.id})

    async def undo(self, effect: Effect, tools: Tools) -> None:
        """Stops it within its grace, keeps its output and how it ended, removes it; left standing where a person asked
        for that, unless it would eat production's queue."""
        blueprint = read(Blueprint, effect)
        container = await _ours(blueprint, tools)
        if container is None:
            if started := tools.outputs.get(effect.key):
                await note_gone(blueprint.name, blueprint.service.name, started.get("container"), tools)
            return
        if await _is_kept(blueprint, tools):
            await tools.container_engine.keep_up(blueprint.name, NOT_AGAIN)
            await keep_remains(container, tools)
            await note_kept("container", blueprint.name, tools)
            return
        await tools.container_engine.stop(blueprint.name, grace_s=blueprint.service.stop_grace_s)
        await keep_remains(container, tools)
        await tools.container_engine.remove(blueprint.name)
        tools.say(f"removed {blueprint.name}")


async def _ours(blueprint: Blueprint, tools: Tools) -> Container | None:
    """The container of that name, where it carries our key."""
    container = await tools.container_engine.container(blueprint.name)
    return container if container is not None and container.labels.get(LABEL_KEY) == blueprint.key else None


async def _is_kept(blueprint: Blueprint, tools: Tools) -> bool:
    """Whether somebody asked to keep what fails; never of what would eat production's queue."""
    return blueprint.service.role in (Role.ROUTED, Role.INTERNAL) and await keeps_s(tools) > 0


@dataclass(frozen=True, slots=True)
class Lasting:
    """Instances by container name, each with the key it is adopted by and the restart policy of its service."""

    instances: tuple[tuple[str, str, str], ...]


class KeepInstancesUp:
    """Lets the new instances come back after a death or a restart of the host, from just before users are sent to them.

    Until then they do not: after a loss of power only what users may be sent to comes up by itself.
    """

    kind = "instance.keep_up"

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        """Asking costs as much as doing."""
        return NotYet()

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Each has the restart policy of its service."""
        wanted = read(Lasting, effect).instances
        await all_of(tools.container_engine.keep_up(name, restart) for name, _, restart in wanted)
        return Done()

    async def undo(self, effect: Effect, tools: Tools) -> None:
        """They do not come back any more; gone is fine."""
        for name, key, _ in read(Lasting, effect).instances:
            container = await tools.container_engine.container(name)
            if container is not None and container.labels.get(LABEL_KEY) == key:
                await tools.container_engine.keep_up(name, NOT_AGAIN)


class InstanceReady(Plain):
    """Probes one instance every 50 ms, sooner while it refuses connections, until it answered healthily as often in a
    row as asked. Where only the switch comes next, it may come back after a restart of the host from its first healthy
    answer on."""

    kind = "instance.ready"

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Waits; says no with the container's last lines where it dies or is too late."""
        return await until_ready(read(Watched, effect), tools)


@dataclass(frozen=True, slots=True)
class Settled:
    """All instances of the new release, as they were waited for."""

    watched: tuple[Watched, ...]


class InstancesSteady(Plain):
    """Looks at every instance once more, right before the commit point: none ended, restarted or fell silent since."""

    kind = "instance.steady"

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Says no for the first that is not what it was: until here the old release can come back unharmed."""
        refused: dict[str, SaidNo] = {}

        async def look(watched: Watched) -> None:
            if said_no := await still_ready(watched, tools):
                refused[watched.probed.name] = said_no

        await all_of(look(one) for one in read(Settled, effect).watched)
        return refused[min(refused)] if refused else Done()


@dataclass(frozen=True, slots=True)
class Standees:
    """Containers that stand already."""

    instances: tuple[StandingInstance, ...]


class StopInstances:
    """Stops containers of the old release whose strategy demands it; none is removed before the commit point."""

    kind = "instance.stop"

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        """Whether none of them runs."""
        for instance in read(Standees, effect).instances:
            if await _runs(instance, tools):
                return NotYet()
        return Done(was_already_so=True)

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Stops them all at once, each within its grace."""
        await all_of(stop(instance, tools) for instance in read(Standees, effect).instances)
        return Done()

    async def undo(self, effect: Effect, tools: Tools) -> None:
        """Starts those again that ran before, each once."""
        again = {one.name: one.grace_s for one in read(Standees, effect).instances if one.is_running}
        await start_anew(again, effect, tools, remedy="deploy the release again")


class ResumeInstances:
    """Starts stopped containers of a release that stood by."""

    kind = "instance.resume"

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        """Whether all of them run."""
        for instance in read(Standees, effect).instances:
            if not await _runs(instance, tools):
                return NotYet()
        return Done(was_already_so=True)

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Starts them all at once."""
        await all_of(_start(instance, tools) for instance in read(Standees, effect).instances)
        return Done()

    async def undo(self, effect: Effect, tools: Tools) -> None:
        """Stops them again."""
        await all_of(stop(one, tools) for one in read(Standees, effect).instances if not one.is_running)


async def stop(instance: StandingInstance, tools: Tools) -> None:
    """The container does not run; gone is fine."""
    if await _runs(instance, tools):
        await tools.container_engine.stop(instance.name, grace_s=instance.grace_s)
        tools.say(f"stopped {instance.name}")


async def _start(instance: StandingInstance, tools: Tools) -> None:
    if not await _runs(instance, tools):
        await tools.container_engine.start(instance.name)
        tools.say(f"started {instance.name}")


async def _runs(instance: StandingInstance, tools: Tools) -> bool:
    container = await tools.container_engine.container(instance.name)
    return container is not None and container.state in RUNS
