"""Deployments of releases with a process: what is asked for is what runs, and what was chosen is part of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from tests.unit.usecases.house import ADMIN, House

from fairlead.domain.deployment import DeploymentState
from fairlead.domain.errors import FairleadError, ProjectFileInvalid
from fairlead.domain.ids import TaskId
from fairlead.domain.plan import Plan, steps_of
from fairlead.domain.process import Action, Process, ProcessChoice, ProcessStep
from fairlead.domain.task import TaskState
from fairlead.ports.catalogue import Place
from fairlead.steps.action_kinds import ACTION_KINDS
from fairlead.store import deployments as rows
from fairlead.testing.toy_actions import SayAction
from fairlead.usecases import deployments, overview, processes, releases, rolling_back
from fairlead.usecases.binding import Binding

SERVICES = ProcessStep("Deploy", (Action("Deploy", "deploy-services"),))
BACK_UP = ProcessStep("Back up", (Action("Back up", "say"),))
TELL = ProcessStep("Tell", (Action("Tell", "say", {"text": "#{Octopus.Release.Number}"}),))

NOWHERE: Any = SimpleNamespace()
"""Nothing outside is asked where no services are deployed."""


@pytest.fixture(autouse=True)
def saying(monkeypatch: pytest.MonkeyPatch) -> None:
    """The toy kind is one of those built in."""
    monkeypatch.setitem(ACTION_KINDS, "say", SayAction())  # type: ignore[arg-type]


def put(books: House, *steps: ProcessStep) -> None:
    processes.put(books.context, ADMIN, "books", Process(steps))


def code_of(books: House, **choice: Any) -> str:
    with pytest.raises(FairleadError) as caught:
        deployments.create(books.context, ADMIN, "books", "1.0.0", "Test", choice=ProcessChoice(**choice))
    return caught.value.code


def test_a_release_with_services_in_its_process_is_asked_for_with_both_in_its_hash(books: House) -> None:
    books.add_release("0.9.0")
    put(books, BACK_UP, SERVICES)
    books.add_release("1.0.0")
    made = books.deployment("1.0.0")
    assert made.state is DeploymentState.QUEUED
    skipped = deployments.create(
        books.context, ADMIN, "books", "1.0.0", "Test", choice=ProcessChoice(skip=("Back up",))
    ).deployment
    assert skipped.plan_hash != made.plan_hash
    with books.database.reading() as connection:
        assert rows.get(connection, skipped.id).choice.skip == ("Back up",)


def test_what_cannot_be_chosen_is_refused_and_nothing_is_queued(books: House) -> None:
    put(books, replace(BACK_UP, actions=(replace(BACK_UP.actions[0], is_required=True),)), SERVICES)
    books.add_release("1.0.0")
    before = books.rows()
    assert code_of(books, skip=("Nothing",)) == "process.step_unknown"
    assert code_of(books, skip=("Back up",)) == "process.skip_required"
    assert code_of(books, only_targets=("w1",)) == "process.target_unknown"
    assert books.rows() == before


def test_a_release_without_a_process_has_nothing_to_choose(books: House) -> None:
    books.add_release("1.0.0")
    assert code_of(books, skip=("Deploy",)) == "process.step_unknown"


async def test_a_process_without_services_needs_no_project_file_and_is_bound_to_its_steps(books: House) -> None:
    with pytest.raises(ProjectFileInvalid):
        releases.create(books.context, ADMIN, "books", images={}, contents={})
    put(books, BACK_UP, TELL)
    releases.create(books.context, ADMIN, "books", version="1.0.0", images={}, contents={})
    task = books.deployment("1.0.0").task
    assert task is not None
    plan = await Binding(books.context, NOWHERE).bind(task)
    assert isinstance(plan, Plan)
    assert [step.name for step in steps_of(plan.forward)] == ["Back up", "Tell"]
    assert plan.commit is not None and plan.commit.kind == "deployment.commit_process"
    assert books.deployment("1.0.0").plan_hash == plan.hash


async def test_another_process_at_its_turn_is_not_what_was_asked_for(books: House) -> None:
    put(books, BACK_UP)
    releases.create(books.context, ADMIN, "books", version="1.0.0", images={}, contents={})
    found = books.deployment("1.0.0")
    with books.database.transaction() as connection:
        rows.change(connection, found.id, choice={"is": "ProcessChoice", "skip": ["Back up"]})
    said = await Binding(books.context, NOWHERE).bind(found.task)  # type: ignore[arg-type]
    assert not isinstance(said, Plan) and said.code == "plan.changed"


async def test_steps_are_told_what_the_deployment_brings(books: House) -> None:
    told = Action("Tell", "say", {"text": "Brings: #{Octopus.Deployment.ChangesMarkdown}"})
    put(books, ProcessStep("Tell", (told,)))
    releases.create(books.context, ADMIN, "books", version="1.0.0", images={}, contents={}, notes="It began.")
    found = books.deployment("1.0.0")
    plan = await Binding(books.context, NOWHERE).bind(found.task)  # type: ignore[arg-type]
    assert isinstance(plan, Plan) and plan.hash == found.plan_hash
    assert "Brings: **Release 1.0.0**" in str(plan) and "It began." in str(plan)


def test_a_step_is_told_of_the_deployment_and_of_the_releases_before_it(books: House) -> None:
    text = "#{Octopus.Deployment.Id} #{Octopus.Task.Id} #{Fairlead.Release.Previous.Number}"
    put(books, ProcessStep("Tell", (Action("Tell", "say", {"text": text}),)), SERVICES)
    books.add_release("1.0.0")
    books.add_release("1.1.0")
    assert books.deployment("1.1.0").state is DeploymentState.QUEUED


def test_what_a_process_without_services_brought_is_live_until_a_later_one_does(books: House) -> None:
    put(books, TELL)
    for version, outcome in (("1.0.0", TaskState.SUCCEEDED), ("1.1.0", TaskState.FAILED)):
        releases.create(books.context, ADMIN, "books", version=version, images={}, contents={})
        task = TaskId(str(books.deployment(version).task))
        books.begin(task)
        if outcome is TaskState.SUCCEEDED:
            asyncio.run(books.records.commit(books.deployment(version).id, Place("books", "Test"), None))
        books.end(task, outcome)
        cell = overview.place(books.context, ADMIN, "books", "Test").cell
        assert cell.is_live and cell.live_version == "1.0.0", version
        assert cell.latest_version == version


def play_out(books: House, version: str) -> None:
    """Its newest deployment comes to its end, and went well."""
    made = books.deployment(version)
    books.begin(made.task)
    asyncio.run(books.records.commit(made.id, Place("books", "Test"), None))
    books.end(made.task)
    books.clock.advance(1)


def test_going_back_from_what_a_process_without_services_brought_is_to_another_release(books: House) -> None:
    put(books, TELL)
    for version in ("1.0.0", "1.1.0"):
        releases.create(books.context, ADMIN, "books", version=version, images={}, contents={})
        play_out(books, version)
    deployments.create(books.context, ADMIN, "books", "1.1.0", "Test", is_forced=True)
    play_out(books, "1.1.0")
    back = rolling_back.roll_back(books.context, ADMIN, "books", "Test")
    assert (back.version, back.deployment.kind) == ("1.0.0", "rollback")
