"""Runs of runbooks that begin later: they take no turn, are over a restart, and go by the rules of that time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.databases import ON_BOTH
from tests.unit.usecases.house import ADMIN, NOBODY, House

from fairlead.domain.actor import Actor
from fairlead.domain.errors import Conflict, FairleadError, NotAllowed, NotFound
from fairlead.domain.permission import Permission
from fairlead.domain.process import Action, Process, ProcessStep
from fairlead.domain.project import Tenancy
from fairlead.domain.runbook import Unbegun
from fairlead.domain.task import TaskState
from fairlead.usecases import freezes, runbook_runs, runbooks, scheduled_runs, tenanted, tenants, variables
from fairlead.usecases.freezes import Draft as Freeze
from fairlead.usecases.runbook_runs import RunView, Wish

pytestmark = ON_BOTH

HOUR = timedelta(hours=1)
RUNNER = replace(NOBODY, permissions=frozenset({Permission.VIEW, Permission.RUNBOOK_RUN}))


@pytest.fixture
def tidy(books: House) -> House:
    """The house with the runbook Tidy, published."""
    process = Process((ProcessStep("Tidy", (Action("Tidy", "script", {"script": "echo"}),)),))
    runbooks.put(books.context, ADMIN, "books", runbooks.Draft("Tidy", process=process, kept_runs=1))
    runbooks.publish(books.context, ADMIN, "books", "Tidy")
    return books


def ask(house: House, actor: Actor = ADMIN, **wish: object) -> RunView:
    made: Wish = replace(Wish(), **wish)  # type: ignore[arg-type]
    return runbook_runs.run(house.context, actor, "books", "Tidy", "Test", wish=made)


def newest(house: House) -> RunView:
    return runbook_runs.runs_of(house.context, ADMIN, "books", "Tidy").items[0]


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(FairleadError) as caught:
        act()
    return caught.value.code


def freeze(house: House, name: str, *, hours: int = 24) -> None:
    end = house.clock.now() + hours * HOUR
    freezes.add(house.context, ADMIN, Freeze(name, ends_at=end, environments=["Test"], binds_runbooks=True))


def test_a_scheduled_run_takes_no_turn_until_its_time_and_then_begins(tidy: House) -> None:
    made = ask(tidy, RUNNER, not_before=tidy.clock.now() + 6 * HOUR)
    assert (made.state, made.run.task, made.run.number) == (Unbegun.SCHEDULED, None, 1)
    assert scheduled_runs.begin_due(tidy.context) == 0
    meanwhile = ask(tidy)
    assert meanwhile.state is TaskState.QUEUED
    tidy.clock.advance(6 * 3600)
    assert scheduled_runs.begin_due(tidy.context) == 1
    [begun] = runbook_runs.runs_of(tidy.context, ADMIN, "books", "Tidy", state=TaskState.QUEUED).items[1:]
    assert begun.run.id == made.run.id and begun.run.task is not None and begun.run.unbegun is None
    task = tidy.task(begun.run.task)
    assert (task.created_at, task.created_by) == (tidy.clock.now(), RUNNER.name), "its place in the line is of now"
    assert meanwhile.run.task is not None
    tidy.begin(meanwhile.run.task)
    tidy.end(meanwhile.run.task)
    assert begun.run.task in tidy.queue.asked
    assert scheduled_runs.begin_due(tidy.context) == 0
    assert "begins as scheduled" in tidy.audit("runbook.due")[0].message


def test_when_it_may_begin_is_checked_as_of_deployments(tidy: House) -> None:
    now = tidy.clock.now()
    assert refused(lambda: ask(tidy, not_before=now - HOUR)) == "schedule.past"
    assert refused(lambda: ask(tidy, not_before=now + timedelta(days=31))) == "schedule.too_far"
    assert refused(lambda: ask(tidy, not_before=now + 2 * HOUR, not_after=now + HOUR)) == "schedule.expiry"
    assert refused(lambda: ask(tidy, NOBODY, not_before=now + HOUR)) == "permission.denied"
    assert ask(tidy, not_before=now).state is TaskState.QUEUED


def test_what_is_wrong_with_it_is_said_when_it_is_asked_for(tidy: House) -> None:
    later = tidy.clock.now() + HOUR
    assert refused(lambda: ask(tidy, not_before=later, plan_hash="0" * 16)) == "plan.changed"
    variables.put(tidy.context, ADMIN, "books", "Octopus.Task.ConcurrencyTag", "#{Nothing Here | Odd}")
    runbooks.publish(tidy.context, ADMIN, "books", "Tidy")
    assert refused(lambda: ask(tidy, not_before=later)) == "task.concurrency_tag"


def test_a_freeze_at_its_time_refuses_it_and_one_before_does_not(tidy: House) -> None:
    freeze(tidy, "Now", hours=2)
    ask(tidy, not_before=tidy.clock.now() + 3 * HOUR)
    ask(tidy, not_before=tidy.clock.now() + 3 * HOUR, override_freeze="it burns")
    tidy.clock.advance(3 * 3600)
    freeze(tidy, "Later")
    assert scheduled_runs.begin_due(tidy.context) == 2
    overriding, bound = runbook_runs.runs_of(tidy.context, ADMIN, "books", "Tidy").items
    assert (bound.state, bound.code, bound.run.task) == (Unbegun.REFUSED, "runbook.frozen", None)
    assert "Later" in bound.reason and "--override-freeze" in bound.hint and bound.run.ended_at == tidy.clock.now()
    assert overriding.state is TaskState.QUEUED
    assert "Later" in tidy.audit("runbook.refused")[0].message


def test_what_was_forbidden_meanwhile_is_refused_at_its_time(tidy: House) -> None:
    ask(tidy, not_before=tidy.clock.now() + HOUR)
    runbooks.put(tidy.context, ADMIN, "books", runbooks.Draft("Tidy", environments=["Production"]))
    tidy.clock.advance(3600)
    scheduled_runs.begin_due(tidy.context)
    assert (newest(tidy).state, newest(tidy).code) == (Unbegun.REFUSED, "runbook.environment")
    runbooks.put(tidy.context, ADMIN, "books", runbooks.Draft("Tidy"))
    ask(tidy, not_before=tidy.clock.now() + HOUR)
    runbooks.put(tidy.context, ADMIN, "books", runbooks.Draft("Tidy", tenancy=Tenancy.TENANTED))
    tidy.clock.advance(3600)
    scheduled_runs.begin_due(tidy.context)
    assert (newest(tidy).state, newest(tidy).code) == (Unbegun.REFUSED, "tenant.required")


def test_one_whose_time_is_over_does_not_begin_and_neither_does_one_that_waited_for_its_turn(tidy: House) -> None:
    now = tidy.clock.now()
    ask(tidy, not_before=now + HOUR, not_after=now + 2 * HOUR)
    tidy.clock.advance(3 * 3600)
    scheduled_runs.begin_due(tidy.context)
    assert (newest(tidy).state, newest(tidy).code) == (Unbegun.REFUSED, "runbook.expired")
    made = ask(tidy, not_after=tidy.clock.now() + HOUR)
    assert made.run.task is not None
    task = tidy.task(made.run.task)
    with tidy.database.reading() as connection:
        assert runbook_runs.plan_of(tidy.context, connection, task)
    tidy.clock.advance(3600)
    with tidy.database.reading() as connection, pytest.raises(Conflict) as caught:
        runbook_runs.plan_of(tidy.context, connection, task)
    assert caught.value.code == "runbook.expired"


def test_a_scheduled_one_is_cancelled_by_who_may_and_a_begun_one_is_not(tidy: House) -> None:
    made = ask(tidy, not_before=tidy.clock.now() + HOUR)
    with pytest.raises(NotAllowed) as denied:
        scheduled_runs.cancel(tidy.context, RUNNER, "books", "Tidy", made.run.id)
    assert denied.value.thing == "task.cancel"
    ended = scheduled_runs.cancel(tidy.context, ADMIN, "books", "Tidy", "1")
    assert (ended.state, ended.reason) == (Unbegun.CANCELLED, "cancelled by admin before it began")
    cancel = lambda run: scheduled_runs.cancel(tidy.context, ADMIN, "books", "Tidy", run)  # noqa: E731
    assert refused(lambda: cancel("1")) == "runbook.not_scheduled"
    with pytest.raises(NotFound) as unknown:
        cancel("99")
    assert (unknown.value.thing, unknown.value.hint) == ("99", "those that there are: fairlead runbooks runs 'Tidy'")
    begun = ask(tidy)
    with pytest.raises(Conflict) as caught:
        cancel(begun.run.id)
    assert (caught.value.code, caught.value.hint) == ("runbook.not_scheduled", f"fairlead cancel {begun.run.task}")
    assert refused(lambda: cancel("7")) == "runbook.unknown"
    tidy.clock.advance(3600)
    assert scheduled_runs.begin_due(tidy.context) == 0
    assert [event.thing for event in tidy.audit("runbook.cancelled")] == [made.run.id]


def test_what_is_scheduled_is_listed_first_kept_and_holds_its_runbook(tidy: House) -> None:
    made = ask(tidy, not_before=tidy.clock.now() + 12 * HOUR)
    for _ in range(3):
        tidy.clock.advance(60)
        one = ask(tidy)
        assert one.run.task is not None
        tidy.begin(one.run.task)
        tidy.end(one.run.task)
    [last, first] = runbook_runs.runs_of(tidy.context, ADMIN, "books", "Tidy").items
    assert (last.run.number, first.run.id) == (4, made.run.id), "one is kept, and what is to come"
    [book] = runbooks.page(tidy.context, ADMIN, "books").items
    shown = runbook_runs.newest_of(tidy.context, ADMIN, "books", [book], limit=1)[book.runbook.id]
    assert [one.run.number for one in shown] == [1, 4]
    [found] = runbook_runs.runs_of(tidy.context, ADMIN, "books", "Tidy", state=Unbegun.SCHEDULED).items
    assert found.run.id == made.run.id
    assert refused(lambda: runbooks.remove(tidy.context, ADMIN, "books", "Tidy")) == "edit.conflict"
    tidy.clock.advance(13 * 3600)
    scheduled_runs.begin_due(tidy.context)
    begun = newest_begun(tidy)
    assert begun.run.id == made.run.id and begun.run.task is not None
    tidy.begin(begun.run.task)
    tidy.end(begun.run.task)
    [kept] = runbook_runs.runs_of(tidy.context, ADMIN, "books", "Tidy").items
    assert kept.run.id == made.run.id, "which began last is kept, however long ago it was asked for"
    runbooks.remove(tidy.context, ADMIN, "books", "Tidy")


def newest_begun(house: House) -> RunView:
    return runbook_runs.runs_of(house.context, ADMIN, "books", "Tidy", state=TaskState.QUEUED).items[0]


def test_what_was_published_when_it_was_asked_for_is_what_runs(tidy: House) -> None:
    seen = runbook_runs.preview(tidy.context, ADMIN, "books", "Tidy", "Test").plan.hash
    ask(tidy, not_before=tidy.clock.now() + HOUR, plan_hash=seen[:16])
    other = Process((ProcessStep("Other", (Action("Other", "script", {"script": "rm"}),)),))
    runbooks.put(tidy.context, ADMIN, "books", runbooks.Draft("Tidy", process=other))
    runbooks.publish(tidy.context, ADMIN, "books", "Tidy")
    tidy.clock.advance(3600)
    scheduled_runs.begin_due(tidy.context)
    begun = newest_begun(tidy)
    assert begun.run.task is not None
    with tidy.database.reading() as connection:
        assert runbook_runs.plan_of(tidy.context, connection, tidy.task(begun.run.task)).hash == seen


def test_for_several_tenants_each_run_is_scheduled(tidy: House) -> None:
    for name in ("Acme", "Bolt"):
        tenants.put(tidy.context, ADMIN, tenants.Draft(name, connections={"books": ["Test"]}))
    runbooks.put(tidy.context, ADMIN, "books", runbooks.Draft("Tidy", tenancy=Tenancy.TENANTED))
    wish = Wish(not_before=tidy.clock.now() + HOUR)
    asked = tenanted.run_each(tidy.context, ADMIN, "books", "Tidy", ["Test"], names=["Acme", "Bolt"], wish=wish)
    assert [(one.tenant, one.state) for one in asked.made] == [
        ("Acme", Unbegun.SCHEDULED),
        ("Bolt", Unbegun.SCHEDULED),
    ]
    tidy.clock.advance(3600)
    assert scheduled_runs.begin_due(tidy.context) == 2
    begun = runbook_runs.runs_of(tidy.context, ADMIN, "books", "Tidy", state=TaskState.QUEUED).items
    assert {one.tenant for one in begun} == {tidy.task(str(one.run.task)).tenant for one in begun} == {"Acme", "Bolt"}
