"""Runs one task: bind, forward, commit, onward or back, always, conclude; resumed wherever it was left (law 2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from fairlead.domain.effect import SaidNo
from fairlead.domain.errors import FairleadError
from fairlead.domain.interruption import Answered
from fairlead.domain.plan import Plan
from fairlead.domain.process import action_of
from fairlead.domain.record import Json, from_data, to_data
from fairlead.domain.task import TaskState
from fairlead.engine import result
from fairlead.engine.back import take_back
from fairlead.engine.books import Books
from fairlead.engine.bounded import OutOfTime, bounded
from fairlead.engine.cancel import Cancels
from fairlead.engine.forward import go_forward, pass_commit
from fairlead.engine.left_over import left_over, still_to_undo
from fairlead.engine.onward import go_always, go_onward
from fairlead.engine.parts import Parts
from fairlead.engine.placed import PlacedPlan, asks_in, place, placed_effects, placed_steps
from fairlead.engine.result import Failure, Result
from fairlead.engine.run import Here, Outputs, Run
from fairlead.engine.scope import CANCELLED, Scope
from fairlead.ports.durable import Journal, Reservation
from fairlead.ports.task_log import Level
from fairlead.ports.tasks import Begun, End

BIND, CONCLUDE, ANSWERS = "bind", "conclude", "answers"
GIVEN = "process.outputs"
"""The fact of a task that holds what its process's actions gave, by the keys of their effects."""
TASK_OUTPUT = "task"
"""The key under which effects of `always` find how the task ends: state, code, reason, reached."""

NOT_COMMITTED = Failure("deployment.not_committed", "the commit point was not recorded")


@dataclass(frozen=True, slots=True)
class Interpreter:
    """The body that the durable engine runs for each task.

    The order of places in the journal: bind, conclude, then the whole frozen plan. Everything that decides the way is
    kept in a record, or read from our own rows that never change back (the frozen plan, the commit point).
    """

    parts: Parts
    cancels: Cancels = field(default_factory=Cancels)

    async def __call__(self, journal: Journal) -> None:
        """Run the task to its end, or to where it stands unsettled."""
        books = Books(self.parts, journal)
        task = journal.task
        try:
            begun = await books.begin(task, self.parts.node, again=journal.again)
            if not _is_over(begun.end, journal.again) and begun.again <= journal.again:
                await self._run(Run(task, self.parts, journal, books, plan=begun.plan), begun)
        except Exception as raised:  # noqa: BLE001 - the rim of a task: a bug parks it and takes no other down
            books.say_bug(task, "", "the task", raised)
            await books.end(task, await self._parked(journal, raised))
        finally:
            books.phases.abandon()

    async def _run(self, run: Run, begun: Begun) -> None:
        bind, conclude = run.journal.reserve(), run.journal.reserve()
        bound = Result.from_json(await run.journal.record(bind, BIND, lambda: self._bind(run, begun)))
        if not bound.is_done:
            await run.books.end(run.task, await _refused(bound, run.journal))
            return
        plan = run.plan if run.plan is not None else await run.books.ask(lambda: self.parts.tasks.plan(run.task))
        if not run.journal.again:
            await _First(run, place(plan, run.journal), conclude, self.cancels).go()
            return
        earlier = await run.journal.earlier()
        run.answers = await _answers(run, run.journal.reserve(), earlier)
        placed = place(plan, run.journal, run.answers)
        if begun.end is None:
            await _GoneOn(run, placed, conclude, self.cancels, earlier).go()
        else:
            await _TakenUp(run, placed, conclude, earlier, begun.end).go()

    async def _bind(self, run: Run, begun: Begun) -> Json:
        return (await self._bound(run, begun)).to_json()

    async def _bound(self, run: Run, begun: Begun) -> Result:
        run.is_fresh = begun.end is None
        if begun.plan is not None:
            return Result("done")
        if begun.is_cancel_asked:
            return result.stopped(CANCELLED, begun=False)
        patience = self.parts.patience
        try:
            bound = await bounded(
                self.parts.binder.bind(run.task), seconds=patience.bind_s, cleanup_s=patience.cleanup_s
            )
            if isinstance(bound, SaidNo):
                return result.said_no(bound)
            await run.books.ask(lambda: self.parts.tasks.freeze(run.task, bound))
            run.plan = bound
            return Result("done")
        except OutOfTime:
            return result.out_of_time("making the plan", patience.bind_s)
        except FairleadError as failed:
            return result.error(failed)
        except Exception as raised:  # noqa: BLE001 - the rim of binding: nothing was done yet
            run.books.say_bug(run.task, "", "making the plan", raised)
            return result.bug("making the plan", raised)

    async def _parked(self, journal: Journal, raised: Exception) -> End:
        reason = f"{type(raised).__name__}: {raised}"
        return End(TaskState.UNSETTLED, "step.bug", reason, again=journal.again, is_parked=True)


@dataclass(slots=True)
class _Ending:
    """What the first run and a taking up share: always, and the end with its certificate."""

    run: Run
    placed: PlacedPlan
    conclude: Reservation

    @property
    def plan(self) -> Plan:
        return self.placed.plan

    def top(self, outputs: Outputs) -> Here:
        return Here(Scope(), outputs)

    async def is_committed(self) -> bool:
        return self.placed.commit is not None and await self.run.books.is_committed(self.run.task)

    async def always(self, meant: End, stuck: list[Failure], outputs: Outputs) -> None:
        state = TaskState.UNSETTLED if stuck else meant.state
        reason = "; ".join([meant.reason, *(failure.reason for failure in stuck)]).lstrip("; ")
        told: dict[str, Json] = {"state": state, "code": meant.code, "reason": reason, "reached": meant.reached}
        for failure in await go_always(self.run, self.placed.always, self.top({**outputs, TASK_OUTPUT: told})):
            self.run.books.say(self.run.task, "warning", "", f"the last part was not wholly done: {failure.reason}")

    async def finish(self, meant: End, stuck: list[Failure]) -> None:
        async def work() -> Json:
            return {"meant": to_data(meant), "end": to_data(await self._concluded(meant, stuck))}

        kept = await self.run.journal.record(self.conclude, CONCLUDE, work)
        assert isinstance(kept, dict)
        end = from_data(End, kept["end"])
        is_good = end.state is TaskState.SUCCEEDED and not end.differences
        level: Level = "info" if is_good else "error"
        state = end.state.value.replace("_", " ")
        self.run.books.say(self.run.task, level, "", f"{state}: {end.reason}" if end.reason else state)
        for difference in end.differences:
            self.run.books.say(self.run.task, "error", "", difference)
        await self.run.books.end(self.run.task, end)

    async def _concluded(self, meant: End, stuck: list[Failure]) -> End:
        again, patience = self.run.journal.again, self.run.parts.patience
        proposed = replace(meant, again=again)
        if stuck:
            waiting = tuple(f"not undone yet: {one.effect.title}" for one in still_to_undo(self.placed))
            left = (*(failure.reason for failure in stuck), *waiting)
            parked = any(failure.verdict == "bug" for failure in stuck)
            tried, commands = left_over(self.placed, self.run.parts, self.run.task)
            proposed = replace(
                proposed,
                state=TaskState.UNSETTLED,
                differences=left,
                is_parked=parked,
                tried=tried,
                commands=commands,
            )
        try:
            concluding = self.run.parts.binder.conclude(self.run.task, proposed)
            said = await bounded(concluding, seconds=patience.conclude_s, cleanup_s=patience.cleanup_s)
        except (FairleadError, OutOfTime) as failed:
            return _not_looked(proposed, str(failed) or "looking at the end took too long")
        except Exception as raised:  # noqa: BLE001 - the rim of the certificate: the lock must not be given back blind
            self.run.books.say_bug(self.run.task, "", "looking at the end", raised)
            return replace(_not_looked(proposed, f"{type(raised).__name__}: {raised}"), is_parked=True)
        state = TaskState.UNSETTLED if stuck else said.state
        return replace(said, state=state, again=again)


@dataclass(slots=True)
class _First(_Ending):
    """The first run of a task."""

    cancels: Cancels

    async def go(self) -> None:
        run, outputs = self.run, self.recall()
        failure = await self._to_the_commit(outputs)
        if failure and failure.waits:
            holds = self._is_anything_undone() or self._is_another_waited_for()
            await run.books.pause(run.task, again=run.journal.again, holds=holds)
            return
        if failure:
            await run.books.state(run.task, TaskState.UNDOING)
            if await self.is_committed():
                await run.books.state(run.task, TaskState.RUNNING)
                failure = None
        await self._tell_what_was_given(outputs)
        stuck = await (self._back(failure, outputs) if failure else self._onward(outputs))
        meant = _meant(self.plan, failure, run.reached, is_anything_undone=self._is_anything_undone())
        meant = replace(meant, has_begun=self._has_begun())
        await self.always(meant, stuck, outputs)
        await self.finish(meant, stuck)

    def recall(self) -> Outputs:
        """What is known at the beginning."""
        return Outputs()

    async def _to_the_commit(self, outputs: Outputs) -> Failure | None:
        run = self.run
        with self.cancels.watch(run.task, run.books, run.parts.patience.cancel_poll_s) as scope:
            if await run.books.is_cancel_asked(run.task):
                scope.stop()  # asked while nobody ran it: nothing more may begin, not even for a moment
            failure = await go_forward(run, self.placed.forward, Here(scope, outputs))
            if failure is None and self.placed.commit:
                failure = await pass_commit(run, self.placed.commit, Here(scope, outputs))
        if failure is None and self.placed.commit and not await self.is_committed():
            return NOT_COMMITTED
        return failure

    async def _tell_what_was_given(self, outputs: Outputs) -> None:
        """So that a deployment that goes on from here knows it, and one that asked for this one."""
        run = self.run
        if given := {key: dict(held) for key, held in outputs.items() if action_of(key) is not None}:
            tools = run.parts.tools(run.task, "", "local", {})
            await run.books.ask(lambda: tools.records.note(run.task, GIVEN, dict(given)))

    async def _back(self, failure: Failure, outputs: Outputs) -> list[Failure]:
        run = self.run
        run.books.say(run.task, "error", "", f"{failure.reason}: undoing what was begun")
        return await take_back(run, self.placed.forward, self.top(outputs))

    async def _onward(self, outputs: Outputs) -> list[Failure]:
        return await go_onward(self.run, self.placed.onward, self.top(outputs))

    def _is_another_waited_for(self) -> bool:
        return any(node.is_waiting for node in placed_effects(self.placed.forward))

    def _has_begun(self) -> bool:
        return any(node.is_begun and not node.effect.only_looks for node in placed_effects(self.placed.forward))

    def _is_anything_undone(self) -> bool:
        nodes = placed_effects(self.placed.forward)
        return any(node.is_begun and node.effect.is_undone and not node.effect.only_tidies for node in nodes)


@dataclass(slots=True)
class _GoneOn(_First):
    """A later run of a task that was paused: it goes on from what the earlier ones kept."""

    earlier: Mapping[str, Json]

    def recall(self) -> Outputs:
        """Mark each effect as the earlier runs left it; what they did not begin is done now."""
        self.run.earlier = {name: kept for name, kept in self.earlier.items() if not name.startswith(("do ", "undo "))}
        outputs = Outputs()
        for node in placed_effects(self.placed.forward):
            done, undone = self.earlier.get(node.do_name), self.earlier.get(node.undo_name)
            kept = Result.from_json(done) if done is not None else None
            if kept is None or not kept.begun:
                continue
            node.is_begun, node.is_done = kept.begun, kept.is_done
            node.earlier = None if kept.verdict == "waits" else kept  # what it waited for may have ended
            node.is_undone = undone is not None and Result.from_json(undone).is_done
            if kept.is_done and not node.is_undone:
                outputs[node.effect.key] = dict(kept.output)
        for step in placed_steps(self.placed.forward):
            effects = list(placed_effects(step.node))
            step.is_done = bool(effects) and all(one.is_done for one in effects) and not asks_in(step.node)
        return outputs


@dataclass(slots=True)
class _TakenUp(_Ending):
    """A later run of a task that stood unsettled: what was left is done now, from what the earlier runs kept."""

    earlier: Mapping[str, Json]
    left: End

    async def go(self) -> None:
        meant, outputs = self._meant_before(), self._recall()
        self.run.reached = meant.reached
        self.run.books.say(self.run.task, "info", "", "taken up again")
        if await self.is_committed() or meant.state is TaskState.SUCCEEDED:
            meant = replace(meant, state=TaskState.SUCCEEDED, code="", reason="", hint="", evidence=())
            stuck = await go_onward(self.run, self.placed.onward, self.top(outputs))
        else:
            await self.run.books.state(self.run.task, TaskState.UNDOING)
            stuck = await take_back(self.run, self.placed.forward, self.top(outputs))
        if not stuck:
            await self.always(meant, stuck, outputs)
        await self.finish(meant, stuck)

    def _meant_before(self) -> End:
        kept = self.earlier.get(CONCLUDE)
        if isinstance(kept, dict):
            return from_data(End, kept["meant"])
        why = Failure("step.bug", "a bug in Fairlead stopped the task", verdict="bug")
        if self.left.code not in ("", "step.bug"):  # it was never left by itself: something held it
            why = Failure(self.left.code, self.left.reason)
        return _meant(self.plan, why, self.left.reached, is_anything_undone=True)

    def _recall(self) -> Outputs:
        """Mark each effect as the earlier runs left it; without a word about it, as begun unless they came further."""
        went_back = CONCLUDE in self.earlier or any(name.startswith("undo ") for name in self.earlier)
        outputs = Outputs()
        for node in placed_effects(self.placed.forward):
            done, undone = self.earlier.get(node.do_name), self.earlier.get(node.undo_name)
            kept = Result.from_json(done) if done is not None else None
            node.is_begun = kept.begun if kept else not went_back
            node.is_done = kept is not None and kept.is_done
            node.is_undone = undone is not None and Result.from_json(undone).is_done
            if kept and kept.is_done and not node.is_undone:
                outputs[node.effect.key] = dict(kept.output)
        for step in placed_steps(self.placed.forward):
            step.is_done = all(node.is_done for node in placed_effects(step.node))
        return outputs


async def _answers(run: Run, place: Reservation, earlier: Mapping[str, Json]) -> dict[str, Answered]:
    """The answers that this run goes by: those that were there when it began. Those that are new are told."""
    known = {one.key for one in from_data(tuple[Answered, ...], earlier.get(ANSWERS, []))}

    async def work() -> Json:
        found = await run.books.ask(lambda: run.parts.interruptions.answers(run.task))
        for one in found:
            if one.key not in known:
                run.books.say(run.task, "info", one.step, one.said, target=one.target)
        return to_data(found)

    kept = from_data(tuple[Answered, ...], await run.journal.record(place, ANSWERS, work))
    return {one.key: one for one in kept}


def _is_over(end: End | None, again: int) -> bool:
    """Whether the task is, or at least the run of that number: it has told its end, and died behind it."""
    return end is not None and (end.state is not TaskState.UNSETTLED or end.again >= again)


async def _has_begun_before(journal: Journal) -> bool:
    """Whether earlier runs of the task, before a pause, did anything."""
    earlier = await journal.earlier() if journal.again else {}
    return any(Result.from_json(kept).begun for name, kept in earlier.items() if name.startswith("do "))


async def _refused(bound: Result, journal: Journal) -> End:
    state = TaskState.CANCELLED if bound.verdict == "stopped" else TaskState.FAILED
    return End(
        state,
        bound.code,
        bound.reason,
        bound.hint,
        evidence=bound.evidence,
        again=journal.again,
        has_begun=await _has_begun_before(journal),
    )


def _meant(plan: Plan, failure: Failure | None, reached: str, *, is_anything_undone: bool) -> End:
    """How the task ends if everything settles."""
    if failure is None:
        return End(TaskState.SUCCEEDED, reached=reached)
    state = TaskState.ROLLED_BACK if plan.commit and is_anything_undone else TaskState.FAILED
    if failure.is_cancel:
        state = TaskState.CANCELLED
    return End(state, failure.code, failure.reason, failure.hint, reached, failure.evidence)


def _not_looked(end: End, why: str) -> End:
    left = (*end.differences, f"what is so could not be looked at: {why}")
    return replace(end, state=TaskState.UNSETTLED, differences=left)
