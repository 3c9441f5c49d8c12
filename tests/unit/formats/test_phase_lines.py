"""Phases as lines: what is written is read again, and what says nothing is refused."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.domain.approval import LONGEST_WAIT_S
from fairlead.domain.errors import Invalid
from fairlead.domain.retention import Keep
from fairlead.formats.phase_lines import PhaseLine, read, read_all, written

NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9 ]{0,10}[A-Za-z0-9]", fullmatch=True)
COUNTS = st.none() | st.integers(0, 999_999)
KEEPS = st.none() | st.builds(Keep, releases=COUNTS, days=COUNTS)
PHASES = st.builds(
    PhaseLine,
    name=NAMES,
    environments=st.lists(NAMES, max_size=4).map(tuple),
    automatic=st.booleans(),
    needs_approval=st.booleans(),
    minimum=st.integers(0, 9999),
    is_optional=st.booleans(),
    releases=KEEPS,
    files=KEEPS,
)


@given(PHASES, st.integers(0, LONGEST_WAIT_S))
def test_what_is_written_is_read_as_it_was(phase: PhaseLine, expires_s: int) -> None:
    asked = replace(phase, approval_expires_s=expires_s if phase.needs_approval else 0)
    assert read(written(asked)) == asked


@pytest.mark.parametrize(
    ("words", "expires_s", "again"),
    [
        ("24 hours", 86_400, "1 day"),
        ("90 Minutes", 5400, "90 minutes"),
        ("1 second", 1, "1 second"),
        ("2d", 172_800, "2 days"),
    ],
)
def test_after_how_long_an_approval_expires_is_said_in_units(words: str, expires_s: int, again: str) -> None:
    phase = read(f"Live: EU; approval expires in {words}")
    assert (phase.needs_approval, phase.approval_expires_s) == (True, expires_s)
    assert written(phase) == f"Live: EU; approval expires in {again}"


def test_a_line_says_all_of_a_phase() -> None:
    line = "Live: EU, US ;approval; minimum 1; keep 5 releases; keep 30 DAYS; keep files of 1 release;"
    assert read(line) == PhaseLine(
        "Live", ("EU", "US"), needs_approval=True, minimum=1, releases=Keep(5, 30), files=Keep(releases=1)
    )
    assert [phase.name for phase in read_all("A: x\n\n  B\n")] == ["A", "B"]


@pytest.mark.parametrize(
    "line",
    [
        "",
        ":",
        ": Test",
        "A: x; maybe",
        "A: x; keep 5",
        "A: x; minimum",
        "A; approval",
        "A: x; approval expires in 0 days",
        "A: x; approval expires in a while",
    ],
)
def test_a_word_that_means_nothing_is_named(line: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(line)
    assert refused.value.code == "lifecycle.phases" and "approval" in refused.value.hint
