"""The nodes that processes are made of: on after a failure, conditions, sliding windows."""

import asyncio

import pytest
from tests.unit.engine.test_interpreter import COMMIT, Scripted, add_kind, ask, put

from fairlead.domain.condition import Condition
from fairlead.domain.effect import Done, SaidNo
from fairlead.domain.plan import Effect, InParallel, Part, Plan, Regardless, Sequence, Step
from fairlead.domain.process import RunCondition
from fairlead.domain.task import PhaseState, TaskState
from fairlead.testing.sweep import Mischief, Moment, Verb

FAILURE, ALWAYS = Condition(RunCondition.FAILURE), Condition(RunCondition.ALWAYS)
SUCCESS = Condition(RunCondition.SUCCESS)


def step(name: str, node, when: Condition | None = SUCCESS, **more) -> Step:
    return Step(name, name, node, when, **more)


def plan_of(*steps, **more) -> Plan:
    return Plan("deployment", "toy", forward=Regardless(steps), commit=COMMIT, **more)


def variable(expression: str, **variables) -> Condition:
    return Condition(RunCondition.VARIABLE, expression, variables)


async def test_after_a_failure_only_steps_for_it_run_and_the_deployment_fails(play):
    end = await play.stage.play(
        plan_of(
            step("a", put("a")),
            step("b", ask("no")),
            step("c", put("c")),
            step("d", put("d"), FAILURE),
            step("e", put("e"), ALWAYS),
        )
    )
    assert (end.state, end.reason) == (TaskState.ROLLED_BACK, "no")
    assert play.world.did == ["put a", "put d", "put e"]
    assert play.world.undid == ["put e", "put d", "put a"]
    assert play.entry.phases["c"] is PhaseState.SKIPPED
    assert "c: skipped, something before it failed" in play.text


async def test_without_a_failure_the_steps_for_one_are_skipped(play):
    end = await play.stage.play(plan_of(step("a", put("a")), step("b", put("b"), FAILURE), step("c", put("c"), ALWAYS)))
    assert end.state is TaskState.SUCCEEDED
    assert play.world.did == ["put a", "put c"]
    assert play.entry.phases["b"] is PhaseState.SKIPPED


async def test_the_first_failure_is_the_reason_whatever_fails_after_it(play):
    end = await play.stage.play(plan_of(step("a", ask("first", "1")), step("b", ask("second", "2"), ALWAYS)))
    assert end.reason == "first"


async def test_a_cancel_ends_the_steps_that_always_run_too(play):
    async def do(effect, tools):
        play.stage.tasks.ask_cancel(tools.task)
        await asyncio.Event().wait()
        return Done()

    add_kind(play, "hang", Scripted(do))
    end = await play.stage.play(plan_of(step("a", Effect("hang", "hang", "hang")), step("b", put("b"), ALWAYS)))
    assert end.state is TaskState.CANCELLED
    assert play.world.did == []


async def test_a_bug_ends_the_steps_that_always_run_too(play):
    async def do(effect, tools):
        raise ValueError("oops")

    add_kind(play, "buggy", Scripted(do))
    end = await play.stage.play(plan_of(step("a", Effect("buggy", "buggy", "buggy")), step("b", put("b"), ALWAYS)))
    assert end.code == "step.bug"
    assert play.world.did == []


async def test_a_step_that_surely_does_not_run_says_why(play):
    end = await play.stage.play(plan_of(step("a", put("a"), skipped="it is not for Test")))
    assert end.state is TaskState.SUCCEEDED
    assert play.world.did == []
    assert play.entry.phases["a"] is PhaseState.SKIPPED
    assert "a: skipped, it is not for Test" in play.text


async def test_a_variable_condition_reads_what_earlier_steps_gave_on_its_own_target(play):
    async def do(effect, tools):
        return Done({"outputs": {"Go": str(effect.arguments["go"])}})

    add_kind(play, "set", Scripted(do))
    outputs = [Effect("set", f"[Look][{name}]:run", "look", {"go": go}) for name, go in (("w1", "yes"), ("w2", "no"))]
    asked = variable("#{Octopus.Action[Look].Output.Go}")
    parts = [Part(f"deploy {name}", put(name), name, asked) for name in ("w1", "w2")]
    end = await play.stage.play(plan_of(step("look", Sequence(tuple(outputs))), step("go", InParallel(tuple(parts)))))
    assert end.state is TaskState.SUCCEEDED
    assert play.world.did == ["put w1"]
    assert "deploy w2: skipped, its condition is not true" in play.text


async def test_a_variable_condition_may_ask_for_the_error(play):
    asked = variable("#{unless Octopus.Deployment.Error}yes#{/unless}")
    await play.stage.play(plan_of(step("a", put("a"), asked), step("b", ask("sick")), step("c", put("c"), asked)))
    assert play.world.did == ["put a"]


async def test_a_condition_that_cannot_be_judged_fails_its_step(play):
    circle = variable("#{A}", A="#{B}", B="#{A}")
    end = await play.stage.play(plan_of(step("a", put("a"), circle), step("b", put("b"), ALWAYS)))
    assert end.code == "variable.circular"
    assert play.entry.phases["a"] is PhaseState.FAILED
    assert play.world.did == ["put b"]


async def test_actions_of_a_step_for_failures_go_by_what_failed_among_themselves(play):
    inside = Regardless((Part("x", put("x"), when=SUCCESS), Part("y", ask("no", "y"), when=SUCCESS)))
    more = Regardless((*inside.nodes, Part("z", put("z"), when=SUCCESS), Part("w", put("w"), when=FAILURE)))
    await play.stage.play(plan_of(step("a", ask("first")), step("b", more, FAILURE)))
    assert play.world.did == ["put x", "put w"]


class Window:
    """Counts what is in hand, and lets the named targets fail."""

    def __init__(self, failing=()):
        self.begun, self.ended, self.in_hand, self.most = [], [], 0, 0
        self.failing = failing

    async def __call__(self, effect, tools):
        self.begun.append(effect.key)
        self.in_hand += 1
        self.most = max(self.most, self.in_hand)
        for _ in range(5 if effect.key.startswith("t0") else 1):
            await asyncio.sleep(0)
        self.in_hand -= 1
        self.ended.append(effect.key)
        if effect.key in self.failing:
            return SaidNo("tests.failed", effect.key)
        return Done()


def rolling(count: int, **more) -> InParallel:
    def on(number: int) -> Part:
        actions = (Effect("seen", f"t{number}a", "a"), Effect("seen", f"t{number}b", "b"))
        return Part(f"t{number}", Sequence(actions), f"t{number}")

    return InParallel(tuple(on(number) for number in range(count)), **more)


async def test_a_window_slides_in_the_order_of_its_targets(play):
    window = Window()
    add_kind(play, "seen", Scripted(window))
    await play.stage.play(plan_of(step("roll", rolling(5, limit=2, on_failure="begin_none"))))
    assert window.most == 2
    assert [key for key in window.begun if key.endswith("a")] == ["t0a", "t1a", "t2a", "t3a", "t4a"]
    assert window.ended.index("t1b") < window.ended.index("t0b"), "the next began though the first was still in hand"


async def test_none_begins_after_one_failed_and_those_in_hand_go_on_to_their_end(play):
    window = Window(failing=("t1a",))
    add_kind(play, "seen", Scripted(window))
    end = await play.stage.play(plan_of(step("roll", rolling(5, limit=2, on_failure="begin_none"))))
    assert end.reason == "t1a"
    assert window.begun == ["t0a", "t1a", "t0b"]


async def test_none_begins_after_one_failed_on_which_something_still_runs(play):
    window = Window(failing=("t1a",))
    add_kind(play, "seen", Scripted(window))

    def on(name: str) -> Part:
        clean = Sequence(tuple(Effect("seen", f"{name}c{number}", "c") for number in range(9)))
        return Part(name, Regardless((Part("a", Effect("seen", f"{name}a", "a"), name), Part("c", clean, name))), name)

    nodes = (on("t1"), Part("t2", Effect("seen", "t2a", "a"), "t2"), on("t3"))
    end = await play.stage.play(plan_of(step("roll", InParallel(nodes, limit=2, on_failure="begin_none"))))
    assert end.reason == "t1a"
    assert {"t2a", "t1c8"} <= set(window.ended), "what was in hand went on to its end"
    assert not [key for key in window.begun if key.startswith("t3")]


async def test_steps_side_by_side_do_not_mind_each_other(play):
    group = InParallel((step("a", ask("no")), step("b", Sequence((put("b1"), put("b2"))))), on_failure="go_on")
    end = await play.stage.play(plan_of(group, step("c", put("c"))))
    assert end.reason == "no"
    assert play.world.did == ["put b1", "put b2"]


@pytest.mark.parametrize("moment", list(Moment))
@pytest.mark.parametrize("key", ["put x0", "put y1", "put e"])
async def test_a_death_anywhere_changes_nothing_of_how_it_ends(play, key, moment):
    def on(name: str, node) -> Part:
        return Part(name, Regardless((Part("x", put(f"x{name}"), name), Part("y", node, name))), name)

    targets = (on("0", ask("sick")), on("1", put("y1")), on("2", put("y2")))
    plan = plan_of(
        step("roll", InParallel(targets, limit=2, on_failure="begin_none")),
        step("d", put("d")),
        step("e", put("e"), variable("#{Octopus.Deployment.Error}")),
    )
    end = await play.stage.play(plan, [Mischief("die", key, Verb.DO, moment)])
    assert play.stage.deaths == 1
    assert (end.state, end.reason) == (TaskState.ROLLED_BACK, "sick")
    did = set(play.world.did)
    assert {"put e", "put x0", "put x1", "put y1"} <= did and "put d" not in did
    assert ("put x2" in did) == ("put y2" in did), "a target that began goes to its end"
    assert play.world.things == {}
