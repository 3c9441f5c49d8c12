"""Where an effect waits for a deployment that its task asked for: paused, its place kept, gone on with at its end."""

import pytest
from tests.unit.engine.test_asking import Failing, guided, may_fail, plan_of, step
from tests.unit.engine.test_interpreter import add_kind, put

from fairlead.domain.effect import Done, NotYet, SaidNo, Waits
from fairlead.domain.interruption import Choice
from fairlead.domain.plan import Effect, InParallel, Part, Retry
from fairlead.domain.task import PhaseState, TaskState
from fairlead.testing.sweep import Mischief, Moment, Verb


class Child:
    """Waits so many times, then ends with its outcome; what is under way is ended by an undo."""

    def __init__(self, times: int = 1, end=None) -> None:
        self.times, self.ended_with = times, end or Done({"outputs": {"Number": "1.0.0"}})
        self.asked, self.ended, self.cancelled = [], [], []

    async def look(self, effect, tools):
        return NotYet()

    async def do(self, effect, tools):
        self.asked.append(effect.key)
        if self.asked.count(effect.key) <= self.times:
            return Waits("waits for shop 1.0.0")
        self.ended.append(effect.key)
        return self.ended_with

    async def undo(self, effect, tools):
        if effect.key not in self.ended:
            self.cancelled.append(effect.key)


def child_of(play, times: int = 1, end=None) -> Child:
    kind = Child(times, end)
    add_kind(play, "child", kind)
    play.stage.answer = lambda stage: None
    return kind


def child(key: str = "[shop]/release") -> Effect:
    return Effect("child", key, "deploy shop", only_tidies=True)


async def test_the_task_is_paused_keeps_its_place_and_goes_on_where_it_stood(play):
    kind = child_of(play, times=2)
    steps = (step("a", put("a", is_undone=False)), step("b", child()), step("c", put("c")))
    end = await play.stage.play(plan_of(*steps))
    assert end.state is TaskState.SUCCEEDED
    assert (play.stage.pauses, play.world.did) == (2, ["put a", "put c"])
    assert len(play.stage.binder.bound) == 1  # it held its place: it was not planned anew
    assert kind.cancelled == []
    assert play.entry.phases["b"] is PhaseState.DONE
    assert "waits for shop 1.0.0" in play.text


async def test_what_runs_beside_it_comes_to_its_end_and_is_not_done_again(play):
    child_of(play)
    group = InParallel((step("a", child()), step("b", put("b")), step("d", child("[d]/release"))), on_failure="go_on")
    end = await play.stage.play(plan_of(group, step("c", put("c"))))
    assert end.state is TaskState.SUCCEEDED
    assert play.world.did == ["put b", "put c"]


async def test_a_no_of_it_fails_the_deployment(play):
    kind = child_of(play, end=SaidNo("deployment.child", "shop is rolled back"))
    end = await play.stage.play(plan_of(step("a", put("a")), step("b", child())))
    assert (end.state, end.code) == (TaskState.ROLLED_BACK, "deployment.child")
    assert play.world.undid == ["put a"] and kind.ended


@pytest.mark.parametrize("dies", [False, True])
async def test_a_cancel_while_it_waits_is_told_to_what_is_waited_for(play, dies: bool):
    kind = child_of(play)

    def cancel(stage) -> None:
        stage.tasks.ask_cancel(stage.task)

    play.stage.answer = cancel
    key = "[shop]/release"
    mischiefs = [Mischief("die", key, Verb.UNDO, Moment.DURING)] if dies else []
    end = await play.stage.play(plan_of(step("a", put("a")), step("b", child())), mischiefs)
    assert end.state is TaskState.CANCELLED
    assert set(kind.cancelled) == {key} and kind.ended == []
    assert play.world.undid == ["put a"]


async def test_a_failure_beside_it_waits_for_its_end_and_leaves_it_as_it_is(play):
    kind = child_of(play)
    add_kind(play, "failing", _Once(Failing(1)))
    group = InParallel((step("a", child()), step("b", may_fail())), on_failure="go_on")
    end = await play.stage.play(plan_of(group))
    assert end.code == "tests.failed"
    assert kind.ended and not kind.cancelled


async def test_what_was_tried_again_by_a_person_asks_anew(play):
    attempts = []

    class Sick(Child):
        async def do(self, effect, tools):
            attempts.append(tools.attempt)
            if attempts.count(tools.attempt) == 1:
                return Waits("waits")
            return SaidNo("deployment.child", "sick") if not tools.attempt else Done()

    add_kind(play, "child", Sick())

    def answer(stage) -> None:
        for key in play.asked.waiting(stage.task):
            play.asked.answer(stage.task, key, Choice.RETRY)

    play.stage.answer = answer
    end = await play.stage.play(plan_of(step("a", guided(child()))))
    assert end.state is TaskState.SUCCEEDED
    assert attempts == ["", "", "!1", "!1"]


async def test_it_is_no_reason_to_try_again(play):
    kind = child_of(play, times=3)
    end = await play.stage.play(plan_of(step("a", Retry(Part("x", child()), 2))))
    assert end.state is TaskState.SUCCEEDED and len(kind.asked) == 4


@pytest.mark.parametrize("moment", list(Moment))
async def test_a_death_asks_again_and_for_nothing_else(play, moment: Moment):
    kind = child_of(play)
    end = await play.stage.play(
        plan_of(step("b", child()), step("c", put("c"))), [Mischief("die", "[shop]/release", Verb.DO, moment)]
    )
    assert end.state is TaskState.SUCCEEDED
    assert set(kind.asked) == {"[shop]/release"} and play.world.did == ["put c"]


class _Once:
    def __init__(self, failing: Failing) -> None:
        self.do = failing

    async def look(self, effect, tools):
        return NotYet()

    async def undo(self, effect, tools):
        return
