"""Subscriptions: events of the audit that are told on, by webhook or by mail."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import fill
from typing import Any

import typer

from fairlead.cli.given_files import secret_of
from fairlead.cli.given_values import refuse_both
from fairlead.cli.session import API, Search, segment, session
from fairlead.domain.errors import Invalid

group = typer.Typer(
    name="subscriptions", help="Events of the audit that are told on, by webhook or by mail.", no_args_is_help=True
)
COLUMNS = {
    "name": "NAME",
    "owner": "OWNER",
    "to": "TO",
    "events": "EVENTS",
    "enabled": "ENABLED",
    "told": "TOLD",
    "behind": "BEHIND",
    "error": "ERROR",
}
Name = typer.Argument(..., help="The subscription, by name or id.")
Event = typer.Option(
    [], help="A kind, a noun with a dot (deployment.), a group, or *; `subscriptions events` lists them."
)
Project = typer.Option([], "--project", "-p", help="Only of these.")
Environment = typer.Option([], "--environment", "-e", help="Only in these.")
Tenant = typer.Option([], "--tenant", "-t", help="Only for these.")
Person = typer.Option([], "--person", help="Only what these users did; fairlead for what nobody did.")
Team = typer.Option(None, help="Only what this team may view; without --to its members get the mail.")
SecretFrom = typer.Option(
    "", "--secret-from", help="What signs webhooks (Standard Webhooks): a file, or - for standard input."
)
HeaderFrom = typer.Option(
    [],
    "--header-from",
    metavar="NAME=FILE",
    help="A header that is posted with each event, its value from a file, or - for standard input.",
)
Schedule = typer.Option(None, help="When a digest is sent, as a line of cron: '0 8 * * MON-FRI'; hourly without it.")
Zone = typer.Option(None, help="The time zone of the schedule and of the times in the digest.")
Owner = typer.Option(None, help="Whose eyes it has; for who may administer the server.")


@group.command("list")
def list_subscriptions(context: typer.Context, search: Search = "") -> None:
    """Your own (an administrator's: all), the newest first, with how far they are."""
    at = session(context)
    found = at.client.all(f"{API}/subscriptions", search=search)
    rows = found if at.screen.as_json else [{**one, **one["progress"]} for one in found]
    at.screen.table(rows, COLUMNS, empty="no subscriptions")


@group.command("show")
def show(context: typer.Context, name: str = Name) -> None:
    """All of one, with its position and what went wrong last."""
    at = session(context)
    found = at.client.get(f"{API}/subscriptions/{segment(name)}")
    if at.screen.as_json:
        at.screen.result(found)
        return
    far = found.pop("progress")
    at.screen.fields({**found, **far})


@group.command("add")
def add(
    context: typer.Context,
    name: str = typer.Argument(..., help="What people call it."),
    to: list[str] = typer.Option([], help="An http(s) address, or mail addresses."),
    event: list[str] = Event,
    project: list[str] = Project,
    environment: list[str] = Environment,
    tenant: list[str] = Tenant,
    person: list[str] = Person,
    team: str = Team,
    secret_from: str = SecretFrom,
    header_from: list[str] = HeaderFrom,
    schedule: str = Schedule,
    zone: str = Zone,
    owner: str = Owner,
) -> None:
    """Have events told on from now on: each posted to an http(s) address, or many in a digest by mail."""
    at = session(context)
    body = {
        "name": name,
        "to": to,
        "events": event,
        "projects": project,
        "environments": environment,
        "tenants": tenant,
        "people": person,
        "team": team,
        "secret": secret_of(secret_from),
        "headers": _headers(header_from),
        "schedule": schedule,
        "zone": zone,
        "owner": owner,
    }
    made = at.client.post(f"{API}/subscriptions", body)
    at.screen.result(made, f"{made['name']} tells {_where(made)} of {', '.join(made['events'])}")


@group.command("set")
def change(
    context: typer.Context,
    name: str = Name,
    to: list[str] = typer.Option([], help="Tell it there from now on."),
    event: list[str] = Event,
    project: list[str] = Project,
    environment: list[str] = Environment,
    tenant: list[str] = Tenant,
    person: list[str] = Person,
    team: str = Team,
    secret_from: str = SecretFrom,
    no_secret: bool = typer.Option(False, "--no-secret", help="Nothing signs webhooks any more."),
    header_from: list[str] = HeaderFrom,
    no_header: list[str] = typer.Option([], "--no-header", metavar="NAME", help="It is not posted any more."),
    schedule: str = Schedule,
    zone: str = Zone,
    owner: str = Owner,
    rename: str = typer.Option(None, help="Another name."),
    everywhere: bool = typer.Option(False, "--everywhere", help="Take all filters away that are not given here."),
    enabled: bool = typer.Option(None, "--enable/--disable", help="Whether anything is told."),
) -> None:
    """Change what is given; the rest stays. What failed is tried again at once."""
    at = session(context)
    refuse_both(("--no-secret", no_secret), ("--secret-from", secret_from))
    nothing: list[str] | None = [] if everywhere else None
    body = {
        "name": rename,
        "to": to or None,
        "events": event or None,
        "projects": project or nothing,
        "environments": environment or nothing,
        "tenants": tenant or nothing,
        "people": person or nothing,
        "team": team,
        "secret": "" if no_secret else secret_of(secret_from),
        "headers": _headers(header_from) | dict.fromkeys(no_header, ""),
        "schedule": schedule,
        "zone": zone,
        "owner": owner,
        "enabled": enabled,
    }
    made = at.client.patch(f"{API}/subscriptions/{segment(name)}", body)
    said = f"tells {_where(made)} of {', '.join(made['events'])}" if made["enabled"] else "tells nobody"
    at.screen.result(made, f"{made['name']} {said}")


@group.command("test")
def try_out(context: typer.Context, name: str = Name) -> None:
    """Tell an event that is in no audit, and say whether it was taken; the subscription may be disabled."""
    at = session(context)
    answer = at.client.post(f"{API}/subscriptions/{segment(name)}/test")
    at.screen.result(answer, f"{', '.join(answer['told'])} took the test of {name}")


@group.command("remove")
def remove(context: typer.Context, name: str = Name) -> None:
    """Nothing is told any more."""
    at = session(context)
    at.client.delete(f"{API}/subscriptions/{segment(name)}")
    at.screen.say(f"subscription {name} removed")


@group.command("events")
def events(context: typer.Context, search: Search = "") -> None:
    """The kinds of events that there are, with the groups that they are in."""
    at = session(context)
    columns = {"name": "EVENT", "groups": "GROUPS"}
    at.screen.table(at.client.all(f"{API}/event-kinds", search=search), columns, empty="no kind is called so")


@group.command("groups")
def groups(context: typer.Context, search: Search = "") -> None:
    """Groups of kinds that can be asked for by one name."""
    at = session(context)
    found = at.client.all(f"{API}/event-groups", search=search)
    if at.screen.as_json or not found:
        at.screen.table(found, {}, empty="no group is called so")
        return
    for one in found:
        at.screen.out.print(f"{one['name']}: {one['description']}", markup=False)
        at.screen.out.print(
            fill(", ".join(one["kinds"]), 100, initial_indent="  ", subsequent_indent="  "), markup=False
        )


def _headers(given: list[str]) -> dict[str, str]:
    """Name → value. Invalid `input.invalid` where one names no file, or two are to be read from standard input."""
    pairs = [text.partition("=") for text in given]
    if wrong := next((name for name, _, file in pairs if not name or not file), None):
        raise Invalid("input.invalid", f"{wrong[:80]!r} names no file", thing="--header-from", hint="NAME=FILE")
    if sum(file == "-" for _, _, file in pairs) > 1:
        raise Invalid("input.invalid", "standard input holds one value", thing="--header-from")
    return {name: secret_of(file) or "" for name, _, file in pairs}


def _where(made: Mapping[str, Any]) -> str:
    return ", ".join(made["to"]) or f"the members of {made['team']}"
