"""What keeps deployments from beginning: freezes, defects, and their own time; people's and automatic ones alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.usecases.house import ADMIN, NOBODY, House

from fairlead.domain.actor import Actor
from fairlead.domain.deployment import DeploymentOutcome, DeploymentState
from fairlead.domain.errors import Conflict, Invalid, NotAllowed, NotFound
from fairlead.domain.grant import Grant
from fairlead.domain.ids import ActorId
from fairlead.domain.permission import Permission
from fairlead.domain.process import Action, Process, ProcessStep
from fairlead.domain.task import TaskState
from fairlead.store import projects
from fairlead.usecases import (
    approvals,
    defects,
    deployments,
    environments,
    freezes,
    runbook_runs,
    runbooks,
    scheduling,
    why,
)
from fairlead.usecases.freezes import Draft
from fairlead.usecases.runbook_runs import Wish

HOUR = timedelta(hours=1)
HELD = DeploymentState.SCHEDULED
DEPLOYER = Actor(
    ActorId("usr-d"), "dora", "user", frozenset({Permission.VIEW, Permission.DEPLOYMENT_CREATE}), via="test"
)


def freeze(house: House, *places: str, hours: int = 24, name: str = "Holidays") -> None:
    end = house.clock.now() + hours * HOUR
    freezes.add(house.context, ADMIN, Draft(name, ends_at=end, environments=places, reason="nobody is here"))


def refused(work: object) -> str:
    with pytest.raises(Conflict) as caught:
        work()  # type: ignore[operator]
    return caught.value.code


def test_the_audit_says_in_words_of_people_when_a_freeze_holds(books: House) -> None:
    now = books.clock.now()
    freezes.add(books.context, ADMIN, Draft("Fridays", ends_at=now + 200 * HOUR, cron="0 12 * * FRI", lasts_s=5400))
    (told,) = books.audit("freeze.added")
    when = f"from {now:%Y-%m-%d %H:%M} UTC until {now + 200 * HOUR:%Y-%m-%d %H:%M} UTC, 0 12 * * FRI for 90 min"
    assert told.message == f"added freeze Fridays {when}"


def test_a_freeze_binds_people_and_holds_back_what_the_lifecycle_begins_until_it_ends(books: House) -> None:
    freeze(books, "Test")
    books.add_release("1.0.0")
    row = books.deployment("1.0.0", "Test")
    assert (row.state, row.held_by, row.code, row.task) == (HELD, "Holidays", "deployment.frozen", None)
    assert "Holidays: nobody is here" in row.reason and "when the freeze ends" in row.hint
    [held] = [one for one in why.deployment(books.context, ADMIN, row.id).because if one.code == "deployment.frozen"]
    assert "Holidays" in held.said
    with pytest.raises(Conflict) as caught:
        deployments.create(books.context, ADMIN, "books", "1.0.0", "Test")
    assert caught.value.code == "deployment.frozen" and "--override-freeze" in caught.value.hint
    books.clock.advance(24 * 3600 - 1)
    assert scheduling.begin_due(books.context) == 0
    books.clock.advance(1)
    assert scheduling.begin_due(books.context) == 1
    begun = books.deployment("1.0.0", "Test")
    assert begun.id == row.id and begun.task and (begun.held_by, begun.reason, begun.code) == ("", "", "")
    assert "once the freeze Holidays is over" in books.audit("deployment.due")[0].message


def test_the_last_of_several_freezes_counts_and_one_that_is_longer_by_then_holds_on(books: House) -> None:
    freeze(books, "Test", hours=1, name="Short")
    freeze(books, "Test", hours=3, name="Long")
    books.add_release("1.0.0")
    assert books.deployment("1.0.0", "Test").held_by == "Long"
    later = Draft("Long", books.clock.now(), books.clock.now() + 5 * HOUR)
    freezes.change(books.context, ADMIN, "Long", later)
    assert books.deployment("1.0.0", "Test").not_before == books.clock.now() + 5 * HOUR
    books.clock.advance(5 * 3600)
    freeze(books, hours=2, name="Another")
    assert scheduling.begin_due(books.context) == 1
    again = books.deployment("1.0.0", "Test")
    assert (again.state, again.held_by) == (HELD, "Another")


def test_a_freeze_that_is_removed_lets_what_it_held_back_begin_and_something_newer_takes_its_place(
    books: House,
) -> None:
    freeze(books, "Test")
    books.add_release("1.0.0")
    books.add_release("1.1.0")
    old = books.deployment("1.0.0", "Test")
    assert old.outcome is DeploymentOutcome.SUPERSEDED and "1.1.0" in old.reason
    freezes.remove(books.context, ADMIN, "Holidays")
    assert scheduling.begin_due(books.context) == 1
    assert books.deployment("1.1.0", "Test").task and not books.deployment("1.0.0", "Test").task


def test_what_is_held_back_can_be_cancelled_and_is_not_begun_then(books: House) -> None:
    freeze(books, "Test")
    books.add_release("1.0.0")
    scheduling.cancel(books.context, ADMIN, books.deployment("1.0.0", "Test").id)
    books.clock.advance(25 * 3600)
    assert scheduling.begin_due(books.context) == 0
    assert books.deployment("1.0.0", "Test").outcome is DeploymentOutcome.CANCELLED


def test_an_automatic_one_that_meets_a_freeze_at_its_turn_is_asked_for_again_and_held(books: House) -> None:
    books.add_release("1.0.0")
    first = books.deployment("1.0.0", "Test")
    books.begin(first.task)
    freeze(books, "Test")
    books.end(first.task, TaskState.FAILED, code="deployment.frozen", reason="Test is frozen")
    held = books.deployment("1.0.0", "Test")
    assert held.id != first.id and (held.state, held.held_by) == (HELD, "Holidays")


def test_a_freeze_is_shown_to_those_who_may_view_something_that_it_freezes(books: House) -> None:
    books.add_project("secret")
    with books.database.reading() as connection:
        mine = projects.by_name(connection, "books").id
    reader = replace(NOBODY, grants=(Grant(frozenset({Permission.VIEW}), projects=frozenset({mine})),))
    end = books.clock.now() + HOUR
    freezes.add(books.context, ADMIN, Draft("Theirs", ends_at=end, projects=["secret"]))
    freezes.add(books.context, ADMIN, Draft("Both", ends_at=end, projects=["secret", "books"]))
    freezes.add(books.context, ADMIN, Draft("All", ends_at=end))
    shown = {one.freeze.name: one.projects for one in freezes.page(books.context, reader).items}
    assert shown == {"Both": ("books",), "All": ()}
    with pytest.raises(NotFound) as caught:
        freezes.get(books.context, reader, "Theirs")
    assert caught.value.code == "freeze.unknown"
    assert freezes.get(books.context, ADMIN, "Both").projects == ("secret", "books")


def test_runbooks_are_bound_only_where_a_freeze_says_so_and_may_pass_it_over(books: House) -> None:
    process = Process((ProcessStep("Tidy", (Action("Tidy", "script", {"script": "echo"}),)),))
    runbooks.put(books.context, ADMIN, "books", runbooks.Draft("Tidy", process=process))
    runbooks.publish(books.context, ADMIN, "books", "Tidy")
    freeze(books, "Test")
    before = runbook_runs.run(books.context, ADMIN, "books", "Tidy", "Test")
    end = books.clock.now() + HOUR
    freezes.add(books.context, ADMIN, Draft("Audit", ends_at=end, environments=["Test"], binds_runbooks=True))
    assert refused(lambda: runbook_runs.run(books.context, ADMIN, "books", "Tidy", "Test")) == "runbook.frozen"
    with books.database.reading() as connection, pytest.raises(Conflict) as caught:
        runbook_runs.plan_of(books.context, connection, books.task(before.run.task))
    assert caught.value.code == "runbook.frozen", "one that waited for its turn meanwhile"
    with pytest.raises(NotAllowed):
        runner = replace(DEPLOYER, permissions=frozenset({Permission.VIEW, Permission.RUNBOOK_RUN}))
        runbook_runs.run(books.context, runner, "books", "Tidy", "Test", wish=Wish(override_freeze="it burns"))
    made = runbook_runs.run(books.context, ADMIN, "books", "Tidy", "Test", wish=Wish(override_freeze="it burns"))
    with books.database.reading() as connection:
        assert runbook_runs.plan_of(books.context, connection, books.task(made.run.task)).task_kind == "runbook"
    assert any("it burns" in event.message for event in books.audit("freeze.overridden"))


def test_a_freeze_elsewhere_or_over_binds_nothing(books: House) -> None:
    freeze(books, "Production")
    freeze(books, "Test", hours=1, name="Short")
    books.clock.advance(2 * 3600)
    books.add_release("1.0.0")
    assert books.deployment("1.0.0", "Test").task
    shown = {one.freeze.name: one.is_active for one in freezes.page(books.context, ADMIN).items}
    assert shown == {"Holidays": True, "Short": False}


def test_passing_a_freeze_over_needs_its_own_permission_and_a_reason_and_is_audited(books: House) -> None:
    freeze(books)
    books.add_release("1.0.0")
    with pytest.raises(NotAllowed) as caught:
        deployments.create(books.context, DEPLOYER, "books", "1.0.0", "Test", override_freeze="it burns")
    assert caught.value.thing == "freeze.override"
    with pytest.raises(Invalid):
        deployments.create(books.context, ADMIN, "books", "1.0.0", "Test", override_freeze="  ")
    made = deployments.create(books.context, ADMIN, "books", "1.0.0", "Test", override_freeze="it burns")
    assert (made.deployment.freeze_override, made.deployment.state) == ("it burns", DeploymentState.QUEUED)
    [event] = books.audit("freeze.overridden")
    assert "it burns" in event.message and event.environment == "Test"


def test_what_waits_for_an_approval_is_not_approved_into_a_freeze(books: House) -> None:
    books.add_release("1.0.0")
    books.go_live("1.0.0", "Test")
    freeze(books, "Production")
    asked = books.approval("1.0.0")
    assert refused(lambda: approvals.approve(books.context, ADMIN, asked.id)) == "deployment.frozen"
    books.clock.advance(25 * 3600)
    approvals.approve(books.context, ADMIN, asked.id)
    assert books.deployment("1.0.0", "Production").task


def test_a_defect_holds_a_release_back_until_it_is_resolved_and_then_it_goes_on(books: House) -> None:
    books.add_release("1.0.0")
    found = defects.report(books.context, ADMIN, "books", "1.0.0", "prices are wrong")
    books.go_live("1.0.0", "Test")
    row = books.deployment("1.0.0", "Production")
    assert (row.outcome, row.code) == (DeploymentOutcome.REFUSED, "deployment.defect")
    assert "prices are wrong" in row.reason
    create = deployments.create
    assert refused(lambda: create(books.context, ADMIN, "books", "1.0.0", "Production")) == "deployment.defect"
    again = create(books.context, ADMIN, "books", "1.0.0", "Test", is_forced=True)
    assert again.deployment.state is DeploymentState.QUEUED, "where it was live it may go again"
    solved = defects.resolve(books.context, ADMIN, found.id, resolution="it was the cache")
    assert not solved.is_open and solved.resolved_by == "admin"
    assert books.deployment("1.0.0", "Production").state is DeploymentState.WAITING
    assert refused(lambda: defects.resolve(books.context, ADMIN, found.id)) == "defect.resolved"
    assert {event.kind for event in books.audit() if "defect" in event.kind} >= {"defect.reported", "defect.resolved"}


def test_a_defect_that_comes_while_an_approval_waits_keeps_it_from_being_given(books: House) -> None:
    books.add_release("1.0.0")
    books.go_live("1.0.0", "Test")
    asked = books.approval("1.0.0")
    defects.report(books.context, ADMIN, "books", "1.0.0", "broken")
    assert refused(lambda: approvals.approve(books.context, ADMIN, asked.id)) == "deployment.defect"


def test_a_scheduled_deployment_takes_no_turn_until_its_time_and_then_begins(books: House) -> None:
    environments.change(books.context, ADMIN, "Production", asks_approval=False)
    books.add_release("1.0.0")
    books.go_live("1.0.0", "Test")
    at = books.clock.now() + 6 * HOUR
    made = deployments.create(books.context, ADMIN, "books", "1.0.0", "Production", not_before=at)
    assert (made.deployment.state, made.deployment.task) == (DeploymentState.SCHEDULED, None)
    assert scheduling.begin_due(books.context) == 0
    books.clock.advance(6 * 3600)
    assert scheduling.begin_due(books.context) == 1
    begun = books.deployment("1.0.0", "Production")
    assert (begun.state, begun.task) == (DeploymentState.QUEUED, begun.task)
    assert begun.task in books.queue.asked
    assert scheduling.begin_due(books.context) == 0


def test_an_approval_before_its_time_schedules_and_one_that_comes_too_late_finds_it_ended(books: House) -> None:
    books.add_release("1.0.0")
    books.go_live("1.0.0", "Test")
    now = books.clock.now()
    ask = deployments.create
    ask(books.context, ADMIN, "books", "1.0.0", "Production", not_before=now + HOUR, not_after=now + 2 * HOUR)
    approvals.approve(books.context, ADMIN, books.approval("1.0.0").id)
    assert books.deployment("1.0.0", "Production").state is DeploymentState.SCHEDULED
    ask(books.context, ADMIN, "books", "1.0.0", "Production", is_forced=True, not_after=now + HOUR)
    asked = books.approval("1.0.0")
    books.clock.advance(3600)
    scheduling.begin_due(books.context)
    late = books.deployment("1.0.0", "Production")
    assert (late.outcome, late.code) == (DeploymentOutcome.REFUSED, "deployment.expired")
    assert refused(lambda: approvals.approve(books.context, ADMIN, asked.id)) == "approval.answered"


def test_a_freeze_at_its_time_refuses_a_scheduled_one_and_one_before_does_not(books: House) -> None:
    freeze(books, "Test", hours=2, name="Now")
    books.add_release("1.0.0")
    now = books.clock.now()
    deployments.create(books.context, ADMIN, "books", "1.0.0", "Test", not_before=now + 3 * HOUR)
    books.clock.advance(3 * 3600)
    freeze(books, "Test", name="Later")
    scheduling.begin_due(books.context)
    row = books.deployment("1.0.0", "Test")
    assert (row.outcome, row.code) == (DeploymentOutcome.REFUSED, "deployment.frozen")
    assert "Later" in row.reason


def test_a_scheduled_one_is_cancelled_and_a_begun_one_is_not(books: House) -> None:
    books.add_release("1.0.0")
    begun = books.deployment("1.0.0", "Test")
    assert refused(lambda: scheduling.cancel(books.context, ADMIN, begun.id)) == "deployment.not_scheduled"
    later = books.clock.now() + HOUR
    made = deployments.create(books.context, ADMIN, "books", "1.0.0", "Test", is_forced=True, not_before=later)
    scheduling.cancel(books.context, ADMIN, made.deployment.id)
    assert books.deployment("1.0.0", "Test").outcome is DeploymentOutcome.CANCELLED
    with pytest.raises(Invalid) as past:
        deployments.create(books.context, ADMIN, "books", "1.0.0", "Test", not_before=books.clock.now() - HOUR)
    assert past.value.code == "schedule.past"
