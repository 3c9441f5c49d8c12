"""Variables of a project: listing, setting, removing. Releases keep what they froze."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fairlead.domain import names
from fairlead.domain.actor import Actor
from fairlead.domain.errors import Conflict, NotFound, TooLarge
from fairlead.domain.permission import Permission
from fairlead.domain.project import Project
from fairlead.domain.variable import Dimension, Scope, Variable
from fairlead.store import environments, projects, variables
from fairlead.store.database import Connection
from fairlead.store.shelf import Page
from fairlead.usecases.context import Context

LARGEST_VALUE = 256 * 1024
"""Characters: a certificate chain fits many times over, a database dump does not."""


def page(context: Context, actor: Actor, project: str, *, after: str | None = None, limit: int = 200) -> Page[Variable]:
    """The project's own, in the order of making; secrets as their versions' ids."""
    actor.require(Permission.VIEW)
    with context.database.reading() as connection:
        found = projects.by_name_or_id(connection, project)
        return variables.page(connection, found.id, after=after, limit=limit)


def put(
    context: Context,
    actor: Actor,
    project: str,
    name: str,
    value: str,
    *,
    is_secret: bool = False,
    only_in: Sequence[str] = (),
    revision: int | None = None,
) -> Variable:
    """The variable of this name and scope has this value from now on; a secret becomes a new immutable version. With
    `revision` only if nobody changed it since, else Conflict `edit.conflict`."""
    actor.require(Permission.VARIABLE_EDIT)
    names.variable_name(name)
    if len(value) > LARGEST_VALUE:
        raise TooLarge("input.too_large", f"the value of {name} is over {LARGEST_VALUE:,} characters", thing=name)
    with context.database.transaction() as connection:
        owner = projects.by_name_or_id(connection, project)
        scope = _scope(connection, only_in)
        secret = context.keep(connection, value, name=name, by=actor.name) if is_secret else None
        held = variables.by_name_and_scope(connection, owner.id, name, scope)
        _refuse_changed(held, name, revision)
        at, by = context.clock.now(), actor.name
        if held is None:
            made = Variable(context.ids.new("var"), name, "" if secret else value, secret, scope, owner.id)
            variables.insert(connection, made, at=at, by=by)
        else:
            changed = replace(held, name=name, value="" if secret else value, secret=secret)
            made = variables.update(connection, changed, at=at, by=by)
        _note(context, connection, actor, owner, made, "variable.set")
    return made


def remove(
    context: Context,
    actor: Actor,
    project: str,
    name: str,
    *,
    only_in: Sequence[str] = (),
    revision: int | None = None,
) -> None:
    """The variable of exactly this name and scope is gone; with `revision` as `put` has it."""
    actor.require(Permission.VARIABLE_EDIT)
    with context.database.transaction() as connection:
        owner = projects.by_name_or_id(connection, project)
        held = variables.by_name_and_scope(connection, owner.id, name, _scope(connection, only_in))
        if held is None:
            raise NotFound(
                "variable.missing", f"{owner.name} has no variable {name[:80]!r} of this scope", thing=name[:80]
            )
        _refuse_changed(held, name, revision)
        variables.delete(connection, held, at=context.clock.now(), by=actor.name)
        _note(context, connection, actor, owner, held, "variable.removed")


def _refuse_changed(held: Variable | None, name: str, revision: int | None) -> None:
    if revision is not None and (held is None or held.revision != revision):
        message = f"{name[:80]} was changed by somebody else since it was read"
        raise Conflict("edit.conflict", message, thing=name[:80], hint="read it again, then decide")


def _scope(connection: Connection, only_in: Sequence[str]) -> Scope:
    ids = frozenset(str(environments.by_name_or_id(connection, name).id) for name in only_in)
    return {Dimension.ENVIRONMENT: ids} if ids else {}


def _note(
    context: Context, connection: Connection, actor: Actor, project: Project, variable: Variable, kind: str
) -> None:
    what = "a secret" if variable.is_secret else "a value"
    message = f"{kind.partition('.')[2]} {variable.name} ({what})"
    context.note(connection, actor, kind, message, thing=variable.id, project=project.name)
