"""Standard streams as a command finds them: one that is closed reads as empty and swallows, and what was said is
written out before the command says that it went well."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

FAILED = 1


def through(command: Callable[[], int]) -> int:
    """The command's exit code; FAILED where it went well and its words could not be written, as on a full disk."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "r" if number == 0 else "w", encoding="utf-8"))  # noqa: SIM115
    code = command()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            _swallow(stream.fileno())
        except (OSError, ValueError) as error:  # ValueError: it was closed
            _swallow(1 if stream is sys.stdout else 2)
            if stream is sys.stdout and code == 0:
                code = FAILED
                _tell(f"error: what it said could not be written: {getattr(error, 'strerror', None) or error}")
    return code


def _swallow(number: int) -> None:
    """The interpreter writes out what is left when it ends: to where nothing fails."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)


def _tell(text: str) -> None:
    try:
        print(text, file=sys.stderr)
    except (OSError, ValueError):
        return
