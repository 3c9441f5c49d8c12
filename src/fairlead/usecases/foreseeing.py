"""A plan before it is applied: what is there is looked at, nothing is changed, and every difference is told (law 4)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from fairlead.domain.actor import Actor
from fairlead.domain.colour import Colour
from fairlead.domain.deployment import Deployment, DeploymentKind, DeploymentState
from fairlead.domain.environment import Environment
from fairlead.domain.errors import FairleadError
from fairlead.domain.permission import Permission
from fairlead.domain.plan import Plan
from fairlead.domain.policy import Allowance, allowance_for
from fairlead.domain.process import NO_CHOICE, ProcessChoice
from fairlead.domain.project import Project
from fairlead.domain.release import Release
from fairlead.domain.slot import SlotState
from fairlead.domain.tenant import Tenant
from fairlead.ports.catalogue import Place
from fairlead.ports.container_engine import labels_of
from fairlead.ports.proxy import Endpoint, Rehearsal, RouteSpec
from fairlead.steps.capturing import routes_of
from fairlead.steps.foresight import Foreseen, Present, foresee, removed_routes, wanted_at_the_proxy
from fairlead.steps.resolved import ResolvedDeployment, Standing
from fairlead.steps.standing import standing_accessories, standing_slots
from fairlead.store import deployments, environments, policies, projects, releases, slots
from fairlead.store.database import Connection
from fairlead.usecases import child_projects, gates, places, planning, prompting, tenancy
from fairlead.usecases.binding import Outside
from fairlead.usecases.context import Context
from fairlead.usecases.deployments import require_of
from fairlead.usecases.going import Going
from fairlead.usecases.located import Located, located
from fairlead.usecases.planning import Intended
from fairlead.usecases.slot_choice import choose_colour

LOOK_TIMEOUT_S = 10.0
"""How long the engine and the proxy may take to say what is there; then the plan says that it does not know."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked at: a release for an environment, or a deployment that was asked for and has not begun. `prompted`
    are answers to what it asks for; None: they are not asked for. `asker` would ask for it; None: it was asked for."""

    project: Project
    environment: Environment
    release: Release
    kind: DeploymentKind = "deployment"
    variables: str = ""
    recreate_accessories: tuple[str, ...] = ()
    deployment: Deployment | None = None
    choice: ProcessChoice = NO_CHOICE
    tenant: Tenant | None = None
    prompted: Mapping[str, str] | None = None
    asker: Actor | None = None

    @property
    def going(self) -> Going:
        """Which release goes where, and for whom."""
        return Going(self.project, self.environment, self.release, self.tenant)

    @property
    def place(self) -> Place:
        """The place by its names."""
        return self.going.place


@dataclass(frozen=True, slots=True)
class Preview:
    """The plan and what it would change. `is_pending` is false where all of it is live already.

    `changed` says in what the intention differs from the one that was asked for (a deployment that waits); `unknown`
    what could not be looked at. `allowed` are the allowances that policy needs for it. `refused` is the rule that would
    refuse it if it were asked for now: a lifecycle, a freeze, a defect.
    """

    plan: Plan
    foreseen: Foreseen
    proxy: Rehearsal
    routes_removed: tuple[str, ...]
    is_pending: bool
    allowed: tuple[Allowance, ...]
    asked_hash: str = ""
    changed: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    refused: str = ""

    @property
    def is_as_asked(self) -> bool:
        """Whether what would run is what was asked for."""
        return not self.asked_hash or self.asked_hash == self.plan.hash


@dataclass(frozen=True, slots=True)
class _Books:
    """What our own books say."""

    wanted: Wanted
    intended: Intended
    slots: Mapping[Colour, Standing]
    live: Deployment | None
    present: Present
    allowed: tuple[Allowance, ...]
    is_pending: bool
    refused: str


async def preview(
    context: Context,
    actor: Actor,
    outside: Outside,
    project: str,
    version: str,
    environment: str,
    *,
    recreate_accessories: Sequence[str] = (),
    choice: ProcessChoice = NO_CHOICE,
    tenant: str = "",
    prompted: Mapping[str, str] | None = None,
) -> Preview:
    """What a deployment of the release there (for the tenant) would do now; its hash is that of a deployment with the
    same choice and answers. `prompted` None: with the defaults of what it asks for, answered or not. What
    `planning.intend` and `prompting.answered` raise, and `tenancy.check`."""
    actor.require_somewhere(Permission.VIEW)

    def find(connection: Connection) -> Wanted:
        there = located(connection, project, environment, tenant)
        there.require_somewhere(actor, Permission.VIEW)
        release = planning.release_named(connection, there.project, version)
        tenancy.check(connection, there.project, there.environment, release, there.tenant)
        return Wanted(
            there.project,
            there.environment,
            release,
            recreate_accessories=tuple(recreate_accessories),
            choice=choice,
            tenant=there.tenant,
            prompted=prompted,
            asker=actor,
        )

    return await _preview(context, outside, await context.database.read(find))


async def of_deployment(context: Context, actor: Actor, outside: Outside, id: str) -> Preview:
    """What a deployment that was asked for would do now, and whether that is still what was asked for."""
    actor.require_somewhere(Permission.VIEW)

    def find(connection: Connection) -> Wanted:
        found = deployments.get(connection, id)
        require_of(actor, Permission.VIEW, found)
        return Wanted(
            projects.get(connection, found.project),
            environments.get(connection, found.environment),
            releases.get(connection, found.release),
            found.kind,
            found.variables,
            found.recreate_accessories,
            found,
            found.choice,
            tenancy.of(connection, found.tenant),
        )

    return await _preview(context, outside, await context.database.read(find))


async def _preview(context: Context, outside: Outside, wanted: Wanted) -> Preview:
    books = await context.database.run(lambda: _look_at_books(context, wanted))
    resolved, present, unknown = await _look_outside(books, outside)
    plan = books.intended.plan_for(resolved)
    rehearsal = await _known(unknown, "the proxy", outside.proxy.rehearse(_addressless(plan), resolved.colour))
    asked = wanted.deployment.plan_hash if wanted.deployment else ""
    changed: tuple[str, ...] = ()
    if asked and asked != plan.hash:
        changed = await context.database.run(lambda: planning.changes_since(context, asked, books.intended))
    return Preview(
        plan,
        foresee(resolved, plan, present),
        rehearsal or Rehearsal(),
        removed_routes(plan),
        books.is_pending,
        books.allowed,
        asked,
        changed,
        tuple(unknown),
        books.refused,
    )


def _look_at_books(context: Context, wanted: Wanted) -> _Books:
    """Answers, and what the tenant gives, are put into a snapshot that is taken back: its id, and so the plan's hash,
    comes from what it holds."""
    if not wanted.prompted and (wanted.tenant is None or wanted.variables):
        with context.database.reading() as connection:
            return _looked_at(context, connection, wanted)

    def look(connection: Connection) -> _Books:
        if wanted.prompted:
            frozen = prompting.answered(context, connection, wanted.going, wanted.prompted, by="a plan")
        else:
            frozen = prompting.with_defaults(context, connection, wanted.going)
        return _looked_at(context, connection, replace(wanted, variables=frozen))

    return context.database.tried(look)


def _looked_at(context: Context, connection: Connection, wanted: Wanted) -> _Books:
    held = slots.of(connection, wanted.place)
    whose = wanted.tenant.id if wanted.tenant else None
    history = deployments.live_ones(connection, wanted.project.id, wanted.environment.id, tenant=whose, limit=1)
    live = next(iter(history), None)
    intended = planning.intend(
        context,
        connection,
        wanted.going,
        wanted.variables,
        wanted.recreate_accessories,
        kind=wanted.kind,
        choice=wanted.choice,
        deployment=wanted.deployment,
    )
    known = policies.of_project(connection, wanted.project.id)
    before = planning.live_release(context, connection, wanted.going, intended.definition)
    return _Books(
        wanted,
        replace(intended, resolved=replace(intended.resolved, before=before)),
        {colour: Standing(slot) for colour, slot in held.items()},
        live,
        _present(context, connection, wanted, live),
        tuple(
            dict.fromkeys(
                allowance
                for harm in intended.definition.harms
                if (allowance := allowance_for(harm, known, wanted.environment.id)) is not None
            )
        ),
        not _is_live_already(context, connection, wanted),
        _refused(context, connection, wanted, wanted.asker, intended.plan) if wanted.asker else "",
    )


def _refused(context: Context, connection: Connection, wanted: Wanted, asker: Actor, plan: Plan) -> str:
    try:
        there = Located(wanted.project, wanted.environment, wanted.tenant)
        child_projects.require_all(connection, asker, there, plan)
        tenancy.phase_there(connection, wanted.project, wanted.environment, wanted.release, wanted.tenant)
    except FairleadError as error:
        return error.message
    no = gates.closed(connection, wanted.going, at=context.clock.now())
    return no.message if no else ""


def _present(context: Context, connection: Connection, wanted: Wanted, live: Deployment | None) -> Present:
    """What is live, compiled as it would be today; without a definition where that cannot be done any more."""
    if live is None:
        return Present()
    release = releases.get(connection, live.release)
    try:
        there = replace(wanted.going, release=release)
        definition = planning.definition_of(context, connection, there, live.variables)
    except FairleadError:
        return Present()
    return Present(definition, planning.images_of(release, definition))


def _is_live_already(context: Context, connection: Connection, wanted: Wanted) -> bool:
    """As `deployments.create` decides that there is nothing to do: of what stands in no slot (nothing but steps that
    ran, or retired since) it does not say so."""
    id = places.live_deployment(connection, wanted.place)
    live = deployments.find(connection, id) if id else None
    if live is None or live.release != wanted.release.id or wanted.kind == "rollback" or wanted.recreate_accessories:
        return False
    now = planning.intend(
        context,
        connection,
        wanted.going,
        wanted.variables,
        live.recreate_accessories,
        kind=live.kind,
        choice=wanted.choice,
    )
    return now.plan_hash == live.plan_hash


async def _look_outside(books: _Books, outside: Outside) -> tuple[ResolvedDeployment, Present, list[str]]:
    """What stands there now; what cannot be asked is named, and taken as our books have it."""
    place, unknown = books.wanted.place, list[str]()
    engine = outside.container_engine
    labels = labels_of(place)
    found = await _known(unknown, "the engine", standing_slots(place, records=outside.records, container_engine=engine))
    accessories = await _known(unknown, "the engine", standing_accessories(place, container_engine=engine))
    networks = await _known(unknown, "the engine", engine.networks(labels))
    volumes = await _known(unknown, "the engine", engine.volumes(labels))
    routes = await _known(unknown, "the proxy", routes_of(place, outside.proxy))
    standing = found or books.slots
    asked = books.wanted.deployment
    resolved = replace(
        books.intended.resolved,
        deployment=asked.id if asked else planning.PREVIEW,
        number=asked.number if asked else 0,
        slots=standing,
        colour=choose_colour(asked, standing) if asked else _idle_of(standing),
        accessories=accessories or {},
        routes_before=routes or (),
    )
    present = replace(
        books.present,
        networks=frozenset(one.name for one in networks or ()),
        volumes=frozenset(one.name for one in volumes or ()),
    )
    return resolved, present, unknown


def _idle_of(standing: Mapping[Colour, Standing]) -> Colour:
    return next((colour.other for colour, one in standing.items() if one.slot.state is SlotState.LIVE), Colour.BLUE)


async def _known(unknown: list[str], whom: str, asking: Awaitable[T]) -> T | None:
    """The answer; None where there is none, which is told once."""
    try:
        async with asyncio.timeout(LOOK_TIMEOUT_S):
            return await asking
    except FairleadError as error:
        why = str(error)
    except TimeoutError:
        why = f"no answer within {LOOK_TIMEOUT_S:g} s"
    told = f"{whom} could not be asked: {why}"
    if told not in unknown:
        unknown.append(told)
    return None


def _addressless(plan: Plan) -> dict[RouteSpec, list[Endpoint]]:
    """Addresses are chosen when the deployment has its turn: until then each is called by its instance."""
    return {
        spec: [replace(one, address=f"<{one.instance}>") for one in endpoints]
        for spec, endpoints in wanted_at_the_proxy(plan).items()
    }


def waits(preview_of: Deployment) -> bool:
    """Whether a deployment has not begun, so that it can still be foreseen."""
    return preview_of.state in (DeploymentState.WAITING, DeploymentState.SCHEDULED, DeploymentState.QUEUED)
