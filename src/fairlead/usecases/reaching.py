"""What an actor reaches where rows hold names instead of ids: tasks and events."""

from __future__ import annotations

from fairlead.domain.actor import Actor
from fairlead.domain.errors import NotAllowed
from fairlead.domain.permission import Permission
from fairlead.domain.task import Task
from fairlead.store import environments, projects, tenants
from fairlead.store.database import Connection
from fairlead.store.reach import Columns, within
from fairlead.store.shelf import Condition


def require_of_task(connection: Connection, actor: Actor, permission: Permission, task: Task) -> None:
    """NotAllowed `permission.denied` unless the actor has the permission where the task's place is; what belongs to no
    project needs it everywhere. Nothing is looked up for who has it everywhere."""
    if permission in actor.permissions:
        return
    owner = projects.find_by_name(connection, task.project) if task.project else None
    if owner is None:
        actor.require(permission)
        return
    where = environments.find_by_name(connection, task.environment) if task.environment else None
    place = where.id if where else None
    whose = tenants.find_by_name(connection, task.tenant) if task.tenant else None
    tenant = whose.id if whose else None
    if permission is Permission.VIEW:
        actor.require_somewhere(permission, project=owner.id, environment=place, tenant=tenant)
    else:
        actor.require(permission, project=owner.id, environment=place, tenant=tenant)


def may_see(connection: Connection, actor: Actor, task: Task) -> bool:
    """Whether the actor may view the task."""
    try:
        require_of_task(connection, actor, Permission.VIEW, task)
    except NotAllowed:
        return False
    return True


def viewed_projects(connection: Connection, actor: Actor) -> frozenset[str] | None:
    """The names of the projects that the actor may view; None: of all."""
    if actor.reach(Permission.VIEW) is None:
        return None
    names = projects.names(connection)
    return frozenset(name for id, name in names.items() if actor.may_somewhere(Permission.VIEW, project=id))


def seen(
    connection: Connection,
    actor: Actor,
    *,
    project: Columns,
    environment: Columns,
    tenant: Columns | None = None,
) -> list[Condition]:
    """Conditions on columns that hold names: what the actor may view. A scope by environments shows nothing that
    belongs to no environment."""
    reach = actor.reach(Permission.VIEW)
    if reach is None:
        return []
    names = {str(id): name for id, name in projects.names(connection).items()}
    names |= {str(one.id): one.name for one in environments.all_of(connection)}
    names |= {str(one.id): one.name for one in tenants.all_of(connection)}
    return within(reach, project=project, environment=environment, tenant=tenant, names=names)
