"""Regular expressions of users: what they may say, and that none keeps the server from its work."""

from __future__ import annotations

import time

import pytest

from fairlead.domain.template.filters import patterns
from fairlead.domain.template.filters.patterns import compiled
from fairlead.domain.template.variables import Variables

GOES_BACK = r"(a|aa)+$"
BAD_TEXT = "a" * 60 + "!"


def test_an_expression_that_goes_back_for_ever_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "LONGEST_S", 0.05)
    pattern = compiled(GOES_BACK)
    assert pattern is not None
    begun = time.monotonic()
    assert pattern.is_in(BAD_TEXT) is None
    assert pattern.replaced(BAD_TEXT, "b") is None
    assert time.monotonic() - begun < 5  # without a bound it takes longer than anybody lives


def test_what_was_given_up_is_told_as_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "LONGEST_S", 0.05)
    asked = '#{Text | Replace "(a|aa)+$" "b"}'
    assert Variables({"Text": BAD_TEXT}).evaluate(asked).missing == (asked,)


@pytest.mark.parametrize(
    ("pattern", "text", "by", "made"),
    [
        (r"\p{Lu}", "aBc", "x", "axc"),
        (r"(?<first>\w)(?'then'\w)", "ab", "${then}$1", "ba"),
        (r"(?<letter>\w)\k<letter>", "aab", "[$&]", "[aa]b"),
        (r"(?<=a+)b", "aab", "$$", "aa$"),
    ],
)
def test_expressions_are_written_as_people_of_net_write_them(pattern: str, text: str, by: str, made: str) -> None:
    made_of = compiled(pattern)
    assert made_of is not None
    assert made_of.replaced(text, by) == made


def test_what_is_none_is_told() -> None:
    assert [compiled(one) for one in ("(", "[", r"\k<none>")] == [None, None, None]
