"""Variables of a project: plain or secret, for all or some environments."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import typer

from fairlead.cli.session import API, PROJECT_HELP, session
from fairlead.domain.errors import Invalid

group = typer.Typer(name="variables", help="Variables of a project; releases freeze them.", no_args_is_help=True)


@group.command("list")
def list_variables(
    context: typer.Context, project: str = typer.Option("", "--project", "-p", help=PROJECT_HELP)
) -> None:
    """All; the values of secrets are never shown."""
    at = session(context)
    rows = at.client.all(f"{API}/projects/{at.project(project)}/variables")
    columns = {"name": "NAME", "value": "VALUE", "environments": "ENVIRONMENTS"}
    at.screen.table(
        [{**row, "value": "•••" if row["secret"] else row["value"]} for row in rows], columns, empty="no variables"
    )


@group.command("set")
def set_variable(
    context: typer.Context,
    name: str = typer.Argument(..., help="NAME=VALUE, or NAME alone with --from or for a prompt."),
    environment: list[str] = typer.Option([], "--environment", "-e", help="Only there; may be given again."),
    secret: bool = typer.Option(False, "--secret", help="Kept encrypted, masked everywhere, never shown again."),
    source: str = typer.Option("", "--from", help="A file that holds the value; - for standard input."),
    project: str = typer.Option("", "--project", "-p", help=PROJECT_HELP),
) -> None:
    """Set a variable. Releases that exist keep what they froze (see `release update-variables`)."""
    at = session(context)
    key, value = _given(name, source, secret=secret)
    body: dict[str, Any] = {"value": value, "secret": secret, "environments": environment}
    made = at.client.put(f"{API}/projects/{at.project(project)}/variables/{key}", body)
    where = ", ".join(environment) or "all environments"
    at.screen.result(made, f"{key} set for {where}")


@group.command("unset")
def unset(
    context: typer.Context,
    name: str = typer.Argument(..., help="The variable."),
    environment: list[str] = typer.Option([], "--environment", "-e", help="The one with exactly this scope."),
    project: str = typer.Option("", "--project", "-p", help=PROJECT_HELP),
) -> None:
    """Remove a variable."""
    at = session(context)
    at.client.delete(f"{API}/projects/{at.project(project)}/variables/{name}", environments=",".join(environment))
    at.screen.say(f"{name} removed")


def _given(name: str, source: str, *, secret: bool) -> tuple[str, str]:
    key, sign, value = name.partition("=")
    if sign and source:
        raise Invalid("input.invalid", "a value was given twice", hint="either NAME=VALUE or --from")
    if sign:
        return key, value
    if source == "-":
        return key, sys.stdin.read().removesuffix("\n")
    if source:
        try:
            return key, Path(source).read_text().removesuffix("\n")
        except OSError as error:
            raise Invalid("input.invalid", f"{source} cannot be read: {error.strerror}") from error
    return key, str(typer.prompt(key, hide_input=secret, err=True))
