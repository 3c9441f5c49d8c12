"""The dry run of retention on the command line."""

from __future__ import annotations

from collections.abc import Callable

from tests.unit.cli.conftest import Said
from tests.unit.server.house import ADMINISTRATOR, House
from tests.unit.usecases.house import push_package

from fairlead.usecases import variables


def test_a_dry_run_says_what_would_go_and_why_the_rest_stays(house: House, fairlead: Callable[..., Said]) -> None:
    house.add_project("books")
    variables.put(house.context, ADMINISTRATOR, "books", "Db.Host", "db")
    fairlead("lifecycles", "set", "Default", "--keep", "0")
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        house.add_release("books", version)
        house.go_live("books", version, "Test")
    rows = fairlead("-o", "json", "tasks", "retention", "--dry-run", "-p", "books").data
    assert [(row["version"], row["is_kept"]) for row in rows] == [("1.2.0", True), ("1.1.0", True), ("1.0.0", False)]
    assert rows[-1]["reason"] == "Test full"
    assert "Test full" in fairlead("tasks", "retention", "--dry-run").out


def test_a_dry_run_says_the_same_of_packages(house: House, fairlead: Callable[..., Said]) -> None:
    push_package(house.context, ADMINISTRATOR, "web.1.0.zip", b"PK\x03\x04")
    [row] = fairlead("-o", "json", "tasks", "retention", "--dry-run", "--packages").data
    assert (row["noun"], row["name"], row["is_kept"]) == ("package", "web", True)
    assert "for ever" in fairlead("tasks", "retention", "--dry-run", "--packages").out
