"""Every kind of file: a schema that fits what is written, and one place among the files."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator
from ruamel.yaml import YAML

from fairlead.domain.errors import ProjectFileInvalid
from fairlead.formats.declared.layout import Layout, file_name
from fairlead.formats.declared.reading import read
from fairlead.formats.declared.register import LAYOUTS, schemas
from fairlead.formats.declared.secrets import read_secrets
from fairlead.formats.declared.writing import kept

HAND_MADE = b"""# ours
variables:
  - {value: db, name: Db.Host}   # the host
  - {name: P, value: {secret: our-name}}
"""
WRITTEN = """variables:
  - name: Db.Host
    value: db
  - name: P
    value: {secret: books/P}
"""


def least_of(layout: Layout[Any], schema: dict[str, Any]) -> dict[str, Any]:
    """The smallest file: nothing but what must be there, and a key of one's own."""
    if layout.top:
        return {layout.top: []}
    needed = {"name": "a", "versions": [{"kind": "script", "version": 1}]}
    return {"x-own": 1} | {key: needed[key] for key in schema.get("required", ())}


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.noun)
def test_a_schema_describes_every_key(layout: Layout[Any]) -> None:
    schema = json.loads(schemas()[layout.schema])
    Draft202012Validator(schema)
    assert not Draft202012Validator(schema).is_valid({"unknown": 1})
    assert Draft202012Validator(schema).is_valid(least_of(layout, schema))
    assert layout.item.__doc__ and layout.about


def test_a_schema_takes_what_is_read() -> None:
    data = json.loads(json.dumps(YAML(typ="safe", pure=True).load(HAND_MADE.decode())))
    assert Draft202012Validator(json.loads(schemas()["variable.schema.json"])).is_valid(data)
    assert read({"projects/books/variables.yml": HAND_MADE}, LAYOUTS).entries


def test_a_file_that_says_the_same_is_left_as_it_is() -> None:
    path = "projects/books/variables.yml"
    assert kept({path: WRITTEN}, {path: HAND_MADE}, LAYOUTS) == {}
    changed = WRITTEN.replace("value: db", "value: other")
    assert kept({path: changed}, {path: HAND_MADE}, LAYOUTS) == {path: changed}
    assert kept({path: WRITTEN}, {path: b"broken: ["}, LAYOUTS) == {path: WRITTEN}
    assert kept({path: WRITTEN}, {}, LAYOUTS) == {path: WRITTEN}


def test_ten_thousand_variables_fit_in_one_file() -> None:
    lines = [f"  - {{name: V{number}, value: x, scope: {{environment: [Test]}}}}" for number in range(10_000)]
    text = "\n".join(["variables:", *lines]).encode()
    assert len(read({"projects/books/variables.yml": text}, LAYOUTS).entries) == 10_000


def test_names_make_file_names_that_differ_where_they_do() -> None:
    names = ["web", "Web", "a b", "a-b", "ä", "漢字", "../x", "", "a" * 100]
    made: list[str] = []
    for name in names:
        made.append(file_name(name, made))
    assert len(set(made)) == len(names) and all("/" not in name and not name.startswith(".") for name in made)
    assert file_name("web") == "web" and file_name("Hot Fixes") == "hot-fixes"


def test_secrets_are_read_and_a_wrong_file_shows_no_value() -> None:
    assert read_secrets("s.yml", b"a/b: |\n  x\n  y\nc: '1'") == {"a/b": "x\ny\n", "c": "1"}
    for wrong in (b"- hidden", b"a: [hidden]", b"a:", b"hidden"):
        with pytest.raises(ProjectFileInvalid) as raised:
            read_secrets("s.yml", wrong)
        assert "hidden" not in str(raised.value)
