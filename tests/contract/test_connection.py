"""This machine as a connection, and the fake: one suite. And that what runs outlives the program that began it."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from fairlead.adapters.connections import ssh_scripts, tickets
from fairlead.adapters.connections.children import Child
from fairlead.adapters.connections.local import LocalConnection
from fairlead.adapters.connections.ssh import SshConnection, SshLogin, _hex
from fairlead.adapters.sources.keys import new_deploy_key
from fairlead.domain.errors import Refused, Unreachable
from fairlead.ports.connection import Command, Connection
from fairlead.testing.contracts.connection import ConnectionContract, begun, ended
from fairlead.testing.fake_connection import FakeConnection, FakeHost, Run
from fairlead.testing.sshd import Sshd

EVER = "trap 'exit 9' TERM; sleep 300 & echo $! >>{pids}; echo $$ >>{pids}; echo begun; wait"


@dataclass
class LocalGiven:
    """Tickets below a directory of the test's own."""

    place: Path
    echo: str
    silent: str
    marks: dict[int, Path] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.connection: Connection = LocalConnection(self.place / "tickets")
        self.successor: Connection = LocalConnection(self.place / "tickets")

    def repeats(self, file: Path) -> Command:
        return Command(("cat",), stdin_file=file)

    def prints(self, text: str, *, exit_code: int = 0) -> Command:
        mark = self.place / uuid.uuid4().hex
        script = 'echo >>"$2"; printf %s "$1"; exit "$3"'
        command = Command(("sh", "-c", script, "sh", text, str(mark), str(exit_code)))
        self.marks[id(command)] = mark
        return command

    def runs_for_ever(self) -> Command:
        mark = self.place / uuid.uuid4().hex
        command = Command(("sh", "-c", EVER.format(pids=mark)))
        self.marks[id(command)] = mark
        return command

    def is_running(self, command: Command) -> bool:
        mark = self.marks[id(command)]
        pids = mark.read_text().split() if mark.exists() else []
        return any(Child.of(int(pid)) is not None for pid in pids)

    def times_begun(self, command: Command) -> int:
        return self.marks[id(command)].read_text().count("\n")

    def directory(self) -> str:
        return str(self.place)

    def echo_address(self) -> str:
        return self.echo

    def silent_address(self) -> str:
        return self.silent


@pytest.fixture
def echo_server() -> Iterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                while data := connection.recv(100):
                    connection.sendall(data)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"tcp:127.0.0.1:{listener.getsockname()[1]}"
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)


class TestLocalConnection(ConnectionContract):
    @pytest.fixture
    async def given(self, tmp_path: Path, echo_server: str, free_port: Callable[[], int]) -> LocalGiven:
        return LocalGiven(tmp_path, echo_server, f"tcp:127.0.0.1:{free_port()}")

    async def test_a_unix_socket_can_be_dialled(self, given: LocalGiven) -> None:
        async def shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write((await reader.read(10)).upper())
            writer.close()
            await writer.wait_closed()

        path = str(given.place / "socket")
        async with await asyncio.start_unix_server(shout, path):
            streams = await given.connection.dial(f"unix:{path}")
            streams.writer.write(b"hey")
            assert await streams.reader.read(10) == b"HEY"
            streams.writer.close()
            await streams.writer.wait_closed()

    async def test_a_file_has_the_mode_that_was_asked_for(self, given: LocalGiven) -> None:
        await given.connection.put(f"{given.place}/a", b"1")
        await given.connection.put(f"{given.place}/b", b"1", mode=0o644)
        modes = [(given.place / name).stat().st_mode & 0o777 for name in ("a", "b")]
        assert modes == [0o600, 0o644]
        assert sorted(path.name for path in given.place.iterdir()) == ["a", "b"]

    async def test_a_command_gets_its_input_and_only_its_own_environment(
        self, given: LocalGiven, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SERVERS_SECRET", "x")
        command = Command(("sh", "-c", "cat; pwd; env"), {"A": "b c"}, "/tmp", b"from stdin\n")
        await given.connection.start("one", command)
        told = (await ended(given.connection, "one")).log.decode().splitlines()
        assert told[:2] == ["from stdin", "/tmp"]
        assert {line.partition("=")[0] for line in told[2:]} <= {"A", "PATH", "LANG", "PWD", "OLDPWD", "SHLVL", "_"}
        assert "A=b c" in told

    async def test_a_program_that_is_not_there_ends_with_127(self, given: LocalGiven) -> None:
        await given.connection.start("one", Command(("no-such-program",)))
        progress = await ended(given.connection, "one")
        assert (progress.exit_code, progress.log) == (127, b"no-such-program: not found\n")

    async def test_without_a_directory_it_has_an_empty_one_of_its_own_that_goes_with_it(
        self, given: LocalGiven
    ) -> None:
        await given.connection.start("one", Command(("sh", "-c", "pwd; ls -A; echo x >file")))
        where = (await ended(given.connection, "one")).log.decode().splitlines()
        assert len(where) == 1 and (Path(where[0]) / "file").read_text() == "x\n"
        await given.connection.complete("one")
        assert not Path(where[0]).exists()

    async def test_a_word_of_the_shell_is_no_program(self, given: LocalGiven) -> None:
        await given.connection.start("one", Command(("exec", "true")))
        assert (await ended(given.connection, "one")).exit_code == 127

    async def test_one_that_was_killed_from_outside_has_ended(self, given: LocalGiven) -> None:
        command = given.runs_for_ever()
        await given.connection.start("long", command)
        begun = (given.place / "tickets" / "long" / "begun").read_text()
        os.killpg(int(begun.split()[5]), signal.SIGKILL)
        assert (await ended(given.connection, "long")).exit_code == 137

    async def test_a_ticket_that_a_death_left_half_made_is_begun(self, given: LocalGiven) -> None:
        (given.place / "tickets" / "one").mkdir(parents=True)
        (given.place / "tickets" / "one" / "begun").write_text("12 (sh) S 1")
        await given.connection.start("one", given.prints("all the same"))
        assert (await ended(given.connection, "one")).log == b"all the same"

    async def test_a_run_outlives_the_death_of_who_began_it(self, given: LocalGiven) -> None:
        program = (
            "import asyncio, os, signal, sys\n"
            "from fairlead.adapters.connections.local import LocalConnection\n"
            "from fairlead.ports.connection import Command\n"
            "async def main():\n"
            "    command = Command(('sh', '-c', 'read line <' + sys.argv[2] + '; echo got $line'))\n"
            "    await LocalConnection(sys.argv[1]).start('one', command)\n"
            "    os.kill(os.getpid(), signal.SIGKILL)\n"
            "asyncio.run(main())\n"
        )
        pipe = given.place / "pipe"
        os.mkfifo(pipe)
        place = str(given.place / "tickets")
        died = subprocess.run([sys.executable, "-c", program, place, str(pipe)], timeout=30)
        assert died.returncode == -signal.SIGKILL
        assert (await given.connection.progress("one")).exit_code is None
        await asyncio.to_thread(pipe.write_text, "a word\n")
        assert (await ended(given.connection, "one")).log == b"got a word\n"

    async def test_one_that_is_being_begun_is_ended_too(
        self, given: LocalGiven, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A busy machine: the shell was asked for, and has not said yet who it is."""
        monkeypatch.setattr(tickets, "_INNER", "sleep 0.4\n" + tickets._INNER)
        monkeypatch.setattr(tickets.shutil, "rmtree", lately(shutil.rmtree))
        command = given.runs_for_ever()
        starting = asyncio.ensure_future(given.connection.start("one", command))
        await until_there(given.place / "tickets" / "one" / "stdin")
        await given.successor.complete("one")
        await asyncio.gather(starting, return_exceptions=True)
        await asyncio.sleep(0.6)
        assert not given.is_running(command)


def lately(work: Callable[..., None]) -> Callable[..., None]:
    def later(*given: object, **named: object) -> None:
        time.sleep(0.8)
        work(*given, **named)

    return later


async def until_there(path: Path) -> None:
    async with asyncio.timeout(20):
        while not path.exists():
            await asyncio.sleep(0.01)


class SshGiven(LocalGiven):
    """This machine once more, reached over SSH: what is seen of the runs is the same."""

    def __init__(self, place: Path, echo: str, silent: str, sshd: Sshd) -> None:
        super().__init__(place, echo, silent)
        login = SshLogin("127.0.0.1", sshd.port, sshd.user, sshd.key, sshd.host_key)
        self.connection = self.ssh = SshConnection(login, name="far")
        self.successor = self.next = SshConnection(login, name="far")


class TestSshConnection(ConnectionContract):
    @pytest.fixture
    async def given(
        self, tmp_path: Path, echo_server: str, free_port: Callable[[], int], sshd: Sshd
    ) -> AsyncIterator[SshGiven]:
        shutil.rmtree(sshd.home / ".fairlead", ignore_errors=True)
        made = SshGiven(tmp_path, echo_server, f"tcp:127.0.0.1:{free_port()}", sshd)
        yield made
        await made.ssh.close()
        await made.next.close()

    async def test_a_command_gets_its_input_its_environment_and_its_directory(self, given: SshGiven) -> None:
        command = Command(("sh", "-c", 'cat; pwd; printf %s "$A"'), {"A": "b 'c'\n"}, "/tmp", b"\0 from stdin\n")
        await given.connection.start("one", command)
        assert (await ended(given.connection, "one")).log == b"\0 from stdin\n/tmp\nb 'c'\n"

    async def test_no_value_of_the_environment_stands_on_a_command_line(self, given: SshGiven) -> None:
        seen = "tr '\\0' ' ' </proc/$PPID/cmdline; for one in /proc/[0-9]*/cmdline; do tr '\\0' ' ' <$one; done"
        await given.connection.start("one", Command(("sh", "-c", f"({seen}) 2>/dev/null"), {"A": "hidden-value"}))
        told = (await ended(given.connection, "one")).log
        assert b"fairlead-ticket" in told and b"hidden-value" not in told

    async def test_without_a_directory_it_has_an_empty_one_of_its_own_that_goes_with_it(self, given: SshGiven) -> None:
        await given.connection.start("one", Command(("sh", "-c", "pwd; ls -A; echo x >file")))
        where = (await ended(given.connection, "one")).log.decode().splitlines()
        assert len(where) == 1 and (Path(where[0]) / "file").read_text() == "x\n"
        await given.connection.complete("one")
        assert not Path(where[0]).exists()

    async def test_one_that_is_being_begun_is_ended_too(
        self, given: SshGiven, sshd: Sshd, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A busy host: the shell was asked for, and has not said yet who it is."""
        monkeypatch.setattr(ssh_scripts, "INNER", "\nsleep 0.4" + ssh_scripts.INNER)
        monkeypatch.setattr(ssh_scripts, "COMPLETE", "sleep 0.8\n" + ssh_scripts.COMPLETE)
        await given.successor.cancel("another")  # connected
        command = given.runs_for_ever()
        starting = asyncio.ensure_future(given.connection.start("one", command))
        await until_there(sshd.home / ".fairlead" / "tickets" / _hex("one") / "log")
        await given.successor.complete("one")
        await asyncio.gather(starting, return_exceptions=True)
        await asyncio.sleep(0.6)
        assert not given.is_running(command)

    async def test_words_arrive_as_they_were(self, given: SshGiven) -> None:
        words = ("a b", "$(id)", "'\"", "new\nline\n", "*", "", "é\\0141")
        await given.connection.start("one", Command(("printf", "<%s>", *words)))
        assert (await ended(given.connection, "one")).log.decode() == "".join(f"<{word}>" for word in words)

    async def test_a_host_that_proves_another_key_is_refused(self, given: SshGiven, sshd: Sshd) -> None:
        other = new_deploy_key("x").public.rsplit(" ", 1)[0]
        far = SshConnection(SshLogin("127.0.0.1", sshd.port, sshd.user, sshd.key, other), name="far")
        with pytest.raises(Refused) as refused:
            await far.progress("one")
        assert refused.value.code == "target.host_key"

    async def test_a_host_of_which_no_key_is_trusted_is_not_spoken_to(self, sshd: Sshd) -> None:
        far = SshConnection(SshLogin("127.0.0.1", sshd.port, sshd.user, sshd.key, ""), name="far")
        with pytest.raises(Refused) as refused:
            await far.start("one", Command(("true",)))
        assert refused.value.code == "target.host_key"

    async def test_a_key_that_the_host_does_not_take_is_told(self, sshd: Sshd) -> None:
        other = new_deploy_key("x").private
        far = SshConnection(SshLogin("127.0.0.1", sshd.port, sshd.user, other, sshd.host_key), name="far")
        with pytest.raises(Refused) as refused:
            await far.progress("one")
        assert refused.value.code == "target.key"

    async def test_a_host_that_does_not_listen_is_unreachable(self, sshd: Sshd, free_port: Callable[[], int]) -> None:
        far = SshConnection(SshLogin("127.0.0.1", free_port(), sshd.user, sshd.key, sshd.host_key), name="far")
        with pytest.raises(Unreachable, match="far"):
            await far.progress("one")

    async def test_a_connection_that_broke_is_made_again(self, given: SshGiven) -> None:
        command = given.runs_for_ever()
        await given.connection.start("long", command)
        await begun(given.connection, "long")
        await given.ssh.close()
        assert given.is_running(command)
        assert (await given.connection.progress("long")).exit_code is None
        await given.connection.complete("long")


class FakeGiven:
    """A host in memory."""

    def __init__(self) -> None:
        self.host = FakeHost()
        self.connection: Connection = FakeConnection(self.host)
        self.successor: Connection = FakeConnection(self.host)
        self.host.listeners["tcp:127.0.0.1:7"] = lambda request: request
        self.host.script = lambda command: self.runs[command.arguments]
        self.runs: dict[tuple[str, ...], Run] = {}

    def repeats(self, file: Path) -> Command:
        return replace(self._command(Run(file.read_bytes())), stdin_file=file)

    def prints(self, text: str, *, exit_code: int = 0) -> Command:
        return self._command(Run(text.encode(), exit_code))

    def runs_for_ever(self) -> Command:
        return self._command(Run(b"begun\n", None))

    def _command(self, run: Run) -> Command:
        command = Command((str(len(self.runs)),))
        self.runs[command.arguments] = run
        return command

    def is_running(self, command: Command) -> bool:
        held = [ticket for ticket, started in self.host.started if started == command]
        return any(ticket in self.host.runs and self.host.runs[ticket].exit_code is None for ticket in held)

    def times_begun(self, command: Command) -> int:
        return sum(1 for _, started in self.host.started if started == command)

    def directory(self) -> str:
        return "/srv"

    def echo_address(self) -> str:
        return "tcp:127.0.0.1:7"

    def silent_address(self) -> str:
        return "tcp:127.0.0.1:9"


class TestFakeConnection(ConnectionContract):
    @pytest.fixture
    def given(self) -> FakeGiven:
        return FakeGiven()
