"""What a deployment would be: the project file compiled for one environment, and the intention that is approved."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from fairlead.domain.colour import Colour
from fairlead.domain.deployment import Deployment, DeploymentKind
from fairlead.domain.difference import differing
from fairlead.domain.environment import Environment
from fairlead.domain.errors import Conflict, FairleadError, NotFound, Refused
from fairlead.domain.ids import DeploymentId
from fairlead.domain.lifecycle import resolved
from fairlead.domain.naming import route_name
from fairlead.domain.plan import Plan
from fairlead.domain.policy import allowance_for
from fairlead.domain.process import NO_CHOICE, ProcessChoice
from fairlead.domain.project import Project
from fairlead.domain.record import canonical, to_data
from fairlead.domain.release import Release
from fairlead.domain.service import Definition
from fairlead.domain.tenant import Tenant
from fairlead.domain.tenant_value import Filled
from fairlead.domain.variable_table import VariableTable
from fairlead.formats.project import compile_project
from fairlead.ports.catalogue import Place
from fairlead.ports.proxy import RouteSpec
from fairlead.steps.process_resolved import ResolvedProcess
from fairlead.steps.resolved import LiveRelease, PlannedRoute, ProxyFacts, ResolvedDeployment, RoomRule
from fairlead.steps.run_process import plan
from fairlead.store import channels, deployments, environments, gone_images, lifecycles, policies, releases, variables
from fairlead.store.database import Connection
from fairlead.usecases import certificates, tenant_filling
from fairlead.usecases.context import Context, Installation
from fairlead.usecases.going import Going
from fairlead.usecases.harms import refuse_harms, vetted
from fairlead.usecases.parallelism import acquired_at_once
from fairlead.usecases.process_resolving import process_at
from fairlead.usecases.values import lookup_in, system_of, table_of, warnings_of

LATEST = "latest"
PREVIEW = DeploymentId("preview")
PREVIEW_SUBNET = "192.0.2.0/26"
"""An address of documentation (RFC 5737): the intention does not cover addresses, and nothing is made of a preview."""

MOST_DIFFERENCES = 20
SHORTEST_HASH = 12


@dataclass(frozen=True, slots=True)
class Intended:
    """A release's definition for one environment, what policy allowed of it, and the hash of the intention."""

    definition: Definition
    images: Mapping[str, str]
    allowed_harms: Mapping[str, str]
    plan_hash: str
    plan: Plan = field(repr=False)
    resolved: ResolvedDeployment = field(repr=False)
    process: ResolvedProcess | None = field(default=None, repr=False)

    def plan_for(self, resolved: ResolvedDeployment) -> Plan:
        """The same intention against what is so now."""
        return plan(resolved, self.process)


def release_named(connection: Connection, project: Project, version: str) -> Release:
    """By version or id; `latest` is the one made last."""
    if version == LATEST:
        latest = releases.latest(connection, project.id)
        if latest is not None:
            return latest
    return releases.by_version_or_id(connection, project.id, version)


def intend_again(
    context: Context,
    connection: Connection,
    going: Going,
    asked: Deployment,
    *,
    deployment: Deployment | None = None,
) -> Intended:
    """As `intend`, of what `asked` was asked with: its variables, accessories, kind and choice."""
    return intend(
        context,
        connection,
        going,
        asked.variables,
        asked.recreate_accessories,
        kind=asked.kind,
        choice=asked.choice,
        deployment=deployment,
    )


def intend(
    context: Context,
    connection: Connection,
    going: Going,
    snapshot: str = "",
    recreate_accessories: Sequence[str] = (),
    *,
    kind: DeploymentKind = "deployment",
    choice: ProcessChoice = NO_CHOICE,
    deployment: Deployment | None = None,
) -> Intended:
    """The intention of deploying the release there with the variables of `snapshot` (its own where ""). The hash does
    not cover what stands there: it is taken of a plan for an empty place. `deployment` is the one that is meant, where
    there is one already: its steps are told its number and who asked for it, which the hash does not cover either.

    Conflict `release.images_gone`, ProjectFileInvalid, Invalid `variable.unknown` and `variable.circular`,
    Refused `policy.refused` naming each harm, and what `process_resolving.resolve_process` raises.
    """
    project, environment, release = going.project, going.environment, going.release
    frozen = snapshot or going.snapshot
    process = process_at(context, connection, going, frozen, choice, deployment)
    _refuse_gone(connection, project, release)
    if process is None or process.deploys_services:
        definition = definition_of(context, connection, going, frozen)
    else:
        definition = Definition(project.name, ())
    known = policies.of_project(connection, project.id)
    refuse_harms(project, definition.harms, known, environment)
    if process is not None:
        process = vetted(project, process, known, environment, whose="the process")
    allowed = {
        harm.key: allowance.allowed_by
        for harm in definition.harms
        if (allowance := allowance_for(harm, known, environment.id)) is not None
    }
    images = images_of(release, definition)
    for_empty_place = ResolvedDeployment(
        deployment=PREVIEW,
        number=0,
        place=going.place,
        release=release.id,
        version=release.version,
        definition=definition,
        images=images,
        colour=Colour.BLUE,
        slots={},
        environment_subnet=PREVIEW_SUBNET,
        slot_subnet=PREVIEW_SUBNET,
        kind=kind,
        test_image=release.test_image,
        routes=planned_routes(definition, going.place),
        variables=frozen,
        allowed_harms=allowed,
        recreate_accessories=frozenset(recreate_accessories),
        proxy=proxy_facts(context.installation),
        room=room_rule(context.installation),
        pool=context.installation.subnet_pool,
    )
    resolved = _completed(context, connection, going, for_empty_place)
    made = plan(resolved, process)
    return Intended(definition, images, allowed, made.hash, made, resolved, process)


def filled(
    connection: Connection, snapshot: str, environment: Environment, tenant: Tenant | None, *, is_whole: bool = False
) -> Filled:
    """The frozen variables with what the tenant gives by now. With `is_whole` Conflict `tenant.value_missing` where it
    gives nothing for a template that has no default."""
    found = tenant_filling.of_snapshot(connection, variables.snapshot(connection, snapshot), environment, tenant)
    if is_whole:
        tenant_filling.refuse_missing(connection, found, environment, tenant)
    return found


def _refuse_gone(connection: Connection, project: Project, release: Release) -> None:
    lacking = gone_images.of_releases(connection, [release]).get(release.id)
    if not lacking:
        return
    again = f"fairlead runs start --commit {release.commit} --project {project.name}"
    raise Conflict(
        "release.images_gone",
        f"{release.version} can no longer be deployed: retention has deleted the images of {', '.join(lacking)}",
        thing=release.version,
        hint=f"make a release of the same commit: {again}"
        if release.run
        else "push the images again, then: fairlead release create; keep_releases says how many are kept",
    )


def remember(context: Context, connection: Connection, intended: Intended) -> None:
    """The intention is kept under its hash, so that what differs from it later can be shown."""
    remember_plan(context, connection, intended.plan)


def remember_plan(context: Context, connection: Connection, made: Plan) -> None:
    """As `remember`, of any plan."""
    context.artifacts.keep_within(connection, canonical(to_data(dict(made.intention))).encode())


def changes_since(context: Context, plan_hash: str, now: Intended) -> tuple[str, ...]:
    """In which of its parts the intention differs from the one that was remembered; () where that is not kept."""
    return plan_changes(context, plan_hash, now.plan)


def plan_changes(context: Context, plan_hash: str, now: Plan) -> tuple[str, ...]:
    """As `changes_since`, of any plan."""
    try:
        before = json.loads(context.artifacts.content(f"sha256:{plan_hash}"))
    except NotFound:
        return ()
    return tuple(islice(differing(before, to_data(dict(now.intention))), MOST_DIFFERENCES))


def changed_words(asked: str, now: str, changes: Sequence[str]) -> str:
    """That another plan would run, and in what it differs first."""
    what = f": {changes[0]}" + (f" (and {len(changes) - 1} more)" if len(changes) > 1 else "") if changes else ""
    return f"what would run now (plan {now[:16]}) is not what was asked for (plan {asked[:16]}){what}"


def ask_anew(version: str, environment: str, tenant: str = "") -> str:
    """The way on."""
    whose = f" --tenant {tenant!r}" if tenant else ""
    plan = f"fairlead plan {version} {environment}{whose}"
    deploy = f"fairlead deploy {version} --to {environment}{whose}"
    return f"look at the plan again, {plan}, and ask anew: {deploy}"


def require_plan(named: str, held: str, *, what: str) -> None:
    """Refused `plan.changed` where the plan that somebody named, whole or by its first letters, is not this one."""
    if len(named) < SHORTEST_HASH or not held.startswith(named.lower()):
        raise Refused(
            "plan.changed",
            f"the plan that {what} is {held[:16]}, not {named[:16]}",
            thing=named[:16],
            hint="look at the plan again: it was named by another hash, or has changed since it was shown",
        )


def definition_of(context: Context, connection: Connection, going: Going, snapshot: str) -> Definition:
    """The release's project file compiled for the environment, and the tenant. All that it is made of has ids of its
    own, or is named by its content, so that it need not be compiled twice."""
    project, environment, release, tenant = going.project, going.environment, going.release, going.tenant
    names, domain = environment_names(connection, project, release), context.installation.proxy_domain
    system = system_of(context, connection, project, environment, release, tenant)
    scope = going.scope

    def compile() -> Definition:
        frozen = variables.snapshot(connection, snapshot).variables
        holding = VariableTable(frozen).at(scope)
        lookup = lookup_in(holding, system)
        compiled = compile_project(
            ReleaseFiles(release.files, context.artifacts.content),
            environment=environment.name,
            environments=names,
            lookup=lookup,
            tenant=tenant.name if tenant else "",
            domain=domain,
            images=release.images,
            variables=(*holding, *system),
        )
        return replace(compiled, warnings=(*compiled.warnings, *warnings_of(frozen, scope, lookup)))

    files, images = frozenset(release.files.items()), frozenset(release.images.items())
    return context.compiled.get(
        (files, images, snapshot, frozenset(scope.items()), environment.name, names, domain, system.stated),
        compile,
    )


def live_release(context: Context, connection: Connection, going: Going, wanted: Definition) -> LiveRelease | None:
    """What is live there now, compiled with the variables that it was deployed with, for the schema gate; None where
    the migration names no database, nothing is live, or it cannot be compiled any more."""
    if wanted.migration is None or wanted.migration.database is None:
        return None
    return _live_now(context, connection, going)


def _completed(
    context: Context, connection: Connection, going: Going, resolved: ResolvedDeployment
) -> ResolvedDeployment:
    """With how many images are pulled at once, and all that is to be warned of."""
    holding = table_of(connection, resolved.variables).at(going.scope)
    system = system_of(context, connection, going.project, going.environment, going.release, going.tenant)
    warned: list[str] = []
    at_once = acquired_at_once(lookup_in(holding, system), warned)
    cautions = _cautions(context, connection, going, resolved)
    return replace(resolved, acquire_at_once=at_once, cautions=(*cautions, *warned))


def _cautions(context: Context, connection: Connection, going: Going, resolved: ResolvedDeployment) -> tuple[str, ...]:
    """Hosts without a certificate; and where it goes back, that the release that is left took something from the schema
    that it may need."""
    lacking = certificates.lacking(context, connection, resolved.definition)
    if resolved.kind != "rollback":
        return lacking
    live = _live_now(context, connection, going)
    if live is None or live.definition.migration is None or live.definition.migration.after_retire is None:
        return lacking
    return (
        *lacking,
        f"{live.version}, which is live, has taken from the schema what it does not need (migrate: after-retire), and "
        f"going back does not bring it back: {resolved.version} may not work with what is left",
    )


def _live_now(context: Context, connection: Connection, going: Going) -> LiveRelease | None:
    whose = going.tenant.id if going.tenant else None
    history = deployments.live_ones(connection, going.project.id, going.environment.id, tenant=whose, limit=1)
    live = next(iter(history), None)
    if live is None:
        return None
    release = releases.get(connection, live.release)
    try:
        _refuse_gone(connection, going.project, release)
        definition = definition_of(context, connection, replace(going, release=release), live.variables)
    except FairleadError:
        return None
    return LiveRelease(release.version, definition, images_of(release, definition), release.test_image)


class ReleaseFiles(Mapping[str, bytes]):
    """A release's files by path, read when they are asked for."""

    def __init__(self, keys: Mapping[str, str], content: Callable[[str], bytes]) -> None:
        self._keys = keys
        self._content = content

    def __getitem__(self, path: str) -> bytes:
        return self._content(self._keys[path])

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


def environment_names(connection: Connection, project: Project, release: Release | None = None) -> tuple[str, ...]:
    """The environments of the lifecycle of the release's channel, or else the project's, in order."""
    known = environments.all_of(connection)
    own = channels.get(connection, release.channel).lifecycle if release else None
    line = resolved(lifecycles.get(connection, own or project.lifecycle), known)
    by_id = {environment.id: environment.name for environment in known}
    return tuple(by_id[id] for phase in line.phases for id in phase.environments if id in by_id)


def images_of(release: Release, definition: Definition) -> dict[str, str]:
    """Service → image by digest: the release's, and those that the project file itself names by digest."""
    own = {service.name: service.image for service in definition.services if "@sha256:" in service.image}
    return {**own, **release.images}


def planned_routes(definition: Definition, place: Place) -> tuple[PlannedRoute, ...]:
    """The routes of the definition under their names at the proxy."""
    return tuple(
        PlannedRoute(
            service.name,
            RouteSpec(
                route_name(place.project, place.environment, route.host, route.path, tenant=place.tenant),
                route.host,
                route.path,
                tls=route.tls,
                redirect_http=route.redirect_http,
            ),
        )
        for service in definition.services
        for route in service.routes
    )


def proxy_facts(installation: Installation) -> ProxyFacts:
    """Where users reach the proxy."""
    return ProxyFacts(
        installation.proxy_address,
        installation.proxy_is_loopback,
        installation.proxy_http_port,
        installation.proxy_https_port,
    )


def room_rule(installation: Installation) -> RoomRule:
    """What must stay free on the host."""
    return RoomRule(installation.memory_reserve_bytes, installation.disk_reserve_bytes)
