"""Insights: the figures of how a project is deployed."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from fairlead.domain.insights import DEFAULT_DAYS, LONGEST_DAYS, Figures
from fairlead.server.api import answers
from fairlead.server.api.doors import Asking, Books
from fairlead.server.routing import api_router
from fairlead.usecases import insights

router = api_router("insights")


@router.get("/projects/{project}/insights")
def get_insights(
    context: Books,
    actor: Asking,
    project: str,
    environment: Annotated[str, Query(description="of this one alone")] = "",
    days: Annotated[int, Query(ge=1, le=LONGEST_DAYS, description="the last so many")] = DEFAULT_DAYS,
) -> answers.Insights:
    """How often, how soon and how safely the project was deployed lately: deployment frequency, lead time, failure rate
    and time to recovery."""
    found = insights.of_project(context, actor, project, environment=environment, days=days)
    return {
        "project": found.project,
        "since": found.since.isoformat(),
        "until": found.until.isoformat(),
        **_figures(found.whole),
        "environments": [{"environment": name, **_figures(its)} for name, its in found.by_environment],
    }


def _figures(one: Figures) -> answers.Figures:
    return {
        "deployments": one.deployments,
        "successes": one.successes,
        "failures": one.failures,
        "failure_rate": one.failure_rate,
        "lead_time_s": one.lead_time_s,
        "recovery_s": one.recovery_s,
        "unrecovered": one.unrecovered,
    }
