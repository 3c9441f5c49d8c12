"""Deployments whose release has a process: one plan and one commit point, the services where they stand."""

from dataclasses import replace

import pytest

from fairlead.domain.condition import Condition, when_told
from fairlead.domain.plan import InParallel, Plan, Retry, Step, Timeout, all_effects, inside, steps_of, told_of
from fairlead.domain.process import RunCondition
from fairlead.domain.record import from_data, to_data
from fairlead.domain.task import TaskState
from fairlead.steps import run_process
from fairlead.testing.deploy_world import World, definition, ending
from fairlead.testing.processes import SERVICES, WITH_PREVIOUS, process, say, step
from fairlead.testing.toy_actions import KINDS

ALWAYS, FAILURE = Condition(RunCondition.ALWAYS), Condition(RunCondition.FAILURE)


async def planned(*steps, world=None, what=None) -> Plan:
    resolved = await (world or World()).resolve(what or definition(), "1.1.0")
    return run_process.plan(resolved, process(*steps), KINDS)


async def played(world: World, *steps, version="1.1.0"):
    world.process = process(*steps)
    return await world.deploy(definition(), version)


def said(world: World) -> list[str]:
    lines = [line.text for lines in world.log.lines.values() for line in lines]
    return [text.removeprefix("said: ") for text in lines if text.startswith("said: ")]


def nodes_of(node):
    yield node
    for child in inside(node):
        yield from nodes_of(child)


async def test_what_comes_before_and_after_the_services_is_part_of_one_plan_with_one_commit_point():
    plan = await planned(step(say("Back up")), step(SERVICES), step(say("Tell")))
    names = [one.name for one in steps_of(plan.forward)]
    assert names[:3] == ["Back up", "Deploy", "capture"] and names[-1] == "Tell"
    assert plan.commit is not None and plan.commit.kind == "deployment.commit"
    assert [one.name for one in steps_of(plan.onward)] == ["tidy"]
    keys = [effect.key for effect in all_effects(plan)]
    assert len(keys) == len(set(keys))
    assert from_data(Plan, to_data(plan)) == plan


async def test_steps_that_start_with_the_previous_are_one_group_with_its_bound():
    steps = [step(say("a"), parallelism=3), step(say("b"), start=WITH_PREVIOUS), step(say("c"))]
    plan = await planned(*steps)
    group = plan.forward.nodes[0]
    assert isinstance(group, InParallel) and (group.limit, group.on_failure) == (3, "go_on")
    assert [one.name for one in group.nodes] == ["a", "b"]
    assert isinstance(plan.forward.nodes[1], Step)


async def test_a_step_on_targets_is_a_window_over_them_in_their_order():
    plan = await planned(step(say("Copy"), say("Check"), targets=("w1", "w2", "w3"), at_once=2))
    window = next(node for node in nodes_of(plan.forward) if isinstance(node, InParallel))
    assert (window.limit, window.on_failure) == (2, "begin_none")
    assert [effect.key for effect in all_effects(plan)][:3] == ["[Copy][w1]:say", "[Check][w1]:say", "[Copy][w2]:say"]


async def test_a_plan_tells_what_runs_only_on_a_condition_and_what_does_not():
    expected = Condition(RunCondition.VARIABLE, "#{Wanted}")
    two = step(say("a"), say("b", condition=RunCondition.ALWAYS), targets=("w1",), when=FAILURE)
    left_out = step(say("c"), say("d"))
    [place] = left_out.places
    left_out = replace(
        left_out, places=(replace(place, actions=(place.actions[0], replace(place.actions[1], skipped="not here"))),)
    )
    first, second = steps_of((await planned(two, left_out)).forward)
    assert list(told_of(first)) == ["say a", "say b (whatever failed before it)"]
    assert list(told_of(second)) == ["say c", "d: skipped, not here"]
    assert when_told(first.when) == "only if something before it failed" and when_told(second.when) == ""
    assert when_told(expected) == "only if this is true: #{Wanted}"


async def test_retries_go_around_the_timeout_of_each_attempt():
    plan = await planned(step(say("a", retries=2, timeout_s=30.0)))
    retry = next(node for node in nodes_of(plan.forward) if isinstance(node, Retry))
    assert retry.attempts == 3
    assert isinstance(retry.node, Timeout) and retry.node.seconds == 30.0


async def test_the_hash_covers_process_targets_and_choice_and_not_what_stands_there():
    steps = (step(SERVICES), step(say("a"), targets=("w1",)))
    plans = [await planned(*steps), await planned(*steps)]
    assert plans[0].hash == plans[1].hash
    world = World()
    resolved = await world.resolve(definition(), "1.1.0")
    base = process(*steps)
    for other in (
        process(steps[0], step(say("a"), targets=("w2",))),
        process(steps[0], step(say("a", retries=1), targets=("w1",))),
        replace(base, choice={"skip": ["a"]}),
    ):
        assert run_process.plan(resolved, other, KINDS).hash != run_process.plan(resolved, base, KINDS).hash


async def test_a_step_called_as_a_part_of_the_services_is_told_apart():
    plan = await planned(step(SERVICES), step(say("switch")))
    names = [one.name for one in steps_of(plan.forward)]
    assert len(names) == len(set(names))


async def test_a_deployment_with_a_process_goes_live_in_order():
    world = World()
    deployed = await played(world, step(say("before")), step(SERVICES), step(say("after")))
    assert deployed.state is TaskState.SUCCEEDED, deployed.end
    assert (said(world), world.live_version()) == (["before", "after"], "1.1.0")


async def test_a_later_step_that_fails_takes_the_switch_back():
    world = World()
    await world.deploy(definition(), "1.0.0")
    deployed = await played(
        world,
        step(SERVICES),
        step(say("check", fails="500")),
        step(say("never")),
        step(say("clean up"), when=FAILURE),
        step(say("tell"), when=ALWAYS),
    )
    assert (deployed.state, deployed.end.reason) == (TaskState.ROLLED_BACK, "500")
    assert said(world) == ["check", "clean up", "tell"]
    assert (world.live_version(), deployed.differences) == ("1.0.0", ())


async def test_services_that_fail_leave_later_steps_out():
    world = World()
    await world.deploy(definition(), "1.0.0")
    world.process = process(step(SERVICES), step(say("never")), step(say("tell"), when=ALWAYS))

    deployed = await world.deploy(definition(), "1.1.0", scripts={"web": ending(1)})
    assert deployed.state is TaskState.ROLLED_BACK
    assert (said(world), world.live_version()) == (["tell"], "1.0.0")


async def test_a_process_without_services_commits_at_its_end_and_leaves_what_is_live():
    world = World()
    await world.deploy(definition(), "1.0.0")
    deployed = await played(world, step(say("a")), step(say("b"), targets=("w2", "w1")))
    assert deployed.state is TaskState.SUCCEEDED
    assert world.records.deployments[deployed.resolved.deployment].is_committed
    assert (said(world), world.live_version()) == (["a", "b", "b"], "1.0.0")


async def test_a_process_without_services_that_fails_fails():
    world = World()
    deployed = await played(world, step(say("a", fails="no disk")), step(say("b")))
    assert (deployed.state, deployed.end.reason) == (TaskState.FAILED, "no disk")
    assert not world.records.deployments[deployed.resolved.deployment].is_committed


async def test_an_action_of_a_step_for_failures_runs_though_the_deployment_failed():
    world = World()
    await played(world, step(say("a", fails="no")), step(say("x"), say("y"), when=FAILURE, name="clean up"))
    assert said(world) == ["a", "x", "y"]


@pytest.mark.parametrize(("goes", "expected"), [("yes", ["look", "go"]), ("no", ["look"])])
async def test_an_action_may_go_by_what_an_earlier_one_gave(goes, expected):
    world = World()
    asked = say("go", condition=RunCondition.VARIABLE, expression="#{Octopus.Action[look].Output.Go}")
    await played(world, step(say("look", outputs={"Go": goes})), step(asked))
    assert said(world) == expected
