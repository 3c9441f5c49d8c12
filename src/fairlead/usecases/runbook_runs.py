"""Runs of runbooks: asking for them, what they ask for, their plans; and keeping them in bounds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from fairlead.domain import system_variables
from fairlead.domain.actor import Actor
from fairlead.domain.errors import Conflict, FairleadError, Invalid, Refused
from fairlead.domain.ids import TaskId
from fairlead.domain.installed_package import Owner
from fairlead.domain.lifecycle import files_kept
from fairlead.domain.permission import Permission
from fairlead.domain.plan import Plan
from fairlead.domain.process import NO_CHOICE, ProcessChoice
from fairlead.domain.project import Project
from fairlead.domain.record import Json
from fairlead.domain.runbook import Runbook, RunbookRun, RunbookRunState, Snapshot, Unbegun
from fairlead.domain.system_variables import SystemVariables
from fairlead.domain.target import chosen
from fairlead.domain.task import Task
from fairlead.domain.tenant import Tenant
from fairlead.domain.timing import check_timing
from fairlead.steps.run_process import plan_runbook
from fairlead.store import environments, forgetting, policies, processes, projects, runbooks, targets, tasks, tenants
from fairlead.store.database import Connection
from fairlead.store.reach import within
from fairlead.store.shelf import Condition, Page
from fairlead.usecases import child_projects, concurrency_tags, gates, lines, planning, prompting, tenancy, turns
from fairlead.usecases.context import Context
from fairlead.usecases.harms import vetted
from fairlead.usecases.located import Located, located
from fairlead.usecases.packages_taken import packages_of
from fairlead.usecases.process_resolving import resolve_process, tags_of
from fairlead.usecases.process_surroundings import Surroundings
from fairlead.usecases.registries import logins
from fairlead.usecases.runbooks import RunbookView
from fairlead.usecases.values import scope_at, table_of


@dataclass(frozen=True, slots=True)
class RunView:
    """A run with the names that people know (`tenant` "": for nobody), and its task's state; where it has no task, its
    own."""

    run: RunbookRun
    runbook: str
    project: str
    environment: str
    tenant: str
    state: RunbookRunState
    reason: str
    code: str = ""
    hint: str = ""

    @property
    def where(self) -> str:
        """The environment, and for whom."""
        return f"{self.environment} for {self.tenant}" if self.tenant else self.environment


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants of a run: `prompted` are answers by label or name, `choice` what of the process runs and
    where, `override_freeze` the reason why no freeze binds it. `is_for_several`: answers may be for some runs only.
    `plan_hash` (or its first twelve letters or more) is the plan of the one run that was shown. None begins before
    `not_before` or after `not_after`."""

    prompted: Mapping[str, str] = field(default_factory=dict)
    choice: ProcessChoice = NO_CHOICE
    override_freeze: str = ""
    is_for_several: bool = False
    plan_hash: str = ""
    not_before: datetime | None = None
    not_after: datetime | None = None


AS_IT_IS = Wish()
MOST_SCHEDULED = 50
"""Of each runbook, on the page of all."""


@dataclass(frozen=True, slots=True)
class RunPreview:
    """What a run would do; `refused` is the rule that would refuse it if it were asked for now."""

    plan: Plan
    refused: str = ""


def run(
    context: Context,
    actor: Actor,
    project: str,
    name: str,
    environment: str,
    *,
    tenant: str = "",
    wish: Wish = AS_IT_IS,
) -> RunView:
    """What is published runs there (for the tenant), when its time has come and it is the place's turn. Passing a
    freeze over needs a permission of its own. Conflict `runbook.unpublished`, `runbook.frozen`; Refused
    `runbook.environment`; what `check_timing`, `tenancy.check_runbook`, `prompting.answered` and `resolve_process`
    raise."""
    [view] = run_in_all(context, actor, project, name, [environment], tenant=tenant, wish=wish)
    return view


def run_in_all(
    context: Context,
    actor: Actor,
    project: str,
    name: str,
    places: Sequence[str],
    *,
    tenant: str = "",
    wish: Wish = AS_IT_IS,
) -> Sequence[RunView]:
    """As `run`, in several environments: in all of them, or in none. Answers count where they are asked for."""
    actor.require_somewhere(Permission.RUNBOOK_RUN)
    with context.database.transaction() as connection:
        owner = projects.by_name_or_id(connection, project)
        actor.require_somewhere(Permission.RUNBOOK_RUN, project=owner.id)
        if not places:
            raise Invalid("input.invalid", "a runbook runs in an environment", thing="environments", hint="name one")
        whose = tenancy.named(connection, tenant)
        here = [_place(connection, actor, owner, one, whose) for one in dict.fromkeys(places)]
        found = runbooks.by_name_or_id(connection, owner.id, name)
        published = _published(found)
        is_only = len(here) == 1 and not wish.is_for_several
        check_timing(wish.not_before, wish.not_after, now=context.clock.now())
        if wish.plan_hash and not is_only:
            raise Invalid("input.invalid", "a plan is of one run: name one environment", thing="plan_hash")
        views: list[RunView] = []
        for where in here:
            _require_open(context, connection, actor, where, found, wish)
            given = wish if is_only else _asked_here(connection, where, found, published, wish)
            made = _asked(context, connection, actor, where, found, published, given)
            views += run_views(connection, owner, [made])
    context.durable.wake()
    return views


def preview(
    context: Context,
    actor: Actor,
    project: str,
    name: str,
    environment: str,
    *,
    tenant: str = "",
    choice: ProcessChoice = NO_CHOICE,
    prompted: Mapping[str, str] | None = None,
) -> RunPreview:
    """What a run there (for the tenant) would do now; nothing is changed. Its hash is that of a run with the same
    choice and answers; `prompted` None: with the defaults of what it asks for, answered or not. Errors as `run`."""
    actor.require_somewhere(Permission.VIEW)

    def look(connection: Connection) -> RunPreview:
        where = located(connection, project, environment, tenant)
        where.require_somewhere(actor, Permission.VIEW)
        found = runbooks.by_name_or_id(connection, where.project.id, name)
        published = _published(found)
        asker = _asker(where, found, published)
        if prompted is not None:
            variables = prompting.answered(context, connection, asker, prompted, by="a plan")
        else:
            variables = prompting.with_defaults(context, connection, asker)
        made, task = _drafted(context, connection, actor, where, found, published, variables, Wish(choice=choice))
        plan = _planned(context, connection, where, made, task)
        try:
            _require_open(context, connection, actor, where, found, AS_IT_IS)
            child_projects.require_all(connection, actor, where, plan)
        except FairleadError as error:
            return RunPreview(plan, error.message)
        return RunPreview(plan)

    if not prompted and not tenant:  # nothing is put into a snapshot of its own
        with context.database.reading() as connection:
            return look(connection)
    return context.database.tried(look)


def questions_of(
    context: Context, actor: Actor, project: str, name: str, environment: str, *, tenant: str = ""
) -> tuple[prompting.Question, ...]:
    """What a run there (for the tenant) would ask for, by label; nothing where it has not been published yet."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        where = located(connection, project, environment, tenant)
        where.require_somewhere(actor, Permission.VIEW)
        found = runbooks.by_name_or_id(connection, where.project.id, name)
        if found.published is None:
            return ()
        return _questions(connection, where, found, found.published)


def runs_of(
    context: Context,
    actor: Actor,
    project: str,
    name: str,
    *,
    environment: str = "",
    tenant: str = "",
    state: RunbookRunState | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[RunView]:
    """Its runs where the actor may view them, the newest first."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        owner = projects.by_name_or_id(connection, project)
        actor.require_somewhere(Permission.VIEW, project=owner.id)
        found = runbooks.by_name_or_id(connection, owner.id, name)
        place = environments.by_name_or_id(connection, environment).id if environment else None
        whose = tenancy.named(connection, tenant)
        scope = whose.id if whose else None
        part = runbooks.runs_of(
            connection, found.id, *_mine(actor), environment=place, tenant=scope, state=state, after=after, limit=limit
        )
        return Page(run_views(connection, owner, part.items), part.after)


def newest_of(
    context: Context, actor: Actor, project: str, shown: Iterable[RunbookView], *, limit: int = 5
) -> Mapping[str, Sequence[RunView]]:
    """The newest runs of each of those runbooks of the project where the actor may view them, by its id, the newest
    first; what is scheduled comes before, however long ago it was asked for."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        owner = projects.by_name_or_id(connection, project)
        actor.require_somewhere(Permission.VIEW, project=owner.id)
        known = [one.runbook.id for one in shown if one.runbook.project == owner.id]
        mine = _mine(actor)
        later = runbooks.newest_runs_of(connection, known, runbooks.IS_SCHEDULED, *mine, limit=MOST_SCHEDULED)
        newest = runbooks.newest_runs_of(connection, known, runbooks.IS_NOT_SCHEDULED, *mine, limit=limit)
        shown_runs = [one for part in (*later.values(), *newest.values()) for one in part]
        views: dict[str, list[RunView]] = {}
        for view in run_views(connection, owner, shown_runs):
            views.setdefault(view.run.runbook, []).append(view)
        return views


def plan_of(context: Context, connection: Connection, task: Task) -> Plan:
    """The plan of a run, from what was published when it was asked for. Conflict `runbook.frozen` where a freeze came
    while it waited for its turn, `runbook.expired` where its time was over by then; Refused `plan.changed` where it is
    not the one that was shown; and what `resolve_process` raises."""
    made = runbooks.run_of_task(connection, task.id)
    owner = projects.get(connection, made.project)
    where = Located(owner, environments.get(connection, made.environment), tenancy.of(connection, made.tenant))
    now = context.clock.now()
    if (no := closed(connection, where, made, task.title, at=now)) is not None:
        raise no
    plan = _planned(context, connection, where, made, task)
    if made.plan_hash and made.plan_hash != plan.hash:
        changes = planning.plan_changes(context, made.plan_hash, plan)
        words = planning.changed_words(made.plan_hash, plan.hash, changes)
        raise Refused("plan.changed", words, thing=task.title, hint="look at the plan again: fairlead runbooks plan")
    return plan


def closed(
    connection: Connection, where: Located, made: RunbookRun, name: str, *, at: datetime
) -> FairleadError | None:
    """What keeps the run from beginning at that time: the end of its own, or a freeze that binds it."""
    late = gates.expired(made.not_after, at=at, noun="runbook")
    if late is not None or made.freeze_override:
        return late
    return gates.closed_to_runbook(connection, where.project, where.environment, name, at=at, tenant=where.scope)


def forget_old(context: Context, connection: Connection, task: Task) -> None:
    """After a run's end: of its runbook's runs there for the tenant only as many stay as it says, the rest go with
    tasks and logs."""
    made = runbooks.run_of_task(connection, task.id)
    found = runbooks.get(connection, made.runbook)
    for old in runbooks.over_the_count(connection, found, made.environment, made.tenant):
        if old.task is None:
            runbooks.delete_run(connection, old.id)
            continue
        carried = tasks.find(connection, old.task)
        if carried is not None and carried.state.has_ended:
            forgetting.forget_tasks(connection, [old.task])
            runbooks.delete_run(connection, old.id)


def _mine(actor: Actor) -> list[Condition]:
    c = runbooks.runs.c
    return within(actor.reach(Permission.VIEW), project=c.project, environment=c.environment, tenant=c.tenant)


def _place(connection: Connection, actor: Actor, owner: Project, name: str, tenant: Tenant | None) -> Located:
    where = Located(owner, environments.by_name_or_id(connection, name), tenant)
    where.require(actor, Permission.RUNBOOK_RUN)
    return where


def _require_open(
    context: Context, connection: Connection, actor: Actor, where: Located, found: Runbook, wish: Wish
) -> None:
    """That it may run there for whom it is to, and no freeze that binds it holds, or is passed over; one that holds now
    does not bind what is to begin later."""
    owner, place = where.project, where.environment
    require_allowed(connection, where, found)
    if wish.override_freeze:
        gates.require_override(context, connection, actor, owner, place, wish.override_freeze, tenant=where.tenant)
    if wish.override_freeze or wish.not_before:
        return
    no = gates.closed_to_runbook(connection, owner, place, found.name, at=context.clock.now(), tenant=where.scope)
    if no is not None:
        raise no


def require_allowed(connection: Connection, where: Located, found: Runbook) -> None:
    """That it may run there, and for whom it is to. Refused `runbook.environment`; what `tenancy.check_runbook`
    raises."""
    phases = lines.of_project(connection, where.project).phases if found.in_lifecycle else ()
    place = where.environment
    if not found.may_run_in(place.id, [id for phase in phases for id in phase.environments]):
        raise Refused("runbook.environment", f"{found.name} may not run in {place.name}", thing=place.name)
    tenancy.check_runbook(where.project, found, place, where.tenant)


def _published(found: Runbook) -> Snapshot:
    if found.published is None:
        hint = f"fairlead runbooks publish {found.name}"
        raise Conflict("runbook.unpublished", f"{found.name} has not been published yet", thing=found.name, hint=hint)
    return found.published


def _asker(where: Located, found: Runbook, published: Snapshot) -> prompting.AskedByRunbook:
    return prompting.AskedByRunbook(where.project, where.environment, found.id, published.variables, where.tenant)


def _questions(
    connection: Connection, where: Located, found: Runbook, published: Snapshot
) -> tuple[prompting.Question, ...]:
    return prompting.questions(connection, _asker(where, found, published), published.variables)


def _asked_here(connection: Connection, where: Located, found: Runbook, published: Snapshot, wish: Wish) -> Wish:
    """Of several runs, each is given the answers to what it asks for itself."""
    asked = _questions(connection, where, found, published) if wish.prompted else ()
    kept = {name: text for name, text in wish.prompted.items() if any(one.is_called(name) for one in asked)}
    return replace(wish, prompted=kept)


def _asked(
    context: Context,
    connection: Connection,
    actor: Actor,
    where: Located,
    found: Runbook,
    published: Snapshot,
    wish: Wish,
) -> RunbookRun:
    answered = prompting.answered(context, connection, _asker(where, found, published), wish.prompted, by=actor.name)
    made, task = _drafted(context, connection, actor, where, found, published, answered, wish)
    plan = _planned(context, connection, where, made, task)  # what cannot be planned is refused where it is asked for
    child_projects.require_all(connection, actor, where, plan)
    if wish.plan_hash:
        planning.require_plan(wish.plan_hash, plan.hash, what="would run now")
        planning.remember_plan(context, connection, plan)
        made = replace(made, plan_hash=plan.hash)
    made = replace(made, number=runbooks.next_number(connection, found.id))
    if wish.not_before is not None and wish.not_before > context.clock.now():
        runbooks.insert_run(connection, replace(made, task=None, unbegun=Unbegun.SCHEDULED))
    else:
        runbooks.insert_run(connection, made)
        turns.queue(context, connection, task)
    context.note(
        connection,
        actor,
        "runbook.asked",
        f"asked to run {found.name} in {where.shown}",
        thing=made.id,
        project=task.project,
        environment=task.environment,
        tenant=task.tenant,
    )
    return runbooks.get_run(connection, made.id)


def _drafted(
    context: Context,
    connection: Connection,
    actor: Actor,
    where: Located,
    found: Runbook,
    published: Snapshot,
    variables: str,
    wish: Wish,
) -> tuple[RunbookRun, Task]:
    """The run and its task, which nobody has kept yet, without a number; `variables` is the snapshot with the
    answers."""
    task = task_of(context, connection, where, found, variables, asked_by=actor.name)
    made = RunbookRun(
        context.ids.new("rbr"),
        0,
        found.id,
        where.project.id,
        where.environment.id,
        replace(published, variables=variables),
        task.created_at,
        task.id,
        created_by=actor.name,
        freeze_override=wish.override_freeze,
        choice=wish.choice,
        tenant=where.scope,
        not_before=wish.not_before,
        not_after=wish.not_after,
    )
    return made, task


def task_of(
    context: Context, connection: Connection, where: Located, found: Runbook, variables: str, *, asked_by: str
) -> Task:
    """The task of a run that begins now, which nobody has kept yet. Invalid `task.concurrency_tag`."""
    task = Task(
        TaskId(context.ids.new("tsk")),
        "runbook",
        f"{found.name} of {where.project.name} in {where.shown}",
        context.clock.now(),
        subject=found.id,
        project=where.project.name,
        environment=where.environment.name,
        tenant=where.tenant.name if where.tenant else None,
        created_by=asked_by,
    )
    tag = concurrency_tags.of_runbook(
        context, connection, where.project, where.environment, variables, task, found.name, tenant=where.tenant
    )
    return replace(task, concurrency_tag=tag)


def _planned(context: Context, connection: Connection, where: Located, made: RunbookRun, task: Task) -> Plan:
    place, tenant = where.environment, where.tenant
    process = processes.snapshot(connection, made.snapshot.process)
    known = targets.all_of(connection)
    here = chosen(known, place.id, process.target_tags, tenant=tenant)
    name = runbooks.get(connection, made.runbook).name
    system = SystemVariables(
        system_variables.of_server(context.installation.url),
        system_variables.of_project(where.project),
        system_variables.of_environment(place),
        *([system_variables.of_tenant(tenant)] if tenant else []),
        system_variables.of_targets(
            {str(target.id): target.name for target in here},
            specific=made.choice.only_targets,
            excluded=made.choice.without_targets,
        ),
        system_variables.of_tagged_targets(dict(tags_of(here))),
        system_variables.of_runbook(made.runbook, name),
        system_variables.of_runbook_run(made, place.name),
        system_variables.of_task(task.id, task.title, task.created_at, tag=tasks.place_of(task).tag),
    )
    table = table_of(connection, made.snapshot.variables)
    scope = scope_at(place, process=made.runbook, tenant=tenant)
    held = packages_of(connection, process, made.snapshot.packages)
    at = Surroundings(process, made.choice, place, "", system, known, table, scope, tenant, files_from=held)
    owner = Owner(where.project.name, place.name, tenant.name if tenant else "", name)
    keep = files_kept(lines.of_project(connection, where.project), place.id)
    at = replace(at, logins=logins(connection), script_commits=made.snapshot.script_commits)
    at = replace(at, owner=owner, keep_files=keep, step_images=made.snapshot.step_images)
    allowed = policies.of_project(connection, where.project.id)
    resolved = vetted(where.project, resolve_process(at), allowed, place, whose=f"the runbook {name}")
    meant: dict[str, Json] = {
        "runbook": name,
        "project": where.project.name,
        "environment": place.name,
        "tenant": tenant.name if tenant else "",
        "variables": made.snapshot.variables,
    }
    return plan_runbook(resolved, title=task.title, meant=meant)


def run_views(connection: Connection, owner: Project, made: Sequence[RunbookRun]) -> tuple[RunView, ...]:
    """The runs with their names: as many queries for one as for all of a project's."""
    carried = tasks.many(connection, [one.task for one in made if one.task])
    books = {book.id: book.name for book in runbooks.of_project(connection, owner.id)}
    places = {place.id: place.name for place in environments.all_of(connection)}
    whose = tenants.names(connection, (one.tenant for one in made if one.tenant))
    views = []
    for one in made:
        names = (books[one.runbook], owner.name, places[one.environment])
        tenant = whose.get(one.tenant, "") if one.tenant else ""
        if one.unbegun is not None:
            views.append(RunView(one, *names, tenant, one.unbegun, one.reason, one.code, one.hint))
        elif one.task is not None:
            task = carried[one.task]
            views.append(RunView(one, *names, tenant, task.state, task.reason, task.code, task.hint))
    return tuple(views)
