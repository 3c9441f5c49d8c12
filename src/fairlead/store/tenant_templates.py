"""Tenant variable templates of projects and library sets, and what tenants give for them: one row an owner."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import sqlalchemy as sa

from fairlead.domain.ids import LibrarySetId, ProjectId, TenantId
from fairlead.domain.tenant_template import TemplateList, TenantTemplate
from fairlead.domain.tenant_value import TenantValues
from fairlead.store.library_sets import inclusions
from fairlead.store.schema import data, key, metadata, number
from fairlead.store.shelf import Shelf

tenant_templates = sa.Table("tenant_templates", metadata, key(), data("templates"), number("revision"))
tenant_values = sa.Table("tenant_values", metadata, key(), data("values"), number("revision"))

_templates = Shelf(tenant_templates, TemplateList, unknown="tenant.template_unknown")
_values = Shelf(tenant_values, TenantValues, unknown="tenant.unknown")


def of_owner(connection: sa.Connection, owner: ProjectId | LibrarySetId) -> TemplateList:
    """The owner's; none, of revision 0, where it never had any."""
    return _templates.find(connection, owner) or TemplateList(owner)


def of_project(connection: sa.Connection, project: ProjectId) -> tuple[TenantTemplate, ...]:
    """The project's own, then those of the library sets that it includes; what its releases freeze."""
    c = inclusions.c
    included = list(connection.execute(sa.select(c.library_set).where(c.project == project).order_by(c.id)).scalars())
    held = _templates.many(connection, [project, *included])
    return tuple(one for owner in (project, *included) if owner in held for one in held[owner].templates)


def by_owner(connection: sa.Connection, owners: Iterable[str] | None = None) -> dict[str, TemplateList]:
    """Those of these owners, or of all, that have any."""
    if owners is not None:
        return _templates.many(connection, owners)
    return {one.id: one for one in _templates.where(connection)}


def save(connection: sa.Connection, changed: TemplateList) -> TemplateList:
    """The owner's as a whole, if nobody changed them since they were read; with their new revision."""
    if changed.revision:
        return _templates.update(connection, changed)
    made = replace(changed, revision=1)
    _templates.insert(connection, made)
    return made


def values_of(connection: sa.Connection, tenant: TenantId) -> TenantValues:
    """All that the tenant gives; nothing, of revision 0, where it never gave anything."""
    return _values.find(connection, tenant) or TenantValues(tenant)


def all_values(connection: sa.Connection) -> dict[str, TenantValues]:
    """What each tenant gives that gives anything, by its id."""
    return {str(one.id): one for one in _values.where(connection)}


def save_values(connection: sa.Connection, changed: TenantValues) -> TenantValues:
    """The tenant's as a whole, as `save` has it."""
    if changed.revision:
        return _values.update(connection, changed)
    made = replace(changed, revision=1)
    _values.insert(connection, made)
    return made


def forget_owner(connection: sa.Connection, owner: ProjectId | LibrarySetId) -> None:
    """The owner goes: its templates, and what tenants gave for them."""
    connection.execute(sa.delete(tenant_templates).where(tenant_templates.c.id == owner))
    for held in all_values(connection).values():
        stays = tuple(one for one in held.values if one.owner != owner)
        if stays != held.values:
            save_values(connection, replace(held, values=stays))


def forget_tenant(connection: sa.Connection, tenant: TenantId) -> None:
    """The tenant goes, with all that it gave."""
    connection.execute(sa.delete(tenant_values).where(tenant_values.c.id == tenant))
