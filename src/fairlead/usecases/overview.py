"""What is live where: the dashboard's grid and one place in detail, in a fixed number of queries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from fairlead.domain.actor import Actor
from fairlead.domain.approval import Approval
from fairlead.domain.colour import Colour
from fairlead.domain.deployment import Committed, Latest
from fairlead.domain.environment import Environment
from fairlead.domain.ids import EnvironmentId, ProjectId, TenantId
from fairlead.domain.permission import Permission
from fairlead.domain.project import Project
from fairlead.domain.service import Route
from fairlead.domain.slot import Slot, SlotState
from fairlead.domain.tenant import Tenant
from fairlead.ports.catalogue import Place
from fairlead.store import (
    approvals,
    deployments,
    environments,
    groups,
    projects,
    registrations,
    routes,
    slots,
    tenants,
)
from fairlead.store.database import Connection
from fairlead.store.reach import within
from fairlead.usecases import tenancy
from fairlead.usecases.context import Context
from fairlead.usecases.going import place_of
from fairlead.usecases.located import located
from fairlead.usecases.reached import elsewhere
from fairlead.usecases.running import Down, Running, does_not_run

MOST_PROJECTS = 500
PROJECTS_SHOWN = 20
"""Projects in a part: with ten environments two hundred cells, which is what a person can look over."""

_At: TypeAlias = tuple[ProjectId, EnvironmentId, TenantId | None]


@dataclass(frozen=True, slots=True)
class Cell:
    """A project in an environment: what is live, and what moves or waits there.

    What is live is what the slots say: after a retirement nothing is, whatever was deployed before. `live` is None
    for a live slot, too, where our books do not know the deployment that made it (they come from a backup). Where
    there never was a slot, for the process deploys no services, it is what went there last. `not_as_recorded` says
    that what is recorded as live, or part of it (`down`), was found not to run, when the engine was asked last
    (`running`), and what to do. `users_at` is the version that users are sent to where that is another than what is
    recorded as live, and `sent_elsewhere` says so in words: a deployment that has switched may be taken back yet.
    """

    live: Committed | None
    live_version: str
    latest: Latest | None
    colour: Colour | None
    approval: Approval | None
    tenants: tuple[TenantCell, ...] = ()
    standby_version: str = ""
    not_as_recorded: str = ""
    down: Down | None = None
    users_at: str = ""
    sent_elsewhere: str = ""

    @property
    def latest_version(self) -> str:
        """The version that went there last, however that ended; "" where none ever did."""
        return self.latest.version if self.latest else ""

    @property
    def waits(self) -> bool:
        """Whether it is the latest that waits for an approval; an earlier one may still wait beside it."""
        return self.approval is not None and self.latest is not None and self.approval.deployment == self.latest.id

    @property
    def is_live(self) -> bool:
        """Whether something is: services in a slot, or what a process without any brought there."""
        return self.colour is not None or self.live is not None

    @property
    def is_empty(self) -> bool:
        """Whether nothing ever was there, for anybody."""
        return self.latest is None and self.colour is None and not self.tenants


NOTHING = Cell(None, "", None, None, None)


@dataclass(frozen=True, slots=True)
class TenantCell:
    """What one tenant has in a place where nobody in particular was asked for."""

    tenant: Tenant
    cell: Cell


@dataclass(frozen=True, slots=True)
class Grid:
    """Projects down, environments across. `not_asked`: why it is not known whether what is live runs; "": it is.
    `proxy_trouble`: why users may reach nothing of it; "": they do."""

    environments: Sequence[Environment]
    projects: Sequence[Project]
    cells: Mapping[tuple[str, EnvironmentId], Cell]
    tenant: Tenant | None = None
    more: str | None = None
    not_asked: str = ""
    proxy_trouble: str = ""


@dataclass(frozen=True, slots=True)
class PlaceView:
    """One project in one environment, for one tenant or nobody; `tenants` are those that are connected there.
    `registered` is how many instances of each service are recorded for what is live."""

    project: Project
    environment: Environment
    tenant: Tenant | None
    tenants: tuple[Tenant, ...]
    place: Place
    slots: Mapping[Colour, Slot]
    routes: Mapping[str, tuple[Route, ...]]
    cell: Cell
    registered: Mapping[str, int]


def grid(
    context: Context,
    actor: Actor,
    *,
    search: str = "",
    group: str = "",
    tenant: str = "",
    after: str | None = None,
    limit: int = PROJECTS_SHOWN,
) -> Grid:
    """A part of the projects, by name, against every environment: what the actor may view of them; with `tenant` what
    that one has, else what is nobody's, with what each tenant has beside it."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        whose = tenancy.named(connection, tenant)
        if whose is not None:
            actor.require_somewhere(Permission.VIEW, tenant=whose.id)
        part = projects.page(
            connection,
            *projects.fitting(search=search, group=groups.by_name_or_id(connection, group).id if group else None),
            *within(actor.reach(Permission.VIEW), project=projects.projects.c.id),
            after=after,
            limit=min(limit, MOST_PROJECTS),
        )
        return _grid(context, connection, actor, part.items, whose, part.after)


def row(context: Context, actor: Actor, project: str | Project) -> Grid:
    """One project, by name or id or as it was just read, against every environment that the actor may view."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        found = projects.by_name_or_id(connection, project)
        actor.require_somewhere(Permission.VIEW, project=found.id)
        return _grid(context, connection, actor, [found], None, None)


def place(context: Context, actor: Actor, project: str, environment: str, *, tenant: str = "") -> PlaceView:
    """One place, as our own books have it; with `tenant` that one's."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        there = located(connection, project, environment, tenant)
        there.require(actor, Permission.VIEW)
        owner, where, whose, at = there.project, there.environment, there.tenant, there.place
        both = slots.of(connection, at)
        its_routes = routes.of(connection, at)
        cell = _cells(context, connection, actor, [owner], [where], whose)[(owner.id, where.id)]
        registered = _registered(connection, at, both)
        connected = tuple(
            one
            for one in tenants.connected(connection, owner.id)
            if where.id in one.connections[owner.id] and _may_see(actor, owner.id, where.id, one.id)
        )
    return PlaceView(owner, where, whose, connected, at, both, its_routes, cell, registered)


def as_reached(view: PlaceView, there: frozenset[Colour] | None) -> PlaceView:
    """With what the proxy, asked just now, says of where users are sent (`reached.reached`); where that is not known,
    with what the last look found."""
    return view if there is None else replace(view, cell=_sent(view.cell, view.slots, there))


def _sent(cell: Cell, both: Mapping[Colour, Slot], there: frozenset[Colour] | None) -> Cell:
    is_under_way = cell.latest is not None and not cell.latest.has_ended
    found = elsewhere(both, there, is_under_way=is_under_way)
    return replace(cell, users_at=found.version if found else "", sent_elsewhere=found.said if found else "")


def _registered(connection: Connection, at: Place, both: Mapping[Colour, Slot]) -> Mapping[str, int]:
    slot = next((slot for slot in both.values() if slot.state is SlotState.LIVE), None)
    held = registrations.of(connection, at, colour=slot.colour) if slot else ()
    return Counter(one.service for one in held if slot and one.deployment == slot.deployment)


def _grid(
    context: Context,
    connection: Connection,
    actor: Actor,
    shown: Sequence[Project],
    tenant: Tenant | None,
    more: str | None,
) -> Grid:
    known = [one for one in environments.all_of(connection) if actor.may_somewhere(Permission.VIEW, environment=one.id)]
    cells = _cells(context, connection, actor, shown, known, tenant)
    return Grid(known, shown, cells, tenant, more, context.running.unknown, context.running.proxy_trouble)


def _may_see(actor: Actor, project: str, environment: str, tenant: str | None) -> bool:
    return actor.may(Permission.VIEW, project=project, environment=environment, tenant=tenant)


def _cells(
    context: Context,
    connection: Connection,
    actor: Actor,
    shown: Sequence[Project],
    known: Sequence[Environment],
    tenant: Tenant | None,
) -> dict[tuple[str, EnvironmentId], Cell]:
    books = _read(connection, shown, context.running)
    cells: dict[tuple[str, EnvironmentId], Cell] = {}
    for project in shown:
        for environment in known:
            at = (project.id, environment.id)
            whose = tenant.id if tenant else None
            cell = books.cell(project, environment, tenant) if _may_see(actor, *at, whose) else NOTHING
            if tenant is None:
                beside = [one for one in books.tenants.get(at, ()) if _may_see(actor, *at, one.id)]
                its = tuple(TenantCell(one, books.cell(project, environment, one)) for one in beside)
                cell = replace(cell, tenants=its) if its else cell
            cells[(str(project.id), environment.id)] = cell
    return cells


@dataclass(frozen=True, slots=True)
class _Books:
    """What the books say of the projects that are shown, read in a fixed number of queries."""

    committed: Mapping[_At, Committed]
    latest: Mapping[_At, Latest]
    recorded: Mapping[Place, Mapping[Colour, Slot]]
    waiting: Mapping[_At, Approval]
    tenants: Mapping[tuple[str, str], list[Tenant]]
    running: Running

    def cell(self, project: Project, environment: Environment, tenant: Tenant | None) -> Cell:
        """One of them."""
        key = (project.id, environment.id, tenant.id if tenant else None)
        at = place_of(project, environment, tenant)
        both = self.recorded.get(at, {})
        slot = next((slot for slot in both.values() if slot.state is SlotState.LIVE), None)
        last = self.committed.get(key)
        if both:
            last = _live(slot, last)
        down = self.running.of(at, slot)
        latest = self.latest.get(key)
        cell = Cell(
            last,
            slot.version if slot else last.version if last else "",
            latest,
            slot.colour if slot else None,
            self.waiting.get(key),
            standby_version=next((slot.version for slot in both.values() if slot.state is SlotState.STANDBY), ""),
            not_as_recorded=does_not_run(at, slot, down) if slot and down else "",
            down=down,
        )
        is_under_way = latest is not None and not latest.has_ended
        return _sent(cell, both, self.running.reached.get(at)) if is_under_way else cell


def _read(connection: Connection, shown: Sequence[Project], running: Running) -> _Books:
    ids = [project.id for project in shown]
    latest = deployments.latest_by_place(connection, ids)
    known = tenants.many(connection, (tenant for _, _, tenant in latest if tenant is not None))
    beside: dict[tuple[str, str], list[Tenant]] = {}
    for project, environment, tenant in latest:
        if tenant is not None and tenant in known:
            beside.setdefault((project, environment), []).append(known[tenant])
    return _Books(
        deployments.committed_by_place(connection, ids),
        latest,
        slots.all_by_place(connection, [project.name for project in shown]),
        approvals.waiting_by_place(connection, ids),
        {at: sorted(its, key=lambda one: one.name.lower()) for at, its in beside.items()},
        running,
    )


def _live(slot: Slot | None, last: Committed | None) -> Committed | None:
    """The deployment that what is live is owed to: it filled the slot, or went back to what stood by there."""
    if slot is None or last is None:
        return None
    went_back = last.kind == "rollback" and last.release == slot.release
    return last if went_back or last.id == slot.deployment else None
