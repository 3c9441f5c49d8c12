"""Deployment freezes: listing, making, changing, removing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from fairlead.domain.actor import Actor
from fairlead.domain.errors import Conflict, NotFound
from fairlead.domain.freeze import Freeze, check
from fairlead.domain.permission import Permission
from fairlead.domain.zones import zone_named
from fairlead.store import environments, freezes, projects, tenants
from fairlead.store.database import Connection
from fairlead.store.shelf import Page
from fairlead.usecases import scheduling
from fairlead.usecases.context import Context


@dataclass(frozen=True, slots=True)
class FreezeView:
    """A freeze with the names that people know, and whether it holds now."""

    freeze: Freeze
    projects: tuple[str, ...]
    environments: tuple[str, ...]
    tenants: tuple[str, ...]
    is_active: bool


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person gives of a freeze; `starts_at` None: now."""

    name: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    projects: Sequence[str] = ()
    environments: Sequence[str] = ()
    reason: str = ""
    cron: str = ""
    zone: str = "UTC"
    lasts_s: int = 0
    binds_runbooks: bool = False
    tenants: Sequence[str] = ()


def page(
    context: Context, actor: Actor, *, search: str = "", after: str | None = None, limit: int = 50
) -> Page[FreezeView]:
    """The newest first: those that hold for something that the actor may view."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        part = freezes.page(connection, search=search, after=after, limit=limit)
        mine = [one for one in part.items if _may_view(actor, one)]
        return Page(tuple(_views(context, connection, mine, actor)), part.after)


def get(context: Context, actor: Actor, name: str) -> FreezeView:
    """By name or id; NotFound `freeze.unknown`, also where it holds for nothing that the actor may view."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        found = freezes.by_name_or_id(connection, name)
        if not _may_view(actor, found):
            raise NotFound("freeze.unknown", f"there is no freeze {name[:80]!r}", thing=name[:80])
        return _views(context, connection, [found], actor)[0]


def add(context: Context, actor: Actor, draft: Draft) -> FreezeView:
    """A new one. Conflict `freeze.exists`; Invalid `freeze.window`, `schedule.cron`, `schedule.zone`."""
    actor.require(Permission.FREEZE_EDIT)
    now = context.clock.now()
    with context.database.transaction() as connection:
        blank = Freeze(context.ids.new("frz"), draft.name, now, None, now, created_by=actor.name)
        made = _drafted(connection, draft, blank)
        freezes.insert(connection, made)
        context.note(
            connection, actor, "freeze.added", f"added freeze {made.name}{_words(made)}", thing=made.id, after=made
        )
        return _views(context, connection, [made])[0]


def change(context: Context, actor: Actor, name: str, draft: Draft, *, revision: int | None = None) -> FreezeView:
    """It is as the draft says; with `revision` only if nobody changed it since, else Conflict `edit.conflict`."""
    actor.require(Permission.FREEZE_EDIT)
    with context.database.transaction() as connection:
        found = freezes.by_name_or_id(connection, name)
        if revision is not None and revision != found.revision:
            raise Conflict("edit.conflict", f"{found.name} was changed by somebody else since it was read", thing=name)
        saved = freezes.update(connection, _drafted(connection, draft, found))
        scheduling.thaw(context, connection)
        context.note(
            connection,
            actor,
            "freeze.changed",
            f"changed freeze {saved.name}{_words(saved)}",
            thing=saved.id,
            before=found,
            after=saved,
        )
        return _views(context, connection, [saved])[0]


def remove(context: Context, actor: Actor, name: str) -> None:
    """Remove it: it no longer holds anything back."""
    actor.require(Permission.FREEZE_EDIT)
    with context.database.transaction() as connection:
        found = freezes.by_name_or_id(connection, name)
        freezes.delete(connection, found.id)
        scheduling.thaw(context, connection)
        context.note(connection, actor, "freeze.removed", f"removed freeze {found.name}", thing=found.id, before=found)


def _drafted(connection: Connection, draft: Draft, before: Freeze) -> Freeze:
    zone_named(draft.zone)
    wanted = replace(
        before,
        name=draft.name.strip(),
        starts_at=draft.starts_at or before.starts_at,
        ends_at=draft.ends_at,
        projects=tuple(projects.by_name_or_id(connection, name).id for name in draft.projects),
        environments=tuple(environments.by_name_or_id(connection, name).id for name in draft.environments),
        reason=draft.reason,
        cron=draft.cron.strip(),
        zone=draft.zone,
        lasts_s=draft.lasts_s,
        binds_runbooks=draft.binds_runbooks,
        tenants=tuple(tenants.by_name_or_id(connection, name).id for name in draft.tenants),
    )
    return check(wanted)


def _may_view(actor: Actor, freeze: Freeze) -> bool:
    return any(
        actor.may_somewhere(Permission.VIEW, project=project, environment=environment, tenant=tenant)
        for project in freeze.projects or (None,)
        for environment in freeze.environments or (None,)
        for tenant in freeze.tenants or (None,)
    )


def _words(freeze: Freeze) -> str:
    end = f" until {freeze.ends_at:%Y-%m-%d %H:%M %Z}" if freeze.ends_at else ""
    when = f" from {freeze.starts_at:%Y-%m-%d %H:%M %Z}{end}"
    return f"{when}, {freeze.cron} for {freeze.lasts_s / 60:g} min" if freeze.cron else when


def _views(
    context: Context, connection: Connection, found: Sequence[Freeze], actor: Actor | None = None
) -> list[FreezeView]:
    """With `actor`, only the names of projects and tenants that they may view."""
    owners = projects.names(connection)
    places = {one.id: one.name for one in environments.all_of(connection)}
    whose = tenants.names(connection, (id for one in found for id in one.tenants))
    now = context.clock.now()
    return [
        FreezeView(
            one,
            tuple(
                owners.get(id, id)
                for id in one.projects
                if actor is None or actor.may_somewhere(Permission.VIEW, project=id)
            ),
            tuple(places.get(id, id) for id in one.environments),
            tuple(
                whose.get(id, id)
                for id in one.tenants
                if actor is None or actor.may_somewhere(Permission.VIEW, tenant=id)
            ),
            one.until(now, zone_named(one.zone)) is not None,
        )
        for one in found
    ]
