"""How far subscriptions are: which are due, and that only who read it last moves it, on SQLite and on PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.store.conftest import Shop

from fairlead.domain.errors import Conflict
from fairlead.domain.event import Event
from fairlead.domain.subscription import Progress, Subscription
from fairlead.store import events, subscriptions


def keep(shop: Shop, name: str, position: int = 0, **more: object) -> Progress:
    made = Subscription(f"sub-{name}", name, "ann", shop.at, **more)  # type: ignore[arg-type]
    progress = Progress(made.id, position, shop.at)
    with shop.database.transaction() as connection:
        subscriptions.insert(connection, made, progress)
    return progress


def happen(shop: Shop, count: int = 1) -> None:
    with shop.database.transaction() as connection:
        for number in range(count):
            events.insert(connection, Event(f"ev-{number}", shop.at, "ann", "thing.changed", "changed it"))


def due(shop: Shop, **later: float) -> list[str]:
    with shop.database.reading() as connection:
        found = subscriptions.due(connection, shop.at + timedelta(**later))
    return sorted(one.id for one in found)


def test_a_webhook_is_due_where_there_is_something_and_a_digest_at_its_time(shop: Shop) -> None:
    keep(shop, "hook", addresses=("https://hook.test/",))
    keep(shop, "mail", addresses=("ops@example.com",))
    keep(shop, "off", addresses=("https://hook.test/",), is_enabled=False)
    assert due(shop) == ["sub-mail"]
    happen(shop, 3)
    assert due(shop) == ["sub-hook", "sub-mail"] and due(shop, seconds=-1) == []
    keep(shop, "new", 3, addresses=("https://hook.test/",))
    assert due(shop) == ["sub-hook", "sub-mail"]


def test_only_who_has_read_it_as_it_is_moves_it(shop: Shop) -> None:
    old = keep(shop, "hook", addresses=("https://hook.test/",))
    first, second = replace(old, position=1, error="x"), replace(old, position=2)
    with shop.database.transaction() as connection:
        assert subscriptions.move(connection, old, first)
        assert not subscriptions.move(connection, old, second)
        assert subscriptions.progress_of(connection, [old.id]) == {old.id: first}
        subscriptions.delete(connection, old.id)
        assert not subscriptions.move(connection, first, second)
        assert subscriptions.progress_of(connection, [old.id]) == {}


def test_one_that_is_disabled_is_not_moved(shop: Shop) -> None:
    old = keep(shop, "off", addresses=("https://hook.test/",), is_enabled=False)
    with shop.database.transaction() as connection:
        assert not subscriptions.move(connection, old, replace(old, position=1))


def test_a_name_is_taken_once_and_a_page_has_the_owners(shop: Shop) -> None:
    keep(shop, "hook", addresses=("https://hook.test/",))
    with pytest.raises(Conflict) as taken, shop.database.transaction() as connection:
        twin = Subscription("sub-2", "hook", "bob", shop.at)
        subscriptions.insert(connection, twin, Progress(twin.id, 0, shop.at))
    assert taken.value.code == "subscription.exists"
    with shop.database.reading() as connection:
        assert [one.name for one in subscriptions.page(connection, owner="ann").items] == ["hook"]
        assert subscriptions.page(connection, owner="bob").items == ()


def test_events_ahead_come_in_parts_and_end_where_is_asked(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "AT_ONCE", 3)
    happen(shop, 10)
    with shop.database.reading() as connection:
        for after, until in ((0, 10), (0, 9), (2, 8), (9, 10), (10, 10), (4, 4)):
            found = [one.sequence for one in events.between(connection, after, until)]
            assert found == list(range(after + 1, until + 1)), (after, until)
