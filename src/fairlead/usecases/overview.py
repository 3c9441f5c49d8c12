"""What is live where: the dashboard's grid and one place in detail, in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fairlead.domain.actor import Actor
from fairlead.domain.approval import Approval
from fairlead.domain.colour import Colour
from fairlead.domain.deployment import Deployment
from fairlead.domain.environment import Environment
from fairlead.domain.ids import EnvironmentId
from fairlead.domain.permission import Permission
from fairlead.domain.project import Project
from fairlead.domain.service import Route
from fairlead.domain.slot import Slot, SlotState
from fairlead.ports.catalogue import Place
from fairlead.store import approvals, deployments, environments, groups, projects, releases, routes, slots
from fairlead.store.database import Connection
from fairlead.store.reach import within
from fairlead.usecases.context import Context

MOST_PROJECTS = 500


@dataclass(frozen=True, slots=True)
class Cell:
    """A project in an environment: what is live, and what moves or waits there.

    What is live is what the slots say: after a retirement nothing is, whatever was deployed before. `live` is None
    for a live slot, too, where our books do not know the deployment that made it (they come from a backup).
    """

    live: Deployment | None
    live_version: str
    latest: Deployment | None
    latest_version: str
    colour: Colour | None
    approval: Approval | None


NOTHING = Cell(None, "", None, "", None, None)


@dataclass(frozen=True, slots=True)
class Grid:
    """Projects down, environments across."""

    environments: Sequence[Environment]
    projects: Sequence[Project]
    cells: Mapping[tuple[str, EnvironmentId], Cell]
    more: str | None = None


@dataclass(frozen=True, slots=True)
class PlaceView:
    """One project in one environment."""

    project: Project
    environment: Environment
    place: Place
    slots: Mapping[Colour, Slot]
    routes: Mapping[str, tuple[Route, ...]]
    cell: Cell


def grid(
    context: Context, actor: Actor, *, search: str = "", group: str = "", after: str | None = None, limit: int = 100
) -> Grid:
    """A part of the projects, by name, against every environment: what the actor may view of them."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        part = projects.page(
            connection,
            *projects.fitting(search=search, group=groups.by_name_or_id(connection, group).id if group else None),
            *within(actor.reach(Permission.VIEW), project=projects.projects.c.id),
            after=after,
            limit=min(limit, MOST_PROJECTS),
        )
        known = [
            one for one in environments.all_of(connection) if actor.may_somewhere(Permission.VIEW, environment=one.id)
        ]
        cells = _cells(connection, part.items, known)
    seen = {at: cell if _may_see(actor, *at) else NOTHING for at, cell in cells.items()}
    return Grid(known, part.items, seen, part.after)


def place(context: Context, actor: Actor, project: str, environment: str) -> PlaceView:
    """One place, as our own books have it."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        owner = projects.by_name_or_id(connection, project)
        where = environments.by_name_or_id(connection, environment)
        actor.require_somewhere(Permission.VIEW, project=owner.id, environment=where.id)
        at = Place(owner.name, where.name)
        both = slots.of(connection, at)
        its_routes = routes.of(connection, at)
        cell = _cells(connection, [owner], [where])[(owner.id, where.id)]
    return PlaceView(owner, where, at, both, its_routes, cell)


def _may_see(actor: Actor, project: str, environment: str) -> bool:
    return actor.may_somewhere(Permission.VIEW, project=project, environment=environment)


def _cells(
    connection: Connection, shown: Sequence[Project], known: Sequence[Environment]
) -> dict[tuple[str, EnvironmentId], Cell]:
    ids = [project.id for project in shown]
    live = deployments.latest_by_place(connection, ids, live=True)
    latest = deployments.latest_by_place(connection, ids, live=False)
    wanted = {one.release for one in latest.values()}
    versions = {id: release.version for id, release in releases.many(connection, wanted).items()}
    recorded = slots.all_by_place(connection, [project.name for project in shown])
    waiting = {(one.project, one.environment): one for one in approvals.waiting(connection)}
    cells = {}
    for project in shown:
        for environment in known:
            key = (project.id, environment.id)
            standing = recorded.get((project.name, environment.name), {})
            slot = next((slot for slot in standing.values() if slot.state is SlotState.LIVE), None)
            last = live.get(key)
            cells[(str(project.id), environment.id)] = Cell(
                last if slot is not None and last is not None and last.id == slot.deployment else None,
                slot.version if slot else "",
                latest.get(key),
                versions.get(latest[key].release, "") if key in latest else "",
                slot.colour if slot else None,
                waiting.get(key),
            )
    return cells
