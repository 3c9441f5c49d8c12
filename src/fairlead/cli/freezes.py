"""Deployment freezes: times in which nothing may be deployed to some places."""

from __future__ import annotations

import typer

from fairlead.cli.moments import AT_HELP, moment
from fairlead.cli.session import API, Search, segment, session, with_given

group = typer.Typer(name="freezes", help="Times in which nothing may be deployed to some places.", no_args_is_help=True)
COLUMNS = {
    "name": "NAME",
    "is_active": "HOLDS NOW",
    "starts_at": "FROM",
    "ends_at": "UNTIL",
    "cron": "SCHEDULE",
    "projects": "PROJECTS",
    "environments": "ENVIRONMENTS",
    "tenants": "TENANTS",
    "reason": "REASON",
}


@group.command("list")
def list_freezes(context: typer.Context, search: Search = "") -> None:
    """List all freezes, the newest first."""
    at = session(context)
    at.screen.table(at.client.all(f"{API}/freezes", search=search), COLUMNS, empty="no freezes")


@group.command("add")
def add(
    context: typer.Context,
    name: str = typer.Argument(..., help="What people call it."),
    start: str = typer.Option("", "--from", help=f"When it begins to hold; by default now. {AT_HELP}"),
    end: str = typer.Option("", "--until", help="When it ends; needed without a schedule."),
    project: list[str] = typer.Option([], "--project", "-p", help="Only these; by default all."),
    environment: list[str] = typer.Option([], "--environment", "-e", help="Only these; by default all."),
    tenant: list[str] = typer.Option([], help="Only what is for these; by default whoever it is for."),
    cron: str = typer.Option("", help="For a recurring freeze: when it begins each time, as a cron line."),
    zone: str = typer.Option("UTC", help="The time zone of the schedule."),
    lasts: int = typer.Option(0, help="For how many minutes it holds each time."),
    reason: str = typer.Option("", "--reason", "-m", help="Why; shown to whoever is refused."),
    runbooks: bool = typer.Option(False, "--runbooks", help="Hold back runbooks, too."),
) -> None:
    """Add one; it binds people and automatic deployments alike."""
    at = session(context)
    body = {
        "name": name,
        "starts_at": moment(start, "--from"),
        "ends_at": moment(end, "--until"),
        "projects": project,
        "environments": environment,
        "tenants": tenant,
        "cron": cron,
        "zone": zone,
        "lasts_s": lasts * 60,
        "reason": reason,
        "binds_runbooks": runbooks,
    }
    made = at.client.post(f"{API}/freezes", body)
    at.screen.result(made, f"freeze {made['name']} added" + (", and holds now" if made["is_active"] else ""))


@group.command("set")
def set_freeze(
    context: typer.Context,
    name: str = typer.Argument(..., help="The freeze."),
    rename: str = typer.Option("", help="Its new name."),
    start: str = typer.Option("", "--from", help="When it begins to hold; as for `add`."),
    end: str | None = typer.Option(None, "--until", help="When it ends; '' for never, with a schedule."),
    project: list[str] = typer.Option([], "--project", "-p", help="They replace all; '' for every project."),
    environment: list[str] = typer.Option([], "--environment", "-e", help="They replace all; '' for every one."),
    tenant: list[str] = typer.Option([], help="They replace all; '' for whoever it is for."),
    cron: str | None = typer.Option(None, help="When it begins each time, as a cron line; '' for once."),
    zone: str = typer.Option("", help="The time zone of the schedule."),
    lasts: int | None = typer.Option(None, help="For how many minutes it holds each time."),
    reason: str | None = typer.Option(None, "--reason", "-m", help="Why; shown to whoever is refused."),
    runbooks: bool | None = typer.Option(None, "--runbooks/--no-runbooks", help="Hold back runbooks, too."),
) -> None:
    """Change one; what is not given stays, and what it holds back goes by it at once."""
    at = session(context)
    held = at.client.get(f"{API}/freezes/{segment(name)}")
    given = {
        "name": rename or None,
        "starts_at": moment(start, "--from"),
        "ends_at": None if end is None else moment(end, "--until"),
        "projects": [one for one in project if one] if project else None,
        "environments": [one for one in environment if one] if environment else None,
        "tenants": [one for one in tenant if one] if tenant else None,
        "cron": cron,
        "zone": zone or None,
        "lasts_s": None if lasts is None else lasts * 60,
        "reason": reason,
        "binds_runbooks": runbooks,
    }
    body = with_given(held, given) | ({"ends_at": None} if end == "" else {})
    body |= {"lasts_s": 0} if cron == "" else {}
    saved = at.client.put(f"{API}/freezes/{segment(name)}", body, revision=held["revision"])
    at.screen.result(saved, f"freeze {saved['name']} changed" + (", and holds now" if saved["is_active"] else ""))


@group.command("remove")
def remove(context: typer.Context, name: str = typer.Argument(..., help="The freeze.")) -> None:
    """Remove a freeze: it no longer holds anything back."""
    at = session(context)
    at.client.delete(f"{API}/freezes/{segment(name)}")
    at.screen.say(f"freeze {name} removed")
