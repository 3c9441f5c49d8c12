"""A command in a container of the live release: its output streamed, its exit code passed on."""

from __future__ import annotations

import base64
import sys
from typing import Any

import typer

from fairlead.cli.session import API, ProjectName, Session, TenantName, segment, session
from fairlead.domain.errors import TimedOut, TooLarge

WORDS_HELP = "The command and its words, after --; no shell looks at them."
WHERE_HELP = "Where; by default the last of the lifecycle."
STDIN_HELP = "Pass standard input to it, up to its end; 3 MiB at most."
LARGEST_INPUT_BYTES = 3 * 1024 * 1024
TIMEOUT_HELP = "Seconds that it may take; exit code 124 if it takes longer."


def run(
    context: typer.Context,
    service: str = typer.Argument(..., help="The service, as the project file names it."),
    command: list[str] = typer.Argument(..., help=WORDS_HELP),
    environment: str = typer.Option("", "--environment", "-e", help=WHERE_HELP),
    timeout: float = typer.Option(3600, help=TIMEOUT_HELP),
    tenant: TenantName = "",
    stdin: bool = typer.Option(False, "--stdin", "-i", help=STDIN_HELP),
    project: ProjectName = "",
) -> None:
    """Run a command in a container of its own: the live release's image, configuration and networks, no route."""
    at = session(context)
    body = {"command": command, "timeout_s": timeout, "tenant": tenant, **_given(at, stdin=stdin)}
    _ask(at, project, environment, service, "run", body)


def execute(
    context: typer.Context,
    service: str = typer.Argument(..., help="The service or accessory, as the project file names it."),
    command: list[str] = typer.Argument(..., help=WORDS_HELP),
    instance: int = typer.Option(0, help="Which replica, from 1; by default the first that runs.", show_default=False),
    environment: str = typer.Option("", "--environment", "-e", help=WHERE_HELP),
    timeout: float = typer.Option(3600, help=TIMEOUT_HELP),
    tenant: TenantName = "",
    stdin: bool = typer.Option(False, "--stdin", "-i", help=STDIN_HELP),
    project: ProjectName = "",
) -> None:
    """Run a command in a running instance."""
    at = session(context)
    body = {"command": command, "timeout_s": timeout, "instance": instance, "tenant": tenant}
    body |= _given(at, stdin=stdin)
    _ask(at, project, environment, service, "exec", body)


def _given(at: Session, *, stdin: bool) -> dict[str, Any]:
    """What comes on our own standard input, up to its end; the command starts then."""
    if not stdin:
        return {}
    content = sys.stdin.buffer.read(LARGEST_INPUT_BYTES + 1)
    if len(content) > LARGEST_INPUT_BYTES:
        hint = "put larger things where the command can fetch them: a volume, an object store"
        raise TooLarge("input.too_large", f"more than {LARGEST_INPUT_BYTES:,} bytes came", thing="stdin", hint=hint)
    at.screen.say(f"{len(content):,} bytes go to its standard input")
    return {"stdin": base64.b64encode(content).decode()}


def _ask(at: Session, project: str, environment: str, service: str, verb: str, body: dict[str, Any]) -> None:
    name = at.project(project)
    place = environment or at.last_environment()
    where = f"{API}/projects/{segment(name)}/environments/{segment(place)}"
    task = at.client.post(f"{where}/services/{segment(service)}/{verb}", body)
    at.screen.say(f"{place}: task {task['id']}")
    for line in at.client.follow(f"{API}/tasks/{segment(task['id'])}/log/follow"):
        if line.get("target") in ("stdout", "stderr"):
            typer.echo(line["text"], err=line["target"] == "stderr")
    ended = at.client.get(f"{API}/tasks/{segment(task['id'])}")
    exit_code = ended["facts"].get("ended", {}).get("exit_code")
    if exit_code is None:
        told = at.told(ended)
        exit_code = TimedOut.exit_code if ended["code"] == "step.timed_out" else told
    raise typer.Exit(exit_code)


def add_to(app: typer.Typer) -> None:
    """The commands without a group."""
    app.command("run")(run)
    app.command("exec")(execute)
