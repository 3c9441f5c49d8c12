"""The master key, sealing, passwords and masks."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from fairlead.domain.errors import Refused
from fairlead.store import passwords
from fairlead.store.database import Database
from fairlead.store.masks import MARK, Mask
from fairlead.store.sealing import KEY_BYTES, Sealer, read_master_key
from fairlead.store.secrets import check_master_key, has_master_key


def test_a_sealed_value_opens_under_its_own_id_and_key_alone() -> None:
    sealer = Sealer(bytes(KEY_BYTES))
    sealed = sealer.seal("sec-1", "välue")
    assert sealer.open("sec-1", sealed) == "välue"
    assert sealed != sealer.seal("sec-1", "välue")
    assert "välue".encode() not in sealed
    for id, opener, content in (
        ("sec-2", sealer, sealed),
        ("sec-1", Sealer(b"\1" * KEY_BYTES), sealed),
        ("sec-1", sealer, sealed[:-1] + bytes([sealed[-1] ^ 1])),
        ("sec-1", sealer, b""),
    ):
        with pytest.raises(Refused) as raised:
            opener.open(id, content)
        assert raised.value.code == "secrets.master_key"


def test_a_master_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "data" / "master.key"
    made = read_master_key(path, may_create=True)
    assert len(made) == KEY_BYTES
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_master_key(path, may_create=False) == made
    assert read_master_key(path, may_create=True) == made


def test_a_given_master_key_is_base64_or_hexadecimal(tmp_path: Path) -> None:
    key = bytes(range(KEY_BYTES))
    for given in (base64.b64encode(key).decode(), key.hex(), f" {key.hex()}\n"):
        assert read_master_key(tmp_path / "none", given=given, may_create=False) == key
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("given", ["short", "x" * 64, base64.b64encode(b"too short").decode()])
def test_a_given_master_key_that_is_none_is_refused_without_showing_it(tmp_path: Path, given: str) -> None:
    with pytest.raises(Refused) as raised:
        read_master_key(tmp_path / "none", given=given, may_create=True)
    assert raised.value.code == "secrets.master_key"
    assert given not in str(raised.value)


def test_a_lost_or_open_master_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    with pytest.raises(Refused, match="is not there"):
        read_master_key(path, may_create=False)
    assert not path.exists()
    read_master_key(path, may_create=True)
    path.chmod(0o644)
    with pytest.raises(Refused, match="read by others"):
        read_master_key(path, may_create=True)
    path.chmod(0o600)
    path.write_text("")
    with pytest.raises(Refused):
        read_master_key(path, may_create=True)


def test_a_database_takes_the_key_that_it_began_with_and_no_other(database: Database) -> None:
    with database.transaction() as connection:
        assert not has_master_key(connection)
        check_master_key(connection, Sealer(bytes(KEY_BYTES)))
        check_master_key(connection, Sealer(bytes(KEY_BYTES)))
        assert has_master_key(connection)
        with pytest.raises(Refused) as raised:
            check_master_key(connection, Sealer(b"\1" * KEY_BYTES))
    assert raised.value.code == "secrets.master_key"


def test_passwords_are_hashed_with_salt_and_checked() -> None:
    hashed = passwords.hash_password("correct horse")
    assert hashed.startswith("$argon2id$")
    assert passwords.is_password("correct horse", hashed)
    assert not passwords.is_password("wrong horse", hashed)
    assert not passwords.is_password("", "")
    assert not passwords.is_password("an unknown user takes as long as a wrong password", "")
    assert not passwords.is_password("x", "no hash")
    assert passwords.hash_token("a") == passwords.hash_token("a") != passwords.hash_token("b")


def test_a_mask_without_values_changes_nothing() -> None:
    assert Mask().apply("all of it") == "all of it"
    assert Mask(["", "  "]).apply("a  b") == "a  b"


def test_the_longest_secret_goes_first() -> None:
    assert Mask(["pass", "password"]).apply("password pass") == f"{MARK} {MARK}"


def test_a_mask_with_more_values_leaves_the_first_as_it_was() -> None:
    first = Mask(["alpha"])
    both = first.with_values(["beta-value"])
    assert first.apply("alpha beta-value") == f"{MARK} beta-value"
    assert both.apply("alpha beta-value") == f"{MARK} {MARK}"
    assert both.with_values(["alpha"]) is both


def test_short_lines_of_a_long_secret_do_not_blind_the_log() -> None:
    mask = Mask(['{\n  "private": "abcdef"\n}'])
    assert mask.apply('{ "other": 1 }') == '{ "other": 1 }'
    assert mask.apply('  "private": "abcdef"') == f"  {MARK}"
