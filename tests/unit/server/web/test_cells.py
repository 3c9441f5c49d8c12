"""Cells of the dashboard and of a project's page."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from fairlead.domain.colour import Colour
from fairlead.domain.deployment import Committed, DeploymentOutcome, DeploymentState, Latest
from fairlead.domain.ids import DeploymentId, ReleaseId, TaskId, TenantId
from fairlead.domain.slot import SlotState
from fairlead.domain.task import PhaseState, TaskPhase
from fairlead.domain.tenant import Tenant
from fairlead.ports.catalogue import Place
from fairlead.server.web.cells import CellView, TenantLine, drawn_cell
from fairlead.server.web.dashboard import cell_of
from fairlead.server.web.places import SlotView, word_of
from fairlead.server.web.rendering import templates
from fairlead.server.web.words import LIVE, WAITS, Look
from fairlead.usecases.overview import NOTHING, Cell, TenantCell

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


def of(state: DeploymentState, outcome: DeploymentOutcome = DeploymentOutcome.NONE) -> Latest:
    return Latest(DeploymentId("dep-2"), "2.0.0", state, outcome, TaskId("tsk-2"), "", None)


def test_what_waits_for_a_person_or_for_its_time_is_seen_beside_what_is_live() -> None:
    phases = {"tsk-2": (TaskPhase(TaskId("tsk-2"), "warm", "Warm the cache", 1, PhaseState.PAUSED),)}
    live = Committed(DeploymentId("dep-1"), "deployment", ReleaseId("rel-1"), "1.0.0", NOW)
    for state, word, detail in (
        (DeploymentState.PAUSED, "waits", "Warm the cache"),
        (DeploymentState.SCHEDULED, "scheduled", ""),
        (DeploymentState.UNSETTLED, "unsettled", "Warm the cache"),
    ):
        cell = Cell(live, "1.0.0", of(state), Colour.BLUE, None)
        drawn = cell_of(Place("books", "Test"), cell, phases)
        assert drawn is not None and (drawn.version, drawn.look.word, drawn.detail) == ("2.0.0", word, detail)
        assert drawn.live_version == "1.0.0" and "1.0.0 is live" in draw(drawn)


def test_a_tenants_line_names_the_version_that_its_sign_is_about() -> None:
    acme = Tenant(TenantId("ten-1"), "Acme")
    for latest, version in (
        (of(DeploymentState.PAUSED), "2.0.0"),
        (of(DeploymentState.ENDED, DeploymentOutcome.REFUSED), "2.0.0"),
        (of(DeploymentState.ENDED, DeploymentOutcome.SUPERSEDED), "1.0.0"),
    ):
        its = Cell(None, "1.0.0", latest, Colour.BLUE, None)
        drawn = cell_of(Place("books", "Test"), replace(NOTHING, tenants=(TenantCell(acme, its),)), {})
        assert drawn is not None and drawn.tenants[0].version == version


def test_a_tenants_line_says_where_its_users_are_before_that_is_recorded() -> None:
    acme = Tenant(TenantId("ten-1"), "Acme & Co")
    its = Cell(None, "1.0.0", of(DeploymentState.RUNNING), Colour.BLUE, None, users_at="2.0.0")
    for one, recorded in ((its, "; 1.0.0 is recorded as live"), (replace(its, live_version=""), "")):
        cell = cell_of(Place("books", "Test"), replace(NOTHING, tenants=(TenantCell(acme, one),)), {})
        assert cell is not None
        drawn = draw(cell)
        assert "Acme &amp; Co: 2.0.0, users at 2.0.0" in drawn
        assert f'title="running: users are at 2.0.0 now{recorded}"' in drawn
    elsewhere = replace(its, users_at="")
    cell = cell_of(Place("books", "Test"), replace(NOTHING, tenants=(TenantCell(acme, elsewhere),)), {})
    assert cell is not None and "users" not in draw(cell)


def test_the_picture_says_where_users_are_whatever_the_books_say_by_then() -> None:
    assert word_of(SlotState.LIVE, True) == word_of(SlotState.LIVE, None) == "live, users reach it"
    assert word_of(SlotState.LIVE, False) == "live in the books, users are sent elsewhere"
    assert word_of(SlotState.IDLE, True) == "users reach it already, live once all has gone well"
    assert word_of(SlotState.IDLE, False) == "being filled, users do not reach it"
    assert word_of(SlotState.STANDBY, True) == "stands by, kept warm, and users reach it"
    switched = SlotView("green", "idle", "", "2.0.0", None, (), is_reached=True)
    left = SlotView("blue", "live", "", "1.0.0", None, (), is_reached=False)
    assert (switched.is_live, switched.drawn, left.is_live, left.drawn) == (True, "live", False, "idle")
