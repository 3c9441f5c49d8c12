"""Roles: bundles of permissions that teams hold."""

from __future__ import annotations

import typer

from fairlead.cli.session import API, Search, segment, session

group = typer.Typer(name="roles", help="Roles: bundles of permissions that teams hold.", no_args_is_help=True)

Permissions = typer.Option(..., "--permission", "-p", help="A permission; can be given several times.")


@group.command("list")
def list_roles(context: typer.Context, search: Search = "") -> None:
    """List all roles, the built-in ones first."""
    at = session(context)
    columns = {"id": "ROLE", "name": "NAME", "permissions": "PERMISSIONS", "built_in": "BUILT IN"}
    at.screen.table(at.client.all(f"{API}/roles", search=search), columns, empty="no roles")


@group.command("add")
def add(
    context: typer.Context,
    name: str = typer.Argument(..., help="The role."),
    permissions: list[str] = Permissions,
    description: str = typer.Option("", help="What it is for."),
) -> None:
    """Make a role of your own."""
    at = session(context)
    made = at.client.post(f"{API}/roles", {"name": name, "description": description, "permissions": permissions})
    at.screen.result(made, f"role {made['name']} added")


@group.command("set")
def change(
    context: typer.Context,
    name: str = typer.Argument(..., help="The role."),
    permissions: list[str] = typer.Option(None, "--permission", "-p", help="A permission; those given replace all."),
    description: str = typer.Option(None, help="What it is for."),
) -> None:
    """Change what is given, for every team that holds it."""
    at = session(context)
    given = {"permissions": permissions or None, "description": description}
    body = {key: value for key, value in given.items() if value is not None}
    made = at.client.patch(f"{API}/roles/{segment(name)}", body)
    at.screen.result(made, f"role {made['name']} changed")


@group.command("remove")
def remove(context: typer.Context, name: str = typer.Argument(..., help="The role.")) -> None:
    """Remove a role that no team holds."""
    at = session(context)
    at.client.delete(f"{API}/roles/{segment(name)}")
    at.screen.say(f"role {name} removed")
