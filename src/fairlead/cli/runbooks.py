"""Runbooks: processes of a project that need no release."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from fairlead.cli import plans, prompts
from fairlead.cli.deploy_each import FAILED
from fairlead.cli.given_values import refuse_both, require_named
from fairlead.cli.moments import AT_HELP, moment
from fairlead.cli.processes import process_in
from fairlead.cli.session import (
    API,
    Anew,
    ProjectName,
    Search,
    Session,
    TenantName,
    Timeout,
    Wait,
    held_at,
    segment,
    session,
    with_given,
)
from fairlead.domain.errors import Invalid

group = typer.Typer(name="runbooks", help="Processes of a project that need no release.", no_args_is_help=True)
NAME_HELP = "The runbook."


@group.command("list")
def list_runbooks(context: typer.Context, project: ProjectName = "", search: Search = "") -> None:
    """List a project's runbooks."""
    at = session(context)
    rows = at.client.all(f"{API}/projects/{segment(at.project(project))}/runbooks", search=search)
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
    project: ProjectName = "",
) -> None:
    """Print its draft as YAML: save it, edit it, and `fairlead runbooks set` it."""
    at = session(context)
    found = at.client.get(f"{API}/projects/{segment(at.project(project))}/runbooks/{segment(name)}")
    at.screen.result(found, found["text"].rstrip())


@group.command("set")
def put(
    context: typer.Context,
    name: str = typer.Argument(..., help="The runbook; a new one, or one that is changed."),
    file: Path = typer.Option(None, "--process", help="A YAML file with its steps, as `process show` prints them."),
    description: str = typer.Option(None, help="What it is for."),
    environment: list[str] = typer.Option(
        [], "--environment", "-e", help="Only there; they replace all. A new one runs everywhere."
    ),
    everywhere: bool = typer.Option(False, "--everywhere", help="In any environment."),
    in_lifecycle: bool = typer.Option(
        False, "--in-lifecycle", help="Only in the environments of the project's lifecycle."
    ),
    keep: int = typer.Option(None, help="How many runs are kept in each environment, for each tenant; at first 100."),
    tenancy: str = typer.Option(
        None,
        help="untenanted, tenanted-or-untenanted or tenanted: for whom it may run; '', as at first: as the project.",
    ),
    anew: Anew = False,
    project: ProjectName = "",
) -> None:
    """Make a runbook, or change its draft: what is not given stays. What is published stays until the next
    `publish`."""
    at = session(context)
    refuse_both(("--everywhere", everywhere), ("--environment", environment))
    refuse_both(("--everywhere", everywhere), ("--in-lifecycle", in_lifecycle))
    content = None if file is None else process_in(file)
    path = f"{API}/projects/{segment(at.project(project))}/runbooks"
    held = held_at(at, f"{path}/{segment(name)}", anew=anew)
    is_placed = bool(environment) or everywhere or in_lifecycle
    given: dict[str, Any] = {
        "description": description,
        "environments": environment if is_placed else None,
        "in_lifecycle": in_lifecycle if is_placed else None,
        "kept_runs": keep,
        "tenancy": tenancy or None,
    }
    body = with_given(held, given) | ({"tenancy": None} if tenancy == "" else {})
    body |= {} if content is None else {"process": content}
    made = at.client.put(f"{path}/{segment(held.get('name', name))}", body, revision=held.get("revision"))
    at.screen.result(made, f"runbook {made['name']} has {_steps(made)}; publish it to run it")


@group.command("publish")
def publish(
    context: typer.Context,
    name: str = typer.Argument(..., help=NAME_HELP),
    project: ProjectName = "",
) -> None:
    """Publish the draft with the project's variables as they are now: runs use these until the next `publish`."""
    at = session(context)
    made = at.client.post(f"{API}/projects/{segment(at.project(project))}/runbooks/{segment(name)}/publish")
    at.screen.result(made, f"runbook {made['name']} is published")


@group.command("plan")
def plan(
    context: typer.Context,
    name: str = typer.Argument(..., help=NAME_HELP),
    environment: str = typer.Option(..., "--environment", "-e", help="Where."),
    tenant: TenantName = "",
    variable: list[str] = typer.Option([], "--variable", help='"Label or Name:Value" of what it asks for.'),
    skip: list[str] = typer.Option([], "--skip", help="As for `run`."),
    only_target: list[str] = typer.Option([], "--only-target", help="As for `run`."),
    without_target: list[str] = typer.Option([], "--without-target", help="As for `run`."),
    guided: bool | None = typer.Option(None, "--guided/--not-guided", help="As for `run`."),
    redeploy_packages: bool = typer.Option(False, "--redeploy-packages", help="As for `run`."),
    project: ProjectName = "",
) -> None:
    """Show what a run of what is published would do; nothing is changed."""
    at = session(context)
    path = f"{API}/projects/{segment(at.project(project))}/runbooks/{segment(name)}"
    asked = _questions(at, path, [environment], tenant) if variable else []
    body = {
        "environment": environment,
        "tenant": tenant,
        "prompted": prompts.answers(asked, variable) if variable else None,
        "skip": skip,
        "only_targets": only_target,
        "without_targets": without_target,
        "guided": guided,
        "redeploy_packages": redeploy_packages,
    }
    found = at.client.post(f"{path}/plan", body)
    if at.screen.as_json:
        at.screen.result(found)
    else:
        plans.show(at.screen, found)


@group.command("run")
def run(
    context: typer.Context,
    name: str = typer.Argument(..., help=NAME_HELP),
    environment: list[str] = typer.Option(
        ..., "--environment", "-e", help="Where; given again, it runs in all of them, or in none."
    ),
    tenant: list[str] = typer.Option([], "--tenant", help="For this tenant; once for each."),
    tenant_tag: list[str] = typer.Option(
        [], "--tenant-tag", help="For every tenant there with this tag, Set/Tag: one run each."
    ),
    variable: list[str] = typer.Option(
        [], "--variable", help='"Label or Name:Value" for what it asks for; without it you are asked at the terminal.'
    ),
    skip: list[str] = typer.Option([], "--skip", help="Leave out this step, or action."),
    only_target: list[str] = typer.Option([], "--only-target", help="Run only on the targets that are named so."),
    without_target: list[str] = typer.Option([], "--without-target", help="Do not run on this target."),
    guided: bool | None = typer.Option(
        None, "--guided/--not-guided", help="Ask a person if an action fails; by default as the process says."
    ),
    redeploy_packages: bool = typer.Option(
        False, "--redeploy-packages", help="Deploy packages also where they lie already, whatever the process says."
    ),
    override_freeze: str = typer.Option("", help="Why it overrides freezes; needs the permission freeze.override."),
    plan_hash: str = typer.Option("", "--plan", help="The plan that you saw; refused if another would run."),
    at_time: str = typer.Option("", "--at", help=AT_HELP),
    not_after: str = typer.Option("", help="It does not begin after this; as --at."),
    wait: Wait = False,
    timeout: Timeout = 0,
    project: ProjectName = "",
) -> None:
    """Run what is published. Of several tenants, one that is refused does not hold up the others."""
    at = session(context)
    path = f"{API}/projects/{segment(at.project(project))}/runbooks/{segment(name)}"
    require_named("--tenant", tenant)
    require_named("--tenant-tag", tenant_tag)
    alone = tenant[0] if tenant and not tenant_tag else ""
    asked = _questions(at, path, environment, alone) if variable else []
    body: dict[str, Any] = {
        "environments": environment,
        "prompted": prompts.answers(asked, variable),
        "skip": skip,
        "only_targets": only_target,
        "without_targets": without_target,
        "guided": guided,
        "redeploy_packages": redeploy_packages,
        "override_freeze": override_freeze,
        "at": moment(at_time, "--at"),
        "not_after": moment(not_after, "--not-after"),
    }
    if tenant_tag or len(tenant) > 1:
        if plan_hash:
            raise typer.BadParameter("a plan is of one run: name one tenant", param_hint="--plan")
        body |= {"tenants": tenant, "tenant_tags": tenant_tag}
        raise typer.Exit(_run_each(at, path, body, timeout_s=timeout if wait else None))
    made = _run(at, path, {**body, "tenant": alone, "plan_hash": plan_hash})
    if wait and all(one["task"] for one in made):
        raise typer.Exit(max(at.follow(one["task"], timeout_s=timeout) for one in made))
    at.screen.result(made[0] if len(made) == 1 else made, "\n".join(_said(name, one) for one in made))


def _said(name: str, run: dict[str, Any]) -> str:
    what = f"run {run['number']} of {name} in {_where(run)}"
    if run["task"]:
        return f"{what}, task {run['task']}"
    cancel = f"fairlead runbooks cancel {shlex.quote(name)} {run['number']}"
    return f"{what} begins at {run['not_before']}; not to: {cancel}"


def _run(at: Session, path: str, body: dict[str, Any]) -> list[Any]:
    """The runs; where something is asked for and a person is there, they are asked."""
    try:
        return list(at.client.post(f"{path}/runs/several", body)["items"])
    except Invalid as wanting:
        if wanting.code != prompts.REQUIRED:
            raise
        more = prompts.at_terminal(_questions(at, path, body["environments"], body["tenant"]), body["prompted"])
        if not more:
            raise
    body = {**body, "prompted": {**body["prompted"], **more}}
    return list(at.client.post(f"{path}/runs/several", body)["items"])


def _run_each(at: Session, path: str, body: dict[str, Any], *, timeout_s: float | None) -> int:
    """The exit code: not 0 where one was refused or (where `timeout_s` says that they are waited for) did not go
    well."""
    found = at.client.post(f"{path}/tenant-runs", body)
    columns = {"tenant": "TENANT", "environment": "ENVIRONMENT", "state": "STATE", "task": "TASK", "reason": "REASON"}
    refused = [{**one, "state": "refused", "reason": one["detail"]} for one in found["refused"]]
    if at.screen.as_json:
        at.screen.result(found)
    else:
        at.screen.table([*found["made"], *refused], columns, empty="no tenant")
    begun = [one["task"] for one in found["made"] if one["task"]]
    ends = [at.follow(task, timeout_s=timeout_s) for task in begun if timeout_s is not None]
    return max([*ends, FAILED if refused else 0])


def _where(run: dict[str, Any]) -> str:
    return f"{run['environment']} for {run['tenant']}" if run["tenant"] else str(run["environment"])


def _questions(at: Session, path: str, environments: list[str], tenant: str) -> list[Any]:
    """What is asked for in any of them, each once."""
    asked = (at.client.get(f"{path}/prompts", environment=place, tenant=tenant)["items"] for place in environments)
    return list({one["name"]: one for part in asked for one in part}.values())


@group.command("runs")
def runs(
    context: typer.Context,
    name: str = typer.Argument(..., help=NAME_HELP),
    environment: str = typer.Option("", "--environment", "-e", help="Only its runs there."),
    tenant: str = typer.Option("", "--tenant", help="Only its runs for this tenant."),
    state: str = typer.Option("", help="scheduled, queued, running, succeeded, failed, refused, cancelled, …"),
    project: ProjectName = "",
) -> None:
    """List its runs, the newest first."""
    at = session(context)
    path = f"{API}/projects/{segment(at.project(project))}/runbooks/{segment(name)}/runs"
    rows = at.client.all(path, most=100, environment=environment, tenant=tenant, state=state)
    columns = {
        "number": "RUN",
        "environment": "ENVIRONMENT",
        "tenant": "TENANT",
        "state": "STATE",
        "reason": "REASON",
        "created_by": "BY",
        "created_at": "WHEN",
        "not_before": "NOT BEFORE",
        "task": "TASK",
    }
    at.screen.table(rows, columns, empty=f"{name} never ran")


@group.command("cancel")
def cancel(
    context: typer.Context,
    name: str = typer.Argument(..., help=NAME_HELP),
    run: str = typer.Argument(..., help="Its run, by number or id."),
    project: ProjectName = "",
) -> None:
    """It does not begin when its time comes. What has begun: fairlead cancel TASK."""
    at = session(context)
    path = f"{API}/projects/{segment(at.project(project))}/runbooks/{segment(name)}/runs/{segment(run)}/cancel"
    made = at.client.post(path)
    at.screen.result(made, f"run {made['number']} of {name} in {_where(made)} does not begin")


@group.command("remove")
def remove(
    context: typer.Context,
    name: str = typer.Argument(..., help=NAME_HELP),
    project: ProjectName = "",
) -> None:
    """Remove one; the tasks of its runs stay."""
    at = session(context)
    at.client.delete(f"{API}/projects/{segment(at.project(project))}/runbooks/{segment(name)}")
    at.screen.say(f"runbook {name} removed")


def _steps(made: Mapping[str, Any]) -> str:
    many = len(made["steps"])
    return f"{many} step{'' if many == 1 else 's'}"
