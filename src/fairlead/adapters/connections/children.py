"""Who a child of the machine is: its pid alone is not enough, because pids come round again."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Child:
    """One operating-system process for ever: pid, session, when it started (ticks since boot), and which boot."""

    pid: int
    session: int
    started: int
    boot: str

    @classmethod
    def read(cls, stat: str, *, boot: str) -> Child:
        """From a line of /proc/PID/stat (proc(5)); the name in it may hold anything, brackets too."""
        pid, fields = int(stat.split(" ", 1)[0]), _after_name(stat)
        return cls(pid, int(fields[3]), int(fields[19]), boot)

    @classmethod
    def of(cls, pid: int) -> Child | None:
        """Who has that pid now; None where nobody, or only a zombie."""
        stat = _stat(pid)
        return cls.read(stat, boot=boot_id()) if stat and not _is_zombie(stat) else None

    def is_alive(self) -> bool:
        """Whether it, and not another one under its pid, still runs."""
        now = Child.of(self.pid)
        return now is not None and (now.started, now.boot) == (self.started, self.boot)


def session_members(child: Child) -> set[int]:
    """Pids of all that run in its session and are not older than it."""
    found: set[int] = set()
    for entry in PROC.iterdir():
        if not entry.name.isdecimal():
            continue
        stat = _stat(int(entry.name))
        if stat and not _is_zombie(stat):
            fields = _after_name(stat)
            if int(fields[3]) == child.session and int(fields[19]) >= child.started:
                found.add(int(entry.name))
    return found


@cache
def boot_id() -> str:
    """Another one after each start of the machine."""
    return (PROC / "sys/kernel/random/boot_id").read_text().strip()


def _stat(pid: int) -> str:
    try:
        return (PROC / str(pid) / "stat").read_text(errors="replace").strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _is_zombie(stat: str) -> bool:
    """Whether all of it has ended. Its first thread may have, while another still holds its ports and files."""
    fields = _after_name(stat)
    return fields[0] in {"Z", "X"} and int(fields[17]) <= 1


def _after_name(stat: str) -> list[str]:
    return stat.rpartition(")")[2].split()
