"""Lifecycles on the command line."""

from __future__ import annotations

from collections.abc import Callable

from tests.unit.cli.conftest import Said
from tests.unit.server.house import House


def test_a_lifecycle_from_its_making_to_its_end(house: House, fairlead: Callable[..., Said]) -> None:
    house.add_project("books")
    lines = ("--phase", "Test: Test; automatic", "--phase", "Live: Production; approval expires in 1 day; keep 30 days")
    made = fairlead("lifecycles", "add", "Fast", *lines, "--keep", "5")
    assert (made.code, "2 phases" in made.out) == (0, True), made
    data = fairlead("-o", "json", "lifecycles", "show", "Fast").data
    assert data["keep_releases"] == {"releases": 5, "days": None}
    assert data["phases"][1]["line"] == "Live: Production; approval expires in 1 day; keep 30 days"
    assert data["phases"][1]["approval_expires_s"] == 86_400
    assert fairlead("lifecycles", "use", "Fast", "-p", "books").code == 0
    shown = fairlead("lifecycles", "show", "-p", "books")
    assert "Live: Production; approval" in shown.out
    assert fairlead("lifecycles", "remove", "Fast").code == 1
    assert fairlead("lifecycles", "set", "Fast", "--name", "Quick", "--keep-files", "3").code == 0
    kept = fairlead("-o", "json", "lifecycles", "show", "Quick").data
    assert kept["phases"] == data["phases"] and kept["keep_releases"] == data["keep_releases"]
    assert fairlead("lifecycles", "set", "Quick", "--no-phases", "--description", "x").code == 0
    assert fairlead("-o", "json", "lifecycles", "show", "Quick").data["phases"] == []
    assert fairlead("lifecycles", "use", "Default", "-p", "books").code == 0
    assert fairlead("lifecycles", "remove", "Quick").code == 0
    wrong = fairlead("lifecycles", "add", "Odd", "--phase", "A: Test; maybe")
    assert (wrong.code, "maybe" in wrong.err) == (2, True)
    assert fairlead("lifecycles", "add", "Odd", "--keep", "x").code == 2


def test_whether_an_environment_asks_is_set_and_shown(house: House, fairlead: Callable[..., Said]) -> None:
    added = fairlead("environments", "add", "Archive")
    assert "asks for approval" in added.out
    assert fairlead("environments", "set", "Archive", "--no-approval").code == 0
    assert fairlead("environments", "set", "Production", "--approval-expires", "36h").code == 0
    assert "36 hours" in fairlead("environments", "list").out
    wrong = fairlead("environments", "set", "Production", "--approval-expires", "soon")
    assert (wrong.code, "--approval-expires" in wrong.err) == (2, True)
    rows = fairlead("-o", "json", "environments", "list").data
    assert [row["approval_expires_s"] for row in rows] == [0, 129_600, 0]
    assert fairlead("environments", "set", "Production", "--approval-expires", "0").code == 0
    assert fairlead("-o", "json", "environments", "list").data[1]["approval_expires_s"] == 0
    assert [(row["name"], row["asks_approval"]) for row in rows][-1] == ("Archive", False)
