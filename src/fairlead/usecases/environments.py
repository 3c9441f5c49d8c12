"""Environments: listing, adding, removing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fairlead.domain import names
from fairlead.domain.actor import Actor
from fairlead.domain.environment import Environment
from fairlead.domain.errors import Conflict, Invalid
from fairlead.domain.ids import EnvironmentId
from fairlead.domain.permission import Permission
from fairlead.store import deployments, environments, targets
from fairlead.usecases.context import Context


def all_of(context: Context, actor: Actor) -> Sequence[Environment]:
    """All, in the order in which releases reach them."""
    actor.require(Permission.VIEW)
    with context.database.reading() as connection:
        return environments.all_of(connection)


def get(context: Context, actor: Actor, name: str) -> Environment:
    """By name."""
    actor.require(Permission.VIEW)
    with context.database.reading() as connection:
        return environments.by_name_or_id(connection, name)


def add(context: Context, actor: Actor, name: str, *, order: int = 0, description: str = "") -> Environment:
    """A new one at that place: those from there on move up; `order` 0 puts it after all others. Conflict
    `environment.exists`, also for a name that differs only in what `domain.names.slug` leaves out."""
    actor.require(Permission.ENVIRONMENT_EDIT)
    names.environment_name(name)
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
        made = Environment(EnvironmentId(context.ids.new("env")), name, place, description)
        environments.insert(connection, made)
        context.note(connection, actor, "environment.added", f"added {name}", thing=made.id, environment=name)
    return made


def change(context: Context, actor: Actor, name: str, *, description: str, revision: int | None = None) -> Environment:
    """What it is for; with `revision` only if nobody changed it since, else Conflict `edit.conflict`."""
    actor.require(Permission.ENVIRONMENT_EDIT)
    with context.database.transaction() as connection:
        found = environments.by_name_or_id(connection, name)
        if revision is not None and revision != found.revision:
            message = f"{found.name} was changed by somebody else since it was read"
            raise Conflict("edit.conflict", message, thing=found.name, hint="read it again, then decide")
        saved = environments.update(connection, replace(found, description=description))
        message = f"changed what {found.name} is for"
        context.note(connection, actor, "environment.changed", message, thing=found.id, environment=found.name)
    return saved


def arrange(context: Context, actor: Actor, names: Sequence[str]) -> Sequence[Environment]:
    """Releases reach them in this order from now on; Invalid `input.invalid` unless each is named exactly once."""
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
        context.note(connection, actor, "environment.arranged", f"the order is {', '.join(names)}"[:1000])
        return environments.all_of(connection)


def remove(context: Context, actor: Actor, name: str) -> None:
    """Gone, where nothing was ever deployed to it; else Conflict `edit.conflict`."""
    actor.require(Permission.ENVIRONMENT_EDIT)
    with context.database.transaction() as connection:
        found = environments.by_name_or_id(connection, name)
        if deployments.page(connection, environment=found.id, limit=1).items:
            raise Conflict("edit.conflict", f"{found.name} has deployments, which are kept", thing=found.name)
        if used := targets.used_in(connection, found.id):
            message = f"{found.name} has targets, {used[0].name} among them"
            raise Conflict("edit.conflict", message, thing=found.name, hint="take the environment from them first")
        environments.delete(connection, found.id)
        context.note(connection, actor, "environment.removed", f"removed {found.name}", thing=found.id)
