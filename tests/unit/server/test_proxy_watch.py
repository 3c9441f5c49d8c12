"""The watch over the proxy: what is wrong is said where people look, and a map that was edited by hand is settled."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from tests.unit.server.house import ADMINISTRATOR, House

from fairlead.domain.errors import Conflict
from fairlead.domain.ids import TaskId
from fairlead.domain.task import Task
from fairlead.server import outside
from fairlead.server.outside import CHECK_EVERY_S, SETTLE_EVERY_S, ProxyWatch
from fairlead.store import tasks
from fairlead.testing.fake_clock import FakeClock
from fairlead.usecases import overview

TAKEN = Conflict("proxy.port", "port 80 is in use by python (pid 7)", hint="stop it, or give the proxy another port")


class Watched:
    """A watch over a proxy that lives, answers and was edited as told here; `done` is what was done about it."""

    def __init__(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        self.house, self.clock = house, FakeClock()
        self.lives, self.trouble, self.lines = True, None, frozenset[str]()
        self.done: list[str] = []
        monkeypatch.setattr(outside, "proxy_pulse", lambda server: SimpleNamespace(beats=lambda: self.lives))
        monkeypatch.setattr(outside, "ensure_proxy", self._start)
        monkeypatch.setattr(outside, "follow_switches", lambda server: self._do("followed"))
        monkeypatch.setattr(outside, "reconcile", lambda server: self._do("mended"))
        server = SimpleNamespace(context=house.context, clock=self.clock, proxy=self)
        self.watch = ProxyWatch(server)  # type: ignore[arg-type]

    async def _do(self, what: str) -> None:
        self.done.append(what)

    async def _start(self, server: object) -> SimpleNamespace:
        if self.trouble:
            raise self.trouble
        self.lives = True
        return SimpleNamespace(pid=7)

    async def check(self) -> None:
        if self.trouble:
            raise self.trouble

    async def edited(self) -> frozenset[str]:
        return self.lines

    async def look(self, *, times: int = 1, apart_s: float = CHECK_EVERY_S) -> str:
        """After each pause; what the dashboard says of the proxy afterwards."""
        for _ in range(times):
            self.clock.advance(apart_s)
            try:
                await self.watch.look()
            except Conflict as error:
                assert error is self.trouble
        return overview.grid(self.house.context, ADMINISTRATOR).proxy_trouble


@pytest.fixture
def watched(house: House, monkeypatch: pytest.MonkeyPatch) -> Watched:
    return Watched(house, monkeypatch)


async def test_a_proxy_that_cannot_be_started_is_said_until_it_runs(watched: Watched) -> None:
    assert await watched.look() == ""
    watched.lives, watched.trouble = False, TAKEN
    said = await watched.look(times=2)
    assert "does not run, and cannot be started: users reach nothing. Since " in said
    assert "port 80 is in use by python (pid 7); stop it, or give the proxy another port." in said
    watched.trouble = None
    assert await watched.look() == ""
    assert watched.done == ["mended"]


async def test_a_proxy_that_is_not_well_is_said(watched: Watched) -> None:
    watched.trouble = TAKEN
    assert "not well: users may reach nothing" in await watched.look()
    watched.trouble = None
    assert await watched.look() == ""


async def test_an_edited_map_is_followed_where_users_were_sent_back_and_else_mended(watched: Watched) -> None:
    watched.lines = frozenset({"books.example.com/"})
    await watched.look()
    assert watched.done == [], "a switch that is under way writes first and tells then"
    await watched.look()
    assert watched.done == ["followed", "mended"]
    await watched.look(times=3)
    assert watched.done == ["followed", "mended"], "what cannot be mended is not tried all the time"
    await watched.look(apart_s=SETTLE_EVERY_S)
    assert watched.done == ["followed", "mended"] * 2
    watched.lines = frozenset()
    await watched.look(times=3, apart_s=SETTLE_EVERY_S)
    assert len(watched.done) == 4


async def test_each_line_that_was_edited_is_settled_in_its_time(watched: Watched) -> None:
    """Another's line does not wait for the minute after which the first is tried again."""
    watched.lines = frozenset({"books.example.com/"})
    await watched.look(times=2)
    watched.lines |= {"shop.example.com/"}
    await watched.look(times=2)
    assert watched.done == ["followed", "mended"] * 2
    await watched.look(times=3)
    assert len(watched.done) == 4


async def test_a_line_that_a_task_kept_from_being_settled_is_settled_once_that_has_ended(watched: Watched) -> None:
    at = watched.clock.now()
    turn = Task(TaskId("tsk-7"), "deployment", "deploy", at, project="books", environment="Test")
    with watched.house.context.database.transaction() as connection:
        tasks.insert(connection, turn)
        tasks.take_turn(connection, turn, at=at)
    watched.lines = frozenset({"books.example.com/"})
    await watched.look(times=3)
    assert watched.done == ["followed", "mended"]
    with watched.house.context.database.transaction() as connection:
        tasks.give_turn_back(connection, turn.id)
    await watched.look()
    assert watched.done == ["followed", "mended"] * 2
