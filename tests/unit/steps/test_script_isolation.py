"""One script at a time on a target: who waits says for whom, and goes away when it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.unit.steps.script_rig import TASK, Rig

from fairlead.domain.effect import Done, SaidNo
from fairlead.domain.ids import TaskId
from fairlead.domain.plan import Effect
from fairlead.domain.process import Action, ActionTarget, ResolvedAction, RunLocation
from fairlead.domain.record import Json
from fairlead.ports.step import Tools
from fairlead.steps.health_check import HealthCheck
from fairlead.steps.script import Script
from fairlead.testing.fake_records import FakeRecords
from fairlead.testing.fake_script_turns import FakeScriptTurns

OTHER = TaskId("tsk-2")
BYPASS = "OctopusBypassDeploymentMutex"


class Shared(Rig):
    """Two tasks on one host."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.turns = FakeScriptTurns({TASK: "books/Test", OTHER: "shop/Test"})

    def tools(self, effect: Effect, task: TaskId = TASK) -> Tools:
        return replace(super().tools(effect), task=task, script_turns=self.turns)

    async def occupy(self, *, bypasses: bool = False) -> None:
        """Another task's script runs there."""
        assert await self.turns.ask(OTHER, "theirs", "web1", bypasses=bypasses) is None

    def line(self) -> list[tuple[TaskId, bool]]:
        return [(one.task, one.is_taken) for one in self.turns.lines.get("web1", {}).values()]

    async def until_told(self, text: str) -> None:
        async with asyncio.timeout(10):
            while not any(text in line for line in self.told()):
                await asyncio.sleep(0.01)


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Shared]:
    yield Shared(tmp_path)


WAITS = "it waits for its turn on web1: task tsk-2 (tsk-2) runs a script there"


async def test_a_script_waits_for_that_of_another_task_and_says_for_which(rig: Shared) -> None:
    await rig.occupy()
    running = asyncio.create_task(rig.run("echo at last"))
    await rig.until_told(WAITS)
    assert rig.line() == [(OTHER, True), (TASK, False)] and not any("at last" in line for line in rig.told())
    await rig.turns.give_back(OTHER, "theirs")
    assert isinstance(await running, Done)
    assert sum("it waits" in line for line in rig.told()) == 1
    assert rig.line() == []


async def test_one_that_is_cancelled_while_it_waits_ends_at_once_and_leaves_the_line(rig: Shared) -> None:
    await rig.occupy()
    effect = rig.effect("echo never")
    running = asyncio.create_task(rig.do(effect))
    await rig.until_told(WAITS)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await rig.kind.undo(effect, rig.tools(effect))
    assert rig.line() == [(OTHER, True)]


async def test_whoever_takes_over_finds_its_place_in_the_line(rig: Shared) -> None:
    await rig.occupy()
    effect = rig.effect("echo hello")
    running = asyncio.create_task(rig.do(effect))
    await rig.until_told(WAITS)
    running.cancel()
    await asyncio.wait([running])
    assert await rig.turns.ask(TaskId("tsk-3"), "later", "web1") is not None
    await rig.turns.give_back(OTHER, "theirs")
    assert isinstance(await rig.do(effect), Done)


async def test_what_fails_or_cannot_be_begun_gives_its_turn_back(rig: Shared) -> None:
    assert isinstance(await rig.run("exit 3"), SaidNo)
    rig.commit_files(there_sh="exit 0")
    assert isinstance(await rig.run(file="missing.sh", name="Other"), SaidNo)
    assert rig.line() == []


class Died(BaseException):
    """The server's end."""


async def test_a_server_that_dies_once_it_ended_keeps_no_turn_and_leaves_nothing_there(
    rig: Shared, monkeypatch: pytest.MonkeyPatch
) -> None:
    effect = rig.effect("echo hello")
    note = FakeRecords.note

    async def noted_and_died(books: FakeRecords, task: TaskId, name: str, data: Json) -> None:
        await note(books, task, name, data)
        if name == f"script:{effect.key}":
            raise Died

    monkeypatch.setattr(FakeRecords, "note", noted_and_died)
    with pytest.raises(Died):
        await rig.do(effect)
    assert rig.line() == []
    monkeypatch.undo()
    assert list((rig.place / "tickets").iterdir()), "its files lie on the host yet, with what was put into them"
    assert isinstance(await rig.do(effect), Done) and rig.line() == []
    assert not list((rig.place / "tickets").iterdir())
    assert len(rig.told("info")) == 1, "and it was not run again"


@pytest.mark.parametrize("value", ["True", "#{Side.By.Side}"])
async def test_who_both_allow_it_run_side_by_side(rig: Shared, value: str) -> None:
    await rig.occupy(bypasses=True)
    variables = {BYPASS: value, "Side.By.Side": "true"}
    assert isinstance(await rig.run("echo beside", variables=variables), Done)


async def test_who_allows_it_alone_waits(rig: Shared) -> None:
    await rig.occupy()
    running = asyncio.create_task(rig.run("echo beside", variables={BYPASS: "True"}))
    await rig.until_told(WAITS)
    await rig.turns.give_back(OTHER, "theirs")
    assert isinstance(await running, Done)


async def test_at_the_server_nobody_waits(rig: Shared) -> None:
    assert await rig.turns.ask(OTHER, "theirs", "") is None
    assert isinstance(await rig.run("echo hello", target="", runs_on=RunLocation.SERVER), Done)


def planned(kind: Any, **more: Any) -> Effect:
    target = ActionTarget("web1", "web1")
    action = Action("Look", kind.name, {"script": "exit 0"}, runs_on=more.pop("runs_on", RunLocation.TARGETS))
    made = kind.plan(ResolvedAction(action, "Look", "[Look](web1)", target, more.pop("worker", None), {}))
    assert isinstance(made, Effect)
    return made


def test_workers_and_health_checks_run_beside_others() -> None:
    worker = ActionTarget("w1", "w1")
    on_worker = planned(Script(), runs_on=RunLocation.WORKER_FOR_TARGETS, worker=worker)
    assert not on_worker.arguments.get("is_isolated")
    assert planned(Script()).arguments["is_isolated"] is True
    assert "'is_isolated': True" not in str(planned(HealthCheck()).arguments)
