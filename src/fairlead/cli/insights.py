"""Insights: the figures of how a project is deployed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import typer

from fairlead.cli.session import API, segment, session
from fairlead.domain.insights import DEFAULT_DAYS, LONGEST_DAYS, in_words

COLUMNS = {
    "environment": "ENVIRONMENT",
    "successes": "SUCCESSES",
    "failures": "FAILURES",
    "failure_rate": "FAILURE RATE",
    "lead_time_s": "LEAD TIME",
    "recovery_s": "TIME TO RECOVERY",
    "unrecovered": "NOT RECOVERED",
}


def insights(
    context: typer.Context,
    project: str = typer.Argument("", help="The project; by default the one that ./fairlead.yml names."),
    environment: str = typer.Option("", "--environment", "-e", help="Only this environment."),
    days: int = typer.Option(DEFAULT_DAYS, "--days", min=1, max=LONGEST_DAYS, help="Over so many days up to now."),
) -> None:
    """How often a project was deployed, how soon, how safely."""
    at = session(context)
    path = f"{API}/projects/{segment(at.project(project))}/insights"
    found = at.client.get(path, environment=environment, days=days)
    if at.screen.as_json:
        at.screen.result(found)
        return
    rows = [*found["environments"], *([{**found, "environment": "all"}] if len(found["environments"]) > 1 else [])]
    at.screen.table([_shown(row) for row in rows], COLUMNS, empty=f"nothing was completed in the last {days} days")


def _shown(row: Mapping[str, Any]) -> Mapping[str, Any]:
    rate = row["failure_rate"]
    said = {"failure_rate": None if rate is None else f"{rate:.0%}"}
    return {**row, **said, **{name: in_words(row[name]) for name in ("lead_time_s", "recovery_s")}}


def add_to(app: typer.Typer) -> None:
    """The command without a group."""
    app.command("insights")(insights)
