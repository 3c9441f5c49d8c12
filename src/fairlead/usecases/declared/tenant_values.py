"""What tenants give for templates, by declaration; what is left over from a template or connection is not told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from fairlead.domain.actor import Actor
from fairlead.domain.ids import EnvironmentId, SecretVersionId
from fairlead.domain.permission import Permission
from fairlead.domain.tenant import Tenant
from fairlead.domain.tenant_template import TemplateList
from fairlead.domain.tenant_value import TenantValues as Values
from fairlead.formats.declared.layout import SecretField
from fairlead.formats.declared.tenant_values import TENANT_VALUES, TenantValuesItem
from fairlead.store import environments, library_sets, projects
from fairlead.store import tenant_templates as rows
from fairlead.store import tenants as tenant_rows
from fairlead.store.database import Connection
from fairlead.usecases import tenant_values
from fairlead.usecases.context import Context
from fairlead.usecases.declared.noun import Applying, Held, Noun
from fairlead.usecases.tenant_values import Given


class TenantValues(Noun[TenantValuesItem]):
    """By project, then tenant, and where."""

    layout = TENANT_VALUES
    goes_with_project = True

    def held(self, context: Context, actor: Actor, connection: Connection) -> Iterable[Held[TenantValuesItem]]:
        actor.require(Permission.VIEW)
        given, names = rows.all_values(connection), _Names(connection)
        found = [
            made
            for tenant in tenant_rows.all_of(connection)
            if tenant.id in given
            for made in (*_of_projects(names, tenant, given[tenant.id]), *_of_sets(names, tenant, given[tenant.id]))
        ]
        yield from sorted(found, key=lambda one: (one.project, TENANT_VALUES.name_of(one.item)))

    def add(self, at: Applying, project: str, item: TenantValuesItem) -> None:
        _put(at, project, item, {})

    def change(self, at: Applying, old: Held[TenantValuesItem], new: TenantValuesItem) -> None:
        held = {name: old.secrets[one.secret] for name, one in old.item.values.items() if isinstance(one, SecretField)}
        spelt = {name.lower() for name in new.values}
        gone = {name: None for name in old.item.values if name.lower() not in spelt}
        _put(at, old.project, new, held, gone)

    def remove(self, at: Applying, held: Held[TenantValuesItem]) -> None:
        item = held.item
        taken = [_given(held.project, item, name, None) for name in item.values]
        tenant_values.put(at.context, at.actor, item.tenant, taken)


class _Names:
    """What ids are called, and what is asked for, read once for all tenants."""

    def __init__(self, connection: Connection) -> None:
        self.projects: Mapping[str, str] = {str(id): name for id, name in projects.names(connection).items()}
        self.environments = {one.id: one.name for one in environments.all_of(connection)}
        self.sets = {one.name: one.id for one in library_sets.all_of(connection)}
        self.included = {str(id): names for id, names in library_sets.included(connection).items()}
        self.templates = rows.by_owner(connection)


def _of_projects(names: _Names, tenant: Tenant, given: Values) -> Iterator[Held[TenantValuesItem]]:
    for project, places in tenant.connections.items():
        for place in (one for one in places if project in names.projects and one in names.environments):
            owner, where = names.projects[project], names.environments[place]
            item = TenantValuesItem.model_construct(tenant=tenant.name, environment=where, values={})
            yield from _made(item, owner, names.templates.get(project), given, place)


def _of_sets(names: _Names, tenant: Tenant, given: Values) -> Iterator[Held[TenantValuesItem]]:
    included = {name for project, its in tenant.connections.items() if its for name in names.included.get(project, ())}
    for name in sorted(included):
        item = TenantValuesItem.model_construct(tenant=tenant.name, library_set=name, values={})
        yield from _made(item, "", names.templates.get(names.sets[name]), given, None)


def _made(
    bare: TenantValuesItem, project: str, asked: TemplateList | None, given: Values, place: EnvironmentId | None
) -> Iterator[Held[TenantValuesItem]]:
    values: dict[str, str | SecretField] = {}
    secrets: dict[str, SecretVersionId] = {}
    owner = project or f"library/{bare.library_set}"
    for template in asked.templates if asked else ():
        value, name = given.of(template, place), template.parameter.name
        if value is not None and value.secret is not None:
            called = f"{owner}/{TENANT_VALUES.name_of(bare)}/{name}"[:250]
            secrets[called] = value.secret
            values[name] = SecretField(secret=called)
        elif value is not None:
            values[name] = value.value
    if values:
        yield Held(project, bare.model_copy(update={"values": values}), secrets)


def _put(
    at: Applying,
    project: str,
    item: TenantValuesItem,
    held: Mapping[str, SecretVersionId],
    gone: Mapping[str, None] | None = None,
) -> None:
    given = {
        name: at.value_or_held(one, held.get(name)) if isinstance(one, SecretField) else one
        for name, one in item.values.items()
    }
    wanted = [_given(project, item, name, value) for name, value in {**(gone or {}), **given}.items()]
    tenant_values.put(at.context, at.actor, item.tenant, wanted)


def _given(project: str, item: TenantValuesItem, name: str, value: str | None) -> Given:
    return Given(name, value, project, item.environment, item.library_set)
