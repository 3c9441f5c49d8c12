"""Build information: what your build server tells of the packages that it builds."""

from __future__ import annotations

import json
from typing import Any

import typer

from fairlead.cli.given_files import text_of
from fairlead.cli.session import API, segment, session
from fairlead.domain.errors import Invalid

PATH = f"{API}/build-information"
OCTOPUS = {
    "BuildEnvironment": "build_environment",
    "BuildNumber": "build_number",
    "BuildUrl": "build_url",
    "Branch": "branch",
    "VcsType": "vcs_type",
    "VcsRoot": "vcs_root",
    "VcsCommitNumber": "commit",
}

group = typer.Typer(
    name="build-information", help="What a build server tells of packages: commits, issues.", no_args_is_help=True
)


@group.command("list")
def list_builds(context: typer.Context, package: str = typer.Option("", "--package", help="Only of this one.")) -> None:
    """List build information, the newest first."""
    at = session(context)
    rows = at.client.all(PATH, most=200, **({"package": package} if package else {}))
    columns = {
        "package": "PACKAGE",
        "version": "VERSION",
        "build_number": "BUILD",
        "branch": "BRANCH",
        "commit": "COMMIT",
        "created_at": "WHEN",
    }
    at.screen.table(rows, columns, empty="nothing was told of builds yet")


@group.command("push")
def push(
    context: typer.Context,
    package: list[str] = typer.Option(..., "--package", help="The service or package; may be given again."),
    version: str = typer.Option(..., "--version", help="Its version."),
    file: str = typer.Option(..., "--file", help="JSON as Octopus has it, or as the API; - for standard input."),
    on_existing: str = typer.Option("fail", "--on-existing", help="fail, overwrite or ignore."),
) -> None:
    """Record what a build server tells of a build. The package may come later."""
    at = session(context)
    told = _read(file)
    made = [
        at.client.post(PATH, {**told, "package": name, "version": version}, on_existing=on_existing) for name in package
    ]
    at.screen.result(made, f"told of {', '.join(package)} {version}")


@group.command("show")
def show(
    context: typer.Context,
    package: str = typer.Argument(..., help="The package."),
    version: str = typer.Argument(..., help="Its version."),
) -> None:
    """Show what was told of one build."""
    at = session(context)
    at.screen.result(at.client.get(f"{PATH}/{segment(package)}/{segment(version)}"))


@group.command("remove")
def remove(
    context: typer.Context,
    package: str = typer.Argument(..., help="The package."),
    version: str = typer.Argument(..., help="Its version."),
) -> None:
    """Remove what was told of a build."""
    at = session(context)
    at.client.delete(f"{PATH}/{segment(package)}/{segment(version)}")
    at.screen.say(f"{package} {version} removed")


def _read(file: str) -> dict[str, Any]:
    try:
        told = json.loads(text_of(file))
    except ValueError as error:
        raise Invalid("input.invalid", f"{file} cannot be read as JSON: {error}"[:300]) from error
    if not isinstance(told, dict):
        raise Invalid("input.invalid", f"{file} holds no object")
    return _from_octopus(told) if set(told) & {*OCTOPUS, "Commits"} else told


def _from_octopus(told: dict[str, Any]) -> dict[str, Any]:
    body = {ours: str(told[theirs] or "") for theirs, ours in OCTOPUS.items() if theirs in told}
    commits = told.get("Commits") or []
    return {**body, "commits": [{"id": str(one["Id"]), "comment": str(one.get("Comment") or "")} for one in commits]}
