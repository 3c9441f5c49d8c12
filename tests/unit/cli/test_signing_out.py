"""Signing out: the key that `login` made works no more; a key that was given by hand is only forgotten."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.provider import Provider, running
from tests.unit.cli.conftest import KEY, URL, Said
from tests.unit.server.house import ADMINISTRATOR, House

from fairlead.cli.client import Client
from fairlead.domain.errors import Failed, Unreachable
from fairlead.usecases import access

Fairlead = Callable[..., Said]
PASSWORD = "a password for tests"
SUBJECT = "repo:org/books:ref:refs/heads/main"


@pytest.fixture
def kept(house: House, fairlead: Fairlead, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where the key is kept that vera signed in for."""
    _, once = access.add_user(house.context, ADMINISTRATOR, "vera", role="viewer")
    monkeypatch.setattr("sys.stdin", io.StringIO(once + "\n"))
    said = fairlead("login", URL, "--user", "vera", "--password-stdin", key="")
    assert said.code == 0, said
    return tmp_path / "config" / "fairlead" / "account.json"


def keys_of_vera(house: House) -> list[str]:
    with house.context.database.reading() as connection:
        found = access.users.find_by_name(connection, "vera")
        assert found is not None
        return [one.id for one in access.users.keys_of(connection, found.id) if one.revoked_at is None]


def test_the_key_that_login_made_works_no_more(house: House, fairlead: Fairlead, kept: Path) -> None:
    key = json.loads(kept.read_text())["key"]
    (made,) = keys_of_vera(house)
    said = fairlead("logout", key="")
    assert (said.code, "signed out" in said.err, made in said.err) == (0, True, True), said
    assert (kept.exists(), keys_of_vera(house)) == (False, [])
    assert fairlead("whoami", key=key).code == 4
    assert "key.revoked" in {one["kind"] for one in fairlead("-o", "json", "events").data}
    assert "was not signed in" in fairlead("logout", key="").err


def test_the_key_of_login_is_revoked_whatever_the_environment_gives(
    house: House, fairlead: Fairlead, kept: Path
) -> None:
    assert fairlead("--server", "http://elsewhere.test", "logout", key=KEY).code == 0
    assert (kept.exists(), keys_of_vera(house), fairlead("whoami").code) == (False, [], 0)


@pytest.mark.parametrize("how", ["Unreachable", "Failed"])
def test_a_key_that_could_not_be_revoked_is_forgotten_and_named(
    house: House, fairlead: Fairlead, kept: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    (made,) = keys_of_vera(house)
    error = {"Unreachable": Unreachable, "Failed": Failed}[how]("server.unreachable", "no server answers")

    def silent(*_: object, **__: object) -> None:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(Client, "delete", silent)
        said = fairlead("logout", key="")
    assert (said.code, kept.exists(), keys_of_vera(house)) == (1, False, [made])
    for part in ("forgotten here", made, URL, f"fairlead keys remove {made}", "no server answers"):
        assert part in " ".join(said.err.split()), said
    assert fairlead("keys", "remove", made).code == 0


def test_a_key_that_opens_nothing_any_more_is_forgotten_without_a_word_of_it(
    house: House, fairlead: Fairlead, kept: Path
) -> None:
    (made,) = keys_of_vera(house)
    assert fairlead("keys", "remove", made).code == 0
    said = fairlead("logout", key="")
    assert (said.code, kept.exists(), "signed out" in said.err) == (0, False, True), said


def test_a_key_that_was_given_is_only_forgotten(fairlead: Fairlead, tmp_path: Path) -> None:
    assert fairlead("login", URL, "--with-key", KEY, key="").code == 0
    said = fairlead("logout", key="")
    assert (said.code, "still works" in said.err) == (0, True), said
    assert fairlead("whoami", key=KEY).code == 0


def test_a_key_that_a_file_of_before_holds_is_only_forgotten(fairlead: Fairlead, kept: Path) -> None:
    held = json.loads(kept.read_text())
    kept.write_text(json.dumps({"url": held["url"], "key": held["key"]}))
    assert fairlead("logout", key="").code == 0
    assert fairlead("whoami", key=held["key"]).code == 0


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running() as made:
        made.person, made.client_id = {"sub": SUBJECT}, URL
        yield made


def test_a_key_that_was_exchanged_for_a_token_works_no_more(
    fairlead: Fairlead, provider: Provider, tmp_path: Path
) -> None:
    assert fairlead("service-accounts", "add", "ci", "--role", "viewer").code == 0
    trusted = ["--account", "ci", "--issuer", provider.issuer, "--subject", SUBJECT]
    assert fairlead("federated-credentials", "set", "books", *trusted).code == 0
    (tmp_path / "token").write_text(provider.sign(provider.claims()))
    assert fairlead("login", URL, "--oidc-token", "token", key="").code == 0
    key = json.loads((tmp_path / "config" / "fairlead" / "account.json").read_text())["key"]
    assert fairlead("whoami", key=key).code == 0
    assert fairlead("logout", key="").code == 0
    assert fairlead("whoami", key=key).code == 4
