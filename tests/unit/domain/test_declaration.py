"""Comparing what is wanted with what is held: every change, in an order that can be done."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fairlead.domain.declaration import (
    DeclaredKey,
    arranged,
    compare,
    environment_variable,
    placeholders,
    with_placeholders,
)

NAMES = st.lists(st.sampled_from("abcdefg"), unique=True)


def key(noun: str, name: str = "", project: str = "") -> DeclaredKey:
    return DeclaredKey(noun, project, name)


def test_what_others_refer_to_comes_first_and_goes_last() -> None:
    wanted = {key("variable", "v"): {"a": 1}, key("environment", "e"): {}}
    held = {key("environment", "old"): {}, key("variable", "old"): {}, key("variable", "stays"): {}}
    found = compare(wanted, held, order=("environment", "variable"), may_remove=lambda one: one.name == "old")
    told = [f"{change.act} {change.key}" for change in found.changes]
    assert told == ["add environment e", "add variable v", "remove variable old", "remove environment old"]


def test_a_change_tells_each_field_that_differs() -> None:
    found = compare(
        {key("x"): {"same": 1, "new": 2, "other": 3}},
        {key("x"): {"same": 1, "other": 4, "gone": 5}},
        order=("x",),
        may_remove=lambda _: False,
    )
    (change,) = found.changes
    assert [(one.field, one.old, one.new) for one in change.fields] == [
        ("other", 4, 3),
        ("gone", 5, None),
        ("new", None, 2),
    ]


def test_the_hash_stands_for_the_changes_and_the_state_that_they_change() -> None:
    def hashed(old: int, new: int) -> str:
        return compare({key("x"): {"a": new}}, {key("x"): {"a": old}}, order=("x",), may_remove=lambda _: False).hash

    assert hashed(1, 2) == hashed(1, 2)
    assert len({hashed(1, 2), hashed(1, 3), hashed(3, 2), hashed(1, 1)}) == 4


@given(NAMES, NAMES)
def test_an_order_keeps_what_it_was_not_asked_about_and_has_the_rest_as_wanted(
    held: list[str], wanted: list[str]
) -> None:
    found = arranged(held, wanted)
    assert sorted(found) == sorted({*held, *wanted})
    assert [name for name in found if name in wanted] == wanted
    others = [name for name in held if name not in wanted]
    assert [name for name in found if name in others] == others
    assert arranged(found, wanted) == found


def test_placeholders_are_found_wherever_they_stand_and_are_equal_whatever_their_name() -> None:
    data = {"a": {"secret": "x"}, "b": [{"c": {"secret": "y"}}], "secret": "no", "d": {"secret": "e", "f": 1}}
    assert list(placeholders(data)) == [(("a",), "x"), (("b", 0, "c"), "y")]
    assert with_placeholders(data, {}) == with_placeholders({**data, "a": {"secret": "z"}}, {})
    assert with_placeholders(data, {"x": {"secret": "new"}}) != with_placeholders(data, {})
    assert environment_variable("books/Db.Password@x=ä") == "FAIRLEAD_SECRET_BOOKS_DB_PASSWORD_X__"
