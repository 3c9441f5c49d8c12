"""The signals that a container can be stopped with."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"[1-9]|[1-5][0-9]|6[0-4]")
_REAL_TIME = re.compile(r"RTMIN(?:\+(?:[1-9]|1[0-5]))?|RTMAX(?:-(?:[1-9]|1[0-4]))?")
_NAMES = frozenset(
    {"ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT", "KILL", "PIPE", "POLL"}
    | {"PROF", "PWR", "QUIT", "SEGV", "STKFLT", "STOP", "SYS", "TERM", "TRAP", "TSTP", "TTIN", "TTOU", "URG", "USR1"}
    | {"USR2", "VTALRM", "WINCH", "XCPU", "XFSZ"}
)


def is_signal(written: str) -> bool:
    """Whether the engine knows it: a number, or a name (Linux, signal(7)) with or without SIG, in any case."""
    name = written.upper().removeprefix("SIG")
    return bool(_NUMBER.fullmatch(written)) or name in _NAMES or bool(_REAL_TIME.fullmatch(name))
