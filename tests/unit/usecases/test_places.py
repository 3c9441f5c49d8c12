"""A project in an environment: it is ended by a person, and routes that nobody needs any more are free."""

from __future__ import annotations

import pytest
from tests.unit.usecases.house import ADMIN, House

from fairlead.domain.actor import Actor, permissions_of
from fairlead.domain.colour import Colour
from fairlead.domain.errors import Conflict, NotAllowed
from fairlead.domain.ids import ActorId
from fairlead.domain.permission import RoleName
from fairlead.domain.slot import Slot, SlotState
from fairlead.domain.task import TaskState
from fairlead.ports.catalogue import Place
from fairlead.store import deployments as stored_deployments
from fairlead.store import routes, slots, subnets
from fairlead.usecases import approvals, deployments, overview, places, releases, rolling_back

HERE = Place("books", "Test")
SHOP = ", route: {host: shop.example.com}"
OTHER = "project: other\nservices:\n  web: {image: nginx, port: 80, route: {host: shop.example.com}}\n"


def end_here(books: House, *, accessories: bool = False, state: TaskState = TaskState.SUCCEEDED) -> None:
    """What the engine does for a retirement."""
    task = places.retire(books.context, ADMIN, "books", "Test", accessories=accessories)
    books.begin(task.id)
    with books.database.transaction() as connection:
        for slot in slots.of(connection, HERE).values():
            slots.put(connection, HERE, Slot(slot.colour))
    books.end(task.id, state, "" if state is TaskState.SUCCEEDED else "engine.unreachable", "it did not answer")


def held(books: House, environment: str = "Test") -> dict[str, list[str]]:
    with books.database.reading() as connection:
        found = routes.of(connection, Place("books", environment))
        return {service: [route.host for route in its] for service, its in found.items()}


def test_what_is_ended_is_live_no_more_and_can_be_deployed_again(books: House) -> None:
    books.add_release("1.0.0")
    books.go_live("1.0.0")
    end_here(books)
    cell = overview.place(books.context, ADMIN, "books", "Test").cell
    assert (cell.live, cell.live_version, cell.colour) == (None, "", None)
    assert releases.get(books.context, ADMIN, "books", "1.0.0").live_in == ()
    assert held(books) == {}
    deployments.create(books.context, ADMIN, "books", "1.0.0", "Test")
    assert held(books) == {"web": ["web.books.test.localhost"]}
    assert [event.message for event in books.audit("place.retired")] == ["books in Test is ended"]


def test_what_a_rollback_brought_back_from_its_slot_is_live_since_the_rollback(books: House) -> None:
    books.add_release("1.0.0")
    filled = books.go_live("1.0.0")
    books.add_release("1.1.0")
    books.go_live("1.1.0")
    back = rolling_back.roll_back(books.context, ADMIN, "books", "Test").deployment
    with books.database.transaction() as connection:
        stored_deployments.change(connection, back.id, committed_at=books.clock.now(), state="ended", outcome="live")
        slot = Slot(Colour.GREEN, SlotState.LIVE, filled.id, filled.release, "1.0.0")
        for one in Colour:
            slots.put(connection, HERE, slot if one is Colour.GREEN else Slot(one))
    cell = overview.place(books.context, ADMIN, "books", "Test").cell
    assert (cell.live_version, cell.live and cell.live.id) == ("1.0.0", back.id)


def test_after_an_end_going_back_brings_the_last_one_back(books: House) -> None:
    for version in ("1.0.0", "1.1.0"):
        books.add_release(version)
        books.go_live(version)
    end_here(books)
    assert rolling_back.roll_back(books.context, ADMIN, "books", "Test").version == "1.1.0"


def test_networks_of_the_place_are_free_again_the_environments_with_its_accessories(books: House) -> None:
    books.add_release("1.0.0")
    books.go_live("1.0.0")
    pool, at = ("10.9.0.0/16",), books.clock.now()

    def claimed() -> list[str | None]:
        with books.database.reading() as connection:
            return [subnets.of(connection, HERE, purpose) for purpose in ("blue", "green", "environment")]

    with books.database.transaction() as connection:
        for purpose in ("blue", "green", "environment"):
            subnets.claim_subnet(connection, HERE, purpose, pool=pool, used=(), at=at)
    end_here(books)
    assert [subnet is None for subnet in claimed()] == [True, True, False]
    end_here(books, accessories=True)
    assert claimed() == [None] * 3


def test_where_nothing_stands_there_is_nothing_to_end(books: House) -> None:
    before = books.rows()
    with pytest.raises(Conflict) as raised:
        places.retire(books.context, ADMIN, "books", "Test")
    assert raised.value.code == "place.empty"
    assert books.rows() == before
    assert places.retire(books.context, ADMIN, "books", "Test", accessories=True).kind == "retirement"


def test_who_may_only_deploy_may_not_end(books: House) -> None:
    deployer = Actor(ActorId("usr-d"), "dora", "user", permissions_of(RoleName.DEPLOYER), via="test")
    with pytest.raises(NotAllowed):
        places.retire(books.context, deployer, "books", "Test")


def test_an_end_that_failed_says_so_and_keeps_the_routes(books: House) -> None:
    books.add_release("1.0.0")
    books.go_live("1.0.0")
    end_here(books, state=TaskState.FAILED)
    assert held(books) == {"web": ["web.books.test.localhost"]}
    [told] = books.audit("place.not_retired")
    assert "it did not answer" in told.message


def test_a_route_that_the_next_release_has_no_more_is_free_for_others(books: House) -> None:
    books.add_release("1.0.0", more=SHOP)
    books.go_live("1.0.0")
    assert held(books) == {"web": ["test.shop.example.com"]}
    books.add_release("1.1.0")
    assert held(books) == {"web": ["test.shop.example.com", "web.books.test.localhost"]}, "both, until it is live"
    books.go_live("1.1.0")
    assert held(books) == {"web": ["web.books.test.localhost"]}
    books.add_project("other")
    books.add_release("1.0.0", project="other", file=OTHER)
    assert books.deployment("1.0.0", project="other").task


def test_a_route_of_a_deployment_that_came_back_is_free_again(books: House) -> None:
    books.add_release("1.0.0")
    books.go_live("1.0.0")
    books.add_release("1.1.0", more=SHOP)
    failed = books.deployment("1.1.0").task
    books.begin(failed)
    books.end(failed, TaskState.ROLLED_BACK, "tests.failed", "no")
    assert held(books) == {"web": ["web.books.test.localhost"]}


def test_a_route_of_a_deployment_that_was_rejected_is_free_again(books: House) -> None:
    books.add_release("1.0.0", more=SHOP)
    books.go_live("1.0.0")
    assert held(books, "Production") == {"web": ["shop.example.com"]}
    approvals.reject(books.context, ADMIN, books.approval("1.0.0").id, note="not today")
    assert held(books, "Production") == {}
