"""Variables of projects and of library sets."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from fastapi import Depends, Header, Query, Response
from pydantic import Field

from fairlead.domain.composite import CompositeKind
from fairlead.domain.prompt import Control, Prompt
from fairlead.domain.variable import Dimension, Variable
from fairlead.server.api import answers, shapes
from fairlead.server.api.bodies import Body
from fairlead.server.api.doors import After, Asking, Books, Limit, Search, revision_of, tag
from fairlead.server.api.places import WhereAsked
from fairlead.server.routing import api_router
from fairlead.store import library_sets, projects
from fairlead.usecases import prompting, variable_preview, variables
from fairlead.usecases.context import Context
from fairlead.usecases.scopes import EntryNames, Wanted
from fairlead.usecases.variable_preview import Previewed
from fairlead.usecases.variables import InLibrary, OwnerName

router = api_router("variables")

MOST_NAMES = 500
IfMatch: TypeAlias = Annotated[str | None, Header(description='the revision that was read: "3"')]
TypeName: TypeAlias = Literal["text", "secret", "certificate", "user-password", "token", "ssh-key"]


class ScopeBody(Body):
    """By name or id: OR inside a dimension, AND between them."""

    step: list[str] = Field(default_factory=list, max_length=MOST_NAMES)
    target: list[str] = Field(default_factory=list, max_length=MOST_NAMES)
    target_tag: list[str] = Field(default_factory=list, max_length=MOST_NAMES)
    tenant: list[str] = Field(default_factory=list, max_length=MOST_NAMES)
    tenant_tag: list[str] = Field(default_factory=list, max_length=MOST_NAMES)
    environment: list[str] = Field(default_factory=list, max_length=MOST_NAMES)
    channel: list[str] = Field(default_factory=list, max_length=MOST_NAMES)
    process: list[str] = Field(default_factory=list, max_length=MOST_NAMES)


class PromptBody(Body):
    label: str = Field("", max_length=200)
    description: str = Field("", max_length=2000)
    required: bool = False
    control: Control = Control.SINGLE
    options: list[str] = Field(default_factory=list, max_length=200)


class VariableBody(Body):
    value: str = ""
    secret: bool = Field(default=False, description="the same as the type `secret`")
    type: TypeName = "text"
    environments: list[str] = Field(default_factory=list, max_length=100, description="beside those of the scope")
    scope: ScopeBody = Field(default_factory=ScopeBody)
    description: str = Field("", max_length=2000)
    prompt: PromptBody | None = Field(None, description="asked for at each deployment; the value is its default")
    parts: dict[str, str] = Field(
        default_factory=dict, max_length=10, description="of a certificate or an account, by name"
    )


def scope_asked(
    environment: Annotated[list[str], Query(description="the exact scope, by name or id; may be repeated")] = [],  # noqa: B006
    channel: Annotated[list[str], Query()] = [],  # noqa: B006
    step: Annotated[list[str], Query()] = [],  # noqa: B006
    target: Annotated[list[str], Query()] = [],  # noqa: B006
    target_tag: Annotated[list[str], Query()] = [],  # noqa: B006
    tenant: Annotated[list[str], Query()] = [],  # noqa: B006
    tenant_tag: Annotated[list[str], Query()] = [],  # noqa: B006
    process: Annotated[list[str], Query()] = [],  # noqa: B006
) -> Wanted:
    """A scope as a query names it."""
    return {
        Dimension.ENVIRONMENT: environment,
        Dimension.CHANNEL: channel,
        Dimension.STEP: step,
        Dimension.TARGET: target,
        Dimension.TARGET_TAG: target_tag,
        Dimension.TENANT: tenant,
        Dimension.TENANT_TAG: tenant_tag,
        Dimension.PROCESS: process,
    }


ScopeAsked: TypeAlias = Annotated[Wanted, Depends(scope_asked)]


@router.get("/projects/{project}/variables")
def list_variables(
    context: Books, actor: Asking, project: str, search: Search = "", after: After = None, limit: Limit = 200
) -> answers.Page[answers.Variable]:
    """The project's own variables, in the order in which they were made; secrets without their values."""
    part = variables.page(context, actor, project, search=search, after=after, limit=limit)
    return shapes.page(part, Shown(context, project))


@router.put("/projects/{project}/variables/{name:path}")
def put_variable(
    context: Books,
    actor: Asking,
    project: str,
    name: str,
    body: VariableBody,
    response: Response,
    if_match: IfMatch = None,
) -> answers.Variable:
    """Set the value of the variable with this name and scope; with If-Match only if nobody has changed it since."""
    return _put(context, actor, project, name, body, response, if_match)


@router.delete("/projects/{project}/variables/{name:path}", status_code=204)
def remove_variable(
    context: Books,
    actor: Asking,
    project: str,
    name: str,
    scope: ScopeAsked,
    environments: Annotated[str, Query(description="the environments of the scope, with commas between")] = "",
    if_match: IfMatch = None,
) -> Response:
    """Remove the variable of exactly this name and scope; with If-Match only if nobody has changed it since."""
    only_in = [part.strip() for part in environments.split(",") if part.strip()]
    variables.remove(context, actor, project, name, only_in=only_in, scope=scope, revision=revision_of(if_match))
    return Response(status_code=204)


@router.get("/projects/{project}/variable-preview")
def preview_variables(
    context: Books,
    actor: Asking,
    project: str,
    where: WhereAsked,
    version: Annotated[str, Query(max_length=200, description="as this release froze them; now without it")] = "",
    search: Search = "",
    after: After = None,
    limit: Limit = 100,
) -> answers.VariablePreview:
    """What each name comes to at a place, by name, and why each other value lost. Nothing is kept, and no secret is
    shown."""
    found = variable_preview.preview(
        context, actor, project, where, version=version, search=search, after=after, limit=limit
    )
    part = shapes.page(found.page, previewed)
    return {"items": part["items"], "next": part["next"], "warnings": list(found.warnings)}


@router.get("/projects/{project}/releases/{version}/prompts")
def list_prompts(
    context: Books,
    actor: Asking,
    project: str,
    version: str,
    environment: Annotated[str, Query(max_length=200)],
    tenant: str = "",
) -> answers.Page[answers.Question]:
    """What a deployment of the release there asks for, by label."""
    return shapes.whole(
        prompting.of_release(context, actor, project, version, environment, tenant=tenant), shapes.question
    )


@router.get("/library-sets/{library_set}/variables")
def list_library_variables(
    context: Books, actor: Asking, library_set: str, search: Search = "", after: After = None, limit: Limit = 200
) -> answers.Page[answers.Variable]:
    """The set's variables, in the order in which they were made; secrets without their values."""
    owner = InLibrary(library_set)
    part = variables.page(context, actor, owner, search=search, after=after, limit=limit)
    return shapes.page(part, Shown(context, owner))


@router.put("/library-sets/{library_set}/variables/{name:path}")
def put_library_variable(
    context: Books,
    actor: Asking,
    library_set: str,
    name: str,
    body: VariableBody,
    response: Response,
    if_match: IfMatch = None,
) -> answers.Variable:
    """Set a variable of the library set, as one of a project. Its scope cannot name a step, channel or process."""
    return _put(context, actor, InLibrary(library_set), name, body, response, if_match)


@router.delete("/library-sets/{library_set}/variables/{name:path}", status_code=204)
def remove_library_variable(
    context: Books, actor: Asking, library_set: str, name: str, scope: ScopeAsked, if_match: IfMatch = None
) -> Response:
    """Remove a variable of the library set, as one of a project."""
    variables.remove(context, actor, InLibrary(library_set), name, scope=scope, revision=revision_of(if_match))
    return Response(status_code=204)


class Shown:
    """Shapes variables of one owner, with the names of what their scopes name."""

    def __init__(self, context: Context, owner: OwnerName) -> None:
        with context.database.reading() as connection:
            is_library = isinstance(owner, InLibrary)
            self._set = library_sets.by_name_or_id(connection, owner.name).name if is_library else ""  # type: ignore[union-attr]
            found = None if is_library else projects.by_name_or_id(connection, str(owner))
            self._names = EntryNames(connection, found)

    def __call__(self, one: Variable) -> answers.Variable:
        scope = self._names.scope(one)
        return {
            "id": one.id,
            "name": one.name,
            "type": one.kind,
            "value": one.value,
            "secret": one.is_secret,
            "environments": scope.get(Dimension.ENVIRONMENT.value, []),
            "scope": scope,
            "description": one.description,
            "prompt": prompt(one.prompt) if one.prompt else None,
            "parts": _parts(one),
            "library_set": self._set,
            "revision": one.revision,
        }


def prompt(one: Prompt) -> answers.VariablePrompt:
    """How a prompt looks in the API."""
    return {
        "label": one.label,
        "description": one.description,
        "required": one.is_required,
        "control": one.control,
        "options": list(one.options),
    }


def previewed(one: Previewed) -> answers.PreviewedVariable:
    """How a previewed variable looks in the API."""
    winner = one.winner
    return {
        "name": one.name,
        "has_value": winner is not None,
        "type": winner.variable.kind if winner else "",
        "value": winner.value if winner else "",
        "evaluated": one.evaluated,
        "problem": one.problem.message if one.problem else "",
        "code": one.problem.code if one.problem else "",
        "scope": winner.scope if winner else "",
        "library_set": winner.library_set if winner else "",
        "template": winner.template if winner else "",
        "prompted": bool(winner and winner.variable.prompt),
        "tied": one.is_tied,
        "lost": [
            {
                "value": lost.value,
                "scope": lost.scope,
                "library_set": lost.library_set,
                "template": lost.template,
                "reason": reason,
            }
            for lost, reason in one.lost
        ],
    }


def _parts(one: Variable) -> list[answers.VariablePart]:
    if one.composite is None:
        return []
    shown: list[answers.VariablePart] = [
        {"name": name, "value": value, "secret": False} for name, value in one.composite.parts.items()
    ]
    hidden: list[answers.VariablePart] = [{"name": name, "value": "", "secret": True} for name in one.composite.secrets]
    return shown + hidden


def _put(
    context: Context,
    actor: Asking,
    owner: OwnerName,
    name: str,
    body: VariableBody,
    response: Response,
    if_match: str | None,
) -> answers.Variable:
    is_plain = body.type in ("text", "secret")
    asked = body.prompt
    more = variables.More(
        description=body.description,
        prompt=Prompt(asked.label, asked.description, asked.required, asked.control, tuple(asked.options))
        if asked
        else None,
        composite=None if is_plain else CompositeKind(body.type),
        parts=body.parts,
    )
    made = variables.put(
        context,
        actor,
        owner,
        name,
        body.value,
        is_secret=body.secret or body.type == "secret",
        only_in=body.environments,
        scope={Dimension(dimension): entries for dimension, entries in body.scope.model_dump().items()},
        more=more,
        revision=revision_of(if_match),
    )
    tag(response, made.revision)
    return Shown(context, owner)(made)
