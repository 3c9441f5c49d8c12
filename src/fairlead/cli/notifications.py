"""Whom to tell when a deployment fails, comes back, or waits for a person."""

from __future__ import annotations

import typer

from fairlead.cli.session import API, Search, segment, session

group = typer.Typer(name="notifications", help="Mail and webhooks: who is notified of what.", no_args_is_help=True)


@group.command("list")
def list_targets(context: typer.Context, search: Search = "") -> None:
    """List who is notified, and of what."""
    at = session(context)
    columns = {"id": "ID", "kind": "KIND", "address": "ADDRESS", "project": "PROJECT", "events": "EVENTS"}
    at.screen.table(at.client.all(f"{API}/notifications", search=search), columns, empty="nobody is told")


@group.command("add")
def add(
    context: typer.Context,
    address: str = typer.Argument(..., help="A mail address or an http(s) address."),
    event: list[str] = typer.Option([], help="Only these; by default failures and what waits for a person."),
    secret: str = typer.Option("", help="Signs webhooks (Standard Webhooks)."),
    project: str = typer.Option("", "--project", "-p", help="Only of this project; by default all."),
) -> None:
    """Notify somebody."""
    at = session(context)
    body = {"address": address, "events": event, "secret": secret, "project": project}
    made = at.client.post(f"{API}/notifications", body)
    at.screen.result(made, f"{address} is told of {', '.join(made['events'])}")


@group.command("set")
def change(
    context: typer.Context,
    id: str = typer.Argument(..., help="As `notifications list` shows it."),
    event: list[str] = typer.Option([], help="Only these; without any, they stay as they are."),
    secret: str = typer.Option(None, help="Signs webhooks; '' to stop signing them."),
) -> None:
    """Change what they are notified of; the rest stays."""
    at = session(context)
    made = at.client.patch(f"{API}/notifications/{segment(id)}", {"events": event or None, "secret": secret})
    at.screen.result(made, f"{made['address']} is told of {', '.join(made['events'])}")


@group.command("remove")
def remove(context: typer.Context, id: str = typer.Argument(..., help="As `notifications list` shows it.")) -> None:
    """Stop notifying them."""
    at = session(context)
    at.client.delete(f"{API}/notifications/{segment(id)}")
    at.screen.say(f"notification {id} removed")
