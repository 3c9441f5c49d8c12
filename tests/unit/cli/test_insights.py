"""Insights on the command line."""

from __future__ import annotations

from collections.abc import Callable

from tests.unit.cli.conftest import Said
from tests.unit.server.house import ADMINISTRATOR, House

from fairlead.usecases import variables


def test_figures_as_a_table_and_as_json(house: House, fairlead: Callable[..., Said]) -> None:
    house.add_project("books")
    assert "nothing was completed in the last 30 days" in fairlead("insights", "books").err
    variables.put(house.context, ADMINISTRATOR, "books", "Db.Host", "db")
    house.add_release("books", "1.0.0")
    house.go_live("books", "1.0.0", "Test")
    shown = fairlead("insights", "books", "--days", "7").out
    assert "FAILURE RATE" in shown and "Test" in shown and "0%" in shown and "all" not in shown
    assert fairlead("-o", "json", "insights", "books", "-e", "Test").data["successes"] == 1
    assert fairlead("insights", "books", "--days", "0").code == 2
    assert fairlead("insights", "nothing").code == 5
