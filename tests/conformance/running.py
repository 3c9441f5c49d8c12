"""Reads files of cases, tells their shape, prints what failed, and says how many held."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from tests.conformance import doc_rules, retention_rules, service_messages, structured, substitution, versions
from tests.conformance.judging import Shape, Verdict

SHAPES: tuple[Shape, ...] = (
    doc_rules.SHAPE,
    retention_rules.TARGETS,
    service_messages.SHAPE,
    structured.SHAPE,  # before substitution: its cases have variables, too
    substitution.SHAPE,
    versions.SHAPE,
)
DIFFERENCES = Path(__file__).parents[2] / "docs" / "reference" / "differences.md"
SHOWN = 600

_NAMED = re.compile(r"^\| `([^`]+)` \| (\S.*) \|$", re.MULTILINE)


@dataclass(slots=True)
class Count:
    """How a run ended. `excused` are failures that the page of differences names with a reason; `left_out` are files of
    something else."""

    passed: int = 0
    failed: int = 0
    excused: int = 0
    left_out: int = 0

    @property
    def is_clean(self) -> bool:
        """Whether every failure is a known difference, and something was judged where something was given."""
        return self.failed == self.excused and bool(self.passed or self.failed or not self.left_out)


def run(files: Sequence[Path], out: TextIO) -> Count:
    """Judge every case of the files; each failure and each case that waits for later work is printed."""
    count, known = Count(), differences()
    for file in _listed(files):
        data = _read(file)
        shape = next((one for one in SHAPES if one.fits(data)), None)
        if shape is None:
            print(f"{file.name}: no known shape of cases{', left out' if data else ''}", file=out)
            count.left_out += bool(data)
            count.failed += not data
            continue
        for verdict in shape.judge({**data, "meta": {**data.get("meta", {}), "folder": file.parent}}):
            _count(verdict, known, count, out)
    print(f"{count.passed} passed, {count.failed} failed", file=out)
    return count


def _listed(given: Sequence[Path]) -> Iterator[Path]:
    """The files; of a folder those of JSON that lie in it, and in folders below it where they list cases."""
    for one in given:
        if not one.is_dir():
            yield one
            continue
        yield from sorted(one.glob("*.json"))
        yield from (file for file in sorted(one.glob("*/**/*.json")) if isinstance(_read(file).get("cases"), list))


def _read(file: Path) -> dict[str, Any]:
    """What the file holds; nothing, which fits no shape, if there is none, or that is no JSON or no object."""
    try:
        data = json.loads(file.read_text(encoding="utf-8-sig"))
    except (ValueError, OSError):
        return {}
    return data if isinstance(data, dict) else {}


def differences() -> frozenset[str]:
    """The names of cases in which we differ, each with its reason on the page."""
    return frozenset(name for name, _ in _NAMED.findall(DIFFERENCES.read_text(encoding="utf-8")))


def _count(verdict: Verdict, known: frozenset[str], count: Count, out: TextIO) -> None:
    if verdict.is_right is None:
        print(f"not yet: {verdict.name}", file=out)
    elif verdict.is_right:
        count.passed += 1
    else:
        count.failed += 1
        is_excused = verdict.name in known
        count.excused += is_excused
        print(f"{'differs' if is_excused else 'FAILED'}: {verdict.name}", file=out)
        print(f"  expected: {repr(verdict.expected)[:SHOWN]}\n  came:     {repr(verdict.came)[:SHOWN]}", file=out)
