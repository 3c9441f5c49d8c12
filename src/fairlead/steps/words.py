"""Small words in titles and log lines."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """``1 route``, ``2 routes``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


KILLED = 137
"""The exit code of a container whose program got SIGKILL."""


def ended_with(exit_code: int) -> str:
    """``ended with 3``. Engines do not always tell that memory ran out (dockerd 20.10, cgroup v1): a kill that was not
    ours is told as one."""
    if exit_code == KILLED:
        return f"was killed from outside ({exit_code}, as the kernel does where memory runs out)"
    return f"ended with {exit_code}"
