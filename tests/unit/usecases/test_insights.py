"""Insights from the books: what counts, from when, where, and for whom."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
import sqlalchemy as sa
from tests.unit.usecases.house import ADMIN, NOBODY, VIEWER, House

from fairlead.domain.actor import Actor
from fairlead.domain.errors import Invalid, NotAllowed, NotFound
from fairlead.domain.grant import Grant
from fairlead.domain.ids import ActorId, TaskId
from fairlead.domain.interruption import Choice, InterruptionKind, Question
from fairlead.domain.permission import Permission
from fairlead.domain.task import TaskState
from fairlead.store import deployments as rows
from fairlead.store.interruptions import StoreInterruptions
from fairlead.usecases import deployments, insights

HOUR_S = 3600.0


def released(house: House, *versions: str) -> None:
    """Each an hour before the next; the deployment to Test that each begins is cancelled, but for the last."""
    for version in versions:
        house.add_release(version)
        house.clock.advance(HOUR_S)
    for version in versions[:-1]:
        house.end(house.deployment(version).task, TaskState.CANCELLED)


def deployed(
    house: House, version: str, how: TaskState = TaskState.SUCCEEDED, *, asked: InterruptionKind | None = None
) -> None:
    """To Test; it takes an hour, in which a person may be asked."""
    found = house.deployment(version)
    if found.has_ended:
        found = deployments.create(house.context, ADMIN, "books", version, "Test", is_forced=True).deployment
    house.begin(found.task)
    if asked is not None:
        ask(house, str(found.task), asked)
    house.clock.advance(HOUR_S)
    if how is TaskState.SUCCEEDED:
        house.commit(version)
    house.end(found.task, how, "" if how is TaskState.SUCCEEDED else "container.exited")


def ask(house: House, task: str, kind: InterruptionKind) -> None:
    asking = StoreInterruptions(house.database, house.clock, house.ids)
    question = Question(kind, "What now?", (Choice.RETRY, Choice.FAIL))
    asyncio.run(asking.open(TaskId(task), "k", question, step="web", instructions="", why="it exited with 1"))


def test_the_figures_of_a_project(books: House) -> None:
    released(books, "1.0.0")
    deployed(books, "1.0.0")
    released(books, "1.1.0", "1.2.0")
    deployed(books, "1.2.0", TaskState.ROLLED_BACK)
    books.clock.advance(HOUR_S)
    deployed(books, "1.2.0")
    view = insights.of_project(books.context, VIEWER, "books")
    found = view.whole
    assert (found.deployments, found.successes, found.failures, found.unrecovered) == (3, 2, 1, 0)
    assert found.failure_rate == pytest.approx(1 / 3)
    assert found.lead_time_s == (2 + 5) / 2 * HOUR_S, "1.2.0 brought 1.1.0"
    assert found.recovery_s == 2 * HOUR_S
    assert view.by_environment == (("Test", found),)
    assert (view.until - view.since).days == 30


@pytest.mark.parametrize(
    ("kind", "successes", "failures"), [(InterruptionKind.GUIDED, 0, 1), (InterruptionKind.MANUAL, 1, 0)]
)
def test_a_success_that_needed_guided_failure_is_a_failure(
    books: House, kind: InterruptionKind, successes: int, failures: int
) -> None:
    released(books, "1.0.0")
    deployed(books, "1.0.0", asked=kind)
    found = insights.of_project(books.context, VIEWER, "books").whole
    assert (found.successes, found.failures, found.unrecovered) == (successes, failures, failures)


def test_what_was_cancelled_or_refused_is_neither(books: House) -> None:
    released(books, "1.0.0", "1.1.0")
    refused = books.deployment("1.1.0")
    books.end(refused.task, TaskState.FAILED, "deployment.room", has_begun=False)
    view = insights.of_project(books.context, VIEWER, "books")
    assert (view.whole.deployments, view.whole.failure_rate, view.by_environment) == (0, None, ())


def test_what_ended_before_the_span_is_not_counted_and_not_brought_again(books: House) -> None:
    released(books, "1.0.0")
    deployed(books, "1.0.0", TaskState.FAILED)
    deployed(books, "1.0.0")
    books.clock.advance(72 * HOUR_S)
    released(books, "1.1.0")
    deployed(books, "1.1.0")
    found = insights.of_project(books.context, VIEWER, "books", days=1).whole
    assert (found.deployments, found.lead_time_s, found.recovery_s) == (1, 2 * HOUR_S, None)
    assert insights.of_project(books.context, VIEWER, "books", days=5).whole.deployments == 3


def test_what_ended_before_the_span_with_guided_failure_was_not_delivered(books: House) -> None:
    released(books, "1.0.0")
    deployed(books, "1.0.0", asked=InterruptionKind.GUIDED)
    books.clock.advance(72 * HOUR_S)
    released(books, "1.1.0")
    deployed(books, "1.1.0")
    assert insights.of_project(books.context, VIEWER, "books", days=1).whole.lead_time_s == (2 + 72 + 2) * HOUR_S


def test_one_environment_alone(books: House) -> None:
    released(books, "1.0.0")
    deployed(books, "1.0.0")
    assert insights.of_project(books.context, VIEWER, "books", environment="Test").whole.successes == 1
    assert insights.of_project(books.context, VIEWER, "books", environment="Production").whole.deployments == 0
    with pytest.raises(NotFound):
        insights.of_project(books.context, VIEWER, "books", environment="Nowhere")


def test_who_may_view_one_environment_is_told_of_no_other(books: House) -> None:
    released(books, "1.0.0")
    deployed(books, "1.0.0")
    test = books.deployment("1.0.0").environment
    with books.database.reading() as connection:
        project = rows.page(connection).items[0].project
    elsewhere = Grant(frozenset({Permission.VIEW}), frozenset({str(project)}), frozenset({"env-none"}))
    eve = Actor(ActorId("usr-eve"), "eve", "user", frozenset(), via="test", grants=(elsewhere,))
    assert insights.of_project(books.context, eve, "books").whole.deployments == 0
    with pytest.raises(NotAllowed):
        insights.of_project(books.context, eve, "books", environment="Test")
    here = replace(eve, grants=(replace(elsewhere, environments=frozenset({str(test)})),))
    assert insights.of_project(books.context, here, "books").whole.deployments == 1
    with pytest.raises(NotAllowed):
        insights.of_project(books.context, NOBODY, "books")


@pytest.mark.parametrize("days", [0, -1, 367])
def test_a_span_is_of_a_day_to_a_year(books: House, days: int) -> None:
    with pytest.raises(Invalid):
        insights.of_project(books.context, VIEWER, "books", days=days)


def test_the_span_is_read_by_its_index(books: House) -> None:
    told: list[tuple[str, object]] = []

    def hear(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        told.append((statement, parameters))

    sa.event.listen(books.database.engine, "before_cursor_execute", hear)
    insights.of_project(books.context, VIEWER, "books")
    [span] = [one for one in told if "ended_at >=" in one[0]]
    with books.database.reading() as connection:
        steps = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {span[0]}", span[1]).all()  # type: ignore[arg-type]
    assert any("ix_deployments_ended (project=? AND ended_at>?)" in str(step) for step in steps), steps


@pytest.mark.parametrize("days_between", [10, 400])
def test_what_a_place_had_last_is_found_however_long_ago_it_was(books: House, days_between: int) -> None:
    released(books, "1.0.0")
    deployed(books, "1.0.0")
    books.clock.advance(days_between * 24 * HOUR_S)
    released(books, "1.1.0")
    deployed(books, "1.1.0")
    recent = insights.of_project(books.context, ADMIN, "books", days=1).whole
    assert recent.lead_time_s == 2 * HOUR_S, "from the making of 1.1.0: 1.0.0 was there"


def test_what_is_older_is_read_of_those_places_alone_that_had_nothing_lately(books: House) -> None:
    asked: list[str] = []
    listen = sa.event.listens_for(books.database.engine, "before_cursor_execute")
    listen(lambda _c, _cursor, statement, *_more: asked.append(statement))
    for version in ("1.0.0", "1.1.0"):
        released(books, version)
        deployed(books, version)
        books.clock.advance(10 * 24 * HOUR_S)
        asked.clear()
        insights.of_project(books.context, ADMIN, "books", days=11)
        older = [one for one in asked if "max(deployments.release)" in one and "ended_at >=" not in one]
        assert len(older) == (1 if version == "1.0.0" else 0)
        assert all("deployments.environment IN" in one for one in older)
