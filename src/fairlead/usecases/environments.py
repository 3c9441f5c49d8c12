"""Environments: listing, adding, removing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fairlead.domain import names
from fairlead.domain.actor import Actor
from fairlead.domain.approval import LONGEST_WAIT_S
from fairlead.domain.environment import Environment, in_order
from fairlead.domain.errors import Conflict, Invalid
from fairlead.domain.ids import EnvironmentId
from fairlead.domain.permission import Permission
from fairlead.formats import durations
from fairlead.store import deployments, environments, lifecycles, policies, runbooks, targets, triggers
from fairlead.store.database import Connection
from fairlead.store.shelf import Page, part_of
from fairlead.usecases.context import Context


def all_of(context: Context, actor: Actor) -> Sequence[Environment]:
    """All, in the order in which releases reach them."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        found = environments.all_of(connection)
    return tuple(one for one in found if actor.may_somewhere(Permission.VIEW, environment=one.id))


def page(
    context: Context, actor: Actor, *, search: str = "", after: str | None = None, limit: int = 50
) -> Page[Environment]:
    """As `all_of`, a part at a time."""
    return part_of(
        all_of(context, actor),
        name=lambda one: one.name,
        order=lambda one: f"{one.order:09} {one.name}",
        search=search,
        after=after,
        limit=limit,
    )


def get(context: Context, actor: Actor, name: str) -> Environment:
    """By name."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        found = environments.by_name_or_id(connection, name)
    actor.require_somewhere(Permission.VIEW, environment=found.id)
    return found


def add(
    context: Context,
    actor: Actor,
    name: str,
    *,
    order: int = 0,
    description: str = "",
    asks_approval: bool | None = None,
    approval_expires_s: int = 0,
    is_guided: bool = False,
) -> Environment:
    """A new one at that place: those from there on move up; `order` 0 puts it after all others. Without
    `asks_approval` it asks where the one before it does: nothing behind Production is open by accident; the question
    expires after `approval_expires_s` (0: never). `is_guided`: a person is asked where an action fails there, unless
    the process or the deployment says otherwise. Conflict `environment.exists`, also for a name that differs only in
    what `domain.names.slug` leaves out."""
    actor.require(Permission.ENVIRONMENT_EDIT)
    names.environment_name(name)
    _check_expiry(approval_expires_s)
    with context.database.transaction() as connection:
        known = environments.all_of(connection)
        for other in known:
            if names.slug(other.name) == names.slug(name):
                raise Conflict("environment.exists", f"{other.name} exists already", thing=other.name)
        place = order or max((other.order for other in known), default=0) + 1
        if any(other.order == place for other in known):
            for other in known:
                if other.order >= place:
                    environments.update(connection, replace(other, order=other.order + 1))
        before = [other for other in in_order(known) if other.order < place]
        asks = bool(before) and before[-1].asks_approval if asks_approval is None else asks_approval
        id = EnvironmentId(context.ids.new("env"))
        made = Environment(
            id,
            name,
            place,
            description,
            asks_approval=asks,
            is_guided=is_guided,
            approval_expires_s=approval_expires_s,
        )
        environments.insert(connection, made)
        context.note(
            connection, actor, "environment.added", f"added {name}", thing=made.id, environment=name, after=made
        )
    return made


def change(
    context: Context,
    actor: Actor,
    name: str,
    *,
    description: str | None = None,
    asks_approval: bool | None = None,
    approval_expires_s: int | None = None,
    is_guided: bool | None = None,
    revision: int | None = None,
) -> Environment:
    """What is given of it; with `revision` only if nobody changed it since, else Conflict `edit.conflict`. What waits
    for an approval goes on waiting, as long as was said when it was asked for."""
    actor.require_somewhere(Permission.ENVIRONMENT_EDIT)
    if approval_expires_s is not None:
        _check_expiry(approval_expires_s)
    with context.database.transaction() as connection:
        found = environments.by_name_or_id(connection, name)
        actor.require(Permission.ENVIRONMENT_EDIT, environment=found.id)
        if revision is not None and revision != found.revision:
            raise Conflict("edit.conflict", f"{found.name} was changed by somebody else since it was read", thing=name)
        changed = replace(
            found,
            description=found.description if description is None else description,
            asks_approval=found.asks_approval if asks_approval is None else asks_approval,
            is_guided=found.is_guided if is_guided is None else is_guided,
            approval_expires_s=found.approval_expires_s if approval_expires_s is None else approval_expires_s,
        )
        saved = environments.update(connection, changed)
        context.note(
            connection,
            actor,
            "environment.changed",
            _changed_words(found, saved),
            thing=found.id,
            environment=found.name,
            before=found,
            after=saved,
        )
    return saved


def _check_expiry(expires_s: int) -> None:
    if not 0 <= expires_s <= LONGEST_WAIT_S:
        raise Invalid("input.invalid", "an approval expires within a year, or never", thing="approval_expires_s")


def _changed_words(found: Environment, saved: Environment) -> str:
    words = f"changed {saved.name}"
    if saved.asks_approval != found.asks_approval:
        words += ": it asks for approval" if saved.asks_approval else ": it asks for no approval"
    if saved.approval_expires_s != found.approval_expires_s:
        expires_s = saved.approval_expires_s
        words += f": approvals expire in {durations.written(expires_s)}" if expires_s else ": approvals do not expire"
    if saved.is_guided != found.is_guided:
        words += ": a person is asked where something fails" if saved.is_guided else ": nobody is asked at a failure"
    return words


def arrange(context: Context, actor: Actor, names: Sequence[str]) -> Sequence[Environment]:
    """Set the order in which releases reach them; Invalid `input.invalid` unless each is named exactly once."""
    actor.require(Permission.ENVIRONMENT_EDIT)
    with context.database.transaction() as connection:
        known = {one.name: one for one in environments.all_of(connection)}
        if sorted(names) != sorted(known):
            listed = ", ".join(known)
            message = "the order names each environment exactly once"
            raise Invalid("input.invalid", message, thing="names", hint=f"there are: {listed}")
        for place, name in enumerate(names, start=1):
            if known[name].order != place:
                environments.update(connection, replace(known[name], order=place))
        context.note(
            connection,
            actor,
            "environment.arranged",
            f"the order is {', '.join(names)}"[:1000],
            before={"order": list(known)},
            after={"order": list(names)},
        )
        return environments.all_of(connection)


def remove(context: Context, actor: Actor, name: str) -> None:
    """Gone, where nothing was ever deployed to it or ran in it, and nothing names it that would be for nothing, or for
    everything, without it; else Conflict `edit.conflict`."""
    actor.require_somewhere(Permission.ENVIRONMENT_EDIT)
    with context.database.transaction() as connection:
        found = environments.by_name_or_id(connection, name)
        actor.require(Permission.ENVIRONMENT_EDIT, environment=found.id)
        if deployments.page(connection, environment=found.id, limit=1).items:
            raise Conflict("edit.conflict", f"{found.name} has deployments, which are kept", thing=found.name)
        if used := targets.used_in(connection, found.id):
            message = f"{found.name} has targets, {used[0].name} among them"
            raise Conflict("edit.conflict", message, thing=found.name, hint="remove the environment from them first")
        _refuse_named(connection, found)
        environments.delete(connection, found.id)
        context.note(connection, actor, "environment.removed", f"removed {found.name}", thing=found.id, before=found)


def _refuse_named(connection: Connection, found: Environment) -> None:
    for line in lifecycles.all_of(connection):
        if any(found.id in phase.environments for phase in line.phases):
            message = f"{found.name} is in a phase of lifecycle {line.name}"
            hint = f"take it out first: fairlead lifecycles set {line.name}"
            raise Conflict("edit.conflict", message, thing=found.name, hint=hint)
    acting = triggers.all_of(connection)
    named = (one.name for one in acting if found.id in (one.source, one.destination, *one.environments))
    if first := next(named, ""):
        message = f"{found.name} is where trigger {first} acts, or what it asks after"
        raise Conflict("edit.conflict", message, thing=found.name, hint="fairlead triggers set, or remove")
    if runbooks.ran_in(connection, found.id):
        message = f"runbooks ran in {found.name}, and the history of that is kept"
        raise Conflict("edit.conflict", message, thing=found.name)
    if harm := next((one.harm for one in policies.all_of(connection) if one.environment == found.id), ""):
        message = f"a policy allows {harm} in {found.name}"
        raise Conflict("edit.conflict", message, thing=found.name, hint="revoke it first: fairlead policy revoke")
