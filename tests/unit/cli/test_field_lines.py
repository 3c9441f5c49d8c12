"""A field of a plan: short values on a line, long ones as YAML, changed ones as their changed lines."""

from __future__ import annotations

import json

from fairlead.cli.field_lines import field_lines


def shown(field: str, old: object, new: object) -> list[str]:
    told = field_lines(field, "" if old is None else json.dumps(old), "" if new is None else json.dumps(new))
    return [text for text, _ in told]


def test_a_short_value_stands_on_its_line() -> None:
    assert shown("name", None, "Staging") == ["name: Staging"]
    assert shown("window", 2, 3) == ["window: 2 → 3"]
    assert shown("tags", ["a"], ["a", "b c"]) == ['tags: ["a"] → ["a", "b c"]']
    assert shown("note", "x", None) == ["note: x → its default"]


def test_what_is_made_of_parts_is_shown_as_yaml() -> None:
    step = {"name": "Look", "script": "echo 1\necho 2\n"}
    assert shown("steps", None, [step]) == ["steps:", "  - name: Look", "    script: |", "      echo 1", "      echo 2"]


def test_of_a_changed_one_only_what_differs_is_shown_with_what_is_around_it() -> None:
    steps = [{"name": f"Step {number}", "window": 1} for number in range(9)]
    changed = [*steps[:4], {"name": "Step 4", "window": 2}, *steps[5:]]
    told = list(field_lines("steps", json.dumps(steps), json.dumps(changed)))
    assert [text.strip() for text, mark in told if mark in "+-"] == ["-  window: 1", "+  window: 2"]
    assert len(told) == 2 + 4 + 2, "the field, a mark, two lines on each side, and the two"


def test_a_text_of_several_lines_is_compared_by_line() -> None:
    told = list(field_lines("notes", json.dumps("a\nb\nc"), json.dumps("a\nB\nc")))
    assert [text for text, mark in told if mark in "+-"] == ["  -b", "  +B"]


def test_a_word_that_is_no_value_is_shown_as_it_is() -> None:
    assert list(field_lines("value", "", "another value")) == [("value: another value", " ")]


def test_a_short_list_that_became_a_long_one_is_shown_too() -> None:
    told = list(field_lines("steps", json.dumps(["a", "b"]), json.dumps([{"name": "a"}])))
    assert [text for text, mark in told if mark in "+-"] == ["  -[a, b]", "  +- name: a"]
