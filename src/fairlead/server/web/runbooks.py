"""Runbooks of a project: what each does, its last runs, and the forms that change, publish and run one."""

from __future__ import annotations

from collections.abc import Sequence
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
from fairlead.server.web.choosing import choice_of
from fairlead.server.web.lists import Searched
from fairlead.server.web.visit import Form, Posted, Visiting, Visitor
from fairlead.server.web.whom import Tags, Whose, in_words, tags_in, tenancy_of, ticked_of
from fairlead.usecases import environments, projects, prompting, runbook_runs, runbooks, tenanted, tenants

router = page_router()
PROMPT = "prompt."
Places = Annotated[tuple[str, ...], Query(max_length=200)]
MOST_ASKED = 200
"""Runs whose questions are looked up for one page; what only a later one asks for is told where it is refused."""
MOST_SAID = 10
"""Runs of which a message says what became; the page lists all."""


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
def ask(
    visitor: Visiting, project: str, name: str, environment: Places = (), tenant: Whose = (), tenant_tags: Tags = ""
) -> Response:
    """What a run there (for the tenants) asks for, and how it may differ from what the process says."""
    context, actor = visitor.context, visitor.actor
    owner = projects.get(context, actor, project)
    found = runbooks.get(context, actor, owner.name, name)
    known = [place for place in environments.all_of(context, actor) if _may_run(found, place.name)]
    chosen = [place for place in environment if place] or [place.name for place in known[:1]]
    is_tenanted = (found.runbook.tenancy or owner.tenancy) is not Tenancy.UNTENANTED
    names = [one for one in tenant if one]
    meant = _meant(visitor, owner.name, chosen, names, tags_in(tenant_tags))
    values = {
        "project": owner,
        "view": found,
        "environments": known,
        "chosen": chosen,
        "ticked": names,
        "tenant_tags": tenant_tags,
        "whom": in_words(name for _, name in meant),
        "tenants": tenants.names(context, actor, project=owner.name) if is_tenanted else (),
        "questions": _questions(visitor, owner.name, found, meant),
        "choice": NO_CHOICE,
    }
    return visitor.page("runbook_run.html", values)


@router.post("/projects/{project}/runbooks/{name}/run")
def run(form: Posted, project: str, name: str) -> Response:
    """Run what is published; where it asks for something, there is a page for the answers. For several tenants what is
    refused for one does not hold up the others."""
    visitor = form.visitor
    places = form.lists.get("environment", ())
    names, tags = ticked_of(form), form.listed("tenant_tags")
    back = f"/projects/{quote(project)}/runbooks/{quote(name)}/run?{_asked(form, places, names)}"
    refused: tuple[tenanted.RefusedRun, ...] = ()
    try:
        wish = _wish(form)
        if tags or len(names) > 1:
            each = tenanted.run_each(
                visitor.context, visitor.actor, project, name, places, names=names, tags=tags, wish=wish
            )
            made, refused = each.made, each.refused
        else:
            alone = names[0] if names else ""
            made = tuple(
                runbook_runs.run_in_all(visitor.context, visitor.actor, project, name, places, tenant=alone, wish=wish)
            )
    except NotAllowed:
        raise
    except FairleadError as error:
        return form.refused(back, error)
    said = [f"{one.runbook} in {one.environment}{f' for {one.tenant}' if one.tenant else ''} is queued" for one in made]
    if refused:
        no = [f"not in {one.environment} for {one.tenant}: {one.error}" for one in refused]
        return form.wrong(back if not made else f"/projects/{quote(project)}/runbooks", _brief([*said, *no]))
    to = f"/tasks/{made[0].run.task}" if len(made) == 1 else f"/projects/{quote(project)}/runbooks"
    return form.done(to, f"{_brief(said)}.")


def _asked(form: Form, places: Sequence[str], names: Sequence[str]) -> str:
    """What the page was asked for, to go back to it."""
    tags = form.text("tenant_tags").strip()
    pairs = [("environment", one) for one in places] + [("tenant", one) for one in names]
    return urlencode([*pairs, *([("tenant_tags", tags)] if tags else [])])


def _wish(form: Form) -> runbook_runs.Wish:
    prompted = {
        key.removeprefix(PROMPT): value for key, value in form.fields.items() if key.startswith(PROMPT) and value
    }
    return runbook_runs.Wish(prompted, choice_of(form), form.text("override_freeze").strip())


def _brief(said: Sequence[str]) -> str:
    more = f"; and {len(said) - MOST_SAID} more" if len(said) > MOST_SAID else ""
    return "; ".join(said[:MOST_SAID]) + more


def _may_run(found: runbooks.RunbookView, place: str) -> bool:
    return not found.environments or place in found.environments


def _meant(
    visitor: Visitor, project: str, places: Sequence[str], names: Sequence[str], tags: Sequence[str]
) -> list[tuple[str, str]]:
    """Where, and for whom ("": for nobody in particular) it would run, each once; those that the tags mean are the
    connected ones."""
    pairs = [(place, name) for place in places for name in names]
    if tags:
        tagged = tenants.page(visitor.context, visitor.actor, tags=tags, limit=MOST_ASKED).items
        pairs += [
            (place, one.tenant.name) for place in places for one in tagged if place in one.connections.get(project, ())
        ]
    elif not names:
        pairs = [(place, "") for place in places]
    return list(dict.fromkeys(pairs))


def _questions(
    visitor: Visitor, project: str, found: runbooks.RunbookView, meant: Sequence[tuple[str, str]]
) -> list[prompting.Question]:
    """Those of all the runs, each once."""
    asked: dict[str, prompting.Question] = {}
    for place, tenant in meant[:MOST_ASKED]:
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
