"""Whether an action's properties fit the JSON Schema of its kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from fairlead.domain.errors import Invalid
from fairlead.domain.process import Action, Process
from fairlead.domain.record import Json, to_data

if TYPE_CHECKING:
    import jsonschema_rs


def checked_properties(process: Process, schemas: Mapping[str, Mapping[str, Json]]) -> Process:
    """The process, if every action's properties fit; Invalid `process.properties` names the first that does not."""
    import jsonschema_rs  # 6 MB, and only where a process is kept: a server at rest does without it

    kinds = {action.kind for _, action in process.actions}
    validators = {
        kind: jsonschema_rs.Draft202012Validator(_plain(schema)) for kind, schema in schemas.items() if kind in kinds
    }
    for _, action in process.actions:
        if action.kind in validators:
            for wrong in validators[action.kind].iter_errors(to_data(dict(action.properties))):
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
