"""What a tenant gives for frozen templates, put among the frozen variables when a deployment is asked for."""

from __future__ import annotations

from fairlead.domain.environment import Environment
from fairlead.domain.errors import Conflict
from fairlead.domain.project import Project
from fairlead.domain.release import Release
from fairlead.domain.tenant import Tenant
from fairlead.domain.tenant_template import TenantTemplate
from fairlead.domain.tenant_value import VALUE, Filled, comes_from, filled
from fairlead.domain.variable import Dimension, Variable, VariableSnapshot
from fairlead.store import library_sets, projects, tenant_templates, variables
from fairlead.store.database import Connection
from fairlead.usecases.scopes import EntryNames


def of_snapshot(
    connection: Connection, snapshot: VariableSnapshot, environment: Environment, tenant: Tenant | None
) -> Filled:
    """The frozen variables with what the tenant gives by now; as they are for nobody."""
    if tenant is None or not snapshot.templates:
        return Filled(snapshot.variables)
    held = tenant_templates.values_of(connection, tenant.id)
    return filled(snapshot.variables, snapshot.templates, held, environment.id)


def of_now(
    connection: Connection,
    project: Project,
    release: Release | None,
    environment: Environment,
    tenant: Tenant | None,
) -> Filled:
    """As variables and templates are now, or as the release froze them, with what the tenant gives by now."""
    if release is not None:
        return of_snapshot(connection, variables.snapshot(connection, release.variables), environment, tenant)
    known = variables.of_project(connection, project.id)
    if tenant is None:
        return Filled(known)
    templates = tenant_templates.of_project(connection, project.id)
    return filled(known, templates, tenant_templates.values_of(connection, tenant.id), environment.id)


def refuse_missing(connection: Connection, found: Filled, environment: Environment, tenant: Tenant | None) -> None:
    """Conflict `tenant.value_missing` naming the first template without a value, and how to give it."""
    if tenant is not None and found.missing:
        raise missing(connection, found.missing, environment, tenant)


def missing(
    connection: Connection, templates: tuple[TenantTemplate, ...], environment: Environment, tenant: Tenant
) -> Conflict:
    """That the tenant gives no value for these, and the way on."""
    first, rest = templates[0], len(templates) - 1
    name, owner = first.parameter.name, owner_name(connection, first)
    others = f", and for {rest} more template{'s' if rest > 1 else ''} neither" if rest else ""
    of = owner if first.project else f"the library set {owner}"
    flags = f"-p {owner} -e {environment.name!r}" if first.project else f"-l {owner!r}"
    way = f"fairlead tenants set-value {tenant.name!r} {name!r} {flags}"
    known = tenant_templates.by_owner(connection, [first.owner]).get(first.owner)
    if known is None or known.named(name) is None:
        way = f"the template is gone from {of}: make a new release, which does without it, or set the template again"
    return Conflict(
        "tenant.value_missing",
        f"{tenant.name} gives no value for {name} (a template of {of}) in {environment.name}{others}",
        thing=name,
        hint=way,
    )


def source_words(variable: Variable, names: EntryNames, owner: str) -> str:
    """Which template of the owner's it comes from, and whether the tenant gave it; "" where it is no template's."""
    kind, whose = comes_from(variable), ", ".join(names.of(Dimension.TENANT, variable.scope.get(Dimension.TENANT, ())))
    if kind == VALUE:
        return f"given by {whose} for the template {variable.name} of {owner}"
    return f"the default of the template {variable.name} of {owner}: {whose} gives none" if kind else ""


def owner_name(connection: Connection, template: TenantTemplate) -> str:
    """The project's or library set's name."""
    if template.project is not None:
        return projects.get(connection, template.project).name
    return library_sets.get(connection, template.owner).name
