"""Values go into JSON where they are named, and all else stays."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.domain.template.variables import Variables
from fairlead.formats.structured.json_text import replace_in_json
from fairlead.formats.structured.json_tree import read_json
from fairlead.formats.structured.result import Unreadable

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(_JSON, st.sampled_from([None, 2, "\t"]))
def test_without_a_match_nothing_changes(value: object, indent: int | str | None) -> None:
    content = json.dumps(value, indent=indent, ensure_ascii=False).encode("utf-8", "replace")
    assert replace_in_json(content, Variables({"Nobody:Here": "x"})).content == content


@given(_JSON)
def test_a_whole_object_becomes_the_json_of_its_variable(value: object) -> None:
    replaced = replace_in_json(b'{"a": {"b": 1}}', Variables({"a": json.dumps(value).replace("#", "\\u0023")}))
    assert json.loads(replaced.content) == {"a": value}


@given(st.text())
def test_whatever_the_text_it_is_read_or_refused(text: str) -> None:
    try:
        read_json(text)
    except Unreadable as unreadable:
        assert str(unreadable).startswith("line ")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("7", "7"),
        ("007", "7"),
        ("+5", "5"),
        (" 1.25 ", "1.25"),
        ("1.0e3", "1.0e3"),
        ("1,000", "1000.0"),
        ("99999999999999999999", "99999999999999999999"),
        ("1_000", '"1_000"'),
        ("NaN", '"NaN"'),
        ("", '""'),
        ("0x10", '"0x10"'),
    ],
)
def test_a_number_stays_one_where_the_value_is_one(value: str, written: str) -> None:
    assert replace_in_json(b'{"n": 1}', Variables({"n": value})).content.decode() == f'{{"n": {written}}}'


def test_the_last_of_two_places_of_one_name_is_meant() -> None:
    replaced = replace_in_json(b'{"a": {"b": 1}, "a:b": 2, "A:B": 3}', Variables({"a:b": "9"}))
    assert replaced.content == b'{"a": {"b": 1}, "a:b": 2, "A:B": 9}'


def test_a_value_that_needs_another_encoding_gets_it() -> None:
    replaced = replace_in_json('{"n": "café"}'.encode("cp1252"), Variables({"n": "Łódź"}))
    assert replaced.content.decode("utf-8") == '{"n": "Łódź"}'


def test_what_is_no_json_says_where() -> None:
    with pytest.raises(Unreadable, match="line 2, column 8: a comma"):
        read_json('{\n"a": 1 : 2}')
    with pytest.raises(Unreadable, match="more text"):
        read_json("{} x")
    with pytest.raises(Unreadable, match="deep"):
        read_json("[" * 1000)


def test_an_empty_file_is_an_empty_object() -> None:
    assert replace_in_json(b"", Variables({"a": "1"})).content == b"{}"
