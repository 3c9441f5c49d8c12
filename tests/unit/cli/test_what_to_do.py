"""A no of the command line says what to do: where to look, what to give instead of an answer, which name is empty."""

from __future__ import annotations

from collections.abc import Callable

import httpx2
import pytest
from tests.unit.cli.conftest import Said
from typer.main import get_command

from fairlead.cli import app, client
from fairlead.cli.app import build
from fairlead.cli.where_to_look import LISTS
from fairlead.domain.errors import CODES

Fairlead = Callable[..., Said]


@pytest.mark.parametrize(
    "command",
    [
        "projects show NAME",
        "lifecycles set NAME --phase a:b",
        "channels set NAME -p books",
        "freezes set NAME",
        "freezes remove NAME",
        "targets check NAME",
        "triggers why NAME -p books",
        "tenants values NAME",
        "step-templates show NAME",
        "library-sets remove NAME",
        "identity-providers show NAME",
        "release show NAME -p books",
    ],
)
def test_an_empty_name_is_refused_as_such_and_asks_nobody(fairlead: Fairlead, command: str) -> None:
    for name in ("", "  "):
        said = fairlead(*(name if word == "NAME" else word for word in command.split()))
        assert (said.code, said.out) == (2, ""), said
        assert "the name is empty" in said.err and len(said.err.splitlines()) == 2


@pytest.mark.parametrize(
    ("command", "look"),
    [
        ("freezes add Fair --from 2026-12-01T00:00 --until 2026-12-05T00:00 --tenant Acme", "tenants list"),
        ("channels add Fixes --lifecycle Straight -p books", "lifecycles list"),
        ("deploy 1.4.0 --to Test -p books", "release list"),
        ("projects show nope", "projects list"),
        ("triggers set Nightly --from Nope --to Test -p books --cron @hourly", "environments list"),
    ],
)
def test_what_is_not_there_is_said_with_the_command_that_lists_what_is(
    fairlead: Fairlead, command: str, look: str
) -> None:
    fairlead("projects", "add", "books")
    said = fairlead(*command.split())
    assert said.code == 5 and said.err.splitlines()[1] == f"  → those that there are: fairlead {look}"


def test_each_of_these_commands_is_there_and_each_code() -> None:
    tree = get_command(build())
    for code, command in LISTS.items():
        group, name = command.split()
        assert code in CODES and name in tree.commands[group].commands, code  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("command", "instead"),
    [
        ("projects remove books", "--yes does it without asking"),
        ("variables set Password --secret -p books", "--from FILE, or - for standard input"),
        ("registries set registry.test --user ann", "--password-from FILE, or - for standard input"),
    ],
)
def test_where_nobody_can_be_asked_it_says_what_to_give_instead(
    fairlead: Fairlead, monkeypatch: pytest.MonkeyPatch, command: str, instead: str
) -> None:
    fairlead("projects", "add", "books")
    with open("/dev/null") as nobody:
        monkeypatch.setattr("sys.stdin", nobody)
        said = fairlead(*command.split())
    assert said.code == 2 and "no terminal to ask" in said.err and said.err.splitlines()[-1] == f"  → {instead}"


def test_a_project_that_is_not_there_is_not_asked_about(fairlead: Fairlead) -> None:
    said = fairlead("projects", "remove", "nope")
    assert said.code == 5 and "Remove" not in said.err


def test_a_server_that_sends_elsewhere_has_done_nothing(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    class Elsewhere(httpx2.BaseTransport):
        def handle_request(self, request: httpx2.Request) -> httpx2.Response:
            return httpx2.Response(301, headers={"location": str(request.url.copy_with(scheme="https"))})

    before = client.Client.__init__
    monkeypatch.setattr(client.Client, "__init__", lambda self, account: before(self, account, transport=Elsewhere()))
    monkeypatch.setenv("FAIRLEAD_URL", "http://deploy.test")
    monkeypatch.setenv("FAIRLEAD_API_KEY", "flk_any")
    for command in ("teams remove Shops", "projects list", "freezes set Fair --reason x", "tasks log tsk-1 --follow"):
        assert app.run(command.split()) == 1
        said = capfd.readouterr()
        assert (
            said.out == "" and "http://deploy.test does nothing itself, and sends to https://deploy.test/" in said.err
        )


def test_a_project_that_is_not_there_has_no_status(fairlead: Fairlead) -> None:
    fairlead("projects", "add", "books")
    assert fairlead("status", "-p", "nope").code == 5
    assert "books" in fairlead("status", "-p", "books").out


def test_a_list_that_was_narrowed_says_that_nothing_fits(fairlead: Fairlead) -> None:
    for command in ("deployments list --state scheduled", "tasks list --kind run", "events --kind run.failed"):
        assert " fits" in fairlead(*command.split()).err
    assert "no deployments yet" in fairlead("deployments", "list").err


def test_who_is_no_member_does_not_leave_a_team(fairlead: Fairlead) -> None:
    fairlead("teams", "add", "Shops", "--member", "admin")
    said = fairlead("teams", "leave", "Shops", "ann")
    assert said.code == 5 and "ann is no member of Shops" in said.err
    assert fairlead("teams", "leave", "Shops", "Admin").code == 0


def test_what_is_made_can_be_named_again(fairlead: Fairlead) -> None:
    fairlead("projects", "add", "books")
    window = "--from 2026-12-01T00:00 --until 2026-12-05T00:00"
    for command in (
        f"freezes add NAME {window}",
        "channels add NAME -p books",
        "groups add NAME",
        "lifecycles add NAME",
        "subscriptions add NAME --to https://siem.test/in",
        "teams add NAME",
        "tenants set NAME",
        "triggers set NAME --kind push -p books",
    ):
        for name in ("..", "a/b"):
            said = fairlead(*(name if word == "NAME" else word for word in command.split()))
            assert said.code == 2 and "name" in said.err, (command, said)


@pytest.mark.parametrize("url", ["nonsense", "http://[::1", "http://127.0.0.1:99999", "https://", "http://a b"])
def test_what_is_no_address_of_a_server_is_said_to_be_none(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], url: str
) -> None:
    monkeypatch.setenv("FAIRLEAD_URL", url)
    monkeypatch.setenv("FAIRLEAD_API_KEY", "flk_any")
    assert app.run(["status"]) == 2
    assert "is not the address of a server" in capfd.readouterr().err


def test_a_key_that_opens_nothing_says_what_to_do(fairlead: Fairlead) -> None:
    said = fairlead("status", key="flk_wrong")
    assert said.code == 4 and "→ fairlead login" in said.err
