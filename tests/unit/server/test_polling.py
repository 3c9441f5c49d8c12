"""Which repositories are asked when: each in its interval, few in a second, the longest waiting first."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import pairwise

from fairlead.server.polling import LONGEST_FACTOR, MOST_AT_ONCE, MOST_EACH_ROUND, Polled, Polling
from fairlead.testing.fake_clock import FakeClock


class Stage:
    """Repositories and their looks. `is_open` lets those end that hang."""

    def __init__(self, *polled: Polled) -> None:
        self.clock = FakeClock()
        self.there: Sequence[Polled] = polled
        self.asked: list[str] = []
        self.broken: set[str] = set()
        self.hanging: set[str] = set()
        self.is_open = asyncio.Event()
        self.polling = Polling(self._polled, self._look, self.clock)

    async def round(self, group: asyncio.TaskGroup, *, after_s: float = 1.0) -> list[str]:
        """Whom it asks."""
        self.clock.advance(after_s)
        before = len(self.asked)
        await self.polling.begin(group)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return self.asked[before:]

    async def _polled(self) -> Sequence[Polled]:
        return self.there

    async def _look(self, name: str) -> bool:
        self.asked.append(name)
        if name in self.hanging:
            await self.is_open.wait()
        return name not in self.broken


def several(count: int, every_s: float = 60.0) -> list[Polled]:
    return [Polled(f"prj-{number}", f"p{number}", every_s) for number in range(count)]


async def test_each_is_asked_in_its_own_interval() -> None:
    stage = Stage(Polled("a", "often", 2), Polled("b", "seldom", 60), Polled("c", "never", 0))
    async with asyncio.TaskGroup() as group:
        assert await stage.round(group) == ["often", "seldom"]
        assert await stage.round(group) == []
        assert await stage.round(group) == ["often"]
        assert await stage.round(group, after_s=57) == ["often"]
        assert sorted(await stage.round(group, after_s=2)) == ["often", "seldom"]


async def test_of_more_than_the_pace_allows_the_longest_waiting_comes_first() -> None:
    many = several(MOST_EACH_ROUND * 4)
    stage = Stage(*many)
    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            assert len(await stage.round(group)) == MOST_EACH_ROUND
        assert sorted(stage.asked) == sorted(one.name for one in many), "each once, before any is asked again"
        first = stage.asked[:MOST_EACH_ROUND]
        assert sorted(await stage.round(group, after_s=120)) == sorted(first)


async def test_what_hangs_holds_up_neither_the_others_nor_itself_twice() -> None:
    stage = Stage(*several(3, every_s=1))
    stage.hanging = {"p0"}
    async with asyncio.TaskGroup() as group:
        assert await stage.round(group) == ["p0", "p1", "p2"]
        assert await stage.round(group) == ["p1", "p2"]
        stage.is_open.set()
        await asyncio.sleep(0.01)
        assert "p0" in await stage.round(group)


async def test_no_more_than_some_are_asked_at_a_time() -> None:
    stage = Stage(*several(MOST_AT_ONCE * 2))
    stage.hanging = {one.name for one in stage.there}
    async with asyncio.TaskGroup() as group:
        for _ in range(MOST_AT_ONCE):
            await stage.round(group)
        assert len(stage.asked) == MOST_AT_ONCE
        stage.is_open.set()


async def test_what_cannot_be_asked_waits_longer_each_time_and_not_for_ever() -> None:
    stage = Stage(Polled("a", "gone", 1))
    stage.broken = {"gone"}
    waits: list[int] = []
    async with asyncio.TaskGroup() as group:
        for second in range(60):
            if await stage.round(group):
                waits.append(second)
        pauses = [later - earlier for earlier, later in pairwise(waits)]
        assert pauses[:3] == [2, 4, 8] and set(pauses[3:]) == {LONGEST_FACTOR}
        stage.broken = set()
        await stage.round(group, after_s=LONGEST_FACTOR)
        assert await stage.round(group) == ["gone"], "and is asked as often as before once it answers"


async def test_who_is_gone_is_forgotten() -> None:
    stage = Stage(*several(2))
    async with asyncio.TaskGroup() as group:
        await stage.round(group)
        stage.there = []
        assert await stage.round(group, after_s=60) == []
        stage.there = several(1)
        assert await stage.round(group) == ["p0"]
