"""Deployments of one release for several tenants: one each, and each by its own rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from fairlead.domain.actor import Actor
from fairlead.domain.errors import FairleadError, Invalid
from fairlead.domain.permission import Permission
from fairlead.domain.process import NO_CHOICE, ProcessChoice
from fairlead.store import environments, projects, tenants
from fairlead.usecases import deployments, tenancy
from fairlead.usecases.context import Context


@dataclass(frozen=True, slots=True)
class RefusedTenant:
    """A tenant for which a rule said no, while others had their deployment."""

    tenant: str
    error: FairleadError


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of it for each tenant."""

    made: tuple[deployments.DeploymentView, ...]
    refused: tuple[RefusedTenant, ...]


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
) -> Asked:
    """One deployment for each tenant that is named, and for each that is connected there and has the tags: of one set
    any, of each set one. What `deployments.create` refuses for one tenant holds up no other. NotFound `tenant.unknown`,
    Conflict `tenant.none`, Invalid `input.invalid` where nobody is meant."""
    actor.require_somewhere(Permission.DEPLOYMENT_CREATE)
    with context.database.reading() as connection:
        owner, where = projects.by_name_or_id(connection, project), environments.by_name_or_id(connection, environment)
        actor.require_somewhere(Permission.DEPLOYMENT_CREATE, project=owner.id, environment=where.id)
        meant = [tenants.by_name_or_id(connection, name) for name in names]
        if tags:
            meant += tenancy.meant(connection, owner, where, tags)
    if not meant:
        raise Invalid("input.invalid", "for which tenants?", thing="tenants", hint="name them, or their tags")
    made, refused = [], []
    for one in {each.id: each for each in meant}.values():
        try:
            view = deployments.create(
                context,
                actor,
                owner.id,
                version,
                where.id,
                is_forced=is_forced,
                choice=choice,
                prompted=prompted,
                not_before=not_before,
                not_after=not_after,
                override_freeze=override_freeze,
                tenant=one.id,
            )
            made.append(view)
        except FairleadError as error:
            refused.append(RefusedTenant(one.name, error))
    return Asked(tuple(made), tuple(refused))
