"""How a project's releases are numbered and described, and what the next one would be called."""

from __future__ import annotations

from dataclasses import dataclass

from fairlead.domain.actor import Actor
from fairlead.domain.permission import Permission
from fairlead.domain.release_settings import ReleaseSettings
from fairlead.store import projects
from fairlead.store.release_choice import Wanted, choose
from fairlead.usecases import projects as projecting
from fairlead.usecases.context import Context


@dataclass(frozen=True, slots=True)
class SettingsView:
    """The settings, and the revision of the project that they are a part of."""

    settings: ReleaseSettings
    revision: int


@dataclass(frozen=True, slots=True)
class NextRelease:
    """What a release that is made now would be."""

    version: str
    channel: str


def get(context: Context, actor: Actor, project: str) -> SettingsView:
    """As they are."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        found = projects.by_name_or_id(connection, project)
        actor.require_somewhere(Permission.VIEW, project=found.id)
        return SettingsView(found.release_settings, found.revision)


def put(
    context: Context, actor: Actor, project: str, settings: ReleaseSettings, *, revision: int | None = None
) -> SettingsView:
    """As these, whole; with `revision` only if nobody changed the project since, else Conflict `edit.conflict`. Invalid
    `release.donor_unknown` for another donor that nothing of the project is called."""
    saved = projecting.change(context, actor, project, {"release_settings": settings}, revision=revision)
    return SettingsView(saved.release_settings, saved.revision)


def next_release(context: Context, actor: Actor, project: str, *, channel: str = "") -> NextRelease:
    """The version that the next release would have, of this channel or the one that it would be made in. Raises what
    store.release_choice.choose raises."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        found = projects.by_name_or_id(connection, project)
        actor.require_somewhere(Permission.VIEW, project=found.id)
        chosen = choose(connection, found, Wanted(channel), context.clock.now())
        return NextRelease(chosen.version, chosen.channel.name)
