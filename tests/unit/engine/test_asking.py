"""Where a plan asks a person: paused holding nothing, gone on with from where it stood, through deaths too."""

import asyncio
from dataclasses import replace

import pytest
from tests.unit.engine.test_interpreter import COMMIT, Scripted, add_kind, put

from fairlead.domain.condition import Condition
from fairlead.domain.effect import Done, SaidNo
from fairlead.domain.interruption import Choice, InterruptionKind, InterruptionState, Question
from fairlead.domain.plan import (
    EXCLUDED,
    Ask,
    Effect,
    Guided,
    InParallel,
    Part,
    Plan,
    Regardless,
    Retry,
    Sequence,
    Step,
)
from fairlead.domain.process import RunCondition
from fairlead.domain.task import PhaseState, TaskState
from fairlead.testing.fake_interruptions import FakeInterruptions
from fairlead.testing.sweep import Mischief, Moment, Verb

SUCCESS = Condition()
MANUAL = Question(InterruptionKind.MANUAL, "Go on?", (Choice.PROCEED, Choice.ABORT))
FAILURE = Question(InterruptionKind.GUIDED, "It failed", (Choice.FAIL, Choice.RETRY, Choice.IGNORE, Choice.EXCLUDE))


def step(name: str, node, when: Condition | None = SUCCESS) -> Step:
    return Step(name, name, node, when)


def plan_of(*steps, **more) -> Plan:
    return Plan("deployment", "toy", forward=Regardless(steps), commit=COMMIT, **more)


def guided(node, key: str = "[a]", target: str = "") -> Guided:
    return Guided(node, key, replace(FAILURE, target=target))


def answering(play, *choices: Choice, note: str = "because"):
    """Each pause is answered with the next of the choices, every question of it alike."""
    left = list(choices)

    def answer(stage) -> None:
        choice = left.pop(0)
        for key in play.asked.waiting(stage.task):
            play.asked.answer(stage.task, key, choice, note)

    play.stage.answer = answer


class Failing:
    """Fails so many times, on each key by itself."""

    def __init__(self, times: int) -> None:
        self.times, self.tried, self.attempts = times, [], []

    async def __call__(self, effect, tools):
        self.tried.append(effect.key)
        self.attempts.append(tools.attempt)
        return SaidNo("tests.failed", "sick") if self.tried.count(effect.key) <= self.times else Done()


def failing(play, times: int) -> Failing:
    kind = Failing(times)
    add_kind(play, "failing", Scripted(kind))
    return kind


def may_fail(key: str = "[a]:run", target: str = "local") -> Effect:
    return Effect("failing", key, key, is_undone=False, target=target)


async def test_a_manual_intervention_pauses_the_task_and_goes_on_where_it_stood(play):
    answering(play, Choice.PROCEED)
    spy = {}

    async def do(effect, tools):
        spy.update(tools.outputs)
        return Done()

    add_kind(play, "spy", Scripted(do))
    node = Ask("[Approve]", MANUAL)
    steps = (step("a", put("a", is_undone=False)), step("b", node), step("c", Effect("spy", "spy", "spy")))
    end = await play.stage.play(plan_of(*steps))
    assert end.state is TaskState.SUCCEEDED
    assert (play.world.did, play.stage.pauses) == (["put a"], 1)
    assert spy["[Approve]"]["outputs"]["Manual.Notes"] == "because"
    assert spy["[Approve]"]["outputs"]["Manual.ResponsibleUser.Username"] == "ada"
    assert spy["put a"] == {"name": "a"}
    assert play.entry.phases["b"] is PhaseState.DONE
    states = play.entry.states
    assert states == [TaskState.RUNNING, TaskState.PAUSED, TaskState.RUNNING, TaskState.SUCCEEDED]


async def test_a_task_that_holds_nothing_is_planned_anew_and_one_that_does_is_not(play):
    answering(play, Choice.PROCEED)
    await play.stage.play(plan_of(step("a", put("a", is_undone=False)), step("b", Ask("[b]", MANUAL))))
    assert len(play.stage.binder.bound) == 2


async def test_a_no_to_the_first_question_begins_nothing(play):
    answering(play, Choice.ABORT)
    assert not (await play.stage.play(plan_of(step("b", Ask("[b]", MANUAL)), step("a", put("a"))))).has_begun


async def test_what_is_refused_when_it_is_planned_anew_has_begun_what_earlier_runs_did(play):
    def answer(stage) -> None:
        play.asked.answer(stage.task, "[b]", Choice.PROCEED)
        stage.binder.plans[stage.task] = SaidNo("plan.changed", "another image")

    play.stage.answer = answer
    end = await play.stage.play(plan_of(step("a", put("a", is_undone=False)), step("b", Ask("[b]", MANUAL))))
    assert (end.state, end.code, end.has_begun) == (TaskState.FAILED, "plan.changed", True)


async def test_what_would_be_undone_is_held_through_the_pause(play):
    answering(play, Choice.PROCEED)
    await play.stage.play(plan_of(step("a", put("a")), step("b", Ask("[b]", MANUAL))))
    assert len(play.stage.binder.bound) == 1


async def test_a_no_fails_the_deployment_and_undoes_what_an_earlier_run_did(play):
    answering(play, Choice.ABORT, note="not today")
    steps = (step("a", put("a")), step("b", Ask("[b]", MANUAL)), step("c", put("c")))
    end = await play.stage.play(plan_of(*steps, step("d", put("d"), Condition(RunCondition.FAILURE))))
    assert (end.state, end.code) == (TaskState.ROLLED_BACK, "interruption.aborted")
    assert end.reason == "Go on?: ada said no: not today"
    assert play.world.did == ["put a", "put d"]
    assert play.world.undid == ["put d", "put a"]


async def test_time_that_ran_out_is_a_no(play):
    def answer(stage) -> None:
        play.asked.answer(stage.task, "[b]", Choice.ABORT, state=InterruptionState.EXPIRED)

    play.stage.answer = answer
    end = await play.stage.play(plan_of(step("b", Ask("[b]", replace(MANUAL, expires_s=60.0)))))
    assert (end.code, end.reason) == ("interruption.expired", "Go on?: nobody answered within 60 s")
    assert end.hint == "deploy it again once somebody can answer"


async def test_instructions_are_filled_with_what_became_known(play):
    answering(play, Choice.PROCEED)

    async def do(effect, tools):
        return Done({"outputs": {"Rows": "17"}})

    add_kind(play, "count", Scripted(do))
    words = "#{Who}: #{Octopus.Action[Count].Output.Rows} rows, #{Nowhere}"
    node = Ask("[b]", replace(MANUAL, instructions=words, variables={"who": "Ada"}))
    await play.stage.play(plan_of(step("a", Effect("count", "[Count]:run", "count")), step("b", node)))
    assert play.asked.asked[play.stage.task, "[b]"][1] == "Ada: 17 rows, #{Nowhere}"


async def test_what_runs_beside_a_question_comes_to_its_end_before_the_pause(play):
    answering(play, Choice.PROCEED)
    beside = step("b", Sequence((put("b1"), put("b2"))))
    group = InParallel((step("a", Ask("[a]", MANUAL)), beside), on_failure="go_on")
    end = await play.stage.play(plan_of(group, step("c", put("c"))))
    assert end.state is TaskState.SUCCEEDED
    assert play.world.did == ["put b1", "put b2", "put c"]


async def test_a_failure_may_be_tried_again_as_often_as_a_person_wants(play):
    answering(play, *[Choice.RETRY] * 12)
    kind = failing(play, 12)
    end = await play.stage.play(plan_of(step("a", guided(may_fail())), step("b", put("b"))))
    assert end.state is TaskState.SUCCEEDED
    assert len(kind.tried) == 13 and play.stage.pauses == 12
    assert kind.attempts[:3] == ["", "!1", "!2"]
    assert play.world.did == ["put b"]


async def test_what_an_attempt_did_is_undone_before_the_next(play):
    answering(play, Choice.RETRY)
    failing(play, 1)
    end = await play.stage.play(plan_of(step("a", guided(Sequence((put("x"), may_fail()))))))
    assert end.state is TaskState.SUCCEEDED
    assert (play.world.did, play.world.undid) == (["put x", "put x"], ["put x"])


async def test_a_failure_that_is_ignored_is_none_for_what_follows(play):
    answering(play, Choice.IGNORE)
    failing(play, 99)
    steps = (step("a", guided(may_fail())), step("b", put("b")), step("c", put("c"), Condition(RunCondition.FAILURE)))
    end = await play.stage.play(plan_of(*steps))
    assert end.state is TaskState.SUCCEEDED
    assert play.world.did == ["put b"]


async def test_a_failure_that_a_person_calls_one_fails_the_deployment(play):
    answering(play, Choice.FAIL)
    failing(play, 99)
    steps = (step("a", guided(may_fail())), step("b", put("b")), step("c", put("c"), Condition(RunCondition.FAILURE)))
    end = await play.stage.play(plan_of(*steps))
    assert (end.state, end.reason) == (TaskState.ROLLED_BACK, "sick")
    assert play.world.did == ["put c"]


def on_target(name: str) -> Part:
    key = f"[x][{name}]"
    inside = (Part("x", guided(may_fail(key), key, name), name), Part("y", put(f"y{name}"), name, SUCCESS))
    return Part(name, Regardless(inside), name)


async def test_the_log_says_once_who_answered_what(play):
    answering(play, Choice.RETRY, Choice.PROCEED, Choice.IGNORE)
    failing(play, 1)
    node = guided(may_fail("[x][w1]"), "[x][w1]", "w1")
    await play.stage.play(plan_of(step("a", node), step("b", Ask("[b]", MANUAL)), step("c", guided(may_fail()))))
    told = [line for line in play.text.splitlines() if "by ada: because" in line]
    assert [line.rpartition(",")[0].split(" ")[-1] for line in told] == ["retry", "proceed", "ignore"]


async def test_the_log_says_that_nobody_answered(play):
    def expire(stage) -> None:
        play.asked.answer(stage.task, "[b]", Choice.ABORT, state=InterruptionState.EXPIRED)

    play.stage.answer = expire
    await play.stage.play(plan_of(step("b", Ask("[b]", MANUAL))))
    assert play.text.count("Go on?: nobody answered in time") == 1


async def test_a_target_that_is_left_out_is_left_out_of_all_that_follows(play):
    answering(play, Choice.EXCLUDE)

    async def do(effect, tools):
        return SaidNo("tests.failed", "sick") if "w2" in effect.key else Done()

    add_kind(play, "failing", Scripted(do))
    window = InParallel(tuple(on_target(name) for name in ("w1", "w2", "w3")), limit=1, on_failure="begin_none")
    later = InParallel(tuple(Part(name, put(f"z{name}"), name) for name in ("w1", "w2", "w3")), limit=1)
    end = await play.stage.play(plan_of(step("roll", window), step("later", later)))
    assert end.state is TaskState.SUCCEEDED
    assert play.world.did == ["put yw1", "put yw3", "put zw1", "put zw3"]


@pytest.mark.parametrize("pauses", [False, True])
async def test_a_target_that_an_effect_leaves_out_is_left_out_of_all_that_follows(play, pauses: bool):
    async def look(effect, tools):
        return Done({EXCLUDED: ["w2"]} if effect.target == "w2" else {})

    add_kind(play, "look", Scripted(look))
    answering(play, Choice.PROCEED)
    names = ("w1", "w2", "w3")

    def each(node) -> InParallel:
        return InParallel(tuple(Part(name, node(name), name) for name in names), limit=1)

    def checked(name: str) -> Regardless:
        look = Effect("look", f"[look][{name}]", "look", is_undone=False, target=name)
        return Regardless((Part("look", look, name), Part("put", put(f"y{name}"), name, SUCCESS)))

    steps = [step("look", each(checked)), step("later", each(lambda name: put(f"z{name}")))]
    if pauses:
        steps.insert(1, step("go on?", Ask("[q]", MANUAL)))
    end = await play.stage.play(plan_of(*steps))
    assert end.state is TaskState.SUCCEEDED
    assert play.world.did == ["put yw1", "put yw3", "put zw1", "put zw3"]


async def test_the_window_begins_none_while_a_person_is_asked_and_goes_on_after(play):
    answering(play, Choice.RETRY, Choice.RETRY)
    kind = failing(play, 1)
    window = InParallel(tuple(on_target(name) for name in ("w1", "w2", "w3")), limit=2, on_failure="begin_none")
    end = await play.stage.play(plan_of(step("roll", window)))
    assert end.state is TaskState.SUCCEEDED
    assert kind.tried == ["[x][w1]", "[x][w2]", "[x][w1]", "[x][w2]", "[x][w3]", "[x][w3]"]


async def test_the_window_begins_none_while_the_question_is_put(play, monkeypatch):
    """Another target of it ends in that moment, and makes room."""
    put_it, is_put = FakeInterruptions.open, asyncio.Event()

    async def slowly(*words, **more):
        is_put.set()
        for _ in range(50):
            await asyncio.sleep(0)
        await put_it(*words, **more)

    async def do(effect, tools):
        if "w1" in effect.key:
            return SaidNo("tests.failed", "sick")
        await is_put.wait()
        return Done()

    monkeypatch.setattr(FakeInterruptions, "open", slowly)
    answering(play, Choice.FAIL)
    add_kind(play, "failing", Scripted(do))
    window = InParallel(tuple(on_target(name) for name in ("w1", "w2", "w3")), limit=2, on_failure="begin_none")
    await play.stage.play(plan_of(step("roll", window)))
    assert play.world.did == ["put yw2"]


async def test_retries_of_an_action_come_before_a_person_is_asked(play):
    answering(play, Choice.RETRY)
    kind = failing(play, 3)
    node = guided(Retry(may_fail(), 2, 0.1))
    end = await play.stage.play(plan_of(step("a", node)))
    assert end.state is TaskState.SUCCEEDED
    assert (len(kind.tried), play.stage.pauses) == (4, 1)
    assert kind.attempts == ["@1", "@2", "!1@1", "!1@2"]


async def test_a_cancel_ends_a_paused_task_and_undoes_what_it_did(play):
    play.stage.answer = lambda stage: play.stage.tasks.ask_cancel(stage.task)
    end = await play.stage.play(plan_of(step("a", put("a")), step("b", Ask("[b]", MANUAL)), step("c", put("c"))))
    assert end.state is TaskState.CANCELLED
    assert (play.world.did, play.world.undid) == (["put a"], ["put a"])


async def test_a_bug_asks_nobody(play):
    async def do(effect, tools):
        raise ValueError("oops")

    add_kind(play, "failing", Scripted(do))
    end = await play.stage.play(plan_of(step("a", guided(may_fail()))))
    assert (end.code, play.asked.asked) == ("step.bug", {})


@pytest.mark.parametrize("moment", list(Moment))
@pytest.mark.parametrize("key", ["put a", "[x]:run", "put c"])
@pytest.mark.parametrize("deed", ["die", "twice", "freeze"])
async def test_a_death_on_either_side_of_a_pause_changes_nothing_of_how_it_ends(play, deed, key, moment):
    async def do(effect, tools):
        return Done() if tools.attempt else SaidNo("tests.failed", "sick")

    def answer(stage) -> None:
        for asked in play.asked.waiting(stage.task):
            play.asked.answer(stage.task, asked, Choice.PROCEED if asked == "[b]" else Choice.RETRY)

    add_kind(play, "failing", Scripted(do))
    play.stage.answer = answer
    steps = (
        step("a", put("a")),
        step("x", guided(may_fail("[x]:run"), "[x]")),
        step("b", Ask("[b]", MANUAL)),
        step("c", put("c")),
    )
    end = await play.stage.play(plan_of(*steps), [Mischief(deed, key, Verb.DO, moment)])
    assert end.state is TaskState.SUCCEEDED, play.text
    assert play.world.things == {"a": "put a", "c": "put c"}
    await asyncio.sleep(0)
