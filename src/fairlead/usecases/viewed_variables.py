"""Which variables somebody may view: a scope by environments or tenants is as good as a place."""

from __future__ import annotations

from collections.abc import Iterable

from fairlead.domain.actor import Actor
from fairlead.domain.ids import ProjectId
from fairlead.domain.permission import Permission
from fairlead.domain.variable import Dimension, Variable


def viewed(actor: Actor, project: ProjectId | None, found: Iterable[Variable]) -> tuple[Variable, ...]:
    """Those that the actor may view as the project's (None: a library set's). What names environments or tenants is
    shown to who may view something of one of them; what names none, to who may view anything there. What applies at a
    place that the actor may view is always among them."""
    if actor.reach(Permission.VIEW) is None:
        return tuple(found)
    return tuple(one for one in found if _is_viewed(actor, project, one))


def _is_viewed(actor: Actor, project: ProjectId | None, variable: Variable) -> bool:
    return any(
        actor.may_somewhere(Permission.VIEW, project=project, environment=environment, tenant=tenant)
        for environment in variable.scope.get(Dimension.ENVIRONMENT) or (None,)
        for tenant in variable.scope.get(Dimension.TENANT) or (None,)
    )
