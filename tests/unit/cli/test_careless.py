"""What a hurried person types: an empty variable of the shell, a number that is none, a name that leads elsewhere."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.cli.conftest import Said
from tests.unit.server.house import House
from typer.main import get_command

from fairlead.cli.app import build
from fairlead.cli.given_values import MAKERS
from fairlead.domain.project import Project
from fairlead.domain.task import TaskState
from fairlead.ports.tasks import End

Fairlead = Callable[..., Said]


@pytest.fixture
def books(house: House) -> Project:
    return house.add_project("books")


@pytest.mark.parametrize(
    "name", ["../projects/books", "..", ".", "", "a/b", "library-sets/../../projects/books", "a\nb"]
)
def test_no_name_of_a_registry_leads_to_another_thing(books: Project, fairlead: Fairlead, name: str) -> None:
    Path("password").write_text("x")
    for verb in (("remove", name), ("set", name, "--user", "ann", "--password-from", "password")):
        said = fairlead("registries", *verb)
        assert said.code == 2 and "input.name" in said.err, said
    assert fairlead("projects", "show", "books").code == 0


@pytest.mark.parametrize(
    "command",
    [
        "approve ''",
        "reject ''",
        "deploy latest --to Test --plan '' -p books",
        "deploy latest --to Test --tenant '' -p books",
        "deploy latest --to Test -p ''",
        "exec web -e '' -p books -- true",
        "run web --tenant '' -e Test -p books -- true",
        "retire -e Production --tenant '' --yes -p books",
        "rollback -e Production --to '' -p books",
        "runbooks run Tidy -e Test --tenant '' -p books",
        "runbooks run Tidy -e Test --plan '' -p books",
        "step-templates move T --hash '' --yes",
        "--server '' status",
        "login ''",
    ],
)
def test_what_is_given_and_empty_is_not_as_if_it_were_left_out(
    books: Project, fairlead: Fairlead, command: str
) -> None:
    said = fairlead(*("" if word == "''" else word for word in command.split()))
    assert (said.code, said.out) == (2, "") and "it is empty" in said.err, said


@pytest.mark.parametrize(
    "command",
    [
        "deployments keep 1 -e Test -p books --for",
        "deploy latest --to Test -p books --keep-failed",
        "deploy latest --to Test -p books --wait --timeout",
        "exec web -e Test -p books --timeout",
        "projects add papers --poll",
        "projects set books --poll",
    ],
)
def test_a_number_that_is_none_is_refused_before_anything_is_asked(
    books: Project, fairlead: Fairlead, command: str
) -> None:
    for number in ("nan", "inf", "-1"):
        words = command.split()
        said = fairlead(*words, number, *(("--", "true") if words[0] == "exec" else ()))
        assert said.code == 2 and "is no number of seconds" in said.err, said


def test_a_nought_that_is_asked_for_is_asked_for(house: House, books: Project, fairlead: Fairlead) -> None:
    said = fairlead("deployments", "show", "0", "-e", "Test", "-p", "books")
    assert said.code == 2 and "number" in said.err, "not the only deployment that there is"


def test_a_line_break_in_a_name_is_said_to_be_none(books: Project, fairlead: Fairlead) -> None:
    said = fairlead("variables", "set", "a\nb=1", "-p", "books")
    assert said.code == 2 and "input.name" in said.err, said


def test_what_takes_the_place_of_other_things_than_files_is_refused(tmp_path: Path, fairlead: Fairlead) -> None:
    os.mkfifo(tmp_path / "Web.1.0.0.zip")
    said = fairlead("packages", "push", "Web.1.0.0.zip")
    assert said.code == 2 and "is no file" in said.err, said


def test_a_number_beyond_all_is_no_bug(fairlead: Fairlead) -> None:
    for verb in ("show", "users", "remove"):
        said = fairlead("step-templates", verb, "T", "--to" if verb == "users" else "--version", "9" * 20)
        assert said.code == 2 and "less than or equal" in said.err, said
    Path("template.yml").write_text("kind: script\nproperties: {script: ls}\n")
    assert fairlead("step-templates", "set", "T", "template.yml").code == 0
    assert fairlead("step-templates", "move", "T", "--to", "9" * 20, "--plan").code in (2, 5)


def test_a_version_of_a_package_can_be_asked_for_again(fairlead: Fairlead) -> None:
    with zipfile.ZipFile("Web.1.0.0.zip", "w") as made:
        made.writestr("a", "b")
    said = fairlead("packages", "push", "Web.1.0.0.zip", "--id", "Web", "--version", "..")
    assert said.code == 2 and "package.name" in said.err, said
    both = fairlead("packages", "push", "Web.1.0.0.zip", "Web.2.0.0.zip")
    assert both.code == 2 and fairlead("-o", "json", "packages", "list").data == []
    assert "no package Web" in fairlead("packages", "list", "--id", "Web").err


def test_what_a_team_holds_already_is_said_to_be_so(books: Project, fairlead: Fairlead) -> None:
    assert fairlead("teams", "add", "Ops").code == 0
    give = ("teams", "give", "Ops", "viewer", "-p", "books", "-e", "Test")
    assert "changed" in fairlead(*give).out
    said = fairlead(*give)
    assert (said.code, said.out.strip()) == (0, "team Ops is so already: nothing is changed"), said
    assert len(fairlead("-o", "json", "teams", "show", "Ops").data["roles"]) == 1


def test_a_key_is_for_something(fairlead: Fairlead) -> None:
    assert fairlead("service-accounts", "add", "robot").code == 0
    for command in (("keys", "add"), ("service-accounts", "key", "robot")):
        for name in ("  ", "a\nb"):
            said = fairlead(*command, name)
            assert said.code == 2 and "say what the key is for" in said.err, said
    assert [one["name"] for one in fairlead("-o", "json", "keys", "list").data] == ["given at the start"]


SETS_SOMETHING = {"certificates", "process", "registries", "step-templates", "variables"}
"""What they set cannot be left out."""


def test_a_change_of_nothing_is_none(fairlead: Fairlead) -> None:
    """By whatever group, and before anything is asked of the server."""
    known = get_command(build()).commands.items()  # type: ignore[attr-defined]
    groups = {name for name, one in known if "set" in getattr(one, "commands", {})} - SETS_SOMETHING
    assert len(groups) == 17, groups
    for group in sorted(groups - MAKERS):
        said = fairlead(group, "set", "nobody")
        assert said.code == 2 and "say what to change (input.invalid)\n  → --" in said.err, (group, said)


def test_what_is_made_by_its_name_alone_is_not_changed_by_it(books: Project, fairlead: Fairlead) -> None:
    makers = ("tenants set Acme", "runbooks set Tidy -p books", "tenants set-template City -p books")
    for command in (one.split() for one in makers):
        assert fairlead(*command).code == 0
        said = fairlead(*command)
        assert said.code == 0 and "it is there already, and nothing of it was changed" in said.out, said
        more = "--help-text" if "City" in command else "--description"
        assert fairlead(*command, more, "").code == fairlead(*command, "--anew").code == 0
    trigger = ("triggers", "set", "nightly", "-p", "books")
    assert "there already" not in fairlead(*trigger).out
    assert fairlead(*trigger, "--cron", "0 6 * * *", "--to", "Test").code == 0
    assert "there already" in fairlead(*trigger).out


@pytest.mark.parametrize("command", ["tasks list", "tenants missing", "approvals list", "approve"])
def test_what_is_listed_of_no_project_is_an_error(books: Project, fairlead: Fairlead, command: str) -> None:
    said = fairlead(*command.split(), "-p", "nope")
    assert (said.code, said.out) == (5, "") and "project.unknown" in said.err, said
    assert "project.unknown" not in fairlead(*command.split(), "-p", "books").err
    if command != "tasks list":
        said = fairlead(*command.split(), "-p", "books", "-e", "nope")
        assert said.code == 5 and "environment.unknown" in said.err, said


def test_an_error_names_what_is_not_there(books: Project, fairlead: Fairlead) -> None:
    fairlead("runbooks", "set", "Tidy", "-p", "books")
    said = fairlead("runbooks", "cancel", "Tidy", "99", "-p", "books")
    assert said.code == 5 and "there is no run of the runbook '99'" in said.err, said
    said = fairlead("tenants", "remove-tags", "Region")
    assert said.code == 5 and "there is no set of tags 'Region'" in said.err, said


def test_what_no_refusal_names_is_not_allowed_and_nothing_is_twice(books: Project, fairlead: Fairlead) -> None:
    said = fairlead("policy", "allow", "privilegd", "-p", "books")
    assert said.code == 2 and "'privilegd' is not the key of a harm" in said.err and "privileged, " in said.err, said
    assert (
        "pid:host allowed for books in Test" in fairlead("policy", "allow", "pid:host", "-p", "books", "-e", "Test").out
    )
    again = fairlead("policy", "allow", "pid:host", "-p", "books", "-e", "Test")
    assert (again.code, again.out.strip()) == (0, "pid:host is allowed already for books in Test")
    for note, kept in (("a", "a"), ("b", "b"), ("", "b")):
        fairlead("policy", "allow", "pid:host", "-p", "books", "-e", "Test", "-m", note)
        listed = fairlead("-o", "json", "policy", "list").data
        assert [one["note"] for one in listed if one["key"] == "pid:host"] == [kept]


@pytest.mark.parametrize(
    "command", ["export ''", "schema ''", "init ''", "apply '' --plan", "packages download A 1.0 --to ''"]
)
def test_an_empty_path_is_not_the_folder_that_one_stands_in(tmp_path: Path, fairlead: Fairlead, command: str) -> None:
    before = sorted(tmp_path.rglob("*"))
    said = fairlead(*("" if word == "''" else word for word in command.split()))
    assert (said.code, said.out) == (2, "") and "it is empty" in said.err, said
    assert sorted(tmp_path.rglob("*")) == before
    assert fairlead("schema", ".").code == 0


@pytest.mark.parametrize(("has_begun", "word"), [(False, "refused, and nothing was begun"), (True, "failed")])
def test_what_was_not_begun_did_not_fail(house: House, fairlead: Fairlead, has_begun: bool, word: str) -> None:
    house.add_project("shop")
    fairlead("variables", "set", "Db.Host=db", "-p", "shop")
    house.add_release("shop", "1.0.0")
    task = house.begin("shop", "1.0.0", "Test")
    house.end(task, End(TaskState.FAILED, "image.unknown", "the image is gone", has_begun=has_begun))
    said = fairlead("tasks", "log", task, "--follow")
    assert said.code == 1 and f": {word}: the image is gone" in said.err, said
    told = fairlead("-o", "json", "tasks", "log", task, "--follow").data
    assert told["outcome"] == ("failed" if has_begun else "refused")


def test_a_deployments_id_in_a_tasks_place_leads_to_the_deployment(books: Project, fairlead: Fairlead) -> None:
    for command in (("tasks", "show"), ("tasks", "log"), ("cancel",)):
        said = fairlead(*command, "dep-123")
        assert said.code == 5 and "fairlead deployments show dep-123" in said.err, said
    assert "fairlead tasks list" in fairlead("tasks", "show", "tsk-123").err
