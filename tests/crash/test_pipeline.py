"""Kill, fail and cancel at every effect of a run: a release or none, and never anything left on the machine."""

from pathlib import Path

import pytest
from tests.unit.steps.pipeline_world import TASK, PipelineWorld, resolved

from fairlead.domain.task import TaskState
from fairlead.steps.pipeline import plan
from fairlead.testing.sweep import Mischief, Moment, Verb, every_moment

PLAN = plan(resolved("a" * 40, Path("/nowhere")))


def cases(deed: str, *moments: Moment, verb: Verb = Verb.DO) -> list[Mischief]:
    return list(every_moment(PLAN, deed, verbs=(verb,), moments=moments))  # type: ignore[arg-type]


@pytest.mark.parametrize("mischief", cases("die", *Moment), ids=str)
async def test_a_server_that_dies_is_resumed(tmp_path: Path, mischief: Mischief) -> None:
    world = PipelineWorld(tmp_path)
    end = await world.play(plan(resolved(world.commit, world.workspace)), mischief)
    assert end.state is TaskState.SUCCEEDED, (end, world.log.text(TASK))
    assert world.stage.deaths == 1
    assert len(world.records.releases) == 1
    assert await world.left() == []


@pytest.mark.parametrize("deed", ["no", "bug", "cancel"])
@pytest.mark.parametrize("moment", [Moment.BEFORE, Moment.AFTER])
async def test_what_stops_a_run_leaves_nothing(tmp_path: Path, deed: str, moment: Moment) -> None:
    for number, mischief in enumerate(cases(deed, moment)):
        if mischief.key == "tidy":
            continue
        world = PipelineWorld(tmp_path / str(number))
        end = await world.play(plan(resolved(world.commit, world.workspace)), mischief)
        assert end.state.has_ended or end.is_parked, (mischief, end)
        if end.is_parked:
            continue  # a person looks at it before anything is touched
        is_after_the_release = mischief.key == "release" and moment is Moment.AFTER
        assert (TASK in world.records.releases) == is_after_the_release or end.state is TaskState.SUCCEEDED, mischief
        assert await world.left() == [], (mischief, end)


@pytest.mark.parametrize("verb", [Verb.LOOK, Verb.DO])
async def test_what_does_not_answer_for_a_moment_is_asked_again_or_ends_the_run(tmp_path: Path, verb: Verb) -> None:
    for number, mischief in enumerate(cases("unreachable", Moment.BEFORE, verb=verb)):
        world = PipelineWorld(tmp_path / str(number))
        end = await world.play(plan(resolved(world.commit, world.workspace)), mischief)
        assert end.state.has_ended, (mischief, end)
        assert (TASK in world.records.releases) == (end.state is TaskState.SUCCEEDED) or mischief.key == "tidy"
        assert await world.left() == [], (mischief, end)
