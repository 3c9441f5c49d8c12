"""Environments: where releases go, in order."""

from __future__ import annotations

import typer

from fairlead.cli.session import API, session

group = typer.Typer(name="environments", help="Environments of the installation, in order.", no_args_is_help=True)


@group.command("list")
def list_environments(context: typer.Context) -> None:
    """All, in the order in which releases reach them."""
    at = session(context)
    columns = {"name": "NAME", "order": "ORDER", "description": "DESCRIPTION"}
    at.screen.table(at.client.all(f"{API}/environments"), columns, empty="no environments")


@group.command("add")
def add(
    context: typer.Context,
    name: str = typer.Argument(..., help="The environment."),
    order: int = typer.Option(0, help="Its place; 0: after all others."),
    description: str = typer.Option("", help="What it is for."),
) -> None:
    """Add one."""
    at = session(context)
    made = at.client.post(f"{API}/environments", {"name": name, "order": order, "description": description})
    at.screen.result(made, f"environment {made['name']} added, order {made['order']}")


@group.command("remove")
def remove(context: typer.Context, name: str = typer.Argument(..., help="The environment.")) -> None:
    """Remove one that nothing was ever deployed to."""
    at = session(context)
    at.client.delete(f"{API}/environments/{name}")
    at.screen.say(f"environment {name} removed")
