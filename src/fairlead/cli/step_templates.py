"""Step templates: actions that processes share, their versions, and taking users from one version to another."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from fairlead.cli.asking import agree
from fairlead.cli.declarations import CHANGES_PENDING
from fairlead.cli.given_files import bytes_of
from fairlead.cli.screen import Screen
from fairlead.cli.session import API, segment, session
from fairlead.domain.errors import Invalid

group = typer.Typer(name="step-templates", help="Actions that processes share, in versions.", no_args_is_help=True)

TemplateName: TypeAlias = Annotated[str, typer.Argument(help="The step template.")]


@group.command("list")
def list_templates(
    context: typer.Context,
    search: str = typer.Option("", "--search", help="Only names that have this in them."),
) -> None:
    """List all step templates, each with its newest version."""
    at = session(context)
    rows = at.client.all(f"{API}/step-templates", search=search)
    columns = {"name": "NAME", "kind": "KIND", "latest": "NEWEST", "saved_at": "SAVED", "description": "DESCRIPTION"}
    at.screen.table(rows, columns, empty="no step templates")


@group.command("show")
def show(
    context: typer.Context,
    name: TemplateName,
    version: int = typer.Option(0, "--version", help="This version; by default the newest.", show_default=False),
) -> None:
    """Print a version as YAML: save it, edit it, and `fairlead step-templates set` it."""
    at = session(context)
    found = at.client.get(f"{API}/step-templates/{segment(name)}", number=version)
    at.screen.result(found, found["text"].rstrip())


@group.command("set")
def put(
    context: typer.Context,
    name: TemplateName,
    file: Path = typer.Argument(..., help="A YAML file with kind, properties and parameters."),
    revision: int = typer.Option(-1, "--revision", help="Only if it still has this revision.", show_default=False),
) -> None:
    """Make a template, or its next version; processes that use it stay with theirs until they are moved."""
    from fairlead.formats.step_template import read_template, written  # its libraries are loaded where they are needed

    at = session(context)
    content, description = read_template(str(file), bytes_of(file))
    body: dict[str, Any] = {**written(content), "description": description}
    made = at.client.put(f"{API}/step-templates/{segment(name)}", body, revision=revision if revision >= 0 else None)
    at.screen.result(made, f"{made['name']} is saved: version {made['version']}")


@group.command("versions")
def versions(context: typer.Context, name: TemplateName) -> None:
    """List all of its versions, the newest first."""
    at = session(context)
    rows = at.client.all(f"{API}/step-templates/{segment(name)}/versions")
    columns = {"version": "VERSION", "kind": "KIND", "saved_at": "SAVED", "saved_by": "BY"}
    at.screen.table(rows, columns, empty="no versions")


@group.command("users")
def users(
    context: typer.Context,
    name: TemplateName,
    to: int = typer.Option(
        0, "--to", help="What it would mean to go to this version; by default the newest.", show_default=False
    ),
) -> None:
    """List the processes that use it, and which version each uses."""
    at = session(context)
    found = at.client.get(f"{API}/step-templates/{segment(name)}/users", number=to)
    columns = {
        "user": "PROCESS",
        "action": "ACTION",
        "version": "VERSION",
        "missing": f"MISSING FOR {found['version']}",
    }
    at.screen.table(found["users"], columns, empty=f"nothing uses {name}")


@group.command("move")
def move(
    context: typer.Context,
    name: TemplateName,
    to: int = typer.Option(
        0, "--to", help="To this version, newer or older; by default the newest.", show_default=False
    ),
    user: list[str] = typer.Option([], "--user", help="Only this process, PROJECT or PROJECT/RUNBOOK; by default all."),
    value: list[str] = typer.Option([], "--set", help="PARAMETER=VALUE, for parameters that the version has."),
    plan: bool = typer.Option(False, "--plan", help="Only show what would change; exit code 3 if anything would."),
    hash: str = typer.Option("", "--hash", help="Only if the plan is still this one."),
    yes: bool = typer.Option(False, "--yes", "-y", help="Do not ask."),
) -> None:
    """Take users to another version, up or down. What would change is shown first, and asked about."""
    at = session(context)
    path = f"{API}/step-templates/{segment(name)}/users"
    body: dict[str, Any] = {"version": to, "users": user, "values": _values(value)}
    found = at.client.post(f"{path}/plan", body)
    if plan or not found["pending"]:
        _show(at.screen, found)
        raise typer.Exit(CHANGES_PENDING if found["pending"] else 0)
    if not yes:
        _show(at.screen, found)
        agree(f"Take them to version {found['version']}?")
    done = at.client.post(f"{path}/move", {**body, "hash": hash or found["hash"]})
    at.screen.result(done, f"{_count(done)} to version {done['version']} from their next release on")


@group.command("remove")
def remove(
    context: typer.Context,
    name: TemplateName,
    version: int = typer.Option(None, "--version", min=1, help="Only this version; by default all of it."),
) -> None:
    """Remove a template, or a version of it, that no process uses. Releases keep what they froze."""
    at = session(context)
    path = f"{API}/step-templates/{segment(name)}"
    at.client.delete(f"{path}/versions/{version}" if version else path)
    at.screen.say(f"version {version} of {name} removed" if version else f"step template {name} removed")


def _values(given: list[str]) -> dict[str, str]:
    for one in given:
        if "=" not in one:
            raise Invalid("input.invalid", f"{one[:80]!r} is not a value", thing="--set", hint="PARAMETER=VALUE")
    return {one.partition("=")[0]: one.partition("=")[2] for one in given}


def _show(screen: Screen, found: Mapping[str, Any]) -> None:
    if screen.as_json:
        screen.result(found)
        return
    for one in found["users"]:
        if one["version"] == found["version"]:
            continue
        line = f"~ {one['user']}: {one['action']}, version {one['version']} → {found['version']}"
        screen.out.print(line, markup=False, style="yellow")
        told = [*one["changes"], *(f"drops the value of {name}" for name in one["dropped"])]
        told += [f"needs a value: --set {name}=…" for name in one["missing"]] + one["wrong"]
        for said in [*told, *([one["why_not"]] if one["why_not"] else [])]:
            screen.out.print(f"    {said}", markup=False)
    if not found["pending"]:
        why = f"all use version {found['version']}" if found["users"] else "nothing uses it"
        screen.say(f"nothing to change: {why}", mark="[green]✔[/]")
        return
    screen.out.print(f"plan {found['hash'][:16]}: {_count(found)}", markup=False, style="bold")


def _count(found: Mapping[str, Any]) -> str:
    many = sum(one["version"] != found["version"] for one in found["users"])
    return f"{many} use{'' if many == 1 else 's'}"
