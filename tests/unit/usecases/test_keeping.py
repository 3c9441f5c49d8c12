"""Asking that a failed slot is kept: who may, when it is too late, and that its time ends it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from tests.unit.usecases.house import ADMIN, VIEWER, House

from fairlead.domain.colour import Colour
from fairlead.domain.errors import Conflict, Invalid, NotAllowed
from fairlead.domain.ids import TaskId
from fairlead.domain.slot import Slot, SlotState
from fairlead.domain.task import TaskState
from fairlead.ports.catalogue import Place
from fairlead.steps.keeping import asked_s
from fairlead.store import deployments as store
from fairlead.store import slots, tasks
from fairlead.usecases import approvals, deployments, housekeeping, scheduling


def asked(house: House, task: str | None) -> float:
    with house.database.reading() as connection:
        return asked_s(tasks.facts_of(connection, TaskId(str(task))))


def test_it_is_asked_for_before_or_while_it_runs_and_taken_back(books: House) -> None:
    books.add_release("1.0.0")
    found = books.deployment("1.0.0")
    books.begin(found.task)
    deployments.keep(books.context, ADMIN, found.id, seconds=60)
    assert asked(books, found.task) == 60
    assert "keep deployment 1 for 60 s" in books.audit("deployment.keep_asked")[0].message
    deployments.keep(books.context, ADMIN, found.id, seconds=0)
    assert asked(books, found.task) == 0
    books.go_live("1.0.0")
    made = deployments.create(books.context, ADMIN, "books", "1.0.0", "Test", is_forced=True, keep_failed_s=7200)
    assert asked(books, made.deployment.task) == 7200


def test_too_late_too_long_and_not_allowed_are_refused(books: House) -> None:
    books.add_release("1.0.0")
    found = books.deployment("1.0.0")
    with pytest.raises(NotAllowed):
        deployments.keep(books.context, VIEWER, found.id, seconds=60)
    for seconds in (-1, 1e9):
        with pytest.raises(Invalid):
            deployments.keep(books.context, ADMIN, found.id, seconds=seconds)
    books.end(found.task, TaskState.ROLLED_BACK, "tests.failed", "no")
    with pytest.raises(Conflict) as refused:
        deployments.keep(books.context, ADMIN, found.id, seconds=60)
    assert refused.value.code == "deployment.not_running"


def test_one_that_waits_for_an_approval_or_its_time_remembers_it_until_it_begins(books: House) -> None:
    books.add_release("1.0.0")
    books.go_live("1.0.0")
    waiting = deployments.create(books.context, ADMIN, "books", "1.0.0", "Production", keep_failed_s=7200)
    assert waiting.approval is not None
    approvals.approve(books.context, ADMIN, waiting.approval.id)
    assert asked(books, books.deployment("1.0.0", "Production").task) == 7200
    books.go_live("1.0.0", "Production")
    at = books.clock.now() + timedelta(hours=1)
    how = {"is_forced": True, "not_before": at}
    later = deployments.create(books.context, ADMIN, "books", "1.0.0", "Test", **how).deployment
    deployments.keep(books.context, ADMIN, later.id, seconds=60)
    books.clock.advance(3601)
    scheduling.begin_due(books.context)
    with books.database.reading() as connection:
        task = store.get(connection, later.id).task
    assert asked(books, task) == 60


def test_what_stands_is_kept_longer_or_ended_now(books: House) -> None:
    books.add_release("1.0.0")
    found, place = books.deployment("1.0.0"), Place("books", "Test")
    books.end(found.task, TaskState.ROLLED_BACK, "tests.failed", "no")
    until = books.clock.now() + timedelta(seconds=60)
    kept = Slot(Colour.BLUE, SlotState.IDLE, found.id, found.release, "1.0.0", "net", standby_until=until)
    asyncio.run(books.records.set_slot(place, kept))
    deployments.keep(books.context, ADMIN, found.id, seconds=600)
    books.clock.advance(61)
    assert housekeeping.end_expired_standbys(books.context) == 0
    deployments.keep(books.context, ADMIN, found.id, seconds=0)
    assert housekeeping.end_expired_standbys(books.context) == 1
    assert "what stands of deployment 1" in books.audit("deployment.keep_asked")[0].message


def test_its_time_ends_it_also_after_a_restart(books: House) -> None:
    books.add_release("1.0.0")
    found = books.deployment("1.0.0")
    books.end(found.task, TaskState.ROLLED_BACK, "tests.failed", "no")
    until = books.clock.now() + timedelta(seconds=60)
    kept = Slot(Colour.BLUE, SlotState.IDLE, found.id, found.release, "1.0.0", "net", standby_until=until)
    asyncio.run(books.records.set_slot(Place("books", "Test"), kept))
    assert housekeeping.end_expired_standbys(books.context) == 0
    books.clock.advance(61)
    assert housekeeping.end_expired_standbys(books.context) == 1
    with books.database.reading() as connection:
        assert slots.of(connection, Place("books", "Test"))[Colour.BLUE].state is SlotState.IDLE
        task = tasks.get(connection, books.queue.asked[-1])
    assert (task.project, task.environment, task.kind) == ("books", "Test", "other")
    assert task.title == "end what was kept of books 1.0.0 in Test"
