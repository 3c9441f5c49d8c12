"""Users were sent back without the server: its books follow, and a task under way is called off."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from tests.unit.usecases.house import ADMIN, House

from fairlead.domain.colour import Colour
from fairlead.domain.deployment import DeploymentOutcome
from fairlead.domain.naming import route_name
from fairlead.domain.service import Route
from fairlead.domain.slot import Slot, SlotState
from fairlead.ports.catalogue import Place, Registration
from fairlead.ports.container_engine import LABEL_KEY, ContainerSpec
from fairlead.ports.proxy import Endpoint, RouteSpec
from fairlead.store import deployments, routes, slots
from fairlead.testing.container_world import ContainerWorld
from fairlead.testing.fake_catalogue import FakeCatalogue
from fairlead.testing.fake_clock import FakeClock
from fairlead.testing.fake_container_engine import FakeContainerEngine
from fairlead.testing.fake_proxy import FakeProxy, ProxyWorld
from fairlead.usecases import rolling_back, switched_back

PLACE = Place("books", "Test")


@dataclass
class Outside:
    """Engine, proxy and catalogue in memory; 1.0.0 stands by in blue, and users are sent there."""

    clock: FakeClock = field(default_factory=FakeClock)

    def __post_init__(self) -> None:
        self.world = ContainerWorld(self.clock)
        self.container_engine = FakeContainerEngine(self.world)
        self.proxy = FakeProxy(ProxyWorld(), self.clock)
        self.catalogue = FakeCatalogue()

    async def furnish(self, house: House, *, pointed: Colour = Colour.BLUE) -> None:
        with house.database.reading() as connection:
            ((_, (route,)),) = routes.of(connection, PLACE).items()
        name = route_name(PLACE.project, PLACE.environment, route.host, route.path)
        await self.proxy.ensure_route(RouteSpec(name, route.host, route.path))
        for colour in Colour:
            await self.proxy.fill(name, colour, [Endpoint("web", "10.0.0.2", 80 + len(colour))])
        await self.proxy.point({name: pointed})
        self.world.add_image("web:1")
        await self.container_engine.ensure_container(ContainerSpec("web-1", "web:1", {LABEL_KEY: "k"}))
        await self.container_engine.start("web-1")
        await self.catalogue.register([Registration(PLACE, Colour.BLUE, "web", "web-1", "10.0.0.2", 84, "d", "web-1")])


@pytest.fixture
def standing(books: House) -> House:
    """1.1.0 is live in green, 1.0.0 stands by in blue."""
    house = books
    house.add_release("1.0.0")
    house.go_live("1.0.0")
    house.add_release("1.1.0")
    house.go_live("1.1.0")
    with house.database.transaction() as connection:
        slots.stand_by(connection, PLACE, Colour.BLUE, house.clock.now())
    return house


def states(house: House) -> dict[Colour, SlotState]:
    with house.database.reading() as connection:
        return {colour: slot.state for colour, slot in slots.of(connection, PLACE).items()}


def follow(house: House, outside: Outside, **furnished: Colour) -> bool:
    async def both() -> bool:
        await outside.furnish(house, **furnished)
        return await switched_back.follow(house.context, outside, PLACE, Colour.BLUE, by="ada")

    return asyncio.run(both())


def test_the_standby_that_users_are_sent_to_is_recorded_as_live(standing: House) -> None:
    outside = Outside()
    assert follow(standing, outside)
    assert states(standing) == {Colour.BLUE: SlotState.LIVE, Colour.GREEN: SlotState.STANDBY}
    newest = standing.deployment("1.0.0")
    assert (newest.kind, newest.outcome, newest.created_by) == ("rollback", DeploymentOutcome.LIVE, "ada")
    (told,) = standing.audit("environment.switched_back")
    assert "ada sent users back to 1.0.0" in told.message
    assert asyncio.run(switched_back.follow(standing.context, outside, PLACE, Colour.BLUE))  # it is so already
    assert len(standing.audit("environment.switched_back")) == 1
    back = rolling_back.roll_back(standing.context, ADMIN, "books", "Test")
    with standing.database.reading() as connection:
        release = deployments.get(connection, back.deployment.id).release
    assert release == standing.deployment("1.1.0").release  # what was left is what one goes back to


def test_nothing_is_recorded_where_users_are_elsewhere_or_it_does_not_run(standing: House) -> None:
    before = states(standing)
    assert not follow(standing, Outside(), pointed=Colour.GREEN)
    stopped = Outside()

    async def without_its_container() -> bool:
        await stopped.furnish(standing)
        await stopped.container_engine.stop("web-1", grace_s=0)
        return await switched_back.follow(standing.context, stopped, PLACE, Colour.BLUE)

    assert not asyncio.run(without_its_container())
    with standing.database.transaction() as connection:
        slots.put(connection, PLACE, Slot(Colour.BLUE, SlotState.IDLE))
    assert not follow(standing, Outside())
    assert before[Colour.GREEN] is states(standing)[Colour.GREEN] is SlotState.LIVE


def test_the_recorded_time_is_when_it_was_done(standing: House) -> None:
    """Not when the server came back: that may be the next day."""
    outside, done_at = Outside(), standing.clock.now() - timedelta(hours=9)

    async def furnished_and_followed() -> bool:
        await outside.furnish(standing)
        return await switched_back.follow(standing.context, outside, PLACE, Colour.BLUE, by="ada", at=done_at)

    assert asyncio.run(furnished_and_followed())
    newest = standing.deployment("1.0.0")
    assert newest.created_at == newest.committed_at == newest.ended_at == done_at
    assert f"{done_at:%Y-%m-%d %H:%M:%S} UTC" in newest.reason


SECOND = Route("shop.example.com", "/")


@pytest.mark.parametrize("is_first", [True, False])
def test_a_switch_back_that_was_begun_is_finished_and_not_undone(standing: House, is_first: bool) -> None:
    """Whoever pasted some of the commands meant the release; half of the users in each is neither old nor new."""
    outside = Outside()

    async def half() -> list[tuple[Place, Colour]]:
        await outside.furnish(standing, pointed=Colour.BLUE if is_first else Colour.GREEN)
        with standing.database.transaction() as connection:
            routes.claim(connection, PLACE, "web", [SECOND], at=standing.clock.now())
        name = route_name(PLACE.project, PLACE.environment, SECOND.host, SECOND.path)
        await outside.proxy.ensure_route(RouteSpec(name, SECOND.host, SECOND.path))
        pointed = Colour.GREEN if is_first else Colour.BLUE
        await outside.proxy.fill(name, pointed, [Endpoint("web", "10.0.0.2", 85)])
        await outside.proxy.point({name: pointed})
        return list(await switched_back.standing_elsewhere(standing.context, outside))

    assert asyncio.run(half()) == [(PLACE, Colour.BLUE)]
    assert asyncio.run(switched_back.follow(standing.context, outside, PLACE, Colour.BLUE))
    assert states(standing) == {Colour.BLUE: SlotState.LIVE, Colour.GREEN: SlotState.STANDBY}
    with standing.database.reading() as connection:
        held = [route for its in routes.of(connection, PLACE).values() for route in its]
    names = [route_name(PLACE.project, PLACE.environment, route.host, route.path) for route in held]
    assert len(names) == 2
    for name in names:
        state = asyncio.run(outside.proxy.read_back(name))
        assert state is not None and state.live is Colour.BLUE and state.servers[Colour.BLUE]
    assert "1 of its routes had been left, and followed" in standing.deployment("1.0.0").reason


def test_one_whose_other_routes_the_standby_cannot_serve_is_not_finished(standing: House) -> None:
    outside = Outside()

    async def half() -> bool:
        await outside.furnish(standing)
        with standing.database.transaction() as connection:
            routes.claim(connection, PLACE, "api", [SECOND], at=standing.clock.now())
        return await switched_back.follow(standing.context, outside, PLACE, Colour.BLUE)

    assert not asyncio.run(half())
    assert states(standing)[Colour.GREEN] is SlotState.LIVE


def test_a_task_under_way_is_called_off_before_its_commit_point_only(standing: House) -> None:
    assert switched_back.call_off(standing.context, PLACE, by="ada") is None
    standing.add_release("1.2.0")
    task = standing.deployment("1.2.0").task
    standing.begin(task)
    assert switched_back.call_off(standing.context, PLACE, by="ada") == task
    assert standing.task(task).cancel_asked_by == "ada"
    assert "is called off" in standing.audit("environment.switched_back")[0].message


def test_one_past_it_is_not(standing: House) -> None:
    standing.add_release("1.2.0")
    found = standing.deployment("1.2.0")
    standing.begin(found.task)
    with standing.database.transaction() as connection:
        deployments.change(connection, found.id, committed_at=standing.clock.now())
    assert switched_back.call_off(standing.context, PLACE, by="ada") is None
    assert not standing.task(found.task).is_cancel_asked
    assert "past its commit point" in standing.audit("environment.switched_back")[0].message


def test_who_pasted_the_commands_left_no_note_and_is_followed_all_the_same(standing: House) -> None:
    async def elsewhere(pointed: Colour) -> list[tuple[Place, Colour]]:
        outside = Outside()
        await outside.furnish(standing, pointed=pointed)
        return list(await switched_back.standing_elsewhere(standing.context, outside))

    assert asyncio.run(elsewhere(Colour.BLUE)) == [(PLACE, Colour.BLUE)]
    assert asyncio.run(elsewhere(Colour.GREEN)) == []
    rolling_back.roll_back(standing.context, ADMIN, "books", "Test")  # a task is under way: it looks for itself
    assert asyncio.run(elsewhere(Colour.BLUE)) == []


def test_a_task_that_has_begun_meanwhile_points_for_itself(standing: House) -> None:
    async def pasted() -> bool:
        outside = Outside()
        await outside.furnish(standing)
        return await switched_back.follow(standing.context, outside, PLACE, Colour.BLUE)

    rolling_back.roll_back(standing.context, ADMIN, "books", "Test")
    assert not asyncio.run(pasted())
    assert states(standing) == {Colour.BLUE: SlotState.STANDBY, Colour.GREEN: SlotState.LIVE}
