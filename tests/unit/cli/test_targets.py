"""Targets on the command line: this host, and one over SSH from its key to the first look."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from tests.unit.cli.conftest import Said

from fairlead.adapters.connections.ssh_keys import SshKeys
from fairlead.cli.targets import address_of
from fairlead.domain.errors import Invalid
from fairlead.testing.sshd import Sshd

Run = Callable[..., Said]


def test_this_host_is_added_shown_checked_changed_and_removed(fairlead: Run) -> None:
    said = fairlead("targets", "add", "web1", "-e", "Test", "-t", "web", "-t", "eu")
    assert (said.code, said.out) == (0, "target web1 added for Test\n"), said
    shown = fairlead("-o", "json", "targets", "show", "WEB1").data
    assert (shown["kind"], shown["tags"], shown["ssh"]) == ("local", ["web", "eu"], None)
    assert "this host" in fairlead("targets", "list", "-t", "web").out
    assert "bash" in fairlead("-o", "json", "targets", "check", "web1").data["programs"]
    lying = fairlead("targets", "packages", "web1")  # below the home of whoever runs this: something, or nothing
    assert ("BELOW ~/fairlead" in lying.out) is not ("nothing lies there" in lying.out + lying.err)
    assert fairlead("-o", "json", "targets", "set", "web1", "--disable", "-t", "db").data["tags"] == ["db"]
    assert fairlead("targets", "remove", "web1").code == 0
    assert fairlead("targets", "show", "web1").code == 5


def test_a_target_is_for_some_tenants_for_all_or_for_none(fairlead: Run) -> None:
    fairlead("tenants", "set-tags", "Region", "EU")
    fairlead("tenants", "set", "Acme, Inc", "--tag", "Region/EU")
    assert fairlead("targets", "add", "web1", "-e", "Test", "--tenancy", "tenanted", "--tenant", "acme, inc").code == 0
    assert "tenanted: Acme, Inc" in fairlead("targets", "list").out
    assert fairlead("tenants", "remove", "Acme, Inc").code == 1
    set_ = partial(fairlead, "-o", "json", "targets", "set", "web1")
    assert set_("--tenant-tag", "Region/EU").data["tenants"] == ["Acme, Inc"], "what is not named stays"
    assert set_("--all-tenants", "--tenant", "Acme, Inc").code == 2
    cleared = set_("--all-tenants").data
    assert (cleared["tenancy"], cleared["tenants"], cleared["tenant_tags"]) == ("tenanted", [], [])
    assert set_("--tenancy", "for-all").code == 2
    assert set_("--tenancy", "untenanted").data["tenancy"] == "untenanted"
    assert "names tenants" in set_("--tenant", "Acme, Inc").err


def test_a_host_over_ssh_says_what_to_do_until_it_is_trusted(fairlead: Run, sshd: Sshd, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(sshd.key)
    address = f"{sshd.user}@127.0.0.1:{sshd.port}"
    assert fairlead("targets", "add", "far", "-e", "Test", "--ssh", address, "--key", "key").code == 0
    refused = fairlead("targets", "check", "far")
    assert refused.code == 1 and "fairlead targets trust far" in refused.err
    wrong = fairlead("targets", "trust", "far", "SHA256:wrong")
    fingerprint = SshKeys().fingerprint(sshd.host_key)
    assert wrong.code == 1 and "SHA256:" in wrong.err
    assert fairlead("targets", "trust", "far", fingerprint).code == 0
    assert "answered after" in fairlead("targets", "check", "far").out


def test_a_key_is_made_where_none_is_given_and_its_public_half_is_told(fairlead: Run) -> None:
    said = fairlead("targets", "add", "db", "-e", "Test", "--ssh", "deploy@db.example.com")
    assert "ssh-ed25519 " in said.err and "authorized_keys" in said.err
    shown = fairlead("-o", "json", "targets", "show", "db").data
    assert shown["ssh"]["public_key"] in said.err.replace("\n", "")
    assert "PRIVATE" not in fairlead("-o", "json", "targets", "show", "db").out


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [("a@b", "b", 22), ("a@b:2222", "b", 2222), ("a@[::1]:7", "::1", 7), ("a@[::1]", "::1", 22)],
)
def test_an_address_is_read(text: str, host: str, port: int) -> None:
    assert address_of(text) == {"user": "a", "host": host, "port": port}


@pytest.mark.parametrize("text", ["b", "@b", "a@", "a@b:x", ""])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        address_of(text)


@pytest.mark.parametrize("text", ["hello", "ssh-ed25519 AAAAC3Nza ann@here", "PuTTY-User-Key-File-3: ssh-ed25519"])
def test_what_is_no_private_key_is_refused(fairlead: Run, text: str) -> None:
    Path("key").write_text(text)
    said = fairlead("targets", "add", "far", "-e", "Test", "--ssh", "ann@host.test", "--key", "key")
    assert said.code == 2 and "this is not a private key" in said.err and "ssh-keygen" in said.err, said
    assert fairlead("targets", "add", "far", "-e", "Test", "--ssh", "ann@host.test").code == 0
    said = fairlead("targets", "set", "far", "--ssh", "ann@host.test", "--key", "key")
    assert said.code == 2 and "this is not a private key" in said.err, said
