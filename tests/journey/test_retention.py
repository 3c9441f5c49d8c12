"""Retention on a real engine and Fairlead's own registry: what a release names stays, the rest goes, space is freed."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from tests.journey.pipeline_rig import Rig

from fairlead.adapters.engines.docker import DockerEngine
from fairlead.adapters.registries.own import OwnRegistry
from fairlead.adapters.sources.git import Git
from fairlead.domain.effect import Done
from fairlead.ports.container_engine import BuildRequest
from fairlead.steps.retention import ResolvedRetention, Retention, plan


@pytest.fixture
async def rig(
    docker_socket: Path, base_image: str, registry_binary: Path, tmp_path: Path, free_port: Callable[[], int]
) -> AsyncIterator[Rig]:
    registry = OwnRegistry(tmp_path / "registry", port=free_port(), program=str(registry_binary))
    await registry.ensure_running()
    try:
        async with DockerEngine(str(docker_socket)) as engine:
            yield Rig(engine, registry, Git(tmp_path / "data"), tmp_path, kinds=Retention.effects)
    finally:
        await registry.stop()


async def push(rig: Rig, project: str, content: bytes, tag: str) -> str:
    """An image as the pipeline pushes one; its reference by digest."""
    folder = rig.folder / "context"
    folder.mkdir(exist_ok=True)
    (folder / "content").write_bytes(content)
    (folder / "Dockerfile").write_text("FROM fairlead-base-busybox:1\nCOPY content /content\n")
    name = f"{rig.registry.address}/{project}/web:{tag}"
    request = BuildRequest(str(folder), "Dockerfile", (name,), labels={"io.fairlead.project": project})
    await rig.engine.build(request, lambda line: None)
    digest = await rig.engine.push(name, None, lambda line: None)
    return f"{rig.registry.address}/{project}/web@{digest}"


async def test_what_no_release_names_goes_and_the_rest_stays(rig: Rig, test_session: str) -> None:
    ours, busy = f"a-{test_session[:6]}", f"b-{test_session[:6]}"
    references = {}
    try:
        references["kept"] = await push(rig, ours, b"kept" * 50_000, "src-1")
        references["gone"] = await push(rig, ours, bytes(range(256)) * 2_000, "src-2")
        references["stranger"] = await push(rig, ours, b"by hand", "by-hand")
        references["busy"] = await push(rig, busy, b"not released yet", "src-3")
        references["other"] = await push(rig, "other-installation", b"theirs", "src-4")
        resolved = ResolvedRetention((ours, busy), frozenset({references["kept"]}), busy=(busy,))
        for again in range(2):
            ended = await rig.run(plan(resolved), f"retention-{again}")
            assert isinstance(ended.outcome, Done), ended.log
            tags = [await rig.registry.tags(f"{project}/web") for project in (ours, busy, "other-installation")]
            assert [sorted(some) for some in tags] == [["by-hand", "src-1"], ["src-3"], ["src-4"]]
            if not again:
                report = ended.books.noted["retention"]
                assert isinstance(report, dict)
                assert report["manifests"] == [references["gone"]]
                assert references["gone"] in ended.books.let_go_first
                assert isinstance(report["freed_bytes"], int) and report["freed_bytes"] > 300
                assert await rig.engine.image(references["gone"]) is None
                assert await rig.engine.image(references["kept"]) is not None
                assert await rig.engine.image(references["stranger"]) is not None
        await rig.engine.remove_image(references["kept"])
        await rig.engine.remove_image(f"{rig.registry.address}/{ours}/web:src-1")
        assert await rig.engine.pull(references["kept"], None, lambda line: None)
    finally:
        for project in (ours, busy, "other-installation"):
            for image in await rig.engine.images({"io.fairlead.project": project}):
                for name in (*image.tags, *image.digests):
                    await rig.engine.remove_image(name)
