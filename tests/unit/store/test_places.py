"""Places: whose turn it is, which subnet and which routes it has, and what stands in its slots."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.store.conftest import Shop

from fairlead.domain.colour import Colour
from fairlead.domain.errors import Conflict
from fairlead.domain.service import Route
from fairlead.domain.slot import Slot, SlotState
from fairlead.domain.task import TaskState
from fairlead.ports.catalogue import Place
from fairlead.store import routes, slots, subnets, tasks
from fairlead.testing.fake_clock import START

PLACE, OTHER, TENANT = Place("books", "Test"), Place("books", "Production"), Place("books", "Test", "acme")
POOL = ["10.213.0.0/24"]


def test_one_task_at_a_time_for_each_place_in_the_order_of_asking(shop: Shop) -> None:
    first, second, third = shop.task(), shop.task(), shop.task()
    elsewhere = shop.task(environment="Production")
    with shop.database.transaction() as connection:
        for task in (first, second, third, elsewhere):
            tasks.insert(connection, task)
        assert tasks.take_turn(connection, first, at=START)
        assert tasks.take_turn(connection, first, at=START)
        assert not tasks.take_turn(connection, second, at=START)
        assert tasks.take_turn(connection, elsewhere, at=START)
        assert tasks.holder(connection, PLACE) == first.id
        assert tasks.next_in_line(connection, PLACE.tag) == second
        assert tasks.give_turn_back(connection, first.id)
        assert not tasks.give_turn_back(connection, first.id)
        tasks.change(connection, first.id, state=TaskState.SUCCEEDED.value)
        tasks.change(connection, second.id, state=TaskState.SKIPPED.value)
        assert tasks.next_in_line(connection, PLACE.tag) == third
        assert tasks.take_turn(connection, third, at=START)
        assert tasks.next_in_line(connection, PLACE.tag) is None


def test_a_task_has_all_of_its_tags_or_none_and_older_ones_that_wait_are_seen(shop: Shop) -> None:
    holder = shop.task(environment="Production")
    waiting = replace(shop.task(), concurrency_tag=OTHER.tag)
    later, elsewhere = shop.task(), replace(shop.task(project="shop"), concurrency_tag="shared")
    with shop.database.transaction() as connection:
        for task in (holder, waiting, later, elsewhere):
            tasks.insert(connection, task)
        assert tasks.take_turn(connection, holder, at=START)
        assert not tasks.take_turn(connection, waiting, at=START)
        assert tasks.holder(connection, PLACE) is None
        assert tasks.take_turn(connection, later, at=START) and tasks.take_turn(connection, elsewhere, at=START)
        assert [tasks.is_behind(connection, one) for one in (holder, later, elsewhere)] == [False, True, False]
        assert tasks.next_in_line(connection, OTHER.tag) == waiting
        assert tasks.next_in_line(connection, PLACE.tag, before=later.id) == waiting
        assert tasks.next_in_line(connection, PLACE.tag, before=waiting.id) is None
        assert tasks.held_tags(connection) == {OTHER.tag, PLACE.tag, "shop/Test", "shared"}
        assert tasks.give_turn_back(connection, elsewhere.id)
        assert tasks.held_tags(connection) == {OTHER.tag, PLACE.tag}


def test_a_tenant_has_a_turn_of_its_own_and_some_tasks_need_none(shop: Shop) -> None:
    shared, tenants, placeless = shop.task(), replace(shop.task(), tenant="acme"), shop.task(project="", environment="")
    with shop.database.transaction() as connection:
        for task in (shared, tenants, placeless):
            tasks.insert(connection, task)
            assert tasks.take_turn(connection, task, at=START)
        assert tasks.holder(connection, TENANT) == tenants.id


def test_of_many_who_ask_at_the_same_time_one_gets_the_turn(shop: Shop) -> None:
    waiting = [shop.task() for _ in range(6)]
    with shop.database.transaction() as connection:
        for task in waiting:
            tasks.insert(connection, task)
    got: list[str] = []

    def ask(number: int) -> None:
        with shop.database.transaction() as connection:
            if tasks.take_turn(connection, waiting[number], at=START):
                got.append(waiting[number].id)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with shop.database.reading() as connection:
        assert [tasks.holder(connection, PLACE)] == got


def test_subnets_are_claimed_once_and_never_overlap(shop: Shop) -> None:
    with shop.database.transaction() as connection:
        used = ["10.213.0.0/27", "fd00::/8", "172.17.0.0/16"]
        blue = subnets.claim_subnet(connection, PLACE, "blue", pool=POOL, used=used, at=START)
        assert blue == "10.213.0.64/26"
        assert subnets.claim_subnet(connection, PLACE, "blue", pool=POOL, used=[blue], at=START) == blue
        green = subnets.claim_subnet(connection, PLACE, "green", pool=POOL, used=used, at=START)
        home = subnets.claim_subnet(connection, OTHER, "environment", pool=POOL, used=used, at=START)
        assert (green, home) == ("10.213.0.128/26", "10.213.0.192/26")
        with pytest.raises(Conflict) as raised:
            subnets.claim_subnet(connection, TENANT, "blue", pool=POOL, used=used, at=START)
        assert raised.value.code == "network.pool"
        assert "subnet_pool" in raised.value.hint
        subnets.release_subnet(connection, PLACE, "green")
        subnets.release_subnet(connection, PLACE, "green")
        assert subnets.claim_subnet(connection, TENANT, "blue", pool=POOL, used=used, at=START) == green


def test_a_subnet_that_a_stranger_took_meanwhile_is_given_up_for_another(shop: Shop) -> None:
    with shop.database.transaction() as connection:
        blue = subnets.claim_subnet(connection, PLACE, "blue", pool=POOL, used=(), at=START)
        again = subnets.claim_subnet(connection, PLACE, "blue", pool=POOL, used=[blue], at=START, strangers=[blue])
        assert again != blue
        assert subnets.of(connection, PLACE, "blue") == again
        kept = subnets.claim_subnet(connection, PLACE, "blue", pool=POOL, used=[blue], at=START, strangers=[blue])
        assert kept == again


def test_who_claim_at_the_same_time_get_different_subnets(shop: Shop) -> None:
    claimed: list[str] = []

    def claim(number: int) -> None:
        with shop.database.transaction() as connection:
            place = Place("books", f"Env {number}")
            claimed.append(subnets.claim_subnet(connection, place, "blue", pool=POOL, used=[], at=START))

    threads = [threading.Thread(target=claim, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(claimed)) == 4


def test_a_route_belongs_to_one_place(shop: Shop) -> None:
    root, admin = Route("books.example.com"), Route("books.example.com", "/admin", tls=True)
    with shop.database.transaction() as connection:
        routes.claim(connection, PLACE, "web", [root, admin], at=START)
        routes.claim(connection, PLACE, "web", [replace(root, tls=True)], at=START)
        assert routes.of(connection, PLACE) == {"web": (replace(root, tls=True), admin)}
        assert routes.owner_of(connection, "books.example.com", "/") == PLACE
    with pytest.raises(Conflict, match="belongs to books in Test") as raised, shop.database.transaction() as connection:
        routes.claim(connection, Place("shop", "Test"), "web", [Route("shop.example.com"), admin], at=START)
    assert raised.value.code == "route.taken"
    with shop.database.transaction() as connection:
        assert routes.owner_of(connection, "shop.example.com", "/") is None
        routes.keep_only(connection, PLACE, [admin])
        assert routes.of(connection, PLACE) == {"web": (admin,)}
        routes.claim(connection, Place("shop", "Test"), "web", [root], at=START)


def test_standbys_whose_time_is_over_are_told(shop: Shop) -> None:
    later = START + timedelta(minutes=10)
    with shop.database.transaction() as connection:
        slots.put(connection, PLACE, Slot(Colour.BLUE, SlotState.IDLE, "dep-1"))
        slots.put(connection, TENANT, Slot(Colour.BLUE, SlotState.LIVE, "dep-2"))
        slots.stand_by(connection, PLACE, Colour.BLUE, later)
        assert slots.expired_standbys(connection, START) == ()
        [(place, slot)] = slots.expired_standbys(connection, later)
        assert (place, slot.deployment) == (PLACE, "dep-1")
        assert slots.live(connection, PLACE) is None
        live = slots.live(connection, TENANT)
        assert live is not None
        assert live.deployment == "dep-2"
