"""Runs of runbooks: asking for them, what they ask for, their plans; and keeping them in bounds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from fairlead.domain import system_variables
from fairlead.domain.actor import Actor
from fairlead.domain.environment import Environment
from fairlead.domain.errors import Conflict, Invalid, Refused
from fairlead.domain.ids import TaskId
from fairlead.domain.permission import Permission
from fairlead.domain.plan import Plan
from fairlead.domain.process import NO_CHOICE, ProcessChoice
from fairlead.domain.project import Project
from fairlead.domain.runbook import Runbook, RunbookRun, Snapshot
from fairlead.domain.system_variables import SystemVariables
from fairlead.domain.target import chosen
from fairlead.domain.task import Task, TaskState
from fairlead.steps.run_process import plan_runbook
from fairlead.store import environments, forgetting, processes, projects, runbooks, targets, tasks
from fairlead.store.database import Connection
from fairlead.store.shelf import Page
from fairlead.usecases import gates, lines, prompting, turns
from fairlead.usecases.context import Context
from fairlead.usecases.process_resolving import Surroundings, packages_of, resolve_process, tags_of
from fairlead.usecases.registries import logins
from fairlead.usecases.runbooks import RunbookView
from fairlead.usecases.values import scope_at, table_of


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
class Wish:
    """What a person wants of a run: `prompted` are answers by label or name, `choice` what of the process runs and
    where, `override_freeze` the reason why no freeze binds it."""

    prompted: Mapping[str, str] = field(default_factory=dict)
    choice: ProcessChoice = NO_CHOICE
    override_freeze: str = ""


AS_IT_IS = Wish()


def run(context: Context, actor: Actor, project: str, name: str, environment: str, *, wish: Wish = AS_IT_IS) -> RunView:
    """What is published runs there, when it is the place's turn. Passing a freeze over needs a permission of its own.
    Conflict `runbook.unpublished`, `runbook.frozen`; Refused `runbook.environment`; what `prompting.answered` and
    `resolve_process` raise."""
    [view] = run_in_all(context, actor, project, name, [environment], wish=wish)
    return view


def run_in_all(
    context: Context, actor: Actor, project: str, name: str, places: Sequence[str], *, wish: Wish = AS_IT_IS
) -> Sequence[RunView]:
    """As `run`, in several environments: in all of them, or in none. Answers count where they are asked for."""
    actor.require_somewhere(Permission.RUNBOOK_RUN)
    with context.database.transaction() as connection:
        owner = projects.by_name_or_id(connection, project)
        actor.require_somewhere(Permission.RUNBOOK_RUN, project=owner.id)
        if not places:
            raise Invalid("input.invalid", "a runbook runs in an environment", thing="environments", hint="name one")
        here = [_place(connection, actor, owner, one) for one in dict.fromkeys(places)]
        found = runbooks.by_name_or_id(connection, owner.id, name)
        if found.published is None:
            hint = f"fairlead runbooks publish {found.name}"
            raise Conflict("runbook.unpublished", f"{found.name} was not published yet", thing=found.name, hint=hint)
        views: list[RunView] = []
        for place in here:
            _require_open(context, connection, actor, owner, place, found, wish)
            given = _asked_here(connection, owner, place, found, found.published, wish, is_only=len(here) == 1)
            made = _asked(context, connection, actor, owner, place, found, found.published, given)
            views += _run_views(connection, owner, [made])
    context.durable.wake()
    return views


def questions_of(
    context: Context, actor: Actor, project: str, name: str, environment: str
) -> tuple[prompting.Question, ...]:
    """What a run there would ask for, by label; nothing where it was not published yet."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        owner = projects.by_name_or_id(connection, project)
        place = environments.by_name_or_id(connection, environment)
        actor.require_somewhere(Permission.VIEW, project=owner.id, environment=place.id)
        found = runbooks.by_name_or_id(connection, owner.id, name)
        if found.published is None:
            return ()
        return _questions(connection, owner, place, found, found.published)


def runs_of(
    context: Context,
    actor: Actor,
    project: str,
    name: str,
    *,
    environment: str = "",
    after: str | None = None,
    limit: int = 50,
) -> Page[RunView]:
    """Its runs, the newest first."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        owner = projects.by_name_or_id(connection, project)
        actor.require_somewhere(Permission.VIEW, project=owner.id)
        found = runbooks.by_name_or_id(connection, owner.id, name)
        place = environments.by_name_or_id(connection, environment).id if environment else None
        part = runbooks.runs_of(connection, found.id, environment=place, after=after, limit=limit)
        return Page(_run_views(connection, owner, part.items), part.after)


def newest_of(
    context: Context, actor: Actor, project: str, shown: Iterable[RunbookView], *, limit: int = 5
) -> Mapping[str, Sequence[RunView]]:
    """The newest runs of each of those runbooks of the project, by its id, the newest first."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        owner = projects.by_name_or_id(connection, project)
        actor.require_somewhere(Permission.VIEW, project=owner.id)
        known = [one.runbook.id for one in shown if one.runbook.project == owner.id]
        newest = runbooks.newest_runs_of(connection, known, limit=limit)
        views: dict[str, list[RunView]] = {}
        for view in _run_views(connection, owner, [one for part in newest.values() for one in part]):
            views.setdefault(view.run.runbook, []).append(view)
        return views


def plan_of(context: Context, connection: Connection, task: Task) -> Plan:
    """The plan of a run, from what was published when it was asked for. Conflict `runbook.frozen` where a freeze came
    while it waited for its turn, and what `resolve_process` raises."""
    made = runbooks.run_of_task(connection, task.id)
    owner = projects.get(connection, made.project)
    place = environments.get(connection, made.environment)
    no = gates.closed_to_runbook(connection, owner, place, task.title, at=context.clock.now())
    if no is not None and not made.freeze_override:
        raise no
    return _planned(context, connection, owner, place, made, task)


def forget_old(context: Context, connection: Connection, task: Task) -> None:
    """After a run's end: of its runbook's runs there only as many stay as it says, the rest go with tasks and logs."""
    made = runbooks.run_of_task(connection, task.id)
    found = runbooks.get(connection, made.runbook)
    for old in runbooks.over_the_count(connection, found, made.environment):
        carried = tasks.find(connection, old.task)
        if carried is not None and carried.state.has_ended:
            forgetting.forget_tasks(connection, [old.task])
            runbooks.delete_run(connection, old.id)


def _place(connection: Connection, actor: Actor, owner: Project, name: str) -> Environment:
    place = environments.by_name_or_id(connection, name)
    actor.require(Permission.RUNBOOK_RUN, project=owner.id, environment=place.id)
    return place


def _require_open(
    context: Context,
    connection: Connection,
    actor: Actor,
    owner: Project,
    place: Environment,
    found: Runbook,
    wish: Wish,
) -> None:
    """That it may run there, and no freeze that binds it holds, or is passed over."""
    phases = lines.of_project(connection, owner).phases if found.in_lifecycle else ()
    if not found.may_run_in(place.id, [id for phase in phases for id in phase.environments]):
        raise Refused("runbook.environment", f"{found.name} may not run in {place.name}", thing=place.name)
    if wish.override_freeze:
        gates.require_override(context, connection, actor, owner, place, wish.override_freeze)
    no = gates.closed_to_runbook(connection, owner, place, found.name, at=context.clock.now())
    if no is not None and not wish.override_freeze:
        raise no


def _questions(
    connection: Connection, owner: Project, place: Environment, found: Runbook, published: Snapshot
) -> tuple[prompting.Question, ...]:
    asker = prompting.AskedByRunbook(owner, place, found.id, published.variables)
    return prompting.questions(connection, asker, published.variables)


def _asked_here(
    connection: Connection,
    owner: Project,
    place: Environment,
    found: Runbook,
    published: Snapshot,
    wish: Wish,
    *,
    is_only: bool,
) -> Wish:
    """Of several environments, each is given the answers to what it asks for itself."""
    if is_only or not wish.prompted:
        return wish
    asked = _questions(connection, owner, place, found, published)
    kept = {name: text for name, text in wish.prompted.items() if any(one.is_called(name) for one in asked)}
    return replace(wish, prompted=kept)


def _asked(
    context: Context,
    connection: Connection,
    actor: Actor,
    owner: Project,
    place: Environment,
    found: Runbook,
    published: Snapshot,
    wish: Wish,
) -> RunbookRun:
    now, id = context.clock.now(), TaskId(context.ids.new("tsk"))
    task = Task(
        id,
        "runbook",
        f"{found.name} of {owner.name} in {place.name}",
        now,
        subject=found.id,
        project=owner.name,
        environment=place.name,
        created_by=actor.name,
    )
    asker = prompting.AskedByRunbook(owner, place, found.id, published.variables)
    answered = prompting.answered(context, connection, asker, wish.prompted, by=actor.name)
    made = RunbookRun(
        context.ids.new("rbr"),
        runbooks.next_number(connection, found.id),
        found.id,
        owner.id,
        place.id,
        replace(published, variables=answered),
        now,
        id,
        created_by=actor.name,
        freeze_override=wish.override_freeze,
        choice=wish.choice,
    )
    _planned(context, connection, owner, place, made, task)  # what cannot be planned is refused where it is asked for
    runbooks.insert_run(connection, made)
    turns.queue(context, connection, task)
    words = f"asked to run {found.name} in {place.name}"
    context.note(connection, actor, "runbook.asked", words, thing=made.id, project=owner.name, environment=place.name)
    return made


def _planned(
    context: Context, connection: Connection, owner: Project, place: Environment, made: RunbookRun, task: Task
) -> Plan:
    process = processes.snapshot(connection, made.snapshot.process)
    known = targets.all_of(connection)
    here = chosen(known, place.id, process.target_tags, tenant=None)
    name = runbooks.get(connection, made.runbook).name
    system = SystemVariables(
        system_variables.of_server(context.installation.url),
        system_variables.of_project(owner),
        system_variables.of_environment(place),
        system_variables.of_targets(
            {str(target.id): target.name for target in here},
            specific=made.choice.only_targets,
            excluded=made.choice.without_targets,
        ),
        system_variables.of_tagged_targets(dict(tags_of(here))),
        system_variables.of_runbook(made.runbook, name),
        system_variables.of_task(task.id, task.title, task.created_at),
    )
    table = table_of(connection, made.snapshot.variables)
    scope = scope_at(place, process=made.runbook)
    held = packages_of(connection, process, made.snapshot.packages)
    at = Surroundings(process, made.choice, place, "", system, known, table, scope, files_from=held)
    at = replace(at, logins=logins(connection), script_commits=made.snapshot.script_commits)
    return plan_runbook(resolve_process(at), title=task.title)


def _run_views(connection: Connection, owner: Project, made: Sequence[RunbookRun]) -> tuple[RunView, ...]:
    """As many queries for one as for all of a project's."""
    carried = tasks.many(connection, [one.task for one in made])
    books = {book.id: book.name for book in runbooks.of_project(connection, owner.id)}
    places = {place.id: place.name for place in environments.all_of(connection)}
    return tuple(
        RunView(
            one,
            books[one.runbook],
            owner.name,
            places[one.environment],
            carried[one.task].state,
            carried[one.task].reason,
        )
        for one in made
    )
