"""run.tidy: after a run nothing of it is left on the machine, whatever happened; images and caches stay."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fairlead.domain.effect import Done, Outcome
from fairlead.domain.plan import Effect
from fairlead.domain.record import Json
from fairlead.ports.container_engine import ContainerEngine
from fairlead.ports.step import Tools
from fairlead.steps import workspace
from fairlead.steps.effects.basis import Plain, read
from fairlead.steps.effects.bench import clear

FACT = "tidied"


@dataclass(frozen=True, slots=True)
class Tidied:
    """What everything of the run carries, its directory, and its throw-away tags (below the registry's address)."""

    labels: Mapping[str, str]
    workspace: str
    tags: tuple[str, ...] = ()


class TidyRun(Plain):
    """Removes containers, networks, volumes, throw-away tags and the workspace, then looks: what is left is a fact."""

    kind = "run.tidy"

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Removes all of it; the fact ``tidied`` says what was removed and what is left (nothing)."""
        wanted = read(Tidied, effect)
        removed = await clear(wanted.labels, tools)
        for tag in wanted.tags:
            await tools.container_engine.remove_image(f"{tools.registry.address}/{tag}")
        await workspace.remove(wanted.workspace)
        left = await left_of(wanted.labels, wanted.workspace, tools.container_engine)
        for thing in left:
            tools.say(f"{thing} is left of this run", level="warning")
        facts: dict[str, Json] = {"removed": removed, "left": list(left)}
        await tools.records.note(tools.task, FACT, facts)
        return Done(facts)


async def left_of(labels: Mapping[str, str], place: str, engine: ContainerEngine) -> tuple[str, ...]:
    """What of a run is on this machine, in words; () before it began and after it was tidied."""
    found = [f"container {container.name}" for container in await engine.containers(labels)]
    found += [f"network {network.name}" for network in await engine.networks(labels)]
    found += [f"volume {volume.name}" for volume in await engine.volumes(labels)]
    if await asyncio.to_thread(Path(place).exists):
        found.append("its workspace")
    return tuple(found)
