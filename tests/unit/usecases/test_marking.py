"""A deployment that went live and is marked as failed afterwards: recorded beside its outcome, and nothing moves."""

from __future__ import annotations

import pytest
from tests.unit.usecases.house import ADMIN, VIEWER, House

from fairlead.domain.deployment import DeploymentOutcome
from fairlead.domain.errors import FairleadError
from fairlead.store import deployments as rows
from fairlead.usecases import deployments, marking, why

WHY = "orders were lost for an hour"


def code_of(house: House, id: str, reason: str = WHY, *, actor: object = ADMIN) -> str:
    with pytest.raises(FairleadError) as caught:
        marking.mark_failed(house.context, actor, id, reason)  # type: ignore[arg-type]
    return caught.value.code


def test_who_marked_it_when_and_why_stands_beside_the_outcome(books: House) -> None:
    books.add_release("1.0.0")
    live = books.go_live("1.0.0")
    view = marking.mark_failed(books.context, ADMIN, live.id, f" {WHY} ")
    one = deployments.get(books.context, VIEWER, live.id).deployment
    assert one == view.deployment
    assert (one.marked_by, one.marked_at, one.marked_why) == ("admin", books.clock.now(), WHY)
    assert (one.outcome, one.state, one.committed_at) == (DeploymentOutcome.LIVE, live.state, live.committed_at)
    (told,) = books.audit("deployment.marked_failed")
    assert told.message == f"marked as failed: {WHY}"
    assert (told.thing, told.project, told.environment) == (live.id, "books", "Test")
    assert {change.path for change in told.difference} >= {"marked_by", "marked_why"}


def test_why_says_so(books: House) -> None:
    books.add_release("1.0.0")
    live = books.go_live("1.0.0")
    marking.mark_failed(books.context, ADMIN, live.id, WHY)
    found = why.deployment(books.context, VIEWER, live.id)
    assert "went live" in found.said
    assert f"admin marked it as failed afterwards: {WHY}" in [one.said for one in found.because]


def test_lifecycle_and_what_is_live_stay_as_they_are(books: House) -> None:
    books.add_release("1.0.0")
    live = books.go_live("1.0.0")
    marking.mark_failed(books.context, ADMIN, live.id, WHY)
    with books.database.reading() as connection:
        assert rows.reached(connection, live.release) == {live.environment}
        assert [one.id for one in rows.live_ones(connection, live.project, live.environment)] == [live.id]
    assert deployments.create(books.context, ADMIN, "books", "1.0.0", "Production").environment == "Production"


def test_only_what_went_live_is_marked_with_a_reason_by_who_may(books: House) -> None:
    books.add_release("1.0.0")
    running = books.deployment("1.0.0")
    assert code_of(books, running.id) == "deployment.not_live"
    live = books.go_live("1.0.0")
    assert code_of(books, live.id, " ") == "input.invalid"
    assert code_of(books, live.id, "x" * 10_001) == "input.invalid"
    assert code_of(books, live.id, actor=VIEWER) == "permission.denied"
    assert code_of(books, "dep-nowhere") == "deployment.unknown"
    assert books.audit("deployment.marked_failed") == []


def test_a_mark_is_taken_back_and_set_anew(books: House) -> None:
    books.add_release("1.0.0")
    live = books.go_live("1.0.0")
    marking.mark_failed(books.context, ADMIN, live.id, "by mistake")
    assert code_of(books, live.id) == "deployment.marked"
    one = marking.unmark(books.context, ADMIN, live.id).deployment
    assert (one.marked_by, one.marked_at, one.marked_why) == ("", None, "")
    assert len(books.audit("deployment.unmarked")) == 1
    marking.unmark(books.context, ADMIN, live.id)
    assert len(books.audit("deployment.unmarked")) == 1, "nothing was there"
    assert marking.mark_failed(books.context, ADMIN, live.id, WHY).deployment.marked_why == WHY
