"""place.clear: what is left of a project in an environment goes, but its data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fairlead.domain.effect import Done, Outcome
from fairlead.domain.plan import Effect
from fairlead.ports.catalogue import Place
from fairlead.ports.container_engine import LABEL_KIND, Container, labels_of
from fairlead.ports.step import Tools
from fairlead.steps.blueprint import KIND_ACCESSORY, KIND_NETWORK
from fairlead.steps.effects.basis import Plain, all_of, read
from fairlead.steps.output import keep_output
from fairlead.steps.words import counted


@dataclass(frozen=True, slots=True)
class Cleared:
    """A place; its accessories and its network stay where `is_whole` is false. `grace_s` is for accessories."""

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


def _stays(labels: Mapping[str, str]) -> bool:
    return labels.get(LABEL_KIND) in (KIND_ACCESSORY, KIND_NETWORK)


async def _end(container: Container, grace_s: float, tools: Tools) -> None:
    await tools.container_engine.stop(container.name, grace_s=grace_s)
    await keep_output(container.name, tools)
    await tools.container_engine.remove(container.name)
