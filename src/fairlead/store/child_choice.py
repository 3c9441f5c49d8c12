"""Which releases of other projects go with a release that is about to be made: those that its process deploys."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from fairlead.domain.child_release import LATEST, channel_of, children_of, is_chosen_with_release, project_of
from fairlead.domain.errors import Conflict
from fairlead.domain.ids import ProjectId
from fairlead.domain.project import Project
from fairlead.domain.release import Release
from fairlead.store import channels, processes, projects, releases


def chosen_children(connection: sa.Connection, project: ProjectId, wanted: Mapping[str, str]) -> dict[str, str]:
    """Action → version, for each action of the project's process that deploys a release chosen now: what is `wanted`
    under the action's name, else the one made last (Octopus goes by time, too, not by version). NotFound
    `project.unknown`, `release.unknown`, `channel.unknown`; Conflict `release.no_child` where there is none yet."""
    held = processes.find(connection, project)
    if held is None:
        return {}
    by_name = {name.lower(): version for name, version in wanted.items() if version}
    found: dict[str, str] = {}
    for action in children_of(held.process):
        if action.is_disabled or not is_chosen_with_release(action):
            continue
        owner = projects.by_name_or_id(connection, project_of(action))
        named = by_name.get(action.name.lower(), LATEST)
        found[action.name] = child_release(connection, owner, named, channel_of(action), asked_by=action.name).version
    return found


def child_release(
    connection: sa.Connection, owner: Project, version: str, channel: str = "", *, asked_by: str
) -> Release:
    """The project's release of that version, or with ``latest`` the one made last, of the channel where one is named.
    NotFound `release.unknown`, `channel.unknown`, Conflict `release.no_child`."""
    line = channels.by_name_or_id(connection, owner.id, channel) if channel else None
    if version != LATEST:
        return releases.by_version(connection, owner.id, version)
    found = releases.latest(connection, owner.id, line.id if line else None)
    if found is None:
        where = f" in the channel {line.name}" if line else ""
        raise Conflict(
            "release.no_child",
            f"{asked_by} deploys a release of {owner.name}, which has none{where} yet",
            thing=owner.name,
            hint=f"make one first: fairlead release create -p {owner.name}",
        )
    return found
