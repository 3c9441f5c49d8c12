"""Deployments: asking for one, going back, and looking at them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from fairlead.domain.actor import SYSTEM, Actor
from fairlead.domain.approval import Approval
from fairlead.domain.deployment import Deployment, DeploymentKind, DeploymentOutcome, DeploymentState
from fairlead.domain.environment import Environment
from fairlead.domain.errors import Conflict, FairleadError, Invalid, NotFound
from fairlead.domain.ids import DeploymentId, TaskId
from fairlead.domain.lifecycle import Phase
from fairlead.domain.permission import Permission
from fairlead.domain.process import NO_CHOICE, ProcessChoice
from fairlead.domain.project import Project
from fairlead.domain.record import Json
from fairlead.domain.release import Release
from fairlead.domain.switch_record import SwitchRecord, switch_of
from fairlead.domain.task import Task
from fairlead.domain.tenant import Tenant
from fairlead.domain.timing import check_timing
from fairlead.ports.catalogue import Place
from fairlead.ports.tasks import End
from fairlead.store import approvals, deployments, environments, projects, releases, routes, tasks, tenants
from fairlead.store.database import Connection
from fairlead.store.reach import within
from fairlead.store.shelf import Page
from fairlead.usecases import (
    child_projects,
    concurrency_tags,
    gates,
    kept_slots,
    places,
    planning,
    prompting,
    tenancy,
    turns,
    waiting,
)
from fairlead.usecases.context import Context
from fairlead.usecases.going import Going, going_of
from fairlead.usecases.located import Located, located

CERTIFICATE = "certificate"
"""The task's fact that holds how the state after compares with the state before."""


FROZEN = "deployment.frozen"
HELD_HINT = "it begins by itself when the freeze ends, unless something newer comes; fairlead deployments cancel"
LONGEST_KEPT_S = 7 * 86_400.0
"""A failed slot takes memory and a subnet: a week is enough to look at it."""


@dataclass(frozen=True, slots=True)
class DeploymentView:
    """A deployment with the names that people know; `approval` is the one that waits or was answered last.

    `switch` is what its users met while it switched, `certificate` how the state after compares with the state before
    and with what was announced, `unsettled` what is not as it should be, `prompted` what was asked for and answered:
    only where one deployment is asked for.
    """

    deployment: Deployment
    project: str
    environment: str
    version: str
    tenant: str = ""
    approval: Approval | None = None
    prompted: tuple[prompting.Question, ...] = ()
    switch: SwitchRecord | None = None
    certificate: Mapping[str, Json] | None = None
    unsettled: End | None = None

    @property
    def where(self) -> str:
        """The environment, and for whom."""
        return f"{self.environment} for {self.tenant}" if self.tenant else self.environment


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be deployed where, as `ask` takes it. `prompted` are answers by label or name; where `variables` names
    a snapshot they are in it. `phase` says whether a person is asked before; None: nobody is. `parent` is the task
    whose step asks, under `parent_key`. One that `waits_for_thaw` is `held` back by a freeze instead of refused."""

    project: Project
    environment: Environment
    release: Release
    kind: DeploymentKind = "deployment"
    is_forced: bool = False
    recreate_accessories: tuple[str, ...] = ()
    phase: Phase | None = None
    variables: str = ""
    plan_hash: str = ""
    choice: ProcessChoice = NO_CHOICE
    prompted: Mapping[str, str] = field(default_factory=dict)
    not_before: datetime | None = None
    not_after: datetime | None = None
    freeze_override: str = ""
    parent: TaskId | None = None
    parent_key: str = ""
    waits_for_thaw: bool = False
    held: gates.Hold | None = None
    tenant: Tenant | None = None

    @property
    def needs_approval(self) -> bool:
        """Whether a person has to say yes before it begins."""
        return self.phase is not None and self.phase.needs_approval

    @property
    def going(self) -> Going:
        """Which release goes where, and for whom."""
        return Going(self.project, self.environment, self.release, self.tenant)

    @property
    def place(self) -> Place:
        """Where it goes, and for whom, by names."""
        return self.going.place


def page(
    context: Context,
    actor: Actor,
    *,
    project: str | Project = "",
    environment: str = "",
    tenant: str = "",
    version: str = "",
    state: DeploymentState | None = None,
    outcome: DeploymentOutcome | None = None,
    number: int | None = None,
    parent: str = "",
    after: str | None = None,
    limit: int = 50,
) -> Page[DeploymentView]:
    """The newest first; with `version` those of releases that are called so, with `number` those that have it where
    they went, with `parent` those that a step of that task's process asked for."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        owner = projects.by_name_or_id(connection, project) if project else None
        place = environments.by_name_or_id(connection, environment) if environment else None
        whose = tenancy.named(connection, tenant)
        c = deployments.deployments.c
        mine = within(actor.reach(Permission.VIEW), project=c.project, environment=c.environment, tenant=c.tenant)
        part = deployments.page(
            connection,
            *mine,
            project=owner.id if owner else None,
            environment=place.id if place else None,
            tenant=whose.id if whose else None,
            version=version,
            state=state,
            outcome=outcome,
            number=number,
            parent=TaskId(parent) if parent else None,
            after=after,
            limit=limit,
        )
        return Page(tuple(views(connection, part.items)), part.after)


def get(context: Context, actor: Actor, id: str) -> DeploymentView:
    """By id, with what its task found out."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        found = deployments.get(connection, id)
        require_of(actor, Permission.VIEW, found)
        view = replace(views(connection, [found])[0], prompted=_prompted(connection, found))
        if view.deployment.task is None:
            return view
        task = tasks.get(connection, view.deployment.task)
        facts = tasks.facts_of(connection, task.id)
        certificate = facts.get(CERTIFICATE)
        held = certificate if isinstance(certificate, dict) else None
        unsettled = tasks.unsettled_end(connection, task)
        return replace(view, switch=switch_of(facts), certificate=held, unsettled=unsettled)


def _prompted(connection: Connection, found: Deployment) -> tuple[prompting.Question, ...]:
    """What was asked for, with the answers that the deployment was given."""
    return prompting.questions(connection, going_of(connection, found), found.variables)


def certificate(context: Context, actor: Actor, id: str) -> Mapping[str, Json]:
    """The whole certificate of a deployment; NotFound `certificate.none` where it changed nothing, or has not ended."""
    actor.require_somewhere(Permission.VIEW)
    view = get(context, actor, id)
    if view.certificate is None:
        raise NotFound("certificate.none", "it has no certificate: nothing was begun, or it has not ended", thing=id)
    return view.certificate


def require_of(actor: Actor, permission: Permission, of: Deployment | Approval) -> None:
    """NotAllowed `permission.denied` unless the actor has the permission where the deployment goes."""
    actor.require(permission, project=of.project, environment=of.environment, tenant=of.tenant)


def views(connection: Connection, found: Sequence[Deployment]) -> Sequence[DeploymentView]:
    """The deployments with their names, in a fixed number of queries."""
    owners = projects.names(connection, (one.project for one in found))
    places = {environment.id: environment.name for environment in environments.all_of(connection)}
    versions = releases.versions_by_id(connection, (one.release for one in found))
    asked = approvals.of_deployments(connection, (one.id for one in found))
    whose = tenants.names(connection, (one.tenant for one in found if one.tenant))
    return [
        DeploymentView(
            one,
            owners.get(one.project, ""),
            places.get(one.environment, ""),
            versions.get(one.release, ""),
            whose.get(one.tenant, "") if one.tenant else "",
            asked.get(one.id),
        )
        for one in found
    ]


def create(
    context: Context,
    actor: Actor,
    project: str,
    version: str,
    environment: str,
    *,
    is_forced: bool = False,
    recreate_accessories: Sequence[str] = (),
    plan_hash: str = "",
    keep_failed_s: float = 0,
    choice: ProcessChoice = NO_CHOICE,
    prompted: Mapping[str, str] | None = None,
    not_before: datetime | None = None,
    not_after: datetime | None = None,
    override_freeze: str = "",
    tenant: str = "",
) -> DeploymentView:
    """A deployment of a release, for the tenant where one is named: queued, scheduled where it is to begin later, or
    waiting where the phase asks for an approval. `override_freeze` is the reason why no freeze binds it, which needs a
    permission of its own. `prompted` are answers to what its prompted variables ask for, by label or name.

    `plan_hash` (or its first twelve letters or more) is the plan that was shown: Refused `plan.changed` where another
    would run. Conflict `deployment.lifecycle` where the release may not go there yet, `deployment.nothing_to_do` where
    it is live with the same configuration and nothing forces it, Conflict `route.taken`, what `tenancy.check` and what
    `planning.intend` raise.
    """
    actor.require_somewhere(Permission.DEPLOYMENT_CREATE)
    with context.database.transaction() as connection:
        there = located(connection, project, environment, tenant)
        there.require(actor, Permission.DEPLOYMENT_CREATE)
        release = planning.release_named(connection, there.project, version)
        check_timing(not_before, not_after, now=context.clock.now())
        phase = tenancy.phase_there(connection, there.project, there.environment, release, there.tenant)
        wish = Wish(
            there.project,
            there.environment,
            release,
            is_forced=is_forced,
            recreate_accessories=tuple(recreate_accessories),
            phase=phase,
            plan_hash=plan_hash,
            choice=choice,
            prompted=prompted or {},
            not_before=not_before,
            not_after=not_after,
            freeze_override=override_freeze,
            tenant=there.tenant,
        )
        made = ask(context, connection, actor, wish)
        if keep_failed_s:
            made = kept_slots.ask(context, connection, actor, made, keep_failed_s)
        view = views(connection, [made])[0]
    context.durable.wake()
    return view


def keep(context: Context, actor: Actor, id: str, *, seconds: float) -> DeploymentView:
    """Where the deployment fails, its idle slot is left standing, unrouted, for so long (0: not any more); one that
    stands is, from now on. Conflict `deployment.not_running` where nothing of it stands and its end is decided."""
    actor.require_somewhere(Permission.DEPLOYMENT_CREATE)
    if not 0 <= seconds <= LONGEST_KEPT_S:
        raise Invalid("input.invalid", f"it may be kept for up to {LONGEST_KEPT_S:g} s", thing="seconds")
    with context.database.transaction() as connection:
        found = deployments.get(connection, id)
        require_of(actor, Permission.DEPLOYMENT_CREATE, found)
        return views(connection, [kept_slots.ask(context, connection, actor, found, seconds)])[0]


def ask(context: Context, connection: Connection, actor: Actor, wish: Wish) -> Deployment:
    """The row, and its task, its time or its approval, in the caller's transaction. What is asked for by prompted
    variables must be among the wish's answers: Invalid as `prompting.answered` has it. Conflict `deployment.frozen`,
    `deployment.defect`, and what `child_projects.require_all` raises."""
    if not wish.variables:
        wish = replace(wish, variables=_answered(context, connection, wish, actor.name))
    if wish.freeze_override:
        gates.require_override(
            context, connection, actor, wish.project, wish.environment, wish.freeze_override, tenant=wish.tenant
        )
    wish = _gated(context, connection, wish)
    intended = intend_wish(context, connection, wish, wish.kind)
    if wish.plan_hash:
        planning.require_plan(wish.plan_hash, intended.plan_hash, what="would run now")
    there = Located(wish.project, wish.environment, wish.tenant)
    child_projects.require_all(connection, actor, there, intended.plan)
    if not wish.is_forced:
        _refuse_nothing(context, connection, wish)
    for service in intended.definition.services:
        routes.claim(connection, wish.place, service.name, service.routes, at=context.clock.now())
    made = _row(context, connection, actor, wish, intended.plan_hash)
    if wish.needs_approval or wish.not_before is not None:  # else it is read where the task is made
        concurrency_tags.of_deployment(context, connection, wish.going, made)
    deployments.insert(connection, made)
    planning.remember(context, connection, intended)
    context.note(
        connection,
        actor,
        f"{wish.kind}.asked",
        f"asked for {wish.release.version} in {wish.place.shown}",
        thing=made.id,
        project=wish.project.name,
        environment=wish.environment.name,
        tenant=wish.place.tenant,
    )
    waiting.supersede(context, connection, actor, wish.going)
    if wish.phase is not None and wish.phase.needs_approval:
        waiting.wait(context, connection, wish.going, made, expires_s=wish.phase.approval_expires_s)
        return made
    return begin(context, connection, wish.going, made)


def _row(context: Context, connection: Connection, actor: Actor, wish: Wish, plan_hash: str) -> Deployment:
    return Deployment(
        DeploymentId(context.ids.new("dep")),
        deployments.next_number(connection, wish.project.id, wish.environment.id),
        wish.project.id,
        wish.release.id,
        wish.environment.id,
        context.clock.now(),
        tenant=wish.tenant.id if wish.tenant else None,
        kind=wish.kind,
        state=DeploymentState.WAITING,
        variables=wish.variables or wish.release.variables,
        plan_hash=plan_hash,
        created_by=actor.name,
        is_forced=wish.is_forced,
        recreate_accessories=wish.recreate_accessories,
        choice=wish.choice,
        not_before=wish.not_before,
        not_after=wish.not_after,
        freeze_override=wish.freeze_override,
        parent=wish.parent,
        parent_key=wish.parent_key,
        waits_for_thaw=wish.waits_for_thaw,
        held_by=wish.held.by if wish.held else "",
        code=wish.held.no.code if wish.held else "",
        reason=wish.held.no.message if wish.held else "",
        hint=HELD_HINT if wish.held else "",
    )


def _gated(context: Context, connection: Connection, wish: Wish) -> Wish:
    """The wish, held back where a freeze holds that it waits for; raises what else says no."""
    whose = wish.tenant.id if wish.tenant else None
    no = gates.closed(
        connection,
        wish.going,
        at=context.clock.now(),
        passes_freezes=bool(wish.freeze_override or wish.not_before),
    )
    if no is None:
        return wish
    if not wish.waits_for_thaw or no.code != FROZEN:
        raise no
    held = gates.held_until(connection, wish.project, wish.environment, at=context.clock.now(), tenant=whose)
    return replace(wish, held=held, not_before=held.until if held else None)


def _answered(context: Context, connection: Connection, wish: Wish, by: str) -> str:
    return prompting.answered(context, connection, wish.going, wish.prompted, by=by)


def begin(
    context: Context,
    connection: Connection,
    going: Going,
    deployment: Deployment,
    *,
    approved_by: str = "",
) -> Deployment:
    """The deployment's task is queued for its place, now or when its time comes."""
    if deployment.not_before is not None and deployment.not_before > context.clock.now():
        return deployments.update(
            connection, replace(deployment, state=DeploymentState.SCHEDULED, approved_by=approved_by)
        )
    place = going.place
    title = f"{place.project} {going.release.version} to {place.shown}"
    task = Task(
        TaskId(context.ids.new("tsk")),
        deployment.kind,
        title if deployment.kind == "deployment" else f"roll back {title}",
        context.clock.now(),
        subject=deployment.id,
        project=place.project,
        environment=place.environment,
        tenant=place.tenant,
        created_by=deployment.created_by,
    )
    tag = concurrency_tags.of_deployment(context, connection, going, deployment, task=task)
    task = replace(task, concurrency_tag=tag)
    queued = replace(deployment, state=DeploymentState.QUEUED, task=task.id, approved_by=approved_by)
    if deployment.held_by:
        queued = replace(queued, held_by="", code="", reason="", hint="")
    saved = deployments.update(connection, queued)
    turns.queue(context, connection, task)
    kept_slots.hand_over(connection, saved, task)
    return saved


def refuse(context: Context, connection: Connection, wish: Wish, error: FairleadError) -> Deployment:
    """The row of a deployment that the lifecycle asked for and a rule refused before it began: nothing was done
    and nothing is queued, but people see where they look that it is not coming, and why."""
    at = context.clock.now()
    made = Deployment(
        DeploymentId(context.ids.new("dep")),
        deployments.next_number(connection, wish.project.id, wish.environment.id),
        wish.project.id,
        wish.release.id,
        wish.environment.id,
        at,
        tenant=wish.tenant.id if wish.tenant else None,
        kind=wish.kind,
        state=DeploymentState.ENDED,
        outcome=DeploymentOutcome.REFUSED,
        variables=wish.variables or wish.release.variables,
        created_by=SYSTEM.name,
        ended_at=at,
        code=error.code,
        reason=error.message,
        hint=error.hint,
    )
    deployments.insert(connection, made)
    return made


def intend_wish(context: Context, connection: Connection, wish: Wish, kind: DeploymentKind) -> planning.Intended:
    """The intention of the wish."""
    return planning.intend(
        context,
        connection,
        wish.going,
        wish.variables,
        wish.recreate_accessories,
        kind=kind,
        choice=wish.choice,
    )


def _refuse_nothing(context: Context, connection: Connection, wish: Wish) -> None:
    id = places.live_deployment(connection, wish.place)
    live = deployments.find(connection, id) if id else None
    if live is None or live.release != wish.release.id:
        return
    if intend_wish(context, connection, wish, live.kind).plan_hash == live.plan_hash:
        raise Conflict(
            "deployment.nothing_to_do",
            f"{wish.release.version} is live in {wish.place.shown} with the same configuration",
            thing=wish.release.version,
            hint="--force deploys it all the same; on the pages a choice below Options does",
        )
