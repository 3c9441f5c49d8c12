"""What is told of how a project is deployed."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from fairlead.server.api.answers.lists import Moment


class Figures(TypedDict):
    """Of deployments that were completed: live, or failed after they began. One that went live and needed guided
    failure, or was marked as failed, is a failure."""

    deployments: int
    successes: Annotated[int, Field(description="the deployment frequency: how many in the span")]
    failures: int
    failure_rate: Annotated[float | None, Field(description="failures of all, 0 to 1; null: nothing was completed")]
    lead_time_s: Annotated[
        float | None,
        Field(description="mean seconds from the earliest release that a success brought until its end; null: none"),
    ]
    recovery_s: Annotated[
        float | None,
        Field(description="mean seconds from a failure until the next success in its place; null: none"),
    ]
    unrecovered: Annotated[int, Field(description="failures with no success behind them in their place")]


class PlaceFigures(Figures):
    """The same of one environment."""

    environment: str


class Insights(Figures):
    """Of a project; its environments in their order, those alone in which something was completed."""

    project: str
    since: Moment
    until: Moment
    environments: list[PlaceFigures]
