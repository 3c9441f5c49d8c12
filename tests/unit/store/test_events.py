"""The audit's chain: one line, whoever writes at the same time; what is taken back is not in it."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.unit.store.conftest import Shop

from fairlead.domain.event import Event, chained, fault_of, hash_of
from fairlead.store import events
from fairlead.store.database import Database


def event(shop: Shop, number: int | str = 1, **more: object) -> Event:
    return Event(f"ev-{number}", shop.at, "ann", "thing.changed", "changed it", **more)  # type: ignore[arg-type]


def all_of(database: Database) -> list[Event]:
    with database.reading() as connection:
        return list(events.in_order(connection))


def test_each_event_holds_the_hash_of_the_one_before(shop: Shop) -> None:
    for number in range(3):
        with shop.database.transaction() as connection:
            events.insert(connection, event(shop, number, facts={"n": number, "price": 0.1}))
    kept = all_of(shop.database)
    assert [one.sequence for one in kept] == [1, 2, 3]
    assert [one.previous for one in kept] == ["", kept[0].hash, kept[1].hash]
    assert all(one.hash == hash_of(one) for one in kept), "what was read back is what was hashed"


def test_what_one_transaction_tells_is_appended_at_once_however_much_it_is(shop: Shop) -> None:
    asked: list[str] = []
    sa.event.listen(shop.database.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))

    def statements_for(many: int, name: str) -> int:
        del asked[:]
        with shop.database.transaction() as connection:
            for number in range(many):
                events.insert(connection, event(shop, f"{name}-{number:03}"))
        return len(asked)

    few = statements_for(2, "few")
    assert statements_for(200, "many") == few
    kept = all_of(shop.database)
    assert [one.sequence for one in kept] == list(range(1, 203))
    assert [fault_of(one, before) for one, before in zip(kept, [None, *kept], strict=False)] == [None] * len(kept)


def test_writers_at_the_same_time_make_one_chain_and_wait_for_nothing_else(shop: Shop) -> None:
    writers, each = 8, 10
    start = threading.Barrier(writers)
    failed: list[BaseException] = []

    def write(writer: int) -> None:
        start.wait()
        try:
            for number in range(each):
                with shop.database.transaction() as connection:
                    events.insert(connection, event(shop, f"{writer}-{number}-a"))
                    events.insert(connection, event(shop, f"{writer}-{number}-b"))
        except BaseException as error:  # noqa: BLE001 - told below
            failed.append(error)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    kept = all_of(shop.database)
    assert [one.sequence for one in kept] == list(range(1, 2 * writers * each + 1))
    assert [fault_of(one, before) for one, before in zip(kept, [None, *kept], strict=False)] == [None] * len(kept)


def test_two_transactions_that_change_the_same_rows_in_turn_do_not_lock_each_other_out(shop: Shop) -> None:
    """An event that was noted holds up nobody before the commit: the second waits only for the row."""
    if shop.database.is_sqlite:
        pytest.skip("SQLite has one writer")
    release, began = shop.release(), threading.Event()

    def second() -> None:
        with shop.database.transaction() as connection:
            events.insert(connection, event(shop, "second"))
            began.set()
            connection.execute(sa.text("update releases set version = 'b' where id = :id"), {"id": release.id})

    with shop.database.transaction() as connection:
        connection.execute(sa.text("update releases set version = 'a' where id = :id"), {"id": release.id})
        other = threading.Thread(target=second)
        other.start()
        began.wait()
        events.insert(connection, event(shop, "first"))
    other.join()
    assert [one.id for one in all_of(shop.database)] == ["ev-first", "ev-second"]


def test_what_is_taken_back_is_not_in_it(shop: Shop) -> None:
    with pytest.raises(ZeroDivisionError), shop.database.transaction() as connection:
        events.insert(connection, event(shop, "lost"))
        raise ZeroDivisionError
    with shop.database.transaction() as connection:
        events.insert(connection, event(shop, "outer"))
        with connection.begin_nested():
            events.insert(connection, event(shop, "kept"))
        with pytest.raises(ZeroDivisionError), connection.begin_nested():
            events.insert(connection, event(shop, "inner"))
            with connection.begin_nested():
                events.insert(connection, event(shop, "innermost"))
            raise ZeroDivisionError
        events.insert(connection, event(shop, "last"))
    assert [(one.sequence, one.id) for one in all_of(shop.database)] == [
        (1, "ev-outer"),
        (2, "ev-kept"),
        (3, "ev-last"),
    ]


def test_events_are_found_by_who_what_where_and_when(shop: Shop) -> None:
    noted = [
        event(shop, 1, project="books", environment="Test"),
        Event("ev-2", shop.at + timedelta(days=1), "bob", "variable.changed", "did", project="books"),
        Event("ev-3", shop.at + timedelta(days=2), "bob", "variable.removed", "did", tenant="acme"),
    ]
    with shop.database.transaction() as connection:
        for one in noted:
            events.insert(connection, one)

    def found(**wanted: object) -> list[str]:
        with shop.database.reading() as connection:
            return [one.id for one in events.page(connection, *events.fitting(**wanted)).items]  # type: ignore[arg-type]

    assert found(actor="bob") == ["ev-3", "ev-2"]
    assert found(kind="variable.") == ["ev-3", "ev-2"]
    assert found(kind="variable.removed") == ["ev-3"]
    assert found(project="books", environment="Test") == ["ev-1"]
    assert found(tenant="acme") == ["ev-3"]
    assert found(since=shop.at + timedelta(days=1)) == ["ev-3", "ev-2"]
    assert found(until=shop.at + timedelta(days=1)) == ["ev-1"]


def test_a_hash_is_of_all_that_is_told(shop: Shop) -> None:
    one = chained(event(shop, 1), 1, "")
    others = [
        chained(event(shop, 1, thing="t"), 1, ""),
        chained(event(shop, 1, facts={"a": 1}), 1, ""),
        chained(event(shop, 1), 2, ""),
        chained(event(shop, 1), 1, "f" * 64),
    ]
    assert len({one.hash, *(other.hash for other in others)}) == 5
