"""Triggers: making, changing, removing them, and doing what they are for when their time comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from fairlead.domain.actor import SYSTEM, Actor
from fairlead.domain.errors import Conflict, FairleadError
from fairlead.domain.permission import Permission
from fairlead.domain.project import Project
from fairlead.domain.reason import Reason
from fairlead.domain.release import Release
from fairlead.domain.trigger import GRACE, Evaluation, Trigger, TriggerAction, check
from fairlead.domain.zones import zone_named
from fairlead.store import channels, contacts, deployments, environments, projects, releases, triggers
from fairlead.store.database import Connection
from fairlead.store.shelf import Page
from fairlead.usecases import deployments as deploying
from fairlead.usecases import runs
from fairlead.usecases.as_code import refuse_edit
from fairlead.usecases.context import Context

MOST_AT_ONCE = 50
MOST_TOLD = 20
LOOKED_BACK = 200
"""Live deployments of an environment that are looked through for the latest of a channel."""


@dataclass(frozen=True, slots=True)
class TriggerView:
    """A trigger with the names that people know, and the last time that it was looked at."""

    trigger: Trigger
    project: str
    source: str
    destination: str
    channel: str
    last: Evaluation | None


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person gives of a trigger."""

    name: str
    cron: str
    action: TriggerAction = TriggerAction.DEPLOY_LATEST
    zone: str = "UTC"
    source: str = ""
    destination: str = ""
    channel: str = ""
    is_forced: bool = False
    is_enabled: bool = True


def all_of(context: Context, actor: Actor, project: str) -> Sequence[TriggerView]:
    """The project's, by name."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        owner = projects.by_name_or_id(connection, project)
        actor.require_somewhere(Permission.VIEW, project=owner.id)
        return [_view(connection, owner, one) for one in triggers.of_project(connection, owner.id)]


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
        blank = Trigger(context.ids.new("trg"), owner.id, draft.name, now, draft.cron, draft.action)
        wanted = _drafted(context, connection, actor, owner, draft, before or replace(blank, created_by=actor.name))
        if before is None:
            triggers.insert(connection, wanted)
        saved = wanted if before is None else triggers.update(connection, wanted)
        words = f"{'added' if before is None else 'changed'} trigger {saved.name}: {saved.action.value}, {saved.cron}"
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
    context: Context, actor: Actor, project: str, name: str, *, after: str | None = None, limit: int = 50
) -> Page[Evaluation]:
    """Each time that it was looked at, the newest first."""
    found = get(context, actor, project, name)
    with context.database.reading() as connection:
        return triggers.evaluated(connection, found.trigger.id, after=after, limit=limit)


def evaluate(context: Context, actor: Actor, project: str, name: str) -> Evaluation:
    """Do now what it is for, whatever its time; it is recorded like any other time."""
    actor.require_somewhere(Permission.TRIGGER_EDIT)
    with context.database.reading() as connection:
        owner = projects.by_name_or_id(connection, project)
        actor.require(Permission.TRIGGER_EDIT, project=owner.id)
        found = triggers.by_name_or_id(connection, owner.id, name)
    return _fire(context, found, None)


def evaluate_due(context: Context) -> int:
    """Those whose time has come do what they are for, or it is recorded why not; how many."""
    now = context.clock.now()
    with context.database.transaction() as connection:
        due = triggers.due(connection, now, limit=MOST_AT_ONCE)
        for one in due:
            triggers.update(connection, replace(one, next_at=one.due_after(now, zone_named(one.zone))))
    for one in due:
        _fire(context, one, one.next_at)
    return len(due)


def why(context: Context, actor: Actor, project: str, name: str) -> Reason:
    """Why it did, or did not do, what it is for: the last times that it was looked at."""
    view = get(context, actor, project, name)
    told = evaluated(context, actor, project, name, limit=MOST_TOLD).items
    because = tuple(
        Reason(
            ("fired: " if one.has_fired else "did not fire: ") + one.reason,
            code=one.code,
            hint=one.hint,
            at=one.at,
            noun="deployment" if one.deployment else "run" if one.run else "",
            thing=one.deployment or one.run or "",
        )
        for one in told
    )
    one = view.trigger
    due = (
        f"is due next at {one.next_at.isoformat()}" if one.next_at else "is disabled" if not one.is_enabled else "ends"
    )
    if not told:
        due += "; it was never looked at"
    return Reason(f"trigger {one.name} of {view.project} ({one.cron}, {one.zone}) {due}", because, at=one.created_at)


def _fire(context: Context, trigger: Trigger, due_at: datetime | None) -> Evaluation:
    now = context.clock.now()
    record = Evaluation(context.ids.new("tev"), trigger.id, now, due_at, has_fired=False, reason="")
    if due_at is not None and now - due_at > GRACE:
        late = f"it was due at {due_at.isoformat()}, when no server ran; more than {GRACE} late it is left out"
        return _record(context, trigger, replace(record, reason=late, code="trigger.missed"))
    actor = replace(SYSTEM, name=f"trigger {trigger.name}", via="schedule")
    try:
        done = _run(context, actor, trigger, record)
    except FairleadError as error:
        done = replace(record, reason=error.message, code=error.code, hint=error.hint)
    return _record(context, trigger, done)


def _record(context: Context, trigger: Trigger, one: Evaluation) -> Evaluation:
    with context.database.transaction() as connection:
        if triggers.find(connection, trigger.id) is not None:
            triggers.record(connection, one)
            triggers.forget_old(connection, trigger.id)
    return one


def _run(context: Context, actor: Actor, trigger: Trigger, record: Evaluation) -> Evaluation:
    with context.database.reading() as connection:
        owner = projects.get(connection, trigger.project)
        head = contacts.of(connection, owner.id)
        found = None if trigger.action is TriggerAction.NEW_RELEASE else _latest(connection, owner, trigger)
    if not owner.is_enabled:
        raise Conflict("trigger.nothing", f"{owner.name} is disabled", thing=owner.name)
    if trigger.action is TriggerAction.NEW_RELEASE:
        if head is None or not head.head:
            raise Conflict("trigger.nothing", "the repository was not read yet", thing=owner.name)
        made = runs.start(context, actor, owner.id, head.head)
        return replace(record, has_fired=True, reason=f"run {made.number} of {head.head[:12]} began", run=made.id)
    if found is None:
        raise Conflict("trigger.nothing", _nothing(context, trigger), thing=owner.name)
    view = deploying.create(context, actor, owner.id, found.id, str(trigger.destination), is_forced=trigger.is_forced)
    words = f"{found.version} to {view.environment} is {view.deployment.state.value}"
    return replace(record, has_fired=True, reason=words, deployment=view.deployment.id)


def _latest(connection: Connection, owner: Project, trigger: Trigger) -> Release | None:
    """The latest release that is live in the source, or without a source the latest made; of the channel, if any."""
    if trigger.source is None:
        known: Sequence[Release] = releases.page(connection, project=owner.id, limit=LOOKED_BACK).items
    else:
        live = deployments.live_ones(connection, owner.id, trigger.source, limit=LOOKED_BACK)
        by_id = releases.many(connection, [one.release for one in live])
        known = [by_id[one.release] for one in live if one.release in by_id]
    return next((one for one in known if trigger.channel in (None, one.channel)), None)


def _nothing(context: Context, trigger: Trigger) -> str:
    with context.database.reading() as connection:
        where = environments.get(connection, trigger.source).name if trigger.source else ""
        line = channels.get(connection, trigger.channel).name if trigger.channel else ""
    which = f" of channel {line}" if line else ""
    return f"no release{which} was ever live in {where}" if where else f"there is no release{which}"


def _drafted(
    context: Context, connection: Connection, actor: Actor, owner: Project, draft: Draft, before: Trigger
) -> Trigger:
    zone, now = zone_named(draft.zone), context.clock.now()
    source = environments.by_name_or_id(connection, draft.source).id if draft.source else None
    destination = environments.by_name_or_id(connection, draft.destination).id if draft.destination else None
    known = {one.name: one.id for one in channels.of_project(connection, owner.id)}
    channel = known.get(draft.channel) or (channels.get(connection, draft.channel).id if draft.channel else None)
    may = Permission.DEPLOYMENT_CREATE if draft.action is TriggerAction.DEPLOY_LATEST else Permission.RUN_START
    actor.require(may, project=owner.id, environment=destination)
    wanted = replace(
        before,
        cron=draft.cron.strip(),
        action=draft.action,
        zone=draft.zone,
        source=source,
        destination=destination,
        channel=channel,
        is_forced=draft.is_forced,
        is_enabled=draft.is_enabled,
    )
    return replace(check(wanted, now=now, zone=zone), next_at=wanted.due_after(now, zone))


def _view(connection: Connection, owner: Project, one: Trigger) -> TriggerView:
    names = {place.id: place.name for place in environments.all_of(connection)}
    lines = {line.id: line.name for line in channels.of_project(connection, owner.id)}
    last = triggers.evaluated(connection, one.id, limit=1).items
    return TriggerView(
        one,
        owner.name,
        names.get(one.source, "") if one.source else "",
        names.get(one.destination, "") if one.destination else "",
        lines.get(one.channel, "") if one.channel else "",
        last[0] if last else None,
    )
