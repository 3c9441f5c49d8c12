"""Runs by ticket on this machine: a directory for each, and a shell that keeps the end of what it ran.

    <state>/<ticket>/lock     held while a run is begun, by us and by the shell until it has written `begun`
                     begun    the shell's line of /proc/PID/stat and the machine's boot id: who it is, for ever
                     stdin    what it reads
                     log      what it writes, both streams
                     work     where it is run, unless the command says
                     exit     its exit code and a newline
                     cancelled  there once it was told to end: it may have called that a success

The shell is detached (a session of its own, its parent gone at once), so it outlives us and leaves us no zombie.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from fairlead.adapters.connections.children import Child, boot_id, session_members
from fairlead.domain.errors import Failed, NotFound
from fairlead.ports.connection import Command, Progress

LOG_PIECE_BYTES = 1024 * 1024
TERM_GRACE_S = 5.0
KILL_GRACE_S = 5.0
POLL_S = 0.02
LOST = 137
"""The exit code of a run whose shell is gone and left none: killed, or the machine was started anew."""

CANCELLED = 128 + signal.SIGTERM
NOT_FOUND = 127
SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
LOCK_DESCRIPTOR = 9  # a shell can close descriptors of one digit only
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")

# Only shell builtins: the environment, its PATH too, is the command's.
_OUTER = 'inner=$1; shift; /bin/sh -c "$inner" fairlead-ticket "$@" &'
_INNER = """
ticket=$1 place=$2; shift 2
read -r me </proc/$$/stat && read -r boot </proc/sys/kernel/random/boot_id || exit 1
printf '%s\\n%s\\n' "$me" "$boot" >"$ticket/begun" || exit 1
exec 9>&- <"$ticket/stdin" >>"$ticket/log" 2>&1
if cd -- "$place"; then "$@"; else (exit 126); fi
printf '%s\\n' "$?" >"$ticket/exit"
"""


class Tickets:
    """All tickets below one directory. Every call may block for a moment, `cancel` for as long as its graces."""

    def __init__(self, state_dir: Path) -> None:
        self._state_dir = state_dir

    def start(self, ticket: str, command: Command) -> None:
        """Begun, or was already. Whoever comes second waits until the first has wholly begun."""
        place = self._place(ticket)
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(place / "lock") as lock:
            if _lines(place / "begun", 2) is None and not (place / "exit").exists():
                _begin(place, command, lock)

    def progress(self, ticket: str, after: int) -> Progress:
        """The exit code is read before the log, so that the log of an ended run is whole."""
        place = self._known(ticket)
        exit_code = _exit_code(place)
        try:
            with open(place / "log", "rb") as file:
                file.seek(after)
                log = file.read(LOG_PIECE_BYTES)
                if exit_code is not None and file.read(1):
                    exit_code = None  # there is more to ask for
        except FileNotFoundError:
            log = b""
        return Progress(exit_code, log, after + len(log))

    def cancel(self, ticket: str) -> None:
        """TERM for all of its session, KILL for those that stay. One that is being begun is waited for: it runs."""
        place = self._place(ticket)
        if place.exists():
            with _locked(place / "lock"):
                _end(place)

    def complete(self, ticket: str) -> None:
        """Ended where it still runs, and forgotten. As `cancel`."""
        place = self._place(ticket)
        if place.exists():
            with _locked(place / "lock"):
                _end(place)
                shutil.rmtree(place, ignore_errors=True)

    def _known(self, ticket: str) -> Path:
        place = self._place(ticket)
        if _lines(place / "begun", 2) is None and not (place / "exit").exists():
            raise NotFound("host.ticket", f"the ticket {ticket} was never started here", thing=ticket)
        return place

    def _place(self, ticket: str) -> Path:
        plain = _PLAIN.fullmatch(ticket) is not None and ".." not in ticket
        return self._state_dir / (ticket if plain else "t-" + hashlib.sha256(ticket.encode()).hexdigest())


def _begin(place: Path, command: Command, lock: int) -> None:
    for name in ("log", "stdin"):
        (place / name).unlink(missing_ok=True)
        (place / name).touch(mode=0o600)
    _give(place / "stdin", command)
    environment = {"PATH": SEARCH_PATH, "LANG": "C.UTF-8", **command.environment}
    program = shutil.which(command.arguments[0], path=environment["PATH"])
    if program is None:
        (place / "log").write_text(f"{command.arguments[0]}: not found\n")
        (place / "exit").write_text(f"{NOT_FOUND}\n")
        return
    arguments = [os.path.abspath(program), *command.arguments[1:]]  # with a slash: never a builtin of the shell
    (place / "work").mkdir(mode=0o700, exist_ok=True)
    working_dir = command.working_dir or str((place / "work").absolute())
    shell = ["/bin/sh", "-c", _OUTER, "fairlead-ticket", _INNER, str(place.absolute()), working_dir, *arguments]
    null = os.open(os.devnull, os.O_RDWR)
    try:
        actions = [(os.POSIX_SPAWN_DUP2, null, stream) for stream in (0, 1, 2)]
        actions.append((os.POSIX_SPAWN_DUP2, lock, LOCK_DESCRIPTOR))
        plain = {signal.SIGPIPE, signal.SIGXFSZ}  # Python ignores these two, and a child would go on ignoring them
        outer = os.posix_spawn("/bin/sh", shell, environment, file_actions=actions, setsid=True, setsigdef=plain)
    finally:
        os.close(null)
    os.waitpid(outer, 0)
    _await_begun(place)


def _give(stdin: Path, command: Command) -> None:
    try:
        if command.stdin_file is None:
            stdin.write_bytes(command.stdin)
        else:
            shutil.copyfile(command.stdin_file, stdin)
    except OSError as error:
        words = f"what the run reads could not be written here: {error.strerror}"
        raise Failed("host.disk", words, thing=str(stdin)) from error


def _await_begun(place: Path) -> None:
    """The shell has been forked; it says who it is within milliseconds."""
    deadline = time.monotonic() + TERM_GRACE_S
    while _lines(place / "begun", 2) is None:
        if time.monotonic() > deadline:
            raise Failed("host.ticket", f"the run of {place.name} could not be started", thing=place.name)
        time.sleep(0.001)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[int]:
    """Held by us and, inherited, by what we start: it ends when both have closed it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def _exit_code(place: Path) -> int | None:
    told = _lines(place / "exit", 1)
    if told is None:
        child = _child(place)
        if child is None or child.is_alive():
            return None
        told = _lines(place / "exit", 1)  # it may have ended between the two looks
    code = LOST if told is None else int(told[0])
    return CANCELLED if code == 0 and (place / "cancelled").exists() else code


def _child(place: Path) -> Child | None:
    told = _lines(place / "begun", 2)
    return Child.read(told[0], boot=told[1]) if told else None


def _lines(path: Path, count: int) -> list[str] | None:
    """The file's lines, once it holds as many whole ones."""
    try:
        text = path.read_text()
    except FileNotFoundError:
        return None
    lines = text.split("\n")[:-1]
    return lines if len(lines) >= count else None


def _end(place: Path) -> None:
    child = _child(place)
    if child is None:
        return
    if _lines(place / "exit", 1) is None:
        (place / "cancelled").touch(mode=0o600)
    _end_session(child)
    if _lines(place / "exit", 1) is None:
        (place / "exit").write_text(f"{CANCELLED}\n")


def _end_session(child: Child) -> None:
    if child.boot != boot_id():
        return
    for number, grace_s in ((signal.SIGTERM, TERM_GRACE_S), (signal.SIGKILL, KILL_GRACE_S)):
        deadline = time.monotonic() + grace_s
        told: set[int] = set()
        while members := session_members(child):
            for pid in members - told if number == signal.SIGTERM else members:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
            told |= members
            if time.monotonic() > deadline:
                break
            time.sleep(POLL_S)
        else:
            return
