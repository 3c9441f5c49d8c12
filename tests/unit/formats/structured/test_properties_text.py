"""Values go into properties at their keys, escaped as Java reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.domain.template.variables import Variables
from fairlead.formats.structured.properties_text import replace_in_properties
from fairlead.formats.structured.result import Unreadable


@given(st.text(alphabet="ab#!=: \t\\\r\n", max_size=60))
def test_without_a_match_every_line_stays(text: str) -> None:
    assert replace_in_properties(text.encode(), Variables({"nobody": "x"})).content == text.encode()


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("key=old", "key"),
        ("  key : old", "key"),
        ("key old", "key"),
        ("k\\u0065y=old", "key"),
        ("a\\ b\\:c=old", "a b:c"),
        ("\\ud83d\\ude0e=old", "😎"),
        ("KEY=old\\\n   er", "key"),
    ],
)
def test_a_key_is_found_however_it_is_written(line: str, name: str) -> None:
    replaced = replace_in_properties(line.encode(), Variables({name: "new"}))
    assert replaced.content.decode().endswith("new")
    assert len(replaced.found) == 1


@pytest.mark.parametrize(
    ("value", "written"),
    [("  x", "\\  x"), ("a\r\nb", "a\\r\\nb"), ("\t\\", "\\t\\\\"), ("✓😎", "\\u2713\\ud83d\\ude0e"), ("é=:", "é=:")],
)
def test_a_value_is_escaped_where_it_has_to_be(value: str, written: str) -> None:
    assert replace_in_properties(b"k=", Variables({"k": value})).content.decode() == f"k={written}"


@pytest.mark.parametrize("value", [None, "#{Nobody | null}"])
def test_a_variable_without_a_value_empties_its_place(value: str | None) -> None:
    replaced = replace_in_properties(b"k=old", Variables({"K": value}))
    assert (replaced.content, replaced.found) == (b"k=", ("k",))


def test_every_name_of_octopus_is_left_alone() -> None:
    content = b"octopus.Release.Id=1\nOctopus:x=2\nOctopusy=3"
    replaced = replace_in_properties(content, Variables({"Octopus.Release.Id": "9", "Octopus:x": "9", "octopusy": "9"}))
    assert (replaced.content, replaced.found) == (content, ())


def test_an_escape_that_is_none_says_its_line() -> None:
    with pytest.raises(Unreadable, match="line 2"):
        replace_in_properties(b"a=1\nb=\\u12", Variables({}))
