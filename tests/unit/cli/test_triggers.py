"""Triggers on the command line, and why they did not fire."""

from __future__ import annotations

from collections.abc import Callable

from tests.unit.cli.conftest import Said
from tests.unit.server.house import House


def test_a_trigger_is_set_looked_at_explained_and_removed(house: House, fairlead: Callable[..., Said]) -> None:
    house.add_project("books")
    of = ("-p", "books")
    made = fairlead("triggers", "set", "Nightly", "--cron", "0 0 2 ? * MON-FRI", "--to", "Test", *of)
    assert (made.code, "due next at" in made.out) == (0, True), made
    tried = fairlead("triggers", "evaluate", "Nightly", *of)
    assert (tried.code, "did not fire: there is no release" in tried.out) == (1, True), tried
    assert "there is no release" in fairlead("triggers", "list", *of).out
    assert "did not fire" in fairlead("why", "trigger", "Nightly", *of).out
    wrong = fairlead("triggers", "set", "Bad", "--cron", "0 0 2 1 * MON", "--to", "Test", *of)
    assert (wrong.code, "schedule.cron" in wrong.err) == (2, True)
    assert fairlead("triggers", "remove", "Nightly", *of).code == 0
