"""`fairlead-server offline`: for the night when the server itself is broken."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import typer

from fairlead.domain.colour import Colour
from fairlead.server import settings as reading

group = typer.Typer(
    name="offline",
    help="When the server is broken: look, and switch back, from files on disk and the proxy's socket alone.",
    no_args_is_help=True,
)

Config = typer.Option(None, "--config", help="A TOML file of settings; by default as for every other command.")
Project = typer.Argument(..., help="The project.")
Environment = typer.Argument(..., help="The environment; a tenant's place in it is ENVIRONMENT/TENANT.")
To = typer.Option(None, "--to", help="The slot to send users to; by default the one that they are not sent to.")


@group.command("status")
def status(
    project: str = typer.Argument("", help="Only this project."),
    environment: str = typer.Argument("", help="Only this environment of it."),
    config: Path | None = Config,
    json_: bool = typer.Option(False, "--json", help="As JSON."),
) -> None:
    """Where users are sent in each place, what stands in both slots and answers, and where they can be sent back."""
    from fairlead.server import offline_shown

    chosen = reading.read(os.environ, config)
    if not asyncio.run(offline_shown.status(chosen, project, environment, as_json=json_)):
        raise typer.Exit(1)


@group.command("print-commands")
def print_commands(
    project: str = Project, environment: str = Environment, to: Colour | None = To, config: Path | None = Config
) -> None:
    """Only print what `switch-back` would run, for a shell; nothing is changed."""
    from fairlead.server import offline_shown

    asyncio.run(offline_shown.print_commands(reading.read(os.environ, config), project, environment, to))


@group.command("switch-back")
def switch_back(
    project: str = Project, environment: str = Environment, to: Colour | None = To, config: Path | None = Config
) -> None:
    """Send users to the other slot, where it stands and answers; each command is said. The server follows it later."""
    from fairlead.server import offline_shown

    if not asyncio.run(offline_shown.switch_back(reading.read(os.environ, config), project, environment, to)):
        raise typer.Exit(1)
