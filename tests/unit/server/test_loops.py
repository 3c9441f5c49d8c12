"""What is done again and again outlives every failure, and its outage is told when it begins and when it is over."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from structlog.testing import capture_logs

from fairlead.domain.errors import Unreachable
from fairlead.engine.keeper import Keeper
from fairlead.server.loops import again
from fairlead.testing.fake_clock import FakeClock
from fairlead.testing.fake_tasks import FakeTasks


class Shaky:
    """Fails so often, works once, and fails for ever in another way."""

    def __init__(self, failures: int) -> None:
        self.left, self.calls = failures, 0

    async def work(self) -> None:
        self.calls += 1
        if self.calls > self.left + 3:
            raise asyncio.CancelledError
        if self.calls > self.left + 1:
            raise ValueError("odd")
        if self.calls <= self.left:
            raise Unreachable("store.unreachable", "the database does not answer")


async def test_an_outage_is_told_once_when_it_begins_and_once_when_it_is_over() -> None:
    shaky, clock = Shaky(5), FakeClock()
    with capture_logs() as told, suppress(asyncio.CancelledError):
        await again("notices", 1.0, shaky.work, clock)
    assert [one["event"] for one in told] == ["loop.failed", "loop.works_again", "loop.bug"]
    assert told[1] == {
        "event": "loop.works_again",
        "log_level": "warning",
        "loop": "notices",
        "was": "store.unreachable",
        "lasted_s": 2 + 4 + 8 + 16 + 32,
        "failures": 5,
    }


async def test_the_keeper_tells_of_a_database_that_is_away_as_seldom() -> None:
    class Away(FakeTasks):
        calls = 0

        async def unsettled(self):
            self.calls += 1
            if self.calls > 12:
                raise asyncio.CancelledError
            if self.calls <= 10:
                raise Unreachable("store.unreachable", "the database does not answer")
            return await super().unsettled()

    with capture_logs() as told, suppress(asyncio.CancelledError):
        await Keeper(Away(), None, FakeClock()).run()  # type: ignore[arg-type]
    assert [one["event"] for one in told] == ["keeper.no_answer", "keeper.answered"]
    assert (told[1]["lasted_s"], told[1]["failures"]) == (20, 10)
