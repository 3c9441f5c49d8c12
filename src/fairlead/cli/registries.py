"""Credentials for registries that images are pulled from."""

from __future__ import annotations

import typer

from fairlead.cli.asking import ask
from fairlead.cli.given_files import secret_of
from fairlead.cli.session import API, Search, segment, session

group = typer.Typer(name="registries", help="Credentials for private base images.", no_args_is_help=True)


@group.command("list")
def list_registries(context: typer.Context, search: Search = "") -> None:
    """List registries with credentials; passwords are never shown."""
    at = session(context)
    columns = {"registry": "REGISTRY", "user": "USER", "created_by": "SET BY", "created_at": "WHEN"}
    at.screen.table(at.client.all(f"{API}/registries", search=search), columns, empty="no credentials")


FROM = "--password-from FILE, or - for standard input"


@group.command("set")
def set_registry(
    context: typer.Context,
    registry: str = typer.Argument(..., help="host[:port], as image references begin; docker.io for the one without."),
    user: str = typer.Option(..., "--user", "-u", help="The user that pulls there."),
    password_from: str = typer.Option("", help="File with the password or token; - for standard input."),
) -> None:
    """Pull from this registry with these credentials."""
    at = session(context)
    password = secret_of(password_from) or ask("the password", is_hidden=True, instead=FROM)
    made = at.client.put(f"{API}/registries/{segment(registry)}", {"user": user, "password": password})
    at.screen.result(made, f"images of {registry} are pulled as {user}")


@group.command("remove")
def remove(context: typer.Context, registry: str = typer.Argument(..., help="As `registries list` shows it.")) -> None:
    """Pull without credentials again."""
    at = session(context)
    at.client.delete(f"{API}/registries/{segment(registry)}")
    at.screen.say(f"credentials of {registry} removed")


@group.command("notifications")
def notifications(context: typer.Context) -> None:
    """Show the address and header for your registry's notifications, so that a pushed image makes a release."""
    at = session(context)
    at.screen.result(at.client.get(f"{API}/registry-notifications"))
