"""Library variable sets: variables that several projects include. Their variables: `fairlead variables -l SET`."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import typer

from fairlead.cli.given_values import require_named
from fairlead.cli.session import API, ProjectName, segment, session

group = typer.Typer(name="library-sets", help="Variables that several projects include.", no_args_is_help=True)

SetName: TypeAlias = Annotated[str, typer.Argument(help="The library set.")]


@group.command("list")
def list_sets(
    context: typer.Context,
    search: str = typer.Option("", "--search", help="Only names that have this in them."),
    project: str = typer.Option("", "--project", "-p", help="Only those that this project includes."),
) -> None:
    """List all library sets, and which projects include them; or those of one project."""
    at = session(context)
    if project:
        included = at.client.all(f"{API}/projects/{segment(project)}/library-sets", search=search)
        at.screen.table(included, {"name": "NAME", "description": "DESCRIPTION"}, empty=f"{project} includes none")
        return
    rows = at.client.all(f"{API}/library-sets", search=search)
    columns = {"name": "NAME", "variables": "VARIABLES", "projects": "INCLUDED IN", "description": "DESCRIPTION"}
    at.screen.table(rows, columns, empty="no library sets")


@group.command("add")
def add(
    context: typer.Context, name: SetName, description: str = typer.Option("", "--description", help="What it is for.")
) -> None:
    """Add one; then: fairlead variables set -l NAME …"""
    at = session(context)
    made = at.client.post(f"{API}/library-sets", {"name": name, "description": description})
    at.screen.result(made, f"library set {name} added")


@group.command("set")
def change(
    context: typer.Context,
    name: SetName,
    new_name: str = typer.Option(None, "--name", help="Its new name."),
    description: str = typer.Option(None, "--description", help="What it is for."),
) -> None:
    """Rename or describe one."""
    at = session(context)
    require_named("--name", [] if new_name is None else [new_name])
    body = {key: value for key, value in {"name": new_name, "description": description}.items() if value is not None}
    made = at.client.patch(f"{API}/library-sets/{segment(name)}", body)
    at.screen.result(made, f"library set {made['name']} changed")


@group.command("remove")
def remove(context: typer.Context, name: SetName) -> None:
    """Remove one that no project includes, with its variables."""
    at = session(context)
    at.client.delete(f"{API}/library-sets/{segment(name)}")
    at.screen.say(f"library set {name} removed")


@group.command("include")
def include(context: typer.Context, name: SetName, project: ProjectName = "") -> None:
    """The project's next releases take its variables too."""
    at = session(context)
    owner = at.project(project)
    at.client.put(f"{API}/projects/{segment(owner)}/library-sets/{segment(name)}", {})
    at.screen.say(f"{owner} includes {name}: its next releases freeze these variables too")


@group.command("exclude")
def exclude(context: typer.Context, name: SetName, project: ProjectName = "") -> None:
    """The project's next releases do without its variables."""
    at = session(context)
    owner = at.project(project)
    at.client.delete(f"{API}/projects/{segment(owner)}/library-sets/{segment(name)}")
    at.screen.say(f"{owner} does without {name}")
