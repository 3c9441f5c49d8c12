"""The audit: who did what, and the proof that nobody changed it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import typer

from fairlead.cli.screen import Screen
from fairlead.cli.session import API, session
from fairlead.domain.errors import Invalid
from fairlead.domain.event import Event, fault_of
from fairlead.formats.audit_lines import events_of

MOST_FAULTS = 100

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
    most: int = typer.Option(100, "--limit", "-n", min=1, help="How many at most."),
) -> None:
    """List the audit's events, the newest first."""
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
    """Export every event that fits, the oldest first, as one JSON object a line."""
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
    expected: str | None = typer.Option(
        None, "--expect", help="NUMBER:HASH of an event, as an earlier `audit verify` told it."
    ),
    file: list[Path] = typer.Option([], help="Look at exported or archived files instead, in this order; no server."),
) -> None:
    """Prove that every event is as it was written and that none is missing; exit code 1 if not."""
    at = session(context)
    number, _, hash = (expected or "").partition(":")
    if expected is not None and not (number.isdecimal() and hash):
        raise typer.BadParameter("must be NUMBER:HASH", param_hint="--expect")
    if file:
        if expected is not None:
            raise typer.BadParameter("is asked of the server, not of files", param_hint="--expect")
        _verify_files(at.screen, file)
        return
    found = at.client.get(f"{API}/events/verification", sequence=number, expected=hash)
    if found["whole"]:
        before = f", {found['archived']} before them are archived" if found["archived"] else ""
        said = f"all {found['count']} events are as they were written{before}; the last is {_last(found)}"
        at.screen.result(found, said)
        return
    if at.screen.as_json:
        at.screen.result(found)
    for fault in found["faults"]:
        at.screen.fail(f"{_event(fault['sequence'], fault['event'])}: {fault['reason']}", code="audit.broken")
    raise typer.Exit(1)


def _event(number: int, id: str) -> str:
    """What is not there has no id."""
    return f"event {number} {id}".rstrip()


def _verify_files(screen: Screen, files: list[Path]) -> None:
    first: Event | None = None
    before: Event | None = None
    count, broken = 0, 0
    for event in _events_of(files):
        if first is None:
            first, before = event, replace(event, sequence=event.sequence - 1, hash=event.previous)
        fault = fault_of(event, before)
        if fault is not None:
            broken += 1
            if broken <= MOST_FAULTS:
                screen.fail(f"{_event(fault.sequence, fault.event)}: {fault.reason}", code="audit.broken")
        count, before = count + 1, event
    if broken:
        raise typer.Exit(1)
    if first is None or before is None:
        screen.say("the files hold no event")
        return
    behind = f"; they follow from {first.sequence - 1}:{first.previous}" if first.sequence > 1 else ""
    told = {"count": count, "first": first.sequence, "previous": first.previous, "sequence": before.sequence}
    said = f"all {count} events are as they were written{behind}; the last is {before.sequence}:{before.hash}"
    screen.result({**told, "hash": before.hash}, said)


def _events_of(files: list[Path]) -> Iterator[Event]:
    for path in files:
        try:
            with path.open("rb") as lines:
                yield from events_of(lines, str(path))
        except OSError as error:
            raise Invalid("input.invalid", f"{path} cannot be read: {error.strerror}", thing="--file") from error


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
