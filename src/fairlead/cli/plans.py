"""A plan before it is applied: what would differ from what is live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import typer

from fairlead.cli import prompts
from fairlead.cli.screen import Screen
from fairlead.cli.session import API, ProjectName, TenantName, segment, session

CHANGES_PENDING = 3
SIGNS = {"make": "+", "added": "+", "remove": "-", "removed": "-", "keep": " ", "unchanged": " "}
CHANGES = "~"


def plan(
    context: typer.Context,
    version: str = typer.Argument("", help="The release's version, or `latest`."),
    environment: str = typer.Argument("", help="Where to."),
    to: str = typer.Option("", "--to", "--environment", "-e", help="Where to, as for `deploy`."),
    deployment: str = typer.Option("", help="Instead of a release: a deployment that waits, as it would run now."),
    recreate_accessory: list[str] = typer.Option([], help="As for `deploy`."),
    skip: list[str] = typer.Option([], "--skip", help="As for `deploy`."),
    only_target: list[str] = typer.Option([], "--only-target", help="As for `deploy`."),
    without_target: list[str] = typer.Option([], "--without-target", help="As for `deploy`."),
    guided: bool | None = typer.Option(None, "--guided/--not-guided", help="As for `deploy`."),
    redeploy_packages: bool = typer.Option(False, "--redeploy-packages", help="As for `deploy`."),
    variable: list[str] = typer.Option([], "--variable", help='"Label or Name:Value" of what it asks for.'),
    steps: bool = typer.Option(True, "--steps/--no-steps", help="With each step and what it does."),
    tenant: TenantName = "",
    project: ProjectName = "",
) -> None:
    """Show what a deployment would change; nothing is changed. Ends with 3 where something would be, else with 0."""
    at = session(context)
    if to and environment and to != environment:
        raise typer.BadParameter(f"to {environment}, or to {to}?", param_hint="--to")
    environment = environment or to
    if deployment and (version or environment):
        raise typer.BadParameter("of a release, or of a deployment?", param_hint="--deployment")
    if deployment:
        found = at.client.get(f"{API}/deployments/{segment(deployment)}/plan")
    elif version and environment:
        name = at.project(project)
        asked = prompts.questions(at, name, version, environment, tenant) if variable else []
        body = {
            "version": version,
            "environment": environment,
            "tenant": tenant,
            "recreate_accessories": recreate_accessory,
            "skip": skip,
            "only_targets": only_target,
            "without_targets": without_target,
            "guided": guided,
            "redeploy_packages": redeploy_packages,
            "prompted": prompts.answers(asked, variable) if variable else None,
        }
        found = at.client.post(f"{API}/projects/{segment(name)}/plan", body)
    else:
        raise typer.BadParameter("give a version and an environment, or --deployment")
    if at.screen.as_json:
        at.screen.result(found)
    else:
        show(at.screen, found, with_steps=steps)
    raise typer.Exit(CHANGES_PENDING if found.get("pending", True) else 0)


def show(screen: Screen, found: Mapping[str, Any], *, with_steps: bool = True) -> None:
    """A plan for people, with what it would change where that is known."""
    screen.out.print(f"{found['title']}  (plan {found['hash'][:16]})", markup=False, style="bold")
    if not found.get("pending", True):
        screen.out.print("nothing would differ: it is live with the same configuration", markup=False)
    if refused := found.get("refused"):
        screen.out.print(f"asked for now, it would be refused: {refused}", style="yellow", markup=False)
    if not found.get("is_as_asked", True):
        screen.out.print(f"this is not what was asked for (plan {found['asked_hash'][:16]})", style="red", markup=False)
        _part(screen, "In what it differs from what was asked for", found["changed"])
    if "containers" in found:
        _differences(screen, found)
    if with_steps:
        for step in found["steps"]:
            _step(screen, step)
    for note in found["notes"]:
        screen.out.print(f"note: {note}", markup=False)
    for warning in (*found.get("unknown", ()), *found["warnings"]):
        screen.out.print(f"warning: {warning}", markup=False, style="yellow")


def _step(screen: Screen, step: Mapping[str, Any]) -> None:
    """What only says its title once more is left away."""
    why = f"skipped: {step['skipped']}" if step["skipped"] else step.get("when", "")
    lines = [] if step["skipped"] or step["effects"] == [step["title"]] else step["effects"]
    screen.out.print(f"\n{step['title']}" + (f" ({why})" if why else ""), markup=False, style="bold")
    for line in lines:
        screen.out.print(f"  {line}", markup=False)


def _differences(screen: Screen, found: Mapping[str, Any]) -> None:
    _part(screen, "Containers", [_change(one) for one in found["containers"]])
    _part(screen, "Networks", [_change(one) for one in found["networks"]])
    _part(screen, "Volumes", [_change(one) for one in found["volumes"]])
    _part(screen, "Variables that differ from what is live (secrets: whether)", map(_variable, found["variables"]))
    _part(screen, "Services that differ from what is live", found["services"])
    _part(screen, "Accessories", found["accessories"])
    _part(screen, "Migration", [found["migration"]] if found["migration"] else [])
    _part(screen, "Tests", found["tests"])
    proxy = found["proxy"]
    _part(screen, "The proxy is told: the idle slot", proxy["fill"])
    _part(screen, "The proxy is told: the switch", proxy["point"])
    _part(screen, "The proxy is told: leaving the old slot", [*proxy["leave"], *proxy["routes_removed"]])
    _part(screen, "The proxy would be told to go back", proxy["back"])
    _part(screen, "The way back", found["way_back"])
    _part(screen, "Allowed by policy", [_allowed(one) for one in found["allowed"]])


def _part(screen: Screen, title: str, lines: Sequence[str] | Any) -> None:
    shown = list(lines)
    if shown:
        screen.out.print(f"\n{title}", markup=False, style="bold")
        for line in shown:
            screen.out.print(f"  {line}", markup=False)


def _change(one: Mapping[str, Any]) -> str:
    image = f"  from {one['image']}" if one["image"] else ""
    return f"{SIGNS.get(one['doing'], CHANGES)} {one['doing']} {one['name']}{image}"


def _variable(one: Mapping[str, Any]) -> str:
    name = f"{SIGNS.get(one['compared'], CHANGES)} {one['service']}: {one['name']}"
    if one["secret"]:
        return f"{name}: a secret, {one['compared']}"
    if one["compared"] == "changed":
        return f"{name}: {one['old']!r} → {one['new']!r}"
    return f"{name}: {one['compared']}, {one['new'] if one['new'] is not None else one['old']!r}"


def _allowed(one: Mapping[str, Any]) -> str:
    return f"{one['key']}, by {one['by']}" + (f": {one['note']}" if one["note"] else "")


def add_to(app: typer.Typer) -> None:
    """The commands without a group."""
    app.command("plan")(plan)
