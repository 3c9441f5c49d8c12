"""What a run of tests reported, case by case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

CaseOutcome: TypeAlias = Literal["passed", "failed", "errored", "skipped"]


@dataclass(frozen=True, slots=True)
class TestCase:
    """One test. `message` and `detail` are what it said when it did not pass; `detail` is cut at a bound."""

    __test__ = False

    name: str
    outcome: CaseOutcome
    class_name: str = ""
    seconds: float = 0.0
    message: str = ""
    detail: str = ""


def worst_first(case: TestCase) -> tuple[int, str, str]:
    """The order in which people read cases: what failed comes first."""
    return ("errored", "failed", "skipped", "passed").index(case.outcome), case.class_name, case.name


@dataclass(frozen=True, slots=True)
class TestSuite:
    """Cases under one name."""

    __test__ = False

    name: str
    cases: tuple[TestCase, ...] = ()


@dataclass(frozen=True, slots=True)
class TestReport:
    """All suites of one or more files; `problems` say in words which file could not be read, or was cut, and why."""

    __test__ = False

    suites: tuple[TestSuite, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def cases(self) -> tuple[TestCase, ...]:
        """Every case of every suite."""
        return tuple(case for suite in self.suites for case in suite.cases)

    @property
    def failures(self) -> tuple[TestCase, ...]:
        """The cases that failed or errored."""
        return tuple(case for case in self.cases if case.outcome in ("failed", "errored"))

    def count(self, outcome: CaseOutcome) -> int:
        """How many cases ended so."""
        return sum(1 for case in self.cases if case.outcome == outcome)
