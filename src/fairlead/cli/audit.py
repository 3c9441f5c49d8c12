"""The audit: who did what, and the proof that nobody changed it."""

from __future__ import annotations

from pathlib import Path

import typer

from fairlead.cli.session import API, session

group = typer.Typer(name="audit", help="Who did what, when, from where, and what changed.", no_args_is_help=True)

Actor = typer.Option("", "--actor", help="Only what this user did.")
Kind = typer.Option("", "--kind", help="Only this kind, for example variable.changed, or variable. for all of a noun.")
Project = typer.Option("", "--project", "-p", help="Only of this project.")
Environment = typer.Option("", "--environment", "-e", help="Only in this environment.")
Since = typer.Option("", "--since", help="Not before: 2026-03-02T00:00:00Z.")
Until = typer.Option("", "--until", help="Before: 2026-03-03T00:00:00Z.")


@group.command("list")
def list_events(
    context: typer.Context,
    actor: str = Actor,
    kind: str = Kind,
    project: str = Project,
    environment: str = Environment,
    since: str = Since,
    until: str = Until,
    most: int = typer.Option(100, "--limit", "-n", help="How many at most."),
) -> None:
    """The newest first."""
    at = session(context)
    wanted = _wanted(actor, kind, project, environment, since, until)
    columns = {"at": "WHEN", "actor": "WHO", "kind": "WHAT", "message": "MESSAGE", "via": "BY", "address": "FROM"}
    at.screen.table(at.client.all(f"{API}/events", most=most, **wanted), columns, empty="no event fits")


@group.command("export")
def export(
    context: typer.Context,
    to: Path | None = typer.Option(None, "--to", help="The file; by default standard output."),
    actor: str = Actor,
    kind: str = Kind,
    project: str = Project,
    environment: str = Environment,
    since: str = Since,
    until: str = Until,
) -> None:
    """Every event that fits, the oldest first, as a JSON object on each line."""
    at = session(context)
    wanted = _wanted(actor, kind, project, environment, since, until)
    stream = to.open("wb") if to else typer.get_binary_stream("stdout")
    for part in at.client.chunks(f"{API}/events/export", **wanted):
        stream.write(part)
    stream.flush()
    if to:
        stream.close()
        at.screen.say(f"the audit is in {to}")


@group.command("verify")
def verify(
    context: typer.Context,
    expected: str = typer.Option("", "--expect", help="NUMBER:HASH of an event, as an earlier `audit verify` told it."),
) -> None:
    """Prove that every event is as it was written and none is missing; exit code 1 where not."""
    at = session(context)
    number, _, hash = expected.partition(":")
    if expected and not (number.isdigit() and hash):
        raise typer.BadParameter("must be NUMBER:HASH", param_hint="--expect")
    found = at.client.get(f"{API}/events/verification", sequence=number, expected=hash)
    if found["whole"]:
        at.screen.result(found, f"all {found['count']} events are as they were written; the last is {_last(found)}")
        return
    if at.screen.as_json:
        at.screen.result(found)
    for fault in found["faults"]:
        at.screen.fail(f"event {fault['sequence']} {fault['event']}: {fault['reason']}", code="audit.broken")
    raise typer.Exit(1)


def _last(found: dict[str, object]) -> str:
    return f"{found['sequence']}:{found['hash']}"


def _wanted(actor: str, kind: str, project: str, environment: str, since: str, until: str) -> dict[str, object]:
    return {
        "actor": actor,
        "kind": kind,
        "project": project,
        "environment": environment,
        "since": since,
        "until": until,
    }
