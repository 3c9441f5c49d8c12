"""What every task log keeps to, real or fake: the promises of ports/task_log.py."""

from __future__ import annotations

import asyncio
import base64
import json
from urllib.parse import quote

from fairlead.domain.ids import TaskId
from fairlead.ports.task_log import Line
from fairlead.testing.contracts.books import Books

BOUND_S = 20.0
SECRET = "s3cr+t/va lue&\"quoted'ü"
KEY = "-----BEGIN KEY-----\nAAAAB3NzaC1yc2EAAA\nc2Vjb25kIGxpbmU=\n-----END KEY-----\n"


async def _texts(books: Books, task: TaskId) -> list[str]:
    await books.task_log.flush(task)
    return [line.text for line in await books.task_log.read(task, limit=10_000)]


async def _follow(books: Books, task: TaskId, after: int = 0) -> list[Line]:
    async with asyncio.timeout(BOUND_S):
        return [line async for line in books.task_log.follow(task, after=after)]


class TaskLogContract:
    """Numbered, resumable, bounded."""

    async def test_lines_are_numbered_from_one_without_gaps(self, books: Books) -> None:
        task = await books.new_task()
        for number in range(450):
            books.task_log.write(task, "info", "start", f"line {number}")
        await books.task_log.flush(task)
        lines = await books.task_log.read(task, limit=1000)
        assert [line.number for line in lines] == list(range(1, 451))
        assert [line.text for line in lines] == [f"line {number}" for number in range(450)]

    async def test_a_line_keeps_its_level_step_target_and_time(self, books: Books) -> None:
        task = await books.new_task()
        books.task_log.write(task, "error", "switch", "no answer", target="local")
        await books.task_log.flush(task)
        [line] = await books.task_log.read(task)
        assert (line.level, line.step, line.target) == ("error", "switch", "local")
        assert line.at.utcoffset() is not None

    async def test_line_breaks_make_several_lines(self, books: Books) -> None:
        task = await books.new_task()
        books.task_log.write(task, "info", "", "one\ntwo\r\n\nfour\n")
        assert await _texts(books, task) == ["one", "two", "", "four"]

    async def test_reading_goes_on_after_any_number(self, books: Books) -> None:
        task = await books.new_task()
        for number in range(1, 11):
            books.task_log.write(task, "info", "", str(number))
        await books.task_log.flush(task)
        assert [line.text for line in await books.task_log.read(task, after=7)] == ["8", "9", "10"]
        assert [line.text for line in await books.task_log.read(task, after=3, limit=2)] == ["4", "5"]
        assert list(await books.task_log.read(task, after=10)) == []

    async def test_tasks_have_logs_of_their_own(self, books: Books) -> None:
        first, second = await books.new_task(), await books.new_task()
        books.task_log.write(first, "info", "", "mine")
        books.task_log.write(second, "info", "", "yours")
        assert await _texts(books, first) == ["mine"]
        [line] = await _read_flushed(books, second)
        assert (line.number, line.text) == (1, "yours")

    async def test_numbers_go_on_after_a_death(self, books: Books) -> None:
        task = await books.new_task()
        books.task_log.write(task, "info", "", "before")
        await books.task_log.flush(task)
        successor = await books.reborn()
        successor.task_log.write(task, "info", "", "after")
        lines = await _read_flushed(successor, task)
        assert [(line.number, line.text) for line in lines] == [(1, "before"), (2, "after")]

    async def test_a_long_line_is_cut_and_says_so(self, books: Books) -> None:
        task = await books.new_task()
        books.task_log.write(task, "info", "", "x" * 20_000)
        [text] = await _texts(books, task)
        assert len(text) < 9000
        assert "more characters" in text

    async def test_odd_characters_do_no_harm(self, books: Books) -> None:
        task = await books.new_task()
        books.task_log.write(task, "info", "", "nul \0 bell \a snow ☃ lone \ud800 end")
        [text] = await _texts(books, task)
        assert text.startswith("nul ")
        assert text.endswith(" end")
        assert "☃" in text

    async def test_flushing_a_task_that_wrote_nothing_returns(self, books: Books) -> None:
        task = await books.new_task()
        async with asyncio.timeout(BOUND_S):
            await books.task_log.flush(task)
        assert list(await books.task_log.read(task)) == []


class TaskLogFollowContract:
    """Live, and over at the end."""

    async def test_following_tells_what_was_and_what_comes_until_the_end(self, books: Books) -> None:
        task = await books.new_task()
        books.task_log.write(task, "info", "", "before")
        async with asyncio.TaskGroup() as group:
            following = group.create_task(_follow(books, task))
            await asyncio.sleep(0)
            for number in range(300):
                books.task_log.write(task, "info", "", f"while {number}")
            await books.task_log.flush(task)
            await books.end_task(task)
        lines = following.result()
        assert [line.number for line in lines] == list(range(1, 302))
        assert [line.text for line in lines] == ["before", *(f"while {number}" for number in range(300))]

    async def test_following_begins_after_the_number_that_was_given(self, books: Books) -> None:
        task = await books.new_task()
        books.task_log.write(task, "info", "", "one\ntwo\nthree")
        await books.task_log.flush(task)
        await books.end_task(task)
        assert [line.text for line in await _follow(books, task, after=1)] == ["two", "three"]

    async def test_following_an_ended_task_without_a_line_ends(self, books: Books) -> None:
        task = await books.new_task()
        await books.end_task(task)
        assert await _follow(books, task) == []

    async def test_a_line_is_told_while_the_task_runs(self, books: Books) -> None:
        task = await books.new_task()
        lines = books.task_log.follow(task)
        async with asyncio.timeout(BOUND_S):
            first = asyncio.ensure_future(anext(lines))
            await asyncio.sleep(0)
            books.task_log.write(task, "info", "", "now")
            assert (await first).text == "now"
        await books.end_task(task)
        async with asyncio.timeout(BOUND_S):
            assert [line async for line in lines] == []


class TaskLogMaskContract:
    """Law 8: what was handed out is not shown, in whatever form."""

    async def test_a_secret_is_masked_as_it_is_and_in_every_encoding(self, books: Books) -> None:
        task = await books.new_task()
        await books.secrets.values(task, [await books.new_secret(SECRET)])
        encodings = [
            SECRET,
            quote(SECRET, safe=""),
            quote(SECRET),
            json.dumps(SECRET)[1:-1],
            json.dumps(SECRET, ensure_ascii=False)[1:-1],
        ]
        for text in encodings:
            books.task_log.write(task, "info", "", f"before {text} after")
        assert await _texts(books, task) == ["before ••• after"] * len(encodings)

    async def test_base64_is_masked_wherever_the_secret_stands_in_what_was_encoded(self, books: Books) -> None:
        task = await books.new_task()
        await books.secrets.values(task, [await books.new_secret("correct horse battery")])
        for before in ("", "u", "us", "user:"):
            encoded = base64.b64encode(f"{before}correct horse battery".encode()).decode()
            books.task_log.write(task, "info", "", f"Authorization: Basic {encoded}")
        for text in await _texts(books, task):
            assert "•••" in text
            kept = text.removeprefix("Authorization: Basic ").replace("•••", "")
            assert len(kept) <= 12

    async def test_each_line_of_a_secret_of_many_lines_is_masked(self, books: Books) -> None:
        task = await books.new_task()
        await books.secrets.values(task, [await books.new_secret(KEY)])
        for line in KEY.splitlines():
            books.task_log.write(task, "info", "", f"  {line}")
        books.task_log.write(task, "info", "", KEY)
        assert {text.strip() for text in await _texts(books, task)} == {"•••"}

    async def test_a_short_secret_is_masked_where_it_stands_alone(self, books: Books) -> None:
        task = await books.new_task()
        await books.secrets.values(task, [await books.new_secret("ab")])
        books.task_log.write(task, "info", "", "pin=ab, about")
        assert await _texts(books, task) == ["pin=•••, about"]

    async def test_a_task_that_was_not_handed_the_secret_is_not_masked(self, books: Books) -> None:
        task, other = await books.new_task(), await books.new_task()
        await books.secrets.values(other, [await books.new_secret("harmless")])
        books.task_log.write(task, "info", "", "a harmless word")
        assert await _texts(books, task) == ["a harmless word"]

    async def test_a_successor_masks_what_its_predecessor_was_handed(self, books: Books) -> None:
        task = await books.new_task()
        await books.secrets.values(task, [await books.new_secret("correct horse battery")])
        successor = await books.reborn()
        successor.task_log.write(task, "info", "", "it says correct horse battery")
        assert await _texts(successor, task) == ["it says •••"]

    async def test_a_secret_at_the_cut_of_a_long_line_is_masked(self, books: Books) -> None:
        task = await books.new_task()
        await books.secrets.values(task, [await books.new_secret("correct horse battery")])
        books.task_log.write(task, "info", "", "x" * (8 * 1024 - 8) + "correct horse battery")
        [text] = await _texts(books, task)
        assert "correct" not in text


async def _read_flushed(books: Books, task: TaskId) -> list[Line]:
    await books.task_log.flush(task)
    return list(await books.task_log.read(task, limit=10_000))
