"""Approvals: questions to a person about one deployment."""

from __future__ import annotations

from typing import Any

import typer

from fairlead.cli.session import API, WAIT_HELP, Session, session
from fairlead.domain.errors import Conflict, NotFound

group = typer.Typer(name="approvals", help="Deployments that wait for a person.", no_args_is_help=True)


@group.command("list")
def list_approvals(
    context: typer.Context, all_: bool = typer.Option(False, "--all", help="Answered ones too.")
) -> None:
    """What waits for an answer."""
    at = session(context)
    rows = at.client.all(f"{API}/approvals", state="" if all_ else "waiting")
    columns = {
        "id": "ID",
        "project": "PROJECT",
        "version": "VERSION",
        "environment": "ENVIRONMENT",
        "state": "STATE",
        "plan_hash": "PLAN",
        "created_at": "SINCE",
        "answered_by": "BY",
        "note": "NOTE",
    }
    shown = rows if at.screen.as_json else [{**row, "plan_hash": row["plan_hash"][:16]} for row in rows]
    at.screen.table(shown, columns, empty="nothing waits for an approval")


def approve(
    context: typer.Context,
    id: str = typer.Argument("", help="The approval; may be left out where exactly one waits."),
    note: str = typer.Option("", "--note", "-m", help="Why."),
    plan: str = typer.Option("", help="The hash of the plan that you say yes to; refused where it is another."),
    wait: bool = typer.Option(False, "--wait", help=WAIT_HELP),
) -> None:
    """Say yes to the plan that was shown: that, and nothing else, begins."""
    at = session(context)
    answered = at.client.post(f"{API}/approvals/{_meant(at, id)}/approve", {"note": note, "plan_hash": plan})
    what = f"{answered['project']} {answered['version']} to {answered['environment']}"
    at.screen.say(f"{what} approved with plan {answered['plan_hash'][:16]}, task {answered['task']}")
    if wait:
        raise typer.Exit(at.follow(answered["task"]))
    at.screen.result(answered, "approved")


def reject(
    context: typer.Context,
    id: str = typer.Argument("", help="The approval; may be left out where exactly one waits."),
    note: str = typer.Option("", "--note", "-m", help="Why."),
) -> None:
    """Say no: the deployment ends without having begun."""
    at = session(context)
    answered = at.client.post(f"{API}/approvals/{_meant(at, id)}/reject", {"note": note})
    at.screen.result(answered, f"{answered['project']} {answered['version']} to {answered['environment']} rejected")


def _meant(at: Session, id: str) -> str:
    if id:
        return id
    waiting: list[dict[str, Any]] = at.client.all(f"{API}/approvals", state="waiting")
    if not waiting:
        raise NotFound("approval.unknown", "nothing waits for an approval")
    if len(waiting) > 1:
        raise Conflict(
            "approval.unknown", f"{len(waiting)} deployments wait", hint="fairlead approvals list, then name one"
        )
    return str(waiting[0]["id"])


def add_to(app: typer.Typer) -> None:
    """The commands without a group."""
    app.command("approve")(approve)
    app.command("reject")(reject)
