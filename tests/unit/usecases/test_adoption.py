"""Old books beside newer containers: what users reach is shown, and taken over into the books when a person says so."""

from __future__ import annotations

import pytest
from tests.unit.usecases.house import ADMIN, House

from fairlead.domain.colour import Colour
from fairlead.domain.errors import Conflict
from fairlead.domain.service import Route
from fairlead.domain.slot import Slot, SlotState
from fairlead.domain.task import TaskState
from fairlead.ports.catalogue import Place
from fairlead.steps.capturing import routes_of
from fairlead.steps.standing import standing_slots
from fairlead.store import routes, slots
from fairlead.testing.deploy_world import World, definition, serving, web
from fairlead.usecases import adoption, binding, overview, places

HERE = Place("books", "Test")
SCRIPTS = {"web": serving()}


async def newer_world() -> World:
    """1.0.0 was live in blue and is gone; 1.1.0 is live in green."""
    world = World(place=HERE)
    for version in ("1.0.0", "1.1.0"):
        deployed = await world.deploy(definition(web()), version, scripts=SCRIPTS)
        assert deployed.state is TaskState.SUCCEEDED, deployed.end
    return world


def old_books(books: House) -> None:
    """They come from a backup that was made when 1.0.0 was live."""
    with books.database.transaction() as connection:
        slots.put(
            connection, HERE, Slot(Colour.BLUE, SlotState.LIVE, "dep-1", "rel-1.0.0", "1.0.0", "net", "10.9.0.0/26")
        )


async def look(books: House, world: World) -> adoption.Adoption:
    return await adoption.look(books.context, ADMIN, world.engine, world.routes, "books", "Test")


async def adopt(books: House, world: World, deployment: str = "dep-2") -> adoption.Adoption:
    parts = (world.engine, world.routes, world.catalogue)
    return await adoption.adopt(books.context, ADMIN, *parts, "books", "Test", deployment=deployment)


def recorded(books: House) -> dict[Colour, Slot]:
    with books.database.reading() as connection:
        return slots.of(connection, HERE)


async def test_what_users_reach_is_shown_and_nothing_is_changed(books: House) -> None:
    world = await newer_world()
    old_books(books)
    before = (books.rows(), recorded(books))
    seen = await look(books, world)
    assert seen.is_needed and seen.booked is not None
    assert (seen.booked.version, seen.found.version, seen.found.colour) == ("1.0.0", "1.1.0", Colour.GREEN)
    assert [route.host for _, route in seen.routes] == ["books.example.com"]
    assert (books.rows(), recorded(books)) == before


async def test_the_books_take_over_what_users_reach_and_a_deployment_is_no_longer_refused(books: House) -> None:
    world = await newer_world()
    old_books(books)
    await world.catalogue.deregister(HERE, [entry.instance for entry in await world.catalogue.find(HERE)])

    async def disagreement() -> object:
        told = await standing_slots(HERE, records=books.records, container_engine=world.engine)
        return binding.users_elsewhere(told, await routes_of(HERE, world.routes))

    assert await disagreement() is not None
    await adopt(books, world)
    assert await disagreement() is None
    both = recorded(books)
    assert (both[Colour.GREEN].state, both[Colour.GREEN].deployment) == (SlotState.LIVE, "dep-2")
    assert both[Colour.GREEN].network in world.host.networks
    assert both[Colour.BLUE].state is SlotState.IDLE, "what may be left of it is ended before the next deployment"
    assert overview.place(books.context, ADMIN, "books", "Test").cell.live_version == "1.1.0"
    assert [entry.service for entry in await world.catalogue.find(HERE, colour=Colour.GREEN)] == ["web"]
    with books.database.reading() as connection:
        assert routes.owner_of(connection, "books.example.com", "/") == HERE
    [told] = books.audit("place.adopted")
    assert "1.1.0 in green is live; the books said 1.0.0 in blue" in told.message
    with pytest.raises(Conflict, match="nothing to adopt"):
        await adopt(books, world)


async def test_what_changed_since_it_was_shown_is_not_adopted(books: House) -> None:
    world = await newer_world()
    old_books(books)
    before = recorded(books)
    with pytest.raises(Conflict) as raised:
        await adopt(books, world, "dep-9")
    assert raised.value.code == "slot.changed" and "dep-2 by now" in raised.value.message
    assert recorded(books) == before


async def test_while_a_task_is_under_way_nothing_is_adopted(books: House) -> None:
    world = await newer_world()
    old_books(books)
    places.retire(books.context, ADMIN, "books", "Test")
    with pytest.raises(Conflict) as raised:
        await adopt(books, world)
    assert raised.value.code == "deployment.locked"


async def test_where_users_reach_nothing_there_is_nothing_to_adopt(books: House) -> None:
    old_books(books)
    with pytest.raises(Conflict, match="sends users to no instance"):
        await look(books, World(place=HERE))


async def test_books_that_know_nothing_take_it_over_too(books: House) -> None:
    world = await newer_world()
    seen = await look(books, world)
    assert seen.booked is None and seen.is_needed
    await adopt(books, world)
    assert recorded(books)[Colour.GREEN].version == "1.1.0"
    assert Route("books.example.com") in [route for _, route in seen.routes]
