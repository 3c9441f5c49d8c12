"""What every Registry keeps to: subclass it and give the fixture `given`."""

from __future__ import annotations

import asyncio
from typing import Protocol

import pytest

from fairlead.domain.errors import Unreachable
from fairlead.ports.registry import Registry

NO_DIGEST = "sha256:" + "0" * 64


class GivenRegistry(Protocol):
    """A registry, and a way to put images into it as others do. `is_own` says that its garbage is ours."""

    registry: Registry
    is_own: bool

    async def put(self, repository: str, tag: str) -> str:
        """A new image under that name, another one each time; its digest."""
        ...

    def silent(self) -> Registry:
        """A registry that does not answer."""
        ...


class RegistryContract:
    """The rules: what is not there is an answer, gone is fine, only what was named goes."""

    async def test_it_answers(self, given: GivenRegistry) -> None:
        await given.registry.check()

    async def test_one_that_does_not_answer_is_unreachable(self, given: GivenRegistry) -> None:
        silent = given.silent()
        for asking in (
            silent.check,
            silent.repositories,
            lambda: silent.digest("a", "1"),
            lambda: silent.tags("a"),
        ):
            with pytest.raises(Unreachable) as refused:
                await asking()
            assert (refused.value.code, refused.value.thing) == ("registry.unreachable", silent.address)

    async def test_a_tag_names_the_digest_that_was_put_last(self, given: GivenRegistry) -> None:
        first = await given.put("books/web", "1")
        assert await given.registry.digest("books/web", "1") == first
        second = await given.put("books/web", "1")
        assert await given.registry.digest("books/web", "1") == second != first
        assert await given.registry.digest("books/web", first) == first

    async def test_what_is_not_there_has_no_digest_and_no_tags(self, given: GivenRegistry) -> None:
        await given.put("books/web", "1")
        assert await given.registry.digest("books/web", "2") is None
        assert await given.registry.digest("books/none", "1") is None
        assert await given.registry.digest("books/web", NO_DIGEST) is None
        assert list(await given.registry.tags("books/none")) == []

    async def test_tags_and_repositories_are_listed(self, given: GivenRegistry) -> None:
        for repository, tag in (("books/web", "1"), ("books/web", "2"), ("books/db", "1")):
            await given.put(repository, tag)
        assert sorted(await given.registry.tags("books/web")) == ["1", "2"]
        assert set(await given.registry.repositories()) == {"books/web", "books/db"}

    async def test_only_what_was_named_is_deleted(self, given: GivenRegistry) -> None:
        first, second = await given.put("books/web", "1"), await given.put("books/web", "2")
        await given.registry.delete("books/web", first)
        await given.registry.delete("books/web", first)
        await given.registry.delete("books/none", NO_DIGEST)
        assert await given.registry.digest("books/web", first) is None
        assert await given.registry.digest("books/web", "2") == second

    async def test_only_garbage_is_collected(self, given: GivenRegistry) -> None:
        untagged, kept = await given.put("books/web", "1"), await given.put("books/web", "1")
        assert await given.registry.collect_garbage() == 0
        await given.registry.delete("books/web", untagged)
        assert (await given.registry.collect_garbage() > 0) is given.is_own
        assert await given.registry.collect_garbage() == 0
        assert await given.registry.digest("books/web", "1") == kept
        again = await given.put("books/web", "3")
        assert await given.registry.digest("books/web", "3") == again

    async def test_an_untagged_image_is_no_garbage(self, given: GivenRegistry) -> None:
        released = await given.put("books/web", "1")
        await given.put("books/web", "1")
        await given.registry.collect_garbage()
        assert await given.registry.digest("books/web", released) == released

    async def test_garbage_waits_for_a_push(self, given: GivenRegistry) -> None:
        unwanted = await given.put("books/web", "1")
        await given.registry.delete("books/web", unwanted)
        async with given.registry.pushing(), given.registry.pushing():
            collecting = asyncio.create_task(given.registry.collect_garbage())
            done, _ = await asyncio.wait([collecting], timeout=0.2)
            assert not done or not given.is_own
        async with asyncio.timeout(30):
            assert (await collecting > 0) is given.is_own
