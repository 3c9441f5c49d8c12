"""The pipeline's plan, and whole runs in memory."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.steps.pipeline_world import DEFINITION, FILES, OUTLINE, SERVICES, TASK, URL, PipelineWorld, resolved

from fairlead.domain.looked_up import ScriptSource
from fairlead.domain.outline import OutlineService
from fairlead.domain.plan import all_effects, steps_of
from fairlead.domain.record import from_data, to_data
from fairlead.domain.service import Bind, Build, PublishedPort, Tests
from fairlead.domain.task import TaskState
from fairlead.steps.effects.bench import BenchService
from fairlead.steps.pipeline import plan, version_tag
from fairlead.testing.deploy_world import ending

COMMIT = "a" * 40


def names(run_plan) -> list[str]:
    return [step.name for step in steps_of(run_plan.forward)]


def test_the_steps_stand_in_the_order_of_the_pipeline(tmp_path: Path) -> None:
    made = plan(resolved(COMMIT, tmp_path))
    expected = [
        "check-out",
        "build-tests",
        "build-beside",
        "pre-deployment",
        "build",
        "built-images",
        "push",
        "release",
    ]
    assert names(made) == expected
    assert [step.name for step in steps_of(made.always)] == ["tidy"]
    assert made.commit is None and made.task_kind == "run"
    assert from_data(type(made), to_data(made)) == made


def test_keys_are_unique_and_each_kind_is_known(tmp_path: Path) -> None:
    from fairlead.steps.pipeline import Pipeline

    effects = all_effects(plan(resolved(COMMIT, tmp_path)))
    keys = [effect.key for effect in effects]
    assert len(keys) == len(set(keys))
    assert {effect.kind for effect in effects} <= set(Pipeline.effects)


def test_without_tests_there_is_nothing_but_builds(tmp_path: Path) -> None:
    outline = replace(OUTLINE, tests=None)
    made = plan(resolved(COMMIT, tmp_path, outline=outline))
    assert names(made) == ["check-out", "build", "push", "release"]


def test_without_builds_digests_are_taken(tmp_path: Path) -> None:
    outline = replace(OUTLINE, tests=None, services=(OutlineService("db", image="db:1"),))
    made = plan(resolved(COMMIT, tmp_path, outline=outline))
    assert names(made) == ["check-out", "push", "release"]
    assert "pin/db" in [effect.key for effect in all_effects(made)]


def test_an_image_with_a_variable_is_left_to_the_deployment(tmp_path: Path) -> None:
    outline = replace(OUTLINE, tests=None, services=(OutlineService("db", image="db:#{Version}"),))
    made = plan(resolved(COMMIT, tmp_path, outline=outline))
    assert not [effect for effect in all_effects(made) if effect.service == "db"]


def test_a_built_service_beside_the_tests_is_built_before_them(tmp_path: Path) -> None:
    tests = Tests(image="tests:1", services=("web",))
    run = resolved(
        COMMIT,
        tmp_path,
        outline=replace(OUTLINE, tests=tests),
        definition=replace(DEFINITION, tests=tests),
    )
    keys = [effect.key for effect in all_effects(plan(run))]
    assert keys.index("build/web") < keys.index("pre-deployment/web") < keys.index("pre-deployment/tests")
    assert keys.index("pre-deployment/db") < keys.index("pre-deployment/web")  # it depends on it


def test_only_tests_that_are_asked_for_are_run(tmp_path: Path) -> None:
    tests = Tests(image="tests:1", kinds=("post-integration",))
    made = plan(resolved(COMMIT, tmp_path, outline=replace(OUTLINE, tests=tests)))
    assert names(made) == ["check-out", "build-tests", "build", "push", "release"]


def test_what_could_harm_stays_out_of_the_bench_and_is_named(tmp_path: Path) -> None:
    web, db, cache = SERVICES
    harmful = replace(
        db,
        privileged=True,
        mounts=(*db.mounts, Bind("/", "/host", read_only=False)),
        ports=(PublishedPort("0.0.0.0", 5432, 5432),),
        cap_add=("SYS_ADMIN",),
        devices=("/dev/kvm",),
        network_mode="host",
        pid_mode="host",
        security_opt=("seccomp=unconfined",),
    )
    made = plan(resolved(COMMIT, tmp_path, definition=replace(DEFINITION, services=(web, harmful, cache))))
    (effect,) = [effect for effect in all_effects(made) if effect.key == "pre-deployment/db"]
    service = from_data(BenchService, dict(effect.arguments)).blueprint.service
    assert not service.privileged and not service.ports and not service.cap_add and not service.devices
    assert not service.network_mode and not service.pid_mode and not service.security_opt
    (mount,) = service.mounts
    assert mount.name != "data"  # type: ignore[union-attr]
    (warning,) = made.warnings
    assert "privileged" in warning and "binds" in warning and "db" in warning


def test_a_version_becomes_a_tag() -> None:
    assert version_tag("1.4.0+build.7") == "1.4.0_build.7"


async def test_a_run_makes_a_release_and_leaves_nothing(tmp_path: Path) -> None:
    world = PipelineWorld(tmp_path)
    end = await world.play(plan(resolved(world.commit, world.workspace)))
    assert end.state is TaskState.SUCCEEDED, (end, world.log.text(TASK))
    _, facts = world.records.releases[TASK]
    assert sorted(facts["images"]) == ["cache", "db", "web"]  # type: ignore[arg-type, type-var]
    assert all("@sha256:" in str(reference) for reference in facts["images"].values())  # type: ignore[union-attr]
    assert str(facts["test_image"]).startswith(f"{world.registry.address}/books/tests.image@")
    assert sorted(world.builds) == ["tests.image", "web"]
    assert await world.left() == []
    assert "t0ken" not in str(to_data(plan(resolved(world.commit, world.workspace))))


async def test_scripts_of_other_repositories_are_of_the_commits_that_are_there_then(tmp_path: Path) -> None:
    world = PipelineWorld(tmp_path)
    tools = "https://git.test/tools.git"
    commit = world.source.commit(tools, "v2", {"measure.sh": b"true"})
    world.records.scripts = (ScriptSource(tools, "v2", "measure.sh"),)
    assert (await world.play(plan(resolved(world.commit, world.workspace)))).state is TaskState.SUCCEEDED
    _, facts = world.records.releases[TASK]
    told = {"is": "ScriptSource", "url": tools, "ref": "v2", "file": "measure.sh"}
    assert facts["script_commits"] == [[told, commit]]
    assert commit[:12] in world.log.text(TASK)


async def test_a_run_makes_no_release_where_a_script_is_not_there(tmp_path: Path) -> None:
    world = PipelineWorld(tmp_path)
    world.records.scripts = (ScriptSource(URL, "main", "absent.sh"),)
    end = await world.play(plan(resolved(world.commit, world.workspace)))
    assert (end.state, end.code) == (TaskState.FAILED, "source.file")
    assert TASK not in world.records.releases and await world.left() == []


async def test_unchanged_inputs_are_not_built_again(tmp_path: Path) -> None:
    world = PipelineWorld(tmp_path)
    await world.play(plan(resolved(world.commit, world.workspace)))
    again = world.source.commit(URL, "main", {**FILES, "README": b"more", "Dockerfile.tests": b"FROM base:1\n#\n"})
    world.tasks.entries.clear()
    world.records.releases.clear()
    later = PipelineWorld(tmp_path, source=world.source)
    later.registry.world = later.host
    later.host.registry.update(world.host.registry)
    later.host.images.update(world.host.images)
    later.commit = again
    end = await later.play(plan(resolved(again, later.workspace, version="1.1.0")))
    assert end.state is TaskState.SUCCEEDED, later.log.text(TASK)
    assert later.builds == ["tests.image"]  # whose context is the whole repository
    first, second = world.records.releases, later.records.releases[TASK][1]
    assert not first
    assert str(second["images"]["web"]).rpartition("@")[2]  # type: ignore[index, call-overload]


@pytest.mark.parametrize(
    ("name", "script", "code"),
    [
        ("tests.image", ending(1, "no"), "tests.failed"),
        ("tests.image", ending(127), "tests.broken"),
        ("web", ending(3, "cannot start"), "tests.broken"),
    ],
)
async def test_a_no_ends_the_run_with_its_reason(tmp_path: Path, name: str, script, code: str) -> None:
    world = PipelineWorld(tmp_path)
    world.scripts[name] = script
    end = await world.play(plan(resolved(world.commit, world.workspace)))
    assert end.state not in (TaskState.SUCCEEDED, TaskState.UNSETTLED) and end.code == code
    assert TASK not in world.records.releases
    assert await world.left() == []


async def test_a_failed_build_says_so(tmp_path: Path) -> None:
    world = PipelineWorld(tmp_path)
    world.commit = world.source.commit(URL, "main", {**FILES, "web/Dockerfile": b"FROM base:1\nRUN false\n"})
    end = await world.play(plan(resolved(world.commit, world.workspace)))
    assert end.code == "image.build" and "web" in end.reason
    assert await world.left() == []


async def test_a_base_image_that_nobody_has_is_named(tmp_path: Path) -> None:
    world = PipelineWorld(tmp_path)
    world.commit = world.source.commit(URL, "main", {**FILES, "web/Dockerfile": b"FROM absent:9\n"})
    end = await world.play(plan(resolved(world.commit, world.workspace)))
    assert end.code == "image.build" and "absent:9" in end.reason


async def test_a_carried_file_that_is_a_link_out_is_refused(tmp_path: Path) -> None:
    world = PipelineWorld(tmp_path)
    files = {**FILES, "fairlead.yml@": b"/etc/passwd"}
    del files["fairlead.yml"]
    world.commit = world.source.commit(URL, "main", files)
    end = await world.play(plan(resolved(world.commit, world.workspace)))
    assert end.state is not TaskState.SUCCEEDED and "leads out" in end.reason
    assert TASK not in world.records.releases


def test_a_build_of_the_root_is_taken() -> None:
    assert Build().context == "."
