"""Runbooks: processes of a project that need no release."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from fairlead.cli import prompts
from fairlead.cli.session import API, PROJECT_HELP, TIMEOUT_HELP, WAIT_HELP, Search, Session, session
from fairlead.domain.errors import Invalid

group = typer.Typer(name="runbooks", help="Processes of a project that need no release.", no_args_is_help=True)
NAME_HELP = "The runbook."


@group.command("list")
def list_runbooks(
    context: typer.Context, project: str = typer.Option("", "--project", "-p", help=PROJECT_HELP), search: Search = ""
) -> None:
    """Those of a project."""
    at = session(context)
    rows = at.client.all(f"{API}/projects/{at.project(project)}/runbooks", search=search)
    columns = {
        "name": "NAME",
        "steps": "STEPS",
        "environments": "MAY RUN IN",
        "published_at": "PUBLISHED",
        "is_changed": "CHANGED SINCE",
        "description": "DESCRIPTION",
    }
    at.screen.table(rows, columns, empty="no runbooks")


@group.command("show")
def show(
    context: typer.Context,
    name: str = typer.Argument(..., help=NAME_HELP),
    project: str = typer.Option("", "--project", "-p", help=PROJECT_HELP),
) -> None:
    """Its draft as YAML: save it, edit it, and `fairlead runbooks set` it."""
    at = session(context)
    found = at.client.get(f"{API}/projects/{at.project(project)}/runbooks/{name}")
    at.screen.result(found, found["text"].rstrip())


@group.command("set")
def put(
    context: typer.Context,
    name: str = typer.Argument(..., help="The runbook; a new one, or one that is changed."),
    file: Path = typer.Option(None, "--process", help="A YAML file with its steps, as `process show` prints them."),
    description: str = typer.Option("", help="What it is for."),
    environment: list[str] = typer.Option([], "--environment", "-e", help="Only there; by default everywhere."),
    in_lifecycle: bool = typer.Option(
        False, "--in-lifecycle", help="Only in the environments of the project's lifecycle."
    ),
    keep: int = typer.Option(100, help="How many runs are kept in each environment."),
    project: str = typer.Option("", "--project", "-p", help=PROJECT_HELP),
) -> None:
    """A runbook's draft is so from now on; what is published stays until the next `publish`."""
    at = session(context)
    body: dict[str, Any] = {
        "description": description,
        "environments": environment,
        "in_lifecycle": in_lifecycle,
        "kept_runs": keep,
    }
    if file is not None:
        from fairlead.formats.process import read_process, written  # its libraries are loaded where they are needed

        try:
            body["process"] = written(read_process(str(file), file.read_bytes()))
        except OSError as error:
            raise Invalid("input.invalid", f"{file}: {error.strerror or error}", thing=str(file)) from error
    made = at.client.put(f"{API}/projects/{at.project(project)}/runbooks/{name}", body)
    at.screen.result(made, f"runbook {made['name']} has {len(made['steps'])} steps; publish it to run it")


@group.command("publish")
def publish(
    context: typer.Context,
    name: str = typer.Argument(..., help=NAME_HELP),
    project: str = typer.Option("", "--project", "-p", help=PROJECT_HELP),
) -> None:
    """Its draft and the project's variables, as they are now, are what runs from now on."""
    at = session(context)
    made = at.client.post(f"{API}/projects/{at.project(project)}/runbooks/{name}/publish")
    at.screen.result(made, f"runbook {made['name']} is published")


@group.command("run")
def run(
    context: typer.Context,
    name: str = typer.Argument(..., help=NAME_HELP),
    environment: list[str] = typer.Option(
        ..., "--environment", "-e", help="Where; given again, it runs in all of them, or in none."
    ),
    variable: list[str] = typer.Option(
        [], "--variable", help='"Label or Name:Value" of what it asks for; asked at a terminal without it.'
    ),
    skip: list[str] = typer.Option([], "--skip", help="Leave out this step, or action."),
    only_target: list[str] = typer.Option([], "--only-target", help="Run on this target, and on no other not named."),
    without_target: list[str] = typer.Option([], "--without-target", help="Do not run on this target."),
    guided: bool | None = typer.Option(
        None, "--guided/--not-guided", help="Ask a person where an action fails; by default as the process says."
    ),
    override_freeze: str = typer.Option("", help="Why no freeze binds it; needs the permission freeze.override."),
    wait: bool = typer.Option(False, "--wait", help=WAIT_HELP),
    timeout: float = typer.Option(0, help=TIMEOUT_HELP),
    project: str = typer.Option("", "--project", "-p", help=PROJECT_HELP),
) -> None:
    """Run what is published."""
    at = session(context)
    path = f"{API}/projects/{at.project(project)}/runbooks/{name}"
    asked = _questions(at, path, environment) if variable else []
    body: dict[str, Any] = {
        "environments": environment,
        "prompted": prompts.answers(asked, variable),
        "skip": skip,
        "only_targets": only_target,
        "without_targets": without_target,
        "guided": guided,
        "override_freeze": override_freeze,
    }
    made = _run(at, path, body)
    if wait:
        raise typer.Exit(max(at.follow(one["task"], timeout_s=timeout) for one in made))
    said = [f"run {one['number']} of {name} in {one['environment']}, task {one['task']}" for one in made]
    at.screen.result(made[0] if len(made) == 1 else made, "\n".join(said))


def _run(at: Session, path: str, body: dict[str, Any]) -> list[Any]:
    """The runs; where something is asked for and a person is there, they are asked."""
    try:
        return list(at.client.post(f"{path}/runs/several", body)["items"])
    except Invalid as wanting:
        if wanting.code != prompts.REQUIRED:
            raise
        more = prompts.at_terminal(_questions(at, path, body["environments"]), body["prompted"])
        if not more:
            raise
    body = {**body, "prompted": {**body["prompted"], **more}}
    return list(at.client.post(f"{path}/runs/several", body)["items"])


def _questions(at: Session, path: str, environments: list[str]) -> list[Any]:
    """What is asked for in any of them, each once."""
    found = [one for place in environments for one in at.client.get(f"{path}/prompts", environment=place)["items"]]
    return list({one["name"]: one for one in found}.values())


@group.command("runs")
def runs(
    context: typer.Context,
    name: str = typer.Argument(..., help=NAME_HELP),
    environment: str = typer.Option("", "--environment", "-e", help="Only its runs there."),
    project: str = typer.Option("", "--project", "-p", help=PROJECT_HELP),
) -> None:
    """Its runs, the newest first."""
    at = session(context)
    rows = at.client.all(
        f"{API}/projects/{at.project(project)}/runbooks/{name}/runs", most=100, environment=environment
    )
    columns = {
        "number": "RUN",
        "environment": "ENVIRONMENT",
        "state": "STATE",
        "reason": "REASON",
        "created_by": "BY",
        "created_at": "WHEN",
        "task": "TASK",
    }
    at.screen.table(rows, columns, empty=f"{name} never ran")


@group.command("remove")
def remove(
    context: typer.Context,
    name: str = typer.Argument(..., help=NAME_HELP),
    project: str = typer.Option("", "--project", "-p", help=PROJECT_HELP),
) -> None:
    """Remove one; the tasks of its runs stay."""
    at = session(context)
    at.client.delete(f"{API}/projects/{at.project(project)}/runbooks/{name}")
    at.screen.say(f"runbook {name} removed")
