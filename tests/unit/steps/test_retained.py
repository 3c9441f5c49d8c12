"""Retention: what goes is recorded first, what is needed meanwhile stays, and what cannot go is there again."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.steps.pipeline_world import TASK, PipelineWorld

from fairlead.domain.effect import Done
from fairlead.domain.errors import Failed
from fairlead.domain.ids import ReleaseId
from fairlead.steps.effects.retained import RetainImages
from fairlead.steps.retention import ResolvedRetention, plan
from fairlead.testing.fake_registry import FakeRegistry

REPOSITORY = "books/web"


class Stubborn(FakeRegistry):
    """Deletes the first and then no more; tells what was recorded by then."""

    records: object = None
    deleted = 0

    async def delete(self, repository: str, digest: str) -> None:
        assert f"{self.address}/{repository}@{digest}" in self.records.gone  # type: ignore[attr-defined]
        if self.deleted:
            raise Failed("registry.failed", "the registry does not delete")
        self.deleted += 1
        await super().delete(repository, digest)


@pytest.fixture
def world(tmp_path: Path) -> PipelineWorld:
    return PipelineWorld(tmp_path)


def references(world: PipelineWorld, *tags: str) -> list[str]:
    return [f"{world.registry.address}/{REPOSITORY}@{world.registry.put(REPOSITORY, tag)}" for tag in tags]


async def retain(world: PipelineWorld, *keep: str) -> Done:
    [effect, _] = [step.node for step in plan(ResolvedRetention(("books",), frozenset(keep))).forward.nodes]  # type: ignore[union-attr]
    done = await RetainImages().do(effect, world.tools(TASK, "retain", "local", {}))  # type: ignore[arg-type]
    assert isinstance(done, Done)
    return done


async def test_what_a_release_has_come_to_need_since_the_plan_was_made_stays(world: PipelineWorld) -> None:
    kept, needed, free = references(world, "src-1", "src-2", "src-3")
    world.records.releases[TASK] = (ReleaseId("rel-1"), {"images": {"web": needed}})
    world.records.needed.add(ReleaseId("rel-1"))
    assert (await retain(world, kept)).output["manifests"] == 1
    assert await world.registry.tags(REPOSITORY) == ["src-1", "src-2"]
    assert world.records.gone == {free}


async def test_what_the_registry_does_not_delete_is_there_again(world: PipelineWorld) -> None:
    world.registry = Stubborn(world.host)
    world.registry.records = world.records  # type: ignore[attr-defined]
    first, second = references(world, "src-1", "src-2")
    with pytest.raises(Failed):
        await retain(world)
    assert len(world.records.gone) == 1 and world.records.gone < {first, second}
    assert len(await world.registry.tags(REPOSITORY)) == 1
