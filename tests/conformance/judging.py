"""What a kind of cases is, and how a case ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
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


def lists(file: Mapping[str, Any], is_ours: Callable[[Case], bool]) -> bool:
    """Whether one of the file's cases is of ours: the first may be of a form that nobody knows."""
    cases = file.get("cases")
    return isinstance(cases, list) and any(isinstance(case, dict) and is_ours(case) for case in cases)


def each(cases: Iterable[Case], judged: Callable[[Case], Iterable[Verdict]]) -> Iterator[Verdict]:
    """The verdicts of the cases. One that breaks its judge has failed, and the others are judged."""
    for case in cases:
        try:
            verdicts = list(judged(case))
        except Exception as broken:  # noqa: BLE001 - the rim of a case: a bug or an unknown form ends no run
            verdicts = [Verdict(str(case.get("name", "")), False, None, f"not judged: {broken!r}")]
        yield from verdicts
