"""Deployments of one release, or runs of one runbook, for several tenants: one each, and each by its own rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from fairlead.domain.actor import Actor
from fairlead.domain.environment import Environment
from fairlead.domain.errors import FairleadError, Invalid, NotFound
from fairlead.domain.permission import Permission
from fairlead.domain.process import NO_CHOICE, ProcessChoice
from fairlead.domain.project import Project
from fairlead.domain.tenant import Tenant
from fairlead.store import environments, projects, runbooks, tenants
from fairlead.store.database import Connection
from fairlead.usecases import deployments, planning, prompting, runbook_runs, tenancy
from fairlead.usecases.context import Context
from fairlead.usecases.going import Going

NO_PLANS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class RefusedTenant:
    """A tenant for which a rule said no, while others had their deployment."""

    tenant: str
    error: FairleadError


@dataclass(frozen=True, slots=True)
class RefusedRun(RefusedTenant):
    """The same, and where it would have run."""

    environment: str


@dataclass(frozen=True, slots=True)
class AskedRuns:
    """What became of the runs of a runbook for each tenant in each environment."""

    made: tuple[runbook_runs.RunView, ...]
    refused: tuple[RefusedRun, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of it for each tenant."""

    made: tuple[deployments.DeploymentView, ...]
    refused: tuple[RefusedTenant, ...]


def meant(
    context: Context,
    actor: Actor,
    project: str,
    environment: str,
    *,
    names: Sequence[str] = (),
    tags: Sequence[str] = (),
) -> tuple[str, ...]:
    """For whom `create_each` would deploy there: of those that the actor may view, by name. Errors as it has them."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        owner, where = projects.by_name_or_id(connection, project), environments.by_name_or_id(connection, environment)
        actor.require_somewhere(Permission.VIEW, project=owner.id, environment=where.id)
        found = _meant(connection, owner, where, names, tags)
    may = [one for one in found if actor.may_somewhere(Permission.VIEW, project=owner.id, tenant=one.id)]
    return tuple(sorted((one.name for one in may), key=str.lower))


def create_each(
    context: Context,
    actor: Actor,
    project: str,
    version: str,
    environment: str,
    *,
    names: Sequence[str] = (),
    tags: Sequence[str] = (),
    is_forced: bool = False,
    choice: ProcessChoice = NO_CHOICE,
    prompted: Mapping[str, str] | None = None,
    not_before: datetime | None = None,
    not_after: datetime | None = None,
    override_freeze: str = "",
    plans: Mapping[str, str] = NO_PLANS,
) -> Asked:
    """One deployment for each tenant that is named, and for each that is connected there and has the tags: of one set
    any, of each set one. What `deployments.create` refuses for one tenant does not hold up the others; answers count
    where they are asked for. `plans` are the hashes of those that were shown, by tenant. NotFound `tenant.unknown`,
    Conflict `tenant.none`, Invalid `input.invalid` where nobody is meant."""
    actor.require_somewhere(Permission.DEPLOYMENT_CREATE)
    with context.database.reading() as connection:
        owner, where = projects.by_name_or_id(connection, project), environments.by_name_or_id(connection, environment)
        actor.require_somewhere(Permission.DEPLOYMENT_CREATE, project=owner.id, environment=where.id)
        found = _meant(connection, owner, where, names, tags)
        given = _own_answers(connection, owner, where, version, found, prompted or {})
    made, refused = [], []
    for one in found:
        try:
            view = deployments.create(
                context,
                actor,
                owner.id,
                version,
                where.id,
                is_forced=is_forced,
                plan_hash=plans.get(one.name, ""),
                choice=choice,
                prompted=given[one.name],
                not_before=not_before,
                not_after=not_after,
                override_freeze=override_freeze,
                tenant=one.id,
            )
            made.append(view)
        except FairleadError as error:
            refused.append(RefusedTenant(one.name, error))
    return Asked(tuple(made), tuple(refused))


def _own_answers(
    connection: Connection,
    owner: Project,
    where: Environment,
    version: str,
    found: Sequence[Tenant],
    prompted: Mapping[str, str],
) -> Mapping[str, Mapping[str, str]]:
    """The answers for each, by name; all of them where nobody can say what is asked for."""
    if not prompted or len(found) < 2:
        return {one.name: prompted for one in found}
    try:
        release = planning.release_named(connection, owner, version)
        asked = {
            one.name: prompting.questions(connection, Going(owner, where, release, one), release.variables)
            for one in found
        }
    except NotFound:
        return {one.name: prompted for one in found}
    return prompting.own_answers(asked, prompted)


def run_each(
    context: Context,
    actor: Actor,
    project: str,
    runbook: str,
    places: Sequence[str],
    *,
    names: Sequence[str] = (),
    tags: Sequence[str] = (),
    wish: runbook_runs.Wish = runbook_runs.AS_IT_IS,
) -> AskedRuns:
    """In each environment one run for each tenant that is named, and for each that is connected there and has the tags.
    What `runbook_runs.run` refuses for one does not hold up the others; answers count where they are asked for. Errors
    as `create_each` has them, and NotFound `runbook.unknown`."""
    actor.require_somewhere(Permission.RUNBOOK_RUN)
    with context.database.reading() as connection:
        owner = projects.by_name_or_id(connection, project)
        actor.require_somewhere(Permission.RUNBOOK_RUN, project=owner.id)
        if not places:
            raise Invalid("input.invalid", "a runbook runs in an environment", thing="environments", hint="name one")
        found = runbooks.by_name_or_id(connection, owner.id, runbook)
        pairs: list[tuple[Environment, Tenant]] = []
        for name in dict.fromkeys(places):
            where = environments.by_name_or_id(connection, name)
            actor.require_somewhere(Permission.RUNBOOK_RUN, project=owner.id, environment=where.id)
            pairs += [(where, one) for one in _meant(connection, owner, where, names, tags)]
    shared = replace(wish, is_for_several=len(pairs) > 1)
    made, refused = [], []
    for where, one in pairs:
        try:
            made.append(runbook_runs.run(context, actor, owner.id, found.id, where.id, tenant=one.id, wish=shared))
        except FairleadError as error:
            refused.append(RefusedRun(one.name, error, where.name))
    return AskedRuns(tuple(made), tuple(refused))


def _meant(
    connection: Connection, owner: Project, where: Environment, names: Sequence[str], tags: Sequence[str]
) -> Sequence[Tenant]:
    """Each once: those named, and those that the tags mean there. Conflict `tenant.none`; Invalid `input.invalid` where
    neither is given."""
    found = [tenants.by_name_or_id(connection, name) for name in names]
    if tags:
        found += tenancy.meant(connection, owner, where, tags)
    if not found:
        raise Invalid("input.invalid", "for which tenants?", thing="tenants", hint="name them, or their tags")
    return list({one.id: one for one in found}.values())
