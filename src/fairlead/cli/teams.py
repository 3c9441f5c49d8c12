"""Teams: people, and the roles that they hold together."""

from __future__ import annotations

from typing import Any

import typer

from fairlead.cli.session import API, Search, Session, segment, session
from fairlead.domain.errors import NotFound

group = typer.Typer(name="teams", help="Teams: people who hold roles together, each in a scope.", no_args_is_help=True)

Team = typer.Argument(..., help="The team.")
Project = typer.Option([], "--project", "-p", help="Only in this project; can be given several times.")
Group = typer.Option([], "--group", "-g", help="Only in projects of this project group; can be given several times.")
Environment = typer.Option([], "--environment", "-e", help="Only in this environment; can be given several times.")
Tenant = typer.Option([], "--tenant", help="Only for this tenant.")


@group.command("list")
def list_teams(context: typer.Context, search: Search = "") -> None:
    """List all teams."""
    at = session(context)
    found = at.client.all(f"{API}/teams", search=search)
    rows = (
        found if at.screen.as_json else [{**one, "roles": [_sentence(role) for role in one["roles"]]} for one in found]
    )
    at.screen.table(
        rows, {"name": "NAME", "members": "MEMBERS", "by_groups": "BY GROUPS", "roles": "ROLES"}, empty="no teams"
    )


@group.command("show")
def show(context: typer.Context, team: str = Team) -> None:
    """Show one team, its members, and what they hold where."""
    at = session(context)
    found = at.client.get(f"{API}/teams/{segment(team)}")
    at.screen.result(found if at.screen.as_json else {**found, "roles": [_sentence(role) for role in found["roles"]]})


@group.command("add")
def add(
    context: typer.Context,
    team: str = Team,
    description: str = typer.Option("", help="What it is for."),
    member: list[str] = typer.Option([], "--member", "-m", help="Somebody in it; can be given several times."),
) -> None:
    """Add a team; `teams give` gives it roles."""
    at = session(context)
    made = at.client.post(f"{API}/teams", {"name": team, "description": description, "members": member})
    at.screen.result(made, f"team {made['name']} added")


@group.command("join")
def join(
    context: typer.Context, team: str = Team, users: list[str] = typer.Argument(..., help="Who comes into it.")
) -> None:
    """Add people to the team."""
    at = session(context)
    held = at.client.get(f"{API}/teams/{segment(team)}")
    _change(at, held, {"members": list(dict.fromkeys([*held["members"], *users]))})


@group.command("leave")
def leave(
    context: typer.Context, team: str = Team, users: list[str] = typer.Argument(..., help="Who goes out of it.")
) -> None:
    """Remove people from the team."""
    at = session(context)
    held = at.client.get(f"{API}/teams/{segment(team)}")
    known = {name.lower() for name in held["members"]}
    if strangers := [name for name in users if name.lower() not in known]:
        raise NotFound(
            "user.unknown", f"{', '.join(strangers)[:200]} is no member of {held['name']}", thing=strangers[0]
        )
    leaving = {name.lower() for name in users}
    _change(at, held, {"members": [name for name in held["members"] if name.lower() not in leaving]})


@group.command("give")
def give(
    context: typer.Context,
    team: str = Team,
    role: str = typer.Argument(..., help="The role, as `roles list` shows it."),
    project: list[str] = Project,
    of: list[str] = Group,
    environment: list[str] = Environment,
    tenant: list[str] = Tenant,
) -> None:
    """Give the team a role, everywhere or only where the options say."""
    at = session(context)
    held = at.client.get(f"{API}/teams/{segment(team)}")
    added = {"role": role, "projects": project, "groups": of, "environments": environment, "tenants": tenant}
    _change(at, held, {"roles": [*held["roles"], added]})


@group.command("take")
def take(
    context: typer.Context,
    team: str = Team,
    role: str = typer.Argument(..., help="The role; in every scope that the team holds it in."),
) -> None:
    """Take a role from the team."""
    at = session(context)
    held = at.client.get(f"{API}/teams/{segment(team)}")
    left = [one for one in held["roles"] if one["role"].lower() != role.lower()]
    if left == held["roles"]:
        raise NotFound("role.unknown", f"{team} does not hold the role {role}", thing=role)
    _change(at, held, {"roles": left})


@group.command("remove")
def remove(context: typer.Context, team: str = Team) -> None:
    """Remove the team; its members lose what it gave."""
    at = session(context)
    at.client.delete(f"{API}/teams/{segment(team)}")
    at.screen.say(f"team {team} removed")


def _change(at: Session, held: dict[str, Any], body: dict[str, object]) -> None:
    made = at.client.patch(f"{API}/teams/{segment(held['id'])}", body, revision=held["revision"])
    is_so = made["revision"] == held["revision"]
    at.screen.result(made, f"team {made['name']} " + ("is so already: nothing is changed" if is_so else "changed"))


def _sentence(role: dict[str, Any]) -> str:
    named = [*role["projects"], *(f"group {name}" for name in role["groups"]), *role["environments"]]
    named += [f"tenant {name}" for name in role["tenants"]]
    return f"{role['role']} ({', '.join(named)})" if named else str(role["role"])
