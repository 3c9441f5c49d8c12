"""Why: the chain of reasons, with the evidence, indented by what is behind what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import typer

from fairlead.cli.screen import Screen
from fairlead.cli.session import API, ProjectName, segment, session, steps

group = typer.Typer(name="why", help="Why something is as it is, with the evidence.", no_args_is_help=True)


@group.command("deployment")
def deployment(
    context: typer.Context,
    id: str = typer.Argument(..., help="The deployment's id, or its number with -p and -e."),
    environment: str = typer.Option("", "--environment", "-e", help="The environment, if a number is given."),
    project: ProjectName = "",
) -> None:
    """Why a deployment ended as it did, and what began it."""
    at = session(context)
    of = at.project(project) if id.isdecimal() else project
    _tell(at.screen, at.client.get(f"{API}/why/deployments/{segment(id)}", project=of, environment=environment))


@group.command("release")
def release(
    context: typer.Context,
    version: str = typer.Argument(..., help="The release's version, or `latest`."),
    project: ProjectName = "",
) -> None:
    """How a release came to be: run, commit, and who or what began it."""
    at = session(context)
    _tell(at.screen, at.client.get(f"{API}/why/releases/{segment(at.project(project))}/{segment(version)}"))


@group.command("value")
def value(
    context: typer.Context,
    name: str = typer.Argument(..., help="The variable."),
    environment: str = typer.Option("", "--environment", "-e", help="Where; by default the last of the lifecycle."),
    version: str = typer.Option("", "--release", "-r", help="As this release froze it."),
    deployment: str = typer.Option("", "--deployment", "-d", help="As this deployment was given it."),
    channel: str = typer.Option("", "--channel", help="By default the release's, or the default one."),
    step: str = typer.Option("", "--step", help="In this step or action."),
    target: str = typer.Option("", "--target", help="On this target."),
    target_tag: list[str] = typer.Option([], "--target-tag", help="On a target with this tag, which the step targets."),
    tenant: str = typer.Option("", "--tenant", help="For this tenant."),
    project: ProjectName = "",
) -> None:
    """Which value holds, and why each other one does not."""
    at = session(context)
    where = environment or ("" if deployment else at.last_environment())
    query: dict[str, object] = {"environment": where, "version": version, "deployment": deployment, "channel": channel}
    query |= {"step": step, "target": target, "target_tag": target_tag, "tenant": tenant}
    _tell(at.screen, at.client.get(f"{API}/why/values/{segment(at.project(project))}/{steps(name)}", **query))


@group.command("run")
def run(
    context: typer.Context,
    id: str = typer.Argument(..., help="The id of a run, of a runbook's run, or its task; a run's number."),
    project: ProjectName = "",
) -> None:
    """Why a run, or a runbook's, began, and why it ended as it did."""
    at = session(context)
    of = at.project(project) if id.isdecimal() else project
    _tell(at.screen, at.client.get(f"{API}/why/runs/{segment(id)}", project=of))


@group.command("skipped")
def skipped(
    context: typer.Context,
    id: str = typer.Argument(
        ...,
        help="The id of a run, deployment, runbook's run, or its task; a run's number, or with -e a deployment's.",
    ),
    environment: str = typer.Option("", "--environment", "-e", help="Of a deployment's number: where."),
    project: ProjectName = "",
) -> None:
    """Why a run, a deployment or a runbook's run was skipped, refused, superseded or taken back."""
    at = session(context)
    of = at.project(project) if id.isdecimal() else project
    _tell(at.screen, at.client.get(f"{API}/why/skipped/{segment(id)}", project=of, environment=environment))


def _tell(screen: Screen, found: Mapping[str, Any]) -> None:
    if screen.as_json:
        screen.result(found)
        return
    _link(screen, found, 0)


def _link(screen: Screen, one: Mapping[str, Any], depth: int) -> None:
    indent = "  " * depth
    at = f"  ({one['at'][:19].replace('T', ' ')})" if one["at"] else ""
    code = f"  [{one['code']}]" if one["code"] else ""
    said = f"{indent}{'because ' if depth else ''}{one['said']}{code}{at}"
    screen.out.print(said, markup=False, style="bold" if depth == 0 else None)
    for line in "\n".join(one["evidence"]).splitlines():
        screen.out.print(f"{indent}    │ {line}", markup=False)
    if one["hint"]:
        screen.out.print(f"{indent}  → {one['hint']}", markup=False)
    for each in one["because"]:
        _link(screen, each, depth + 1)


@group.command("trigger")
def trigger(
    context: typer.Context,
    name: str = typer.Argument(..., help="The trigger."),
    project: ProjectName = "",
) -> None:
    """Why a trigger acted, or did not: the last times that it was evaluated."""
    at = session(context)
    _tell(at.screen, at.client.get(f"{API}/why/triggers/{segment(at.project(project))}/{segment(name)}"))
