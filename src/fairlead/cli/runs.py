"""Runs: the pipeline's way from a commit to a release."""

from __future__ import annotations

import typer

from fairlead.cli.session import API, PROJECT_HELP, TIMEOUT_HELP, WAIT_HELP, segment, session

group = typer.Typer(name="runs", help="Runs: from a commit to a release.", no_args_is_help=True)


@group.command("list")
def list_runs(context: typer.Context, project: str = typer.Option("", "--project", "-p", help=PROJECT_HELP)) -> None:
    """The newest first."""
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
    """One run."""
    at = session(context)
    at.screen.result(at.client.get(f"{API}/runs/{segment(id)}"))


@group.command("start")
def start(
    context: typer.Context,
    commit: str = typer.Option("", help="A commit; by default the head of the project's branch."),
    wait: bool = typer.Option(False, "--wait", help=WAIT_HELP),
    timeout: float = typer.Option(0, help=TIMEOUT_HELP),
    project: str = typer.Option("", "--project", "-p", help=PROJECT_HELP),
) -> None:
    """Build a commit again, or one that no webhook announced."""
    at = session(context)
    run = at.client.post(f"{API}/projects/{segment(at.project(project))}/runs", {"commit": commit})
    at.screen.say(f"run {run['number']} of {run['commit'][:12]} queued, task {run['task']}")
    if wait:
        raise typer.Exit(at.follow(run["task"], timeout_s=timeout))
    at.screen.result(run)
