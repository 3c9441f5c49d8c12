"""Judges what may still be deployed of a release that a defect holds back: rules as sentences, each a situation."""

from __future__ import annotations

from collections.abc import Iterator

from tests.conformance.judging import Case, Verdict

from fairlead.domain.ids import EnvironmentId, LifecycleId
from fairlead.domain.lifecycle import Lifecycle, Phase, held_back

FIRST, HERE, BESIDE = (EnvironmentId(name) for name in ("first", "here", "beside"))


def judge(case: Case) -> Iterator[Verdict]:
    """Each rule is a sentence and what comes of it."""
    for situation, expected in case["rules"]:
        came = _came(situation.lower(), expected)
        yield Verdict(situation, came == expected, expected, came)


def _came(words: str, expected: str) -> str:
    match expected:
        case "same":
            return "same" if _table(is_optional=True) == _table(is_optional=False) else "different"
        case "per-tenant":
            line = _line(is_optional=False)
            ahead, behind = held_back(line, {FIRST, HERE}, BESIDE), held_back(line, {FIRST}, BESIDE)
            return "per-tenant" if ahead is None and behind is not None else "not per tenant"
        case _:
            line = _line(is_optional="optional" in words)
            reached = {FIRST, HERE} if ">=1" in words else {FIRST} if "not first" in words else set()
            asked = FIRST if words.startswith("first phase") else BESIDE
            return "allowed" if held_back(line, reached, asked) is None else "blocked"


def _line(*, is_optional: bool) -> Lifecycle:
    phases = (Phase("First", (FIRST,)), Phase("Second", (HERE, BESIDE), is_optional=is_optional))
    return Lifecycle(LifecycleId("line"), "Line", phases)


def _table(*, is_optional: bool) -> list[bool]:
    line = _line(is_optional=is_optional)
    situations = (set[EnvironmentId](), {FIRST}, {FIRST, HERE})
    return [held_back(line, reached, asked) is None for reached in situations for asked in (FIRST, HERE, BESIDE)]
