"""Deployments: putting a release live, and going back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, TypeAlias
from urllib.parse import urlencode

import typer

from fairlead.cli import prompts
from fairlead.cli.asking import agree
from fairlead.cli.deploy_each import deploy_each, refuse_alone
from fairlead.cli.given_values import refuse_both, require_named
from fairlead.cli.moments import AT_HELP, moment
from fairlead.cli.nested import show_unsettled
from fairlead.cli.plans import CHANGES_PENDING
from fairlead.cli.session import API, WAIT_HELP, ProjectName, Session, TenantName, Timeout, Wait, segment, session
from fairlead.domain.errors import Conflict, Invalid, NotFound

NOTHING_TO_DO = "deployment.nothing_to_do"
"""It is so already, which is what was wanted: news, and no failure."""

Id: TypeAlias = Annotated[str, typer.Argument(help="The deployment's id, or its number with -p and -e.")]
Where: TypeAlias = Annotated[str, typer.Option("--environment", "-e", help="Of a number: where.")]

MARK_SHOWN = 60
"""Letters of a reason in a table."""

OVERRIDE_HELP = "Why freezes do not bind it; needs the permission freeze.override, and is audited."

group = typer.Typer(
    name="deployments", help="Deployments: what went where, when, and how it ended.", no_args_is_help=True
)


@group.command("list")
def list_deployments(
    context: typer.Context,
    environment: str = typer.Option("", "--environment", "-e", help="Only there."),
    state: str = typer.Option("", help="waiting, scheduled, queued, running, unsettled or ended."),
    outcome: str = typer.Option("", help="live, rolled_back, failed, refused, cancelled, rejected or superseded."),
    tenant: str = typer.Option("", "--tenant", help="Only for this tenant."),
    parent: str = typer.Option("", "--parent", help="Only those that a step of this task asked for."),
    project: str = typer.Option("", "--project", "-p", help="Only of this project."),
) -> None:
    """List deployments, the newest first."""
    at = session(context)
    asked = {"project": project, "environment": environment, "tenant": tenant, "state": state, "parent": parent}
    asked |= {"outcome": outcome}
    rows = at.client.all(f"{API}/deployments", most=50, **asked)
    columns = {
        "id": "ID",
        "project": "PROJECT",
        "environment": "ENVIRONMENT",
        "number": "NO.",
        "version": "VERSION",
        "tenant": "TENANT",
        "status": "STATE",
        "reached": "REACHED",
        "reason": "REASON",
        "created_at": "WHEN",
    }
    if not at.screen.as_json:
        rows = [{**row, "reason": row["reason"] or _mark_of(row)} for row in rows]
    at.screen.table(rows, columns, empty="no deployment fits" if any(asked.values()) else "no deployments yet")


def _mark_of(row: dict[str, Any]) -> str:
    return f"marked as failed by {row['marked_by']}: {row['marked_why'][:MARK_SHOWN]}" if row["marked_at"] else ""


@group.command("show")
def show(
    context: typer.Context,
    id: Id,
    environment: Where = "",
    project: ProjectName = "",
) -> None:
    """One deployment: how it ended, and what users met while it switched."""
    at = session(context)
    found = at.client.get(f"{API}/deployments/{segment(_named(at, id, project, environment))}")
    if at.screen.as_json:
        at.screen.result(found)
        return
    said = found["switch"] and found["switch"]["said"]
    prompted = {one["label"]: "•••" if one["secret"] else one["value"] for one in found["prompted"]}
    shown = {**found, "prompted": prompted, "switch": said, "certificate": _in_short(found["certificate"])}
    at.screen.fields({name: value for name, value in shown.items() if name != "unsettled"})
    show_unsettled(at.screen, found["unsettled"])


@group.command("certificate")
def certificate(
    context: typer.Context,
    id: Id,
    environment: Where = "",
    project: ProjectName = "",
) -> None:
    """What differs from before it, and from what its plan announced; exit code 1 where something unexpected does."""
    at = session(context)
    found = at.client.get(f"{API}/deployments/{segment(_named(at, id, project, environment))}/certificate")
    at.screen.result(found, "\n".join(_certificate_lines(found)))
    if found["differences"]:
        raise typer.Exit(1)


def _named(at: Session, id: str, project: str, environment: str) -> str:
    """The id of the deployment that is meant by id, or by its number where it went."""
    if not id.isdecimal():
        return id
    asked = {"project": at.project(project), "environment": environment, "number": int(id)}
    found = at.client.get(f"{API}/deployments", **asked)["items"]
    if not found:
        where = f" in {environment}" if environment else ""
        raise NotFound("deployment.unknown", f"there is no deployment {id} of {asked['project']}{where}")
    if len(found) > 1:
        places = ", ".join(sorted({one["environment"] for one in found}))
        raise Invalid("input.invalid", f"deployment {id} of which environment?", hint=f"-e one of: {places}")
    return str(found[0]["id"])


def _in_short(found: dict[str, Any] | None) -> str:
    if not found:
        return ""
    if found["differences"]:
        return f"{len(found['differences'])} unexpected: " + "; ".join(found["differences"])
    return "all is as it was before" if found["is_as_it_was"] else "all is as its plan said"


def _certificate_lines(found: dict[str, Any]) -> Iterator[str]:
    yield _in_short({**found, "differences": []}) if not found["differences"] else "not all is as it should be"
    yield from (f"  unexpected: {difference}" for difference in found["differences"])
    yield from (f"  announced: {sentence}" for sentence in found["announced"])
    yield from (f"  stopped and started again: {name}" for name in found["restarted"])


@group.command("resume")
def resume(
    context: typer.Context,
    id: Id,
    environment: Where = "",
    project: ProjectName = "",
    wait: Wait = False,
    timeout: Timeout = 0,
) -> None:
    """Try an unsettled deployment again now, instead of when its pause is over; a bug waits for this."""
    at = session(context)
    taken_up = at.client.post(f"{API}/deployments/{segment(_named(at, id, project, environment))}/resume")
    if wait:
        raise typer.Exit(at.follow(taken_up["task"], timeout_s=timeout))
    at.screen.result(taken_up, f"deployment {id} is tried again, task {taken_up['task']}")


@group.command("retry")
def retry(
    context: typer.Context,
    id: Id,
    environment: Where = "",
    project: ProjectName = "",
    wait: Wait = False,
    timeout: Timeout = 0,
) -> None:
    """Try it again from the step that failed: what its process had finished is kept."""
    at = session(context)
    _begun(
        at,
        at.client.post(f"{API}/deployments/{segment(_named(at, id, project, environment))}/retry"),
        wait=wait,
        timeout_s=timeout,
    )


@group.command("keep")
def keep(
    context: typer.Context,
    id: Id,
    environment: Where = "",
    project: ProjectName = "",
    seconds: float = typer.Option(7200, "--for", help="How many seconds; 0: not any more."),
) -> None:
    """Where it fails, leave its idle slot standing, unrouted, to be looked at; if it stands, for so long from now."""
    at = session(context)
    made = at.client.post(
        f"{API}/deployments/{segment(_named(at, id, project, environment))}/keep", {"seconds": seconds}
    )
    stands = "kept from now on" if made["state"] == "ended" else "kept where it fails"
    said = f"{stands}, for {seconds:g} s; the next deployment there ends it earlier"
    at.screen.result(made, said if seconds else "not kept any more")


@group.command("mark-failed")
def mark_failed(
    context: typer.Context,
    id: Id,
    reason: str = typer.Option("", "--reason", "-m", help="Why: it is kept, and shown beside how it ended."),
    undo: bool = typer.Option(False, "--undo", help="It was a mistake: take the mark back."),
    environment: Where = "",
    project: ProjectName = "",
) -> None:
    """Record that a deployment that went live failed all the same. What is live stays, and so does the lifecycle."""
    at = session(context)
    path = f"{API}/deployments/{segment(_named(at, id, project, environment))}/failed-mark"
    refuse_both(("--undo", undo), ("--reason", reason))
    if undo:
        at.client.delete(path)
        at.screen.say("the mark is taken back")
        return
    made = at.client.post(path, {"reason": reason})
    at.screen.result(made, f"{made['project']} {made['version']} to {made['environment']} is marked as failed")


@group.command("cancel")
def cancel(
    context: typer.Context,
    id: Id,
    environment: Where = "",
    project: ProjectName = "",
) -> None:
    """It does not begin when its time comes. What has begun: fairlead cancel TASK."""
    at = session(context)
    made = at.client.post(f"{API}/deployments/{segment(_named(at, id, project, environment))}/cancel")
    at.screen.result(made, f"{made['project']} {made['version']} to {made['environment']} does not begin")


def deploy(
    context: typer.Context,
    version: str = typer.Argument(..., help="The release's version, or `latest`."),
    environment: str = typer.Option(..., "--to", "--environment", "-e", help="Where to."),
    force: bool = typer.Option(False, "--force", help="Also where nothing differs."),
    recreate_accessory: list[str] = typer.Option(
        [], help="Apply the changed definition of this accessory; its container is replaced."
    ),
    keep_failed: float = typer.Option(0, help="Where it fails, leave its idle slot standing for so many seconds."),
    plan: str = typer.Option("", help="The hash of the plan that you saw; refused where another would run."),
    skip: list[str] = typer.Option([], "--skip", help="Leave out this step, or action, of the process."),
    only_target: list[str] = typer.Option([], "--only-target", help="Run on this target, and on no other not named."),
    without_target: list[str] = typer.Option([], "--without-target", help="Do not run on this target."),
    guided: bool | None = typer.Option(
        None,
        "--guided/--not-guided",
        help="Ask a person where an action fails; by default as process or environment say.",
    ),
    redeploy_packages: bool = typer.Option(
        False, "--redeploy-packages", help="Deploy packages also where they lie already, whatever the process says."
    ),
    variable: list[str] = typer.Option(
        [], "--variable", help='"Label or Name:Value" of what it asks for; asked at a terminal without it.'
    ),
    at_time: str = typer.Option("", "--at", help=AT_HELP),
    not_after: str = typer.Option("", help="It does not begin after this; as --at."),
    override_freeze: str = typer.Option("", help=OVERRIDE_HELP),
    tenant: list[str] = typer.Option([], "--tenant", help="For this tenant; once for each."),
    tenant_tag: list[str] = typer.Option(
        [], "--tenant-tag", help="For every tenant there with this tag, Set/Tag: one deployment each."
    ),
    wait: Wait = False,
    timeout: Timeout = 0,
    project: ProjectName = "",
) -> None:
    """Deploy a release to an environment. With --wait exit code 3 says that it waits for an approval."""
    at = session(context)
    owner = at.project(project)
    if tenant_tag or len(tenant) > 1:
        refuse_alone(recreate_accessory, keep_failed, plan)
    alone = _alone(tenant, tenant_tag)
    asked = prompts.questions(at, owner, version, environment, alone) if variable else []
    body: dict[str, Any] = {
        "version": version,
        "environment": environment,
        "tenant": alone,
        "prompted": prompts.answers(asked, variable),
        "force": force,
        "recreate_accessories": recreate_accessory,
        "plan_hash": plan,
        "keep_failed_s": keep_failed,
        "skip": skip,
        "only_targets": only_target,
        "without_targets": without_target,
        "guided": guided,
        "redeploy_packages": redeploy_packages,
        "at": moment(at_time, "--at"),
        "not_after": moment(not_after, "--not-after"),
        "override_freeze": override_freeze,
    }
    if tenant_tag or len(tenant) > 1:
        raise typer.Exit(deploy_each(at, owner, body, tenant, tenant_tag, wait=wait, timeout_s=timeout))
    try:
        made = _asked(at, owner, body)
    except Conflict as news:
        if news.code != NOTHING_TO_DO:
            raise
        at.screen.result({"code": news.code, "detail": news.message, "hint": news.hint}, str(news))
        return
    _begun(at, made, wait=wait, timeout_s=timeout)


def _alone(tenants: list[str], tags: list[str]) -> str:
    """The one tenant that it is for; "" for nobody in particular, and where it is for several."""
    require_named("--tenant", tenants)
    require_named("--tenant-tag", tags)
    return tenants[0] if len(tenants) == 1 and not tags else ""


def _asked(at: Session, owner: str, body: dict[str, Any]) -> dict[str, Any]:
    """The deployment; where it asks for something and a person is there, they are asked."""
    path = f"{API}/projects/{segment(owner)}/deployments"
    try:
        return dict(at.client.post(path, body))
    except Invalid as wanting:
        if wanting.code != prompts.REQUIRED:
            raise
        asked = prompts.questions(at, owner, body["version"], body["environment"], body["tenant"])
        more = prompts.at_terminal(asked, body["prompted"])
        if not more:
            raise
    return dict(at.client.post(path, {**body, "prompted": {**body["prompted"], **more}}))


def rollback(
    context: typer.Context,
    environment: str = typer.Option(..., "--environment", "-e", help="Where."),
    to: str = typer.Option("", "--to", help="A version; by default the release that was live before this one."),
    override_freeze: str = typer.Option("", help=OVERRIDE_HELP),
    tenant: TenantName = "",
    wait: bool = typer.Option(True, "--wait/--no-wait", help=WAIT_HELP),
    timeout: Timeout = 0,
    project: ProjectName = "",
) -> None:
    """Go back: a switch alone where that release stands by, else a deployment of it."""
    at = session(context)
    body = {"environment": environment, "to": to, "override_freeze": override_freeze, "tenant": tenant}
    _begun(
        at,
        at.client.post(f"{API}/projects/{segment(at.project(project))}/rollback", body),
        wait=wait,
        timeout_s=timeout,
    )


def retire(
    context: typer.Context,
    environment: str = typer.Option(..., "--environment", "-e", help="Where."),
    accessories: bool = typer.Option(False, "--accessories", help="End the accessories, too; their volumes stay."),
    tenant: TenantName = "",
    yes: bool = typer.Option(False, "--yes", "-y", help="Do not ask."),
    wait: bool = typer.Option(True, "--wait/--no-wait", help=WAIT_HELP),
    timeout: Timeout = 0,
    project: ProjectName = "",
) -> None:
    """End what is live in an environment: users get an error there; volumes stay."""
    at = session(context)
    name = at.project(project)
    path = f"{API}/projects/{segment(name)}/environments/{segment(environment)}"
    if not yes:
        live = at.client.get(path, tenant=tenant)["version"] or "nothing"
        whose = f" for {tenant}" if tenant else ""
        question = f"End {name} in {environment}{whose} ({live} is live) and give its routes back?"
        agree(question)
    task = at.client.post(f"{path}/retire", {"accessories": accessories, "tenant": tenant})
    at.screen.say(f"{task['title']}: task {task['id']}")
    if wait:
        raise typer.Exit(at.follow(task["id"], timeout_s=timeout))
    at.screen.result(task, "queued")


def _begun(at: Session, made: dict[str, Any], *, wait: bool, timeout_s: float) -> None:
    what = f"{made['project']} {made['version']} to {made['environment']}"
    what += f" for {made['tenant']}" if made["tenant"] else ""
    if made["state"] == "waiting":
        hash = made["plan_hash"][:16]
        at.screen.say(f"{what} waits for an approval: fairlead approve {made['approval']} --plan {hash}")
        at.screen.result(made)
        if wait:
            raise typer.Exit(CHANGES_PENDING)
    elif made["state"] == "scheduled":
        at.screen.say(f"{what} begins at {made['not_before']}; not to: fairlead deployments cancel {made['id']}")
        at.screen.result(made)
    elif made["state"] == "ended":
        at.screen.say(f"{what}: {made['outcome']}: {made['reason']}")
        at.screen.result(made)
    elif wait:
        at.screen.say(f"{what}: deployment {made['id']}, task {made['task']}")
        raise typer.Exit(at.follow(made["task"], timeout_s=timeout_s))
    else:
        at.screen.result(made, f"{what} queued, task {made['task']}")


def adopt(
    context: typer.Context,
    environment: str = typer.Option(..., "--environment", "-e", help="Where."),
    tenant: TenantName = "",
    yes: bool = typer.Option(False, "--yes", "-y", help="Do not ask."),
    project: ProjectName = "",
) -> None:
    """Take over into the books what users reach: after an old backup was put back. Nothing that runs is touched."""
    at = session(context)
    path = f"{API}/projects/{segment(at.project(project))}/environments/{segment(environment)}/adoption"
    seen = at.client.get(path, tenant=tenant)
    found, booked = seen["found"], seen["booked"] or {"version": "nothing", "colour": "—", "deployment": "—"}
    if not seen["is_needed"]:
        at.screen.result(seen, f"the books and the proxy agree: {found['version']} in {found['colour']} is live")
        return
    for what, one in (("users reach", found), ("the books say", booked)):
        at.screen.say(f"{what:<14} {one['version']} in {one['colour']} ({one['deployment']})")
    at.screen.say(f"{'routes':<14} {', '.join(seen['routes'])}\n{'instances':<14} {', '.join(seen['instances'])}")
    if not yes:
        agree(f"Write into the books that {found['version']} is live?")
    asked = f"?{urlencode({'tenant': tenant})}" if tenant else ""
    made = at.client.post(f"{path}{asked}", {"deployment": found["deployment"]})
    at.screen.result(made, f"{found['version']} in {found['colour']} is live in the books, too")


def add_to(app: typer.Typer) -> None:
    """The commands without a group."""
    app.command("deploy")(deploy)
    app.command("rollback")(rollback)
    app.command("retire")(retire)
    app.command("adopt")(adopt)
