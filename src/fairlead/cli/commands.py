"""A command in a container of the live release: its output streamed, its exit code passed on."""

from __future__ import annotations

from typing import Any

import typer

from fairlead.cli.session import API, PROJECT_HELP, TENANT_HELP, Session, session

WORDS_HELP = "The command and its words, after --; no shell looks at them."
WHERE_HELP = "Where; by default the last of the lifecycle."
TIMEOUT_HELP = "Seconds that it may take."


def run(
    context: typer.Context,
    service: str = typer.Argument(..., help="The service, as the project file names it."),
    command: list[str] = typer.Argument(..., help=WORDS_HELP),
    environment: str = typer.Option("", "--environment", "-e", help=WHERE_HELP),
    timeout: float = typer.Option(3600, help=TIMEOUT_HELP),
    tenant: str = typer.Option("", "--tenant", help=TENANT_HELP),
    project: str = typer.Option("", "--project", "-p", help=PROJECT_HELP),
) -> None:
    """Run a command in a container of its own: the live release's image, configuration and networks, no route."""
    at = session(context)
    _ask(at, project, environment, f"{service}/run", {"command": command, "timeout_s": timeout, "tenant": tenant})


def execute(
    context: typer.Context,
    service: str = typer.Argument(..., help="The service, as the project file names it; an accessory, too."),
    command: list[str] = typer.Argument(..., help=WORDS_HELP),
    instance: int = typer.Option(0, help="Which replica, from 1; by default the first that runs."),
    environment: str = typer.Option("", "--environment", "-e", help=WHERE_HELP),
    timeout: float = typer.Option(3600, help=TIMEOUT_HELP),
    tenant: str = typer.Option("", "--tenant", help=TENANT_HELP),
    project: str = typer.Option("", "--project", "-p", help=PROJECT_HELP),
) -> None:
    """Run a command in a running instance."""
    at = session(context)
    body = {"command": command, "timeout_s": timeout, "instance": instance, "tenant": tenant}
    _ask(at, project, environment, f"{service}/exec", body)


def _ask(at: Session, project: str, environment: str, what: str, body: dict[str, Any]) -> None:
    name = at.project(project)
    place = environment or at.last_environment()
    task = at.client.post(f"{API}/projects/{name}/environments/{place}/services/{what}", body)
    at.screen.say(f"{place}: task {task['id']}")
    for line in at.client.follow(f"{API}/tasks/{task['id']}/log/follow"):
        if line.get("target") in ("stdout", "stderr"):
            typer.echo(line["text"], err=line["target"] == "stderr")
    ended = at.client.get(f"{API}/tasks/{task['id']}")
    exit_code = ended["facts"].get("ended", {}).get("exit_code")
    raise typer.Exit(at.told(ended) if exit_code is None else exit_code)


def add_to(app: typer.Typer) -> None:
    """The commands without a group."""
    app.command("run")(run)
    app.command("exec")(execute)
