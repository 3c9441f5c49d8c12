"""The JSON Schema and the reference of fairlead.yml, made from the models that read it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from fairlead.formats.compose_model import BindModel, BuildModel, BuildSecret, NetworkUse, VolumeOptions
from fairlead.formats.project_model import DatabaseModel, MigrateModel, MigrationCommandModel, ProjectFile, TestsModel
from fairlead.formats.service_model import OWN_KEYS, ComposeService, HealthModel, RouteModel, ServiceModel
from fairlead.formats.shape import Shape
from fairlead.formats.unhonoured import (
    DANGEROUS,
    DANGEROUS_BUILD,
    IGNORED,
    IGNORED_BUILD,
    IGNORED_DEPLOY,
    unhonoured_fields,
)

TITLE = "Fairlead project file"
START = "<!-- generated: {name} -->"
END = "<!-- end: {name} -->"


def json_schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of fairlead.yml, for editors. What it cannot say (rules between keys) `validate` says."""
    schema = ProjectFile.model_json_schema(mode="validation")
    take_extensions(schema)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": TITLE}


def schema_text() -> str:
    """The schema as it lies in docs/reference."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def tables() -> dict[str, str]:
    """The reference's generated parts, by name."""
    own = {name: ServiceModel.model_fields[name] for name in ServiceModel.model_fields if name in OWN_KEYS}
    compose = [key for key in ComposeService.model_fields if key not in OWN_KEYS]
    return {
        "top": _table(ProjectFile.model_fields),
        "service": _table(own),
        "route": _table(RouteModel.model_fields),
        "health": _table(HealthModel.model_fields),
        "migrate": _table(MigrateModel.model_fields),
        "database": _table(DatabaseModel.model_fields),
        "migration-command": _table(MigrationCommandModel.model_fields),
        "tests": _table(TestsModel.model_fields),
        "build": _table(BuildModel.model_fields),
        "compose": _list(compose),
        "ignored": _list([*IGNORED, *_below("build", IGNORED_BUILD), *_below("deploy", IGNORED_DEPLOY), *_options()]),
        "dangerous": _list([*DANGEROUS, *_below("build", DANGEROUS_BUILD), "volumes.volume.subpath"]),
    }


def with_tables(document: str) -> str:
    """The document with each generated part made anew between its marks."""
    for name, table in tables().items():
        start, end = START.format(name=name), END.format(name=name)
        before, _, rest = document.partition(start)
        _, found, after = rest.partition(end)
        if found:
            document = f"{before}{start}\n{table}\n{end}{after}"
    return document


def take_extensions(schema: Any) -> None:
    """Every mapping with known keys takes ``x-…`` besides."""
    if isinstance(schema, dict):
        if schema.get("additionalProperties") is False:
            schema["patternProperties"] = {"^x-": {}}
        for held in schema.values():
            take_extensions(held)
    elif isinstance(schema, list):
        for held in schema:
            take_extensions(held)


def _table(fields: dict[str, Any]) -> str:
    lines = ["| key | what it says |", "|---|---|"]
    for name, field in fields.items():
        said = (field.description or "").replace("|", "\\|")
        lines.append(f"| `{field.alias or name}` | {said} |")
    return "\n".join(lines)


def _list(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


def _options() -> list[str]:
    """What is not honoured further down."""
    models: dict[str, type[Shape]] = {
        "build.secrets": BuildSecret,
        "networks": NetworkUse,
        "volumes.bind": BindModel,
        "volumes.volume": VolumeOptions,
    }
    return [one for key, model in models.items() for one in _below(key, unhonoured_fields(model))]


def _below(key: str, names: Iterable[str]) -> list[str]:
    return [f"{key}.{name}" for name in names]
