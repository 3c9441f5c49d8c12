"""For whom a deployment is: whether a project may be deployed for a tenant, and how a release goes on for it.

A tenant goes its own way through the lifecycle, as in Octopus: only phases in which it is connected to the project
count for it, and in these only the environments in which it is. A phase where it is not connected holds nothing up, but
for the first: that one must have been passed by the release, for whomever, so that nothing reaches a tenant that was
never tried at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fairlead.domain.channel import Channel
from fairlead.domain.environment import Environment
from fairlead.domain.errors import Conflict
from fairlead.domain.ids import EnvironmentId, TenantId
from fairlead.domain.lifecycle import Lifecycle, Phase, begun_by_itself, may_deploy, phase_of
from fairlead.domain.project import Project, Tenancy
from fairlead.domain.release import Release
from fairlead.domain.runbook import Runbook
from fairlead.domain.tenant import Tenant, fits
from fairlead.ports.catalogue import Place
from fairlead.store import channels, deployments, tenants
from fairlead.store.database import Connection
from fairlead.usecases import lines


def check(
    connection: Connection, project: Project, environment: Environment, release: Release, tenant: Tenant | None
) -> None:
    """That the release may be deployed there for the tenant, or (None) for nobody. Conflict `tenant.channel`, and what
    `_check` raises."""
    allow = f"fairlead projects set {project.name}"
    _check(
        _Ruled(f"{project.name} is deployed", project.tenancy, "fairlead deploy", allow), project, environment, tenant
    )
    if tenant is None:
        return
    channel = channels.get(connection, release.channel)
    if not fits(tenant.tags, channel.tenant_tags):
        raise Conflict(
            "tenant.channel",
            f"{release.version} is of channel {channel.name}, which is for tenants with "
            f"{', '.join(channel.tenant_tags)}; {tenant.name} has {', '.join(tenant.tags) or 'no tags'}",
            thing=tenant.name,
            hint="give the tenant a tag, or make the release in another channel",
        )


def check_runbook(project: Project, runbook: Runbook, environment: Environment, tenant: Tenant | None) -> None:
    """That the project's runbook may run there for the tenant, or (None) for nobody; Conflict as `_check` has it."""
    tenancy = project.tenancy if runbook.tenancy is None else runbook.tenancy
    allow = f"fairlead runbooks set {runbook.name!r}"
    _check(_Ruled(f"{runbook.name} runs", tenancy, "fairlead runbooks run", allow), project, environment, tenant)


@dataclass(frozen=True, slots=True)
class _Ruled:
    """What is done for tenants or for nobody, in words; the commands that do it, and that change its tenancy."""

    words: str
    tenancy: Tenancy
    does: str
    allows: str


def _check(ruled: _Ruled, project: Project, environment: Environment, tenant: Tenant | None) -> None:
    """Conflict `tenant.required`, `tenant.forbidden`, `tenant.not_connected`."""
    if tenant is None:
        if ruled.tenancy is Tenancy.TENANTED:
            raise Conflict(
                "tenant.required",
                f"{ruled.words} for tenants only",
                thing=project.name,
                hint=f"say for whom: {ruled.does} … --tenant NAME; or --tenant-tag Set/Tag",
            )
        return
    if ruled.tenancy is Tenancy.UNTENANTED:
        raise Conflict(
            "tenant.forbidden",
            f"{ruled.words} for no tenant",
            thing=tenant.name,
            hint=f"let it be: {ruled.allows} --tenancy tenanted-or-untenanted",
        )
    if environment.id not in tenant.connections.get(project.id, ()):
        raise Conflict(
            "tenant.not_connected",
            f"{tenant.name} is not connected to {project.name} in {environment.name}",
            thing=tenant.name,
            hint=f"fairlead tenants connect {tenant.name!r} --project {project.name} -e {environment.name!r}",
        )


def of(connection: Connection, id: TenantId | None) -> Tenant | None:
    """For whom a deployment is that says so by id; NotFound `tenant.unknown`."""
    return tenants.get(connection, id) if id else None


def named(connection: Connection, name: str) -> Tenant | None:
    """By name or id, None for ""; NotFound `tenant.unknown`."""
    return tenants.by_name_or_id(connection, name) if name else None


def meant(
    connection: Connection, project: Project, environment: Environment, tags: Sequence[str]
) -> tuple[Tenant, ...]:
    """The tenants with these tags that are connected there, by name; tags of one set are alternatives, each set must
    have one. Conflict `tenant.none` where there is none."""
    found = tuple(
        one
        for one in tenants.connected(connection, project.id)
        if fits(one.tags, tags) and environment.id in one.connections[project.id]
    )
    if not found:
        raise Conflict(
            "tenant.none",
            f"no tenant with {', '.join(tags)[:200]} is connected to {project.name} in {environment.name}",
            thing=", ".join(tags)[:200],
            hint="fairlead tenants list",
        )
    return found


@dataclass(frozen=True, slots=True)
class Way:
    """How a release goes on for a tenant (None: for nobody): its phases, where it has been, and where the tenant is
    connected (None: everywhere)."""

    tenant: Tenant | None
    line: Lifecycle
    reached: frozenset[EnvironmentId]
    connected: frozenset[EnvironmentId] | None = None

    @property
    def begun_by_itself(self) -> tuple[EnvironmentId, ...]:
        """Where its next deployments begin without being asked for."""
        wanted = begun_by_itself(self.line, self.reached)
        return wanted if self.connected is None else tuple(id for id in wanted if id in self.connected)


def way(connection: Connection, project: Project, release: Release, tenant: Tenant | None) -> Way:
    """As it is now."""
    line = lines.of_release(connection, project, release)
    reached = deployments.reached(connection, release.id, tenant.id if tenant else None)
    if tenant is None:
        return Way(None, line, reached)
    connected = frozenset(tenant.connections.get(project.id, ()))
    phases = tuple(_own(phase, connected) for phase in line.phases if not connected.isdisjoint(phase.environments))
    first = line.phases[:1]
    if first and connected.isdisjoint(first[0].environments) and _is_used(connection, project, first[0]):
        phases = (*first, *phases)
        reached |= deployments.reached_by_any(connection, release.id) & frozenset(first[0].environments)
    return Way(tenant, replace(line, phases=phases), reached, connected)


def phase_there(
    connection: Connection, project: Project, environment: Environment, release: Release, tenant: Tenant | None
) -> Phase | None:
    """The phase in which the release goes there now; None where its lifecycle has none. Conflict
    `deployment.lifecycle` where it may not go there yet, and what `check` raises."""
    check(connection, project, environment, release, tenant)
    here = way(connection, project, release, tenant)
    why_not = may_deploy(here.line, here.reached, environment.id)
    if why_not is not None:
        place = Place(project.name, environment.name, tenant.name if tenant else None)
        message = f"{project.name} {release.version} may not go to {place.shown}: {why_not}"
        raise Conflict("deployment.lifecycle", message, thing=environment.name)
    return phase_of(here.line, environment.id)


def _own(phase: Phase, connected: frozenset[EnvironmentId]) -> Phase:
    own = tuple(id for id in phase.environments if id in connected)
    return replace(phase, environments=own, minimum=min(phase.minimum, len(own)))


def _is_used(connection: Connection, project: Project, phase: Phase) -> bool:
    """Whether anybody can pass the phase: nobody in particular, or a tenant that is connected there."""
    if project.tenancy is not Tenancy.TENANTED:
        return True
    here = set(phase.environments)
    return any(here & set(one.connections[project.id]) for one in tenants.connected(connection, project.id))


def ways(connection: Connection, project: Project, release: Release) -> tuple[Way, ...]:
    """That of nobody where the project may be deployed so, and that of each tenant that is connected and that the
    channel is for."""
    found: list[Tenant | None] = [] if project.tenancy is Tenancy.TENANTED else [None]
    if project.tenancy is not Tenancy.UNTENANTED:
        channel = channels.get(connection, release.channel)
        found += [one for one in tenants.connected(connection, project.id) if _is_for(channel, project, one)]
    return tuple(way(connection, project, release, one) for one in found)


def ways_after(connection: Connection, project: Project, release: Release, tenant: TenantId | None) -> tuple[Way, ...]:
    """Those on which the release may go on after it went live for the tenant (None: for nobody): its own, and those of
    tenants that are not in the first phase, which anybody passes for them."""
    phases = lines.of_release(connection, project, release).phases
    first = frozenset(phases[0].environments if phases else ())
    return tuple(
        one
        for one in ways(connection, project, release)
        if (one.tenant.id if one.tenant else None) == tenant
        or (one.tenant is not None and first.isdisjoint(one.tenant.connections.get(project.id, ())))
    )


def _is_for(channel: Channel, project: Project, tenant: Tenant) -> bool:
    return bool(tenant.connections.get(project.id)) and fits(tenant.tags, channel.tenant_tags)
