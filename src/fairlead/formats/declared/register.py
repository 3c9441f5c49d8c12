"""Every noun that files can declare, those first that others refer to; their schemas."""

from __future__ import annotations

import json
from typing import Any, get_args

from pydantic import BaseModel

from fairlead.formats.declared.channels import CHANNELS
from fairlead.formats.declared.environments import ENVIRONMENTS
from fairlead.formats.declared.federated_credentials import FEDERATED_CREDENTIALS
from fairlead.formats.declared.freezes import FREEZES
from fairlead.formats.declared.groups import GROUPS
from fairlead.formats.declared.identity_providers import IDENTITY_PROVIDERS
from fairlead.formats.declared.layout import Layout, SecretField
from fairlead.formats.declared.library_sets import LIBRARY_SETS
from fairlead.formats.declared.lifecycles import LIFECYCLES
from fairlead.formats.declared.notifications import NOTIFICATIONS
from fairlead.formats.declared.policies import POLICIES
from fairlead.formats.declared.processes import PROCESSES
from fairlead.formats.declared.projects import PROJECTS
from fairlead.formats.declared.registries import REGISTRIES
from fairlead.formats.declared.roles import ROLES
from fairlead.formats.declared.runbooks import RUNBOOKS
from fairlead.formats.declared.step_templates import STEP_TEMPLATES
from fairlead.formats.declared.subscriptions import SUBSCRIPTIONS
from fairlead.formats.declared.targets import TARGETS
from fairlead.formats.declared.teams import TEAMS
from fairlead.formats.declared.tenant_values import TENANT_VALUES
from fairlead.formats.declared.tenants import CONNECTIONS, TAG_SETS, TENANTS
from fairlead.formats.declared.triggers import TRIGGERS
from fairlead.formats.declared.users import USERS
from fairlead.formats.declared.variables import VARIABLES
from fairlead.formats.schema import take_extensions

LAYOUTS: tuple[Layout[Any], ...] = (
    ROLES,
    USERS,
    ENVIRONMENTS,
    TAG_SETS,
    TENANTS,
    LIFECYCLES,
    TARGETS,
    REGISTRIES,
    LIBRARY_SETS,
    STEP_TEMPLATES,
    GROUPS,
    PROJECTS,
    CONNECTIONS,
    TENANT_VALUES,
    CHANNELS,
    PROCESSES,
    RUNBOOKS,
    VARIABLES,
    TRIGGERS,
    FREEZES,
    POLICIES,
    NOTIFICATIONS,
    TEAMS,
    SUBSCRIPTIONS,
    IDENTITY_PROVIDERS,
    FEDERATED_CREDENTIALS,
)


def schemas() -> dict[str, str]:
    """File name → JSON Schema 2020-12 of each kind of file, as text."""
    return {layout.schema: schema_text(layout) for layout in LAYOUTS}


def page(note: str) -> str:
    """The reference of all files, as Markdown."""
    lines = ["# The installation as files\n", f"{note}\n"]
    lines.append("What `fairlead export DIR` writes and `fairlead apply DIR` takes:")
    lines.append("[the installation as code](../how-to/as-code.md) tells how. A key that is left out has its default;")
    lines.append("keys that begin with `x-` are yours. `{secret: NAME}` is a placeholder for a secret.\n")
    for layout in LAYOUTS:
        places = " and ".join(f"`{path}`" for path in layout.paths)
        lines += [f"## {layout.noun.capitalize()}\n", f"{places}: {layout.about}. [Schema](schemas/{layout.schema})\n"]
        if layout.top:
            lines.append(f"A list below `{layout.top}`; each has:\n")
        lines += [*_rows(layout.item), ""]
    return "\n".join(lines)


def _rows(model: type[BaseModel], prefix: str = "") -> list[str]:
    rows = [] if prefix else ["| key | what it says |", "|---|---|"]
    for name, field in model.model_fields.items():
        said = (field.description or "").replace("|", "\\|")
        needed = " Needed." if field.is_required() else ""
        rows.append(f"| `{prefix}{field.alias or name}` | {said}{needed} |")
        for inner in _models_in(field.annotation):
            rows += _rows(inner, f"{prefix}{field.alias or name}.")
    return rows


def _models_in(kind: Any) -> list[type[BaseModel]]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return [] if kind is SecretField else [kind]
    return [found for inner in get_args(kind) for found in _models_in(inner)]


def schema_text(layout: Layout[Any]) -> str:
    """One of them."""
    schema = layout.file.model_json_schema(mode="validation")
    take_extensions(schema)
    titled = {**schema, "title": f"Fairlead: {layout.paths[-1]}", "description": layout.about}
    whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", **titled}
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"
