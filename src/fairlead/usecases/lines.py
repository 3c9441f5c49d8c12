"""Which lifecycle a release follows, with its phases spelt out: its channel's, else its project's."""

from __future__ import annotations

from fairlead.domain.lifecycle import Lifecycle, resolved
from fairlead.domain.project import Project
from fairlead.domain.release import Release
from fairlead.store import channels, environments, lifecycles
from fairlead.store.database import Connection


def of_release(connection: Connection, project: Project, release: Release) -> Lifecycle:
    """The one that decides where the release may go."""
    channel = channels.find(connection, release.channel)
    own = channel.lifecycle if channel is not None else None
    return resolved(lifecycles.get(connection, own or project.lifecycle), environments.all_of(connection))


def of_project(connection: Connection, project: Project) -> Lifecycle:
    """The one that holds where no channel says otherwise."""
    return resolved(lifecycles.get(connection, project.lifecycle), environments.all_of(connection))
