"""Runbooks: making, changing, publishing and removing them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from fairlead.domain.actor import Actor
from fairlead.domain.errors import Conflict
from fairlead.domain.permission import Permission
from fairlead.domain.process import Process
from fairlead.domain.project import Project, Tenancy
from fairlead.domain.runbook import DEFAULT_KEPT_RUNS, Runbook, Snapshot, check, check_process
from fairlead.formats.process import by_name
from fairlead.store import environments, processes, projects, runbooks, tasks, triggers, variables
from fairlead.store.database import Connection
from fairlead.store.processes import HeldProcess
from fairlead.store.release_choice import newest_of_feed
from fairlead.store.shelf import Page
from fairlead.usecases import child_projects
from fairlead.usecases.as_code import refuse_edit
from fairlead.usecases.context import Context
from fairlead.usecases.process_checking import completed
from fairlead.usecases.processes import require_known
from fairlead.usecases.script_sources import commits_at, step_images_at, with_lookups


@dataclass(frozen=True, slots=True)
class RunbookView:
    """A runbook with the names that people know and its draft; `is_changed`: the draft is not what is published."""

    runbook: Runbook
    project: str
    environments: tuple[str, ...]
    draft: Process
    is_changed: bool


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person gives of a runbook; `process` None: as before, at first without steps; `tenancy` None: the
    project's."""

    name: str
    description: str = ""
    environments: Sequence[str] = ()
    kept_runs: int = DEFAULT_KEPT_RUNS
    process: Process | None = None
    in_lifecycle: bool = False
    tenancy: Tenancy | None = None


def page(
    context: Context, actor: Actor, project: str, *, search: str = "", after: str | None = None, limit: int = 50
) -> Page[RunbookView]:
    """The project's, by name, a part at a time."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        owner = projects.by_name_or_id(connection, project)
        actor.require_somewhere(Permission.VIEW, project=owner.id)
        part = runbooks.page(connection, owner.id, search=search, after=after, limit=limit)
        return Page(tuple(_views(connection, owner, part.items)), part.after)


def names(context: Context, actor: Actor, project: str) -> Sequence[str]:
    """What the project's are called, in order: to choose one of."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        owner = projects.by_name_or_id(connection, project)
        actor.require_somewhere(Permission.VIEW, project=owner.id)
        return [one.name for one in runbooks.of_project(connection, owner.id)]


def get(context: Context, actor: Actor, project: str, name: str) -> RunbookView:
    """By name or id; NotFound `runbook.unknown`."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        owner = projects.by_name_or_id(connection, project)
        actor.require_somewhere(Permission.VIEW, project=owner.id)
        return _view(connection, owner, runbooks.by_name_or_id(connection, owner.id, name))


def put(context: Context, actor: Actor, project: str, draft: Draft, *, revision: int | None = None) -> RunbookView:
    """Make the project's runbook of this name, or replace its draft; what is published stays. With `revision` only
    if nobody changed it since, else Conflict `edit.conflict`. `Invalid` with a code for each rule that it breaks."""
    actor.require_somewhere(Permission.RUNBOOK_EDIT)
    now = context.clock.now()
    with context.database.transaction() as connection:
        owner = projects.by_name_or_id(connection, project)
        actor.require(Permission.RUNBOOK_EDIT, project=owner.id)
        refuse_edit(context, owner, "runbook")
        process = check_process(completed(connection, draft.process)) if draft.process is not None else None
        if process is not None:
            require_known(connection, owner, process)
            child_projects.check(connection, actor, owner, process)
        before = next((one for one in runbooks.of_project(connection, owner.id) if one.name == draft.name), None)
        if revision is not None and (before is None or before.revision != revision):
            raise Conflict("edit.conflict", f"{draft.name} was changed by somebody else since it was read")
        blank = before or Runbook(context.ids.new("rbk"), owner.id, draft.name, now, created_by=actor.name)
        wanted = replace(
            blank,
            description=draft.description,
            environments=tuple(environments.by_name_or_id(connection, name).id for name in draft.environments),
            kept_runs=draft.kept_runs,
            in_lifecycle=draft.in_lifecycle,
            tenancy=draft.tenancy,
        )
        if before is None:
            runbooks.insert(connection, check(wanted))
        saved = wanted if before is None else runbooks.update(connection, check(wanted))
        old = processes.find(connection, saved.id)
        new = old
        if process is not None:
            new = processes.keep(connection, saved.id, process, at=now, by=actor.name)
        kind, verb = ("runbook.added", "added") if before is None else ("runbook.changed", "changed")
        words = f"{verb} runbook {saved.name}"
        context.note(
            connection,
            actor,
            kind,
            words,
            thing=saved.id,
            project=owner.name,
            before=_told(before, old) if before else None,
            after=_told(saved, new),
        )
        return _view(connection, owner, saved)


def _told(runbook: Runbook, held: HeldProcess | None) -> dict[str, object]:
    return {"runbook": runbook, "process": by_name(held.process) if held else None}


def publish(context: Context, actor: Actor, project: str, name: str) -> RunbookView:
    """Publish its draft and the project's variables as they are now, with the newest of each
    package that it takes files from, the commits of scripts from other repositories, and the digests of images that its
    steps run. Conflict `runbook.empty`, NotFound `package.unknown`, `source.ref`, `source.file`, `image.unknown`."""
    actor.require_somewhere(Permission.RUNBOOK_EDIT)
    return with_lookups(context, lambda inner: _publish(inner, actor, project, name))


def _publish(context: Context, actor: Actor, project: str, name: str) -> RunbookView:
    now = context.clock.now()
    with context.database.transaction() as connection:
        owner = projects.by_name_or_id(connection, project)
        actor.require(Permission.RUNBOOK_EDIT, project=owner.id)
        found = runbooks.by_name_or_id(connection, owner.id, name)
        process = processes.freeze(connection, found.id, at=now)
        if not process:
            raise Conflict("runbook.empty", f"{found.name} has no steps yet", thing=found.name)
        packages = newest_of_feed(connection, processes.snapshot(connection, process))
        commits = commits_at(context, connection, owner.id, process)
        images = step_images_at(context, connection, owner.id, process)
        frozen = variables.freeze(connection, id=context.ids.new("vsn"), project=owner.id, at=now).id
        published = Snapshot(process, frozen, now.isoformat(), actor.name, packages, commits, images)
        saved = runbooks.update(connection, replace(found, published=published))
        words = f"published runbook {saved.name}"
        context.note(
            connection, actor, "runbook.published", words, thing=saved.id, project=owner.name, before=found, after=saved
        )
        return _view(connection, owner, saved)


def remove(context: Context, actor: Actor, project: str, name: str) -> None:
    """Gone; the tasks of its runs stay."""
    actor.require_somewhere(Permission.RUNBOOK_EDIT)
    with context.database.transaction() as connection:
        owner = projects.by_name_or_id(connection, project)
        actor.require(Permission.RUNBOOK_EDIT, project=owner.id)
        refuse_edit(context, owner, "runbook")
        found = runbooks.by_name_or_id(connection, owner.id, name)
        if any(task.kind == "runbook" and task.subject == found.id for task in tasks.unfinished(connection)):
            raise Conflict("edit.conflict", f"{found.name} is running", thing=found.name)
        if runbooks.has_scheduled(connection, found.id):
            message, hint = f"runs of {found.name} are scheduled", "cancel them first: fairlead runbooks cancel"
            raise Conflict("edit.conflict", message, thing=found.name, hint=hint)
        used = ", ".join(one.name for one in triggers.of_runbook(connection, found.id))
        if used:
            message = f"{found.name} is run by triggers: {used}"
            raise Conflict("runbook.in_use", message, thing=found.name, hint="remove or change them first")
        runbooks.delete(connection, found.id)
        processes.delete(connection, found.id)
        words = f"removed runbook {found.name}"
        context.note(connection, actor, "runbook.removed", words, thing=found.id, project=owner.name, before=found)


def _view(connection: Connection, owner: Project, one: Runbook) -> RunbookView:
    [view] = _views(connection, owner, [one])
    return view


def _views(connection: Connection, owner: Project, found: Sequence[Runbook]) -> list[RunbookView]:
    """As many queries for one as for all of a project's."""
    names: Mapping[str, str] = {place.id: place.name for place in environments.all_of(connection)}
    held = processes.many(connection, [one.id for one in found])
    views = []
    for one in found:
        draft = held[one.id].process if one.id in held else Process()
        is_changed = one.published is None or draft.hash != one.published.process
        places = tuple(names.get(id, id) for id in one.environments)
        views.append(RunbookView(one, owner.name, places, draft, is_changed))
    return views
