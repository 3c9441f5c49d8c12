"""What every Traffic keeps to: subclass it and give the fixture `given`."""

from __future__ import annotations

from typing import Protocol

from fairlead.domain.ids import TaskId
from fairlead.ports.traffic import Door, Traffic, Visits

ONE, OTHER = TaskId("task-1"), TaskId("task-2")


class GivenTraffic(Protocol):
    """The traffic under test, and doors that answer as they are called."""

    traffic: Traffic

    def door(self, route: str, *, status: int = 200) -> Door:
        """A door whose visits are answered with that status; 0 is never answered."""
        ...

    async def until_visited(self, route: str) -> None:
        """A visit to that route has ended since this was called."""
        ...

    def visits(self, route: str) -> int:
        """How often the route was asked in all, as the other side counts it."""
        ...


class TrafficContract:
    """Beside the work, and never in its way."""

    async def test_what_is_watched_is_asked_until_it_is_left(self, given: GivenTraffic) -> None:
        given.traffic.watch(ONE, [given.door("books")])
        await given.until_visited("books")
        met = given.traffic.leave(ONE, "books")
        assert met.requests >= 1
        assert (met.failed, met.unanswered, met.failures) == (0, 0, ())
        assert met.slowest_ms > 0
        asked = given.visits("books")
        given.traffic.watch(ONE, [given.door("shop")])
        await given.until_visited("shop")
        assert given.visits("books") <= asked + 1  # one may have been under way

    async def test_twice_is_once(self, given: GivenTraffic) -> None:
        for _ in range(2):
            given.traffic.watch(ONE, [given.door("books")])
        await given.until_visited("books")
        assert given.traffic.leave(ONE, "books").requests >= 1
        assert given.traffic.leave(ONE, "books") == Visits()

    async def test_what_nobody_watches_has_no_visits(self, given: GivenTraffic) -> None:
        assert given.traffic.leave(ONE, "books") == Visits()

    async def test_each_task_and_each_route_has_its_own(self, given: GivenTraffic) -> None:
        given.traffic.watch(ONE, [given.door("books"), given.door("broken", status=500)])
        given.traffic.watch(OTHER, [given.door("books")])
        for route in ("books", "broken"):
            await given.until_visited(route)
        assert given.traffic.leave(ONE, "books").failed == 0
        assert given.traffic.leave(ONE, "broken").failed >= 1
        assert given.traffic.leave(OTHER, "books").requests >= 1

    async def test_an_answer_of_5xx_has_failed_and_was_answered(self, given: GivenTraffic) -> None:
        given.traffic.watch(ONE, [given.door("broken", status=503), given.door("missing", status=404)])
        for route in ("broken", "missing"):
            await given.until_visited(route)
        met = given.traffic.leave(ONE, "broken")
        assert met.failed == met.requests >= 1
        assert met.unanswered == 0
        assert "503" in met.failures[0]
        assert given.traffic.leave(ONE, "missing").failed == 0

    async def test_no_answer_has_failed_and_is_counted_apart(self, given: GivenTraffic) -> None:
        given.traffic.watch(ONE, [given.door("dead", status=0)])
        await given.until_visited("dead")
        met = given.traffic.leave(ONE, "dead")
        assert met.failed == met.unanswered == met.requests >= 1
        assert len(met.failures) == 1
