"""A failed deployment tried again: what its process had finished is kept, and known to what follows."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from tests.unit.usecases.house import ADMIN, House, push_package

from fairlead.domain.errors import Conflict
from fairlead.domain.ids import TaskId
from fairlead.domain.plan import Plan, all_effects, steps_of
from fairlead.domain.process import Action, Process, ProcessStep, RunCondition, RunLocation, StartTrigger
from fairlead.domain.task import PhaseState, TaskState
from fairlead.ports.tasks import PhaseTold
from fairlead.steps.action_kinds import ACTION_KINDS
from fairlead.testing.toy_actions import SayAction
from fairlead.usecases import deployments, processes, releases, retrying, targets
from fairlead.usecases.binding import Binding
from fairlead.usecases.process_resolving import OUTPUTS

STEPS = tuple(ProcessStep(name, (Action(name, "say"),)) for name in ("Back up", "Copy", "Tell"))
GAVE = {"[Back up]:say": {"outputs": {"File": "dump.sql"}}, "[Copy]:say": {"outputs": {}}}


@pytest.fixture
def failed(books: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """The first step was done, the second failed."""
    monkeypatch.setitem(ACTION_KINDS, "say", SayAction())  # type: ignore[arg-type]
    processes.put(books.context, ADMIN, "books", Process(STEPS))
    releases.create(books.context, ADMIN, "books", version="1.0.0", images={}, contents={})
    task = TaskId(str(books.deployment("1.0.0").task))
    books.begin(task)
    told = [("Back up", PhaseState.DONE), ("Copy", PhaseState.FAILED), ("Tell", PhaseState.SKIPPED)]
    asyncio.run(books.tasks.phases(task, [PhaseTold(name, state, books.clock.now()) for name, state in told]))
    asyncio.run(books.records.note(task, OUTPUTS, GAVE))  # type: ignore[arg-type]
    books.end(task, TaskState.FAILED)
    return books


async def bound(house: House) -> Plan:
    nowhere: Any = SimpleNamespace()
    plan = await Binding(house.context, nowhere).bind(TaskId(str(house.deployment("1.0.0").task)))
    assert isinstance(plan, Plan)
    return plan


def test_finished_steps_are_kept_and_the_others_run(failed: House) -> None:
    made = retrying.retry(failed.context, ADMIN, failed.deployment("1.0.0").id)
    assert made.deployment.choice.kept == ("Back up",)
    plan = asyncio.run(bound(failed))
    assert [step.name for step in steps_of(plan.forward)] == ["Back up", "Copy", "Tell"]
    kinds = [(effect.kind, effect.key) for effect in all_effects(plan)][:3]
    assert kinds == [("process.kept", "[Back up]:say"), ("toy.say", "[Copy]:say"), ("toy.say", "[Tell]:say")]
    kept = next(iter(all_effects(plan)))
    assert kept.arguments["output"] == GAVE["[Back up]:say"]


def ended(house: House, version: str, steps: Sequence[ProcessStep], *ends: PhaseState) -> tuple[str, ...]:
    """What is kept of a deployment whose steps ended so."""
    processes.put(house.context, ADMIN, "books", Process(tuple(steps)))
    releases.create(house.context, ADMIN, "books", version=version, images={}, contents={})
    return kept(house, version, steps, *ends)


def kept(house: House, version: str, steps: Sequence[ProcessStep], *ends: PhaseState) -> tuple[str, ...]:
    """The same of a release that is there."""
    task = TaskId(str(house.deployment(version).task))
    house.begin(task)
    told = [PhaseTold(step.name, end, house.clock.now()) for step, end in zip(steps, ends, strict=True)]
    asyncio.run(house.tasks.phases(task, told))
    house.end(task, TaskState.FAILED)
    return retrying.retry(house.context, ADMIN, house.deployment(version).id).deployment.choice.kept


def test_what_was_done_behind_the_step_that_failed_is_done_again(failed: House) -> None:
    back_up, copy, tell = STEPS
    beside = replace(tell, name="Beside", actions=(Action("Beside", "say"),), start=StartTrigger.WITH_PREVIOUS)
    always = replace(tell, condition=RunCondition.ALWAYS)
    clean = replace(tell, name="Clean", actions=(Action("Clean", "say"),), condition=RunCondition.FAILURE)
    done, bad, left = PhaseState.DONE, PhaseState.FAILED, PhaseState.SKIPPED
    assert ended(failed, "2.0.0", (back_up, copy, always, clean), done, bad, done, done) == ("Back up",)
    assert ended(failed, "3.0.0", (back_up, copy, beside, always), done, bad, done, done) == ("Back up", "Beside")
    assert ended(failed, "4.0.0", (back_up, clean, copy, always), done, left, done, bad) == ("Back up", "Copy")


def test_what_came_behind_the_services_is_done_again_with_them(failed: House) -> None:
    services = ProcessStep("Deploy", (Action("Deploy", "deploy-services"),))
    steps, done = (STEPS[0], services, *STEPS[1:]), PhaseState.DONE
    processes.put(failed.context, ADMIN, "books", Process(steps))
    failed.add_release("5.0.0")
    assert kept(failed, "5.0.0", steps, done, done, done, PhaseState.FAILED) == ("Back up",)


def test_what_did_not_fail_is_not_tried_again(failed: House) -> None:
    made = retrying.retry(failed.context, ADMIN, failed.deployment("1.0.0").id).deployment
    with pytest.raises(Conflict) as caught:
        retrying.retry(failed.context, ADMIN, made.id)
    assert caught.value.code == "deployment.nothing_to_retry"
    assert deployments.get(failed.context, ADMIN, made.id).deployment.plan_hash


def test_what_comes_behind_a_package_that_was_taken_away_is_run_again(failed: House) -> None:
    targets.add(failed.context, ADMIN, "web1", only_in=["Test"], tags=["web"])
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("run.sh", "#!/bin/sh\n")
    push_package(failed.context, ADMIN, "Tools.1.0.0.zip", held.getvalue())
    action = Action("Tools", "deploy-package", {"package": "Tools"}, runs_on=RunLocation.TARGETS)
    unpacking = ProcessStep("Tools", (action,), target_tags=("web",))
    done = PhaseState.DONE
    steps = (STEPS[0], unpacking, *STEPS[1:])
    assert ended(failed, "2.0.0", steps, done, done, done, PhaseState.FAILED) == ("Back up",)
