"""source.check_out: the commit's files are in the run's workspace."""

from __future__ import annotations

from dataclasses import dataclass

from fairlead.domain.effect import Done, Looked, NotYet, Outcome
from fairlead.domain.plan import Effect
from fairlead.ports.step import Tools
from fairlead.steps import workspace
from fairlead.steps.effects.basis import Plain, read
from fairlead.steps.run_resolved import SourceAccess


@dataclass(frozen=True, slots=True)
class CheckedOut:
    """What is checked out, and where."""

    source: SourceAccess
    commit: str
    workspace: str


class CheckOut(Plain):
    """Checks the commit out. The binder has done so before; here it is done again where a workspace was lost."""

    kind = "source.check_out"

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        """Whether the whole commit is there."""
        wanted = read(CheckedOut, effect)
        if not await workspace.is_prepared(wanted.commit, wanted.workspace):
            return NotYet()
        tools.say(f"checked out {wanted.commit[:12]}")
        for warning in await workspace.warnings(wanted.workspace):
            tools.say(warning, level="warning")
        return Done({"commit": wanted.commit}, was_already_so=True)

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Fetches and checks out."""
        wanted = read(CheckedOut, effect)
        repository = await wanted.source.open(tools.task, tools.secrets)
        tree = await workspace.prepare(tools.source, repository, wanted.commit, wanted.workspace)
        tools.say(f"checked out {wanted.commit[:12]}: {len(tree.files)} files")
        for warning in tree.warnings:
            tools.say(warning, level="warning")
        return Done({"commit": wanted.commit})
