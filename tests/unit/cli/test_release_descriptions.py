"""The next version, copies, changes, settings and build information by the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tests.unit.cli.conftest import Said
from tests.unit.server.house import House

Run = Callable[..., Said]


def test_the_next_version_is_shown_and_its_template_changed(house: House, fairlead: Run) -> None:
    house.add_project("books")
    assert fairlead("release", "next-version", "-p", "books").out.strip() == "1.0.0"
    Path("notes.md").write_text("Release #{Octopus.Release.Number} 🌍")
    changed = fairlead(
        *("-o", "json", "release", "settings", "-p", "books"),
        *("--version-template", "2.#{Octopus.Version.NextMinor}.0", "--notes-template", "notes.md", "--no-lock"),
    ).data
    assert (changed["locks_variables"], changed["notes_template"]) == (False, "Release #{Octopus.Release.Number} 🌍")
    assert fairlead("-o", "json", "release", "next-version", "-p", "books").data == {
        "version": "2.1.0",
        "channel": "Default",
    }
    wrong = fairlead("release", "settings", "-p", "books", "--version-template", "soon")
    assert (wrong.code, "version mask" in wrong.err) == (2, True)


def test_a_release_is_copied_and_says_what_it_brings(house: House, fairlead: Run) -> None:
    house.add_project("books")
    house.add_release("books", "1.0.0")
    made = fairlead(
        "-o", "json", "release", "copy", "1.0.0", "--version", "1.0.1", "--notes", "again", "-p", "books"
    ).data
    assert (made["version"], made["notes"]) == ("1.0.1", "again")
    assert fairlead("release", "copy", "1.0.0", "--version", "1.0.1", "-p", "books").code == 1
    brought = fairlead("release", "changes", "latest", "--to", "Test", "-p", "books")
    assert "**Release 1.0.1**" in brought.out and "again" in brought.out


def test_a_package_is_named_in_mavens_way_too(house: House, fairlead: Run) -> None:
    house.add_project("books")
    house.add_release("books", "1.0.0")
    copy = ("-o", "json", "release", "copy", "1.0.0", "-p", "books")
    given = ("--package", "com.example:web:2.1.0", "--package", "a:b=3.0", "--package", "tools=1.2")
    packages = fairlead(*copy, "--version", "1.0.1", *given).data["packages"]
    assert packages.items() >= {"com.example:web": "2.1.0", "a:b": "3.0", "tools": "1.2"}.items()
    for wrong in ("com.example:web", "com.example:web:1.0:jar", ":web:1.0", "web"):
        assert fairlead(*copy, "--version", "1.0.2", "--package", wrong).code == 2, wrong


def test_build_information_is_pushed_as_octopus_has_it_or_as_the_api(house: House, fairlead: Run) -> None:
    octopus = {
        "BuildEnvironment": "TeamCity",
        "BuildNumber": "7",
        "Branch": "main",
        "VcsType": "Git",
        "VcsRoot": "https://git.test/books",
        "VcsCommitNumber": "c0ffee",
        "Commits": [{"Id": "c0ffee", "Comment": "Fix #3"}],
    }
    Path("octopus.json").write_text(json.dumps(octopus))
    Path("ours.json").write_text(json.dumps({"branch": "next", "commits": [{"id": "1"}]}))
    push = ("build-information", "push", "--package", "team/web")
    assert fairlead(*push, "--version", "1.0", "--file", "octopus.json").code == 0
    assert fairlead(*push, "--package", "api", "--version", "2.0", "--file", "ours.json").code == 0
    again = fairlead(*push, "--version", "1.0", "--file", "ours.json")
    assert (again.code, "build_information.exists" in again.err) == (1, True)
    assert fairlead(*push, "--version", "1.0", "--file", "ours.json", "--on-existing", "ignore").code == 0
    shown = fairlead("-o", "json", "build-information", "show", "api", "2.0").data
    assert shown["branch"] == "next"
    assert len(fairlead("-o", "json", "build-information", "list").data) == 3
    [first] = fairlead("-o", "json", "build-information", "list", "--package", "api").data
    assert first["version"] == "2.0"
    assert fairlead("build-information", "remove", "api", "2.0").code == 0
    assert fairlead("build-information", "show", "api", "2.0").code == 5
    Path("broken.json").write_text("[")
    assert fairlead(*push, "--version", "3", "--file", "broken.json").code == 2
