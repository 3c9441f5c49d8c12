"""Each thing that can go wrong, at each effect, each verb and each moment: the end is exactly old or exactly new."""

from collections.abc import Sequence as Many
from functools import partial
from random import Random

import pytest

from fairlead.domain.ids import NodeId
from fairlead.domain.plan import Effect, InParallel, Node, Plan, Retry, Sequence, Step, Timeout, all_effects, effects_of
from fairlead.domain.task import TaskState
from fairlead.engine.parts import Parts, Patience
from fairlead.ports.tasks import End
from fairlead.testing.fake_clock import FakeClock
from fairlead.testing.fake_records import FakeRecords
from fairlead.testing.fake_tasks import FakeBinder, FakeTaskLog, FakeTasks
from fairlead.testing.sweep import Deed, Mischief, Moment, Stage, Verb, every_moment
from fairlead.testing.toy_world import World, kinds_of, toy_tools

OLD = {"route": "old", "old slot": "put old slot"}
NEW = {"route": "new", "network": "put network", "web 1": "put web 1", "web 2": "put web 2", "note": "put note"}
PATIENCE = Patience(cleanup_s=0.5, undo_s=2.0, onward_s=2.0, cancel_poll_s=0.005)


def put(name: str) -> Effect:
    return Effect("put", f"put {name}", f"put {name}", {"name": name})


def ask(name: str, answer: str = "yes") -> Effect:
    return Effect("ask", name, name, {"answer": answer}, is_undone=False)


SWITCH = Effect("point", "switch", "switch", {"name": "route", "old": "old", "new": "new"})


def blue_green(post: str = "yes") -> Plan:
    start = Sequence((put("network"), InParallel((put("web 1"), put("web 2"), put("note")), limit=2)))
    steps = (
        Step("start", "Start", start),
        Step("pre", "Test", Timeout(ask("pre"), 30)),
        Step("switch", "Switch", Retry(SWITCH, attempts=2)),
        Step("post", "Test", ask("post", post)),
    )
    retire = Effect("drop", "retire", "retire", {"name": "old slot"}, is_undone=False)
    commit = Effect("commit", "commit", "commit")
    return Plan("deployment", "toy", {}, Sequence(steps), commit, Step("retire", "Retire", retire), ask("tell"))


def make_stage(world: World) -> tuple[Stage, FakeTaskLog]:
    tasks, binder, clock = FakeTasks(), FakeBinder(), FakeClock()
    log = FakeTaskLog(clock)
    tools = partial(toy_tools, clock=clock, task_log=log, records=FakeRecords())
    parts = Parts(NodeId("node"), kinds_of(world), tools, tasks, binder, world.is_committed, log, clock, PATIENCE)
    return Stage(parts, tasks, binder), log


async def play(plan: Plan, mischiefs: Many[Mischief]) -> tuple[End, World, Stage]:
    world = World(dict(OLD))
    stage, log = make_stage(world)
    end = await stage.play(plan, mischiefs)
    assert not stage.disk.broken, stage.disk.broken
    assert end.state is not TaskState.SUCCEEDED or world.snapshot() == NEW, log.text(stage.task)
    if end.state in (TaskState.ROLLED_BACK, TaskState.CANCELLED, TaskState.FAILED):
        assert world.snapshot() == OLD, log.text(stage.task)
    return end, world, stage


FORWARD = [effect.key for effect in effects_of(blue_green().forward)]
ALL = list(every_moment(blue_green(), "die", verbs=(Verb.LOOK, Verb.DO)))
UNDOS = list(every_moment(blue_green(), "die", verbs=(Verb.UNDO,)))


def turned(deed: Deed, mischief: Mischief, times: int = 1) -> Mischief:
    return Mischief(deed, mischief.key, mischief.verb, mischief.moment, times)


def is_before_commit(mischief: Mischief) -> bool:
    is_unsaid = mischief.key == "commit" and (mischief.moment is not Moment.AFTER or mischief.verb is Verb.LOOK)
    return mischief.key in FORWARD or is_unsaid


async def test_nothing_goes_wrong() -> None:
    end, _, stage = await play(blue_green(), [])
    assert end.state is TaskState.SUCCEEDED and stage.deaths == 0


@pytest.mark.parametrize("mischief", ALL, ids=str)
async def test_a_death_is_resumed_to_the_new_release(mischief: Mischief) -> None:
    end, world, stage = await play(blue_green(), [mischief])
    assert end.state is TaskState.SUCCEEDED and stage.deaths == 1 and world.undid == []


@pytest.mark.parametrize("mischief", ALL, ids=str)
async def test_two_deaths_at_one_place_are_resumed_too(mischief: Mischief) -> None:
    end, _, stage = await play(blue_green(), [turned("die", mischief, times=2)])
    assert end.state is TaskState.SUCCEEDED
    assert stage.deaths == 2 or (mischief.verb is Verb.DO and mischief.moment is Moment.AFTER)


@pytest.mark.parametrize("deed", ["fail", "unreachable", "bug"])
@pytest.mark.parametrize("mischief", ALL, ids=str)
async def test_a_failure_ends_old_before_the_commit_and_new_behind_it(mischief: Mischief, deed: Deed) -> None:
    end, _, _ = await play(blue_green(), [turned(deed, mischief, times=2)])
    if mischief.key == "switch" and mischief.verb is Verb.DO and deed != "bug" and end.state is TaskState.SUCCEEDED:
        return  # its retry came through
    if mischief.key == "tell":
        assert end.state is TaskState.SUCCEEDED
    elif is_before_commit(mischief):
        assert end.state is TaskState.ROLLED_BACK
    elif deed == "bug" and mischief.key == "retire":
        assert end.state is TaskState.UNSETTLED and end.is_parked
    else:
        assert end.state is TaskState.SUCCEEDED


@pytest.mark.parametrize("mischief", [one for one in ALL if one.verb is Verb.DO], ids=str)
async def test_a_no_ends_old_before_the_commit_and_new_behind_it(mischief: Mischief) -> None:
    end, _, _ = await play(blue_green(), [turned("no", mischief, times=2)])
    assert end.state is (TaskState.ROLLED_BACK if is_before_commit(mischief) else TaskState.SUCCEEDED)


@pytest.mark.parametrize("mischief", ALL, ids=str)
async def test_a_cancel_ends_old_before_the_commit_and_is_ignored_behind_it(mischief: Mischief) -> None:
    end, _, _ = await play(blue_green(), [turned("cancel", mischief)])
    if mischief.key in FORWARD:
        assert end.state is TaskState.CANCELLED
    else:
        assert end.state is TaskState.SUCCEEDED


@pytest.mark.parametrize("mischief", [one for one in ALL if one.verb is Verb.DO], ids=str)
async def test_what_is_done_twice_is_done_once(mischief: Mischief) -> None:
    end, _, _ = await play(blue_green(), [Mischief("twice", mischief.key, Verb.DO, Moment.AFTER)])
    assert end.state is TaskState.SUCCEEDED


@pytest.mark.parametrize("mischief", UNDOS, ids=str)
@pytest.mark.parametrize("deed", ["die", "fail", "unreachable"])
async def test_what_goes_wrong_in_an_undo_ends_old_all_the_same(mischief: Mischief, deed: Deed) -> None:
    end, _, stage = await play(blue_green("it is broken"), [turned(deed, mischief, times=2)])
    assert (end.state, end.reason) == (TaskState.ROLLED_BACK, "it is broken")
    assert stage.deaths == (2 if deed == "die" else 0)


@pytest.mark.parametrize("mischief", UNDOS, ids=str)
async def test_an_undo_that_fails_for_long_is_unsettled_and_then_taken_up(mischief: Mischief) -> None:
    struck = [turned("unreachable", mischief, times=8), turned("die", mischief, times=9)]
    end, _, stage = await play(blue_green("it is broken"), struck)
    assert end.state is TaskState.ROLLED_BACK and stage.takings_up >= 1


@pytest.mark.parametrize("mischief", UNDOS, ids=str)
async def test_a_bug_in_an_undo_parks_the_task_and_touches_nothing_beneath(mischief: Mischief) -> None:
    end, world, _ = await play(blue_green("it is broken"), [turned("bug", mischief)])
    assert end.state is TaskState.UNSETTLED and end.is_parked
    if mischief.key == "switch":
        assert "web 1" in world.things and "network" in world.things


@pytest.mark.parametrize("mischief", UNDOS, ids=str)
async def test_a_cancel_while_undoing_changes_nothing(mischief: Mischief) -> None:
    end, _, _ = await play(blue_green("it is broken"), [turned("cancel", mischief)])
    assert end.state is TaskState.ROLLED_BACK


def random_node(dice: Random, depth: int, names: list[str]) -> Node:
    kind = dice.choice(["effect", "effect", "sequence", "parallel", "step", "retry", "timeout"]) if depth else "effect"
    inner = partial(random_node, dice, depth - 1, names)
    match kind:
        case "sequence":
            return Sequence(tuple(inner() for _ in range(dice.randint(1, 3))))
        case "parallel":
            return InParallel(tuple(inner() for _ in range(dice.randint(1, 4))), limit=dice.randint(1, 3))
        case "step":
            return Step(f"step {len(names)}", "step", inner())
        case "retry":
            return Retry(inner(), attempts=dice.randint(1, 3))
        case "timeout":
            return Timeout(inner(), 1000.0)
        case _:
            names.append(f"thing {len(names)}")
            return put(names[-1])


DEEDS: tuple[Deed, ...] = ("die", "die", "die", "die", "fail", "unreachable", "no", "cancel")


@pytest.mark.parametrize("seed", range(150))
async def test_any_plan_with_any_misfortune_ends_old_or_new(seed: int) -> None:
    dice = Random(seed)
    names: list[str] = []
    nodes = tuple(random_node(dice, 3, names) for _ in range(dice.randint(1, 3)))
    plan = Plan("deployment", "toy", {}, Sequence(nodes), Effect("commit", "commit", "commit"))
    keys = [effect.key for effect in all_effects(plan)]
    mischiefs = [
        Mischief(dice.choice(DEEDS), dice.choice(keys), dice.choice(list(Verb)), dice.choice(list(Moment)), 2)
        for _ in range(dice.randint(1, 6))
    ]
    mischiefs = [one for one in mischiefs if not (one.deed == "no" and one.verb is not Verb.DO)]
    world = World()
    stage, log = make_stage(world)
    end = await stage.play(plan, mischiefs)
    assert not stage.disk.broken, stage.disk.broken
    wanted = {name: f"put {name}" for name in names} if end.state is TaskState.SUCCEEDED else {}
    assert world.snapshot() == wanted, log.text(stage.task)
    assert end.code != "step.bug", log.text(stage.task)
