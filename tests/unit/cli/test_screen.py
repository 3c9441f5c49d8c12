"""How values are shown to people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fairlead.cli.screen import Screen, ago

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(5, "5 s ago"), (90, "1 m ago"), (7200, "2 h ago"), (-20, "0 s ago"), (-7300, "in 2 h"), (-90 * 86400, "in 90 d")],
)
def test_a_time_is_told_as_people_say_it_past_or_to_come(seconds: int, said: str) -> None:
    assert ago((NOW - timedelta(seconds=seconds)).isoformat(), now=NOW) == said


def test_colons_around_a_word_are_shown_as_written(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen()
    screen.fail("found 'a:b:c'", "say :100:", "x")
    screen.say("image:key:1", mark="[green]✔[/]")
    screen.result({"user": "a:b:c"})
    screen.table([{"user": "a:b:c"}], {"user": "USER"}, empty="none")
    screen.result({}, "logs: a:b:c")
    shown = capsys.readouterr()
    assert shown.err.count("a:b:c") == 1 and ":100:" in shown.err and "image:key:1" in shown.err
    assert shown.out.count("a:b:c") == 3
