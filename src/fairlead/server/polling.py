"""When which repository is asked for its head: each in its own interval, all together at a pace that a machine bears.

A look is a process of Git's, some 50 ms of a processor. In a house with more repositories than the pace allows, each
waits longer than its interval, the longest waiting first; what a webhook or a person asks for waits for none of this.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from fairlead.ports.clock import Clock

ROUND_S = 1.0
MOST_EACH_ROUND = 3
"""Looks that begin in a round: 180 repositories in a minute, a seventh of a processor."""
MOST_AT_ONCE = 12
"""Looks that are not over: repositories that hang hold up the others only when there are so many of them."""
LONGEST_FACTOR = 8
"""How much longer than its interval a repository waits at most that could not be asked, again and again."""


@dataclass(frozen=True, slots=True)
class Polled:
    """A project with a repository, and after how many seconds it is asked again; 0: never."""

    id: str
    name: str
    every_s: float


@dataclass(slots=True)
class _Asked:
    last_s: float
    is_over: bool = False
    failures: int = 0


class Polling:
    """Rounds of looks. `polled` tells what there is, `look` asks one by name and says whether it could be asked."""

    def __init__(
        self,
        polled: Callable[[], Awaitable[Sequence[Polled]]],
        look: Callable[[str], Awaitable[bool]],
        clock: Clock,
    ) -> None:
        self._polled = polled
        self._look = look
        self._clock = clock
        self._asked: dict[str, _Asked] = {}

    async def begin(self, group: asyncio.TaskGroup) -> None:
        """The next looks run in the group; returns without waiting for them."""
        now_s = self._clock.monotonic_s()
        found = await self._polled()
        self._asked = {one.id: self._asked[one.id] for one in found if one.id in self._asked}
        due = sorted((one for one in found if self._is_due(one, now_s)), key=self._last_s)
        room = MOST_AT_ONCE - sum(not asked.is_over for asked in self._asked.values())
        for one in due[: max(0, min(MOST_EACH_ROUND, room))]:
            before = self._asked.get(one.id)
            asked = self._asked[one.id] = _Asked(now_s, failures=before.failures if before else 0)
            group.create_task(self._ask(one.name, asked))

    async def _ask(self, name: str, asked: _Asked) -> None:
        try:
            asked.failures = 0 if await self._look(name) else asked.failures + 1
        finally:
            asked.is_over = True

    def _is_due(self, one: Polled, now_s: float) -> bool:
        asked = self._asked.get(one.id)
        if one.every_s <= 0 or (asked and not asked.is_over):
            return False
        return asked is None or now_s - asked.last_s >= one.every_s * min(LONGEST_FACTOR, 2**asked.failures)

    def _last_s(self, one: Polled) -> float:
        asked = self._asked.get(one.id)
        return asked.last_s if asked else float("-inf")
