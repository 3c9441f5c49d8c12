"""What tenants give for templates: looking at what is asked of one, given or missing, and giving or taking away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fairlead.domain.actor import Actor
from fairlead.domain.environment import Environment
from fairlead.domain.errors import Conflict, Invalid, NotFound, TooLarge
from fairlead.domain.ids import ProjectId
from fairlead.domain.library_set import LibrarySet
from fairlead.domain.permission import Permission
from fairlead.domain.project import Project
from fairlead.domain.tenant import Tenant
from fairlead.domain.tenant_template import TenantTemplate, check_value
from fairlead.domain.tenant_value import MOST_VALUES, VALUE, TenantValue, TenantValues
from fairlead.store import environments, library_sets, projects, tenant_templates, tenants
from fairlead.store.database import Connection
from fairlead.usecases.asked_of_tenants import Asked, Ground, included
from fairlead.usecases.context import Context


@dataclass(frozen=True, slots=True)
class ValuesView:
    """A tenant, and all that it is asked for and gives; `revision` is that of its values."""

    tenant: Tenant
    revision: int
    asked: tuple[Asked, ...]

    @property
    def missing(self) -> tuple[Asked, ...]:
        """What deployments would be refused for."""
        return tuple(one for one in self.asked if one.is_missing)


@dataclass(frozen=True, slots=True)
class Given:
    """One value as people give it: for a project and environment, or for a library set; `value` None takes it away."""

    name: str
    value: str | None
    project: str = ""
    environment: str = ""
    library_set: str = ""


def of(context: Context, actor: Actor, tenant: str) -> ValuesView:
    """What is asked of the tenant where the actor may look."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        found = tenants.by_name_or_id(connection, tenant)
        actor.require_somewhere(Permission.VIEW, tenant=found.id)
        return _view(connection, actor, found, tenant_templates.values_of(connection, found.id))


def put(
    context: Context, actor: Actor, tenant: str, given: Sequence[Given], *, revision: int | None = None
) -> ValuesView:
    """Give or take away these values of the tenant, all or none; its others stay. Deployments that are asked for later
    have them, of whatever release. With `revision` only if nobody changed any since, else Conflict `edit.conflict`.
    Invalid `tenant.value`, `tenant.value_place`; NotFound `tenant.template_unknown`, `tenant.value_unknown`; Conflict
    `tenant.not_connected`."""
    if not actor.may_somewhere(Permission.VARIABLE_EDIT):
        actor.require_somewhere(Permission.TENANT_EDIT)
    with context.database.transaction() as connection:
        found = tenants.by_name_or_id(connection, tenant)
        held = tenant_templates.values_of(connection, found.id)
        if revision is not None and revision != held.revision:
            message = f"the values of {found.name} were changed by somebody else since they were read"
            raise Conflict("edit.conflict", message, thing=found.name, hint="read them again, then decide")
        changed = held
        for one in given:
            changed = _changed(context, connection, actor, found, changed, one)
        if len(changed.values) > MOST_VALUES:
            raise TooLarge("input.too_large", f"a tenant gives {MOST_VALUES:,} values at most", thing=found.name)
        saved = tenant_templates.save_values(connection, changed) if changed.values != held.values else held
        return _view(connection, actor, found, saved)


@dataclass(frozen=True, slots=True)
class _Place:
    """What a value is for."""

    owner: Project | LibrarySet
    environment: Environment | None

    @property
    def words(self) -> str:
        """As a sentence says it."""
        if self.environment is not None:
            return f"{self.owner.name} in {self.environment.name}"
        return f"the library set {self.owner.name}"

    def holds(self, one: TenantValue, name: str) -> bool:
        """Whether it is the value of that name here."""
        where = self.environment.id if self.environment else None
        return (one.owner, one.environment, one.name.lower()) == (self.owner.id, where, name.lower())


def _place(connection: Connection, given: Given) -> _Place:
    if given.library_set and not (given.project or given.environment):
        return _Place(library_sets.by_name_or_id(connection, given.library_set), None)
    if given.library_set or not (given.project and given.environment):
        raise Invalid(
            "tenant.value_place",
            f"where is the value of {given.name[:80]} for?",
            thing=given.name[:80],
            hint="a project and an environment, or a library set: -p PROJECT -e ENVIRONMENT, or -l SET",
        )
    owner = projects.by_name_or_id(connection, given.project)
    return _Place(owner, environments.by_name_or_id(connection, given.environment))


def _changed(
    context: Context, connection: Connection, actor: Actor, tenant: Tenant, held: TenantValues, given: Given
) -> TenantValues:
    place = _place(connection, given)
    if place.environment is not None:
        where = {"project": place.owner.id, "environment": place.environment.id, "tenant": tenant.id}
        actor.require(Permission.VARIABLE_EDIT, **where)
    else:
        actor.require(Permission.TENANT_EDIT, tenant=tenant.id)
    before = next((one for one in held.values if place.holds(one, given.name)), None)
    after = None if given.value is None else _given(context, connection, actor, tenant, place, before, given)
    if after == before and after is not None:
        return held
    if before is None and after is None:
        raise NotFound(
            "tenant.value_unknown",
            f"{tenant.name} gives no value for {given.name[:80]} for {place.words}",
            thing=given.name[:80],
            hint=f"fairlead tenants values {tenant.name!r}",
        )
    kind = "tenant.value_set" if after else "tenant.value_removed"
    name = (after or before or TenantValue("", "", given.name)).name
    context.note(
        connection,
        actor,
        kind,
        f"{'set' if after else 'took away'} what {tenant.name} gives as {name} for {place.words}",
        thing=(after or before or TenantValue("", "", given.name)).id,
        project=place.owner.name if place.environment else None,
        environment=place.environment.name if place.environment else None,
        tenant=tenant.name,
        before=before,
        after=after,
    )
    rest = tuple(one for one in held.values if one is not before)
    return replace(held, values=(*rest, after) if after else rest)


def _given(
    context: Context,
    connection: Connection,
    actor: Actor,
    tenant: Tenant,
    place: _Place,
    before: TenantValue | None,
    given: Given,
) -> TenantValue:
    template = _template(connection, place, given.name)
    _refuse_unconnected(connection, tenant, place)
    value = check_value(template.parameter, given.value or "")
    name, where = template.parameter.name, place.environment.id if place.environment else None
    made = TenantValue(before.id if before else context.ids.new(VALUE), str(place.owner.id), name, where)
    if not template.is_secret:
        return replace(made, value=value)
    if before is not None and before.secret and context.reveal(connection, before.secret) == value:
        return replace(made, secret=before.secret)
    return replace(made, secret=context.keep(connection, value, name=f"{tenant.name}: {name}", by=actor.name))


def _template(connection: Connection, place: _Place, name: str) -> TenantTemplate:
    known = tenant_templates.of_owner(connection, place.owner.id)
    found = known.named(name)
    if found is None:
        names = ", ".join(one.parameter.name for one in known.templates)[:300]
        owner = place.owner.name if place.environment else place.words
        raise NotFound(
            "tenant.template_unknown",
            f"{owner} has no template {name[:80]!r}",
            thing=name[:80],
            hint=f"its templates: {names}" if names else "it has none: fairlead tenants set-template",
        )
    return found


def _refuse_unconnected(connection: Connection, tenant: Tenant, place: _Place) -> None:
    if place.environment is not None:
        if place.environment.id in tenant.connections.get(ProjectId(place.owner.id), ()):
            return
        way = f"fairlead tenants connect {tenant.name!r} --project {place.owner.name} -e {place.environment.name!r}"
    else:
        if place.owner.name in included(connection, [one for one, its in tenant.connections.items() if its]):
            return
        way = "connect it to a project that includes the set"
    raise Conflict(
        "tenant.not_connected", f"{tenant.name} is not connected to {place.words}", thing=tenant.name, hint=way
    )


def _view(connection: Connection, actor: Actor, tenant: Tenant, held: TenantValues) -> ValuesView:
    ground = Ground.read(connection)
    told = list(ground.asked(actor, tenant, held))
    used = [one.value for one, _ in told if one.value]
    gone = ground.left(actor, tenant, [one for one in held.values if one not in used])
    seen = [one for one, is_seen in told if is_seen]
    return ValuesView(tenant, held.revision, tuple(sorted([*seen, *gone], key=lambda one: one.key)))
