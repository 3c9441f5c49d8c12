"""What keeps deployments from beginning: freezes, defects, and their own time; people's and automatic ones alike."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.unit.usecases.house import ADMIN, House

from fairlead.domain.actor import Actor
from fairlead.domain.deployment import DeploymentOutcome, DeploymentState
from fairlead.domain.errors import Conflict, Invalid, NotAllowed
from fairlead.domain.ids import ActorId
from fairlead.domain.permission import Permission
from fairlead.usecases import approvals, defects, deployments, environments, freezes, scheduling
from fairlead.usecases.freezes import Draft

HOUR = timedelta(hours=1)
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


def test_a_freeze_binds_people_and_automatic_deployments_and_says_so(books: House) -> None:
    freeze(books, "Test")
    books.add_release("1.0.0")
    row = books.deployment("1.0.0", "Test")
    assert (row.outcome, row.code, row.task) == (DeploymentOutcome.REFUSED, "deployment.frozen", None)
    assert "Holidays: nobody is here" in row.reason
    with pytest.raises(Conflict) as caught:
        deployments.create(books.context, ADMIN, "books", "1.0.0", "Test")
    assert caught.value.code == "deployment.frozen" and "--override-freeze" in caught.value.hint
    freezes.remove(books.context, ADMIN, "Holidays")
    assert deployments.create(books.context, ADMIN, "books", "1.0.0", "Test").deployment.task


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
