"""Service accounts: users of programs."""

from __future__ import annotations

import typer

from fairlead.cli.session import API, Search, segment, session

group = typer.Typer(
    name="service-accounts", help="Users of programs: they have API keys and no password.", no_args_is_help=True
)

Name = typer.Argument(..., help="The service account.")


@group.command("list")
def list_service_accounts(context: typer.Context, search: Search = "") -> None:
    """List all service accounts."""
    at = session(context)
    columns = {"name": "NAME", "role": "ROLE", "is_enabled": "ENABLED", "created_at": "SINCE"}
    at.screen.table(at.client.all(f"{API}/service-accounts", search=search), columns, empty="no service accounts")


@group.command("add")
def add(
    context: typer.Context,
    name: str = Name,
    role: str = typer.Option("none", help="The role that it holds everywhere; `teams join` can give it more."),
) -> None:
    """Add one; `service-accounts key` makes its keys."""
    at = session(context)
    made = at.client.post(f"{API}/service-accounts", {"name": name, "role": role})
    at.screen.result(made, f"service account {made['name']} added")


@group.command("key")
def key(
    context: typer.Context,
    name: str = Name,
    purpose: str = typer.Argument(..., help="What the key is for."),
    days: int = typer.Option(0, help="For how many days it works; 0: until it is removed."),
) -> None:
    """Make a key for it; it is printed once."""
    at = session(context)
    made = at.client.post(f"{API}/service-accounts/{segment(name)}/keys", {"name": purpose, "days": days})
    at.screen.say("this is the only time that the key is shown:")
    at.screen.result(made, made["key"])


@group.command("keys")
def keys(context: typer.Context, name: str = Name, search: Search = "") -> None:
    """List its keys; `keys remove` revokes one."""
    at = session(context)
    columns = {"id": "ID", "name": "FOR", "prefix": "BEGINS WITH", "expires_at": "EXPIRES", "last_used_at": "USED"}
    at.screen.table(
        at.client.all(f"{API}/service-accounts/{segment(name)}/keys", search=search), columns, empty="no keys"
    )
