"""Triggers: what is done without being asked when a time comes."""

from __future__ import annotations

import typer

from fairlead.cli.session import API, PROJECT_HELP, session

group = typer.Typer(name="triggers", help="What is done without being asked when a time comes.", no_args_is_help=True)
CRON_HELP = (
    "When: five fields as Debian's cron has them, or six or seven as Quartz: '0 6 * * Mon-Fri', '0 0 6 ? * 2#1'."
)


@group.command("list")
def list_triggers(
    context: typer.Context, project: str = typer.Option("", "--project", "-p", help=PROJECT_HELP)
) -> None:
    """Those of a project, and when each is due next."""
    at = session(context)
    rows = at.client.all(f"{API}/projects/{at.project(project)}/triggers")
    if not at.screen.as_json:
        rows = [{**row, "last": row["last"] and row["last"]["reason"]} for row in rows]
    columns = {
        "name": "NAME",
        "action": "DOES",
        "source": "FROM",
        "destination": "TO",
        "cron": "WHEN",
        "zone": "ZONE",
        "next_at": "NEXT",
        "last": "LAST",
    }
    at.screen.table(rows, columns, empty="no triggers")


@group.command("set")
def put(
    context: typer.Context,
    name: str = typer.Argument(..., help="What people call it; a new one, or one that is changed."),
    cron: str = typer.Option(..., "--cron", help=CRON_HELP),
    zone: str = typer.Option("UTC", help="The time zone of the schedule: Europe/Berlin."),
    action: str = typer.Option("deploy-latest", help="deploy-latest, or new-release: a run of the branch's head."),
    source: str = typer.Option("", "--from", help="Deploy what is live there; by default the latest release made."),
    destination: str = typer.Option("", "--to", help="Where to."),
    channel: str = typer.Option("", help="Only releases of this channel."),
    force: bool = typer.Option(False, "--force", help="Deploy also where nothing differs."),
    enabled: bool = typer.Option(True, "--enable/--disable", help="A disabled one is never due."),
    project: str = typer.Option("", "--project", "-p", help=PROJECT_HELP),
) -> None:
    """A trigger is so from now on."""
    at = session(context)
    body = {
        "cron": cron,
        "zone": zone,
        "action": action,
        "source": source,
        "destination": destination,
        "channel": channel,
        "force": force,
        "is_enabled": enabled,
    }
    made = at.client.put(f"{API}/projects/{at.project(project)}/triggers/{name}", body)
    at.screen.result(made, f"trigger {made['name']} is due next at {made['next_at'] or 'no time'}")


@group.command("evaluate")
def evaluate(
    context: typer.Context,
    name: str = typer.Argument(..., help="The trigger."),
    project: str = typer.Option("", "--project", "-p", help=PROJECT_HELP),
) -> None:
    """Do now what it is for; exit code 1 where it did not fire."""
    at = session(context)
    made = at.client.post(f"{API}/projects/{at.project(project)}/triggers/{name}/evaluate")
    at.screen.result(made, ("fired: " if made["has_fired"] else "did not fire: ") + made["reason"])
    if not made["has_fired"]:
        raise typer.Exit(1)


@group.command("remove")
def remove(
    context: typer.Context,
    name: str = typer.Argument(..., help="The trigger."),
    project: str = typer.Option("", "--project", "-p", help=PROJECT_HELP),
) -> None:
    """Remove one, with its record."""
    at = session(context)
    at.client.delete(f"{API}/projects/{at.project(project)}/triggers/{name}")
    at.screen.say(f"trigger {name} removed")
