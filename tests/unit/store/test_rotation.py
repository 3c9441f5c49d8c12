"""The exchange of the master key in the database: whatever is asked meanwhile is answered."""

from __future__ import annotations

import threading

import pytest
from tests.unit.store.conftest import Shop

from fairlead.domain.errors import Refused
from fairlead.domain.ids import SecretVersionId
from fairlead.store import rotation, secret_versions
from fairlead.store.sealing import KEY_BYTES, MasterKey, Sealer
from fairlead.store.secrets import StoreSecrets, check_master_key

OLD, NEW = b"o" * KEY_BYTES, b"n" * KEY_BYTES
NEXT = MasterKey(NEW)


def server(shop: Shop) -> StoreSecrets:
    """What a server holds that began before the exchange: the old key, and a way to look for others."""
    sealer = Sealer(OLD, read=lambda: [OLD, NEW])
    with shop.database.transaction() as connection:
        check_master_key(connection, sealer)
    return StoreSecrets(shop.database, sealer, shop.ids)


def keep(shop: Shop, secrets: StoreSecrets, value: str) -> SecretVersionId:
    with shop.database.transaction() as connection:
        return secrets.keep(connection, value, name=value, at=shop.at)


def reveal(shop: Shop, secrets: StoreSecrets, id: SecretVersionId) -> str:
    with shop.database.reading() as connection:
        return secrets.reveal(connection, id)


def keys_in_use(shop: Shop) -> frozenset[str]:
    with shop.database.reading() as connection:
        return secret_versions.keys_in_use(connection)


def test_every_secret_is_read_before_during_and_after(shop: Shop) -> None:
    secrets = server(shop)
    hashed = secrets.keyed_hash("x")
    kept = {keep(shop, secrets, f"value {number}"): f"value {number}" for number in range(7)}
    exchanger = Sealer(OLD, NEW)

    def all_are_read() -> None:
        assert {id: reveal(shop, secrets, id) for id in kept} == kept

    with shop.database.transaction() as connection:
        rotation.turn(connection, exchanger, NEXT.check_value)
    all_are_read()
    kept[keep(shop, secrets, "made meanwhile")] = "made meanwhile"
    assert keys_in_use(shop) == {MasterKey(OLD).id, NEXT.id}, "what is new is sealed with the next key at once"
    batches = []
    while True:
        with shop.database.transaction() as connection:
            batches.append(rotation.seal_some_anew(connection, exchanger, most=3))
        all_are_read()
        if not batches[-1]:
            break
    assert batches == [3, 3, 1, 0]
    assert keys_in_use(shop) == {NEXT.id}
    assert secrets.keyed_hash("x") == hashed, "captures before and after can be compared"
    after = Sealer(NEW)
    with shop.database.transaction() as connection:
        check_master_key(connection, after)
    assert after.keyed_hash("x") == hashed, "also by a server that never knew the old key"
    all_are_read()
    with pytest.raises(Refused) as raised, shop.database.transaction() as connection:
        check_master_key(connection, Sealer(OLD))
    assert raised.value.code == "secrets.master_key"
    assert NEXT.id in raised.value.message, "it says which key is needed"


def test_a_half_exchanged_database_needs_both_keys(shop: Shop) -> None:
    secrets = server(shop)
    for number in range(4):
        keep(shop, secrets, f"value {number}")
    with shop.database.transaction() as connection:
        rotation.turn(connection, both := Sealer(OLD, NEW), NEXT.check_value)
        rotation.seal_some_anew(connection, both, most=2)
    for alone, lacking in ((Sealer(NEW), MasterKey(OLD).id), (Sealer(OLD), NEXT.id)):
        with pytest.raises(Refused, match=lacking), shop.database.transaction() as connection:
            check_master_key(connection, alone)
    with shop.database.transaction() as connection:
        check_master_key(connection, again := Sealer(OLD, NEW))
        assert again.key_id == NEXT.id


def test_writers_and_readers_go_on_while_it_is_exchanged(shop: Shop) -> None:
    secrets = server(shop)
    known = {keep(shop, secrets, f"old {number}"): f"old {number}" for number in range(150)}
    made: dict[SecretVersionId, str] = {}
    wrong: list[object] = []
    stop = threading.Event()

    def use() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            text = f"{threading.get_ident()} {number}"
            try:
                id = keep(shop, secrets, text)
                made[id] = text
                if reveal(shop, secrets, id) != text or any(reveal(shop, secrets, one) != known[one] for one in known):
                    wrong.append(id)
            except BaseException as error:  # noqa: BLE001 - told below
                wrong.append(error)
                return

    users = [threading.Thread(target=use) for _ in range(3)]
    for one in users:
        one.start()
    exchanger = Sealer(OLD, NEW)
    with shop.database.transaction() as connection:
        rotation.turn(connection, exchanger, NEXT.check_value)
    some = 1
    while some:
        with shop.database.transaction() as connection:
            some = rotation.seal_some_anew(connection, exchanger, most=10)
    stop.set()
    for one in users:
        one.join()
    assert wrong == []
    assert keys_in_use(shop) == {NEXT.id}, "nobody sealed with the old key behind the last batch"
    assert all(reveal(shop, secrets, id) == text for id, text in {**known, **made}.items())
