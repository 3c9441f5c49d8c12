"""Environments: where releases go, in order."""

from __future__ import annotations

import typer

from fairlead.cli.moments import lasting
from fairlead.cli.session import API, Search, segment, session
from fairlead.formats import durations

group = typer.Typer(name="environments", help="Environments of the installation, in order.", no_args_is_help=True)

GUIDED_HELP = "Whether a person is asked if an action fails there, unless the process or the deployment says otherwise."
APPROVAL_HELP = "Whether deployments there wait for a person; by default as in the environment before it."

EXPIRES_HELP = "After how long without an answer that approval expires: 90m, 6h, 2d; 0: never."


@group.command("list")
def list_environments(context: typer.Context, search: Search = "") -> None:
    """List all environments, in the order in which releases reach them."""
    at = session(context)
    rows = at.client.all(f"{API}/environments", search=search)
    if not at.screen.as_json:
        rows = [{**row, "expires": _expires(row["approval_expires_s"])} for row in rows]
    columns = {
        "name": "NAME",
        "order": "ORDER",
        "asks_approval": "ASKS FOR APPROVAL",
        "expires": "WHICH EXPIRES IN",
        "guided": "GUIDED",
        "description": "DESCRIPTION",
    }
    at.screen.table(rows, columns, empty="no environments")


def _expires(expires_s: int) -> str:
    return durations.written(expires_s) if expires_s else ""


@group.command("add")
def add(
    context: typer.Context,
    name: str = typer.Argument(..., help="The environment."),
    order: int = typer.Option(0, help="Its place in the order; 0: after all others."),
    description: str = typer.Option("", help="What it is for."),
    approval: bool = typer.Option(None, "--approval/--no-approval", help=APPROVAL_HELP),
    approval_expires: str = typer.Option("0", help=EXPIRES_HELP),
    guided: bool = typer.Option(False, "--guided/--not-guided", help=GUIDED_HELP),
) -> None:
    """Add an environment."""
    at = session(context)
    body = {"name": name, "order": order, "description": description, "asks_approval": approval, "guided": guided}
    body["approval_expires_s"] = lasting(approval_expires, "--approval-expires")
    made = at.client.post(f"{API}/environments", body)
    asks = ", asks for approval" if made["asks_approval"] else ""
    at.screen.result(made, f"environment {made['name']} added, order {made['order']}{asks}")


@group.command("set")
def change(
    context: typer.Context,
    name: str = typer.Argument(..., help="The environment."),
    description: str = typer.Option(None, help="What it is for."),
    approval: bool = typer.Option(
        None, "--approval/--no-approval", help="Whether deployments there wait for a person, without stated phases."
    ),
    approval_expires: str = typer.Option("", help=EXPIRES_HELP),
    guided: bool = typer.Option(None, "--guided/--not-guided", help=GUIDED_HELP),
) -> None:
    """Change what is given; the rest stays."""
    at = session(context)
    body = {"description": description, "asks_approval": approval, "guided": guided}
    body["approval_expires_s"] = lasting(approval_expires, "--approval-expires")
    made = at.client.patch(f"{API}/environments/{segment(name)}", body)
    at.screen.result(made, f"environment {made['name']} changed")


@group.command("arrange")
def arrange(
    context: typer.Context, names: list[str] = typer.Argument(..., help="All environments, in the new order.")
) -> None:
    """Put them in order: releases reach them one after the other."""
    at = session(context)
    made = at.client.put(f"{API}/environments", {"names": names})["items"]
    at.screen.result(made, f"the order is {', '.join(one['name'] for one in made)}")


@group.command("remove")
def remove(context: typer.Context, name: str = typer.Argument(..., help="The environment.")) -> None:
    """Remove one that nothing was ever deployed to."""
    at = session(context)
    at.client.delete(f"{API}/environments/{segment(name)}")
    at.screen.say(f"environment {name} removed")
