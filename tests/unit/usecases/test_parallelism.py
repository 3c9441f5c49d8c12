"""How many images are pulled at once is as a variable says."""

from __future__ import annotations

import pytest
from tests.unit.usecases.house import ADMIN, House

from fairlead.domain.plan import InParallel, Plan, steps_of
from fairlead.store import environments, projects
from fairlead.usecases import planning, variables
from fairlead.usecases.going import Going

PULLS = "Octopus.Acquire.MaxParallelism"


def planned(house: House, version: str) -> Plan:
    with house.database.reading() as connection:
        owner, place = projects.by_name(connection, "books"), environments.by_name(connection, "Test")
        release = planning.release_named(connection, owner, version)
        return planning.intend(house.context, connection, Going(owner, place, release)).plan


def at_once(plan: Plan) -> int:
    [node] = [step.node for step in steps_of(plan.forward) if step.name == "acquire"]
    assert isinstance(node, InParallel)
    return node.limit


@pytest.mark.parametrize(("value", "held"), [("2", 2), ("#{Few}", 3), ("100000", 200), ("0", 1)])
def test_images_are_pulled_as_many_at_once_as_a_variable_says(books: House, value: str, held: int) -> None:
    variables.put(books.context, ADMIN, "books", "Few", "3")
    variables.put(books.context, ADMIN, "books", PULLS, value)
    books.add_release("1.0.0")
    assert at_once(planned(books, "1.0.0")) == held


def test_ten_without_one_and_where_it_is_no_number_which_is_warned_of(books: House) -> None:
    books.add_release("1.0.0")
    plain = planned(books, "1.0.0")
    assert (at_once(plain), [one for one in plain.warnings if PULLS in one]) == (10, [])
    variables.put(books.context, ADMIN, "books", PULLS, "many")
    books.add_release("1.1.0")
    found = planned(books, "1.1.0")
    assert at_once(found) == 10
    assert f"{PULLS} is no number, so 10 images and packages are acquired at once" in found.warnings
