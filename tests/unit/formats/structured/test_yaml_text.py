"""Values go into YAML where they are named; order, comments, anchors, tags and styles stay."""

import io
import json
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from fairlead.domain.template.variables import Variables
from fairlead.formats.structured.result import Unreadable
from fairlead.formats.structured.yaml_events import Scalar, read_events
from fairlead.formats.structured.yaml_text import replace_in_yaml

_TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=12)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=20,
)


def filled(text: str, **variables: str) -> str:
    named = {name.replace("__", ":"): value for name, value in variables.items()}
    return replace_in_yaml(text.encode(), Variables(named)).content.decode().replace("\r\n", "\n")


def loaded(text: str | bytes) -> Any:
    return list(YAML(typ="safe", pure=True).load_all(io.BytesIO(text) if isinstance(text, bytes) else text))


def is_readable(text: str) -> bool:
    try:
        return bool(loaded(text))
    except YAMLError:
        return False


@given(_VALUES, st.sampled_from([None, False, True]))
@example({"\n": None}, False)
@example({"\n": {"x": 1}}, None)
def test_without_a_match_it_says_what_it_said(value: object, is_flow: bool | None) -> None:
    written = io.StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = is_flow
    yaml.dump([value, {"last": value}], written)
    assume(is_readable(written.getvalue()))  # ruamel writes some keys that it does not read
    again = replace_in_yaml(written.getvalue().encode(), Variables({"nobody": "x"})).content
    assert loaded(again) == loaded(written.getvalue())
    assert replace_in_yaml(again, Variables({})).content == again


@given(_TEXT)
def test_a_value_in_double_quotes_comes_back_as_it_was_given(value: str) -> None:
    made = replace_in_yaml(b'key: "old"\nother: 1\n', Variables({"key": value.replace("#", "")})).content
    assert loaded(made) == [{"key": value.replace("#", ""), "other": 1}]


@given(_TEXT, st.sampled_from(["|", ">", "|+", ">-"]))
def test_a_block_of_text_gets_what_it_is_given(value: str, style: str) -> None:
    value = value.replace("#", "").replace("\r", "").replace("\x85", "")
    made = replace_in_yaml(f"key: {style}\n  old\nother: 1\n".encode(), Variables({"key": value})).content
    assert loaded(made) == [{"key": value, "other": 1}]


@given(
    st.text(alphabet="ab:-#[]{}&*!|>'\"%@`?, \n\r\t\x85\u2028é~", min_size=1, max_size=12),
    st.sampled_from(["k: old\n", "k: 'old'\n", "{k: old}\n", "k: |\n  old\n", "k: >\n  old\n"]),
)
@example("\n\n`a\x85#", "k: old\n")
@example("a\n\r\n", "k: 'old'\n")
@example("#\t\n\n-", "k: 'old'\n")
@example("b\t-[", "k: old\n")
@example("-\u2028:", "k: >\n  old\n")
def test_a_value_comes_back_as_it_was_given_whatever_the_style(value: str, text: str) -> None:
    assume("#{" not in value)  # a token, or ##{, which stands for #{
    made = replace_in_yaml(text.encode(), Variables({"k": value})).content.decode()
    (read,) = [one.event.value for one in read_events(made) if isinstance(one.event, Scalar)][1:]
    assert read == (
        value if "\r" in read else value.replace("\r\n", "\n")
    )  # between quotes and in blocks a line has one end


@given(st.text(alphabet="ab:-#[]{}&*!|>'\"%@`?, \n\t", max_size=40))
def test_whatever_the_text_it_is_read_or_refused(text: str) -> None:
    try:
        replace_in_yaml(text.encode(), Variables({"a": "1", "0": "2"}))
    except Unreadable as unreadable:
        assert str(unreadable)


COMMENTED = """\
# licence
---
server: # inline
  # own line
  port: 80 # behind
  hosts:
    # before the first
    - one
    - two # behind two
  list: [1, # inside
    2]
  text: |
    words # of the text
  # after the text
  alias: # before a value
    "value"
# the end
"""


def test_no_comment_is_lost_and_none_runs_into_a_value() -> None:
    made = filled(COMMENTED, server__port="8080")
    assert loaded(made) == [{**loaded(COMMENTED)[0], "server": {**loaded(COMMENTED)[0]["server"], "port": 8080}}]
    for comment in ("licence", "inline", "own line", "behind", "before the first", "behind two", "inside"):
        assert f"# {comment}\n" in made
    assert made.endswith("# the end\n")
    assert "words # of the text" in made and "# after the text" in made and "# before a value" in made


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("{\n# only\n}", "{}\n# only\n"),
        ("# first\n{ # only\n}", "# first\n{}\n# only\n"),
        ("a: [ # only\n  ]\nb: 1\n", "a: []\n# only\nb: 1\n"),
        ("a: [[ # only\n  ]]\nb: 1\n", "a: [[]]\n# only\nb: 1\n"),
    ],
)
def test_a_comment_in_brackets_that_hold_nothing_else_comes_behind_them(text: str, made: str) -> None:
    assert filled(text).removesuffix("\n") == made.removesuffix("\n")


@pytest.mark.parametrize(
    ("text", "path", "value", "made"),
    [
        ("a: old\n", "a", "null", "a: null\n"),
        ("a: 'old'\n", "a", "it's", "a: 'it''s'\n"),
        ("a: old\n", "a", "- x", "a: '- x'\n"),
        ("a: old\n", "a", "it's: so", 'a: "it\'s: so"\n'),
        ("a: old\n", "a", "two\nlines", "a: 'two\n\n  lines'\n"),
        ('a: "old"\n', "a", "two\nlines", 'a: "two\\nlines"\n'),
        ("a: &x old\nb: *x\n", "a", "new", "a: &x new\nb: *x\n"),
        ("- &q 1\n- *q\n- last\n", "2", "new", "- &q 1\n- *q\n- new\n"),
        ("a: {b: [1, 2]}\n", "a:b:1", "x, y", "a: {b: [1, 'x, y']}\n"),
        ("a:\n  b: 1\n", "a", "[1, 2]", "a: [1, 2]\n"),
        ("a:\n  b: 1\n", "a", "x: 1\ny: 2", "a:\n  x: 1\n  y: 2\n"),
        ("a:\n  b: 1\n", "a", "", 'a: ""\n'),
        ("a:\n  b: 1\n", "a", "{", 'a: "{"\n'),
        ("a:\n    b: 1\n    c:\n        d: 2\n", "a:c:d", "3", "a:\n    b: 1\n    c:\n        d: 3\n"),
        ("a:\nb: 1\n", "b", "2", "a:\nb: 2\n"),
        ("k: &k key\n*k : old\na: old\n", "a", "new", "k: &k key\n*k : old\na: new\n"),
        ("k: &k key\nf: {*k : old, a: old}\n", "f:a", "new", "k: &k key\nf: {*k : old, a: new}\n"),
        ("a: 1\n---\na: 2\n", "a", "3", "a: 3\n---\na: 3\n"),
        ("OCTOPUS: 1\nOctopus:\n  Port: 1\n", "octopus:port", "2", "OCTOPUS: 1\nOctopus:\n  Port: 2\n"),
    ],
)
def test_a_value_is_written_in_the_style_of_its_place(text: str, path: str, value: str, made: str) -> None:
    replaced = replace_in_yaml(text.encode(), Variables({path: value, "octopus": "never"}))
    assert replaced.content.decode() == made


def test_a_value_inside_a_replaced_structure_is_gone_with_it() -> None:
    replaced = replace_in_yaml(b"a:\n  b: 1\n  c: [2]\nd: 4\n", Variables({"a": "x: y", "a:b": "9", "d": "5"}))
    assert loaded(replaced.content) == [{"a": {"x": "y"}, "d": 5}]
    assert replaced.found == ("a", "d")


@pytest.mark.parametrize(
    ("value", "made"),
    [("x: 1", "a: &one\n  x: 1\nb: *one\n"), ("[2]", "a: &one [2]\nb: *one\n"), ("text", "a: &one text\nb: *one\n")],
)
def test_an_anchor_stays_with_what_takes_the_place_of_its_structure(value: str, made: str) -> None:
    replaced = replace_in_yaml(b"a: &one\n  b: 1\nb: *one\n", Variables({"a": value}))
    assert replaced.content.decode() == made
    assert replaced.warnings == ()


def test_an_anchor_that_is_gone_with_a_structure_is_told_where_something_refers_to_it() -> None:
    text = b"a:\n- &one 1\n- &two 2\nb: *one\n---\na: [&two 2]\nb: *two\n"
    replaced = replace_in_yaml(text, Variables({"a": "[]"}))
    assert [warning.partition(":")[0] for warning in replaced.warnings] == ["*one", "*two"]


def test_indentation_is_counted_from_the_lines_of_what_an_anchor_or_a_tag_stands_before() -> None:
    anchored = "base: &base\n  level: !!map\n    a: 1\n  list: &list\n  - 2\nown:\n  <<: *base\n"
    assert filled(anchored, base__level__a="1") == anchored
    assert filled("a: &one\n    b: 1\n", a__b="1") == "a: &one\n    b: 1\n"


def test_an_alias_is_a_value_like_others() -> None:
    text = "- &a one\n- *a\n- x: *a\n  y: two\n"
    assert filled(text, **{"2__y": "three"}) == text.replace("two", "three")


def test_what_a_list_or_a_mapping_is_the_key_of_has_no_place_and_others_keep_theirs() -> None:
    text = "? [a, b]\n: one\n? {c: d}\n: e: two\nf: three\n"
    made = replace_in_yaml(text.encode(), Variables({"f": "3", "0": "no", "c": "no", "e": "no", "a": "no"}))
    assert made.found == ("f",)
    assert loaded_keys(made.content) == 3


def loaded_keys(content: bytes) -> int:
    return sum(1 for line in content.decode().splitlines() if line.startswith(("?", "f:")))


def test_a_patch_fills_its_document_alone() -> None:
    patch = json.dumps({"a": {"b": ["one", "two"], "c": None}})
    text = b"--- # patch: Fill\na:\n  b: [1, 2]\n  c: 'x'\n---\na:\n  b: [1, 2]\n"
    replaced = replace_in_yaml(text, Variables({"Fill": patch}))
    assert loaded(replaced.content) == [{"a": {"b": ["one", "two"], "c": ""}}, {"a": {"b": [1, 2]}}]
    assert replaced.found == ("a:b:0", "a:b:1", "a:c")


def test_the_encoding_stays_and_what_it_lacks_is_escaped() -> None:
    text = 'a: café\nb: "x"\n'
    assert (
        replace_in_yaml(text.encode("cp1252"), Variables({"b": "Łódź"})).content
        == text.replace('"x"', '"Łódź"').encode()
    )
    utf_16 = replace_in_yaml(text.encode("utf-16"), Variables({"b": "Łódź"})).content
    assert utf_16.decode("utf-16") == text.replace('"x"', '"Łódź"')


@pytest.mark.parametrize("text", ["a: [1", "a: b: c", "- 1\nb: 2", "\t- x", "[" * 500, "a: *nobody\n---\n%"])
def test_what_is_no_yaml_says_so(text: str) -> None:
    with pytest.raises(Unreadable):
        replace_in_yaml(text.encode(), Variables({}))


def test_a_line_that_is_no_key_is_named_from_its_beginning() -> None:
    with pytest.raises(Unreadable) as refused:
        replace_in_yaml(b"a: b\nc: |\nthis should stand further in", Variables({}))
    assert "line 3, column 1:" in str(refused.value)


@pytest.mark.parametrize("style", ["|-", ">-", "|", ">", "|+"])
def test_a_comment_before_a_block_of_text_is_no_line_of_it(style: str) -> None:
    text = f"a: # told\n  {style}\n    one\n    two\nb: 1\n"
    made = filled(text)
    assert loaded(made) == loaded(text)
    assert made.count("# told\n") == 1
