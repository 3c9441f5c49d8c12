"""Runbooks of a project: what each does, its last runs, and the forms that change, publish and run one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import Query
from starlette.responses import Response

from fairlead.domain.errors import Conflict, FairleadError, NotAllowed
from fairlead.domain.process import NO_CHOICE
from fairlead.domain.project import Tenancy
from fairlead.domain.runbook import DEFAULT_KEPT_RUNS, Unbegun
from fairlead.formats.process import process_text, read_process
from fairlead.server.routing import page_router
from fairlead.server.web.choosing import choice_of
from fairlead.server.web.deploying import with_answers
from fairlead.server.web.gates import moment_of
from fairlead.server.web.lists import Searched
from fairlead.server.web.plans import NO_PLAN, outline
from fairlead.server.web.visit import Form, Posted, Visiting, Visitor
from fairlead.server.web.whom import Tags, Whose, in_words, tags_in, tenancy_of, ticked_of
from fairlead.usecases import (
    environments,
    projects,
    prompting,
    runbook_runs,
    runbooks,
    scheduled_runs,
    tenanted,
    tenants,
)

router = page_router()
PROMPT = "prompt."
GIVEN = ("at", "not_after")
"""Fields that say when, and are no part of the plan."""
Places = Annotated[tuple[str, ...], Query(max_length=200)]
MOST_ASKED = 200
"""Runs whose questions are looked up for one page; what only a later one asks for is told where it is refused."""
MOST_PLANNED = 10
"""Runs whose plans are shown."""
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
    """What a run there (for the tenants) asks for, how it may differ from what the process says, and what it would
    do."""
    found = runbooks.get(visitor.context, visitor.actor, project, name)
    names = [one for one in tenant if one]
    return visitor.page("runbook_run.html", _offers(visitor, project, found, environment, names, tenant_tags))


@router.post("/projects/{project}/runbooks/{name}/run/plan")
def plan(form: Posted, project: str, name: str) -> Response:
    """The same page, its plans made with what the form answers and chooses; nothing is changed. Answers come by POST:
    they may be secret."""
    visitor, places = form.visitor, form.lists.get("environment", ())
    found = runbooks.get(visitor.context, visitor.actor, project, name)
    values = _offers(visitor, project, found, places, ticked_of(form), form.text("tenant_tags"), wish=_wish(form))
    given = {name: form.text(name) for name in GIVEN}
    return visitor.page("runbook_run.html", {**values, "given": given})


def _offers(
    visitor: Visitor,
    project: str,
    found: runbooks.RunbookView,
    environment: Sequence[str],
    names: Sequence[str],
    tenant_tags: str,
    *,
    wish: runbook_runs.Wish | None = None,
) -> dict[str, Any]:
    """What the page shows; `wish` is what its form said, None before it was sent."""
    context, actor = visitor.context, visitor.actor
    owner = projects.get(context, actor, project)
    known = [place for place in environments.all_of(context, actor) if _may_run(found, place.name)]
    chosen = [place for place in environment if place] or [place.name for place in known[:1]]
    is_tenanted = (found.runbook.tenancy or owner.tenancy) is not Tenancy.UNTENANTED
    meant = _meant(visitor, owner.name, chosen, names, tags_in(tenant_tags))
    asked = _questions(visitor, owner.name, found, meant)
    return {
        "project": owner,
        "view": found,
        "environments": known,
        "chosen": chosen,
        "ticked": names,
        "tenant_tags": tenant_tags,
        "whom": in_words(name for _, name in meant),
        "tenants": tenants.names(context, actor, project=owner.name) if is_tenanted else (),
        "questions": with_answers(asked, wish.prompted) if wish else asked,
        "choice": wish.choice if wish else NO_CHOICE,
        "override_freeze": wish.override_freeze if wish else "",
        "given": dict.fromkeys(GIVEN, ""),
        "is_planned": wish is not None,
        "plans": _plans(visitor, owner.name, found, meant, wish),
        "unplanned": max(0, len(meant) - MOST_PLANNED),
    }


def _plans(
    visitor: Visitor,
    project: str,
    found: runbooks.RunbookView,
    meant: Sequence[tuple[str, str]],
    wish: runbook_runs.Wish | None,
) -> list[dict[str, Any]]:
    """What each run would do, or why that cannot be said; of as many as are shown."""
    if found.runbook.published is None:
        return []
    told = []
    for place, tenant in meant[:MOST_PLANNED]:
        where = (visitor.context, visitor.actor, project, found.runbook.id, place)
        words = f"{place} for {tenant}" if tenant else place
        given: dict[str, str] | None = None
        try:
            if wish is not None:
                asked = runbook_runs.questions_of(*where, tenant=tenant)
                is_only = len(meant) == 1
                given = {
                    name: text
                    for name, text in wish.prompted.items()
                    if is_only or any(one.is_called(name) for one in asked)
                }
            choice = wish.choice if wish else NO_CHOICE
            seen = runbook_runs.preview(*where, tenant=tenant, choice=choice, prompted=given)
        except FairleadError as error:
            told.append({**NO_PLAN, "where": words, "trouble": str(error), "refused": ""})
            continue
        shown = {"plan": seen.plan, "outline": outline(seen.plan), "refused": seen.refused}
        told.append({**NO_PLAN, **shown, "where": words})
    return told


@router.post("/projects/{project}/runbooks/{name}/run")
def run(form: Posted, project: str, name: str) -> Response:
    """Run what is published; where it asks for something, there is a page for the answers. A plan that was made with
    the form's answers binds; the page's first one only where nothing is answered or chosen. For several tenants what is
    refused for one does not hold up the others."""
    visitor = form.visitor
    places = form.lists.get("environment", ())
    names, tags = ticked_of(form), form.listed("tenant_tags")
    back = f"/projects/{quote(project)}/runbooks/{quote(name)}/run?{_asked(form, places, names)}"
    refused: tuple[tenanted.RefusedRun, ...] = ()
    try:
        when = moment_of(form, "at", "UTC"), moment_of(form, "not_after", "UTC")
        wish = replace(_wish(form), not_before=when[0], not_after=when[1])
        is_shown = form.is_ticked("planned") or not (wish.prompted or wish.choice != NO_CHOICE)
        if tags or len(names) > 1:
            each = tenanted.run_each(
                visitor.context, visitor.actor, project, name, places, names=names, tags=tags, wish=wish
            )
            made, refused = each.made, each.refused
        else:
            alone = names[0] if names else ""
            if is_shown and len(places) == 1:
                wish = replace(wish, plan_hash=form.text("plan_hash"))
            made = tuple(
                runbook_runs.run_in_all(visitor.context, visitor.actor, project, name, places, tenant=alone, wish=wish)
            )
    except NotAllowed:
        raise
    except FairleadError as error:
        return form.refused(back, error)
    said = [_begins(one) for one in made]
    if refused:
        no = [f"not in {one.environment} for {one.tenant}: {one.error}" for one in refused]
        return form.wrong(back if not made else f"/projects/{quote(project)}/runbooks", _brief([*said, *no]))
    task = made[0].run.task if len(made) == 1 else None
    to = f"/tasks/{task}" if task else f"/projects/{quote(project)}/runbooks"
    return form.done(to, f"{_brief(said)}.")


@router.post("/projects/{project}/runbooks/{name}/runs/{run}/cancel")
def cancel(form: Posted, project: str, name: str, run: str) -> Response:
    """A scheduled run does not begin."""
    visitor = form.visitor

    def work() -> str:
        made = scheduled_runs.cancel(visitor.context, visitor.actor, project, name, run)
        return f"Run {made.run.number} of {made.runbook} in {made.where} does not begin."

    return form.act(f"/projects/{quote(project)}/runbooks", work)


def _begins(made: runbook_runs.RunView) -> str:
    when = f"begins at {made.run.not_before}" if made.state is Unbegun.SCHEDULED else "is queued"
    return f"{made.runbook} in {made.where} {when}"


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
        pairs += [(place, name) for place in places for name in _tagged(visitor, project, place, tags)]
    elif not names:
        pairs = [(place, "") for place in places]
    return list(dict.fromkeys(pairs))


def _tagged(visitor: Visitor, project: str, place: str, tags: Sequence[str]) -> tuple[str, ...]:
    try:
        return tenanted.meant(visitor.context, visitor.actor, project, place, tags=tags)
    except Conflict:
        return ()  # nobody with the tags is connected there


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
