"""What is written as YAML is read back as it was, whatever it is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from fairlead.formats.findings import Findings
from fairlead.formats.node import to_plain
from fairlead.formats.yaml_text import yaml_text
from fairlead.formats.yaml_tree import read_yaml

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
EDGES = [
    "",
    " ",
    "\n",
    "a\n",
    "a\n\n",
    "\na",
    " a\nb",
    "a \nb\n",
    "null",
    "Yes",
    "1.0",
    "2026-01-01",
    "- a",
    "a: b",
    "#a",
    "a #b",
    "\t",
    "\ufeff",
    "\x85",
]
EDGES += [
    "\u2028",
    "😀\n\ud7ff",
    "'",
    '"\\',
    "{secret: a}",
    "[a, b]",
    "~",
    "=",
    "<<",
    "a" * 200,
    "|\n>",
    "%",
    "@a",
    "`",
    "&a *b",
    "!c",
    "a\r\nb",
    "---\n...",
    "\uffff",
]
SCALAR = TEXT | st.sampled_from(EDGES)
DATA = st.dictionaries(
    SCALAR.filter(lambda key: key != "<<"),
    st.recursive(
        SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SCALAR, inner, max_size=3), max_leaves=6
    ),
    max_size=4,
)


@given(DATA)
def test_any_data_is_read_back_as_it_was(data: Any) -> None:
    findings = Findings()
    root = read_yaml("a.yml", yaml_text(data).encode(), findings)
    assert not findings.problems, findings.problems
    assert root is not None and to_plain(root) == data


@pytest.mark.parametrize("text", EDGES)
def test_an_edge_is_read_back_by_others_too(text: str) -> None:
    written = yaml_text({"a": [{"b": text, "c": "x"}], "d": text})
    assert YAML(typ="safe", pure=True).load(written) == {"a": [{"b": text, "c": "x"}], "d": text}


def test_it_is_written_as_a_person_would() -> None:
    data: Any = {"a": True, "n": 60.0, "f": 1.5, "none": None, "list": ["Test", "a b"], "empty": [], "t": "a\nb\n"}
    data["items"] = [{"name": "x", "value": {"secret": "books/x"}}, {"deep": {"er": [{"x": "1"}]}}]
    assert yaml_text(data) == (
        "a: true\nn: 60\nf: 1.5\nnone: null\nlist: [Test, a b]\nempty: []\nt: |\n  a\n  b\n"
        'items:\n  - name: x\n    value: {secret: books/x}\n  - deep:\n      er:\n        - x: "1"\n'
    ).replace("\nn: 60", '\n"n": 60')
