"""Lifecycles: in which order releases may reach environments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import typer

from fairlead.cli.given_values import refuse_both
from fairlead.cli.session import API, ProjectName, Search, segment, session
from fairlead.formats import phase_lines

group = typer.Typer(
    name="lifecycles", help="Lifecycles: in which order releases may reach environments.", no_args_is_help=True
)
PHASE_HELP = (
    "A phase; once for each, in order: 'Production: EU, US; approval; minimum 1'. "
    f"After the environments: {phase_lines.WORDS}. Without environments: all that no earlier phase names."
)
_PHASE = (
    "name",
    "environments",
    "automatic",
    "needs_approval",
    "approval_expires_s",
    "minimum",
    "is_optional",
    "keep_releases",
    "keep_files",
)
KEEP_FILES_HELP = "The same for packages on targets, besides the current one."
KEEP_HELP = "What phases keep that do not say so themselves: a number of releases, or days as 30d."


@group.command("list")
def list_lifecycles(context: typer.Context, search: Search = "") -> None:
    """List all lifecycles, and who follows each."""
    at = session(context)
    rows = at.client.all(f"{API}/lifecycles", search=search)
    if not at.screen.as_json:
        rows = [{**row, "phases": [phase["name"] for phase in row["resolved"]]} for row in rows]
    columns = {"name": "NAME", "phases": "PHASES", "projects": "PROJECTS", "description": "DESCRIPTION"}
    at.screen.table(rows, columns, empty="no lifecycles")


@group.command("show")
def show(
    context: typer.Context,
    name: str = typer.Argument("", help="The lifecycle; by default the project's."),
    project: ProjectName = "",
) -> None:
    """Show its phases, with the environments that they stand for today."""
    at = session(context)
    path = f"lifecycles/{segment(name)}" if name else f"projects/{segment(at.project(project))}/lifecycle"
    found = at.client.get(f"{API}/{path}")
    if at.screen.as_json:
        at.screen.result(found)
        return
    stated = "" if found["phases"] else " (each environment is a phase)"
    at.screen.result(found, f"{found['name']}{stated}")
    for phase in found["resolved"]:
        at.screen.out.print(f"  {phase['line']}", markup=False)


@group.command("add")
def add(
    context: typer.Context,
    name: str = typer.Argument(..., help="What people call it."),
    phase: list[str] = typer.Option([], "--phase", help=PHASE_HELP),
    description: str = typer.Option("", help="What it is for."),
    keep: str = typer.Option("", help=KEEP_HELP),
    keep_files: str = typer.Option("", help=KEEP_FILES_HELP),
) -> None:
    """Add a lifecycle."""
    at = session(context)
    made = at.client.post(f"{API}/lifecycles", _body(name, phase, description, keep, keep_files))
    at.screen.result(made, f"lifecycle {made['name']} added: {_phases(made)}")


@group.command("set")
def change(
    context: typer.Context,
    name: str = typer.Argument(..., help="The lifecycle."),
    phase: list[str] = typer.Option([], "--phase", help=PHASE_HELP),
    no_phases: bool = typer.Option(False, "--no-phases", help="Each environment is a phase."),
    description: str | None = typer.Option(None, help="What it is for."),
    keep: str = typer.Option("", help=KEEP_HELP),
    keep_files: str = typer.Option("", help=KEEP_FILES_HELP),
    new_name: str = typer.Option("", "--name", help="A new name."),
) -> None:
    """Change what is given; the rest stays. Phases that are given replace those that were."""
    at = session(context)
    refuse_both(("--no-phases", no_phases), ("--phase", phase))
    held = at.client.get(f"{API}/lifecycles/{segment(name)}")
    kept = held["description"] if description is None else description
    body = _body(new_name or held["name"], phase, kept, keep, keep_files)
    if not phase and not no_phases:
        body["phases"] = [{key: one[key] for key in _PHASE} for one in held["phases"]]
    made = at.client.put(f"{API}/lifecycles/{segment(name)}", body, revision=held["revision"])
    at.screen.result(made, f"lifecycle {made['name']} changed: {_phases(made)}")


@group.command("remove")
def remove(context: typer.Context, name: str = typer.Argument(..., help="The lifecycle.")) -> None:
    """Remove one that nobody follows."""
    at = session(context)
    at.client.delete(f"{API}/lifecycles/{segment(name)}")
    at.screen.say(f"lifecycle {name} removed")


@group.command("use")
def use(
    context: typer.Context,
    name: str = typer.Argument(..., help="The lifecycle."),
    project: ProjectName = "",
) -> None:
    """Let a project follow a lifecycle."""
    at = session(context)
    owner = at.project(project)
    made = at.client.put(f"{API}/projects/{segment(owner)}/lifecycle", {"lifecycle": name})
    at.screen.result(made, f"{owner} follows lifecycle {made['name']}")


def _phases(made: Mapping[str, Any]) -> str:
    many = len(made["resolved"])
    return f"{many} phase{'' if many == 1 else 's'}"


def _body(name: str, phases: list[str], description: str, keep: str, keep_files: str) -> dict[str, Any]:
    lines = [phase_lines.read(text) for text in phases]
    return {
        "name": name,
        "description": description,
        "phases": [
            {
                "name": line.name,
                "environments": list(line.environments),
                "automatic": line.automatic,
                "needs_approval": line.needs_approval,
                "approval_expires_s": line.approval_expires_s,
                "minimum": line.minimum,
                "is_optional": line.is_optional,
                "keep_releases": {"releases": line.releases.releases, "days": line.releases.days}
                if line.releases
                else None,
                "keep_files": {"releases": line.files.releases, "days": line.files.days} if line.files else None,
            }
            for line in lines
        ],
        "keep_releases": _keep(keep, "--keep"),
        "keep_files": _keep(keep_files, "--keep-files"),
    }


def _keep(text: str, option: str) -> dict[str, int] | None:
    if not text:
        return None
    count = text.removesuffix("d")
    if not count.isdecimal():
        raise typer.BadParameter("a count, or days as 30d", param_hint=option)
    return {"days" if text.endswith("d") else "releases": int(count)}
