"""Looking at triggers: at those whose time has come, at what happened, and when a person asks; each time recorded.

What a trigger begins, the record of it and that its event was looked at stand in one transaction: an event fires once,
though the server dies, or is told of it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import takewhile

from fairlead.domain.actor import SYSTEM, Actor
from fairlead.domain.errors import Conflict, FairleadError
from fairlead.domain.ids import EnvironmentId, TargetId
from fairlead.domain.looked_up import NotLookedUp
from fairlead.domain.permission import Permission
from fairlead.domain.trigger import GRACE, Evaluation, Trigger, TriggerEvent, TriggerKind
from fairlead.domain.zones import zone_named
from fairlead.store import environments, packages, projects, target_health, targets, triggers
from fairlead.store.database import Connection
from fairlead.usecases.context import Context
from fairlead.usecases.firing import Occasion, fire
from fairlead.usecases.firing_for_tenants import hint_of
from fairlead.usecases.happenings import target_is_there, watches_package
from fairlead.usecases.refused_runs import tell_refused_runs
from fairlead.usecases.script_sources import with_lookups
from fairlead.usecases.triggers import as_seen

MOST_AT_ONCE = 50
GATHERED_S = 5.0
"""Targets that become available within so long are deployed to together: machines are started in groups."""


def evaluate(context: Context, actor: Actor, project: str, name: str) -> Evaluation:
    """Do now what it is for, whatever its time: with the newest package that it watches, or all of its targets that
    answer. It is recorded like any other time; where it was looked at for several environments, the answer's reason
    says of each what became of it. Conflict `trigger.asked` for kinds that wait for a registry."""
    actor.require_somewhere(Permission.TRIGGER_EDIT)
    made = with_lookups(context, lambda inner: _asked(inner, actor, project, name))
    context.durable.wake()
    return _together(made)


def _asked(context: Context, actor: Actor, project: str, name: str) -> list[Evaluation]:
    with context.database.transaction() as connection:
        owner = projects.by_name_or_id(connection, project)
        actor.require(Permission.TRIGGER_EDIT, project=owner.id)
        found = triggers.by_name_or_id(connection, owner.id, name)
        _require_askable(found)
        made = _attempt_each(context, connection, found, _occasions_asked(context, connection, found))
        return [as_seen(actor, owner.id, one) for one in made]


def evaluate_due(context: Context) -> int:
    """Schedules whose time has come do what they are for, or it is recorded why not; how many."""
    now = context.clock.now()
    with context.database.reading() as connection:
        due = triggers.due(connection, TriggerKind.SCHEDULE, now, limit=MOST_AT_ONCE)
    for one in due:
        with_lookups(context, partial(_evaluated_due, one=one, now=now))
    if due:
        context.durable.wake()
    return len(due)


def _evaluated_due(context: Context, *, one: Trigger, now: datetime) -> None:
    with context.database.transaction() as connection:
        held = triggers.find(connection, one.id)
        if held is None or held.next_at != one.next_at:
            return
        triggers.update(connection, replace(held, next_at=held.due_after(now, zone_named(held.zone))))
        made = _attempt_each(context, connection, held, [Occasion()], due_at=one.next_at)
        tell_refused_runs(context, connection, held, made)


def act_on_events(context: Context) -> int:
    """Triggers are looked at for what happened and they were not looked at for yet; for how many events."""
    now = context.clock.now()
    with context.database.reading() as connection:
        found = triggers.waiting(connection, now, limit=MOST_AT_ONCE)
    acted = sum(with_lookups(context, partial(_acted, together=one, now=now)) for one in _gathered(found, now))
    if acted:
        context.durable.wake()
    return acted


def _acted(context: Context, *, together: Sequence[TriggerEvent], now: datetime) -> int:
    with context.database.transaction() as connection:
        trigger = triggers.find(connection, together[0].trigger)
        taken = [one for one in together if triggers.take(connection, one, now)]
        if trigger is None or not taken:
            return 0
        made = _attempt_each(context, connection, trigger, _occasions_of(taken))
        tell_refused_runs(context, connection, trigger, made)
        return len(taken)


def could_not_look(context: Context, trigger: Trigger, error: FairleadError) -> None:
    """A registry was not asked with success: recorded once, until something else happens."""
    with context.database.transaction() as connection:
        before = triggers.evaluated(connection, trigger.id, limit=1).items
        if triggers.find(connection, trigger.id) is None or (before and before[0].code == error.code):
            return
        record = _blank(context, trigger, None, "")
        _keep(connection, replace(record, reason=error.message, code=error.code, hint=error.hint))


def latest_or_nothing(context: Context, connection: Connection, trigger: Trigger, before: str) -> Evaluation:
    """The record that was made since, where `before` was the newest one; else that nothing newer was found."""
    held = triggers.evaluated(connection, trigger.id, limit=MOST_AT_ONCE).items
    if since := list(takewhile(lambda one: one.id != before, held)):
        return _together(since[::-1])
    record = _blank(context, trigger, None, "")
    words = "the registry has no newer version than was looked at before"
    return _keep(connection, replace(record, reason=words, code="trigger.same_version"))


def _require_askable(trigger: Trigger) -> None:
    if trigger.kind is TriggerKind.PUSH:
        raise Conflict(
            "trigger.asked",
            f"{trigger.name} waits for a registry that tells of a push: there is nothing to do now",
            thing=trigger.name,
            hint="push a tag, or make the release: fairlead release create",
        )


def _occasions_asked(context: Context, connection: Connection, trigger: Trigger) -> Sequence[Occasion]:
    if trigger.kind is TriggerKind.PACKAGE:
        return [_newest_packages(connection, trigger)]
    if trigger.kind is TriggerKind.TARGET:
        silent = target_health.unavailable(connection)
        for target in targets.all_of(connection):
            if target.is_enabled and target.id not in silent:
                target_is_there(context, connection, trigger, target)
        told = triggers.waiting_of(connection, trigger.id)
        taken = [one for one in told if triggers.take(connection, one, context.clock.now())]
        return list(_occasions_of(taken)) or [Occasion("nothing happened")]
    return [Occasion()]


def _newest_packages(connection: Connection, trigger: Trigger) -> Occasion:
    is_watched = watches_package(connection, trigger)
    newest = [one for one in packages.newest_of_each(connection) if is_watched(one.name)]
    shown = ", ".join(f"{one.name} {one.version}" for one in newest)
    said = f"the feed has {shown}" if shown else "the feed has nothing that it watches"
    return Occasion(said, {one.name: one.version for one in newest})


def _gathered(found: Sequence[TriggerEvent], now: datetime) -> Iterator[list[TriggerEvent]]:
    """One by one; those of targets together for each trigger, once the oldest of them has waited a little."""
    of_targets: dict[str, list[TriggerEvent]] = {}
    for one in found:
        if one.target is None:
            yield [one]
        else:
            of_targets.setdefault(one.trigger, []).append(one)
    for together in of_targets.values():
        if together[0].at <= now - timedelta(seconds=GATHERED_S):
            yield together


def _occasions_of(events: Sequence[TriggerEvent]) -> Iterator[Occasion]:
    """One for what came; of targets one for each environment."""
    of_targets = [one for one in events if one.target is not None]
    for one in events:
        if one.target is None:
            yield Occasion(one.said, one.packages, one.images)
    places: dict[EnvironmentId, list[TriggerEvent]] = {}
    for one in of_targets:
        for place in one.environments:
            places.setdefault(place, []).append(one)
    for place, here in places.items():
        said = "; ".join(dict.fromkeys(one.said for one in here))
        yield Occasion(said, targets=tuple(dict.fromkeys(_targets(here))), environment=place)


def _targets(events: Iterable[TriggerEvent]) -> Iterator[TargetId]:
    return (one.target for one in events if one.target is not None)


def _attempt_each(
    context: Context,
    connection: Connection,
    trigger: Trigger,
    occasions: Iterable[Occasion],
    *,
    due_at: datetime | None = None,
) -> list[Evaluation]:
    """A runbook once for each environment that it runs in: what one of them refuses keeps it from no other."""
    wanted = [
        replace(occasion, environment=place) if place else occasion
        for occasion in occasions
        for place in trigger.places or (None,)
    ]
    return [_attempt(context, connection, trigger, one, due_at=due_at) for one in wanted]


def _together(made: Sequence[Evaluation]) -> Evaluation:
    """The first that fired, or else the last; its reason has those of all."""
    told = next((one for one in made if one.has_fired), made[-1])
    if len(made) == 1:
        return told
    said = (f"{one.environment}: {one.reason}" if one.environment else one.reason for one in made)
    whose = tuple(each for one in made for each in one.tenants)
    return replace(told, reason="; ".join(dict.fromkeys(said)), environment="", tenants=whose)


def _attempt(
    context: Context, connection: Connection, trigger: Trigger, occasion: Occasion, *, due_at: datetime | None = None
) -> Evaluation:
    """Done or refused, and recorded. What goes wrong undoes what was begun, and neither the record nor the rest."""
    place = environments.find(connection, occasion.environment) if occasion.environment else None
    record = replace(_blank(context, trigger, due_at, occasion.said), environment=place.name if place else "")
    if due_at is not None and record.at - due_at > GRACE:
        late = f"it was due at {due_at.isoformat()}, when no server ran; more than {GRACE} late it is left out"
        return _keep(connection, replace(record, reason=late, code="trigger.missed"))
    try:
        with connection.begin_nested():
            done = fire(context.within(connection), connection, trigger, occasion, record)
    except NotLookedUp:
        raise
    except FairleadError as error:
        done = replace(record, reason=error.message, code=error.code, hint=hint_of(trigger, error))
    except Exception as bug:  # noqa: BLE001 - the rim of a trigger: it must not be looked at for ever for one event
        words = f"{type(bug).__name__}: {bug}"[:1000]
        done = replace(record, reason=words, code="trigger.failed")
        context.note(connection, SYSTEM, "trigger.failed", f"{trigger.name}: {words}", thing=trigger.id)
    return _keep(connection, done)


def _blank(context: Context, trigger: Trigger, due_at: datetime | None, said: str) -> Evaluation:
    id, now = context.ids.new("tev"), context.clock.now()
    return Evaluation(id, trigger.id, now, due_at, has_fired=False, reason="", event=said[:2000])


def _keep(connection: Connection, one: Evaluation) -> Evaluation:
    triggers.record(connection, one)
    triggers.forget_old(connection, one.trigger)
    return one
