"""What every Connection keeps to: subclass it and give the fixture `given`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Protocol

import pytest

from fairlead.domain.errors import Invalid, NotFound, TooLarge, Unreachable
from fairlead.ports.connection import Command, Connection, Progress

PATIENCE_S = 20.0
POLL_S = 0.02


class GivenConnection(Protocol):
    """A connection, a successor to it (as after a server's death), and commands that do known things there."""

    connection: Connection
    successor: Connection

    def prints(self, text: str, *, exit_code: int = 0) -> Command:
        """A command that writes the text, in several pieces, and ends."""
        ...

    def repeats(self, file: Path) -> Command:
        """A command that writes what it reads, which is this file here."""
        ...

    def runs_for_ever(self) -> Command:
        """A command that writes ``begun``, starts a child of its own and ends only when it is told to."""
        ...

    def is_running(self, command: Command) -> bool:
        """Whether any of what that command started still runs."""
        ...

    def times_begun(self, command: Command) -> int:
        """How often that command was begun."""
        ...

    def directory(self) -> str:
        """An empty directory there."""
        ...

    def echo_address(self) -> str:
        """Something to dial that answers ``ping`` with ``ping``."""
        ...

    def silent_address(self) -> str:
        """An address at which nothing listens."""
        ...


async def ended(connection: Connection, ticket: str) -> Progress:
    """The whole log and the exit code, once it has ended."""
    log, position = b"", 0
    async with asyncio.timeout(PATIENCE_S):
        while True:
            progress = await connection.progress(ticket, after=position)
            log, position = log + progress.log, progress.position
            if progress.exit_code is not None:
                return Progress(progress.exit_code, log, position)
            await asyncio.sleep(POLL_S)


async def begun(connection: Connection, ticket: str) -> None:
    """Return when it has written something."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if (await connection.progress(ticket)).log:
                return
            await asyncio.sleep(POLL_S)


class ConnectionContract:
    """The rules: twice is once, gone is fine, what was begun outlives us, errors name the thing."""

    async def test_a_run_tells_its_output_and_its_exit_code(self, given: GivenConnection) -> None:
        await given.connection.start("one", given.prints("hello\nworld\n", exit_code=3))
        progress = await ended(given.connection, "one")
        assert (progress.exit_code, progress.log) == (3, b"hello\nworld\n")

    async def test_a_run_reads_a_file_of_ours_that_may_go_once_it_has_begun(
        self, given: GivenConnection, tmp_path: Path
    ) -> None:
        file = tmp_path / "given"
        file.write_bytes(bytes(range(256)) * 4096)
        await given.connection.start("one", given.repeats(file))
        file.unlink()
        assert (await ended(given.connection, "one")).log == bytes(range(256)) * 4096

    async def test_starting_twice_starts_once(self, given: GivenConnection) -> None:
        command = given.prints("once\n")
        await asyncio.gather(*(given.connection.start("one", command) for _ in range(5)))
        assert (await ended(given.connection, "one")).log == b"once\n"
        await given.successor.start("one", command)
        assert (await ended(given.successor, "one")).log == b"once\n"
        assert given.times_begun(command) == 1

    async def test_the_log_is_told_from_any_position(self, given: GivenConnection) -> None:
        await given.connection.start("one", given.prints("0123456789"))
        whole = await ended(given.connection, "one")
        assert (await given.connection.progress("one", after=7)).log == b"789"
        end = await given.connection.progress("one", after=whole.position)
        assert (end.log, end.position) == (b"", 10)

    async def test_a_successor_finds_what_runs(self, given: GivenConnection) -> None:
        command = given.runs_for_ever()
        await given.connection.start("long", command)
        await begun(given.successor, "long")
        assert (await given.successor.progress("long")).exit_code is None
        assert given.is_running(command)
        await given.successor.complete("long")

    async def test_cancelling_ends_it_and_its_children(self, given: GivenConnection) -> None:
        command = given.runs_for_ever()
        await given.connection.start("long", command)
        await given.connection.cancel("long")
        assert (await ended(given.connection, "long")).exit_code not in (None, 0)
        assert not given.is_running(command)
        await given.connection.cancel("long")

    async def test_cancelling_what_has_ended_or_never_was_is_fine(self, given: GivenConnection) -> None:
        await given.connection.start("one", given.prints("x"))
        before = await ended(given.connection, "one")
        await given.connection.cancel("one")
        assert await ended(given.connection, "one") == before
        await given.connection.cancel("never")

    async def test_completing_forgets(self, given: GivenConnection) -> None:
        await given.connection.start("one", given.prints("x"))
        await ended(given.connection, "one")
        await given.connection.complete("one")
        await given.connection.complete("one")
        with pytest.raises(NotFound) as refused:
            await given.connection.progress("one")
        assert refused.value.code == "host.ticket"

    async def test_a_ticket_that_never_was_is_not_found(self, given: GivenConnection) -> None:
        with pytest.raises(NotFound) as refused:
            await given.connection.progress("never")
        assert (refused.value.code, refused.value.thing) == ("host.ticket", "never")

    async def test_any_text_is_a_ticket(self, given: GivenConnection) -> None:
        for ticket in ("../../etc", "a b\n;$(x)", "-rf", "é" * 300):
            await given.connection.start(ticket, given.prints(ticket))
            assert (await ended(given.connection, ticket)).log.decode() == ticket
            await given.connection.complete(ticket)

    async def test_files_are_put_whole_and_got(self, given: GivenConnection) -> None:
        path = given.directory() + "/file"
        await given.connection.put(path, b"one")
        await given.connection.put(path, b"\x00two", mode=0o640)
        assert await given.successor.get(path, limit_bytes=4) == b"\x00two"
        with pytest.raises(TooLarge):
            await given.connection.get(path, limit_bytes=3)

    async def test_a_file_that_is_not_there_is_not_found(self, given: GivenConnection) -> None:
        path = given.directory() + "/none"
        with pytest.raises(NotFound) as refused:
            await given.connection.get(path, limit_bytes=10)
        assert (refused.value.code, refused.value.thing) == ("host.file", path)

    async def test_dialling_opens_a_stream(self, given: GivenConnection) -> None:
        streams = await given.connection.dial(given.echo_address())
        streams.writer.write(b"ping")
        async with asyncio.timeout(PATIENCE_S):
            assert await streams.reader.readexactly(4) == b"ping"
        streams.writer.close()
        await streams.writer.wait_closed()

    async def test_dialling_where_nothing_listens_is_unreachable(self, given: GivenConnection) -> None:
        address = given.silent_address()
        with pytest.raises(Unreachable) as refused:
            await given.connection.dial(address)
        assert given.connection.name in refused.value.message
        assert refused.value.thing == address

    @pytest.mark.parametrize("address", ["", "tcp:", "file:/etc/passwd", "http://x"])
    async def test_other_addresses_are_refused(self, given: GivenConnection, address: str) -> None:
        with pytest.raises(Invalid):
            await given.connection.dial(address)
