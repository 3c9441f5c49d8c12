"""bench/results.json: rows of {name, value, unit, reach, holds}, the latest of each name."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

RESULTS = Path(os.environ.get("FAIRLEAD_BENCH_RESULTS", Path(__file__).with_name("results.json")))


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. `reach` says what it is to reach, in words; `holds` is None where there is nothing to reach."""

    name: str
    value: float
    unit: str
    reach: str = ""
    holds: bool | None = None


def record(rows: Sequence[Row], *, path: Path = RESULTS) -> None:
    """The rows take the place of those with the same names; printed as well."""
    known = {row["name"]: row for row in json.loads(path.read_text())} if path.exists() else {}
    known.update({row.name: asdict(row) for row in rows})
    new = path.with_suffix(".new")
    new.write_text(json.dumps([known[name] for name in sorted(known)], indent=1) + "\n")
    new.replace(path)
    for row in rows:
        verdict = "" if row.holds is None else ("  holds" if row.holds else "  DOES NOT HOLD")
        print(f"{row.name:<58} {row.value:>12g} {row.unit:<8} {row.reach}{verdict}")


def at(samples: Sequence[float], share: float) -> float:
    """The sample below which that share of them lies."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
