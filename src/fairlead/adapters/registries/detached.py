"""A program that runs on when we die, and is found again by its pid file: pid, start time and boot."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from fairlead.adapters.connections.children import Child
from fairlead.domain.errors import Failed

BEGIN_TIMEOUT_S = 5.0

# The inner shell writes who it is and then becomes the program, under the same pid; the outer one ends at once, so that
# the program is nobody's child of ours. Only shell builtins are used.
_OUTER = 'inner=$1; shift; /bin/sh -c "$inner" fairlead-detached "$@" &'
_INNER = """
pid=$1 log=$2; shift 2
read -r me </proc/$$/stat && read -r boot </proc/sys/kernel/random/boot_id || exit 1
printf '%s\\n%s\\n' "$me" "$boot" >"$pid" || exit 1
exec "$@" </dev/null >>"$log" 2>&1
"""


class Detached:
    """One such program. `begin` must be called by one at a time: its caller holds a lock."""

    def __init__(self, pid_file: Path, log: Path) -> None:
        self._pid_file = pid_file
        self._log = log

    def child(self) -> Child | None:
        """Who it is; None where it does not run."""
        try:
            stat, boot, *_ = self._pid_file.read_text().split("\n")
            child = Child.read(stat, boot=boot)
        except (FileNotFoundError, ValueError, IndexError):  # never begun, or half written by a death
            return None
        return child if child.is_alive() else None

    def begin(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """It has been begun; whether it keeps running is for its caller to see."""
        self._pid_file.unlink(missing_ok=True)
        shell = ["/bin/sh", "-c", _OUTER, "fairlead-detached", _INNER]
        shell += [str(self._pid_file.absolute()), str(self._log.absolute()), *command]
        null = os.open(os.devnull, os.O_RDWR)
        try:
            actions = [(os.POSIX_SPAWN_DUP2, null, stream) for stream in (0, 1, 2)]
            plain = {signal.SIGPIPE, signal.SIGXFSZ}
            outer = os.posix_spawn(
                "/bin/sh", shell, dict(environment), file_actions=actions, setsid=True, setsigdef=plain
            )
        finally:
            os.close(null)
        os.waitpid(outer, 0)
        self._await_pid_file(command[0])

    def last_words(self, size_bytes: int) -> str:
        """The end of its log."""
        try:
            with open(self._log, "rb") as file:
                file.seek(0, os.SEEK_END)
                file.seek(max(0, file.tell() - size_bytes))
                return file.read().decode(errors="replace").strip()
        except FileNotFoundError:
            return ""

    def _await_pid_file(self, program: str) -> None:
        deadline = time.monotonic() + BEGIN_TIMEOUT_S
        while not (self._pid_file.exists() and self._pid_file.read_text().count("\n") >= 2):
            if time.monotonic() > deadline:
                raise Failed("registry.failed", f"{program} could not be started", thing=program)
            time.sleep(0.001)


def resume(child: Child | None) -> None:
    """Goes on where it was halted (we may have died while it was)."""
    if child is not None and child.is_alive():
        with contextlib.suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGCONT)
