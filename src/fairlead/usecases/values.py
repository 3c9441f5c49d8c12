"""What the frozen variables hold at a place: a release's, for an environment, channel, tenant, target and step."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fairlead.domain import system_variables
from fairlead.domain.environment import Environment
from fairlead.domain.project import Project
from fairlead.domain.release import Release
from fairlead.domain.system_variables import ReleaseBefore, SystemVariables
from fairlead.domain.tenant import Tenant
from fairlead.domain.text import Text
from fairlead.domain.variable import Dimension, Scope, Variable, ties
from fairlead.domain.variable_table import Holding, VariableTable
from fairlead.store import channels, deployments, releases, targets, tenants, variables
from fairlead.store.database import Connection
from fairlead.usecases.context import Context
from fairlead.usecases.scopes import DEPLOYMENT_PROCESS, scope_of

SUPPRESSED = ("OctopusSuppressDuplicateVariableWarning", "FairleadSuppressDuplicateVariableWarning")
"""A variable that is true under one of these names means that ties are known, and nobody wants to be warned of them."""


def scope_at(
    environment: Environment,
    *,
    channel: str = "",
    tenant: Tenant | None = None,
    process: str = DEPLOYMENT_PROCESS,
) -> Scope:
    """What is so for a whole deployment (or, by `process`, a run of a runbook, which has no channel), by ids."""
    found = {
        Dimension.ENVIRONMENT: frozenset({str(environment.id)}),
        Dimension.CHANNEL: frozenset({str(channel)} if channel else ()),
        Dimension.TENANT: frozenset({str(tenant.id)} if tenant else ()),
        Dimension.TENANT_TAG: frozenset(tag.lower() for tag in tenant.tags) if tenant else frozenset(),
        Dimension.PROCESS: frozenset({process}),
    }
    return {dimension: entries for dimension, entries in found.items() if entries}


def scope_on(
    scope: Scope, *, step: Iterable[str] = (), target: str = "", tags: Iterable[str] = (), targeted: Iterable[str] = ()
) -> Scope:
    """`scope` for one step (its id, and its action's), on one target with these tags, of which the step targets some
    of `targeted`."""
    found = {
        Dimension.STEP: frozenset(step),
        Dimension.TARGET: frozenset({target} if target else ()),
        Dimension.TARGET_TAG: frozenset(tags),
        Dimension.TARGETED_TAG: frozenset(targeted),
    }
    return {**scope, **{dimension: entries for dimension, entries in found.items() if entries}}


def table_of(connection: Connection, snapshot: str) -> VariableTable:
    """The frozen variables, to be asked for many places."""
    return VariableTable(variables.snapshot(connection, snapshot).variables)


def system_of(
    context: Context,
    connection: Connection,
    project: Project,
    environment: Environment | None = None,
    release: Release | None = None,
    tenant: Tenant | None = None,
) -> SystemVariables:
    """What Fairlead itself says of the place, as far as it is known when a deployment is asked for."""
    parts = [system_variables.of_server(context.installation.url), system_variables.of_project(project)]
    if environment is not None:
        parts.append(system_variables.of_environment(environment))
    if release is not None:
        parts.append(system_variables.of_release(project, release, channels.get(connection, release.channel)))
    if tenant is not None:
        parts.append(system_variables.of_tenant(tenant))
    return SystemVariables(*parts)


def releases_before(
    connection: Connection, environment: Environment, release: Release, tenant: Tenant | None = None
) -> dict[str, str]:
    """The project's release before this one, what is live in the environment (for the tenant), and what else was live
    there last: what a step can compare with."""
    history = deployments.live_ones(connection, release.project, environment.id, tenant=tenant.id if tenant else None)
    current = history[0].release if history else None
    other = next((one.release for one in history if one.release != release.id), None)
    known = releases.many(connection, {id for id in (current, other) if id is not None})
    named = {id: ReleaseBefore(one.id, one.version) for id, one in known.items()}
    before = releases.before(connection, release)
    return system_variables.of_releases_before(
        previous=ReleaseBefore(before.id, before.version) if before else None,
        previous_there=named.get(other) if other else None,
        current_there=named.get(current) if current else None,
    )


def lookup_in(holding: Holding, system: SystemVariables) -> Callable[[str], Text | None]:
    """What holds there, and behind it the system's: one that a person set takes the place of a system's."""

    def find(name: str) -> Text | None:
        found = holding.find(name)
        return system.find(name) if found is None else found

    return find


def warnings_of(known: Iterable[Variable], scope: Scope, lookup: Callable[[str], Text | None]) -> tuple[str, ...]:
    """A sentence for each name of which several are scoped equally there; none where a variable says not to warn."""
    if any(_is_true(lookup(name)) for name in SUPPRESSED):
        return ()
    return tuple(
        f"{one.name} has {len(one.tied) + 1} values that are scoped equally here: which holds is decided only by "
        "how many entries their scopes name, and then by which was made first"
        for one in ties(known, scope)
    )


def _is_true(found: Text | None) -> bool:
    return isinstance(found, str) and found.strip().lower() == "true"


@dataclass(frozen=True, slots=True)
class Where:
    """A place by names, as people ask for it. Without a channel the release's or the project's default one is meant.
    `target_tags` are tags that a step targets, of a target that has them; `step` is a step of the process."""

    environment: str = ""
    channel: str = ""
    tenant: str = ""
    target: str = ""
    target_tags: tuple[str, ...] = ()
    step: str = ""
    process: str = ""


def scope_where(connection: Connection, project: Project, where: Where, *, channel: str = "") -> Scope:
    """The place by ids. `channel` is the id that is meant where `where` names none. NotFound or Invalid as
    `scopes.scope_of` has it."""
    named = scope_of(
        connection,
        project,
        {
            Dimension.ENVIRONMENT: _one(where.environment),
            Dimension.CHANNEL: _one(where.channel),
            Dimension.TENANT: _one(where.tenant),
            Dimension.TARGET: _one(where.target),
            Dimension.TARGET_TAG: where.target_tags,
            Dimension.STEP: _one(where.step),
            Dimension.PROCESS: _one(where.process or DEPLOYMENT_PROCESS),
        },
    )
    found = {**named, **_of_target(connection, named), **_of_tenant(connection, named)}
    if Dimension.CHANNEL not in found and named[Dimension.PROCESS] == {DEPLOYMENT_PROCESS}:
        found[Dimension.CHANNEL] = frozenset({str(channel or channels.default_of(connection, project.id).id)})
    return found


def _of_target(connection: Connection, named: Scope) -> Scope:
    """The tags of the targets that are named, and beside them those that were named, which a step targets."""
    tags = named.get(Dimension.TARGET_TAG, frozenset[str]())
    known = [targets.get(connection, id) for id in named.get(Dimension.TARGET, ())]
    has = tags | {tag.lower() for target in known for tag in target.tags}
    return {Dimension.TARGET_TAG: has, Dimension.TARGETED_TAG: tags} if has else {}


def _of_tenant(connection: Connection, named: Scope) -> Scope:
    """The tags of the tenant that is named."""
    known = [tenants.get(connection, id) for id in named.get(Dimension.TENANT, ())]
    has = frozenset(tag.lower() for tenant in known for tag in tenant.tags)
    return {Dimension.TENANT_TAG: has} if has else {}


def _one(name: str) -> tuple[str, ...]:
    return (name,) if name else ()
