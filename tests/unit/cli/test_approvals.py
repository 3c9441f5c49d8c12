"""Approvals at the command line: which is meant."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.unit.cli.conftest import Said
from tests.unit.server.house import ADMINISTRATOR, House

from fairlead.usecases import variables

Fairlead = Callable[..., Said]


@pytest.fixture
def waiting(house: House, fairlead: Fairlead) -> str:
    """Of books in Production; papers is another project."""
    for name in ("books", "papers"):
        house.add_project(name)
    variables.put(house.context, ADMINISTRATOR, "books", "Db.Host", "db")
    house.add_release("books", "1.0.0")
    house.go_live("books", "1.0.0", "Test")
    [one] = fairlead("-o", "json", "approvals", "list").data
    return str(one["id"])


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_one_of_another_place_than_was_said_is_not_answered(waiting: str, fairlead: Fairlead, verb: str) -> None:
    for place in (("-p", "papers"), ("-e", "Test")):
        said = fairlead(verb, waiting, *place)
        assert said.code == 5 and "is about books 1.0.0 to Production" in said.err, said
    assert len(fairlead("-o", "json", "approvals", "list").data) == 1
    assert fairlead(verb, waiting, "-p", "books", "-e", "production").code == 0
