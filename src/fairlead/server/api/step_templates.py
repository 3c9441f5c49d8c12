"""Step templates: actions that processes share, their versions, and taking users from one to another."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Header, Query, Response
from fastapi import Path as PathParameter
from pydantic import Field

from fairlead.domain.record import to_data
from fairlead.domain.step_template import Parameter
from fairlead.formats.step_template import ParameterModel, content_of, template_text
from fairlead.server.api import answers, shapes
from fairlead.server.api.answers import step_templates as told
from fairlead.server.api.bodies import Body
from fairlead.server.api.doors import MOST_NUMBER, After, Asking, Books, Limit, Part, Search, revision_of, tag
from fairlead.server.routing import api_router
from fairlead.usecases import step_template_users, step_templates
from fairlead.usecases.step_template_users import MovePlan, PlannedMove, Wish
from fairlead.usecases.step_templates import TemplateView

LAST = 10**10 - 1
"""No template gets as many versions."""
router = api_router("processes", "/step-templates")

Number = Annotated[int, Query(alias="number", ge=0, le=MOST_NUMBER, description="of the version; 0: the newest")]
VersionNumber = Annotated[int, PathParameter(ge=1, le=MOST_NUMBER)]


class StepTemplateBody(Body):
    kind: str = Field(max_length=40, description="which kind of action it is")
    properties: dict[str, Any] = Field(default_factory=dict, description="what the kind is told; #{…} for parameters")
    parameters: list[ParameterModel] = Field(default_factory=list, max_length=100)
    description: str | None = Field(None, max_length=10_000, description="null: as it is")


class NewUse(Body):
    version: int = Field(0, ge=0, le=MOST_NUMBER, description="which version; 0: the newest")
    users: list[str] = Field(
        default_factory=list, max_length=1000, description="PROJECT or PROJECT/RUNBOOK; none: all that you may view"
    )
    values: dict[str, str] = Field(default_factory=dict, max_length=100, description="of parameters, by name")
    hash: str | None = Field(None, max_length=64, description="of the plan that was shown: only if it is still that")


@router.get("")
def list_step_templates(
    context: Books, actor: Asking, search: Search = "", after: After = None, limit: Limit = 50
) -> answers.Page[told.StepTemplate]:
    """Step templates, by name, each with its newest version."""
    return shapes.page(step_templates.page(context, actor, search=search, after=after, limit=limit), shown)


@router.get("/{template_name}")
def get_step_template(
    context: Books, actor: Asking, template_name: str, response: Response, number: Number = 0
) -> told.StepTemplate:
    """One step template, with its newest version or the version of the given number."""
    return _tagged(response, step_templates.get(context, actor, template_name, number=number))


@router.put("/{template_name}")
def put_step_template(
    context: Books,
    actor: Asking,
    template_name: str,
    body: StepTemplateBody,
    response: Response,
    if_match: Annotated[str | None, Header(description='the revision that was read: "3"')] = None,
) -> told.StepTemplate:
    """Make a step template, or its next version; processes that use it stay with their version. With If-Match only if
    nobody has changed it since."""
    content = content_of(body.kind, body.properties, body.parameters)
    draft = step_templates.Draft(template_name, content, body.description)
    return _tagged(response, step_templates.put(context, actor, draft, revision=revision_of(if_match)))


@router.delete("/{template_name}", status_code=204)
def remove_step_template(context: Books, actor: Asking, template_name: str) -> Response:
    """Remove a step template that no process uses, with all of its versions."""
    step_templates.remove(context, actor, template_name)
    return Response(status_code=204)


@router.get("/{template_name}/versions")
def list_step_template_versions(
    context: Books, actor: Asking, template_name: str, after: After = None, limit: Limit = 50
) -> answers.Page[told.StepTemplate]:
    """The template's versions, the newest first."""
    held = step_templates.versions(context, actor, template_name)
    return shapes.cut(held, shown, Part("", after, limit), name=lambda one: f"{LAST - one.version.number:010}")


@router.delete("/{template_name}/versions/{number}", status_code=204)
def remove_step_template_version(context: Books, actor: Asking, template_name: str, number: VersionNumber) -> Response:
    """Remove a version that no process uses and that is not the newest."""
    step_templates.remove_version(context, actor, template_name, number)
    return Response(status_code=204)


@router.get("/{template_name}/users")
def list_step_template_users(
    context: Books, actor: Asking, template_name: str, number: Number = 0
) -> told.StepTemplateMoves:
    """The processes that use the template, and what it would mean for each to go to the given version."""
    return moves(step_template_users.plan(context, actor, template_name, Wish(number)))


@router.post("/{template_name}/users/plan")
def plan_step_template_move(context: Books, actor: Asking, template_name: str, body: NewUse) -> told.StepTemplateMoves:
    """What it would change to take these users to a version, up or down. Nothing is changed."""
    return moves(step_template_users.plan(context, actor, template_name, _wish(body)))


@router.post("/{template_name}/users/move")
def move_step_template_users(context: Books, actor: Asking, template_name: str, body: NewUse) -> told.StepTemplateMoves:
    """Take these users to a version from their next release on: all of them, or none."""
    made = step_template_users.apply(context, actor, template_name, _wish(body), plan_hash=body.hash)
    return moves(made)


def shown(view: TemplateView) -> told.StepTemplate:
    """As the API tells it."""
    template, version = view.template, view.version
    return {
        "id": template.id,
        "name": template.name,
        "description": template.description,
        "latest": template.latest,
        "version": version.number,
        "kind": version.content.kind,
        "properties": _plain(version.content.properties),
        "parameters": [parameter_shown(one) for one in version.content.parameters],
        "text": template_text(version.content, template.description),
        "saved_at": version.created_at.isoformat(),
        "saved_by": version.created_by,
        "created_at": template.created_at.isoformat(),
        "created_by": template.created_by,
        "revision": template.revision,
    }


def parameter_shown(one: Parameter) -> told.TemplateParameter:
    """As the API tells it."""
    return {
        "name": one.name,
        "label": one.label,
        "help": one.help,
        "type": one.type,
        "default": one.default,
        "options": list(one.options),
    }


def moves(plan: MovePlan) -> told.StepTemplateMoves:
    """As the API tells it."""
    return {
        "template": plan.template.name,
        "version": plan.version,
        "hash": plan.hash,
        "pending": bool(plan.needed),
        "users": [_move(one) for one in plan.moves],
    }


def _move(one: PlannedMove) -> told.StepTemplateMove:
    return {
        "user": one.user.owner,
        "project": one.user.project,
        "runbook": one.user.runbook,
        "action": one.user.action.name,
        "version": one.now,
        "changes": list(one.move.differences) if one.is_needed else [],
        "dropped": list(one.move.dropped) if one.is_needed else [],
        "missing": list(one.move.missing) if one.is_needed else [],
        "wrong": list(one.move.wrong) if one.is_needed else [],
        "why_not": one.why_not,
    }


def _wish(body: NewUse) -> Wish:
    return Wish(body.version, tuple(body.users), dict(body.values))


def _plain(held: object) -> dict[str, Any]:
    found = to_data(held)
    assert isinstance(found, dict)
    return dict(found)


def _tagged(response: Response, view: TemplateView) -> told.StepTemplate:
    tag(response, view.template.revision)
    return shown(view)
