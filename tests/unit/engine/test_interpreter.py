"""The interpreter: forward, commit, onward, back, always; what a person sees of it."""

import asyncio
from dataclasses import replace

import pytest

from fairlead.domain.effect import Done, NotYet, SaidNo
from fairlead.domain.errors import Unreachable
from fairlead.domain.plan import Effect, InParallel, Plan, Retry, Sequence, Step, Timeout
from fairlead.domain.task import PhaseState, TaskState
from fairlead.ports.durable import Abandoned
from fairlead.ports.tasks import End
from fairlead.testing.sweep import Mischief, Moment, Verb

LONG_AGO = {"route": "old", "old": "put old"}


def put(name: str, **more) -> Effect:
    return Effect("put", f"put {name}", f"put {name}", {"name": name}, **more)


def ask(answer: str, key: str = "ask", **more) -> Effect:
    return Effect("ask", key, "ask", {"answer": answer}, **more)


def plan_of(forward, **more) -> Plan:
    return Plan("deployment", "toy", forward=forward, **more)


COMMIT = Effect("commit", "commit", "commit")


class Scripted:
    """A kind whose verbs are given as functions."""

    def __init__(self, do=None, undo=None, look=None):
        self._do, self._undo, self._look = do, undo, look

    async def look(self, effect, tools):
        return await self._look(effect, tools) if self._look else NotYet()

    async def do(self, effect, tools):
        return (await self._do(effect, tools)) if self._do else Done()

    async def undo(self, effect, tools):
        if self._undo:
            await self._undo(effect, tools)


def add_kind(play, name: str, kind) -> None:
    play.stage.parts = replace(play.stage.parts, effects={**play.stage.parts.effects, name: kind})


async def test_all_effects_are_done_in_order_and_the_task_succeeds(play):
    plan = plan_of(Sequence((put("a"), put("b"))), commit=COMMIT, onward=put("c"), always=put("d"))
    end = await play.stage.play(plan)
    assert end.state is TaskState.SUCCEEDED
    assert play.world.did == ["put a", "put b", "put c", "put d"]
    assert play.entry.states == [TaskState.RUNNING, TaskState.SUCCEEDED]
    assert not play.entry.has_lock


async def test_a_no_undoes_what_was_begun_in_reverse_and_is_the_reason_of_the_end(play):
    plan = plan_of(Sequence((put("a"), put("b"), ask("unhealthy"), put("c"))), commit=COMMIT, onward=put("d"))
    end = await play.stage.play(plan)
    assert (end.state, end.code, end.reason) == (TaskState.ROLLED_BACK, "tests.failed", "unhealthy")
    assert end.evidence == ("what it said",)
    assert play.world.undid == ["put b", "put a"]
    assert play.world.things == {}
    assert play.entry.states == [TaskState.RUNNING, TaskState.UNDOING, TaskState.ROLLED_BACK]


async def test_a_run_without_a_commit_point_fails_instead_of_being_rolled_back(play):
    end = await play.stage.play(plan_of(Sequence((put("a"), ask("no")))))
    assert end.state is TaskState.FAILED


async def test_a_binder_that_refuses_ends_the_task_with_nothing_done(play):
    play.stage.binder.plans[play.stage.task] = refusal = SaidNo("plan.changed", "the image differs", "approve again")
    end = await play.stage.play(refusal)
    assert (end.state, end.code, end.hint) == (TaskState.FAILED, "plan.changed", "approve again")
    assert play.world.did == [] and play.entry.phases == {}
    assert not end.has_begun


async def test_what_failed_with_nothing_to_take_back_has_begun_and_what_only_looked_has_not(play):
    looks = ask("no room", key="room", is_undone=False, only_looks=True)
    end = await play.stage.play(plan_of(Sequence((looks, put("a"))), commit=COMMIT))
    assert (end.state, end.reason, end.has_begun) == (TaskState.FAILED, "no room", False)


async def test_a_script_that_ends_badly_has_begun(play):
    script = ask("exit code 1", key="script", only_tidies=True)
    end = await play.stage.play(plan_of(Sequence((script, put("a"))), commit=COMMIT))
    assert (end.state, end.reason, end.has_begun) == (TaskState.FAILED, "exit code 1", True)


async def test_later_effects_get_the_outputs_of_earlier_ones_by_key(play):
    seen = {}

    async def do(effect, tools):
        seen.update(tools.outputs)
        return Done()

    add_kind(play, "spy", Scripted(do))
    await play.stage.play(plan_of(Sequence((put("a"), Effect("spy", "spy", "spy")))))
    assert seen == {"put a": {"name": "a"}}


async def test_branches_that_run_side_by_side_share_no_outputs_and_keep_the_limit(play):
    seen = []

    async def do(effect, tools):
        seen.append(dict(tools.outputs))
        return Done()

    add_kind(play, "spy", Scripted(do))
    branches = tuple(Sequence((put(f"p{n}"), Effect("spy", f"spy {n}", "spy"))) for n in range(6))
    await play.stage.play(plan_of(InParallel(branches, limit=2)))
    assert sorted(len(outputs) for outputs in seen) == [1] * 6
    assert play.world.most_running == 2


async def test_a_failure_beside_others_keeps_unbegun_ones_from_starting(play):
    children = (ask("no"), *(put(f"p{n}") for n in range(5)))
    end = await play.stage.play(plan_of(InParallel(children, limit=1)))
    assert end.reason == "no"
    assert play.world.did == [] and play.world.undid == []


async def test_a_retry_undoes_between_its_attempts(play):
    answers = iter([SaidNo("tests.failed", "once"), Done()])

    async def do(effect, tools):
        return next(answers)

    add_kind(play, "moody", Scripted(do))
    end = await play.stage.play(plan_of(Retry(Sequence((put("a"), Effect("moody", "m", "m"))), attempts=3, pause_s=5)))
    assert end.state is TaskState.SUCCEEDED
    assert play.world.did == ["put a", "put a"] and play.world.undid == ["put a"]


async def test_an_effect_that_cannot_ask_is_tried_again_as_often_as_it_says(play):
    tries = []

    async def do(effect, tools):
        tries.append(1)
        raise Unreachable("engine.unreachable", "no answer")

    add_kind(play, "deaf", Scripted(do))
    end = await play.stage.play(plan_of(Effect("deaf", "d", "d", attempts=3)))
    assert end.code == "engine.unreachable" and len(tries) == 3


@pytest.mark.parametrize("code", ["store.unreachable", "host.disk"])
@pytest.mark.parametrize("verb", ["look", "do", "onward", "undo"])
async def test_while_our_own_database_is_away_an_effect_waits_and_nothing_is_counted(play, verb, code):
    """Longer than its tries, and than the bound of an undo or of what is behind the commit point."""
    tries = []

    async def away(effect, tools):
        tries.append(1)
        if len(tries) <= 12:
            raise Unreachable(code, "the database does not answer")
        return Done()

    add_kind(play, "kept", Scripted(**{"do" if verb == "onward" else verb: away}))
    kept, no = Effect("kept", "k", "k", attempts=2), (ask("no"),) if verb == "undo" else ()
    behind = Sequence((kept,)) if verb == "onward" else Sequence(())
    end = await play.stage.play(
        plan_of(Sequence(() if verb == "onward" else (kept, *no)), commit=COMMIT, onward=behind)
    )
    assert end.state is (TaskState.ROLLED_BACK if no else TaskState.SUCCEEDED)
    assert len(tries) == 13 and TaskState.UNSETTLED not in play.entry.states
    assert play.text.count("the database does not answer") == 1


async def test_a_cancel_is_heeded_while_our_own_database_is_away(play):
    async def do(effect, tools):
        play.stage.tasks.ask_cancel(play.stage.task)
        raise Unreachable("store.unreachable", "the database does not answer")

    add_kind(play, "kept", Scripted(do))
    end = await play.stage.play(plan_of(Sequence((put("a"), Effect("kept", "k", "k"))), commit=COMMIT))
    assert (end.state, end.code) == (TaskState.CANCELLED, "task.cancelled") and play.world.undid == ["put a"]


async def test_a_no_is_never_asked_again(play):
    tries = []

    async def do(effect, tools):
        tries.append(1)
        return SaidNo("tests.failed", "no")

    add_kind(play, "firm", Scripted(do))
    await play.stage.play(plan_of(Effect("firm", "d", "d", attempts=3)))
    assert len(tries) == 1


async def test_an_effect_that_takes_too_long_is_cancelled_and_undone(play):
    undone = []

    async def do(effect, tools):
        await asyncio.Event().wait()

    async def undo(effect, tools):
        undone.append(effect.key)

    add_kind(play, "slow", Scripted(do, undo))
    end = await play.stage.play(plan_of(Effect("slow", "s", "s", timeout_s=0.02), commit=COMMIT))
    assert (end.state, end.code) == (TaskState.ROLLED_BACK, "step.timed_out") and undone == ["s"]


async def test_an_effect_that_will_not_end_is_left_behind_within_the_bound(play):
    release = asyncio.Event()

    async def do(effect, tools):
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        return Done()

    add_kind(play, "stubborn", Scripted(do))
    end = await play.stage.play(plan_of(Effect("stubborn", "s", "s", timeout_s=0.02)))
    release.set()
    assert end.code == "step.timed_out"
    await asyncio.sleep(0)


async def test_a_timeout_around_a_node_stops_what_runs_in_it(play):
    async def do(effect, tools):
        await asyncio.Event().wait()

    add_kind(play, "slow", Scripted(do))
    end = await play.stage.play(plan_of(Sequence((put("a"), Timeout(Effect("slow", "s", "s"), 0.02)))))
    assert end.code == "step.timed_out" and play.world.undid == ["put a"]


async def test_a_retry_around_a_timeout_tries_again_and_one_inside_it_does_not(play):
    tries = []

    async def do(effect, tools):
        tries.append(1)
        await asyncio.Event().wait()

    add_kind(play, "slow", Scripted(do))
    slow = Effect("slow", "s", "s")
    await play.stage.play(plan_of(Retry(Timeout(slow, 0.02), attempts=2)))
    assert len(tries) == 2
    tries.clear()
    play.stage.task = "task-2"
    await play.stage.play(plan_of(Timeout(Retry(slow, attempts=5), 0.02)))
    assert len(tries) == 1


async def test_a_bug_fails_its_task_with_a_traceback_in_its_log_and_is_undone(play):
    async def do(effect, tools):
        raise ZeroDivisionError("oops")

    add_kind(play, "buggy", Scripted(do))
    plan = plan_of(Sequence((put("a"), Effect("buggy", "b", "b", attempts=5))), commit=COMMIT)
    end = await play.stage.play(plan)
    assert (end.state, end.code) == (TaskState.ROLLED_BACK, "step.bug")
    assert "ZeroDivisionError: oops" in play.text and play.text.count("Traceback") == 1
    assert play.world.undid == ["put a"]


async def test_a_bug_in_an_undo_parks_the_task_with_its_lock(play):
    async def undo(effect, tools):
        raise ZeroDivisionError("oops")

    add_kind(play, "buggy", Scripted(undo=undo))
    plan = plan_of(Sequence((put("a"), Effect("buggy", "b", "b"), ask("no"))), commit=COMMIT)
    end = await play.stage.play(plan)
    assert (end.state, end.is_parked) == (TaskState.UNSETTLED, True)
    assert play.entry.has_lock and play.world.things == {"a": "put a"}


async def test_an_undo_that_cannot_ask_leaves_the_task_unsettled_until_it_can(play):
    broken = [True]

    async def undo(effect, tools):
        if broken[0]:
            raise Unreachable("engine.unreachable", "host is away")

    def turn(end):
        broken[0] = False
        return end

    add_kind(play, "far", Scripted(undo=undo))
    play.stage.binder.turn = turn
    play.stage.parts = replace(play.stage.parts, by_hand=lambda effect, *, is_undo: (f"rm {effect.key}",))
    plan = plan_of(Sequence((put("a"), Effect("far", "f", "f"), ask("no"))), commit=COMMIT, always=put("told"))
    end = await play.stage.play(plan)
    assert (end.state, end.code, end.reason, end.again) == (TaskState.ROLLED_BACK, "tests.failed", "no", 1)
    first = play.stage.binder.concluded[0]
    assert first.state is TaskState.UNSETTLED and first.differences == (
        "host is away",
        "not undone yet: put a",
    )
    assert first.tried == ("undoing “f”, again and again for 2 s: host is away",)
    assert first.commands == ("rm f", "rm put a", f"fairlead tasks resume {play.stage.task}")
    assert end.tried == end.commands == ()
    assert play.world.undid == ["put a"] and play.stage.takings_up == 1
    assert TaskState.UNSETTLED in play.entry.states and not play.entry.has_lock


async def test_what_is_behind_the_commit_point_is_carried_forward_through_a_no(play):
    plan = plan_of(put("a"), commit=COMMIT, onward=Sequence((put("b"), put("c"))))
    struck = Mischief("no", "put b", Verb.DO, Moment.BEFORE, times=2)
    end = await play.stage.play(plan, [struck])
    assert end.state is TaskState.SUCCEEDED and play.world.undid == []


async def test_what_does_not_come_forward_in_its_bound_is_unsettled_and_taken_up_again(play):
    plan = plan_of(put("a"), commit=COMMIT, onward=Sequence((put("b"), put("c"))))
    struck = Mischief("unreachable", "put b", Verb.DO, Moment.BEFORE, times=6)
    end = await play.stage.play(plan, [struck])
    assert end.state is TaskState.SUCCEEDED and play.stage.takings_up >= 1
    assert play.world.did == ["put a", "put b", "put c"]


async def test_a_cancel_stops_the_running_effect_at_once_and_undoes(play):
    async def do(effect, tools):
        play.stage.tasks.ask_cancel(play.stage.task)
        await asyncio.Event().wait()

    add_kind(play, "slow", Scripted(do))
    end = await play.stage.play(plan_of(Sequence((put("a"), Effect("slow", "s", "s"))), commit=COMMIT))
    assert (end.state, end.code) == (TaskState.CANCELLED, "task.cancelled") and play.world.undid == ["put a"]


async def test_a_cancel_before_the_first_effect_binds_and_does_nothing(play):
    play.stage.tasks.ask_cancel(play.stage.task)
    end = await play.stage.play(plan_of(put("a"), commit=COMMIT))
    assert end.state is TaskState.CANCELLED and play.stage.binder.bound == [] and play.world.did == []


async def test_a_cancel_behind_the_commit_point_is_ignored(play):
    plan = plan_of(put("a"), commit=COMMIT, onward=put("b"))
    end = await play.stage.play(plan, [Mischief("cancel", "put b", Verb.DO, Moment.BEFORE)])
    assert end.state is TaskState.SUCCEEDED and play.world.did == ["put a", "put b"]


async def test_a_commit_whose_answer_was_lost_is_carried_forward(play):
    plan = plan_of(put("a"), commit=COMMIT, onward=put("b"))
    for deed in ("fail", "bug", "no"):
        play.stage.task = f"task-{deed}"
        end = await play.stage.play(plan, [Mischief(deed, "commit", Verb.DO, Moment.AFTER)])
        assert end.state is TaskState.SUCCEEDED and play.world.undid == []


async def test_a_commit_that_says_done_but_has_no_row_is_undone(play):
    add_kind(play, "commit", Scripted())
    end = await play.stage.play(plan_of(put("a"), commit=COMMIT, onward=put("b")))
    assert (end.state, end.code) == (TaskState.ROLLED_BACK, "deployment.not_committed")
    assert play.world.things == {}


async def test_steps_are_seen_as_phases_with_their_ends(play):
    plan = plan_of(
        Sequence((Step("start", "Start", put("a")), Step("test", "Test", ask("no")), Step("more", "More", put("b"))))
    )
    end = await play.stage.play(plan)
    assert play.entry.phases == {"start": PhaseState.UNDONE, "test": PhaseState.FAILED}
    assert end.reached == "start"
    assert "info [start] Start …" in play.text


async def test_the_effects_of_always_are_told_how_the_task_ends(play):
    seen = {}

    async def do(effect, tools):
        seen.update(tools.outputs["task"])
        return Done()

    add_kind(play, "tell", Scripted(do))
    plan = plan_of(Step("test", "Test", ask("no")), always=Sequence((ask("no", "x"), Effect("tell", "t", "t"))))
    end = await play.stage.play(plan)
    assert seen == {"state": "failed", "code": "tests.failed", "reason": "no", "reached": ""}
    assert end.state is TaskState.FAILED and end.reason == "no"


async def test_an_end_turned_unsettled_by_the_certificate_is_looked_at_again(play):
    turns = iter([lambda end: replace(end, state=TaskState.UNSETTLED, differences=("a route",)), lambda end: end])
    play.stage.binder.turn = lambda end: next(turns)(end)
    end = await play.stage.play(plan_of(put("a")))
    assert end.state is TaskState.SUCCEEDED and play.stage.takings_up == 1 and play.world.undid == []


async def test_a_bug_of_the_engine_itself_parks_the_task(play):
    async def broken(task, told):
        raise ZeroDivisionError("books")

    play.stage.tasks.phases = broken
    end = await play.stage.play(plan_of(Step("s", "S", put("a"))))
    assert (end.state, end.code, end.is_parked) == (TaskState.UNSETTLED, "step.bug", True)
    assert play.entry.has_lock


async def test_a_task_that_was_held_before_it_told_its_end_is_undone_and_says_why(play):
    """As after a backup was put back: the run that was left is over, and the next one undoes what it had begun."""
    stage, asked = play.stage, []

    async def hold(effect, tools):
        asked.append(effect.key)
        await stage.tasks.end(stage.task, End(TaskState.UNSETTLED, "server.restored", "it was running then"))
        raise Abandoned

    add_kind(play, "hold", Scripted(do=hold))
    end = await stage.play(plan_of(Sequence((put("a"), Effect("hold", "h", "h"), put("b"))), commit=COMMIT))
    assert (end.state, end.code, end.reason) == (TaskState.ROLLED_BACK, "server.restored", "it was running then")
    assert asked == ["h"] and play.world.things == {} and stage.takings_up == 1
