"""Tasks: everything durable that runs, with its log."""

from __future__ import annotations

import typer

from fairlead.cli.nested import show_task
from fairlead.cli.session import API, Timeout, Wait, line_text, segment, session, steps

group = typer.Typer(
    name="tasks", help="Tasks: runs, deployments, retention; their logs and files.", no_args_is_help=True
)


@group.command("list")
def list_tasks(
    context: typer.Context,
    state: str = typer.Option("", help="queued, running, undoing, unsettled, succeeded, failed, …"),
    kind: str = typer.Option("", help="run, deployment, rollback, retention, …"),
    project: str = typer.Option("", "--project", "-p", help="Only this project's."),
    environment: str = typer.Option("", "--environment", "-e", help="Only in this environment."),
    tenant: str = typer.Option("", "--tenant", help="Only for this tenant."),
) -> None:
    """List tasks, the newest first."""
    at = session(context)
    columns = {"id": "ID", "title": "WHAT", "state": "STATE", "reason": "REASON", "created_at": "WHEN"}
    asked = {"state": state, "kind": kind, "project": project, "environment": environment, "tenant": tenant}
    rows = at.client.all(f"{API}/tasks", most=50, **asked)
    if not at.screen.as_json:
        marks = [f"marked as failed by {said[:60]}" if (said := one["marked_as_failed"]) else "" for one in rows]
        rows = [{**one, "reason": one["reason"] or mark} for one, mark in zip(rows, marks, strict=True)]
    at.screen.table(rows, columns, empty="no task fits" if any(asked.values()) else "no tasks yet")


@group.command("show")
def show(context: typer.Context, id: str = typer.Argument(..., help="The task.")) -> None:
    """Show one task: its phases, how it ended and why."""
    at = session(context)
    found = at.client.get(f"{API}/tasks/{segment(id)}")
    if at.screen.as_json:
        at.screen.result(found)
    else:
        show_task(at.screen, found)


@group.command("log")
def log(
    context: typer.Context,
    id: str = typer.Argument(..., help="The task."),
    follow: bool = typer.Option(False, "--follow", "-f", help="Until the task ends; the exit code says how it ended."),
    after: int = typer.Option(0, help="Begin after this line."),
) -> None:
    """Print the task's log."""
    at = session(context)
    if follow:
        raise typer.Exit(at.follow(id, after=after))
    while True:
        page = at.client.get(f"{API}/tasks/{segment(id)}/log", after=after, limit=1000)
        for line in page["items"]:
            if at.screen.as_json:
                at.screen.result(line)
            else:
                at.screen.out.print(line_text(line), markup=False)
        if not page["next"]:
            return
        after = int(page["next"])


@group.command("files")
def files(
    context: typer.Context,
    id: str = typer.Argument(..., help="The task."),
    get: str = typer.Option("", help="Print this one."),
) -> None:
    """List what the task left behind: test results, the last output of instances."""
    at = session(context)
    if get:
        typer.get_binary_stream("stdout").write(at.client.raw(f"{API}/tasks/{segment(id)}/artifacts/{steps(get)}"))
        return
    at.screen.table(
        at.client.all(f"{API}/tasks/{segment(id)}/artifacts"), {"name": "NAME", "kind": "KIND"}, empty="no files"
    )


@group.command("tests")
def tests(context: typer.Context, id: str = typer.Argument(..., help="The task of a run or deployment.")) -> None:
    """List every case that the task's tests reported (JUnit files in /results), the failed ones first."""
    at = session(context)
    found = at.client.get(f"{API}/tasks/{segment(id)}/tests")
    columns = {"kind": "TESTS", "name": "CASE", "outcome": "OUTCOME", "seconds": "SECONDS", "message": "MESSAGE"}
    at.screen.table(found["items"], columns, empty="these tests left no JUnit files in /results")
    for problem in found["problems"]:
        at.screen.say(f"warning: {problem}")


@group.command("resume")
def resume(
    context: typer.Context,
    id: str = typer.Argument(..., help="The task."),
    wait: Wait = False,
    timeout: Timeout = 0,
) -> None:
    """Try an unsettled task again now."""
    at = session(context)
    taken_up = at.client.post(f"{API}/tasks/{segment(id)}/resume")
    if wait:
        raise typer.Exit(at.follow(id, timeout_s=timeout))
    at.screen.result(taken_up, f"task {id} is tried again")


@group.command("retention")
def retention(
    context: typer.Context,
    wait: Wait = False,
    timeout: Timeout = 0,
    dry_run: bool = typer.Option(False, "--dry-run", help="Only say which releases would go, and why others stay."),
    packages: bool = typer.Option(False, "--packages", help="With --dry-run: packages and build information instead."),
    project: str = typer.Option("", "--project", "-p", help="With --dry-run: only this one."),
) -> None:
    """Delete now what retention lets go: releases by their lifecycles, and images that no release names. Otherwise
    every four hours."""
    at = session(context)
    if dry_run:
        columns = {
            "project": "PROJECT",
            "version": "VERSION",
            "is_kept": "STAYS",
            "reason": "WHY",
            "created_at": "MADE",
        }
        rows = [] if packages else at.client.get(f"{API}/retention", project=project)["items"]
        if packages:
            rows = at.client.get(f"{API}/retention/packages")["items"]
            columns = {"noun": "WHAT", "name": "NAME", **columns}
            del columns["project"]
        at.screen.table(rows, columns, empty="there are none")
        return
    task = at.client.post(f"{API}/retention")
    if wait:
        raise typer.Exit(at.follow(task["id"], timeout_s=timeout))
    at.screen.result(task, f"task {task['id']} queued")


def cancel(context: typer.Context, id: str = typer.Argument(..., help="The task.")) -> None:
    """Stop a task; what it did is undone, unless it is past its commit point."""
    at = session(context)
    at.screen.result(at.client.post(f"{API}/tasks/{segment(id)}/cancel"), f"task {id} is being cancelled")


def events(
    context: typer.Context,
    most: int = typer.Option(50, min=1, help="How many."),
    project: str = typer.Option("", "--project", "-p", help="Only what was done to this project."),
    kind: str = typer.Option("", help="Only this kind: approval.approved"),
) -> None:
    """Who did what, the newest first."""
    at = session(context)
    columns = {"at": "WHEN", "actor": "WHO", "kind": "WHAT", "message": "MESSAGE"}
    rows = at.client.all(f"{API}/events", most=most, project=project, kind=kind)
    at.screen.table(rows, columns, empty="no event fits")


def add_to(app: typer.Typer) -> None:
    """The commands without a group."""
    app.command("cancel")(cancel)
    app.command("events")(events)
