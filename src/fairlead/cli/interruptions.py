"""Interruptions: what waits for a person inside a deployment, and answering it."""

from __future__ import annotations

import typer

from fairlead.cli.session import API, segment, session

group = typer.Typer(name="interruptions", help="What waits for a person inside a deployment.", no_args_is_help=True)


@group.command("list")
def list_interruptions(
    context: typer.Context,
    state: str = typer.Option("waiting", help="waiting, answered, expired or cancelled; '' for all."),
    project: str = typer.Option("", "--project", "-p", help="Only of this project."),
) -> None:
    """List interruptions, the newest first."""
    at = session(context)
    rows = at.client.all(f"{API}/interruptions", most=50, state=state, project=project)
    columns = {
        "id": "ID",
        "kind": "KIND",
        "project": "PROJECT",
        "environment": "ENVIRONMENT",
        "tenant": "TENANT",
        "title": "WHAT",
        "choices": "MAY BE ANSWERED",
        "why": "WHY",
        "assigned_to": "TAKEN BY",
        "opened_at": "SINCE",
        "expires_at": "UNTIL",
    }
    if state != "waiting":
        columns |= {"state": "STATE", "answer": "ANSWER", "answered_by": "BY"}
    at.screen.table(rows, columns, empty="nothing waits for a person")


@group.command("show")
def show(context: typer.Context, id: str = typer.Argument(..., help="As the list shows it.")) -> None:
    """Show one, with its instructions."""
    at = session(context)
    at.screen.result(at.client.get(f"{API}/interruptions/{segment(id)}"))


@group.command("answer")
def answer(
    context: typer.Context,
    id: str = typer.Argument(..., help="As the list shows it."),
    choice: str = typer.Argument(..., help="proceed or abort; of a failure: fail, retry, ignore or exclude."),
    note: str = typer.Option("", "--note", "-m", help="Kept with the answer."),
    override: bool = typer.Option(
        False, "--override", help="Override the rules about teams and authors; the note has to say why."
    ),
) -> None:
    """Answer one: say how its task goes on."""
    at = session(context)
    made = at.client.post(
        f"{API}/interruptions/{segment(id)}/answer", {"choice": choice, "note": note, "override": override}
    )
    at.screen.result(made, f"{made['title']}: {made['answer']}; task {made['task']} goes on")


@group.command("take")
def take(context: typer.Context, id: str = typer.Argument(..., help="As the list shows it.")) -> None:
    """Take one: nobody else may answer it until you give it back."""
    at = session(context)
    made = at.client.post(f"{API}/interruptions/{segment(id)}/take")
    at.screen.result(made, f"{made['title']}: yours; not any more: fairlead interruptions give-back {made['id']}")


@group.command("give-back")
def give_back(context: typer.Context, id: str = typer.Argument(..., help="As the list shows it.")) -> None:
    """Give one back, for others to answer. Somebody else's: only with the environment's administration."""
    at = session(context)
    made = at.client.post(f"{API}/interruptions/{segment(id)}/give-back")
    at.screen.result(made, f"{made['title']}: whoever may answers it")
