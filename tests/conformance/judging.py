"""What a kind of cases is, and how a case ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Case = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one case ended; `is_right` None: it belongs to work that is not done yet."""

    name: str
    is_right: bool | None
    expected: object = None
    came: object = None


@dataclass(frozen=True, slots=True)
class Shape:
    """One shape of files: `fits` tells it by the file's keys, `judge` gives a verdict for each of its cases."""

    name: str
    fits: Callable[[Mapping[str, Any]], bool]
    judge: Callable[[Mapping[str, Any]], Iterator[Verdict]]
