"""A project made after another: what was set for it, not what it did."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from fairlead.domain.actor import SYSTEM, Actor
from fairlead.domain.permission import Permission
from fairlead.domain.project import Project
from fairlead.formats.declared.projects import ProjectItem
from fairlead.formats.shape import Shape
from fairlead.store import channels as channel_rows
from fairlead.store import projects as rows
from fairlead.store.database import Connection
from fairlead.usecases import channels
from fairlead.usecases.context import Context
from fairlead.usecases.declared.channels import Channels
from fairlead.usecases.declared.noun import Applying, Held, Noun
from fairlead.usecases.declared.processes import Processes
from fairlead.usecases.declared.projects import Projects
from fairlead.usecases.declared.runbooks import Runbooks
from fairlead.usecases.declared.triggers import Triggers
from fairlead.usecases.declared.variables import Variables
from fairlead.usecases.projects import Added, KeyPair
from fairlead.usecases.script_sources import with_lookups

PARTS: tuple[Noun[Any], ...] = (Projects(), Channels(), Processes(), Runbooks(), Variables(), Triggers())
"""Those first that others refer to: a variable may be for a runbook, a trigger may start one."""

NEEDED = (Permission.PROJECT_EDIT, Permission.PROCESS_EDIT, Permission.VARIABLE_EDIT, Permission.RUNBOOK_EDIT)
"""For the original, too: whoever may give it a script that shows its secrets gains nothing by a clone."""


def clone(context: Context, actor: Actor, name: str, new: str, *, make_key: Callable[[str], KeyPair]) -> Added:
    """A new project with the settings, channels, process, variables, runbooks and triggers of the one of that name or
    id, in its project group. Secrets are new versions of the same values. Its deploy key and webhook are its own.
    Nothing of it begins by itself: triggers are disabled, runbooks are not published, and one with a repository is
    disabled as a whole. Raises what adding each part raises; nothing is made then."""
    actor.require_somewhere(Permission.PROJECT_EDIT)
    return with_lookups(context, lambda inner: _cloned(inner, actor, name, new, make_key))


def _cloned(context: Context, actor: Actor, name: str, new: str, make_key: Callable[[str], KeyPair]) -> Added:
    with context.database.transaction() as connection:
        old = rows.by_name_or_id(connection, name)
        for permission in NEEDED:
            actor.require(permission, project=old.id)
        inner = context.within(connection)
        found = [(noun, held) for noun in PARTS for held in _of(noun, inner, connection, old)]
        secrets = {mark: version for _, held in found for mark, version in held.secrets.items()}
        given = {mark: context.reveal(connection, version) for mark, version in secrets.items()}
        at = Applying(inner, actor, given, make_key)
        for noun, held in found:
            noun.add(at, new, _at_rest(held.item))
        _leave_out_channels(at, connection, old, new)
        made = rows.by_name(connection, new)
        told = f"cloned {old.name} as {made.name}" + (f", with {len(given)} secrets" if given else "")
        context.note(connection, actor, "project.cloned", told, thing=made.id, project=made.name)
        webhook = made.source.webhook_secret if made.source else None
        return Added(made, context.reveal(connection, webhook) if webhook else "")


def _of(noun: Noun[Any], context: Context, connection: Connection, project: Project) -> Iterator[Held[Any]]:
    return (held for held in noun.held(context, SYSTEM, connection) if held.project == project.name)


def _at_rest(item: Shape) -> Shape:
    """As it is, but that it begins nothing by itself."""
    if isinstance(item, ProjectItem):
        return item.model_copy(update={"enabled": item.enabled and item.source is None})
    resting = {"enabled": False, "published": None}
    return item.model_copy(update={name: resting[name] for name in resting if name in type(item).model_fields})


def _leave_out_channels(at: Applying, connection: Connection, old: Project, new: str) -> None:
    """The channel that came with the project, where the original no longer has it."""
    held = {one.name for one in channel_rows.of_project(connection, old.id)}
    for one in channel_rows.of_project(connection, rows.by_name(connection, new).id):
        if one.name not in held:
            channels.remove(at.context, at.actor, new, one.name)
