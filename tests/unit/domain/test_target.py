"""Targets: names, tags, addresses, and which of them a step runs on."""

from datetime import UTC, datetime
from typing import Any

import pytest

from fairlead.domain.errors import Invalid
from fairlead.domain.ids import EnvironmentId, SecretVersionId, TargetId
from fairlead.domain.project import Tenancy
from fairlead.domain.target import (
    MOST_TAGS,
    SshAccess,
    Target,
    TargetKind,
    checked,
    chosen,
    kept_out,
    tags_of,
    target_name,
)

NOW = datetime(2026, 3, 2, tzinfo=UTC)
TEST, PRODUCTION = EnvironmentId("env-1"), EnvironmentId("env-2")
KEY = SecretVersionId("sec-1")


def target(name: str, *tags: str, places: tuple[EnvironmentId, ...] = (TEST,), **more: Any) -> Target:
    return Target(TargetId(name), name, TargetKind.LOCAL, NOW, places, tags, **more)


@pytest.mark.parametrize("name", ["Web01", "web-01.example.com", "Büro Süd", "東京 1", "a", "x" * 80])
def test_a_name_is_letters_of_any_script(name: str) -> None:
    assert target_name(name) == name


@pytest.mark.parametrize(
    "name", ["", " web", "web ", "a  b", "a[1]", "#{x}", "a\nb", "-web", "a/b", "x" * 81, "a\u200bb", "a\x00b"]
)
def test_what_could_be_read_as_something_else_is_no_name(name: str) -> None:
    with pytest.raises(Invalid) as refused:
        target_name(name)
    assert refused.value.code == "input.name"


def test_tags_that_differ_by_case_are_one() -> None:
    assert tags_of(["web", "Web", "Zone/EU", "c++"]) == ("web", "Zone/EU", "c++")
    with pytest.raises(Invalid):
        tags_of(["a,b"])
    with pytest.raises(Invalid):
        tags_of(f"t{number}" for number in range(MOST_TAGS + 1))


def test_a_step_runs_on_those_of_its_environment_and_tags_by_name() -> None:
    known = [
        target("web2", "WEB"),
        target("Web1", "web", "db"),
        target("elsewhere", "web", places=(PRODUCTION,)),
        target("resting", "web", is_enabled=False),
        target("other", "queue"),
    ]
    assert [one.name for one in chosen(known, TEST, ["Web", "unknown"], tenant=None)] == ["Web1", "web2"]
    assert chosen(known, TEST, [], tenant=None) == ()


@pytest.mark.parametrize("host", ["example.com", "10.0.0.7", "::1", "fe80::1", "localhost"])
def test_a_host_is_a_name_or_an_address(host: str) -> None:
    assert checked(SshAccess(host, "deploy", KEY)).host == host


@pytest.mark.parametrize(
    "access",
    [
        SshAccess("-oProxyCommand=x", "deploy", KEY),
        SshAccess("a b", "deploy", KEY),
        SshAccess("example.com", "-l", KEY),
        SshAccess("example.com", "a;b", KEY),
        SshAccess("example.com", "deploy", KEY, port=0),
        SshAccess("example.com", "deploy", KEY, port=70000),
        SshAccess("example.com", "deploy", KEY, host_key="nonsense"),
        SshAccess("example.com", "deploy", KEY, host_key="ssh-ed25519 AAAA\nfoo"),
    ],
)
def test_what_cannot_be_an_access_is_refused(access: SshAccess) -> None:
    with pytest.raises(Invalid):
        checked(access)


def test_an_address_is_shown_as_people_write_it() -> None:
    assert SshAccess("example.com", "deploy", KEY).address == "deploy@example.com"
    assert SshAccess("::1", "root", KEY, port=2222).address == "root@[::1]:2222"
    assert target("here").address == "this host"


def test_how_many_tenancy_keeps_out_is_said_of_those_that_would_fit_alone() -> None:
    known = [target(f"web{number}", "web", tenancy=Tenancy.TENANTED) for number in range(7)]
    known += [target("resting", "web", is_enabled=False, tenancy=Tenancy.TENANTED), target("db", "db")]
    assert kept_out(known, TEST, ["web"], tenant=None) == (
        "; tenancy excludes 7 (web0, web1, web2, web3, web4, …: for tenants only)"
    )
    assert kept_out(known, TEST, ["db"], tenant=None) == kept_out(known, TEST, ["queue"], tenant=None) == ""


def test_what_a_name_may_be_is_said_in_words_and_not_as_a_pattern() -> None:
    for refused in (
        lambda: target_name("web\a1"),
        lambda: tags_of(["a;b"]),
        lambda: checked(SshAccess("db.example.com", "no user", KEY)),
    ):
        with pytest.raises(Invalid) as said:
            refused()
        assert said.value.code == "input.name" and said.value.hint.endswith(" at most") and "[" not in said.value.hint
