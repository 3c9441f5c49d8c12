"""Approvals: questions to a person about one deployment."""

from __future__ import annotations

from typing import Any

import typer

from fairlead.cli.session import API, Session, Timeout, Wait, segment, session
from fairlead.domain.errors import Conflict, NotFound

WHOSE = "Only what waits of this project; by default of all."
MOST_NAMED = 5
ID = "The approval; may be left out where exactly one waits."

group = typer.Typer(name="approvals", help="Deployments that wait for a person.", no_args_is_help=True)


@group.command("list")
def list_approvals(
    context: typer.Context,
    all_: bool = typer.Option(False, "--all", help="Answered ones too."),
    project: str = typer.Option("", "--project", "-p", help=WHOSE),
    environment: str = typer.Option("", "--environment", "-e", help="Only what waits for this environment."),
) -> None:
    """List approvals: deployments that wait for an answer."""
    at = session(context)
    rows = _asked(at, state="" if all_ else "waiting", project=project, environment=environment)
    columns = {
        "id": "ID",
        "project": "PROJECT",
        "version": "VERSION",
        "environment": "ENVIRONMENT",
        "tenant": "TENANT",
        "state": "STATE",
        "plan_hash": "PLAN",
        "created_at": "SINCE",
        "expires_at": "UNTIL",
        "answered_by": "BY",
        "note": "NOTE",
    }
    shown = rows if at.screen.as_json else [{**row, "plan_hash": row["plan_hash"][:16]} for row in rows]
    at.screen.table(shown, columns, empty="nothing waits for an approval")


def approve(
    context: typer.Context,
    id: str = typer.Argument("", help=ID),
    note: str = typer.Option("", "--note", "-m", help="Why."),
    plan: str = typer.Option("", help="The hash of the plan that you approve; refused if it is another."),
    wait: Wait = False,
    timeout: Timeout = 0,
    project: str = typer.Option("", "--project", "-p", help=WHOSE),
    environment: str = typer.Option("", "--environment", "-e", help="Only what waits for this environment."),
) -> None:
    """Approve the plan that was shown: that, and nothing else, begins."""
    at = session(context)
    meant = _meant(at, id, project, environment)
    answered = at.client.post(f"{API}/approvals/{segment(meant)}/approve", {"note": note, "plan_hash": plan})
    at.screen.say(f"{_said(answered)} approved with plan {answered['plan_hash'][:16]}, task {answered['task']}")
    if wait:
        raise typer.Exit(at.follow(answered["task"], timeout_s=timeout))
    at.screen.result(answered, "approved")


def reject(
    context: typer.Context,
    id: str = typer.Argument("", help=ID),
    note: str = typer.Option("", "--note", "-m", help="Why."),
    project: str = typer.Option("", "--project", "-p", help=WHOSE),
    environment: str = typer.Option("", "--environment", "-e", help="Only what waits for this environment."),
) -> None:
    """Say no: the deployment ends without having begun."""
    at = session(context)
    meant = _meant(at, id, project, environment)
    answered = at.client.post(f"{API}/approvals/{segment(meant)}/reject", {"note": note})
    at.screen.result(answered, f"{_said(answered)} rejected")


def _said(one: dict[str, Any]) -> str:
    whose = f" for {one['tenant']}" if one["tenant"] else ""
    return f"{one['project']} {one['version']} to {one['environment']}{whose}"


def _meant(at: Session, id: str, project: str, environment: str) -> str:
    """The approval of that id, or the only one that waits; NotFound where it waits of another project, or for another
    environment, than was said."""
    if not id:
        return _only_one(at, project, environment)
    if project or environment:
        found = at.client.get(f"{API}/approvals/{segment(id)}")
        said = {"project": project, "environment": environment}
        if any(name and str(found[noun]).lower() != name.lower() for noun, name in said.items()):
            raise NotFound("approval.unknown", f"{id} is about {_said(found)}")
    return id


def _only_one(at: Session, project: str, environment: str) -> str:
    waiting = _asked(at, state="waiting", project=project, environment=environment)
    if not waiting:
        raise NotFound("approval.unknown", "nothing waits for an approval")
    if len(waiting) > 1:
        hint = "name one: fairlead approve ID; or where it is with --project and --environment"
        named = "; ".join(f"{_said(one)} ({one['id']})" for one in waiting[:MOST_NAMED])
        more = f"; and {len(waiting) - MOST_NAMED} more" if len(waiting) > MOST_NAMED else ""
        raise Conflict("approval.unknown", f"{len(waiting)} deployments wait: {named}{more}", hint=hint)
    return str(waiting[0]["id"])


def _asked(at: Session, *, state: str, project: str, environment: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = at.client.all(
        f"{API}/approvals", state=state, project=project.lower(), environment=environment
    )
    return found


def add_to(app: typer.Typer) -> None:
    """The commands without a group."""
    app.command("approve")(approve)
    app.command("reject")(reject)
