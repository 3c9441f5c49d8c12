"""How values are shown to people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fairlead.cli.nested import show_task, show_unsettled
from fairlead.cli.screen import Screen, ago

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(5, "5 s ago"), (90, "1 m ago"), (7200, "2 h ago"), (-20, "0 s ago"), (-7300, "in 2 h"), (-90 * 86400, "in 90 d")],
)
def test_a_time_is_told_as_people_say_it_past_or_to_come(seconds: int, said: str) -> None:
    assert ago((NOW - timedelta(seconds=seconds)).isoformat(), now=NOW) == said


def test_the_last_minute_of_what_lies_ahead_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    soon = (datetime.now(UTC) + timedelta(seconds=40, milliseconds=900)).isoformat()
    Screen().table([{"standby_until": soon, "at": soon}], {"standby_until": "UNTIL", "at": "AT"}, empty="none")
    _, row = capsys.readouterr().out.splitlines()
    assert row.split() == ["in", "40", "s", "0", "s", "ago"]


def test_what_has_parts_is_told_line_by_line(capsys: pytest.CaptureFixture[str]) -> None:
    left = {"differences": ["container x stands"], "tried": ["undoing “a, b”"], "commands": ["docker rm -f x"]}
    show_unsettled(Screen(), {**left, "taken_up": 2, "waits_for_a_person": False})
    told = capsys.readouterr().out.splitlines()
    assert told == [
        "not as it should be",
        "  container x stands",
        "was tried",
        "  undoing “a, b”",
        "where it does not settle by itself, run on the host",
        "  docker rm -f x",
        "it is taken up again by itself; taken up 2 times so far; nothing else is deployed there until then",
    ]
    fact = {"how": "ended by itself with 3", "health": [{"healthy": False, "times": 2}], "restarts": 0}
    phase = {"title": "Start", "state": "failed", "begun_at": None, "ended_at": None, "reason": "no"}
    shown = {"id": "tsk-1", "phases": [phase], "facts": {"instance:web": fact, "state.before": {"is": "Capture"}}}
    show_task(Screen(), {**shown, "unsettled": None, "evidence": ["no database"], "differences": [], "waits_for": []})
    told = capsys.readouterr().out.splitlines()
    assert told[-8:] == [
        "evidence",
        "  │ no database",
        "facts",
        "  instance:web:",
        "    how: ended by itself with 3",
        "    health:",
        "      - healthy no, times 2",
        "    restarts: 0",
    ]
    assert not any("Capture" in line for line in told)
    assert any("Start" in line and "failed" in line and "no" in line for line in told)


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
