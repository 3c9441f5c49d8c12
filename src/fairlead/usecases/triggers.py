"""Triggers: making, changing, removing them, and why each did or did not do what it is for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Literal

from fairlead.domain.actor import Actor
from fairlead.domain.errors import Conflict
from fairlead.domain.permission import Permission
from fairlead.domain.project import Project
from fairlead.domain.reason import Reason
from fairlead.domain.target import tags_of
from fairlead.domain.trigger import (
    ACTIONS,
    DEFAULT_POLL_S,
    Evaluation,
    TargetEvent,
    Trigger,
    TriggerAction,
    TriggerKind,
    check,
)
from fairlead.domain.zones import zone_named
from fairlead.store import channels, environments, projects, runbooks, triggers
from fairlead.store.database import Connection
from fairlead.store.shelf import Page
from fairlead.usecases.as_code import refuse_edit
from fairlead.usecases.context import Context

MOST_TOLD = 20


@dataclass(frozen=True, slots=True)
class TriggerView:
    """A trigger with the names that people know, and the last time that it was looked at."""

    trigger: Trigger
    project: str
    source: str
    destination: str
    channel: str
    last: Evaluation | None
    runbook: str = ""
    environments: tuple[str, ...] = ()


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


def all_of(context: Context, actor: Actor, project: str) -> Sequence[TriggerView]:
    """The project's, by name."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        owner = projects.by_name_or_id(connection, project)
        actor.require_somewhere(Permission.VIEW, project=owner.id)
        return _views(connection, owner, triggers.of_project(connection, owner.id))


def page(
    context: Context, actor: Actor, project: str, *, search: str = "", after: str | None = None, limit: int = 50
) -> Page[TriggerView]:
    """The project's, by name, a part at a time."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        owner = projects.by_name_or_id(connection, project)
        actor.require_somewhere(Permission.VIEW, project=owner.id)
        part = triggers.page(connection, owner.id, search=search, after=after, limit=limit)
        return Page(tuple(_views(connection, owner, part.items)), part.after)


def get(context: Context, actor: Actor, project: str, name: str) -> TriggerView:
    """By name or id; NotFound `trigger.unknown`."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        owner = projects.by_name_or_id(connection, project)
        actor.require_somewhere(Permission.VIEW, project=owner.id)
        return _view(connection, owner, triggers.by_name_or_id(connection, owner.id, name))


def put(context: Context, actor: Actor, project: str, draft: Draft, *, revision: int | None = None) -> TriggerView:
    """The project's trigger of this name is so from now on; a new one where there is none. With `revision` only if
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
        return _view(connection, owner, saved)


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
    found = get(context, actor, project, name)
    with context.database.reading() as connection:
        return triggers.evaluated(connection, found.trigger.id, has_fired=has_fired, after=after, limit=limit)


def lately_evaluated(
    context: Context, actor: Actor, project: str, shown: Iterable[TriggerView], *, limit: int = 10
) -> Mapping[str, Sequence[Evaluation]]:
    """The last times that each of those triggers of the project was looked at, by its id, the newest first."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        owner = projects.by_name_or_id(connection, project)
        actor.require_somewhere(Permission.VIEW, project=owner.id)
        known = [one.trigger.id for one in shown if one.trigger.project == owner.id]
        return triggers.newest_evaluated(connection, known, limit=limit)


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


def _begun(one: Evaluation) -> tuple[Literal["", "deployment", "run", "task"], str]:
    """What it began, and its id; "" where that is nothing, or has no page of its own."""
    if one.deployment:
        return "deployment", one.deployment
    return ("run", one.run) if one.run else ("task", one.task) if one.task else ("", "")


def _due(one: Trigger) -> str:
    if not one.is_enabled:
        return "disabled"
    if one.kind is TriggerKind.IMAGE and one.next_at is not None:
        return f"going to ask the registry at {one.next_at.isoformat()}"
    if one.kind is not TriggerKind.SCHEDULE:
        return "waiting for that"
    return f"due next at {one.next_at.isoformat()}" if one.next_at else "over"


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
    )
    _require_allowed(actor, owner, wanted)
    return replace(check(wanted, now=now, zone=zone), next_at=_first_time(wanted, now, zone))


def _require_allowed(actor: Actor, owner: Project, wanted: Trigger) -> None:
    is_run = wanted.kind is TriggerKind.SCHEDULE and wanted.action is TriggerAction.NEW_RELEASE
    may = Permission.RUN_START if is_run and owner.source is not None else _NEEDED[wanted.action]
    places = wanted.places or ((wanted.destination,) if wanted.destination else (wanted.environments or (None,)))
    for place in (None,) if wanted.action is TriggerAction.NEW_RELEASE else places:
        actor.require(may, project=owner.id, environment=place)


def _first_time(wanted: Trigger, now: datetime, zone: tzinfo) -> datetime | None:
    """A registry is asked at once."""
    if wanted.kind is TriggerKind.IMAGE and wanted.is_enabled:
        return now
    return wanted.due_after(now, zone)


def _view(connection: Connection, owner: Project, one: Trigger) -> TriggerView:
    [view] = _views(connection, owner, [one])
    return view


def _views(connection: Connection, owner: Project, found: Sequence[Trigger]) -> list[TriggerView]:
    """As many queries for one as for all of a project's."""
    names = {place.id: place.name for place in environments.all_of(connection)}
    lines = {line.id: line.name for line in channels.of_project(connection, owner.id)}
    books = {book.id: book.name for book in runbooks.of_project(connection, owner.id)}
    last = triggers.newest_evaluated(connection, [one.id for one in found])
    return [
        TriggerView(
            one,
            owner.name,
            names.get(one.source, "") if one.source else "",
            names.get(one.destination, "") if one.destination else "",
            lines.get(one.channel, "") if one.channel else "",
            next(iter(last.get(one.id, ())), None),
            books.get(one.runbook, "") if one.runbook else "",
            tuple(names.get(id, id) for id in one.environments),
        )
        for one in found
    ]
