"""What is told of step templates."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from fairlead.domain.step_template import ParameterType
from fairlead.server.api.answers.lists import Moment


class TemplateParameter(TypedDict):
    """What each user of a template gives a value of."""

    name: str
    label: str
    help: str
    type: ParameterType
    default: Annotated[str | None, Field(description="null: each user must give one")]
    options: Annotated[list[str], Field(description="of the type select")]


class StepTemplate(TypedDict):
    """A step template with one of its versions."""

    id: str
    name: str
    description: str
    latest: Annotated[int, Field(description="the number of its newest version")]
    version: Annotated[int, Field(description="the number of the version that this is")]
    kind: str
    properties: dict[str, Any]
    parameters: list[TemplateParameter]
    text: Annotated[str, Field(description="the version as YAML")]
    saved_at: Moment
    saved_by: str
    created_at: Moment
    created_by: str
    revision: Annotated[int, Field(description="what its ETag holds")]


class StepTemplateMove(TypedDict):
    """A user of a template, and what going to a version means for it."""

    user: Annotated[str, Field(description="PROJECT, or PROJECT/RUNBOOK")]
    project: str
    runbook: str
    action: str
    version: Annotated[int, Field(description="the one that it uses now")]
    changes: list[str]
    dropped: Annotated[list[str], Field(description="values for which the version has no parameter")]
    missing: Annotated[list[str], Field(description="parameters that need a value first")]
    wrong: Annotated[list[str], Field(description="values that cannot stay, and why")]
    why_not: Annotated[str, Field(description="why it cannot be done here")]


class StepTemplateMoves(TypedDict):
    """What taking users to a version changes; `hash` names the plan."""

    template: str
    version: int
    hash: str
    pending: bool
    users: list[StepTemplateMove]
