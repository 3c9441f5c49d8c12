"""Deploying a release: which, where and for whom, and what it would do, before it does it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import Query
from starlette.responses import Response

from fairlead.domain.deployment import DeploymentState
from fairlead.domain.environment import Environment
from fairlead.domain.errors import FairleadError, Invalid, NotAllowed, NotFound
from fairlead.domain.process import NO_CHOICE, ProcessChoice
from fairlead.domain.prompt import Control
from fairlead.server.routing import page_router
from fairlead.server.web.choosing import choice_of
from fairlead.server.web.gates import moment_of
from fairlead.server.web.plans import NO_PLAN, shown
from fairlead.server.web.visit import Form, Posted, Visiting, Visitor
from fairlead.server.web.whom import Tags, Whose, in_words, tags_in, ticked_of
from fairlead.steps.words import counted
from fairlead.usecases import (
    deployments,
    environments,
    foreseeing,
    projects,
    prompting,
    releases,
    tenanted,
    tenants,
)
from fairlead.usecases.foreseeing import Preview

router = page_router()

Text = Annotated[str, Query(max_length=128)]
OFFERED = 30
PROMPT = "prompt."
"""What the fields of answers begin with; the variable's name follows."""
PLAN = "plan."
"""What the fields with the hashes of shown plans begin with, where there are several; the tenant's name follows."""
MOST_PLANNED = 10
"""Tenants whose plans are shown: each is a look at the engine and the proxy."""
MOST_ASKED = 200
"""Tenants whose questions are looked up for one page; what only a later one asks for is told where it is refused."""
GIVEN = ("force", "at", "not_after", "override_freeze", "keep_failed")
"""Fields that say when and how, and are no part of the plan."""
MOST_SAID = 10
"""Refusals that a message tells."""
NOBODY = ("",)


@dataclass(frozen=True, slots=True)
class _Whom:
    """For whom: `ticked` by name, and those that `tags` mean; `meant` are both, each once, "" for nobody in particular;
    empty where `trouble` says why not."""

    ticked: tuple[str, ...]
    tags: str
    meant: tuple[str, ...] = NOBODY
    trouble: str = ""

    @property
    def is_several(self) -> bool:
        """Whether there would be more than one deployment."""
        return len(self.meant) > 1

    @property
    def words(self) -> str:
        """ "" for nobody in particular."""
        return in_words(self.meant)


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What the form of a deployment answers and chooses, beside what goes where. `prompted` None: nothing is said."""

    prompted: Mapping[str, str] | None = None
    accessories: tuple[str, ...] = ()
    choice: ProcessChoice = NO_CHOICE

    @property
    def is_anything(self) -> bool:
        """Whether it differs from what the page's first plan goes by."""
        return bool(self.prompted or self.accessories or self.choice != NO_CHOICE)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the page is about. `asked` are the questions of each of those that are meant."""

    project: str
    version: str
    environment: str
    whom: _Whom
    chosen: _Chosen = _Chosen()
    asked: Mapping[str, Sequence[prompting.Question]] = field(default_factory=dict)

    @property
    def where(self) -> tuple[str, str, str]:
        """What goes where."""
        return self.project, self.version, self.environment

    def looks(self) -> list[dict[str, Any]]:
        """What each plan goes by, of as many as are shown; empty where nothing is to be said."""
        if not self.version or not self.environment:
            return []
        given = self.chosen.prompted
        own = prompting.own_answers(self.asked, given) if given and self.whom.is_several else {}
        return [
            {
                "recreate_accessories": self.chosen.accessories,
                "choice": self.chosen.choice,
                "tenant": name,
                "prompted": own.get(name, given),
            }
            for name in self.whom.meant[:MOST_PLANNED]
        ]


@router.get("/projects/{project}/deploy")
async def choose(
    visitor: Visiting,
    project: str,
    version: Text = "",
    environment: Text = "",
    tenant: Whose = (),
    tenant_tags: Tags = "",
) -> Response:
    """The form, and below it the plan of what was chosen; for several tenants that of each."""
    whom = _Whom(tuple(name for name in tenant if name), tenant_tags)
    values, wanted = await asyncio.to_thread(_offers, visitor, project, version, environment, whom)
    place = (visitor.context, visitor.actor, visitor.server.outside, *wanted.where)
    return await _page(visitor, values, wanted, [foreseeing.preview(*place, **one) for one in wanted.looks()])


@router.post("/projects/{project}/deploy/plan")
async def plan(form: Posted, project: str) -> Response:
    """The same page, its plans made with what the form answers and chooses; nothing is changed. Answers come by POST:
    they may be secret."""
    visitor, chosen = form.visitor, _chosen(form)
    whom = _Whom(ticked_of(form), form.text("tenant_tags"))
    offers = await asyncio.to_thread(_offers, visitor, project, form.text("version"), form.text("environment"), whom)
    wanted = replace(offers[1], chosen=chosen)
    asked = with_answers(offers[0]["questions"], chosen.prompted)
    values = {**offers[0], "questions": asked, "chosen": chosen, "is_planned": True, "given": _given(form)}
    place = (visitor.context, visitor.actor, visitor.server.outside, *wanted.where)
    return await _page(visitor, values, wanted, [foreseeing.preview(*place, **one) for one in wanted.looks()])


@router.post("/projects/{project}/deploy")
def deploy(form: Posted, project: str) -> Response:
    """Deploy it: queued, or waiting for an approval. A plan that was made with the form's answers binds; the page's
    first one only where nothing is answered or chosen. For several tenants what is refused for one does not hold up
    the others."""
    visitor, wanted = form.visitor, _chosen(form)
    version, environment = form.text("version"), form.text("environment")
    names, tags = ticked_of(form), form.listed("tenant_tags")
    is_shown = form.is_ticked("planned") or not wanted.is_anything
    keep_failed_s = 60.0 * (form.number("keep_failed") or 0)
    try:
        for_each: dict[str, Any] = {
            "is_forced": form.is_ticked("force"),
            "choice": wanted.choice,
            "prompted": wanted.prompted,
            "not_before": moment_of(form, "at", "UTC"),
            "not_after": moment_of(form, "not_after", "UTC"),
            "override_freeze": form.text("override_freeze"),
        }
        if not tags and len(names) < 2:
            made = deployments.create(
                visitor.context,
                visitor.actor,
                project,
                version,
                environment,
                recreate_accessories=wanted.accessories,
                keep_failed_s=keep_failed_s,
                plan_hash=form.text("plan_hash") if is_shown else "",
                tenant="".join(names),
                **for_each,
            )
            text, to = asked_words(made)
            return form.done(to, text)
        if wanted.accessories or keep_failed_s:
            raise Invalid("input.invalid", "accessories, and what is kept where it fails, are for one tenant at a time")
        plans = {key.removeprefix(PLAN): text for key, text in form.fields.items() if key.startswith(PLAN)}
        each = tenanted.create_each(
            visitor.context,
            visitor.actor,
            project,
            version,
            environment,
            names=names,
            tags=tags,
            plans=plans if is_shown else {},
            **for_each,
        )
    except NotAllowed:
        raise
    except FairleadError as error:
        return form.refused(_address(form, project, names), error)
    return _became(form, project, each, names)


def _became(form: Form, project: str, each: tenanted.Asked, names: Sequence[str]) -> Response:
    """What became of it for each tenant."""
    made, refused = each.made, each.refused
    listed = {"version": form.text("version"), "environment": form.text("environment")}
    to = f"/projects/{quote(project)}/deployments?{urlencode(listed)}"
    if not refused and len(made) == 1:
        text, to = asked_words(made[0])
        return form.done(to, text)
    begun = f"{listed['version']} to {listed['environment']} was asked for, for {counted(len(made), 'tenant')}."
    if not refused:
        return form.done(to, begun)
    no = [f"Not for {one.tenant}: {one.error}" for one in refused[:MOST_SAID]]
    more = [f"And not for {counted(len(refused) - MOST_SAID, 'tenant')} more."] if len(refused) > MOST_SAID else []
    back = to if made else _address(form, project, names)
    return form.wrong(back, "\n".join([*([begun] if made else []), *no, *more]))


def _address(form: Form, project: str, names: Sequence[str]) -> str:
    """The page, as it was asked for."""
    tags = form.text("tenant_tags").strip()
    pairs = [("version", form.text("version")), ("environment", form.text("environment"))]
    pairs += [("tenant", name) for name in names] + ([("tenant_tags", tags)] if tags else [])
    return f"/projects/{quote(project)}/deploy?{urlencode(pairs)}"


def asked_words(made: deployments.DeploymentView) -> tuple[str, str]:
    """What is said of a deployment that was asked for, and its page."""
    what = f"{made.project} {made.version} to {made.where}"
    one = made.deployment
    begins = f"{what} begins at {one.not_before}." if one.state is DeploymentState.SCHEDULED else f"{what} is queued."
    waits = one.state is DeploymentState.WAITING
    return (f"{what} waits for an approval." if waits else begins, f"/deployments/{made.deployment.id}")


def _chosen(form: Form) -> _Chosen:
    named = {name.removeprefix(PROMPT): _text(value) for name, value in form.fields.items() if name.startswith(PROMPT)}
    accessories = form.text("accessories").replace(",", " ").split()
    return _Chosen(named, tuple(accessories), choice_of(form))


def _given(form: Form) -> dict[str, str]:
    """What the form said of it stands there again beside the plan."""
    return {name: form.text(name) for name in GIVEN}


def _text(value: str) -> str:
    return value.replace("\r\n", "\n")


async def _page(
    visitor: Visitor, values: Mapping[str, Any], wanted: _Wanted, looks: Sequence[Awaitable[Preview]]
) -> Response:
    """The form, and the plan; of several tenants that of each that was looked at."""
    whom = wanted.whom
    plans = await asyncio.gather(*(shown(look) for look in looks))
    found: Mapping[str, Any] = {**NO_PLAN, "trouble": whom.trouble, "each": (), "unplanned": 0}
    if plans and whom.is_several:
        each = [{"tenant": name, **its} for name, its in zip(whom.meant, plans, strict=False)]
        found = {**NO_PLAN, "each": each, "unplanned": len(whom.meant) - len(each)}
    elif plans:
        found = {**found, **plans[0]}
    return await asyncio.to_thread(visitor.page, "deploy.html", {**values, **found})


def _offers(
    visitor: Visitor, project: str, version: str, environment: str, whom: _Whom
) -> tuple[dict[str, Any], _Wanted]:
    context, actor = visitor.context, visitor.actor
    owner = projects.get(context, actor, project)
    recent = releases.page(context, actor, owner.name, limit=OFFERED).items
    offered = [one.release for one in recent if one.is_deployable]
    known = environments.all_of(context, actor)
    chosen = version or (offered[0].version if offered else "")
    live_in = next((one.live_in for one in recent if one.release.version == chosen), ())
    place = environment or _next(known, live_in)
    found = _meant(visitor, owner.name, place, whom) if place else whom
    asked = {name: _questions(visitor, owner.name, chosen, place, name) for name in found.meant[:MOST_ASKED]}
    once = {one.variable.id: one for its in asked.values() for one in its}
    values = {
        "project": owner,
        "offered": offered,
        "questions": tuple(once.values()),
        "environments": known,
        "version": chosen,
        "environment": place,
        "whom": found,
        "tenants": tenants.names(context, actor, project=owner.name) if owner.tenancy != "untenanted" else (),
        "chosen": _Chosen(),
        "is_planned": False,
        "given": dict.fromkeys(GIVEN, ""),
    }
    return values, _Wanted(owner.name, chosen, place, found, asked=asked)


def _next(places: Sequence[Environment], live_in: Sequence[str]) -> str:
    """The first environment where it is not live yet; where it is live in all, the first."""
    names = [one.name for one in places]
    return next((name for name in names if name not in live_in), names[0] if names else "")


def _meant(visitor: Visitor, project: str, environment: str, whom: _Whom) -> _Whom:
    tags = tags_in(whom.tags)
    if not whom.ticked and not tags:
        return whom
    try:
        found = tenanted.meant(visitor.context, visitor.actor, project, environment, names=whom.ticked, tags=tags)
    except NotAllowed:
        raise
    except FairleadError as error:
        return replace(whom, meant=(), trouble=str(error))
    return replace(whom, meant=found)


def _questions(
    visitor: Visitor, project: str, version: str, environment: str, tenant: str
) -> tuple[prompting.Question, ...]:
    """What it would ask for; nothing where the plan below says that it cannot be."""
    if not version or not environment:
        return ()
    try:
        return prompting.of_release(visitor.context, visitor.actor, project, version, environment, tenant=tenant)
    except NotFound:
        return ()


def with_answers(
    asked: Sequence[prompting.Question], prompted: Mapping[str, str] | None
) -> tuple[prompting.Question, ...]:
    """The questions as they were answered; a secret is shown to nobody, and has to be given again."""
    given = prompted or {}
    return tuple(
        one
        if one.prompt.control is Control.SENSITIVE or one.variable.name not in given
        else replace(one, variable=replace(one.variable, value=given[one.variable.name]))
        for one in asked
    )
