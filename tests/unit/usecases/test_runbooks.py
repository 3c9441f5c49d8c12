"""Runbooks: a draft is published and runs; what is published stays as it was, and runs are kept in bounds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.usecases.house import ADMIN, House

from fairlead.domain.errors import Conflict, Invalid, Refused
from fairlead.domain.plan import all_effects, steps_of
from fairlead.domain.process import Action, Process, ProcessChoice, ProcessStep, RunLocation, UnavailableTargets
from fairlead.domain.prompt import Prompt
from fairlead.domain.task import TaskState
from fairlead.formats.phase_lines import PhaseLine
from fairlead.store import runbooks as stored
from fairlead.store import tasks
from fairlead.usecases import environments, lifecycles, projects, runbook_runs, runbooks, targets, variables
from fairlead.usecases.runbook_runs import Wish
from fairlead.usecases.runbooks import Draft
from fairlead.usecases.variables import More


def process(*names: str) -> Process:
    properties = {"script": "echo '#{Octopus.Runbook.Name}'"}
    return Process(tuple(ProcessStep(name, (Action(name, "script", properties),)) for name in names))


TIDY = Draft("Tidy", "empties the cache", ("Test",), process=process("Look", "Delete"))


def test_a_draft_is_published_and_what_is_published_is_what_runs(books: House) -> None:
    made = runbooks.put(books.context, ADMIN, "books", TIDY)
    assert (made.environments, made.is_changed) == (("Test",), True)
    with pytest.raises(Conflict) as unpublished:
        runbook_runs.run(books.context, ADMIN, "books", "Tidy", "Test")
    assert unpublished.value.code == "runbook.unpublished"
    assert not runbooks.publish(books.context, ADMIN, "books", "Tidy").is_changed
    changed = runbooks.put(books.context, ADMIN, "books", replace(TIDY, process=process("Other")))
    assert changed.is_changed
    view = runbook_runs.run(books.context, ADMIN, "books", "Tidy", "Test")
    task = books.task(view.run.task)
    assert (task.kind, task.state, view.run.number) == ("runbook", TaskState.QUEUED, 1)
    assert task.id in books.queue.asked
    with books.database.reading() as connection:
        plan = runbook_runs.plan_of(books.context, connection, task)
    assert [step.name for step in steps_of(plan.forward)] == ["Look", "Delete"]
    assert plan.task_kind == "runbook" and plan.commit is None


def test_it_runs_only_where_it_may_and_without_services(books: House) -> None:
    runbooks.put(books.context, ADMIN, "books", TIDY)
    runbooks.publish(books.context, ADMIN, "books", "Tidy")
    with pytest.raises(Refused) as elsewhere:
        runbook_runs.run(books.context, ADMIN, "books", "Tidy", "Production")
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
        made = runbook_runs.run(books.context, ADMIN, "books", "Tidy", place)
        first = first or made.run.task if place == "Test" else first
        books.begin(made.run.task)
        books.end(made.run.task)
    kept = runbook_runs.runs_of(books.context, ADMIN, "books", "Tidy").items
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
    made = runbook_runs.run(books.context, ADMIN, "books", "Tidy", "Test")
    with pytest.raises(Conflict):
        runbooks.remove(books.context, ADMIN, "books", "Tidy")
    books.begin(made.run.task)
    books.end(made.run.task)
    runbooks.remove(books.context, ADMIN, "books", "Tidy")
    assert runbooks.page(books.context, ADMIN, "books").items == ()


ROTATE = Draft(
    "Rotate",
    process=Process((ProcessStep("Say", (Action("Say", "script", {"script": "echo '#{Key} #{Reason}'"}),)),)),
)


def asking(house: House) -> None:
    """A runbook with a question of its own, and one that is asked for only in Production."""
    reason, key = Prompt("Why", is_required=True), Prompt("Which key", is_required=True)
    put = variables.put
    put(house.context, ADMIN, "books", "Reason", more=More(prompt=reason))
    put(house.context, ADMIN, "books", "Key", only_in=["Production"], more=More(prompt=key))
    runbooks.put(house.context, ADMIN, "books", ROTATE)
    runbooks.publish(house.context, ADMIN, "books", "Rotate")


def test_what_it_asks_for_is_answered_for_each_run_and_stands_in_its_plan(books: House) -> None:
    asking(books)
    here = runbook_runs.questions_of(books.context, ADMIN, "books", "Rotate", "Test")
    there = runbook_runs.questions_of(books.context, ADMIN, "books", "Rotate", "Production")
    assert ([one.label for one in here], [one.label for one in there]) == (["Why"], ["Which key", "Why"])
    with pytest.raises(Invalid) as missing:
        runbook_runs.run(books.context, ADMIN, "books", "Rotate", "Test")
    assert missing.value.code == "prompt.required" and "fairlead runbooks run" in missing.value.hint
    with pytest.raises(Invalid) as unknown:
        runbook_runs.run(books.context, ADMIN, "books", "Rotate", "Test", wish=Wish({"Which key": "k"}))
    assert unknown.value.code == "prompt.unknown"
    made = runbook_runs.run_in_all(
        books.context, ADMIN, "books", "Rotate", ["Test", "Production"], wish=Wish({"why": "a leak", "Which key": "k2"})
    )
    assert [(one.environment, one.run.number) for one in made] == [("Test", 1), ("Production", 2)]
    with books.database.reading() as connection:
        plans = [runbook_runs.plan_of(books.context, connection, books.task(one.run.task)) for one in made]
    assert all("a leak" in repr(plan) for plan in plans)
    assert ["k2" in repr(plan) for plan in plans] == [False, True]


def test_its_steps_are_told_of_the_run_and_of_what_was_published(books: House) -> None:
    names = ("RunbookRun.Id", "RunbookRun.Name", "RunbookRun.CreatedBy.Username", "RunbookSnapshot.Name")
    script = " ".join(f"#{{Octopus.{name}}}" for name in names)
    told = Process((ProcessStep("Tell", (Action("Tell", "script", {"script": script}),)),))
    runbooks.put(books.context, ADMIN, "books", replace(TIDY, process=told))
    at = runbooks.publish(books.context, ADMIN, "books", "Tidy").runbook.published
    made = runbook_runs.run(books.context, ADMIN, "books", "Tidy", "Test").run
    with books.database.reading() as connection:
        plan = runbook_runs.plan_of(books.context, connection, books.task(made.task))
    [effect] = all_effects(plan)
    given = effect.arguments["variables"]
    assert at is not None and isinstance(given, dict)
    assert [given[f"Octopus.{name}"] for name in names] == [made.id, "Run on Test", ADMIN.name, f"Snapshot {at.at}"]


def test_in_several_environments_it_runs_in_all_or_in_none(books: House) -> None:
    runbooks.put(books.context, ADMIN, "books", TIDY)
    runbooks.publish(books.context, ADMIN, "books", "Tidy")
    before = books.rows()
    with pytest.raises(Refused) as elsewhere:
        runbook_runs.run_in_all(books.context, ADMIN, "books", "Tidy", ["Test", "Production"])
    assert elsewhere.value.code == "runbook.environment"
    assert books.rows() == before
    with pytest.raises(Invalid):
        runbook_runs.run_in_all(books.context, ADMIN, "books", "Tidy", [])


def test_a_run_may_skip_steps_and_ask_a_person_and_what_cannot_be_chosen_is_refused_at_once(books: House) -> None:
    runbooks.put(books.context, ADMIN, "books", TIDY)
    runbooks.publish(books.context, ADMIN, "books", "Tidy")
    chosen = Wish(choice=ProcessChoice(skip=("Delete",), is_guided=True))
    made = runbook_runs.run(books.context, ADMIN, "books", "Tidy", "Test", wish=chosen)
    with books.database.reading() as connection:
        plan = runbook_runs.plan_of(books.context, connection, books.task(made.run.task))
    assert "somebody chose to skip it" in repr(plan)
    with books.database.reading() as connection:
        kept = stored.run_of_task(connection, made.run.task)
    assert (kept.choice.skip, kept.choice.is_guided) == (("Delete",), True)
    with pytest.raises(Invalid) as unknown:
        runbook_runs.run(
            books.context, ADMIN, "books", "Tidy", "Test", wish=Wish(choice=ProcessChoice(skip=("Nowhere",)))
        )
    assert unknown.value.code == "process.step_unknown"


def test_one_for_the_lifecycle_runs_where_the_project_s_lifecycle_goes_and_nowhere_else(books: House) -> None:
    environments.add(books.context, ADMIN, "Lab")
    phase = PhaseLine("All", ("Test", "Production"))
    lifecycles.add(books.context, ADMIN, lifecycles.Draft("Short", phases=[phase]))
    projects.change(books.context, ADMIN, "books", {"lifecycle": "Short"})
    runbooks.put(books.context, ADMIN, "books", replace(TIDY, environments=(), in_lifecycle=True))
    runbooks.publish(books.context, ADMIN, "books", "Tidy")
    assert runbook_runs.run(books.context, ADMIN, "books", "Tidy", "Test").run.number == 1
    with pytest.raises(Refused) as elsewhere:
        runbook_runs.run(books.context, ADMIN, "books", "Tidy", "Lab")
    assert elsewhere.value.code == "runbook.environment"
    with pytest.raises(Invalid):
        runbooks.put(books.context, ADMIN, "books", replace(TIDY, in_lifecycle=True))


def test_one_that_does_without_silent_targets_looks_at_those_of_its_steps_first(books: House) -> None:
    for name, tag in (("web-1", "web"), ("web-2", "web"), ("db-1", "db")):
        targets.add(books.context, ADMIN, name, only_in=["Test"], tags=[tag])
    copy = Action("Copy", "script", {"script": "true"}, runs_on=RunLocation.TARGETS)
    steps = (ProcessStep("Copy", (copy,), target_tags=("web",)),)
    plans = []
    for process in (Process(steps), Process(steps, unavailable_targets=UnavailableTargets.SKIP)):
        runbooks.put(books.context, ADMIN, "books", replace(TIDY, process=process))
        runbooks.publish(books.context, ADMIN, "books", "Tidy")
        made = runbook_runs.run(books.context, ADMIN, "books", "Tidy", "Test")
        with books.database.reading() as connection:
            plans.append(runbook_runs.plan_of(books.context, connection, books.task(made.run.task)))
    assert [[step.name for step in steps_of(plan.forward)] for plan in plans] == [["Copy"], ["Choose targets", "Copy"]]
    assert "look at web-1, web-2: who answers and is well" in [one.title for one in all_effects(plans[1])]
    assert plans[0].hash != plans[1].hash
