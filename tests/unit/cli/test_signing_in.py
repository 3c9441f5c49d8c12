"""Identity providers and federated credentials by command, and signing in with a build server's token."""

from __future__ import annotations

import io
import json
import os
import stat
import warnings
from collections.abc import Callable, Iterator
from getpass import GetPassWarning
from pathlib import Path

import pytest
from tests.provider import Provider, running
from tests.unit.cli.conftest import KEY, URL, Said

from fairlead.cli import access

Fairlead = Callable[..., Said]
SUBJECT = "repo:org/books:ref:refs/heads/main"


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running() as made:
        made.person, made.client_id = {"sub": SUBJECT}, URL
        yield made


def test_where_there_is_no_terminal_the_password_is_not_asked_for(
    fairlead: Fairlead, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(prompt: str) -> str:
        warnings.warn("Can not control echo on the terminal.", GetPassWarning, stacklevel=1)
        return "shown"

    monkeypatch.setattr(access, "getpass", nobody)
    said = fairlead("login", URL, "--user", "admin")
    assert said.code == 2 and "no terminal to ask" in said.err and "--password-stdin" in said.err


def test_a_provider_is_set_changed_shown_and_removed(fairlead: Fairlead, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("a long secret\n")
    assert fairlead("teams", "add", "Watch").code == 0
    first = ["--issuer", "https://login.test/", "--client-id", "us", "--client-secret-from", "secret", "--makes-users"]
    mapped = ["--groups-claim", "groups", "--team", "cn=a,ou=b=Watch"]
    said = fairlead("identity-providers", "set", "ours", *first, *mapped)
    assert (said.code, "/sign-in/ours/callback" in said.out) == (0, True), said
    assert fairlead("identity-providers", "set", "ours", "--label", "Ours", "--no-users").code == 0
    held = fairlead("-o", "json", "identity-providers", "show", "ours").data
    assert (held["label"], held["makes_users"], held["has_client_secret"]) == ("Ours", False, True)
    assert held["teams"] == [{"group": "cn=a,ou=b", "team": "Watch"}]
    assert "a long secret" not in str(held)
    assert "login.test" in fairlead("identity-providers", "list").out
    assert fairlead("identity-providers", "set", "ours", "--public", "--no-teams").code == 0
    held = fairlead("-o", "json", "identity-providers", "show", "ours").data
    assert (held["teams"], held["has_client_secret"]) == ([], False)
    assert fairlead("identity-providers", "remove", "ours").code == 0
    assert fairlead("identity-providers", "show", "ours").code == 5


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--issuer", "http://login.test", "--client-id", "us"], "no issuer"),
        (["--issuer", "https://login.test"], "client_id"),
        (["--issuer", "https://login.test", "--client-id", "us", "--team", "x"], "not GROUP=TEAM"),
        (["--issuer", "https://login.test", "--client-id", "us", "--team", "x=Nobodies"], "no team"),
        (["--issuer", "https://login.test", "--client-id", "us", "--scope", "email"], "scope openid is needed"),
        (["--issuer", "https://login.test", "--client-id", "us", "--role", "root"], "is no role"),
        (["--issuer", "https://login.test", "--client-id", "us", "--client-secret-from", "none"], "cannot be read"),
    ],
)
def test_what_cannot_be_is_refused_in_words(fairlead: Fairlead, arguments: list[str], said: str) -> None:
    refused = fairlead("identity-providers", "set", "ours", *arguments)
    assert refused.code in (2, 5)
    assert said in refused.err


def trusted(fairlead: Fairlead, provider: Provider) -> None:
    assert fairlead("service-accounts", "add", "ci", "--role", "viewer").code == 0
    given = ["--account", "ci", "--issuer", provider.issuer, "--subject", SUBJECT]
    said = fairlead("federated-credentials", "set", "books", *given)
    assert said.code == 0, said.err


def test_a_credential_is_set_changed_shown_and_removed(fairlead: Fairlead, provider: Provider) -> None:
    trusted(fairlead, provider)
    changed = ["--claim", "environment=production", "--minutes", "10"]
    assert fairlead("federated-credentials", "set", "books", *changed).code == 0
    held = fairlead("-o", "json", "federated-credentials", "show", "books").data
    assert (held["audience"], held["lasts_s"], held["claims"]) == (URL, 600, {"environment": "production"})
    assert "books" in fairlead("federated-credentials", "list").out
    assert fairlead("federated-credentials", "set", "books", "--no-claims").code == 0
    assert fairlead("-o", "json", "federated-credentials", "show", "books").data["claims"] == {}
    assert "begins with a *" in fairlead("federated-credentials", "set", "books", "--subject", "**").err
    assert "not CLAIM=PATTERN" in fairlead("federated-credentials", "set", "books", "--claim", "x").err
    assert fairlead("federated-credentials", "remove", "books").code == 0
    assert fairlead("federated-credentials", "show", "books").code == 5


@pytest.mark.parametrize("how", ["file", "input", "environment"])
def test_a_build_server_signs_in_with_its_token(
    fairlead: Fairlead, provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    trusted(fairlead, provider)
    token = provider.sign(provider.claims())
    (tmp_path / "token").write_text(token + "\n")
    arguments = {"file": ["--oidc-token", "token"], "input": ["--oidc-token", "-"], "environment": []}[how]
    if how == "environment":
        monkeypatch.setenv("FAIRLEAD_OIDC_TOKEN", token)
    monkeypatch.setattr("sys.stdin", io.StringIO(token))
    said = fairlead("login", URL, *arguments, key="")
    assert (said.code, "as ci" in said.err) == (0, True), said
    kept = tmp_path / "config" / "fairlead" / "account.json"
    assert stat.S_IMODE(os.stat(kept).st_mode) == 0o600
    assert token not in kept.read_text() + said.out + said.err
    assert json.loads(kept.read_text())["key"].startswith("flk_")
    assert "ci" in fairlead("whoami", key="").out


def test_a_token_that_opens_nothing_says_why_and_keeps_nothing(
    fairlead: Fairlead, provider: Provider, tmp_path: Path
) -> None:
    trusted(fairlead, provider)
    provider.over = {"sub": "repo:evil/books:ref:refs/heads/main"}
    (tmp_path / "token").write_text(provider.sign(provider.claims()))
    said = fairlead("login", URL, "--oidc-token", "token", key="")
    assert (said.code, "its subject does not fit" in said.err) == (4, True)
    (tmp_path / "empty").write_text("\n")
    assert "holds nothing" in fairlead("login", URL, "--oidc-token", "empty", key="").err
    assert "cannot be read" in fairlead("login", URL, "--oidc-token", "none", key="").err
    assert not (tmp_path / "config").exists()


def test_a_person_is_linked_and_unlinked(fairlead: Fairlead) -> None:
    assert fairlead("users", "link", "admin", "--issuer", "https://login.test", "--subject", "1001").code == 0
    held = fairlead("-o", "json", "users", "identities", "admin").data
    assert [one["subject"] for one in held] == ["1001"]
    assert fairlead("users", "link", "admin", "--issuer", "https://login.test", "--subject", "1001").code == 1
    assert fairlead("users", "unlink", "admin", held[0]["id"]).code == 0
    assert fairlead("users", "unlink", "admin", held[0]["id"]).code == 5


def test_a_token_and_a_password_that_are_no_text_are_refused_in_words(
    fairlead: Fairlead, monkeypatch: pytest.MonkeyPatch
) -> None:
    for arguments in (("--oidc-token", "-"), ("--user", "admin", "--password-stdin")):
        monkeypatch.setattr("sys.stdin", io.StringIO("half \udca2 of a letter\n"))
        said = fairlead("login", URL, *arguments)
        assert (said.code, "not UTF-8 text" in said.err, "Traceback" in said.err) == (2, True, False), said
    assert "not UTF-8 text" in fairlead("teams", "show", "\udca2").err


@pytest.mark.parametrize("spoilt", ["bytes", "folder"])
def test_an_account_that_cannot_be_read_or_written_is_said(
    fairlead: Fairlead, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoilt: str
) -> None:
    held = tmp_path / "config" / "fairlead" / "account.json"
    held.parent.mkdir(parents=True)
    held.mkdir() if spoilt == "folder" else held.write_bytes(b"\xe3\x00")
    assert "not signed in" in fairlead("whoami", key="").err
    if spoilt == "folder":
        for command in (("login", "--with-key", KEY), ("logout",)):
            said = fairlead(*command)
            assert (said.code, "account.json: Is a directory" in said.err) == (2, True), said
    said = fairlead("audit", "export", "--to", "nowhere/audit.jsonl")
    assert (said.code, "nowhere/audit.jsonl: No such file" in said.err) == (2, True), said
