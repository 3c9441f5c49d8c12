"""What a deployment brings, for people: before it is asked for, and after."""

from __future__ import annotations

from fairlead.domain.actor import Actor
from fairlead.domain.permission import Permission
from fairlead.store import deployments, environments, projects
from fairlead.usecases import planning, tenancy
from fairlead.usecases.brought import DeploymentChanges, changes_of
from fairlead.usecases.context import Context
from fairlead.usecases.going import Going, going_of


def preview(
    context: Context, actor: Actor, project: str, version: str, environment: str, *, tenant: str = ""
) -> DeploymentChanges:
    """What deploying the release there (for the tenant) would bring now."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        owner = projects.by_name_or_id(connection, project)
        place = environments.by_name_or_id(connection, environment)
        whose = tenancy.named(connection, tenant)
        scope = whose.id if whose else None
        actor.require_somewhere(Permission.VIEW, project=owner.id, environment=place.id, tenant=scope)
        release = planning.release_named(connection, owner, version)
        return changes_of(context, connection, Going(owner, place, release, whose), None)


def of_deployment(context: Context, actor: Actor, id: str) -> DeploymentChanges:
    """What the deployment brought, or is to bring."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        found = deployments.get(connection, id)
        actor.require(Permission.VIEW, project=found.project, environment=found.environment, tenant=found.tenant)
        return changes_of(context, connection, going_of(connection, found), found)
