"""`fairlead variables` and `fairlead library-sets`: scopes, types, prompts, and what holds at a place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.cli.conftest import Said
from tests.unit.server.house import House

Run = Callable[..., Said]
OF = ("-p", "books")


@pytest.fixture(autouse=True)
def books(house: House) -> House:
    house.add_project("books")
    return house


def test_a_scope_is_given_by_options_and_shown(fairlead: Run) -> None:
    assert fairlead("variables", "set", "A=1", "-e", "Test", "--channel", "Default", *OF).code == 0
    assert fairlead("variables", "set", "A=2", "--process", "deployment", *OF).code == 0
    listed = fairlead("variables", "list", *OF).out
    assert "Test; channel Default" in listed and "process deployment" in listed
    assert fairlead("variables", "unset", "A", "-e", "Test", *OF).code == 5
    assert fairlead("variables", "unset", "A", "-e", "Test", "--channel", "Default", *OF).code == 0
    assert [one["value"] for one in fairlead("-o", "json", "variables", "list", *OF).data] == ["2"]
    said = fairlead("variables", "set", "A=1", "--target-tag", "nowhere", *OF)
    assert said.code == 2 and "variable.scope" in said.err


def test_a_name_may_be_a_path_into_a_file(fairlead: Run) -> None:
    name = "/shop/book[@id='1']/title"
    assert fairlead("variables", "set", name, "--value", "Emma", *OF).code == 0
    assert fairlead("-o", "json", "variables", "list", *OF).data[0]["name"] == name
    assert fairlead("variables", "unset", name, *OF).code == 0


def test_library_sets_are_made_included_and_removed(fairlead: Run) -> None:
    assert fairlead("library-sets", "add", "Mail", "--description", "where letters go").code == 0
    assert fairlead("variables", "set", "Mail.Host=mail.test", "-l", "Mail").code == 0
    assert fairlead("library-sets", "include", "Mail", *OF).code == 0
    assert "books" in fairlead("library-sets", "list").out
    assert fairlead("library-sets", "remove", "Mail").code == 1
    assert "mail.test" in fairlead("variables", "preview", *OF).out
    assert fairlead("library-sets", "set", "Mail", "--name", "Letters").code == 0
    assert fairlead("library-sets", "exclude", "Letters", *OF).code == 0
    assert fairlead("library-sets", "remove", "Letters").code == 0
    assert fairlead("variables", "list", "-l", "Letters").code == 5


def test_an_account_is_given_by_its_parts(fairlead: Run, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("-----KEY-----\n")
    parts = ("--part", "Username=robot", "--part", f"PrivateKey=@{tmp_path / 'key'}")
    assert fairlead("variables", "set", "Deployer", "--type", "ssh-key", *parts, *OF).code == 0
    listed = fairlead("-o", "json", "variables", "list", *OF)
    assert "-----KEY" not in listed.out
    assert listed.data[0]["parts"] == [
        {"name": "Username", "value": "robot", "secret": False},
        {"name": "PrivateKey", "value": "", "secret": True},
    ]
    assert fairlead("variables", "set", "Deployer", "--type", "token", "--part", "Nothing=x", *OF).code == 2


def test_a_preview_says_why_the_others_lost(fairlead: Run) -> None:
    fairlead("variables", "set", "A=everywhere", *OF)
    fairlead("variables", "set", "A=#{Octopus.Project.Name}", "-e", "Test", *OF)
    fairlead("variables", "set", "P=hunter2", "--secret", *OF)
    said = fairlead("variables", "preview", "-e", "Test", "--why", *OF).out
    assert "books" in said and "not everywhere" in said and "its scope names the environment" in said
    assert "hunter2" not in said
    found = fairlead("-o", "json", "variables", "preview", "-e", "Production", "--search", "a", *OF).data
    assert [(one["name"], one["evaluated"]) for one in found["items"]] == [("A", "everywhere")]
    told = fairlead("why", "value", "A", "-e", "Test", "--channel", "Default", *OF)
    assert told.code == 0 and "Test" in told.out


def test_a_deployment_is_given_what_it_asks_for(house: House, fairlead: Run) -> None:
    ask = ("--prompt", "Why: now", "--required")
    assert fairlead("variables", "set", "Reason", *ask, *OF).code == 0
    mode = ("--prompt", "Mode", "--option", "fast", "--option", "safe")
    assert fairlead("variables", "set", "Mode=safe", *mode, *OF).code == 0
    assert fairlead("variables", "set", "Db.Host=db", *OF).code == 0
    house.add_release("books", "1.0.0")
    deploy = ("deploy", "1.0.0", "--to", "Test", *OF)
    said = fairlead(*deploy)
    assert said.code == 2 and "prompt.required" in said.err and "Why: now" in said.err
    assert fairlead(*deploy, "--variable", "Nothing:x").code == 2
    assert fairlead(*deploy, "--variable", "no value").code == 2
    made = fairlead("-o", "json", *deploy, "--variable", "why: NOW:BOOK-7: again", "--variable", "mode:fast")
    assert made.code == 0, made
    asked = fairlead("-o", "json", "deployments", "show", made.data["id"]).data["prompted"]
    assert [(one["label"], one["value"]) for one in asked] == [("Mode", "fast"), ("Why: now", "BOOK-7: again")]
