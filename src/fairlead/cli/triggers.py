"""Triggers: what is done without being asked when something happens."""

from __future__ import annotations

from typing import Any

import typer

from fairlead.cli.screen import ago
from fairlead.cli.session import API, Anew, ProjectName, Search, held_at, segment, session, with_given
from fairlead.cli.why import trigger as explain

group = typer.Typer(
    name="triggers", help="What happens by itself, on a schedule or when something new comes.", no_args_is_help=True
)
NAME_HELP = "The trigger."
CRON_HELP = (
    "When: five fields as Debian's cron has them, or six or seven as Quartz: '0 6 * * Mon-Fri', '0 0 6 ? * 2#1'."
)
KIND_HELP = (
    "schedule (a time), package (one is pushed into the built-in feed), image (a registry has a newer version), "
    "push (a registry tells of a push), target (one becomes available); at first schedule."
)
ACTION_HELP = (
    "deploy-latest, new-release, run-runbook; of the kind target deploy-current or run-runbook. By default a schedule "
    "deploys, what is new makes a release, and a target gets what is live."
)
PLACE_HELP = "Of targets: only those there. Of a runbook: it runs in each of them; may be given again."
WATCH_HELP = "A package's id, or an image without tag; may be given again. By default those of the latest release."


@group.command("list")
def list_triggers(context: typer.Context, project: ProjectName = "", search: Search = "") -> None:
    """List a project's triggers, what each waits for, and what it did last."""
    at = session(context)
    rows = at.client.all(f"{API}/projects/{segment(at.project(project))}/triggers", search=search)
    if not at.screen.as_json:
        rows = [{**row, **_shown(row), "destination": _where(row)} for row in rows]
    columns = {
        "name": "NAME",
        "when": "WHEN",
        "action": "DOES",
        "source": "FROM",
        "destination": "TO",
        "whom": "FOR",
        "runbook": "RUNBOOK",
        "is_enabled": "ENABLED",
        "next_at": "NEXT",
        "last": "LAST",
    }
    at.screen.table(rows, columns, empty="no triggers")


def _where(row: dict[str, Any]) -> str:
    is_run = row["action"] == "run-runbook" and row["kind"] != "target"
    return ", ".join(one for one in (row["destination"], *(row["environments"] if is_run else ())) if one)


@group.command("set")
def put(
    context: typer.Context,
    name: str = typer.Argument(..., help="What people call it; a new one, or one that is changed."),
    kind: str = typer.Option(None, help=KIND_HELP),
    cron: str = typer.Option(None, "--cron", help=CRON_HELP),
    zone: str = typer.Option(None, help="The time zone of the schedule: Europe/Berlin; at first UTC."),
    action: str = typer.Option(None, help=ACTION_HELP),
    source: str = typer.Option(
        None, "--from", help="Deploy what is live there; '', as at first: the latest release made."
    ),
    destination: str = typer.Option(None, "--to", help="Where to."),
    channel: str = typer.Option(None, help="Only releases of this channel; a new release is made in it."),
    runbook: str = typer.Option(None, help="The runbook that is run."),
    watch: list[str] = typer.Option([], "--watch", "-w", help=WATCH_HELP),
    poll: int = typer.Option(None, help="How often a registry is asked, in seconds; at first 60."),
    environment: list[str] = typer.Option([], "--environment", "-e", help=PLACE_HELP),
    tag: list[str] = typer.Option([], "--tag", "-t", help="Of targets: only those with one of these tags."),
    event: list[str] = typer.Option([], "--event", help="Of targets: added, enabled or healthy; by default all."),
    tenant: list[str] = typer.Option(
        [], "--tenant", help="Do it for this tenant; once for each. By default for nobody."
    ),
    tenant_tag: list[str] = typer.Option(
        [], "--tenant-tag", help="Do it for every tenant there with this tag, Set/Tag."
    ),
    force: bool = typer.Option(None, "--force/--no-force", help="Deploy even if nothing would differ."),
    enabled: bool = typer.Option(
        None, "--enable/--disable", help="Whether it acts; a disabled one says that it is disabled."
    ),
    anew: Anew = False,
    project: ProjectName = "",
) -> None:
    """Make a trigger, or change it: what is not given stays. One that gets another kind begins anew, enabled or not as
    it was; of what may be given again, those given replace all."""
    at = session(context)
    path = f"{API}/projects/{segment(at.project(project))}/triggers"
    held = held_at(at, f"{path}/{segment(name)}", anew=anew)
    if kind is not None and kind != held.get("kind"):
        held = {key: held[key] for key in ("name", "revision", "is_enabled") if key in held}
    given: dict[str, Any] = {
        "kind": kind,
        "cron": cron,
        "zone": zone,
        "action": action,
        "source": source,
        "destination": destination,
        "channel": channel,
        "runbook": runbook,
        "watches": watch or None,
        "poll_s": poll,
        "environments": environment or None,
        "tags": tag or None,
        "events": event or None,
        "tenants": tenant or None,
        "tenant_tags": tenant_tag or None,
        "force": force,
        "is_enabled": enabled,
    }
    body = with_given(held, given)
    made = at.client.put(f"{path}/{segment(held.get('name', name))}", body, revision=held.get("revision"))
    there = f" ({made['next_there']})" if made["next_there"] else ""
    due = f"is due next at {str(made['next_at'])[:16].replace('T', ' ')} UTC{there}"
    waits = due if made["kind"] == "schedule" and made["next_at"] else f"waits: {made['when']}"
    at.screen.result(made, f"trigger {made['name']} " + (waits if made["is_enabled"] else "is disabled"))


@group.command("evaluate")
def evaluate(
    context: typer.Context,
    name: str = typer.Argument(..., help=NAME_HELP),
    project: ProjectName = "",
) -> None:
    """Let it act now; exit code 1 if it did not."""
    at = session(context)
    made = at.client.post(f"{API}/projects/{segment(at.project(project))}/triggers/{segment(name)}/evaluate")
    at.screen.result(made, ("fired: " if made["has_fired"] else "did not fire: ") + _reason(made))
    if not made["has_fired"]:
        raise typer.Exit(1)


@group.command("records")
def records(
    context: typer.Context,
    name: str = typer.Argument(..., help=NAME_HELP),
    most: int = typer.Option(50, min=1, help="How many at most, the newest first."),
    fired: bool | None = typer.Option(None, "--fired/--not-fired", help="Only when it acted, or only when it did not."),
    project: ProjectName = "",
) -> None:
    """List each time that it was evaluated, and why it did or did not act; the newest first."""
    at = session(context)
    path = f"{API}/projects/{segment(at.project(project))}/triggers/{segment(name)}/evaluations"
    columns = {
        "at": "WHEN",
        "event": "FOR",
        "environment": "WHERE",
        "has_fired": "FIRED",
        "reason": "WHY",
        "code": "CODE",
        "hint": "NEXT",
    }
    rows = at.client.all(path, most=most, has_fired="" if fired is None else str(fired).lower())
    if not at.screen.as_json:
        rows = [{**row, "reason": _reason(row)} for row in rows]
    at.screen.table(rows, columns, empty=f"{name} was never looked at")


@group.command("why")
def why(
    context: typer.Context,
    name: str = typer.Argument(..., help=NAME_HELP),
    project: ProjectName = "",
) -> None:
    """Why it acted, or did not; the same as `fairlead why trigger`."""
    explain(context, name, project)


@group.command("remove")
def remove(
    context: typer.Context,
    name: str = typer.Argument(..., help=NAME_HELP),
    project: ProjectName = "",
) -> None:
    """Remove one, with its record."""
    at = session(context)
    at.client.delete(f"{API}/projects/{segment(at.project(project))}/triggers/{segment(name)}")
    at.screen.say(f"trigger {name} removed")


def _shown(trigger: dict[str, Any]) -> dict[str, str]:
    """What it did last, the tenants that it is for, their tags, and when it is due next by the clocks of its zone."""
    hidden = [f"{trigger['hidden_tenants']} more"] if trigger["hidden_tenants"] else []
    whom = ", ".join([*trigger["tenants"], *trigger["tenant_tags"], *hidden])
    shown = {"last": trigger["last"]["reason"] if trigger["last"] else "", "whom": whom}
    if trigger["next_there"]:
        shown["next_at"] = f"{ago(trigger['next_at'], leeway_s=0)} ({trigger['next_there']})"
    return shown


def _reason(record: dict[str, Any]) -> str:
    """With what became of it for each tenant."""
    each = (f"for {one['tenant']}: {one['reason']}" for one in record["tenants"])
    return "; ".join([str(record["reason"]), *each])
