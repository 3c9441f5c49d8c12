"""A command that changes keeps what it was not told to change, whatever the noun."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.cli.conftest import Said
from tests.unit.server.house import House

Fairlead = Callable[..., Said]
OF = ("-p", "books")
STEPS = "steps:\n  - name: Look\n    actions:\n      - {name: Look, kind: script, properties: {script: ls}}\n"


@pytest.fixture(autouse=True)
def books(house: House, fairlead: Fairlead) -> None:
    house.add_project("books")
    Path("look.yml").write_text(STEPS)


def test_a_runbook_stays_where_it_may_run(fairlead: Fairlead) -> None:
    place = ("-e", "Test", "--keep", "7", "--tenancy", "untenanted", "--description", "looks")
    assert fairlead("runbooks", "set", "Look", "--process", "look.yml", *place, *OF).code == 0
    for change in (("--description", "looks on"), ("--keep", "8"), ("--process", "look.yml")):
        assert fairlead("runbooks", "set", "Look", *change, *OF).code == 0
    held = fairlead("-o", "json", "runbooks", "show", "Look", *OF).data
    kept = {key: held[key] for key in ("environments", "kept_runs", "tenancy", "description", "in_lifecycle")}
    assert kept == {
        "environments": ["Test"],
        "kept_runs": 8,
        "tenancy": "untenanted",
        "description": "looks on",
        "in_lifecycle": False,
    }
    assert held["steps"] == ["Look"]
    for option, places, in_lifecycle in (("--in-lifecycle", [], True), ("--everywhere", [], False)):
        told = fairlead("-o", "json", "runbooks", "set", "Look", option, *OF).data
        assert (told["environments"], told["in_lifecycle"]) == (places, in_lifecycle)
    assert fairlead("runbooks", "set", "Look", "--everywhere", "-e", "Test", *OF).code == 2
    anew = fairlead("-o", "json", "runbooks", "set", "Look", "--anew", "-e", "Test", *OF).data
    assert (anew["kept_runs"], anew["tenancy"], anew["description"]) == (100, None, "")


def test_a_trigger_that_is_disabled_stays_so(fairlead: Fairlead) -> None:
    made = ("--cron", "0 2 * * *", "--to", "Test", "--zone", "Europe/Berlin", "--force", "--disable")
    assert fairlead("triggers", "set", "Nightly", *made, *OF).code == 0
    held = fairlead("-o", "json", "triggers", "set", "Nightly", "--cron", "0 3 * * *", *OF).data
    assert (held["cron"], held["zone"], held["destination"]) == ("0 3 * * *", "Europe/Berlin", "Test")
    assert (held["force"], held["is_enabled"]) == (True, False)
    other = fairlead("-o", "json", "triggers", "set", "Nightly", "--kind", "package", "--watch", "Web", *OF).data
    assert (other["kind"], other["cron"], other["is_enabled"], other["force"]) == ("package", "", False, False)
    assert fairlead("-o", "json", "triggers", "set", "Nightly", "--enable", *OF).data["watches"] == ["Web"]
    anew = fairlead("triggers", "set", "Nightly", "--anew", "--enable", *OF)
    assert anew.code == 2 and "where to" in anew.err


def test_a_tenant_keeps_tags_and_connections(fairlead: Fairlead) -> None:
    assert fairlead("tenants", "set-tags", "Region", "EU", "US", "--description", "where").code == 0
    assert fairlead("tenants", "set-tags", "Region", "EU", "US", "AP").code == 0
    assert fairlead("-o", "json", "tenants", "tag-sets").data[0]["description"] == "where"
    whole = ("--tag", "Region/EU", "--connect", "books=Test,Production", "--description", "who")
    assert fairlead("tenants", "set", "Acme", *whole).code == 0
    for change in (("--tag", "Region/US"), ("--description", "them")):
        held = fairlead("-o", "json", "tenants", "set", "acme", *change).data
        assert held["connections"] == {"books": ["Test", "Production"]}
    assert (held["name"], held["tags"], held["description"]) == ("Acme", ["Region/US"], "them")
    said = fairlead("tenants", "connect", "Acme", *OF)
    assert said.code == 2 and "--nowhere" in said.err
    assert fairlead("-o", "json", "tenants", "list").data[0]["connections"], "nothing was disconnected"
    assert fairlead("tenants", "connect", "Acme", "--nowhere", *OF).code == 0
    assert fairlead("-o", "json", "tenants", "set", "Acme", "--anew").data["tags"] == []


def test_what_tenants_are_asked_for_stays_a_secret(fairlead: Fairlead) -> None:
    def changed(name: str, *change: str) -> Any:
        assert fairlead("tenants", "set-template", name, *change, *OF).code == 0
        rows = fairlead("-o", "json", "tenants", "templates", *OF).data
        return next(row for row in rows if row["name"] == name)

    changed("Key", "--type", "secret", "--label", "The key")
    held = changed("Key", "--help-text", "of the shop")
    assert (held["type"], held["label"], held["help"]) == ("secret", "The key", "of the shop")
    changed("Size", "--type", "select", "--option", "S", "--option", "L", "--default", "S")
    held = changed("Size", "--label", "How large")
    assert (held["type"], held["options"], held["default"]) == ("select", ["S", "L"], "S")
    held = changed("Size", "--type", "text")
    assert (held["options"], held["default"], held["label"]) == ([], None, "How large")


def test_a_variable_stays_a_secret_and_asked_for(fairlead: Fairlead) -> None:
    def changed(*change: str) -> Any:
        said = fairlead("-o", "json", "variables", "set", *change, *OF)
        assert said.code == 0, said
        return said.data

    changed("Pw=hidden", "--secret", "--description", "of the shop", "-e", "Test")
    held = changed("pw=other", "-e", "test")
    assert (held["secret"], held["type"], held["description"]) == (True, "secret", "of the shop")
    assert "other" not in fairlead("-o", "json", "variables", "list", *OF).out
    assert changed("Pw=plain", "-e", "Production")["secret"] is False, "another scope is another variable"
    assert changed("Pw=plain", "--not-secret", "-e", "Test")["secret"] is False
    changed("Why=x", "--prompt", "Why", "--required")
    held = changed("Why=y")
    assert (held["value"], held["prompt"]["label"], held["prompt"]["required"]) == ("y", "Why", True)
    assert changed("Why", "--prompt", "What for")["value"] == "y"
    assert changed("Why=z", "--anew")["prompt"] is None
    assert changed("Why", "--value", "")["value"] == ""


def test_a_library_set_can_be_described_no_more(fairlead: Fairlead) -> None:
    fairlead("library-sets", "add", "Lib", "--description", "d")
    assert fairlead("-o", "json", "library-sets", "set", "Lib", "--description", "").data["description"] == ""
    assert fairlead("library-sets", "set", "Lib", "--name", "").code == 2


def test_an_empty_file_takes_no_process_away(fairlead: Fairlead) -> None:
    assert fairlead("process", "set", "look.yml", *OF).code == 0
    Path("empty.yml").write_text("\n")
    for command in (("process", "set", "empty.yml"), ("runbooks", "set", "Look", "--process", "empty.yml")):
        said = fairlead(*command, *OF)
        assert said.code == 2 and "holds nothing" in said.err, said
    assert "Look" in fairlead("process", "show", *OF).out


@pytest.mark.parametrize(
    "command",
    [
        "channels set Default --no-rules --rule [1,2) -p books",
        "lifecycles set Default --no-phases --phase a:Test",
        "federated-credentials set gh --claim a=1 --no-claims",
        "identity-providers set idp --no-teams --team g=t",
        "identity-providers set idp --public --client-secret-from look.yml",
        "subscriptions set S --no-secret --secret-from look.yml",
        "deployments mark-failed dep-1 --undo -m broke",
        "plan latest Test --to Production -p books",
        "plan latest Test --deployment dep-1 -p books",
        "targets add T -e Test --key look.yml",
        "step-templates remove T --version 0",
        "init . --name Bad",
    ],
)
def test_what_contradicts_itself_is_refused(fairlead: Fairlead, command: str) -> None:
    said = fairlead(*command.split())
    assert (said.code, said.out) == (2, ""), said
