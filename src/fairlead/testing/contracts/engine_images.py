"""What every ContainerEngine keeps to with images."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fairlead.domain.errors import Failed, NotFound
from fairlead.ports.container_engine import (
    LABEL_KEY,
    BuildRequest,
)
from fairlead.testing.contracts.engine_given import FOR_EVER, GivenEngine


class ImageContract:
    """Images: built, tagged, pushed and pulled."""

    async def test_an_image_that_is_not_there(self, given: GivenEngine) -> None:
        unknown = f"{given.registry()}/fairlead/none@sha256:{'0' * 64}"
        assert await given.engine.image(unknown) is None
        await given.engine.remove_image(unknown)
        with pytest.raises(NotFound) as refused:
            await given.engine.pull(unknown, None, lambda _: None)
        assert (refused.value.code, refused.value.thing) == ("image.unknown", unknown)
        with pytest.raises(NotFound) as refused:
            await given.engine.tag("fairlead-none:1", given.name("t"))
        assert refused.value.code == "image.unknown"

    async def test_a_built_image_has_its_names_and_labels(self, given: GivenEngine, tmp_path: Path) -> None:
        (tmp_path / "Dockerfile").write_text(f"FROM {given.base_image()}\nCOPY . /built\n")
        names = (given.name("one") + ":1", given.name("two") + ":1")
        said: list[str] = []
        request = BuildRequest(str(tmp_path), "Dockerfile", names, labels=given.labels("image"))
        built = await given.engine.build(request, said.append)
        try:
            assert set(names) <= set(built.tags)
            assert built.labels[LABEL_KEY] == "image"
            assert any("FROM" in line for line in said)
            assert built.id in [image.id for image in await given.engine.images(given.labels("image"))]
            await given.engine.remove_image(names[0])
            found = await given.engine.image(names[1])
            assert found is not None
            assert found.id == built.id
            assert await given.engine.image(names[0]) is None
        finally:
            for name in names:
                await given.engine.remove_image(name)
        assert await given.engine.images(given.labels("image")) == []

    async def test_a_build_that_fails_tells_its_last_lines(self, given: GivenEngine, tmp_path: Path) -> None:
        (tmp_path / "Dockerfile").write_text(f"FROM {given.base_image()}\nRUN false\n")
        name = given.name("failing") + ":1"
        with pytest.raises(Failed) as refused:
            await given.engine.build(BuildRequest(str(tmp_path), "Dockerfile", (name,)), lambda _: None)
        assert (refused.value.code, refused.value.thing) == ("image.build", name)
        assert "RUN false" in refused.value.message
        assert await given.engine.image(name) is None

    async def test_a_build_without_its_dockerfile_is_named(self, given: GivenEngine, tmp_path: Path) -> None:
        with pytest.raises(Failed) as refused:
            await given.engine.build(BuildRequest(str(tmp_path), "Dockerfile.web", ()), lambda _: None)
        assert refused.value.code == "image.build"
        assert "Dockerfile.web" in refused.value.message

    async def test_pushed_and_pulled_by_digest(self, given: GivenEngine, tmp_path: Path) -> None:
        (tmp_path / "Dockerfile").write_text(f"FROM {given.base_image()}\nCOPY Dockerfile /{given.name('x')}\n")
        tag = f"{given.registry()}/fairlead/{given.name('pushed')}:1"
        request = BuildRequest(str(tmp_path), "Dockerfile", (tag,), labels=given.labels("image"))
        built = await given.engine.build(request, lambda _: None)
        digest = await given.engine.push(tag, None, lambda _: None)
        assert await given.successor.push(tag, None, lambda _: None) == digest
        reference = f"{tag.rpartition(':')[0]}@{digest}"
        try:
            assert (await given.engine.pull(reference, None, lambda _: None)).id == built.id
            for name in (tag, reference):
                await given.engine.remove_image(name)
            assert await given.engine.image(reference) is None
            said: list[str] = []
            pulled = await given.engine.pull(reference, None, said.append)
            assert (pulled.id, reference in pulled.digests, bool(said)) == (built.id, True, True)
        finally:
            for name in (tag, reference):
                await given.engine.remove_image(name)

    async def test_an_image_in_use_stays(self, given: GivenEngine, tmp_path: Path) -> None:
        (tmp_path / "Dockerfile").write_text(f"FROM {given.base_image()}\n")
        name = given.name("used") + ":1"
        request = BuildRequest(str(tmp_path), "Dockerfile", (name,), labels=given.labels("image"))
        built = await given.engine.build(request, lambda _: None)
        spec = replace(given.spec("a", FOR_EVER), image=name)
        await given.engine.ensure_container(spec)
        try:
            await given.engine.remove_image(name)
            assert await given.engine.image(built.id) is not None
        finally:
            await given.engine.remove(spec.name)
            await given.engine.remove_image(name)
            await given.engine.remove_image(built.id)
