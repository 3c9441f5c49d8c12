"""Runbooks: a draft is published and runs; what is published stays as it was, and runs are kept in bounds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.usecases.house import ADMIN, House

from fairlead.domain.errors import Conflict, Invalid, Refused
from fairlead.domain.plan import steps_of
from fairlead.domain.process import Action, Process, ProcessStep
from fairlead.domain.task import TaskState
from fairlead.store import tasks
from fairlead.usecases import runbooks
from fairlead.usecases.runbooks import Draft


def process(*names: str) -> Process:
    properties = {"script": "echo '#{Octopus.Runbook.Name}'"}
    return Process(tuple(ProcessStep(name, (Action(name, "script", properties),)) for name in names))


TIDY = Draft("Tidy", "empties the cache", ("Test",), process=process("Look", "Delete"))


def test_a_draft_is_published_and_what_is_published_is_what_runs(books: House) -> None:
    made = runbooks.put(books.context, ADMIN, "books", TIDY)
    assert (made.environments, made.is_changed) == (("Test",), True)
    with pytest.raises(Conflict) as unpublished:
        runbooks.run(books.context, ADMIN, "books", "Tidy", "Test")
    assert unpublished.value.code == "runbook.unpublished"
    assert not runbooks.publish(books.context, ADMIN, "books", "Tidy").is_changed
    changed = runbooks.put(books.context, ADMIN, "books", replace(TIDY, process=process("Other")))
    assert changed.is_changed
    view = runbooks.run(books.context, ADMIN, "books", "Tidy", "Test")
    task = books.task(view.run.task)
    assert (task.kind, task.state, view.run.number) == ("runbook", TaskState.QUEUED, 1)
    assert task.id in books.queue.asked
    with books.database.reading() as connection:
        plan = runbooks.plan_of(books.context, connection, task)
    assert [step.name for step in steps_of(plan.forward)] == ["Look", "Delete"]
    assert plan.task_kind == "runbook" and plan.commit is None


def test_it_runs_only_where_it_may_and_without_services(books: House) -> None:
    runbooks.put(books.context, ADMIN, "books", TIDY)
    runbooks.publish(books.context, ADMIN, "books", "Tidy")
    with pytest.raises(Refused) as elsewhere:
        runbooks.run(books.context, ADMIN, "books", "Tidy", "Production")
    assert elsewhere.value.code == "runbook.environment"
    deploying = Process((ProcessStep("Deploy", (Action("Deploy", "deploy-services"),)),))
    with pytest.raises(Invalid) as refused:
        runbooks.put(books.context, ADMIN, "books", replace(TIDY, process=deploying))
    assert refused.value.code == "runbook.services"
    runbooks.put(books.context, ADMIN, "books", Draft("Empty"))
    with pytest.raises(Conflict) as empty:
        runbooks.publish(books.context, ADMIN, "books", "Empty")
    assert empty.value.code == "runbook.empty"


def test_of_its_runs_only_so_many_are_kept_in_each_environment(books: House) -> None:
    runbooks.put(books.context, ADMIN, "books", replace(TIDY, environments=(), kept_runs=2))
    runbooks.publish(books.context, ADMIN, "books", "Tidy")
    first = ""
    for place in ("Production", "Test", "Test", "Test"):
        made = runbooks.run(books.context, ADMIN, "books", "Tidy", place)
        first = first or made.run.task if place == "Test" else first
        books.begin(made.run.task)
        books.end(made.run.task)
    kept = runbooks.runs_of(books.context, ADMIN, "books", "Tidy").items
    assert [(one.environment, one.run.number) for one in kept] == [("Test", 4), ("Test", 3), ("Production", 1)]
    with books.database.reading() as connection:
        assert tasks.find(connection, first) is None
    assert {event.kind for event in books.audit()} >= {"runbook.added", "runbook.published", "runbook.run"}


def test_an_edit_of_what_somebody_else_changed_is_refused_and_a_running_one_stays(books: House) -> None:
    runbooks.put(books.context, ADMIN, "books", TIDY)
    runbooks.put(books.context, ADMIN, "books", TIDY, revision=1)
    with pytest.raises(Conflict) as stale:
        runbooks.put(books.context, ADMIN, "books", TIDY, revision=1)
    assert stale.value.code == "edit.conflict"
    runbooks.publish(books.context, ADMIN, "books", "Tidy")
    made = runbooks.run(books.context, ADMIN, "books", "Tidy", "Test")
    with pytest.raises(Conflict):
        runbooks.remove(books.context, ADMIN, "books", "Tidy")
    books.begin(made.run.task)
    books.end(made.run.task)
    runbooks.remove(books.context, ADMIN, "books", "Tidy")
    assert runbooks.all_of(books.context, ADMIN, "books") == []
