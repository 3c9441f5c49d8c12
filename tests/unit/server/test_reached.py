"""While a deployment has switched and is not committed, every door says where users are, and what is recorded."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest
from tests.unit.server.conftest import Visit
from tests.unit.server.house import ADMINISTRATOR, House

from fairlead.domain.colour import Colour
from fairlead.domain.ids import TaskId
from fairlead.domain.naming import route_name
from fairlead.domain.slot import Slot, SlotState
from fairlead.domain.task import TaskState
from fairlead.ports.catalogue import Place
from fairlead.ports.container_engine import LABEL_COLOUR, LABEL_SERVICE
from fairlead.ports.proxy import Endpoint, RouteSpec
from fairlead.ports.tasks import End
from fairlead.server.api import status
from fairlead.store import slots
from fairlead.usecases import overview, reached, variables

PLACE = Place("books", "Test")
LISTS = ("/", "/grid", "/projects/books/places", "/projects/books")
GREEN = {LABEL_COLOUR: "green"}
IS_RECORDED = "1.0.0 in blue is recorded as live until the deployment has gone well"


@pytest.fixture
def books(house: House) -> House:
    """1.0.0 is live in Test."""
    house.add_project("books")
    variables.put(house.context, ADMINISTRATOR, "books", "Db.Host", "db")
    house.add_release("books", "1.0.0")
    house.go_live("books", "1.0.0", "Test")
    return house


def switch(house: House) -> TaskId:
    """2.0.0 stands in the idle slot, the proxy sends users there, and the deployment waits before its commit point."""
    house.add_release("books", "2.0.0")
    task = house.begin("books", "2.0.0", "Test")
    house.walk(task, phases=2)
    found = house.deployment("books", "2.0.0", "Test")
    with house.context.database.transaction() as connection:
        slots.put(connection, PLACE, Slot(Colour.GREEN, SlotState.IDLE, found.id, found.release, "2.0.0"))
    point(house, Colour.GREEN)
    return task


def point(house: House, colour: Colour) -> None:
    """The proxy sends users there."""
    host = "web.books.test.localhost"
    name = route_name("books", "Test", host, "/")

    async def work() -> None:
        await house.proxy.ensure_route(RouteSpec(name, host))
        await house.proxy.fill(name, colour, [Endpoint("1", "10.213.0.2", 8080)])
        await house.proxy.point({name: colour})

    asyncio.run(work())


def look(house: House) -> overview.Cell:
    """What a list says of the place after a look."""
    asyncio.run(reached.look(house.context, house.proxy))
    found = overview.grid(house.context, ADMINISTRATOR)
    where = next(one for one in found.environments if one.name == "Test")
    return found.cells[(found.projects[0].id, where.id)]


def test_lists_say_where_users_are_from_the_look_on_until_it_is_recorded_or_taken_back(
    books: House, visit: Visit
) -> None:
    assert look(books).users_at == "" and books.context.running.reached == {}, "nothing is asked where nothing moves"
    visit.sign_in()
    task = switch(books)
    cell = look(books)
    assert (cell.users_at, cell.live_version) == ("2.0.0", "1.0.0")
    assert cell.sent_elsewhere.startswith(f"Users are sent to 2.0.0 in green now; {IS_RECORDED}")
    for path in LISTS:
        page = visit.get(path)
        assert "users are at 2.0.0 now" in page and "1.0.0 is recorded as live" in page, path
        assert "1.0.0 is live" not in page
    told = status.status(books.context, ADMINISTRATOR)["projects"][0]["cells"]["Test"]
    assert (told["version"], told["users_at"]) == ("1.0.0", "2.0.0") and IS_RECORDED in told["sent_elsewhere"]
    point(books, Colour.BLUE)
    assert look(books).users_at == ""
    assert "1.0.0 is live" in visit.get("/")
    point(books, Colour.GREEN)
    assert look(books).users_at == "2.0.0"
    books.proxy_world.is_up = False
    assert look(books).users_at == "", "it is not known, and what was so is not told as if it were"
    books.proxy_world.is_up = True
    assert look(books).users_at == "2.0.0"
    books.end(task, End(TaskState.CANCELLED, reason="taken back"))
    assert overview.place(books.context, ADMINISTRATOR, "books", "Test").cell.users_at == "", "its end is newer"


def test_a_place_is_asked_of_the_proxy_itself(books: House, visit: Visit) -> None:
    visit.sign_in()
    switch(books)
    for path in ("/projects/books/environments/Test", "/projects/books/environments/Test/picture"):
        page = visit.get(path)
        assert "Traffic goes to green, release 2.0.0." in page
        assert f"Users are sent to 2.0.0 in green now; {IS_RECORDED}" in page
    point(books, Colour.BLUE)
    assert "Users are sent" not in visit.get("/projects/books/environments/Test")


def test_what_is_said_of_a_first_deployment_of_some_routes_and_of_another_hand() -> None:
    blue, green = Slot(Colour.BLUE, SlotState.LIVE, version="1"), Slot(Colour.GREEN, SlotState.STANDBY, version="2")
    both, there = {Colour.BLUE: blue, Colour.GREEN: green}, frozenset({Colour.GREEN})
    for known in (None, frozenset[Colour](), frozenset({Colour.BLUE})):
        assert reached.elsewhere(both, known, is_under_way=True) is None
    first = reached.elsewhere({Colour.GREEN: green}, there, is_under_way=True)
    assert first is not None and first.said == "Users are sent to 2 in green now; nothing is recorded as live yet."
    other = reached.elsewhere(both, there, is_under_way=False)
    assert other is not None and other.said == "Users are sent to 2 in green now, though 1 in blue is recorded as live."
    some = reached.elsewhere(both, frozenset(Colour), is_under_way=True)
    assert some is not None and some.said.startswith("Users of some routes are sent to 2 in green now; 1 in blue is")


def test_what_a_service_writes_is_that_of_where_users_are(books: House, visit: Visit) -> None:
    """Workers are swapped after the switch: until then those that run are the old ones."""
    visit.sign_in()

    def written(service: str) -> set[str]:
        page = visit.get(f"/api/v1/projects/books/environments/Test/services/{service}/output")
        told = [json.loads(line.removeprefix("data: ")) for line in page.splitlines() if line.startswith("data: ")]
        return {one["instance"].split(".")[1] for one in told if "instance" in one}

    assert written("web") == {"blue"}
    switch(books)
    books.engine.held += [
        replace(one, id=f"new-{one.id}", name=one.name.replace("blue", "green"), labels=one.labels | GREEN)
        for one in books.engine.held
        if one.labels.get(LABEL_SERVICE) == "web"
    ]
    books.engine.written |= {one.name: ["hello"] for one in books.engine.held if one.labels.items() >= GREEN.items()}
    assert written("web") == {"green"}
    assert written("worker") == {"blue"}
    point(books, Colour.BLUE)
    assert written("web") == {"blue"}
    books.proxy_world.is_up = False
    assert written("web") == {"blue"}, "where the proxy does not answer, what the books say"
