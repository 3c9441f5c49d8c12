"""Cases of the rules that Octopus's documentation states: a section for each rule, and its judge."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.conformance import (
    address_rules,
    cron_rules,
    output_rules,
    progression_rules,
    retention_rules,
    scoping_rules,
)
from tests.conformance.judging import Case, Shape, Verdict, each

SectionJudge = Callable[[Case], Iterator[Verdict]]

JUDGES: dict[str, SectionJudge] = {
    "release_retention": retention_rules.releases,
    "retention_inheritance": retention_rules.inheritance,
    "prevent_progression": progression_rules.judge,
    "scheduled_cron": cron_rules.judge,
    "output_variable_capture": output_rules.judge,
    "variable_scoping": scoping_rules.judge,
    "x_forwarded_for": address_rules.judge,
}
"""By section. A judge gives the verdicts of one case; a section without one belongs to work that is not done yet."""

SECTIONS = frozenset(
    {*JUDGES, "ha_task_pickup"},
)
"""What tells this shape of files by its keys."""


def judge(file: Mapping[str, Any]) -> Iterator[Verdict]:
    """A verdict for each case of each section, in the file's order."""
    for section, cases in file.items():
        if section == "meta":
            continue
        judged = JUDGES.get(section)
        for number, case in enumerate(cases, 1):
            name = f"{section}: {case.get('name', number)}"
            if judged is None:
                yield Verdict(name, None)
                continue
            for verdict in each([case], judged):
                detail = f": {verdict.name}" if verdict.name else ""
                yield Verdict(name + detail, verdict.is_right, verdict.expected, verdict.came)


SHAPE = Shape("documented rules", lambda file: bool(SECTIONS & set(file)), judge)
