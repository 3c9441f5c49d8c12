"""Cells of the dashboard and of a project's page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from fairlead.server.web.cells import CellView, TenantLine, drawn_cell
from fairlead.server.web.rendering import templates
from fairlead.server.web.words import LIVE, WAITS, Look

NOW = datetime(2026, 1, 2, tzinfo=UTC)
BUSY = Look("running", "busy", "play")


def draw(cell: CellView, *names: str) -> str:
    scope = templates().from_string("").new_context({"now": NOW})
    return str(drawn_cell(scope, cell, "cell-1", *names))


def test_what_people_wrote_is_escaped_wherever_it_stands() -> None:
    evil = "<b>'\"&"
    line = TenantLine(evil, evil, LIVE, f"/{evil}")
    for look in (LIVE, BUSY):
        cell = CellView(look, evil, evil, link=f"/{evil}", live_version="1" + evil, standby=evil, tenants=(line,))
        drawn = draw(cell, evil, evil)
        assert "<b>" not in drawn and "'" not in drawn and "&amp;" in drawn


def test_a_grid_names_what_its_progress_is_of_and_says_the_state_to_who_points() -> None:
    cell = CellView(BUSY, "1.1.0", "begins web", percent=40)
    assert 'aria-valuenow="40"' in draw(cell, "books", "Test")
    assert 'aria-label="progress of books 1.1.0 to Test"' in draw(cell, "books", "Test")
    assert 'title="running: begins web"' in draw(cell, "books", "Test")
    assert 'aria-label="progress"' in draw(cell) and "title" not in draw(cell)


def test_a_cell_says_since_when_and_what_else_is_there() -> None:
    drawn = draw(CellView(WAITS, "2.0.0", at=NOW - timedelta(hours=3), live_version="1.9.0", standby="1.8.0"))
    assert "3 h ago</time>" in drawn and "1.9.0 is live" in drawn and "1.8.0 stands by" in drawn
    assert "is live" not in draw(CellView(LIVE, "2.0.0", live_version="2.0.0"))
    waits = CellView(WAITS, "2.0.0", live_version="2.0.0", down="does not run")
    assert "2.0.0 does not run" in draw(waits), "it waits to be deployed again"
    assert "an earlier one waits for approval" in draw(CellView(LIVE, "2.0.0", waits_beside=True))


def test_what_tenants_have_stands_alone_where_nobody_in_particular_has_anything() -> None:
    lines = (TenantLine("South", "1.0.0", LIVE, "/s"), TenantLine("North", "", WAITS, "/n"))
    drawn = draw(CellView(LIVE, "", tenants=lines, more_tenants=3))
    assert 'id="cell-1"' not in drawn and "and 3 tenants more" in drawn
    assert "South: 1.0.0" in drawn and "North: waits for approval" in drawn
