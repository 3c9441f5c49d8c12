"""Runbooks: making, changing, publishing, running them; and keeping their runs in bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from fairlead.domain import system_variables
from fairlead.domain.actor import Actor
from fairlead.domain.environment import Environment
from fairlead.domain.errors import Conflict, Refused
from fairlead.domain.ids import TaskId
from fairlead.domain.permission import Permission
from fairlead.domain.plan import Plan
from fairlead.domain.process import NO_CHOICE, Process, checked
from fairlead.domain.project import Project
from fairlead.domain.runbook import DEFAULT_KEPT_RUNS, Runbook, RunbookRun, Snapshot, check, check_process
from fairlead.domain.system_variables import SystemVariables
from fairlead.domain.target import chosen
from fairlead.domain.task import Task, TaskState
from fairlead.formats.process import by_name
from fairlead.formats.properties import checked_properties
from fairlead.steps.action_kinds import ACTION_KINDS
from fairlead.steps.run_process import plan_runbook
from fairlead.store import environments, forgetting, processes, projects, runbooks, targets, tasks, triggers, variables
from fairlead.store.database import Connection
from fairlead.store.processes import HeldProcess
from fairlead.store.shelf import Page
from fairlead.usecases import child_projects, gates, turns
from fairlead.usecases.as_code import refuse_edit
from fairlead.usecases.context import Context
from fairlead.usecases.process_resolving import Surroundings, resolve_process, tags_of
from fairlead.usecases.processes import require_known
from fairlead.usecases.values import scope_at, table_of


@dataclass(frozen=True, slots=True)
class RunbookView:
    """A runbook with the names that people know and its draft; `is_changed`: the draft is not what is published."""

    runbook: Runbook
    project: str
    environments: tuple[str, ...]
    draft: Process
    is_changed: bool


@dataclass(frozen=True, slots=True)
class RunView:
    """A run with the names that people know, and its task's state."""

    run: RunbookRun
    runbook: str
    project: str
    environment: str
    state: TaskState
    reason: str


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person gives of a runbook; `process` None: as before, at first without steps."""

    name: str
    description: str = ""
    environments: Sequence[str] = ()
    kept_runs: int = DEFAULT_KEPT_RUNS
    process: Process | None = None


def all_of(context: Context, actor: Actor, project: str) -> Sequence[RunbookView]:
    """The project's, by name."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        owner = projects.by_name_or_id(connection, project)
        actor.require_somewhere(Permission.VIEW, project=owner.id)
        return [_view(connection, owner, one) for one in runbooks.of_project(connection, owner.id)]


def get(context: Context, actor: Actor, project: str, name: str) -> RunbookView:
    """By name or id; NotFound `runbook.unknown`."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        owner = projects.by_name_or_id(connection, project)
        actor.require_somewhere(Permission.VIEW, project=owner.id)
        return _view(connection, owner, runbooks.by_name_or_id(connection, owner.id, name))


def put(context: Context, actor: Actor, project: str, draft: Draft, *, revision: int | None = None) -> RunbookView:
    """The project's runbook of this name is so from now on, new or not; what is published stays. With `revision` only
    if nobody changed it since, else Conflict `edit.conflict`. `Invalid` with a code for each rule that it breaks."""
    actor.require_somewhere(Permission.RUNBOOK_EDIT)
    if draft.process is not None:
        check_process(checked(draft.process, ACTION_KINDS))
        checked_properties(draft.process, {name: kind.schema for name, kind in ACTION_KINDS.items()})
    now = context.clock.now()
    with context.database.transaction() as connection:
        owner = projects.by_name_or_id(connection, project)
        actor.require(Permission.RUNBOOK_EDIT, project=owner.id)
        refuse_edit(context, owner, "runbook")
        if draft.process is not None:
            require_known(connection, owner, draft.process)
            child_projects.check(connection, actor, owner, draft.process)
        before = next((one for one in runbooks.of_project(connection, owner.id) if one.name == draft.name), None)
        if revision is not None and (before is None or before.revision != revision):
            raise Conflict("edit.conflict", f"{draft.name} was changed by somebody else since it was read")
        blank = before or Runbook(context.ids.new("rbk"), owner.id, draft.name, now, created_by=actor.name)
        wanted = replace(
            blank,
            description=draft.description,
            environments=tuple(environments.by_name_or_id(connection, name).id for name in draft.environments),
            kept_runs=draft.kept_runs,
        )
        if before is None:
            runbooks.insert(connection, check(wanted))
        saved = wanted if before is None else runbooks.update(connection, check(wanted))
        old = processes.find(connection, saved.id)
        new = old
        if draft.process is not None:
            new = processes.keep(connection, saved.id, draft.process, at=now, by=actor.name)
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
    """Its draft and the project's variables, as they are now, are what runs from now on. Conflict `runbook.empty`."""
    actor.require_somewhere(Permission.RUNBOOK_EDIT)
    now = context.clock.now()
    with context.database.transaction() as connection:
        owner = projects.by_name_or_id(connection, project)
        actor.require(Permission.RUNBOOK_EDIT, project=owner.id)
        found = runbooks.by_name_or_id(connection, owner.id, name)
        process = processes.freeze(connection, found.id)
        if not process:
            raise Conflict("runbook.empty", f"{found.name} has no steps yet", thing=found.name)
        frozen = variables.freeze(connection, id=context.ids.new("vsn"), project=owner.id, at=now).id
        saved = runbooks.update(
            connection, replace(found, published=Snapshot(process, frozen, now.isoformat(), actor.name))
        )
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
        used = ", ".join(one.name for one in triggers.of_runbook(connection, found.id))
        if used:
            message = f"{found.name} is run by triggers: {used}"
            raise Conflict("runbook.in_use", message, thing=found.name, hint="remove or change them first")
        runbooks.delete(connection, found.id)
        processes.delete(connection, found.id)
        words = f"removed runbook {found.name}"
        context.note(connection, actor, "runbook.removed", words, thing=found.id, project=owner.name, before=found)


def run(
    context: Context, actor: Actor, project: str, name: str, environment: str, *, override_freeze: str = ""
) -> RunView:
    """What is published runs there, when it is the place's turn. `override_freeze` is the reason why no freeze binds
    it, which needs a permission of its own. Conflict `runbook.unpublished`, `runbook.frozen`; Refused
    `runbook.environment`."""
    actor.require_somewhere(Permission.RUNBOOK_RUN)
    with context.database.transaction() as connection:
        owner = projects.by_name_or_id(connection, project)
        place = environments.by_name_or_id(connection, environment)
        actor.require(Permission.RUNBOOK_RUN, project=owner.id, environment=place.id)
        found = runbooks.by_name_or_id(connection, owner.id, name)
        if found.published is None:
            hint = f"fairlead runbooks publish {found.name}"
            raise Conflict("runbook.unpublished", f"{found.name} was not published yet", thing=found.name, hint=hint)
        if not found.may_run_in(place.id):
            raise Refused("runbook.environment", f"{found.name} may not run in {place.name}", thing=place.name)
        if override_freeze:
            gates.require_override(context, connection, actor, owner, place, override_freeze)
        no = gates.closed_to_runbook(connection, owner, place, found.name, at=context.clock.now())
        if no is not None and not override_freeze:
            raise no
        made = _asked(context, connection, actor, owner, place, found, found.published, override_freeze)
        view = _run_view(connection, made)
    context.durable.wake()
    return view


def runs_of(
    context: Context, actor: Actor, project: str, name: str, *, after: str | None = None, limit: int = 50
) -> Page[RunView]:
    """Its runs, the newest first."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        owner = projects.by_name_or_id(connection, project)
        actor.require_somewhere(Permission.VIEW, project=owner.id)
        found = runbooks.by_name_or_id(connection, owner.id, name)
        part = runbooks.runs_of(connection, found.id, after=after, limit=limit)
        return Page(tuple(_run_view(connection, one) for one in part.items), part.after)


def plan_of(context: Context, connection: Connection, task: Task) -> Plan:
    """The plan of a run, from what was published when it was asked for. Conflict `runbook.frozen` where a freeze came
    while it waited for its turn, and what `resolve_process` raises."""
    made = runbooks.run_of_task(connection, task.id)
    owner = projects.get(connection, made.project)
    place = environments.get(connection, made.environment)
    no = gates.closed_to_runbook(connection, owner, place, task.title, at=context.clock.now())
    if no is not None and not made.freeze_override:
        raise no
    process = processes.snapshot(connection, made.snapshot.process)
    known = targets.all_of(connection)
    here = chosen(known, place.id, [tag for step in process.steps for tag in step.target_tags])
    name = runbooks.get(connection, made.runbook).name
    system = SystemVariables(
        system_variables.of_server(context.installation.url),
        system_variables.of_project(owner),
        system_variables.of_environment(place),
        system_variables.of_targets({str(target.id): target.name for target in here}, specific=(), excluded=()),
        system_variables.of_tagged_targets(dict(tags_of(here))),
        system_variables.of_runbook(made.runbook, name),
        system_variables.of_task(task.id, task.title, task.created_at),
    )
    table = table_of(connection, made.snapshot.variables)
    at = Surroundings(process, NO_CHOICE, place, "", system, known, table, scope_at(place, process=made.runbook))
    return plan_runbook(resolve_process(at), title=task.title)


def forget_old(context: Context, connection: Connection, task: Task) -> None:
    """After a run's end: of its runbook's runs there only as many stay as it says, the rest go with tasks and logs."""
    made = runbooks.run_of_task(connection, task.id)
    found = runbooks.get(connection, made.runbook)
    for old in runbooks.over_the_count(connection, found, made.environment):
        carried = tasks.find(connection, old.task)
        if carried is not None and carried.state.has_ended:
            forgetting.forget_tasks(connection, [old.task])
            runbooks.delete_run(connection, old.id)


def _asked(
    context: Context,
    connection: Connection,
    actor: Actor,
    owner: Project,
    place: Environment,
    found: Runbook,
    published: Snapshot,
    freeze_override: str,
) -> RunbookRun:
    now, id = context.clock.now(), TaskId(context.ids.new("tsk"))
    title = f"{found.name} of {owner.name} in {place.name}"
    task = Task(
        id,
        "runbook",
        title,
        now,
        subject=found.id,
        project=owner.name,
        environment=place.name,
        created_by=actor.name,
    )
    number = runbooks.next_number(connection, found.id)
    made = RunbookRun(
        context.ids.new("rbr"),
        number,
        found.id,
        owner.id,
        place.id,
        published,
        now,
        id,
        created_by=actor.name,
        freeze_override=freeze_override,
    )
    runbooks.insert_run(connection, made)
    turns.queue(context, connection, task)
    words = f"asked to run {found.name} in {place.name}"
    context.note(connection, actor, "runbook.asked", words, thing=made.id, project=owner.name, environment=place.name)
    return made


def _view(connection: Connection, owner: Project, one: Runbook) -> RunbookView:
    names: Mapping[str, str] = {place.id: place.name for place in environments.all_of(connection)}
    held = processes.find(connection, one.id)
    draft = held.process if held else Process()
    is_changed = one.published is None or draft.hash != one.published.process
    return RunbookView(one, owner.name, tuple(names.get(id, id) for id in one.environments), draft, is_changed)


def _run_view(connection: Connection, one: RunbookRun) -> RunView:
    task = tasks.get(connection, one.task)
    return RunView(
        one,
        runbooks.get(connection, one.runbook).name,
        projects.get(connection, one.project).name,
        environments.get(connection, one.environment).name,
        task.state,
        task.reason,
    )
