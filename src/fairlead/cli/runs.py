"""Runs: the pipeline's way from a commit to a release."""

from __future__ import annotations

import typer

from fairlead.cli.session import API, ProjectName, Timeout, Wait, segment, session

group = typer.Typer(name="runs", help="Runs: from a commit to a release.", no_args_is_help=True)


@group.command("list")
def list_runs(context: typer.Context, project: ProjectName = "") -> None:
    """List runs, the newest first."""
    at = session(context)
    columns = {
        "number": "RUN",
        "commit": "COMMIT",
        "subject": "SUBJECT",
        "state": "STATE",
        "version": "RELEASE",
        "reason": "REASON",
        "created_at": "WHEN",
    }
    rows = at.client.all(f"{API}/projects/{segment(at.project(project))}/runs", most=50)
    at.screen.table([{**row, "commit": row["commit"][:12]} for row in rows], columns, empty="no runs yet")


@group.command("show")
def show(context: typer.Context, id: str = typer.Argument(..., help="The run's id.")) -> None:
    """Show one run."""
    at = session(context)
    at.screen.result(at.client.get(f"{API}/runs/{segment(id)}"))


@group.command("start")
def start(
    context: typer.Context,
    commit: str = typer.Option("", help="A commit; by default the head of the project's branch."),
    wait: Wait = False,
    timeout: Timeout = 0,
    project: ProjectName = "",
) -> None:
    """Build a commit again, or one that no webhook announced."""
    at = session(context)
    run = at.client.post(f"{API}/projects/{segment(at.project(project))}/runs", {"commit": commit})
    at.screen.say(f"run {run['number']} of {run['commit'][:12]} queued, task {run['task']}")
    if wait:
        raise typer.Exit(at.follow(run["task"], timeout_s=timeout))
    at.screen.result(run)
