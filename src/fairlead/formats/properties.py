"""Whether an action's properties fit the JSON Schema of its kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import jsonschema_rs

from fairlead.domain.errors import Invalid
from fairlead.domain.process import Action, Process
from fairlead.domain.record import Json, to_data


def checked_properties(process: Process, schemas: Mapping[str, Mapping[str, Json]]) -> Process:
    """The process, if every action's properties fit; Invalid `process.properties` names the first that does not."""
    validators = {kind: jsonschema_rs.Draft202012Validator(_plain(schema)) for kind, schema in schemas.items()}
    for _, action in process.actions:
        validator = validators.get(action.kind)
        if validator is None:
            continue
        for wrong in validator.iter_errors(to_data(dict(action.properties))):
            raise _misfit(action, wrong)
    return process


def _plain(schema: Mapping[str, Json]) -> dict[str, Any]:
    return cast("dict[str, Any]", to_data(dict(schema)))


def _misfit(action: Action, wrong: jsonschema_rs.ValidationError) -> Invalid:
    where = ".".join(str(part) for part in wrong.instance_path)
    return Invalid(
        "process.properties",
        f"{where or 'the properties'} of action {action.name}: {wrong.message[:300]}",
        thing=action.name,
        hint=f"fairlead process kinds {action.kind} shows what it takes",
    )
