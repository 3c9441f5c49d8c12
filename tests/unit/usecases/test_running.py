"""What our books call live and does not run is found by a look, and said by the lists until a look finds it running."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from itertools import zip_longest

import pytest
from tests.unit.usecases.house import ADMIN, House

from fairlead.domain.errors import TimedOut, Unreachable
from fairlead.domain.slot import SlotState
from fairlead.ports.catalogue import Place, Registration
from fairlead.ports.container_engine import (
    LABEL_COLOUR,
    LABEL_DEPLOYMENT,
    LABEL_ENVIRONMENT,
    LABEL_KIND,
    LABEL_PROJECT,
    LABEL_SERVICE,
    LABEL_VERSION,
)
from fairlead.steps.blueprint import KIND_INSTANCE
from fairlead.store import registrations, slots
from fairlead.usecases import deployments, overview, running, standing

PLACE = Place("books", "Test")


class Engine:
    """The labels of what runs; `moves` is done when it was asked once."""

    def __init__(self, *deployments: str) -> None:
        self.deployments, self.services = list(deployments), [""] * len(deployments)
        self.asked = 0
        self.is_away = False
        self.moves = lambda: None

    async def running(self, labels: Mapping[str, str]) -> Sequence[Mapping[str, str]]:
        self.asked += 1
        if self.is_away:
            raise Unreachable("engine.unreachable", "it does not answer")
        its = zip_longest(self.deployments, self.services, fillvalue="")
        found = [{LABEL_DEPLOYMENT: one, LABEL_COLOUR: "blue", LABEL_SERVICE: service} for one, service in its]
        self.moves()
        return found


@pytest.fixture
def live(books: House) -> House:
    """1.0.0 is live in Test."""
    books.add_release("1.0.0")
    books.go_live("1.0.0")
    return books


def slot_of(house: House) -> str:
    slots = overview.place(house.context, ADMIN, "books", "Test").slots.values()
    return next(one.deployment for one in slots if one.state is SlotState.LIVE)


def said(house: House) -> str:
    found = overview.grid(house.context, ADMIN)
    (project,) = found.projects
    where = next(one for one in found.environments if one.name == "Test")
    return found.cells[(project.id, where.id)].not_as_recorded


async def test_lists_say_what_the_look_found_until_another_finds_it_running(live: House) -> None:
    engine = Engine()
    assert said(live) == "", "nothing was looked at yet"
    assert await running.look(live.context, engine) == [], "once may be a restart of the engine"
    assert "1.0.0 is recorded as live, and no instance of it runs" in said(live)
    assert "fairlead deploy 1.0.0 --project books --to Test --force" in said(live)
    assert await running.look(live.context, engine) == [PLACE]
    assert standing.tell_not_running(live.context, PLACE)
    engine.deployments, engine.asked = [slot_of(live)], 0
    assert await running.look(live.context, engine) == []
    assert (said(live), engine.asked) == ("", 1)


def register(house: House, *services: str) -> None:
    """An instance of each of these is recorded for what is live."""
    with house.context.database.transaction() as connection:
        slot = slots.live(connection, PLACE)
        assert slot is not None
        for number, service in enumerate(services):
            name = f"{service}.{number}"
            entry = Registration(PLACE, slot.colour, service, name, "10.213.0.2", 8080, slot.deployment, name)
            registrations.put(connection, entry)


async def test_a_service_of_which_nothing_runs_is_said_and_told_and_a_missing_replica_is_said(live: House) -> None:
    engine = Engine(slot_of(live), slot_of(live))
    engine.services = ["web", "api"]
    register(live, "web", "web", "api")
    for _ in range(2):
        assert await running.look(live.context, engine) == [], "another instance answers in its place"
    assert "not all of it runs: 1 of 2 instances of web runs. Bring it back: fairlead deploy 1.0.0" in said(live)
    engine.services = ["web", "web"]
    assert await running.look(live.context, engine) == []
    assert await running.look(live.context, engine) == [PLACE]
    assert "no instance of api runs. What asks for what does not run gets no answer." in said(live)
    assert standing.tell_not_running(live.context, PLACE)
    (event,) = live.audit("environment.not_running")
    assert "no instance of api runs" in event.message
    engine.deployments, engine.services = [*engine.deployments, slot_of(live)], ["web", "web", "api"]
    await running.look(live.context, engine)
    assert said(live) == ""


async def test_what_runs_instead_and_the_books_do_not_know_is_said(live: House) -> None:
    """After an old backup was put back: users may be on it."""
    labels = {LABEL_PROJECT: "books", LABEL_ENVIRONMENT: "Test", LABEL_KIND: KIND_INSTANCE, LABEL_COLOUR: "green"}

    class Newer(Engine):
        async def running(self, _: Mapping[str, str]) -> Sequence[Mapping[str, str]]:
            return [{**labels, LABEL_DEPLOYMENT: "dep-newer", LABEL_VERSION: "1.2.0"}]

    await running.look(live.context, Newer())
    assert "What runs is 1.2.0, which our books do not know there." in said(live)
    labels[LABEL_ENVIRONMENT] = "Test/Acme"
    await running.look(live.context, Newer())
    assert "users get no answer" in said(live), "it is of another place"


async def test_a_place_where_a_task_is_under_way_looks_for_itself(live: House) -> None:
    live.add_release("1.1.0")
    deployments.create(live.context, ADMIN, "books", "1.1.0", "Test")
    await running.look(live.context, Engine())
    assert said(live) == ""


async def test_what_moved_between_the_questions_is_no_news(live: House) -> None:
    engine = Engine()
    engine.moves = lambda: engine.deployments.append(slot_of(live))
    await running.look(live.context, engine)
    assert said(live) == ""


def test_another_deployment_that_went_live_since_is_not_spoken_of(live: House) -> None:
    asyncio.run(running.look(live.context, Engine()))
    live.add_release("1.1.0")
    live.go_live("1.1.0")
    assert said(live) == ""


async def test_an_engine_that_does_not_answer_is_said_with_since_when(live: House) -> None:
    engine = Engine()
    engine.is_away = True
    begun = live.clock.now()
    for _ in range(2):
        with pytest.raises((Unreachable, TimedOut)):
            await running.look(live.context, engine)
        live.clock.advance(3600)
    told = overview.grid(live.context, ADMIN).not_asked
    assert f"has not answered since {begun:%Y-%m-%d %H:%M} UTC" in told
    engine.is_away = False
    await running.look(live.context, engine)
    assert overview.grid(live.context, ADMIN).not_asked == ""
