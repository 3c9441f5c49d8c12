"""Runbooks of a project: what each does, its last runs, and the forms that change, publish and run one."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter
from starlette.responses import Response

from fairlead.formats.process import process_text, read_process
from fairlead.server.web.visit import Posted, Visiting
from fairlead.usecases import environments, projects, runbooks

router = APIRouter()


@router.get("/projects/{project}/runbooks")
def show(visitor: Visiting, project: str) -> Response:
    """All of them, each with its draft and last runs."""
    context, actor = visitor.context, visitor.actor
    owner = projects.get(context, actor, project)
    found = runbooks.all_of(context, actor, owner.name)
    values = {
        "project": owner,
        "runbooks": found,
        "texts": {one.runbook.id: process_text(one.draft) for one in found},
        "runs": {
            one.runbook.id: runbooks.runs_of(context, actor, owner.name, one.runbook.id, limit=5).items for one in found
        },
        "environments": environments.all_of(context, actor),
    }
    return visitor.page("runbooks.html", values)


@router.post("/projects/{project}/runbooks")
def put(form: Posted, project: str) -> Response:
    """The runbook's draft is that of the form."""
    visitor = form.visitor

    def work() -> str:
        text = form.text("process").replace("\r\n", "\n")
        process = read_process("the process", text.encode()) if text.strip() else None
        places = form.lists.get("environments", ())
        draft = runbooks.Draft(form.text("name"), form.text("description"), places, process=process)
        made = runbooks.put(visitor.context, visitor.actor, project, draft)
        return f"Runbook {made.runbook.name} is set; publish it to run it."

    return form.act(f"/projects/{quote(project)}/runbooks", work)


@router.post("/projects/{project}/runbooks/{name}/publish")
def publish(form: Posted, project: str, name: str) -> Response:
    """What it is now is what runs."""
    visitor = form.visitor

    def work() -> str:
        made = runbooks.publish(visitor.context, visitor.actor, project, name)
        return f"Runbook {made.runbook.name} is published."

    return form.act(f"/projects/{quote(project)}/runbooks", work)


@router.post("/projects/{project}/runbooks/{name}/run")
def run(form: Posted, project: str, name: str) -> Response:
    """Run what is published."""
    visitor = form.visitor

    def work() -> tuple[str, str]:
        made = runbooks.run(visitor.context, visitor.actor, project, name, form.text("environment"))
        return f"{made.runbook} in {made.environment} is queued.", f"/tasks/{made.run.task}"

    return form.act(f"/projects/{quote(project)}/runbooks", work)


@router.post("/projects/{project}/runbooks/{name}/remove")
def remove(form: Posted, project: str, name: str) -> Response:
    """Gone; the tasks of its runs stay."""
    visitor = form.visitor

    def work() -> str:
        runbooks.remove(visitor.context, visitor.actor, project, name)
        return "The runbook is removed."

    return form.act(f"/projects/{quote(project)}/runbooks", work)
