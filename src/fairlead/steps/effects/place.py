"""place.clear: what is left of a project in an environment goes, but its data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from fairlead.domain.effect import Done, Outcome
from fairlead.domain.errors import Unreachable
from fairlead.domain.plan import Effect
from fairlead.ports.catalogue import Place
from fairlead.ports.container_engine import LABEL_KIND, Container, labels_of
from fairlead.ports.step import Tools
from fairlead.steps.blueprint import KIND_ACCESSORY, KIND_NETWORK, KIND_STEP_CONTAINER, KIND_STEP_NETWORK
from fairlead.steps.effects.basis import Plain, all_of, read
from fairlead.steps.output import keep_output
from fairlead.steps.words import counted

GRACE_S = 10.0
"""What steps left running on targets gets to end by itself."""


@dataclass(frozen=True, slots=True)
class Cleared:
    """A place; its accessories, its network and what steps left running stay where `is_whole` is false. `grace_s` is
    for accessories."""

    place: Place
    is_whole: bool
    grace_s: float


class ClearPlace(Plain):
    """Removes the containers and networks of a place that are still there. Never undone; volumes stay: data is the
    project's."""

    kind = "place.clear"

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Removes them, accessories after their output was kept; asked again, it goes on."""
        wanted = read(Cleared, effect)
        ours = labels_of(wanted.place)
        engine = tools.container_engine
        goes = [one for one in await engine.containers(ours) if wanted.is_whole or not _stays(one.labels)]
        await all_of(_end(one, wanted.grace_s, tools) for one in goes)
        networks = [one for one in await engine.networks(ours) if wanted.is_whole or not _stays(one.labels)]
        for network in networks:
            await engine.remove_network(network.name)
        await tools.catalogue.deregister(
            wanted.place, [entry.instance for entry in await tools.catalogue.find(wanted.place)]
        )
        tools.say(f"removed {counted(len(goes), 'container')} and {counted(len(networks), 'network')}; volumes stay")
        return Done()


@dataclass(frozen=True, slots=True)
class ClearedTarget:
    """A place, and a target (id and name) on which steps may have left something of it running."""

    place: Place
    target: str
    name: str


class ClearTarget(Plain):
    """Removes what steps left running of a place on a target. Never undone; volumes stay."""

    kind = "place.clear_target"

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Removes containers, then networks. A host that answers and has no engine that does has nothing of it."""
        wanted = read(ClearedTarget, effect)
        there = replace(tools, container_engine=await tools.hosts.engine_of(wanted.target))
        ours = labels_of(wanted.place)
        try:
            containers = await there.container_engine.containers(ours)
        except Unreachable:
            await tools.hosts.look(wanted.target)
            tools.say(f"no container engine answers on {wanted.name}: nothing is looked for there", level="warning")
            return Done({"removed": []})
        await all_of(_end(one, GRACE_S, there) for one in containers)
        networks = await there.container_engine.networks(ours)
        for network in networks:
            await there.container_engine.remove_network(network.name)
        if containers or networks:
            tools.say(f"removed {counted(len(containers), 'container')} and {counted(len(networks), 'network')} there")
        return Done({"removed": [one.name for one in containers]})


def _stays(labels: Mapping[str, str]) -> bool:
    return labels.get(LABEL_KIND) in (KIND_ACCESSORY, KIND_NETWORK, KIND_STEP_CONTAINER, KIND_STEP_NETWORK)


async def _end(container: Container, grace_s: float, tools: Tools) -> None:
    await tools.container_engine.stop(container.name, grace_s=grace_s)
    await keep_output(container.name, tools)
    await tools.container_engine.remove(container.name)
