"""A runbook that did not run well, or was refused when its time came, is told to who wants to be told: once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.databases import ON_BOTH
from tests.unit.usecases.house import ADMIN, House

from fairlead.domain.process import Action, Process, ProcessStep
from fairlead.domain.project import Tenancy
from fairlead.domain.task import TaskState
from fairlead.domain.trigger import TriggerAction
from fairlead.store.notices import NoticeRow
from fairlead.usecases import (
    evaluating,
    freezes,
    notifications,
    runbook_runs,
    runbooks,
    scheduled_runs,
    telling,
    tenants,
    triggers,
)
from fairlead.usecases.freezes import Draft as Freeze
from fairlead.usecases.runbook_runs import RunView, Wish
from fairlead.usecases.triggers import Draft as Trigger

pytestmark = ON_BOTH

HOUR = timedelta(hours=1)
PLACES = ["Test", "Production"]


@pytest.fixture
def tidy(books: House) -> House:
    """The house with the runbook Tidy, published, and somebody who is told what everybody is told."""
    notifications.add(books.context, ADMIN, "http://127.0.0.1:9/hook")
    process = Process((ProcessStep("Tidy", (Action("Tidy", "script", {"script": "echo"}),)),))
    runbooks.put(books.context, ADMIN, "books", runbooks.Draft("Tidy", process=process))
    runbooks.publish(books.context, ADMIN, "books", "Tidy")
    return books


def ask(house: House, **wish: object) -> RunView:
    made: Wish = replace(Wish(), **wish)  # type: ignore[arg-type]
    return runbook_runs.run(house.context, ADMIN, "books", "Tidy", "Test", wish=made)


def freeze(house: House, *where: str) -> None:
    end = house.clock.now() + 24 * HOUR
    freezes.add(
        house.context, ADMIN, Freeze(f"Quiet {where[0]}", ends_at=end, environments=list(where), binds_runbooks=True)
    )


def told(house: House) -> Sequence[NoticeRow]:
    return telling.due(house.context)


def at_the_hour(house: House) -> None:
    house.clock.advance(3600)
    evaluating.evaluate_due(house.context)


def nightly(house: House, **more: object) -> None:
    draft = Trigger("Nightly", "0 * * * *", TriggerAction.RUN_RUNBOOK, runbook="Tidy", environments=PLACES)
    triggers.put(house.context, ADMIN, "books", replace(draft, **more))  # type: ignore[arg-type]


def test_a_scheduled_run_that_is_refused_at_its_time_is_told_once(tidy: House) -> None:
    ask(tidy, not_before=tidy.clock.now() + HOUR)
    tidy.clock.advance(3600)
    freeze(tidy, "Test")
    for _ in range(2):
        scheduled_runs.begin_due(tidy.context)
    [notice] = told(tidy)
    assert (notice.event, notice.subject) == ("runbook.failed", "books: runbook Tidy in Test: refused")
    assert "Quiet" in notice.body and "--override-freeze" in notice.body
    assert notice.facts == {"project": "books", "runbook": "Tidy", "environment": "Test", "outcome": "refused"}
    assert notice.link == "/projects/books/runbooks"


def test_so_is_one_that_is_past_its_own_time(tidy: House) -> None:
    ask(tidy, not_before=tidy.clock.now() + HOUR, not_after=tidy.clock.now() + 2 * HOUR)
    tidy.clock.advance(3 * 3600)
    scheduled_runs.begin_due(tidy.context)
    [notice] = told(tidy)
    assert notice.facts["outcome"] == "refused" and "was not to begin after" in notice.body


@pytest.mark.parametrize(("has_begun", "outcome"), [(True, "failed"), (False, "refused")])
def test_a_run_that_began_and_failed_is_told_and_so_is_one_that_its_turn_refused(
    tidy: House, has_begun: bool, outcome: str
) -> None:
    task = ask(tidy).run.task
    tidy.begin(task)
    tidy.end(task, TaskState.FAILED, "script.failed", "the script ended with 1", has_begun=has_begun)
    [notice] = told(tidy)
    assert (notice.event, notice.facts["outcome"]) == ("runbook.failed", outcome)
    assert "the script ended with 1" in notice.body and notice.link == f"/tasks/{task}"


def test_what_went_well_or_was_cancelled_is_not(tidy: House) -> None:
    for state in (TaskState.SUCCEEDED, TaskState.CANCELLED):
        task = ask(tidy).run.task
        tidy.begin(task)
        tidy.end(task, state)
    later = ask(tidy, not_before=tidy.clock.now() + HOUR)
    scheduled_runs.cancel(tidy.context, ADMIN, "books", "Tidy", later.run.id)
    assert not told(tidy)


def test_a_schedule_that_may_not_run_its_runbook_is_told_for_each_environment_and_in_the_audit(tidy: House) -> None:
    nightly(tidy)
    freeze(tidy, "Test")
    at_the_hour(tidy)
    [notice] = told(tidy)
    assert (notice.event, notice.subject) == ("runbook.failed", "books: runbook Tidy in Test: refused")
    assert "Quiet" in notice.body and "trigger Nightly" in notice.body
    [event] = tidy.audit("runbook.refused")
    assert (event.environment, event.project, event.actor) == ("Test", "books", "trigger Nightly")
    freeze(tidy, "Production")
    at_the_hour(tidy)
    assert len(told(tidy)) == 3, "each time is another one"
    assert len(tidy.audit("runbook.refused")) == 3


def test_where_a_person_looks_or_it_is_disabled_nobody_else_is_told(tidy: House) -> None:
    nightly(tidy)
    freeze(tidy, *PLACES)
    evaluating.evaluate(tidy.context, ADMIN, "books", "Nightly")
    nightly(tidy, is_enabled=False)
    at_the_hour(tidy)
    assert not told(tidy) and not tidy.audit("runbook.refused")


def test_a_time_that_was_missed_is_told(tidy: House) -> None:
    nightly(tidy, environments=["Test"])
    tidy.clock.advance(5 * 3600)
    evaluating.evaluate_due(tidy.context)
    [notice] = told(tidy)
    assert "when no server ran" in notice.body


def test_of_several_tenants_those_are_named_for_whom_it_was_refused(tidy: House) -> None:
    for name, where in (("Acme", "Test"), ("Bolt", "Production")):
        tenants.put(tidy.context, ADMIN, tenants.Draft(name, connections={"books": [where]}))
    runbooks.put(tidy.context, ADMIN, "books", runbooks.Draft("Tidy", tenancy=Tenancy.TENANTED))
    nightly(tidy, environments=["Test"], tenants=["Acme", "Bolt"])
    at_the_hour(tidy)
    [notice] = told(tidy)
    assert "Bolt: " in notice.body and "Acme: " not in notice.body
