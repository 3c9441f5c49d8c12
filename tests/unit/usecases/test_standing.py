"""What our books call live and does not run is said, with what to do, and told once a day at most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from tests.unit.usecases.house import ADMIN, House

from fairlead.domain.actor import SYSTEM
from fairlead.domain.colour import Colour
from fairlead.domain.slot import Slot, SlotState
from fairlead.ports.catalogue import Place, Registration
from fairlead.ports.container_engine import (
    LABEL_COLOUR,
    LABEL_DEPLOYMENT,
    LABEL_KIND,
    LABEL_SERVICE,
    LABEL_VERSION,
    Container,
)
from fairlead.steps.blueprint import KIND_INSTANCE
from fairlead.store import registrations, slots
from fairlead.usecases import deployments, notifications, overview, running, standing, telling

PLACE = Place("books", "Test")
DAY_S = 86_400.0


@pytest.fixture
def live(books: House) -> House:
    """1.0.0 is live in Test."""
    books.add_release("1.0.0")
    books.go_live("1.0.0")
    return books


def said(house: House, *containers: Container) -> str:
    return standing.not_as_recorded(overview.place(house.context, ADMIN, "books", "Test"), containers)


def instance(
    house: House, *, state: str = "running", deployment: str = "", colour: str = "", service: str = ""
) -> Container:
    slots = overview.place(house.context, ADMIN, "books", "Test").slots.values()
    slot = next(one for one in slots if one.state is SlotState.LIVE)
    labels = {LABEL_COLOUR: colour or slot.colour.value, LABEL_DEPLOYMENT: deployment or slot.deployment}
    labels |= {LABEL_KIND: KIND_INSTANCE, LABEL_VERSION: "1.2.0"}
    labels |= {LABEL_SERVICE: service} if service else {}
    return Container("id", "web-1", state, labels, "image", {})  # type: ignore[arg-type]


def test_what_runs_as_recorded_is_not_spoken_of(live: House) -> None:
    assert said(live, instance(live)) == ""


def test_what_does_not_run_is_said_with_what_brings_it_back(live: House) -> None:
    for containers in ((), (instance(live, state="exited"),)):
        assert "1.0.0 is recorded as live, and no instance of it runs: users get no answer" in said(live, *containers)
        assert "fairlead deploy 1.0.0 --project books --to Test --force" in said(live, *containers)


def test_a_part_that_does_not_run_is_said(live: House) -> None:
    with live.context.database.transaction() as connection:
        slot = slots.live(connection, PLACE)
        assert slot is not None
        for name, service in (("web-1", "web"), ("web-2", "web"), ("api-1", "api")):
            entry = Registration(PLACE, slot.colour, service, name, "10.213.0.2", 8080, slot.deployment, name)
            registrations.put(connection, entry)
    found = said(live, instance(live, service="web"), instance(live, service="api", state="paused"))
    assert "not all of it runs: no instance of api runs, 1 of 2 instances of web runs." in found
    assert "fairlead deploy 1.0.0 --project books --to Test --force" in found


@pytest.mark.parametrize("colour", ["", "green", "blue"])
def test_newer_containers_than_the_books_know_are_compared_with_adopt(live: House, colour: str) -> None:
    """In whichever slot they are users may be on them: nobody is told that they get no answer, or to deploy over it."""
    newer = instance(live, deployment="dep-newer", colour=colour)
    found = said(live, newer)
    assert "no instance of it runs. What runs is 1.2.0, which our books do not know there." in found
    assert found.endswith("fairlead adopt --project books --environment Test")
    assert "no answer" not in found and "--force" not in found
    assert "no answer" in said(live, replace(newer, labels={**newer.labels, LABEL_KIND: "one-shot"}))
    assert standing.tell_not_running(live.context, PLACE, [newer.labels])
    (event,) = live.audit("environment.not_running")
    assert "What runs is 1.2.0" in event.message


def test_commands_are_as_a_shell_takes_them() -> None:
    slot = Slot(Colour.BLUE, SlotState.LIVE, "dep-1", "rel-1", "1.0.0")
    place, where = Place("books", "US East", "Acme Corp"), "'US East' --tenant 'Acme Corp'"
    assert running.remedy_of(place, slot, running.Down("dep-1")).endswith(f"--project books --to {where} --force")
    adopt = running.remedy_of(place, slot, running.Down("dep-1", elsewhere="1.2.0"))
    assert adopt.endswith(f"fairlead adopt --project books --environment {where}")


def test_while_something_moves_there_nothing_is_said(live: House) -> None:
    deployments.create(live.context, ADMIN, "books", "1.0.0", "Test", is_forced=True)
    assert said(live) == ""


def test_it_is_told_once_a_day_at_most(live: House) -> None:
    notifications.add(live.context, ADMIN, "https://chat.example.com/hook")
    assert [standing.tell_not_running(live.context, PLACE) for _ in range(3)] == [True, False, False]
    (event,) = live.audit("environment.not_running")
    assert event.message.startswith("books in Test: 1.0.0 is recorded as live, and no instance of it runs")
    (notice,) = telling.due(live.context)
    assert notice.event == "environment.not_running" and "--force" in notice.body
    live.clock.advance(DAY_S)
    assert standing.tell_not_running(live.context, PLACE)
    assert not standing.tell_not_running(live.context, Place("books", "Production")), "nothing is live there"


def test_a_house_that_lost_everything_is_told_of_in_parts_and_what_was_told_is_only_read(live: House) -> None:
    """Each of ten thousand places, asked for in a transaction of its own every 15 seconds, kept a server busy."""
    places = [Place("books", f"Test {number}") for number in range(2 * standing.MOST_AT_ONCE + 1)]
    live.context.running.down = {place: running.Down(f"dep-{place.environment}") for place in places}

    def tell() -> list[Place]:
        found = list(standing.untold(live.context, places))
        with live.context.database.transaction() as connection:
            for place in found:
                thing = live.context.running.down[place].deployment
                live.context.note(connection, SYSTEM, standing.KIND, "does not run", thing=thing)
        return found

    parts = [tell() for _ in range(4)]
    assert [len(part) for part in parts] == [standing.MOST_AT_ONCE, standing.MOST_AT_ONCE, 1, 0]
    assert [place for part in parts for place in part] == places
    live.clock.advance(DAY_S)
    assert tell() == parts[0]


async def test_the_look_tells_of_what_was_not_told_yet(live: House) -> None:
    for _ in range(2):
        down = await running.look(live.context, Nothing())
    assert list(standing.untold(live.context, down)) == [PLACE]
    assert standing.tell_not_running(live.context, PLACE)
    assert list(standing.untold(live.context, down)) == []


class Nothing:
    """An engine at which nothing runs."""

    async def running(self, _: Mapping[str, str]) -> Sequence[Mapping[str, str]]:
        return []
