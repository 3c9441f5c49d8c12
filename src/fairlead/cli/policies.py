"""Policy: what an administrator allows a project file to ask of the host."""

from __future__ import annotations

import typer

from fairlead.cli.session import API, ProjectName, Search, segment, session

group = typer.Typer(
    name="policy", help="What administrators allow project files that could harm the host.", no_args_is_help=True
)


@group.command("list")
def list_policies(context: typer.Context, search: Search = "") -> None:
    """List what was allowed, and by whom."""
    at = session(context)
    columns = {
        "id": "ID",
        "project": "PROJECT",
        "environment": "ENVIRONMENT",
        "key": "ALLOWED",
        "allowed_by": "BY",
        "allowed_at": "WHEN",
        "note": "NOTE",
    }
    at.screen.table(
        at.client.all(f"{API}/policies", search=search), columns, empty="nothing is allowed beyond the harmless"
    )


@group.command("allow")
def allow(
    context: typer.Context,
    key: str = typer.Argument(
        ..., help="As the error message names it: privileged, bind:/srv/data, cap_add:NET_ADMIN, port:127.0.0.1:8080, …"
    ),
    environment: str = typer.Option("", "--environment", "-e", help="Only there; by default everywhere."),
    note: str = typer.Option("", "--note", "-m", help="Why."),
    project: ProjectName = "",
) -> None:
    """Allow one thing for a project."""
    at = session(context)
    owner = at.project(project)
    before = {one["id"] for one in at.client.all(f"{API}/policies", project=owner)}
    body = {"project": owner, "environment": environment, "key": key, "note": note}
    made = at.client.post(f"{API}/policies", body)
    where = f"for {made['project']} in {made['environment'] or 'every environment'}"
    is_so = made["id"] in before
    at.screen.result(made, f"{key} is allowed already {where}" if is_so else f"{key} allowed {where}")


@group.command("revoke")
def revoke(context: typer.Context, id: str = typer.Argument(..., help="As `policy list` shows it.")) -> None:
    """Take an allowance back: what runs goes on, the next deployment is refused."""
    at = session(context)
    at.client.delete(f"{API}/policies/{segment(id)}")
    at.screen.say(f"policy {id} revoked")
