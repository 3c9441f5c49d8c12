"""Every strategy × every effect × everything that can go wrong there, on the fakes: exactly old or exactly new."""

import pytest

from fairlead.domain.plan import all_effects
from fairlead.domain.task import TaskState
from fairlead.testing.matrix import SEEDS, Point, Tried, by_seed, points_of, told, try_point
from fairlead.testing.mischief import Mischief, Moment, Verb
from fairlead.testing.scenarios import STRATEGIES, Scenario, last_forward, prepare

MADE: dict[str, Scenario] = {}
DEEDS = ("die", "freeze", "twice", "late", "no", "fail", "cancel")


async def scenario(name: str) -> Scenario:
    if name not in MADE:
        MADE[name] = await prepare(next(one for one in STRATEGIES if one.name == name))
    return MADE[name]


async def tried(name: str, points: list[Point]) -> list[Tried]:
    made = await scenario(name)
    return [await try_point(made, point) for point in points]


async def points(name: str) -> list[Point]:
    return list(points_of(name, (await scenario(name)).plan, seeds=()))


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("strategy", [one.name for one in STRATEGIES])
async def test_whatever_goes_wrong_at_any_effect_it_ends_exactly_old_or_exactly_new(strategy: str, deed: str) -> None:
    chosen = [one for one in await points(strategy) if len(one.mischiefs) == 1 and one.mischiefs[0].deed == deed]
    ends = await tried(strategy, chosen)
    assert chosen
    assert all(one.holds for one in ends), told(ends)


@pytest.mark.parametrize("strategy", [one.name for one in STRATEGIES])
async def test_whatever_goes_wrong_in_an_undo_it_ends_exactly_old(strategy: str) -> None:
    chosen = [one for one in await points(strategy) if len(one.mischiefs) == 2]
    ends = await tried(strategy, chosen)
    assert chosen
    assert {one.end for one in ends} == {"old"}, told(ends)


@pytest.mark.parametrize("strategy", [one.name for one in STRATEGIES])
async def test_several_misfortunes_at_once_end_exactly_old_or_exactly_new(strategy: str) -> None:
    plan = (await scenario(strategy)).plan
    ends = await tried(strategy, [by_seed(strategy, plan, seed) for seed in range(SEEDS)])
    assert all(one.holds for one in ends), told(ends)


# The sweep itself can fail


class Forgetful:
    """An effect kind that takes nothing back."""

    def __init__(self, kind):
        self.look, self.do = kind.look, kind.do

    async def undo(self, effect, tools):
        return None


@pytest.mark.parametrize("kind", ["slot.claim", "catalogue.register", "instance.stop"])
async def test_an_undo_that_is_forgotten_is_red_and_says_how_to_play_it_again(kind: str) -> None:
    made = await prepare(next(one for one in STRATEGIES if one.name == "worker"))
    made.world.effects = {**made.world.effects, kind: Forgetful(made.world.effects[kind])}
    last = Mischief("no", "ready:worker:1", Verb.DO, Moment.AFTER)
    end = await try_point(made, Point("worker", (last,)))
    assert end.end == "otherwise"
    assert any("is left" in wrong or "is gone" in wrong or "is {" in wrong or "is (" in wrong for wrong in end.wrong)
    assert "--point 'worker no:after:do:ready:worker:1'" in told([end])


async def test_a_package_that_is_left_on_a_target_is_red_whether_new_or_old() -> None:
    made = await prepare(next(one for one in STRATEGIES if one.name == "targets"))
    made.world.effects = {**made.world.effects, "package.install": Forgetful(made.world.effects["package.install"])}
    end = await try_point(made, Point("targets", (Mischief("no", last_forward(made.plan), Verb.DO, Moment.AFTER),)))
    assert any("package books/Production/Tools/1.4.0" in wrong and "is left" in wrong for wrong in end.wrong)
    made = await prepare(next(one for one in STRATEGIES if one.name == "targets"))
    made.world.targets["w2"].directories["books/Production/Tools/1.3.0-0000"] = ("files/run",)
    end = await try_point(made, Point("targets", (Mischief("die", "commit", Verb.DO, Moment.AFTER),)))
    assert any("1.3.0" in wrong and "is left" in wrong for wrong in end.wrong)


async def test_targets_are_chosen_and_one_that_does_not_answer_is_left_out() -> None:
    made = await scenario("targets")
    assert "targets.choose" in {effect.kind for effect in all_effects(made.plan)}
    assert set(made.world.targets) == {"w1", "w2"}
    assert len([name for name in made.new if name.startswith("package ")]) == 2
    assert not {name for name in made.new if name.startswith("package ")} & set(made.old), "the older ones went"


@pytest.mark.parametrize("moment", list(Moment))
async def test_where_a_package_was_copied_to_is_never_taken_away(moment: Moment) -> None:
    made = await scenario("targets")
    last = Mischief("no", last_forward(made.plan), Verb.DO, Moment.AFTER)
    deployed, world = await made.play(Mischief("die", "[Tools][w1]/copy", Verb.DO, moment), last)
    assert deployed.state is TaskState.ROLLED_BACK
    assert world.targets["w1"].custom == {"/srv/tools": ("files/DeployFailed.sh", "files/run")}
    assert world.targets["w1"].journal == made.world.targets["w1"].journal


async def ran_on_w1(*mischiefs: Mischief) -> tuple[TaskState, list[str]]:
    """How it ended, and which scripts of the package were run there by it."""
    made = await scenario("targets")
    deployed, world = await made.play(*mischiefs)
    before = len(made.world.targets["w1"].ran)
    return deployed.state, [path.rpartition("/")[2] for path in world.targets["w1"].ran[before:]]


@pytest.mark.parametrize("verb", [Verb.LOOK, Verb.DO])
@pytest.mark.parametrize("moment", list(Moment))
async def test_a_script_of_a_package_runs_once_whenever_the_server_dies(moment: Moment, verb: Verb) -> None:
    died = Mischief("die", "[Tools][w1]/deploy", verb, moment)
    assert await ran_on_w1(died) == (TaskState.SUCCEEDED, ["Deploy.sh"])


@pytest.mark.parametrize("moment", list(Moment))
async def test_what_a_package_has_for_failures_runs_once_before_it_is_taken_back(moment: Moment) -> None:
    no = Mischief("no", "[Tools][w1]/deploy", Verb.DO, Moment.AFTER)
    died = Mischief("die", "[Tools][w1]/deploy_failed", Verb.DO, moment)
    assert await ran_on_w1(no, died) == (TaskState.ROLLED_BACK, ["Deploy.sh", "DeployFailed.sh"])


@pytest.mark.parametrize("kind", ["route.point", "instance.start"])
async def test_an_undo_that_others_stand_on_leaves_the_task_unsettled(kind: str) -> None:
    """A colour is never emptied under its users, a network never removed under its containers."""
    made = await prepare(next(one for one in STRATEGIES if one.name == "worker"))
    made.world.effects = {**made.world.effects, kind: Forgetful(made.world.effects[kind])}
    last = Mischief("no", "ready:worker:1", Verb.DO, Moment.AFTER)
    end = await try_point(made, Point("worker", (last,)))
    assert end.wrong == ("the task comes to no end",)


async def test_a_seed_gives_the_same_misfortunes_every_time() -> None:
    plan = (await scenario("worker")).plan
    assert by_seed("worker", plan, 7) == by_seed("worker", plan, 7)
    assert len({by_seed("worker", plan, seed).mischiefs for seed in range(30)}) == 30
