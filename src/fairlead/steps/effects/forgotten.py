"""releases.forget: releases that retention lets go leave the books, with their deployments, tasks, logs and files."""

from __future__ import annotations

from dataclasses import dataclass

from fairlead.domain.effect import Done, Outcome
from fairlead.domain.ids import ReleaseId
from fairlead.domain.plan import Effect
from fairlead.domain.record import Json
from fairlead.ports.step import Tools
from fairlead.steps.effects.basis import Plain, read

FACT = "releases"


@dataclass(frozen=True, slots=True)
class Leaving:
    """A release that goes, with the words that say why."""

    release: str
    words: str


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What goes, the oldest last."""

    leaving: tuple[Leaving, ...]


class ForgetReleases(Plain):
    """Takes releases out of the books; what became needed since the plan was made stays. Asked again, it goes on."""

    kind = "releases.forget"

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Forgets; the report is the output and the fact ``releases``."""
        wanted = read(Forgotten, effect)
        gone = await tools.records.forget_releases([ReleaseId(one.release) for one in wanted.leaving])
        for one in wanted.leaving:
            tools.say(f"{'deleted' if one.release in gone else 'kept, needed by now:'} {one.words}")
        report: dict[str, Json] = {"deleted": [one.words for one in wanted.leaving if one.release in gone]}
        await tools.records.note(tools.task, FACT, report)
        return Done({"releases": len(gone)})
