"""What every keeper of artifacts keeps to, real or fake: the promises of ports/artifacts.py."""

from __future__ import annotations

import hashlib

import pytest

from fairlead.domain.errors import NotFound, TooLarge
from fairlead.testing.contracts.books import Books

CONTENT = b"\x00\xffbytes\r\n"
MEBIBYTE = 1024 * 1024


class ArtifactsContract:
    """By content, with names under a task."""

    async def test_bytes_are_kept_by_their_sha256(self, books: Books) -> None:
        key = await books.artifacts.put_blob(CONTENT)
        assert key == f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"
        assert await books.artifacts.blob(key) == CONTENT

    async def test_bytes_are_read_in_any_order_too(self, books: Books) -> None:
        with await books.artifacts.open_blob(await books.artifacts.put_blob(CONTENT)) as file:
            file.seek(2)
            assert file.read(5) == CONTENT[2:7]
            file.seek(0)
            assert file.read() == CONTENT

    async def test_keeping_twice_is_keeping_once(self, books: Books) -> None:
        assert await books.artifacts.put_blob(CONTENT) == await books.artifacts.put_blob(CONTENT)

    async def test_empty_bytes_are_bytes(self, books: Books) -> None:
        assert await books.artifacts.blob(await books.artifacts.put_blob(b"")) == b""

    @pytest.mark.parametrize("key", ["sha256:" + "0" * 64, "sha256:../../etc/passwd", "", "md5:0"])
    async def test_unknown_keys_are_not_found(self, books: Books, key: str) -> None:
        with pytest.raises(NotFound) as raised:
            await books.artifacts.blob(key)
        assert raised.value.code == "artifact.unknown"
        with pytest.raises(NotFound):
            await books.artifacts.open_blob(key)

    async def test_bytes_that_nothing_names_are_let_go_and_twice_is_once(self, books: Books) -> None:
        task, key = await books.new_task(), await books.artifacts.put_blob(CONTENT)
        await books.artifacts.attach(task, "results.xml", CONTENT, kind="junit")
        await books.artifacts.let_go(key)
        assert await books.artifacts.blob(key) == CONTENT
        other = await books.artifacts.put_blob(b"nobody's")
        for _ in range(2):
            await books.artifacts.let_go(other)
        with pytest.raises(NotFound):
            await books.artifacts.blob(other)

    async def test_names_belong_to_a_task(self, books: Books) -> None:
        task, other = await books.new_task(), await books.new_task()
        await books.artifacts.attach(task, "results.xml", CONTENT, kind="junit")
        await books.artifacts.attach(task, "web-1.log", b"lines", kind="output")
        assert await books.artifacts.names(task) == {"results.xml": "junit", "web-1.log": "output"}
        assert await books.artifacts.names(other) == {}
        assert await books.artifacts.read(task, "results.xml") == CONTENT

    async def test_the_latest_under_a_name_holds(self, books: Books) -> None:
        task = await books.new_task()
        await books.artifacts.attach(task, "web-1.log", b"old", kind="output")
        await books.artifacts.attach(task, "web-1.log", b"new", kind="evidence")
        assert await books.artifacts.names(task) == {"web-1.log": "evidence"}
        assert await books.artifacts.read(task, "web-1.log") == b"new"

    async def test_an_unknown_name_is_not_found_and_named(self, books: Books) -> None:
        with pytest.raises(NotFound, match="nothing.log"):
            await books.artifacts.read(await books.new_task(), "nothing.log")

    async def test_a_file_over_the_limit_is_refused(self, books: Books) -> None:
        task = await books.new_task()
        with pytest.raises(TooLarge) as raised:
            await books.artifacts.attach(task, "dump", bytes(64 * MEBIBYTE + 1), kind="output")
        assert raised.value.code == "input.too_large"
        assert await books.artifacts.names(task) == {}

    async def test_a_task_over_its_limit_is_refused_and_may_replace(self, books: Books) -> None:
        task, large = await books.new_task(), bytes(64 * MEBIBYTE)
        for number in range(8):
            await books.artifacts.attach(task, f"part-{number}", large, kind="output")
        with pytest.raises(TooLarge):
            await books.artifacts.attach(task, "one-more", b"x", kind="output")
        await books.artifacts.attach(task, "part-0", b"smaller", kind="output")
        await books.artifacts.attach(task, "one-more", b"x", kind="output")

    async def test_artifacts_outlive_the_process(self, books: Books) -> None:
        task = await books.new_task()
        await books.artifacts.attach(task, "results.xml", CONTENT, kind="junit")
        successor = await books.reborn()
        assert await successor.artifacts.read(task, "results.xml") == CONTENT
