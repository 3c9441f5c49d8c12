"""Tenants and their tags: making, changing, removing them, and connecting them to projects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from fairlead.domain.actor import Actor
from fairlead.domain.errors import Conflict, Invalid
from fairlead.domain.ids import EnvironmentId, ProjectId, TenantId
from fairlead.domain.permission import Permission
from fairlead.domain.tenant import MOST_TAGS, TagSet, Tenant, check_name, fits, known_tags
from fairlead.store import (
    deployments,
    environments,
    freezes,
    projects,
    runbooks,
    targets,
    tenant_templates,
    tenants,
    triggers,
)
from fairlead.store.database import Connection
from fairlead.store.shelf import Page
from fairlead.usecases import reaching
from fairlead.usecases.context import Context


@dataclass(frozen=True, slots=True)
class TenantView:
    """A tenant with the names that people know: project → environments."""

    tenant: Tenant
    connections: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person gives of a tenant; tags as `Set/Tag`, connections by names."""

    name: str
    description: str = ""
    tags: Sequence[str] = ()
    connections: Mapping[str, Sequence[str]] = field(default_factory=dict)


def page(
    context: Context,
    actor: Actor,
    *,
    search: str = "",
    tags: Sequence[str] = (),
    after: str | None = None,
    limit: int = 50,
) -> Page[TenantView]:
    """By name; with `tags` only those that they mean: tags of one set are alternatives, each set must have one."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        part = tenants.page(connection, after=after, limit=limit, search=search)
        seen = [
            one for one in part.items if actor.may_somewhere(Permission.VIEW, tenant=one.id) and fits(one.tags, tags)
        ]
        return Page(tuple(_views(connection, actor, seen)), part.after)


def get(context: Context, actor: Actor, name: str) -> TenantView:
    """By name or id; NotFound `tenant.unknown`."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        found = tenants.by_name_or_id(connection, name)
        actor.require_somewhere(Permission.VIEW, tenant=found.id)
        return _views(connection, actor, [found])[0]


def names(context: Context, actor: Actor, *, project: str = "") -> tuple[str, ...]:
    """Of those that the actor may view, with `project` only of those that are connected to it; for a form."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        if project:
            owner = projects.by_name_or_id(connection, project).id
            known = {str(one.id): one.name for one in tenants.connected(connection, owner)}
        else:
            owner, known = None, tenants.names(connection)
    if actor.reach(Permission.VIEW) is None:  # all of them: not asked of each, for there may be thousands
        return tuple(known.values())
    return tuple(its for id, its in known.items() if actor.may_somewhere(Permission.VIEW, project=owner, tenant=id))


def put(context: Context, actor: Actor, draft: Draft, *, revision: int | None = None) -> TenantView:
    """Make the tenant of this name, or replace it (one that is there keeps its name as it was written, for
    things in the world are named by it); with `revision` only if nobody changed it since, else
    Conflict `edit.conflict`. Invalid `tenant.tag`; NotFound `project.unknown`, `environment.unknown`."""
    actor.require_somewhere(Permission.TENANT_EDIT)
    name = check_name(draft.name, "tenant")
    with context.database.transaction() as connection:
        before = next((one for one in tenants.all_of(connection) if one.name.lower() == name.lower()), None)
        actor.require(Permission.TENANT_EDIT, tenant=before.id if before else None)
        if revision is not None and (before is None or before.revision != revision):
            raise Conflict("edit.conflict", f"{name} was changed by somebody else since it was read", thing=name)
        connections = {
            projects.by_name_or_id(connection, project).id: tuple(
                environments.by_name_or_id(connection, place).id for place in places
            )
            for project, places in draft.connections.items()
        }
        wanted = replace(
            before or Tenant(TenantId(context.ids.new("ten")), name),
            description=draft.description,
            tags=known_tags(draft.tags, tenants.sets(connection)),
            connections=_not_shown(actor, before) | connections,
        )
        if before is None:
            tenants.insert(connection, wanted)
        saved = wanted if before is None else tenants.update(connection, wanted)
        kind, verb = ("tenant.added", "added") if before is None else ("tenant.changed", "changed")
        words = f"{verb} tenant {saved.name}"
        context.note(connection, actor, kind, words, thing=saved.id, tenant=saved.name, before=before, after=saved)
        return _views(connection, actor, [saved])[0]


def connect(context: Context, actor: Actor, name: str, project: str, places: Sequence[str]) -> TenantView:
    """Connect the tenant to the project in these environments, and in no other; without any, it has it nowhere.
    Its other connections stay."""
    actor.require_somewhere(Permission.TENANT_EDIT)
    with context.database.transaction() as connection:
        found = tenants.by_name_or_id(connection, name)
        actor.require(Permission.TENANT_EDIT, tenant=found.id)
        owner = projects.by_name_or_id(connection, project)
        its = tuple(dict.fromkeys(environments.by_name_or_id(connection, place).id for place in places))
        rest = {id: held for id, held in found.connections.items() if id != owner.id}
        saved = tenants.update(connection, replace(found, connections={**rest, **({owner.id: its} if its else {})}))
        words = f"{found.name} has {owner.name} in {', '.join(places) or 'no environment'}"
        context.note(
            connection,
            actor,
            "tenant.changed",
            words,
            thing=saved.id,
            project=owner.name,
            tenant=saved.name,
            before=found,
            after=saved,
        )
        return _views(connection, actor, [saved])[0]


def remove(context: Context, actor: Actor, name: str) -> None:
    """Gone; variables for it hold nowhere any more. Conflict `tenant.in_use` where it has deployments or runbooks ran
    for it, `tenant.on_target` where a target names it, which without it might serve everybody, `tenant.on_trigger`,
    `tenant.on_freeze`."""
    actor.require_somewhere(Permission.TENANT_EDIT)
    with context.database.transaction() as connection:
        found = tenants.by_name_or_id(connection, name)
        actor.require(Permission.TENANT_EDIT, tenant=found.id)
        if deployments.page(connection, tenant=found.id, limit=1).items:
            raise Conflict(
                "tenant.in_use",
                f"{found.name} has deployments, whose history is kept",
                thing=found.name,
                hint="fairlead tenants connect … --nowhere cuts it off; fairlead retire … --tenant ends what is live",
            )
        if runbooks.are_for(connection, found.id):
            message = f"runbooks ran for {found.name}, and the history of that is kept"
            raise Conflict(
                "tenant.in_use", message, thing=found.name, hint="fairlead tenants connect … --nowhere takes it away"
            )
        _refuse_named(connection, found)
        tenant_templates.forget_tenant(connection, found.id)
        tenants.delete(connection, found.id)
        context.note(connection, actor, "tenant.removed", f"removed tenant {found.name}", thing=found.id, before=found)


def tag_sets(context: Context, actor: Actor) -> Sequence[TagSet]:
    """All sets of tags, by name."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        return tenants.sets(connection)


def put_tag_set(context: Context, actor: Actor, name: str, tags: Sequence[str], *, description: str = "") -> TagSet:
    """The set has these tags, in this order; Conflict `tenant.tag_used` where a tenant has one that would go, or a
    target names it."""
    actor.require(Permission.TENANT_EDIT)
    name = check_name(name, "set of tags")
    clean = tuple(dict.fromkeys(check_name(tag, "tag") for tag in tags))
    if len(clean) > MOST_TAGS:
        raise Invalid("input.too_large", f"a set has at most {MOST_TAGS} tags", thing="tags")
    with context.database.transaction() as connection:
        before = next((one for one in tenants.sets(connection) if one.name.lower() == name.lower()), None)
        made = replace(before or TagSet(context.ids.new("tgs"), name), tags=clean, description=description)
        if before is None:
            tenants.insert_set(connection, made)
            saved = made
        else:
            _refuse_used(connection, set(before.written) - set(made.written))
            saved = tenants.update_set(connection, made)
        words = f"set of tags {saved.name}: {', '.join(saved.tags)}"[:1000]
        context.note(connection, actor, "tenant.tags_changed", words, thing=saved.id, before=before, after=saved)
        return saved


def remove_tag_set(context: Context, actor: Actor, name: str) -> None:
    """Gone; Conflict `tenant.tag_used` where a tenant has one of its tags, or a target names it."""
    actor.require(Permission.TENANT_EDIT)
    with context.database.transaction() as connection:
        found = tenants.set_named(connection, name)
        _refuse_used(connection, set(found.written))
        tenants.delete_set(connection, found.id)
        context.note(
            connection, actor, "tenant.tags_changed", f"removed set of tags {found.name}", thing=found.id, before=found
        )


def _refuse_used(connection: Connection, going: set[str]) -> None:
    for tenant in tenants.all_of(connection):
        used = sorted(going & set(tenant.tags))
        if used:
            message = f"{tenant.name} has the tag {used[0]}"
            raise Conflict("tenant.tag_used", message, thing=used[0], hint="take it from its tenants first")
    for target in targets.all_of(connection):
        used = sorted(going & set(target.tenant_tags))
        if used:
            message = f"the target {target.name} is for tenants with the tag {used[0]}"
            raise Conflict("tenant.tag_used", message, thing=used[0], hint=_ON_TARGET.format(target.name))

    for trigger in triggers.all_of(connection):
        used = sorted(going & set(trigger.tenant_tags))
        if used:
            message = f"the trigger {trigger.name} is for tenants with the tag {used[0]}"
            raise Conflict("tenant.tag_used", message, thing=used[0], hint=_ON_TRIGGER)


_ON_TARGET = "let it be for others: fairlead targets set {} --tenant …, --tenant-tag … or --all-tenants"


_ON_TRIGGER = "let the trigger be for others, or remove it: fairlead triggers set … --tenant …"


_ON_FREEZE = "remove the freeze, or let it hold for others: fairlead freezes set {} --tenant …"


def _refuse_named(connection: Connection, found: Tenant) -> None:
    named = [one.name for one in targets.all_of(connection) if found.id in one.tenants]
    if named:
        raise Conflict(
            "tenant.on_target",
            f"{found.name} is named by {len(named)} target{'s' if len(named) > 1 else ''}: {', '.join(named)[:300]}",
            thing=found.name,
            hint=_ON_TARGET.format(named[0]),
        )
    waiting = [one.name for one in triggers.all_of(connection) if found.id in one.tenants]
    if waiting:
        message = f"triggers are for {found.name}: {', '.join(waiting)[:300]}"
        raise Conflict("tenant.on_trigger", message, thing=found.name, hint=_ON_TRIGGER)
    frozen = [one.name for one in freezes.all_of(connection) if found.id in one.tenants]
    if frozen:
        message = f"freezes hold for {found.name}: {', '.join(frozen)[:300]}"
        raise Conflict("tenant.on_freeze", message, thing=found.name, hint=_ON_FREEZE.format(frozen[0]))


def _not_shown(actor: Actor, held: Tenant | None) -> dict[ProjectId, tuple[EnvironmentId, ...]]:
    """Its connections to projects that the actor may not view: what nobody was shown, nobody takes away."""
    known = held.connections if held else {}
    return {id: places for id, places in known.items() if not actor.may_somewhere(Permission.VIEW, project=id)}


def _views(connection: Connection, actor: Actor, found: Sequence[Tenant]) -> list[TenantView]:
    """Without the connections to projects that the actor may not view."""
    mine = reaching.viewed_projects(connection, actor)
    owners = {id: name for id, name in projects.names(connection).items() if mine is None or name in mine}
    places = {one.id: one.name for one in environments.all_of(connection)}
    return [
        TenantView(
            one,
            {
                owners[project]: tuple(places[id] for id in ids if id in places)
                for project, ids in one.connections.items()
                if project in owners
            },
        )
        for one in found
    ]
