"""Why something is as it is: a chain of reasons as data, each with its evidence (law 9)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

Noun: TypeAlias = Literal["", "deployment", "task", "run", "release", "approval", "artifact", "variable"]


@dataclass(frozen=True, slots=True)
class Reason:
    """One link. `said` is a sentence; `because` are the reasons behind it, the nearest first.

    `evidence` are lines as they were found (an answer to a probe, a container's last lines, a difference); `hint` is
    what to do next. `noun` and `thing` name what it is about, for a link.
    """

    said: str
    because: tuple[Reason, ...] = ()
    evidence: tuple[str, ...] = ()
    code: str = ""
    hint: str = ""
    at: datetime | None = None
    noun: Noun = ""
    thing: str = ""
