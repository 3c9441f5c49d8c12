"""Defects of releases: reporting one keeps the release from going further."""

from __future__ import annotations

import typer

from fairlead.cli.session import API, ProjectName, Search, segment, session

group = typer.Typer(name="defects", help="Defects hold a release back until they are resolved.", no_args_is_help=True)


@group.command("list")
def list_defects(
    context: typer.Context,
    version: str = typer.Argument(..., help="The release."),
    project: ProjectName = "",
    search: Search = "",
) -> None:
    """List a release's defects."""
    at = session(context)
    rows = at.client.all(
        f"{API}/projects/{segment(at.project(project))}/releases/{segment(version)}/defects", search=search
    )
    columns = {
        "id": "ID",
        "description": "DEFECT",
        "reported_by": "BY",
        "reported_at": "WHEN",
        "resolved_by": "RESOLVED BY",
        "resolution": "HOW",
    }
    at.screen.table(rows, columns, empty=f"{version} has no defects")


@group.command("report")
def report(
    context: typer.Context,
    version: str = typer.Argument(..., help="The release."),
    description: str = typer.Option(..., "--description", "-m", help="What is wrong with it."),
    project: ProjectName = "",
) -> None:
    """Report a defect: until it is resolved, the release goes to no phase where it has not been live."""
    at = session(context)
    path = f"{API}/projects/{segment(at.project(project))}/releases/{segment(version)}/defects"
    made = at.client.post(path, {"description": description})
    at.screen.result(made, f"{version} goes no further; when it is fixed: fairlead defects resolve {made['id']}")


@group.command("resolve")
def resolve(
    context: typer.Context,
    id: str = typer.Argument(..., help="The defect."),
    resolution: str = typer.Option("", "--note", "-m", help="How it was resolved."),
) -> None:
    """Resolve a defect: the release goes on as its lifecycle says."""
    at = session(context)
    made = at.client.post(f"{API}/defects/{segment(id)}/resolve", {"resolution": resolution})
    at.screen.result(made, "resolved")
