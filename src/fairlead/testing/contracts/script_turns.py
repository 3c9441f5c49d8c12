"""What every keeper of script turns keeps to, real or fake: the promises of ports/script_turns.py."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fairlead.domain.ids import TaskId
from fairlead.ports.script_turns import ScriptTurns

HOST, ELSEWHERE = "tgt-web", "tgt-db"


@dataclass(frozen=True, slots=True)
class Turns:
    """Under test: `task` makes one of a project, `rest` lets one pause, `end` ends one."""

    turns: ScriptTurns
    task: Callable[[str], Awaitable[TaskId]]
    rest: Callable[[TaskId], Awaitable[None]]
    go_on: Callable[[TaskId], Awaitable[None]]
    end: Callable[[TaskId], Awaitable[None]]

    async def waits_for(self, task: TaskId, *, key: str = "run", bypasses: bool = False) -> TaskId | None:
        """Whom it waits for on the host."""
        found = await self.turns.ask(task, key, HOST, bypasses=bypasses)
        return found.task if found else None


class ScriptTurnsContract:
    """One script at a time on a target."""

    async def test_the_second_waits_for_the_first_and_says_for_whom(self, rig: Turns) -> None:
        one, other = await rig.task("books"), await rig.task("shop")
        assert await rig.waits_for(one) is None
        found = await rig.turns.ask(other, "run", HOST)
        assert found is not None
        assert (found.task, found.is_running, bool(found.title)) == (one, True, True)
        assert await rig.turns.ask(other, "beside", ELSEWHERE) is None
        await rig.turns.give_back(one, "run")
        assert await rig.waits_for(other) is None

    async def test_asking_and_giving_back_twice_is_once(self, rig: Turns) -> None:
        one, other = await rig.task("books"), await rig.task("shop")
        assert [await rig.waits_for(one), await rig.waits_for(one)] == [None, None]
        assert [await rig.waits_for(other), await rig.waits_for(other)] == [one, one]
        for _ in range(2):
            await rig.turns.give_back(one, "run")
        await rig.turns.give_back(one, "never asked")
        assert await rig.waits_for(other) is None

    async def test_it_goes_in_the_order_of_asking(self, rig: Turns) -> None:
        first, second, third = [await rig.task(name) for name in ("books", "shop", "blog")]
        for task in (first, second, third):
            await rig.waits_for(task)
        await rig.turns.give_back(first, "run")
        found = await rig.turns.ask(third, "run", HOST)
        assert found is not None
        assert (found.task, found.is_running) == (second, False)
        assert [await rig.waits_for(second), await rig.waits_for(third)] == [None, second]

    async def test_one_task_waits_for_itself_too(self, rig: Turns) -> None:
        one = await rig.task("books")
        assert await rig.waits_for(one) is None
        assert await rig.waits_for(one, key="beside") == one

    async def test_who_all_allow_it_run_side_by_side(self, rig: Turns) -> None:
        one, other = await rig.task("books"), await rig.task("shop")
        assert await rig.waits_for(one, bypasses=True) is None
        assert await rig.waits_for(other, bypasses=True) is None
        assert await rig.waits_for(one, key="beside", bypasses=True) is None

    async def test_one_alone_that_allows_it_changes_nothing(self, rig: Turns) -> None:
        one, other, third = [await rig.task(name) for name in ("books", "shop", "blog")]
        assert await rig.waits_for(one, bypasses=True) is None
        assert await rig.waits_for(other) == one
        await rig.turns.give_back(one, "run")
        assert await rig.waits_for(other) is None
        assert await rig.waits_for(third, bypasses=True) == other

    async def test_tasks_of_one_place_never_run_side_by_side(self, rig: Turns) -> None:
        one, other, third = [await rig.task(name) for name in ("books", "books", "shop")]
        assert await rig.waits_for(one, bypasses=True) is None
        assert await rig.waits_for(other, bypasses=True) == one
        assert await rig.waits_for(third, bypasses=True) is None  # nothing that it must wait for stands before it

    async def test_one_that_allows_nothing_is_a_barrier_to_those_behind_it(self, rig: Turns) -> None:
        """Octopus's example of five projects: the third alone allows nothing."""
        tasks = [await rig.task(name) for name in ("a", "b", "c", "d", "e")]
        asked = [await rig.waits_for(task, bypasses=task is not tasks[2]) for task in tasks]
        assert asked == [None, None, tasks[0], tasks[2], tasks[2]]
        await rig.turns.give_back(tasks[0], "run")
        assert await rig.waits_for(tasks[2]) == tasks[1]
        assert await rig.waits_for(tasks[3], bypasses=True) == tasks[2]
        await rig.turns.give_back(tasks[1], "run")
        assert await rig.waits_for(tasks[2]) is None
        assert [await rig.waits_for(task) for task in tasks[3:]] == [tasks[2], tasks[2]]
        await rig.turns.give_back(tasks[2], "run")
        assert [await rig.waits_for(task) for task in tasks[3:]] == [None, None]

    async def test_who_goes_away_while_it_waits_is_no_barrier_any_more(self, rig: Turns) -> None:
        one, barrier, other = [await rig.task(name) for name in ("books", "shop", "blog")]
        assert await rig.waits_for(one, bypasses=True) is None
        assert await rig.waits_for(barrier) == one
        assert await rig.waits_for(other, bypasses=True) == barrier
        await rig.turns.give_back(barrier, "run")
        assert await rig.waits_for(other) is None

    async def test_what_rests_or_has_ended_is_in_nobodys_way(self, rig: Turns) -> None:
        one, other, third = [await rig.task(name) for name in ("books", "shop", "blog")]
        assert await rig.waits_for(one) is None
        await rig.rest(one)
        assert await rig.waits_for(other) is None
        await rig.go_on(one)
        assert [await rig.waits_for(one), await rig.waits_for(other)] == [other, None]
        await rig.end(other)
        assert [await rig.waits_for(one), await rig.waits_for(third)] == [None, one]
