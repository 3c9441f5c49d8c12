"""What the proxy lost is pointed again at what is live, as far as that runs."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from tests.unit.server.house import ADMINISTRATOR, House, wait_for

from fairlead.domain.colour import Colour
from fairlead.domain.naming import route_name
from fairlead.domain.service import Route
from fairlead.domain.slot import SlotState
from fairlead.ports.catalogue import Place, Registration
from fairlead.ports.container_engine import LABEL_COLOUR, LABEL_SERVICE
from fairlead.server.reconciling import reconcile
from fairlead.store import routes, slots
from fairlead.usecases import variables

PLACE = Place("books", "Test")
HOST = "web.books.test.localhost"
NAME = route_name("books", "Test", HOST, "/")
ADDRESSES = ("10.213.0.2", "10.213.0.3")


@pytest.fixture
def live(house: House) -> House:
    """Two instances of `web` are live in a slot, registered and routed."""
    house.add_project("books")
    variables.put(house.context, ADMINISTRATOR, "books", "Db.Host", "db")
    house.add_release("books", "1.0.0")
    house.go_live("books", "1.0.0", "Test")
    with house.context.database.transaction() as connection:
        routes.claim(connection, PLACE, "web", [Route(HOST)], at=house.clock.now())
        slot = slots.live(connection, PLACE)
    assert slot is not None
    labels = {LABEL_SERVICE: "web", LABEL_COLOUR: slot.colour.value}
    its = [one for one in house.engine.held if one.labels.items() >= labels.items()]
    entries = [
        Registration(PLACE, slot.colour, "web", one.name, address, 8080, slot.deployment, one.name)
        for one, address in zip(its, ADDRESSES, strict=True)
    ]
    wait_for(house.catalogue.register(entries))
    return house


def lost(house: House) -> House:
    """The proxy's map has no line of the route any more."""
    held = house.proxy_world.held[NAME]
    held.live = held.routed = None
    return house


def mended(house: House) -> tuple[Colour | None, list[str]]:
    """Where the route points afterwards, and to which addresses."""
    asyncio.run(reconcile(house.life.server))
    state = asyncio.run(house.proxy.read_back(NAME))
    assert state is not None
    return state.live, [one.address for one in state.servers.get(state.live, ())] if state.live else []


def test_a_line_that_is_lost_is_there_again(live: House) -> None:
    assert mended(lost(live)) == (Colour.BLUE, list(ADDRESSES))


def test_what_was_registered_by_an_earlier_deployment_is_no_instance_of_what_is_live(live: House) -> None:
    (first, *_) = asyncio.run(live.catalogue.find(PLACE))
    gone = replace(first, instance="gone", container="gone", deployment="dep-earlier", address="10.213.0.99")
    asyncio.run(live.catalogue.register([gone]))
    assert mended(lost(live)) == (Colour.BLUE, list(ADDRESSES))


def test_one_instance_that_somebody_removed_does_not_keep_users_from_the_other(live: House) -> None:
    (first, *_) = asyncio.run(live.catalogue.find(PLACE))
    live.engine.held = [one for one in live.engine.held if one.name != first.container]
    assert mended(lost(live)) == (Colour.BLUE, [ADDRESSES[1]])


def test_users_are_not_sent_to_what_does_not_run(live: House) -> None:
    live.engine.held = [replace(one, state="exited") for one in live.engine.held]
    assert mended(lost(live)) == (None, [])
    with live.context.database.reading() as connection:
        assert slots.of(connection, PLACE)[Colour.BLUE].state is SlotState.LIVE
