"""Insights: how often, how soon and how safely a project was deployed lately, whole and in each environment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fairlead.domain.actor import Actor
from fairlead.domain.errors import Invalid
from fairlead.domain.ids import ProjectId
from fairlead.domain.insights import (
    DEFAULT_DAYS,
    LONGEST_DAYS,
    LOOKED_BACK_DAYS,
    Completion,
    Delivered,
    Figures,
    figures,
)
from fairlead.domain.permission import Permission
from fairlead.store import deployments, environments, insights, projects
from fairlead.store.database import Connection
from fairlead.store.reach import within
from fairlead.store.shelf import Condition
from fairlead.usecases.context import Context


@dataclass(frozen=True, slots=True)
class InsightsView:
    """Of the deployments that were completed from `since` until `until`: of all that the actor may view, and of each
    environment that has any, by name, in the order of environments."""

    project: str
    since: datetime
    until: datetime
    whole: Figures
    by_environment: tuple[tuple[str, Figures], ...]


def of_project(
    context: Context, actor: Actor, project: str, *, environment: str = "", days: int = DEFAULT_DAYS
) -> InsightsView:
    """The figures of the last `days` (of 24 hours); with `environment` of that one alone. Invalid `input.invalid` for
    a span of no days, or of more than a year."""
    actor.require_somewhere(Permission.VIEW)
    if not 1 <= days <= LONGEST_DAYS:
        raise Invalid("input.invalid", f"insights cover 1 to {LONGEST_DAYS} days, not {days}", thing="days")
    until = context.clock.now()
    since = until - timedelta(days=days)
    with context.database.reading() as connection:
        owner = projects.by_name_or_id(connection, project)
        actor.require_somewhere(Permission.VIEW, project=owner.id)
        asked = environments.by_name_or_id(connection, environment) if environment else None
        actor.require_somewhere(Permission.VIEW, project=owner.id, environment=asked.id if asked else None)
        c = deployments.deployments.c
        mine = within(actor.reach(Permission.VIEW), project=c.project, environment=c.environment, tenant=c.tenant)
        mine += [c.environment == asked.id] if asked else []
        completed = insights.completions(connection, owner.id, *mine, since=since)
        before = _delivered(connection, owner.id, mine, completed, since) if completed else {}
        made = insights.made(connection, owner.id, completed, before)
        known = environments.all_of(connection)
    each = ((place.name, [one for one in completed if one.spot[0] == place.id]) for place in known)
    return InsightsView(
        owner.name,
        since,
        until,
        figures(completed, made, before),
        tuple((name, figures(its, made, before)) for name, its in each if its),
    )


def _delivered(
    connection: Connection,
    project: ProjectId,
    mine: Sequence[Condition],
    completed: Sequence[Completion],
    since: datetime,
) -> Delivered:
    """What was there before the span. All of it is read of some time alone, and what is older only of the places that
    were not found in that: new ones, and those that were left alone for long."""
    back = since - timedelta(days=LOOKED_BACK_DAYS)
    found = dict(insights.delivered(connection, project, *mine, since=back, before=since))
    lacking = {(one.spot, one.channel) for one in completed if one.is_success} - found.keys()
    if lacking:
        older = insights.delivered(connection, project, *mine, *insights.of_places(lacking), before=back)
        found |= {place: max(release, found.get(place, release)) for place, release in older.items()}
    return found
