"""Runbooks of a project: what each does, its last runs, and the forms that change, publish and run one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import Query
from starlette.responses import Response

from fairlead.domain.errors import FairleadError, NotAllowed
from fairlead.domain.process import NO_CHOICE
from fairlead.domain.project import Tenancy
from fairlead.domain.runbook import DEFAULT_KEPT_RUNS
from fairlead.formats.process import process_text, read_process
from fairlead.server.routing import page_router
from fairlead.server.web.lists import Searched
from fairlead.server.web.visit import Posted, Visiting, Visitor
from fairlead.server.web.whom import tenancy_of
from fairlead.usecases import environments, projects, prompting, runbook_runs, runbooks, tenants

router = page_router()
PROMPT = "prompt."
Places = Annotated[tuple[str, ...], Query(max_length=200)]
Whose = Annotated[str, Query(max_length=100)]


@router.get("/projects/{project}/runbooks")
def show(visitor: Visiting, project: str, part: Searched) -> Response:
    """A part of them, by name, each with its draft and last runs."""
    context, actor = visitor.context, visitor.actor
    owner = projects.get(context, actor, project)
    found = runbooks.page(context, actor, owner.name, search=part.search, after=part.after, limit=part.limit)
    values = {
        "project": owner,
        "runbooks": found.items,
        "listed": part.shown(found.after),
        "texts": {one.runbook.id: process_text(one.draft) for one in found.items},
        "runs": runbook_runs.newest_of(context, actor, owner.name, found.items),
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
        draft = runbooks.Draft(
            form.text("name"),
            form.text("description"),
            places,
            form.number("keep") or DEFAULT_KEPT_RUNS,
            process,
            in_lifecycle=form.is_ticked("in_lifecycle"),
            tenancy=tenancy_of(form) if form.text("tenancy") else None,
        )
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


@router.get("/projects/{project}/runbooks/{name}/run")
def ask(visitor: Visiting, project: str, name: str, environment: Places = (), tenant: Whose = "") -> Response:
    """What a run there (for the tenant) asks for, and how it may differ from what the process says."""
    context, actor = visitor.context, visitor.actor
    owner = projects.get(context, actor, project)
    found = runbooks.get(context, actor, owner.name, name)
    known = [place for place in environments.all_of(context, actor) if _may_run(found, place.name)]
    chosen = [place for place in environment if place] or [place.name for place in known[:1]]
    is_tenanted = (found.runbook.tenancy or owner.tenancy) is not Tenancy.UNTENANTED
    values = {
        "project": owner,
        "view": found,
        "environments": known,
        "chosen": chosen,
        "tenant": tenant,
        "tenants": tenants.names(context, actor, project=owner.name) if is_tenanted else (),
        "questions": _questions(visitor, owner.name, found, chosen, tenant),
    }
    return visitor.page("runbook_run.html", values)


@router.post("/projects/{project}/runbooks/{name}/run")
def run(form: Posted, project: str, name: str) -> Response:
    """Run what is published; where it asks for something, there is a page for the answers."""
    visitor = form.visitor
    places, tenant = form.lists.get("environment", ()), form.text("tenant")
    asked = urlencode([*(("environment", one) for one in places), *([("tenant", tenant)] if tenant else [])])
    back = f"/projects/{quote(project)}/runbooks/{quote(name)}/run?{asked}"
    prompted = {
        key.removeprefix(PROMPT): value for key, value in form.fields.items() if key.startswith(PROMPT) and value
    }
    guided = {"yes": True, "no": False}.get(form.text("guided"))
    skip = tuple(one.strip() for one in form.text("skip").split(",") if one.strip())
    wish = runbook_runs.Wish(
        prompted, replace(NO_CHOICE, skip=skip, is_guided=guided), form.text("override_freeze").strip()
    )
    try:
        made = runbook_runs.run_in_all(visitor.context, visitor.actor, project, name, places, tenant=tenant, wish=wish)
    except NotAllowed:
        raise
    except FairleadError as error:
        return form.refused(back, error)
    said = "; ".join(
        f"{one.runbook} in {one.environment}{f' for {one.tenant}' if one.tenant else ''} is queued" for one in made
    )
    return form.done(f"/tasks/{made[0].run.task}", f"{said}.")


def _may_run(found: runbooks.RunbookView, place: str) -> bool:
    return not found.environments or place in found.environments


def _questions(
    visitor: Visitor, project: str, found: runbooks.RunbookView, places: Sequence[str], tenant: str
) -> list[prompting.Question]:
    """Those of all the places, each once."""
    asked: dict[str, prompting.Question] = {}
    for place in places:
        id = found.runbook.id
        for one in runbook_runs.questions_of(visitor.context, visitor.actor, project, id, place, tenant=tenant):
            asked.setdefault(one.variable.id, one)
    return list(asked.values())


@router.post("/projects/{project}/runbooks/{name}/remove")
def remove(form: Posted, project: str, name: str) -> Response:
    """Gone; the tasks of its runs stay."""
    visitor = form.visitor

    def work() -> str:
        runbooks.remove(visitor.context, visitor.actor, project, name)
        return "The runbook is removed."

    return form.act(f"/projects/{quote(project)}/runbooks", work)
