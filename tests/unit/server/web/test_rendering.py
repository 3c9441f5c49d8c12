"""Filters of templates."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fairlead.server.web import times, words
from fairlead.server.web.rendering import LONGEST_PROSE, options, prose, templates, with_code


def test_what_stands_between_backticks_is_code_and_all_else_is_escaped() -> None:
    assert with_code("run `fairlead rollback` now") == "run <code>fairlead rollback</code> now"
    assert with_code("a <b> `<script>` and a lone `") == "a &lt;b&gt; <code>&lt;script&gt;</code> and a lone `"


def test_choices_are_escaped_each_for_itself() -> None:
    assert options(("<a>", "b & c")) == "<option>&lt;a&gt;</option><option>b &amp; c</option>"
    assert options(("a", "b"), "b") == "<option>a</option><option selected>b</option>"
    assert options(()) == ""


def test_what_people_write_in_markdown_is_drawn_and_html_in_it_is_shown() -> None:
    drawn = prose(
        "**Stop** `web`\n\n- one <script>alert(1)</script>\n- [two](https://a.test)\n- [bad](javascript:alert(1))"
    )
    assert "<strong>Stop</strong> <code>web</code>" in drawn and '<a href="https://a.test">two</a>' in drawn
    assert "<script>" not in drawn and "&lt;script&gt;" in drawn and 'href="javascript' not in drawn
    assert prose("") == '<div class="fl-prose"></div>'
    long = "**a** <b>" + "x" * LONGEST_PROSE
    assert prose(long) == f'<p class="fl-pre">**a** &lt;b&gt;{"x" * LONGEST_PROSE}</p>'


def test_a_plan_that_would_be_refused_has_no_button_that_approves_it() -> None:
    approval = {"id": "apr-1", "plan_hash": "5e0c1f6a9d3b4c7e"}
    for more in ({}, {"preview": {"is_as_asked": True}}, {"preview": None}):
        values = {"csrf": "x", "back": "/", "approval": approval, **more}
        assert "disabled" not in templates().get_template("answer.html").render(values)
    refused = {"csrf": "x", "back": "/", "approval": approval, "preview": {"is_as_asked": False}}
    page = templates().get_template("answer.html").render(refused)
    assert page.count("disabled") == 1 and "Reject" in page


@pytest.mark.parametrize(
    ("ahead", "said"),
    [
        (timedelta(days=2, seconds=-3), "in 2 d"),
        (timedelta(days=2, minutes=-10), "in 48 h"),
        (timedelta(hours=5, minutes=50), "in 6 h"),
        (timedelta(minutes=95), "in 95 m"),
        (timedelta(seconds=70), "in 1 m"),
        (timedelta(seconds=20), "in a moment"),
        (timedelta(hours=-36), "1 d ago"),
    ],
)
def test_what_is_to_come_is_not_told_as_half_of_what_it_is(ahead: timedelta, said: str) -> None:
    now = datetime(2026, 11, 30, 12, 0, 5, tzinfo=UTC)
    assert words.ago(now + ahead, now) == said
    assert times.clock(now) == "2026-11-30 12:00 UTC" and times.clock(None) == ""
