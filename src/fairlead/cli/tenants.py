"""Tenants: customers, regions or sites, with tags, and connected to projects."""

from __future__ import annotations

import typer

from fairlead.cli import tenant_values
from fairlead.cli.session import API, Anew, ProjectName, Search, held_at, segment, session, with_given
from fairlead.domain.errors import Invalid

group = typer.Typer(name="tenants", help="Customers, regions or sites, with tags.", no_args_is_help=True)


@group.command("list")
def list_tenants(
    context: typer.Context,
    tag: list[str] = typer.Option([], "--tag", help="Only those with this tag, as Set/Tag; of one set any."),
    search: str = typer.Option("", help="A part of the name."),
) -> None:
    """List tenants, by name."""
    at = session(context)
    columns = {"name": "NAME", "tags": "TAGS", "connections": "CONNECTED TO", "description": "DESCRIPTION"}
    at.screen.table(at.client.all(f"{API}/tenants", tag=tag, search=search), columns, empty="no tenants")


@group.command("set")
def put(
    context: typer.Context,
    name: str = typer.Argument(..., help="The tenant; a new one, or one that is changed."),
    tag: list[str] = typer.Option([], "--tag", help="All of its tags, as Set/Tag; once for each."),
    connect: list[str] = typer.Option([], "--connect", help="All of its connections: PROJECT=ENVIRONMENT,ENVIRONMENT."),
    description: str = typer.Option(None, help="Who it is."),
    anew: Anew = False,
) -> None:
    """Make a tenant, or change it: what is not given stays."""
    at = session(context)
    connections: dict[str, list[str]] = {}
    for text in connect:
        project, equals, places = text.partition("=")
        if not equals or not project.strip():
            raise typer.BadParameter("PROJECT=ENVIRONMENT,ENVIRONMENT", param_hint="--connect")
        connections[project.strip()] = [place.strip() for place in places.split(",") if place.strip()]
    held = held_at(at, f"{API}/tenants/{segment(name)}", anew=anew)
    given = {"description": description, "tags": tag or None, "connections": connections or None}
    path = f"{API}/tenants/{segment(held.get('name', name))}"
    made = at.client.put(path, with_given(held, given), revision=held.get("revision"))
    at.screen.result(made, f"tenant {made['name']} is set")


@group.command("connect")
def connect(
    context: typer.Context,
    name: str = typer.Argument(..., help="The tenant."),
    environment: list[str] = typer.Option(
        [], "--environment", "-e", help="All environments that it has the project in; once for each."
    ),
    nowhere: bool = typer.Option(False, "--nowhere", help="Disconnect it: in no environment any more."),
    project: ProjectName = "",
) -> None:
    """Connect a tenant to a project in these environments and in no others, or disconnect it. Its other connections
    stay."""
    at = session(context)
    if nowhere == bool(environment):
        raise Invalid(
            "input.invalid", "in which environments?", hint="-e ENVIRONMENT, or --nowhere to disconnect the tenant"
        )
    owner = at.project(project)
    made = at.client.put(f"{API}/tenants/{segment(name)}/projects/{segment(owner)}", {"environments": environment})
    at.screen.result(made, f"{made['name']} has {owner} in {', '.join(environment) or 'no environment'}")


@group.command("remove")
def remove(context: typer.Context, name: str = typer.Argument(..., help="The tenant.")) -> None:
    """Remove one; variables that are for it hold nowhere any longer."""
    at = session(context)
    at.client.delete(f"{API}/tenants/{segment(name)}")
    at.screen.say(f"tenant {name} removed")


@group.command("tag-sets")
def tag_sets(context: typer.Context, search: Search = "") -> None:
    """List the sets of tags."""
    at = session(context)
    columns = {"name": "SET", "tags": "TAGS", "description": "DESCRIPTION"}
    at.screen.table(at.client.all(f"{API}/tag-sets", search=search), columns, empty="no sets of tags")


@group.command("set-tags")
def set_tags(
    context: typer.Context,
    name: str = typer.Argument(..., help="The set; a new one, or one that is changed."),
    tags: list[str] = typer.Argument(..., help="All of its tags, in order."),
    description: str | None = typer.Option(None, help="What it tells apart."),
) -> None:
    """Give a set these tags."""
    at = session(context)
    if description is None:
        found = at.client.all(f"{API}/tag-sets", search=name)
        description = next((one["description"] for one in found if one["name"].lower() == name.lower()), "")
    made = at.client.put(f"{API}/tag-sets/{segment(name)}", {"tags": tags, "description": description})
    at.screen.result(made, f"{made['name']}: {', '.join(made['tags'])}")


@group.command("remove-tags")
def remove_tags(context: typer.Context, name: str = typer.Argument(..., help="The set.")) -> None:
    """Remove a set whose tags no tenant has."""
    at = session(context)
    at.client.delete(f"{API}/tag-sets/{segment(name)}")
    at.screen.say(f"set of tags {name} removed")


tenant_values.add_to(group)
