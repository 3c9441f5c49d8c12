"""Triggers: making, changing, removing them, and why each did or did not do what it is for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Literal

from fairlead.domain.actor import Actor
from fairlead.domain.errors import Conflict
from fairlead.domain.ids import ProjectId
from fairlead.domain.permission import Permission
from fairlead.domain.project import Project
from fairlead.domain.reason import Reason
from fairlead.domain.target import tags_of
from fairlead.domain.tenant import known_tags
from fairlead.domain.trigger import (
    ACTIONS,
    DEFAULT_POLL_S,
    Evaluation,
    TargetEvent,
    TenantOutcome,
    Trigger,
    TriggerAction,
    TriggerKind,
    check,
)
from fairlead.domain.zones import zone_named
from fairlead.store import channels, environments, projects, runbooks, tenants, triggers
from fairlead.store.database import Connection
from fairlead.store.shelf import Page
from fairlead.usecases.as_code import refuse_edit
from fairlead.usecases.context import Context
from fairlead.usecases.named_tenants import named_anew, names_for

MOST_TOLD = 20


@dataclass(frozen=True, slots=True)
class TriggerView:
    """A trigger with the names that people know (of tenants, those that the actor may view), and the last time that it
    was looked at."""

    trigger: Trigger
    project: str
    source: str
    destination: str
    channel: str
    last: Evaluation | None
    runbook: str = ""
    environments: tuple[str, ...] = ()
    tenants: tuple[str, ...] = ()

    @property
    def hidden_tenants(self) -> int:
        """How many more tenants it names."""
        return len(self.trigger.tenants) - len(self.tenants)


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person gives of a trigger; `action` None: what its kind does first of all."""

    name: str
    cron: str = ""
    action: TriggerAction | None = None
    zone: str = "UTC"
    source: str = ""
    destination: str = ""
    channel: str = ""
    is_forced: bool = False
    is_enabled: bool = True
    kind: TriggerKind = TriggerKind.SCHEDULE
    runbook: str = ""
    watches: Sequence[str] = ()
    poll_s: int = DEFAULT_POLL_S
    environments: Sequence[str] = ()
    tags: Sequence[str] = ()
    events: Sequence[TargetEvent] = ()
    tenants: Sequence[str] = ()
    tenant_tags: Sequence[str] = ()


def all_of(context: Context, actor: Actor, project: str) -> Sequence[TriggerView]:
    """The project's, by name."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        owner = projects.by_name_or_id(connection, project)
        actor.require_somewhere(Permission.VIEW, project=owner.id)
        return _views(connection, actor, owner, triggers.of_project(connection, owner.id))


def page(
    context: Context, actor: Actor, project: str, *, search: str = "", after: str | None = None, limit: int = 50
) -> Page[TriggerView]:
    """The project's, by name, a part at a time."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        owner = projects.by_name_or_id(connection, project)
        actor.require_somewhere(Permission.VIEW, project=owner.id)
        part = triggers.page(connection, owner.id, search=search, after=after, limit=limit)
        return Page(tuple(_views(connection, actor, owner, part.items)), part.after)


def get(context: Context, actor: Actor, project: str, name: str) -> TriggerView:
    """By name or id; NotFound `trigger.unknown`."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        owner = projects.by_name_or_id(connection, project)
        actor.require_somewhere(Permission.VIEW, project=owner.id)
        return _view(connection, actor, owner, triggers.by_name_or_id(connection, owner.id, name))


def put(context: Context, actor: Actor, project: str, draft: Draft, *, revision: int | None = None) -> TriggerView:
    """Make the project's trigger of this name, or replace it. With `revision` only if
    nobody changed it since, else Conflict `edit.conflict`. Who makes it must be allowed what it will do."""
    actor.require_somewhere(Permission.TRIGGER_EDIT)
    now = context.clock.now()
    with context.database.transaction() as connection:
        owner = projects.by_name_or_id(connection, project)
        actor.require(Permission.TRIGGER_EDIT, project=owner.id)
        refuse_edit(context, owner, "trigger")
        before = next((one for one in triggers.of_project(connection, owner.id) if one.name == draft.name), None)
        if revision is not None and (before is None or before.revision != revision):
            raise Conflict("edit.conflict", f"{draft.name} was changed by somebody else since it was read")
        action = draft.action or ACTIONS[draft.kind][0]
        blank = Trigger(context.ids.new("trg"), owner.id, draft.name, now, draft.cron, action)
        wanted = _drafted(context, connection, actor, owner, draft, before or replace(blank, created_by=actor.name))
        if before is None:
            triggers.insert(connection, wanted)
        saved = wanted if before is None else triggers.update(connection, wanted)
        words = f"{'added' if before is None else 'changed'} trigger {saved.name}: {saved.action.value}, {saved.when}"
        kind = "trigger.added" if before is None else "trigger.changed"
        context.note(connection, actor, kind, words, thing=saved.id, project=owner.name, before=before, after=saved)
        return _view(connection, actor, owner, saved)


def remove(context: Context, actor: Actor, project: str, name: str) -> None:
    """Gone, with its record."""
    actor.require_somewhere(Permission.TRIGGER_EDIT)
    with context.database.transaction() as connection:
        owner = projects.by_name_or_id(connection, project)
        actor.require(Permission.TRIGGER_EDIT, project=owner.id)
        refuse_edit(context, owner, "trigger")
        found = triggers.by_name_or_id(connection, owner.id, name)
        triggers.delete(connection, found.id)
        words = f"removed trigger {found.name}"
        context.note(connection, actor, "trigger.removed", words, thing=found.id, project=owner.name, before=found)


def evaluated(
    context: Context,
    actor: Actor,
    project: str,
    name: str,
    *,
    has_fired: bool | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[Evaluation]:
    """Each time that it was looked at, the newest first."""
    found = get(context, actor, project, name).trigger
    with context.database.reading() as connection:
        part = triggers.evaluated(connection, found.id, has_fired=has_fired, after=after, limit=limit)
        return Page(tuple(as_seen(actor, found.project, one) for one in part.items), part.after)


def lately_evaluated(
    context: Context, actor: Actor, project: str, shown: Iterable[TriggerView], *, limit: int = 10
) -> Mapping[str, Sequence[Evaluation]]:
    """The last times that each of those triggers of the project was looked at, by its id, the newest first."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        owner = projects.by_name_or_id(connection, project)
        actor.require_somewhere(Permission.VIEW, project=owner.id)
        known = [one.trigger.id for one in shown if one.trigger.project == owner.id]
        newest = triggers.newest_evaluated(connection, known, limit=limit)
        return {id: [as_seen(actor, owner.id, one) for one in held] for id, held in newest.items()}


def as_seen(actor: Actor, project: ProjectId, one: Evaluation) -> Evaluation:
    """Without what became of it for tenants that the actor may not view in the project."""
    seen = (told for told in one.tenants if actor.may_somewhere(Permission.VIEW, project=project, tenant=told.tenant))
    return replace(one, tenants=tuple(seen))


def why(context: Context, actor: Actor, project: str, name: str) -> Reason:
    """Why it did, or did not do, what it is for: the last times that it was looked at."""
    view = get(context, actor, project, name)
    told = evaluated(context, actor, project, name, limit=MOST_TOLD).items
    because = tuple(
        Reason(
            f"{one.event}: " * bool(one.event)
            + f"in {one.environment}: " * bool(one.environment)
            + ("fired: " if one.has_fired else "did not fire: ")
            + one.reason,
            tuple(_for_tenant(each) for each in one.tenants),
            code=one.code,
            hint=one.hint,
            at=one.at,
            noun=noun,
            thing=thing,
        )
        for one in told
        for noun, thing in [_begun(one)]
    )
    one = view.trigger
    state = f"is {_due(one)}" + ("" if told else "; it was never looked at")
    return Reason(f"trigger {one.name} of {view.project} ({one.when}) {state}", because, at=one.created_at)


def _for_tenant(one: TenantOutcome) -> Reason:
    noun, thing = _begun(one)
    return Reason(f"for {one.name}: {one.reason}", code=one.code, hint=one.hint, noun=noun, thing=thing)


def _begun(one: Evaluation | TenantOutcome) -> tuple[Literal["", "deployment", "run", "task"], str]:
    """What it began, and its id; "" where that is nothing, or has no page of its own."""
    if one.deployment:
        return "deployment", one.deployment
    if isinstance(one, Evaluation) and one.run:
        return "run", one.run
    return ("task", one.task) if one.task else ("", "")


def _due(one: Trigger) -> str:
    if not one.is_enabled:
        return "disabled"
    if one.kind is TriggerKind.IMAGE and one.next_at is not None:
        return f"going to ask the registry at {one.next_at.isoformat()}"
    if one.kind is not TriggerKind.SCHEDULE:
        return "waiting for that"
    there = f" ({one.next_there})" if one.next_there else ""
    return f"due next at {one.next_at.isoformat()}{there}" if one.next_at else "over"


_NEEDED = {
    TriggerAction.DEPLOY_LATEST: Permission.DEPLOYMENT_CREATE,
    TriggerAction.DEPLOY_CURRENT: Permission.DEPLOYMENT_CREATE,
    TriggerAction.NEW_RELEASE: Permission.RELEASE_CREATE,
    TriggerAction.RUN_RUNBOOK: Permission.RUNBOOK_RUN,
}
"""What who makes it must be allowed; for a run of the branch's head `run.start`."""


def _drafted(
    context: Context, connection: Connection, actor: Actor, owner: Project, draft: Draft, before: Trigger
) -> Trigger:
    zone, now = zone_named(draft.zone), context.clock.now()
    source = environments.by_name_or_id(connection, draft.source).id if draft.source else None
    destination = environments.by_name_or_id(connection, draft.destination).id if draft.destination else None
    known = {one.name: one.id for one in channels.of_project(connection, owner.id)}
    channel = known.get(draft.channel) or (channels.get(connection, draft.channel).id if draft.channel else None)
    runbook = runbooks.by_name_or_id(connection, owner.id, draft.runbook).id if draft.runbook else None
    wanted = replace(
        before,
        cron=draft.cron.strip(),
        action=draft.action or ACTIONS[draft.kind][0],
        zone=draft.zone,
        source=source,
        destination=destination,
        channel=channel,
        is_forced=draft.is_forced,
        is_enabled=draft.is_enabled,
        kind=draft.kind,
        runbook=runbook,
        watches=tuple(dict.fromkeys(one.strip() for one in draft.watches)),
        poll_s=draft.poll_s,
        environments=tuple(environments.by_name_or_id(connection, name).id for name in draft.environments),
        tags=tags_of(draft.tags),
        events=tuple(dict.fromkeys(draft.events)),
        tenants=named_anew(connection, actor, draft.tenants, before=before.tenants),
        tenant_tags=known_tags(draft.tenant_tags, tenants.sets(connection)) if draft.tenant_tags else (),
    )
    _require_allowed(actor, owner, wanted)
    return replace(check(wanted, now=now, zone=zone), next_at=_first_time(wanted, now, zone))


def _require_allowed(actor: Actor, owner: Project, wanted: Trigger) -> None:
    """For each tenant that it names; for nobody, or those whom tags may ever mean, without a restriction to tenants."""
    is_run = wanted.kind is TriggerKind.SCHEDULE and wanted.action is TriggerAction.NEW_RELEASE
    may = Permission.RUN_START if is_run and owner.source is not None else _NEEDED[wanted.action]
    places = wanted.places or ((wanted.destination,) if wanted.destination else (wanted.environments or (None,)))
    whose = wanted.tenants if wanted.tenants and not wanted.tenant_tags else (None,)
    for place in (None,) if wanted.action is TriggerAction.NEW_RELEASE else places:
        for tenant in whose:
            actor.require(may, project=owner.id, environment=place, tenant=tenant)


def _first_time(wanted: Trigger, now: datetime, zone: tzinfo) -> datetime | None:
    """A registry is asked at once."""
    if wanted.kind is TriggerKind.IMAGE and wanted.is_enabled:
        return now
    return wanted.due_after(now, zone)


def _view(connection: Connection, actor: Actor, owner: Project, one: Trigger) -> TriggerView:
    [view] = _views(connection, actor, owner, [one])
    return view


def _views(connection: Connection, actor: Actor, owner: Project, found: Sequence[Trigger]) -> list[TriggerView]:
    """As many queries for one as for all of a project's."""
    names = {place.id: place.name for place in environments.all_of(connection)}
    lines = {line.id: line.name for line in channels.of_project(connection, owner.id)}
    books = {book.id: book.name for book in runbooks.of_project(connection, owner.id)}
    whose = names_for(connection, actor, (id for one in found for id in one.tenants))
    newest = triggers.newest_evaluated(connection, [one.id for one in found])
    last = {id: as_seen(actor, owner.id, held[0]) for id, held in newest.items() if held}
    return [
        TriggerView(
            one,
            owner.name,
            names.get(one.source, "") if one.source else "",
            names.get(one.destination, "") if one.destination else "",
            lines.get(one.channel, "") if one.channel else "",
            last.get(one.id),
            books.get(one.runbook, "") if one.runbook else "",
            tuple(names.get(id, id) for id in one.environments),
            tuple(name for id, name in whose.items() if id in one.tenants),
        )
        for one in found
    ]
