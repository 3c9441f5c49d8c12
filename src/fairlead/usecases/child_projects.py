"""Processes that deploy releases of other projects: that these are there, may be deployed, and go in no circle."""

from __future__ import annotations

from collections.abc import Mapping

from fairlead.domain.actor import Actor
from fairlead.domain.child_release import channel_of, children_of, deploys_itself, project_of, refuse_itself
from fairlead.domain.errors import Invalid
from fairlead.domain.permission import Permission
from fairlead.domain.process import Process, RunLocation
from fairlead.domain.project import Project
from fairlead.store import channels, processes, projects
from fairlead.store.database import Connection


def check(connection: Connection, actor: Actor, owner: Project, process: Process) -> None:
    """NotFound `project.unknown`, `channel.unknown`; NotAllowed `permission.denied` where who saves the process may
    deploy nothing of the other project: a lifecycle would do it for them. Refused `process.deploys_itself` names the
    circle, Invalid `process.place` an action on targets."""
    if not any(True for _ in children_of(process)):
        return
    refuse_itself(process, owner.name)
    names = projects.names(connection)
    children = {held.id: _projects_in(connection, held.process) for held in processes.all_of(connection)}
    for action in children_of(process):
        if action.runs_on is not RunLocation.SERVER:
            raise Invalid(
                "process.place",
                f"action {action.name} deploys a release, and runs on {action.runs_on.value}",
                thing=action.name,
                hint="put it into a step without target tags: the other project's process says where it runs",
            )
        child = projects.by_name_or_id(connection, project_of(action))
        if (channel := channel_of(action)) and "#{" not in channel:
            channels.by_name_or_id(connection, child.id, channel)
        actor.require_somewhere(Permission.DEPLOYMENT_CREATE, project=child.id)
        if way := _way(child.id, owner.id, children):
            raise deploys_itself(action, [names.get(id, id) for id in (owner.id, *way)])  # type: ignore[call-overload]


def _projects_in(connection: Connection, process: Process) -> tuple[str, ...]:
    found = (projects.find_by_name(connection, project_of(action)) for action in children_of(process))
    return tuple(one.id for one in found if one is not None)


def _way(start: str, end: str, children: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """From the one project to the other by what their processes deploy; () where there is no way."""
    ways: list[tuple[str, ...]] = [(start,)]
    seen = {start}
    while ways:
        way = ways.pop(0)
        if way[-1] == end:
            return way
        fresh = [child for child in children.get(way[-1], ()) if child not in seen]
        seen.update(fresh)
        ways += [(*way, child) for child in fresh]
    return ()
