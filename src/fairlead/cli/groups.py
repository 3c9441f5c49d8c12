"""Project groups."""

from __future__ import annotations

import typer

from fairlead.cli.session import API, Search, segment, session

group = typer.Typer(name="groups", help="Project groups: related projects under one name.", no_args_is_help=True)


@group.command("list")
def list_groups(context: typer.Context, search: Search = "") -> None:
    """List all project groups."""
    at = session(context)
    rows = at.client.all(f"{API}/groups", search=search)
    at.screen.table(rows, {"name": "NAME", "description": "DESCRIPTION"}, empty="no project groups")


@group.command("add")
def add(
    context: typer.Context,
    name: str = typer.Argument(..., help="The project group."),
    description: str = typer.Option("", help="What its projects have in common."),
) -> None:
    """Add one; `projects set NAME --group GROUP` puts projects into it."""
    at = session(context)
    made = at.client.post(f"{API}/groups", {"name": name, "description": description})
    at.screen.result(made, f"project group {made['name']} added")


@group.command("set")
def change(
    context: typer.Context,
    name: str = typer.Argument(..., help="The project group."),
    to: str = typer.Option(None, "--name", help="Its new name."),
    description: str = typer.Option(None, help="What its projects have in common."),
) -> None:
    """Change what is given; the rest stays."""
    at = session(context)
    body = {key: value for key, value in {"name": to, "description": description}.items() if value is not None}
    made = at.client.patch(f"{API}/groups/{segment(name)}", body)
    at.screen.result(made, f"project group {made['name']} changed")


@group.command("remove")
def remove(context: typer.Context, name: str = typer.Argument(..., help="The project group.")) -> None:
    """Remove one without projects."""
    at = session(context)
    at.client.delete(f"{API}/groups/{segment(name)}")
    at.screen.say(f"project group {name} removed")
