"""Lifecycles: listing, making, changing, removing them, and which of them a project follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from fairlead.domain.actor import Actor
from fairlead.domain.errors import Conflict, Invalid
from fairlead.domain.ids import EnvironmentId, LifecycleId
from fairlead.domain.lifecycle import LONGEST_NAME, MOST_PHASES, Lifecycle, Phase, check_phases, resolved
from fairlead.domain.names import can_be_asked_for
from fairlead.domain.permission import Permission
from fairlead.domain.retention import Keep
from fairlead.formats.phase_lines import PhaseLine
from fairlead.store import channels, environments, lifecycles, projects
from fairlead.store.database import Connection
from fairlead.store.shelf import Page
from fairlead.usecases import reaching
from fairlead.usecases.context import Context


@dataclass(frozen=True, slots=True)
class LifecycleView:
    """A lifecycle with the names that people know. `resolved` are the phases as they hold now: where none is stated, or
    one names no environments, they follow from the environments. `projects` follow it."""

    lifecycle: Lifecycle
    phases: tuple[PhaseLine, ...]
    resolved: tuple[PhaseLine, ...]
    projects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person gives of a lifecycle; phases with names of environments. What is to be kept, None: as before, at
    first everything."""

    name: str
    phases: Sequence[PhaseLine] = ()
    description: str = ""
    releases: Keep | None = None
    files: Keep | None = None


def all_of(context: Context, actor: Actor) -> Sequence[LifecycleView]:
    """All, by name."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        return _seen(connection, actor, _views(connection, lifecycles.all_of(connection)))


def page(
    context: Context, actor: Actor, *, search: str = "", after: str | None = None, limit: int = 50
) -> Page[LifecycleView]:
    """By name, a part at a time."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        part = lifecycles.page(connection, search=search, after=after, limit=limit)
        return Page(tuple(_seen(connection, actor, _views(connection, part.items))), part.after)


def get(context: Context, actor: Actor, name: str) -> LifecycleView:
    """By name or id; NotFound `lifecycle.unknown`."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        return _seen(connection, actor, [_view(connection, lifecycles.by_name_or_id(connection, name))])[0]


def add(context: Context, actor: Actor, draft: Draft) -> LifecycleView:
    """A new one. Conflict `lifecycle.exists`; Invalid `lifecycle.phases`; NotFound `environment.unknown`."""
    actor.require(Permission.LIFECYCLE_EDIT)
    with context.database.transaction() as connection:
        made = _drafted(connection, draft, Lifecycle(LifecycleId(context.ids.new("lfc")), draft.name))
        lifecycles.insert(connection, made)
        context.note(connection, actor, "lifecycle.added", f"added lifecycle {made.name}", thing=made.id, after=made)
        return _view(connection, made)


def change(context: Context, actor: Actor, name: str, draft: Draft, *, revision: int | None = None) -> LifecycleView:
    """Replace the lifecycle by the draft; with `revision` only if nobody changed it since, else Conflict
    `edit.conflict`. What waits for an approval goes on waiting."""
    actor.require(Permission.LIFECYCLE_EDIT)
    with context.database.transaction() as connection:
        found = lifecycles.by_name_or_id(connection, name)
        if revision is not None and revision != found.revision:
            raise Conflict("edit.conflict", f"{found.name} was changed by somebody else since it was read", thing=name)
        saved = lifecycles.update(connection, _drafted(connection, draft, found))
        context.note(
            connection,
            actor,
            "lifecycle.changed",
            f"changed lifecycle {saved.name}",
            thing=saved.id,
            before=found,
            after=saved,
        )
        return _view(connection, saved)


def remove(context: Context, actor: Actor, name: str) -> None:
    """Gone, where no project and no channel follows it; else Conflict `lifecycle.in_use`."""
    actor.require(Permission.LIFECYCLE_EDIT)
    with context.database.transaction() as connection:
        found = lifecycles.by_name_or_id(connection, name)
        users = projects.following(connection, [found.id]).get(found.id, ())
        if users or channels.with_lifecycle(connection, found.id):
            who = ", ".join(users) or "channels"
            raise Conflict("lifecycle.in_use", f"{found.name} is followed by {who}", thing=found.name)
        lifecycles.delete(connection, found.id)
        context.note(
            connection, actor, "lifecycle.removed", f"removed lifecycle {found.name}", thing=found.id, before=found
        )


def of_project(context: Context, actor: Actor, project: str) -> LifecycleView:
    """The one that the project follows."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        owner = projects.by_name_or_id(connection, project)
        actor.require_somewhere(Permission.VIEW, project=owner.id)
        return _seen(connection, actor, [_view(connection, lifecycles.get(connection, owner.lifecycle))])[0]


def use(context: Context, actor: Actor, project: str, name: str) -> LifecycleView:
    """Let the project follow that one. What its releases have reached stays reached."""
    actor.require_somewhere(Permission.PROJECT_EDIT)
    with context.database.transaction() as connection:
        owner = projects.by_name_or_id(connection, project)
        actor.require(Permission.PROJECT_EDIT, project=owner.id)
        line = lifecycles.by_name_or_id(connection, name)
        before = lifecycles.get(connection, owner.lifecycle)
        projects.update(connection, replace(owner, lifecycle=line.id))
        context.note(
            connection,
            actor,
            "project.lifecycle",
            f"{owner.name} follows lifecycle {line.name}",
            thing=owner.id,
            project=owner.name,
            before={"lifecycle": before.name},
            after={"lifecycle": line.name},
        )
        return _seen(connection, actor, [_view(connection, line)])[0]


def _drafted(connection: Connection, draft: Draft, before: Lifecycle) -> Lifecycle:
    if len(draft.name) > LONGEST_NAME or not can_be_asked_for(draft.name):
        raise Invalid("input.name", f"a lifecycle has a name of 1 to {LONGEST_NAME} characters, no slash", thing="name")
    if len(draft.phases) > MOST_PHASES:
        raise Invalid("lifecycle.phases", f"a lifecycle has at most {MOST_PHASES} phases", thing=draft.name)
    phases = tuple(_phase(connection, line) for line in draft.phases)
    check_phases(phases, {one.id: one.name for one in environments.all_of(connection)})
    return replace(
        before,
        name=draft.name.strip(),
        phases=phases,
        description=draft.description,
        releases=draft.releases or before.releases,
        files=draft.files or before.files,
    )


def _phase(connection: Connection, line: PhaseLine) -> Phase:
    places = tuple(environments.by_name_or_id(connection, name).id for name in line.environments)
    return Phase(
        line.name,
        places,
        automatic=line.automatic,
        needs_approval=line.needs_approval,
        approval_expires_s=line.approval_expires_s,
        minimum=line.minimum,
        is_optional=line.is_optional,
        releases=line.releases,
        files=line.files,
    )


def _seen(connection: Connection, actor: Actor, found: Sequence[LifecycleView]) -> Sequence[LifecycleView]:
    """Without the projects that the actor may not view."""
    mine = reaching.viewed_projects(connection, actor)
    if mine is None:
        return found
    return [replace(one, projects=tuple(name for name in one.projects if name in mine)) for one in found]


def _view(connection: Connection, line: Lifecycle) -> LifecycleView:
    [view] = _views(connection, [line])
    return view


def _views(connection: Connection, lines: Sequence[Lifecycle]) -> list[LifecycleView]:
    """As many queries for one as for all."""
    known = environments.all_of(connection)
    names = {one.id: one.name for one in known}
    followers = projects.following(connection, [line.id for line in lines])
    return [
        LifecycleView(
            line,
            tuple(_line(phase, names) for phase in line.phases),
            tuple(_line(phase, names) for phase in resolved(line, known).phases),
            tuple(followers.get(line.id, ())),
        )
        for line in lines
    ]


def _line(phase: Phase, names: Mapping[EnvironmentId, str]) -> PhaseLine:
    return PhaseLine(
        phase.name,
        tuple(names[id] for id in phase.environments if id in names),
        automatic=phase.automatic,
        needs_approval=phase.needs_approval,
        approval_expires_s=phase.approval_expires_s,
        minimum=phase.minimum,
        is_optional=phase.is_optional,
        releases=phase.releases,
        files=phase.files,
    )
