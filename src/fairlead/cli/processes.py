"""The process of a project: showing it, and putting one from a file in its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer

from fairlead.cli.given_files import bytes_of
from fairlead.cli.session import API, ProjectName, Search, segment, session
from fairlead.domain.errors import Invalid

group = typer.Typer(name="process", help="What a project's deployments do, step by step.", no_args_is_help=True)


@group.command("show")
def show(
    context: typer.Context,
    release: str = typer.Option("", "--release", "-r", help="As this release froze it; by default as it is now."),
    project: ProjectName = "",
) -> None:
    """Print the process as YAML: save it, edit it, and `fairlead process set` it."""
    at = session(context)
    name = at.project(project)
    path = (
        f"{API}/projects/{segment(name)}/releases/{segment(release)}/process"
        if release
        else f"{API}/projects/{segment(name)}/process"
    )
    found = at.client.get(path)
    if not found["steps"]:
        at.screen.say(f"{name} has no process of its own: its services are deployed")
    at.screen.result(found, found["text"].rstrip())


@group.command("set")
def put(
    context: typer.Context,
    file: Path = typer.Argument(..., help="A YAML file, as `process show` prints it."),
    revision: int = typer.Option(-1, "--revision", help="Only if it still has this revision.", show_default=False),
    project: ProjectName = "",
) -> None:
    """Replace the project's process, from its next release on."""
    at = session(context)
    body = process_in(file)
    name = at.project(project)
    made = at.client.put(f"{API}/projects/{segment(name)}/process", body, revision=revision if revision >= 0 else None)
    many = f"{len(made['steps'])} step{'' if len(made['steps']) == 1 else 's'}"
    at.screen.result(made, f"{name} has a process of {many} from its next release on (revision {made['revision']})")


def process_in(file: Path) -> dict[str, Any]:
    """What a file says of a process. Invalid `input.invalid` where it holds nothing, which is a mistake."""
    from fairlead.formats.process import read_process, written  # its libraries are loaded where they are needed

    content = bytes_of(file)
    if not content.strip():
        raise Invalid("input.invalid", f"{file} holds nothing", thing=str(file), hint="no steps at all: steps: []")
    return dict(written(read_process(str(file), content)))


@group.command("kinds")
def kinds(
    context: typer.Context, kind: str = typer.Argument("", help="What this kind takes, in full."), search: Search = ""
) -> None:
    """List the kinds of actions, and what each takes."""
    at = session(context)
    found: list[dict[str, Any]] = at.client.all(f"{API}/action-kinds", search=search)
    if not kind:
        at.screen.table(found, {"name": "KIND", "description": "WHAT IT DOES"}, empty="there are none")
        return
    for one in found:
        if one["name"] == kind:
            at.screen.result(one, json.dumps(one["schema"], indent=2, ensure_ascii=False))
            return
    raise Invalid("process.kind", f"there is no kind of action {kind!r}", thing=kind, hint="fairlead process kinds")
