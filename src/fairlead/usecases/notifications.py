"""Whom to tell of what, and telling them: notices are rows until they are delivered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from fairlead.domain.actor import Actor
from fairlead.domain.errors import Invalid
from fairlead.domain.notification import DEFAULT_EVENTS, EVENTS, NotificationTarget
from fairlead.domain.permission import Permission
from fairlead.store import notifications, projects
from fairlead.usecases.context import Context


def all_of(context: Context, actor: Actor) -> Sequence[NotificationTarget]:
    """Whom, of every project."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        found = notifications.all_of(connection)
    return tuple(one for one in found if _may_view(actor, one))


def add(
    context: Context, actor: Actor, address: str, *, events: Sequence[str] = (), secret: str = "", project: str = ""
) -> NotificationTarget:
    """Mail addresses and http(s) addresses; `secret` signs what is posted to the latter."""
    actor.require_somewhere(Permission.PROJECT_EDIT if project else Permission.SERVER_ADMINISTER)
    is_web = _is_web(address)
    _check(events)
    with context.database.transaction() as connection:
        owner = projects.by_name_or_id(connection, project) if project else None
        if owner is not None:
            actor.require(Permission.PROJECT_EDIT, project=owner.id)
        kept = context.keep(connection, secret, name=f"webhook to {address}", by=actor.name) if secret else None
        made = NotificationTarget(
            context.ids.new("ntf"),
            "webhook" if is_web else "mail",
            address,
            context.clock.now(),
            project=owner.id if owner else None,
            events=tuple(events) or DEFAULT_EVENTS,
            secret=kept,
        )
        notifications.insert(connection, made)
        context.note(
            connection,
            actor,
            "notification.added",
            f"tell {address}",
            thing=made.id,
            project=owner.name if owner else None,
            after=made,
        )
    return made


def change(
    context: Context,
    actor: Actor,
    id: str,
    *,
    events: Sequence[str] | None = None,
    secret: str | None = None,
    revision: int | None = None,
) -> NotificationTarget:
    """Of what they are told, None: as before; `secret` None leaves what signs it as it is, "" takes it away. With
    `revision` only if nobody changed it since, else Conflict `edit.conflict`."""
    _check(events or ())
    with context.database.transaction() as connection:
        held = notifications.get(connection, id)
        actor.require(Permission.PROJECT_EDIT if held.project else Permission.SERVER_ADMINISTER, project=held.project)
        kept = held.secret if secret is None else None
        if secret:
            kept = context.keep(connection, secret, name=f"webhook to {held.address}", by=actor.name)
        told = held.events if events is None else tuple(events) or DEFAULT_EVENTS
        changed = replace(held, events=told, secret=kept, revision=held.revision if revision is None else revision)
        saved = notifications.update(connection, changed)
        context.note(
            connection,
            actor,
            "notification.changed",
            f"tell {held.address} of other things",
            thing=id,
            before=held,
            after=saved,
        )
    return saved


def remove(context: Context, actor: Actor, id: str) -> None:
    """Notify them no longer."""
    with context.database.transaction() as connection:
        held = notifications.get(connection, id)
        actor.require(Permission.PROJECT_EDIT if held.project else Permission.SERVER_ADMINISTER, project=held.project)
        notifications.delete(connection, id)
        context.note(connection, actor, "notification.removed", f"no longer tell {held.address}", thing=id, before=held)


def _may_view(actor: Actor, held: NotificationTarget) -> bool:
    if held.project is None:
        return actor.may(Permission.VIEW)
    return actor.may_somewhere(Permission.VIEW, project=held.project)


def _check(events: Sequence[str]) -> None:
    if unknown := [event for event in events if event not in (*EVENTS, "*")]:
        raise Invalid(
            "input.invalid", f"{unknown[0][:80]!r} is not an event", thing="events", hint=f"* or {', '.join(EVENTS)}"
        )


def _is_web(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError as error:
        raise _neither(address) from error
    if parts.scheme in ("http", "https") and parts.hostname and address.isprintable():
        return True
    name, sign, domain = address.partition("@")
    if sign and name and "." in domain + "." and address.isprintable() and " " not in address and len(address) < 255:
        return False
    raise _neither(address)


def _neither(address: str) -> Invalid:
    return Invalid(
        "input.invalid", f"{address[:100]!r} is neither a mail address nor an http(s) address", thing="address"
    )
