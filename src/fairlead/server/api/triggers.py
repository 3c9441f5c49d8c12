"""Triggers of a project, and the record of each time that one was looked at."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header, Response
from pydantic import Field

from fairlead.domain.trigger import DEFAULT_POLL_S, MOST_TENANTS, Evaluation, TargetEvent, TriggerAction, TriggerKind
from fairlead.server.api import answers, shapes
from fairlead.server.api.answers import triggers as told
from fairlead.server.api.bodies import Body
from fairlead.server.api.doors import After, Asked, Asking, Books, Limit, Parts, revision_of, tag
from fairlead.server.api.why import reason
from fairlead.server.routing import api_router
from fairlead.usecases import image_looks, triggers

router = api_router("triggers")


class TriggerBody(Body):
    kind: TriggerKind = Field(TriggerKind.SCHEDULE, description="what makes it fire")
    cron: str = Field(
        "", max_length=500, description="of a schedule: five fields as Debian's cron, or six or seven as Quartz"
    )
    zone: str = Field("UTC", max_length=60)
    action: TriggerAction | None = Field(None, description="null: what its kind does first of all")
    source: str = Field("", max_length=80, description='the latest that is live there; "": the latest made')
    destination: str = Field("", max_length=80)
    channel: str = Field("", max_length=100)
    force: bool = False
    is_enabled: bool = True
    runbook: str = Field("", max_length=100, description="of the action run-runbook")
    watches: list[str] = Field(
        default_factory=list, max_length=50, description="packages, or images without tag; none: the latest release's"
    )
    poll_s: int = Field(DEFAULT_POLL_S, description="how often a registry is asked, of the kind image")
    environments: list[str] = Field(
        default_factory=list, max_length=100, description="of targets (none: all), or where the runbook runs, in each"
    )
    tags: list[str] = Field(default_factory=list, max_length=50, description="of targets: one of these; none: any")
    events: list[TargetEvent] = Field(default_factory=list, max_length=3, description="of targets; none: all")
    tenants: list[str] = Field(
        default_factory=list, max_length=MOST_TENANTS, description="for each of these; none, and no tags: for nobody"
    )
    tenant_tags: list[str] = Field(
        default_factory=list, max_length=100, description="Set/Tag: for each tenant there that has them"
    )


@router.get("/projects/{project}/triggers")
def list_triggers(context: Books, actor: Asking, project: str, asked: Asked) -> answers.Page[told.Trigger]:
    """The project's triggers, by name."""
    part = triggers.page(context, actor, project, search=asked.search, after=asked.after, limit=asked.limit)
    return shapes.page(part, trigger)


@router.get("/projects/{project}/triggers/{trigger_name}")
def get_trigger(context: Books, actor: Asking, project: str, trigger_name: str, response: Response) -> told.Trigger:
    """One trigger, with its last evaluation."""
    return _tagged(response, triggers.get(context, actor, project, trigger_name))


@router.put("/projects/{project}/triggers/{trigger_name}")
def put_trigger(
    context: Books,
    actor: Asking,
    project: str,
    trigger_name: str,
    body: TriggerBody,
    response: Response,
    if_match: Annotated[str | None, Header(description='the revision that was read: "3"')] = None,
) -> told.Trigger:
    """Make the trigger, or replace it; with If-Match only if nobody has changed it since."""
    fields = body.model_dump(exclude={"force"})
    draft = triggers.Draft(trigger_name, is_forced=body.force, **fields)
    return _tagged(response, triggers.put(context, actor, project, draft, revision=revision_of(if_match)))


@router.delete("/projects/{project}/triggers/{trigger_name}", status_code=204)
def remove_trigger(context: Books, actor: Asking, project: str, trigger_name: str) -> Response:
    """Remove the trigger, with its record."""
    triggers.remove(context, actor, project, trigger_name)
    return Response(status_code=204)


@router.post("/projects/{project}/triggers/{trigger_name}/evaluate")
async def evaluate_trigger(
    context: Books, server: Parts, actor: Asking, project: str, trigger_name: str
) -> told.Evaluation:
    """Let the trigger act now, whatever its schedule: with the newest package, or with what the registry has."""
    return evaluation(await image_looks.evaluate(context, actor, server.registries, project, trigger_name))


@router.get("/projects/{project}/triggers/{trigger_name}/evaluations")
def list_evaluations(
    context: Books,
    actor: Asking,
    project: str,
    trigger_name: str,
    has_fired: bool | None = None,
    after: After = None,
    limit: Limit = 50,
) -> answers.Page[told.Evaluation]:
    """Each time that the trigger was evaluated, and why it did or did not act; the newest first."""
    return shapes.page(
        triggers.evaluated(context, actor, project, trigger_name, has_fired=has_fired, after=after, limit=limit),
        evaluation,
    )


@router.get("/why/triggers/{project}/{trigger_name}")
def why_trigger(context: Books, actor: Asking, project: str, trigger_name: str) -> answers.Reason:
    """Why the trigger acted, or did not."""
    return reason(triggers.why(context, actor, project, trigger_name))


def trigger(one: triggers.TriggerView) -> told.Trigger:
    """As the API tells it."""
    held = one.trigger
    return {
        "id": held.id,
        "project": one.project,
        "name": held.name,
        "kind": held.kind,
        "when": held.when,
        "cron": held.cron,
        "zone": held.zone,
        "action": held.action,
        "source": one.source,
        "destination": one.destination,
        "channel": one.channel,
        "force": held.is_forced,
        "is_enabled": held.is_enabled,
        "runbook": one.runbook,
        "watches": list(held.watches),
        "poll_s": held.poll_s,
        "environments": list(one.environments),
        "tags": list(held.tags),
        "events": list(held.events),
        "tenants": list(one.tenants),
        "tenant_tags": list(held.tenant_tags),
        "hidden_tenants": one.hidden_tenants,
        "next_at": held.next_at.isoformat() if held.next_at else None,
        "next_there": held.next_there,
        "last": evaluation(one.last) if one.last else None,
        "created_at": held.created_at.isoformat(),
        "created_by": held.created_by,
        "revision": held.revision,
    }


def evaluation(one: Evaluation) -> told.Evaluation:
    """As the API tells it."""
    return {
        "id": one.id,
        "at": one.at.isoformat(),
        "due_at": one.due_at.isoformat() if one.due_at else None,
        "event": one.event,
        "environment": one.environment,
        "has_fired": one.has_fired,
        "reason": one.reason,
        "code": one.code,
        "hint": one.hint,
        "deployment": one.deployment,
        "run": one.run,
        "release": one.release,
        "task": one.task,
        "tenants": [
            {
                "tenant": each.name,
                "has_fired": each.has_fired,
                "reason": each.reason,
                "code": each.code,
                "hint": each.hint,
                "deployment": each.deployment,
                "task": each.task,
            }
            for each in one.tenants
        ],
    }


def _tagged(response: Response, one: triggers.TriggerView) -> told.Trigger:
    tag(response, one.trigger.revision)
    return trigger(one)
