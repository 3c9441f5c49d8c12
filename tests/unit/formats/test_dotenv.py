"""KEY=value files, as Compose reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.domain.text import Text
from fairlead.formats.dotenv import read_dotenv
from fairlead.formats.findings import Findings


def read(text: str, *, is_raw: bool = False) -> tuple[dict[str, Text | None], list[str]]:
    findings = Findings()
    given = {"GIVEN": "given"}
    found = read_dotenv("a.env", text.encode(), findings, given.get, is_raw=is_raw)
    return found, [str(problem) for problem in findings.problems]


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=1", "1"),
        ("A = 1 ", "1"),
        ("export A=1", "1"),
        ("A: 1", "1"),
        ("A=", ""),
        ("A", None),
        ("A=a b # note", "a b"),
        ("A=a#b", "a#b"),
        ("A=#b", "#b"),
        ("A= # note", ""),
        ("A='Let\\'s go' # note", "Let's go"),
        ("A='a\\tb\\\\'", "a\\tb\\\\"),
        ('A="a\\ab\\ c"', "a\ab\\ c"),
        ("A='a # b $GIVEN'", "a # b $GIVEN"),
        ('A="a # b"', "a # b"),
        ('A="a\\nb\\t\\"c\\" \\$GIVEN"', 'a\nb\t"c" $GIVEN'),
        ("A='one\ntwo'", "one\ntwo"),
        ('A="one\ntwo"', "one\ntwo"),
        ("A=$GIVEN/${GIVEN:-x}/${NOT:-y}/${NOT}", "given/given/y/"),
        ("A=x=y", "x=y"),
        ("A=1\r", "1"),
    ],
)
def test_one_line(line: str, value: str | None) -> None:
    assert read(line + "\n") == ({"A": value}, [])


def test_a_name_may_have_brackets() -> None:
    assert read("Hosts[0].Name=a\n") == ({"Hosts[0].Name": "a"}, [])


def test_a_long_open_quote_is_a_problem_soon() -> None:
    found, problems = read("A='\n" + "b\n" * 100_000)
    assert not found and len(problems) == 1


def test_later_lines_take_earlier_values_first() -> None:
    assert read("GIVEN=own\nB=${GIVEN}\nB=${B}!\n")[0] == {"GIVEN": "own", "B": "own!"}


def test_raw_values_stand_as_they_are() -> None:
    assert read("A='$GIVEN' # x\n", is_raw=True)[0] == {"A": "'$GIVEN' # x"}


@pytest.mark.parametrize(
    ("text", "place"),
    [("A=1\n=2\n", "a.env:2:1"), ("A='open\n\n", "a.env:1:3"), ("A=${\n", "a.env:1:1"), ("1A=x\n", "a.env:1:1")],
)
def test_what_is_no_assignment_is_a_problem_at_its_line(text: str, place: str) -> None:
    _, problems = read(text)
    assert len(problems) == 1 and problems[0].startswith(place)


def test_a_value_is_never_shown_in_a_problem() -> None:
    _, problems = read("API_TOKEN='very-secret\n")
    assert "very-secret" not in problems[0]


@given(st.text(max_size=120))
def test_any_text_is_read_or_is_a_problem(text: str) -> None:
    found, _ = read(text)
    assert all(key and "=" not in key for key in found)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_are_a_problem(content: bytes) -> None:
    findings = Findings()
    found = read_dotenv("a.env", content, findings, {}.get)
    assert all(key and "=" not in key for key in found)
    assert found or findings.problems or not _says_something(content)


def _says_something(content: bytes) -> bool:
    lines = content.decode("utf-8", "replace").splitlines()
    return any(line.strip() and not line.lstrip().startswith("#") for line in lines)
