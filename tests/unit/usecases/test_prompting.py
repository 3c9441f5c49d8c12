"""Prompted variables: what a deployment asks for, which answers it takes, and that they belong to its intention."""

from __future__ import annotations

import asyncio

import pytest
from tests.unit.usecases.house import ADMIN, VIEWER, House
from tests.unit.usecases.test_foreseeing import outside_of

from fairlead.domain.deployment import DeploymentOutcome
from fairlead.domain.errors import Conflict, Invalid
from fairlead.domain.prompt import Control, Prompt
from fairlead.store import variables as rows
from fairlead.usecases import deployments, foreseeing, prompting, variables
from fairlead.usecases.variables import More

WHY = Prompt("Why now", "the ticket", is_required=True)


def ask(house: House, name: str, prompt: Prompt, value: str = "", *only_in: str) -> None:
    is_secret = prompt.control is Control.SENSITIVE
    variables.put(
        house.context, ADMIN, "books", name, value, is_secret=is_secret, only_in=only_in, more=More(prompt=prompt)
    )


def deploy(house: House, **prompted: str) -> deployments.DeploymentView:
    answers = {name.replace("_", " "): answer for name, answer in prompted.items()}
    return deployments.create(house.context, ADMIN, "books", "1.0.0", "Test", is_forced=True, prompted=answers)


def values(house: House, snapshot: str) -> dict[str, str]:
    with house.database.reading() as connection:
        found = rows.snapshot(connection, snapshot).variables
        return {one.name: house.context.reveal(connection, one.secret) if one.secret else one.value for one in found}


@pytest.fixture
def asking(books: House) -> House:
    """Its release asks for a reason, and offers a mode and a word."""
    ask(books, "Reason", WHY)
    ask(books, "Mode", Prompt("A mode", control=Control.SELECT, options=("fast", "safe")), "safe")
    ask(books, "Word", Prompt(control=Control.SENSITIVE))
    ask(books, "Only.There", Prompt("Elsewhere"), "", "Production")
    books.add_release("1.0.0")
    return books


def test_what_is_asked_for_comes_by_label(asking: House) -> None:
    found = prompting.of_release(asking.context, VIEWER, "books", "1.0.0", "Test")
    assert [(one.label, one.variable.value) for one in found] == [("A mode", "safe"), ("Why now", ""), ("Word", "")]
    there = prompting.of_release(asking.context, VIEWER, "books", "1.0.0", "Production")
    assert [one.label for one in there] == ["A mode", "Elsewhere", "Why now", "Word"]


def test_what_another_variable_surely_beats_is_not_asked_for(books: House) -> None:
    ask(books, "Reason", WHY)
    variables.put(books.context, ADMIN, "books", "Reason", "it is Test", only_in=["Test"])
    books.add_release("1.0.0")
    assert prompting.of_release(books.context, VIEWER, "books", "1.0.0", "Test") == ()
    assert len(prompting.of_release(books.context, VIEWER, "books", "1.0.0", "Production")) == 1


def test_answers_by_label_or_name_are_recorded_with_the_deployment(asking: House) -> None:
    made = deploy(asking, Why_now="BOOK-7", Word="hunter2")
    kept = values(asking, made.deployment.variables)
    assert (kept["Reason"], kept["Mode"], kept["Word"], kept["Db.Host"]) == ("BOOK-7", "safe", "hunter2", "db")
    seen = deployments.get(asking.context, VIEWER, made.deployment.id)
    told = [(one.label, one.variable.value, one.variable.is_secret) for one in seen.prompted]
    assert told == [("A mode", "safe", False), ("Why now", "BOOK-7", False), ("Word", "", True)]
    assert "hunter2" not in repr(seen)


def test_answers_are_part_of_the_intention(asking: House) -> None:
    one, same, other = deploy(asking, reason="a"), deploy(asking, reason="a"), deploy(asking, reason="b")
    assert one.deployment.plan_hash == same.deployment.plan_hash != other.deployment.plan_hash
    assert one.deployment.variables == same.deployment.variables


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({}, "prompt.required"),
        ({"Reason": "  "}, "prompt.required"),
        ({"Reason": "x", "Mode": "wild"}, "prompt.value"),
        ({"Reason": "two\nlines"}, "prompt.value"),
        ({"Reason": "x", "Nothing": "y"}, "prompt.unknown"),
        ({"Reason": "x", "Elsewhere": "y"}, "prompt.unknown"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused_and_nothing_is_asked(
    asking: House, answers: dict[str, str], code: str
) -> None:
    before = deployments.page(asking.context, VIEWER).items
    with pytest.raises(Invalid) as raised:
        deployments.create(asking.context, ADMIN, "books", "1.0.0", "Test", prompted=answers)
    assert raised.value.code == code
    assert deployments.page(asking.context, VIEWER).items == before


def test_a_deployment_that_would_begin_by_itself_is_shown_as_refused_where_an_answer_is_required(asking: House) -> None:
    (first,) = deployments.page(asking.context, VIEWER, environment="Test").items
    assert (first.deployment.outcome, first.deployment.code) == (DeploymentOutcome.REFUSED, "prompt.required")


def test_a_checkbox_takes_true_or_false(books: House) -> None:
    ask(books, "Careful", Prompt(control=Control.CHECKBOX), "False")
    books.add_release("1.0.0")
    assert values(books, deploy(books, careful="TRUE").deployment.variables)["Careful"] == "True"
    with pytest.raises(Invalid):
        deploy(books, careful="maybe")


def test_the_same_answers_again_change_nothing(asking: House) -> None:
    made = deploy(asking, reason="a")
    assert made.deployment.task is not None
    asking.go_live("1.0.0")
    with pytest.raises(Conflict) as raised:
        deployments.create(asking.context, ADMIN, "books", "1.0.0", "Test", prompted={"reason": "a"})
    assert raised.value.code == "deployment.nothing_to_do"
    assert deployments.create(asking.context, ADMIN, "books", "1.0.0", "Test", prompted={"reason": "b"})


def look(house: House, **prompted: str) -> foreseeing.Preview:
    answers = {name.replace("_", " "): answer for name, answer in prompted.items()}
    outside = outside_of(house)
    return asyncio.run(foreseeing.preview(house.context, VIEWER, outside, "books", "1.0.0", "Test", prompted=answers))


def test_a_plan_with_answers_has_the_hash_of_the_deployment_and_leaves_nothing(asking: House) -> None:
    before = asking.rows()
    shown = look(asking, Why_now="BOOK-7", Word="hunter2")
    assert asking.rows() == before
    assert "hunter2" not in repr(shown)
    made = deploy(asking, Why_now="BOOK-7", Word="hunter2")
    assert made.deployment.plan_hash == shown.plan.hash
    assert look(asking, Why_now="BOOK-7", Word="other").plan.hash != shown.plan.hash
    again = deploy(asking, Why_now="BOOK-7", Word="hunter2")
    assert again.deployment.variables == made.deployment.variables
    with pytest.raises(Invalid) as caught:
        look(asking, Mode="safe")
    assert caught.value.code == "prompt.required"
