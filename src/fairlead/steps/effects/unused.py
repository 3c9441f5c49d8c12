"""unused.forget: packages, build information and snapshots of processes that nothing names leave the books."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from fairlead.domain.effect import Done, Outcome
from fairlead.domain.plan import Effect
from fairlead.domain.record import Json
from fairlead.ports.step import Tools
from fairlead.steps.effects.basis import Plain, read

FACT = "unused"
SNAPSHOTS_AFTER = timedelta(days=1)
"""How long a snapshot that nothing names is left alone: a release that is being made may be about to name it."""


@dataclass(frozen=True, slots=True)
class Unneeded:
    """A package or a piece of build information that goes, with the words that say why; `blob` of a package's bytes."""

    id: str
    words: str
    blob: str = ""


@dataclass(frozen=True, slots=True)
class Unused:
    """What goes."""

    going: tuple[Unneeded, ...]


class ForgetUnused(Plain):
    """Takes them out of the books, and packages' bytes from the disk; what became needed since the plan was made stays.
    Asked again, it goes on."""

    kind = "unused.forget"

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Forgets; the report is the fact ``unused``."""
        wanted = read(Unused, effect)
        gone = await tools.records.forget_unused([one.id for one in wanted.going])
        for one in wanted.going:
            tools.say(f"{'deleted' if one.id in gone else 'kept, needed by now or gone before:'} {one.words}")
            if one.blob:
                await tools.artifacts.let_go(one.blob)
        snapshots = await tools.records.forget_snapshots(tools.clock.now() - SNAPSHOTS_AFTER)
        if snapshots:
            tools.say(f"forgot {snapshots} processes that no release and no run names", level="debug")
        report: dict[str, Json] = {"deleted": [one.words for one in wanted.going if one.id in gone]}
        await tools.records.note(tools.task, FACT, report)
        return Done({"deleted": len(gone), "processes": snapshots})
