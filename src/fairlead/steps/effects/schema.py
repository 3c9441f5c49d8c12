"""schema.ground, .service, .tests, .clear: the schema gate; container.contract: the contraction at the end."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fairlead.domain.effect import Done, Looked, Outcome, SaidNo
from fairlead.domain.plan import Effect
from fairlead.ports.container_engine import LABEL_KEY
from fairlead.ports.step import Tools
from fairlead.steps.effects.basis import arguments, read
from fairlead.steps.effects.bench import (
    BenchNetwork,
    BenchService,
    BenchTests,
    ClearBench,
    MakeBenchNetwork,
    RunTests,
    StandService,
    clear,
)
from fairlead.steps.effects.runs import RunContainer

CONTRACTION = "contraction"
"""The task's fact that says why the schema was not contracted."""


class MakeScratchGround(MakeBenchNetwork):
    """Makes the gate's network, before all else in it: its undoing, the last, leaves nothing of the gate."""

    kind = "schema.ground"

    async def undo(self, effect: Effect, tools: Tools) -> None:
        """Everything that carries the gate's labels is gone: containers, network, volumes."""
        labels = read(BenchNetwork, effect).labels
        await clear({name: held for name, held in labels.items() if name != LABEL_KEY}, tools)


@dataclass(frozen=True, slots=True)
class Stood:
    """A service in the gate: the scratch database (`old` is ""), or one of the old release, which the new schema must
    not break."""

    service: BenchService
    old: str = ""
    new: str = ""


class StandInGate:
    """Starts a service in the gate and waits until it is ready; says of which release it is where it is not."""

    kind = "schema.service"

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        """As for services beside tests."""
        return await StandService().look(_inner(effect, read(Stood, effect).service), tools)

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Makes, starts, probes."""
        stood = read(Stood, effect)
        outcome = await StandService().do(_inner(effect, stood.service), tools)
        if not isinstance(outcome, SaidNo):
            return outcome
        if not stood.old:
            return replace(outcome, code="schema.copy", reason=f"the scratch database does not stand: {outcome.reason}")
        return _broken(outcome, stood.old, stood.new, outcome.reason)

    async def undo(self, effect: Effect, tools: Tools) -> None:
        """Its container is gone."""
        await StandService().undo(_inner(effect, read(Stood, effect).service), tools)


@dataclass(frozen=True, slots=True)
class OldTests:
    """The old release's tests, run with the schema that the new one's migration made."""

    tests: BenchTests
    old: str
    new: str


class RunOldTests:
    """Runs the old release's tests on the migrated copy; a no says which test of which release the migration breaks."""

    kind = "schema.tests"

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        """Whether they ended well."""
        return await RunTests().look(_inner(effect, read(OldTests, effect).tests), tools)

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Runs them to their end; what could not be run at all is no verdict on the schema."""
        wanted = read(OldTests, effect)
        outcome = await RunTests().do(_inner(effect, wanted.tests), tools)
        if isinstance(outcome, SaidNo) and outcome.code == "tests.failed":
            return _broken(outcome, wanted.old, wanted.new, outcome.reason)
        return outcome

    async def undo(self, effect: Effect, tools: Tools) -> None:
        """Their container is gone."""
        await RunTests().undo(_inner(effect, read(OldTests, effect).tests), tools)


class ClearGate(ClearBench):
    """Removes containers, volumes and the network of the schema gate: they need not live while the rest goes on."""

    kind = "schema.clear"


def _inner(effect: Effect, wanted: object) -> Effect:
    return replace(effect, arguments=arguments(wanted))


def _broken(outcome: SaidNo, old: str, new: str, what: str) -> SaidNo:
    return SaidNo(
        "schema.breaks_old_release",
        f"the migration of {new} breaks {old}, which runs beside it and is the way back: {what}",
        hint="only add in `migrate:`, and take away in `migrate: after-retire:`, or in a later release",
        evidence=outcome.evidence,
    )


class RunContraction(RunContainer):
    """Runs the contracting half once the old release is gone. The release is live: a no is told, and ends nothing."""

    kind = "container.contract"

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Runs it; why it failed is noted, and told with the deployment's end."""
        outcome = await super().do(effect, tools)
        if not isinstance(outcome, SaidNo):
            return outcome
        tools.say(f"{outcome.reason}; {outcome.hint}", level="error")
        await tools.task_log.flush(tools.task)
        await tools.records.note(tools.task, CONTRACTION, {"reason": outcome.reason, "hint": outcome.hint})
        return Done({"reason": outcome.reason})
