"""The schema and the reference of the project file are current, and agree with what is read."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator
from ruamel.yaml import YAML

from fairlead.formats import mounts, project, yaml_tree
from fairlead.formats.compose_files import BYTES_LIMIT, FILE_LIMIT
from fairlead.formats.project import compile_project
from fairlead.formats.schema import END, START, json_schema, schema_text, tables, with_tables

REFERENCE = Path(__file__).resolve().parents[3] / "docs" / "reference"
AGAIN = "make it anew: .venv/bin/python -m tests.unit.formats.test_schema"


def test_the_schema_in_the_docs_is_current() -> None:
    assert (REFERENCE / "fairlead.schema.json").read_text() == schema_text(), AGAIN


def test_the_reference_in_the_docs_is_current() -> None:
    document = (REFERENCE / "project-file.md").read_text()
    assert with_tables(document) == document, AGAIN
    for name in tables():
        assert document.count(START.format(name=name)) == document.count(END.format(name=name)) == 1


def test_every_key_of_ours_is_described() -> None:
    for name in ("top", "service", "route", "health", "migrate", "tests", "build"):
        undescribed = re.findall(r"^\| `(\w+)` \|  \|$", tables()[name], re.MULTILINE)
        assert not undescribed, f"{name}: {undescribed}"


def examples() -> list[str]:
    found = re.findall(r"```yaml\n(.*?)```", (REFERENCE / "project-file.md").read_text(), re.DOTALL)
    assert len(found) == 2
    return found


@pytest.mark.parametrize("example", examples())
def test_the_examples_of_the_reference_fit_the_schema_and_compile(example: str) -> None:
    Draft202012Validator(json_schema()).validate(plain(example))
    files = {
        "fairlead.yml": example.encode(),
        "compose.yaml": b"services: {web: {build: .}, worker: {build: .}, db: {image: postgres}}",
    }
    assert compile_project(
        files, environment="Test", environments=("Test", "Production"), lookup=lambda _: "x"
    ).services


@pytest.mark.parametrize(
    ("written", "fits"),
    [
        ("project: a\nservices: {web: {image: x, port: 80, route: true, health: /up, x-own: 1}}", True),
        ("project: a\nservices: {web: {ports: ['1:1', {target: 2}], volumes: ['a:/b'], depends_on: [c]}}", True),
        ("project: a\nservices: {web: {environment: [A=1], env_file: a.env, command: run, build: .}}", True),
        ("project: a\nenvironments: {Test: {services: {web: {replicas: 1}}}}", True),
        ("project: a\nservices: {web: {imge: x}}", False),
        ("project: a\nservices: {web: {strategy: canary}}", False),
        ("services: {}", False),
    ],
)
def test_the_schema_takes_what_is_read_and_refuses_what_is_not(written: str, fits: bool) -> None:
    assert Draft202012Validator(json_schema()).is_valid(plain(written)) is fits


def test_the_bounds_in_the_reference_are_those_of_the_code() -> None:
    document = (REFERENCE / "project-file.md").read_text()
    for bound in (
        f"{yaml_tree.SIZE_LIMIT // 1024} KiB",
        f"{yaml_tree.NODE_LIMIT:,} values",
        f"{yaml_tree.DEPTH_LIMIT} levels",
        f"{project.SERVICE_LIMIT} services",
        f"{project.ENVIRONMENT_LIMIT} environments",
        f"{FILE_LIMIT} Compose files of {BYTES_LIMIT >> 10} KiB",
        f"{mounts.FILES_LIMIT:,} files",
        f"{mounts.BYTES_LIMIT >> 20} MiB",
    ):
        assert bound in document


def plain(text: str) -> Any:
    return json.loads(json.dumps(YAML(typ="safe", pure=True).load(text)))


if __name__ == "__main__":
    (REFERENCE / "fairlead.schema.json").write_text(schema_text())
    page = REFERENCE / "project-file.md"
    page.write_text(with_tables(page.read_text()))
