"""What is told of variables and library variable sets. The values of secrets are in no answer."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from fairlead.domain.prompt import Control
from fairlead.server.api.answers.lists import Moment


class VariablePrompt(TypedDict):
    """How a prompted variable is asked for at each deployment."""

    label: str
    description: str
    required: bool
    control: Control
    options: list[str]


class VariablePart(TypedDict):
    """A part of a certificate or an account: the variable ``Name.Part``."""

    name: str
    value: Annotated[str, Field(description='"" where it is secret')]
    secret: bool


class Variable(TypedDict):
    """A variable; where `scope` names nothing it holds everywhere. `environments` are those of the scope."""

    id: str
    name: str
    type: Annotated[str, Field(description="text, secret, certificate or account")]
    value: Annotated[str, Field(description='"" where it is secret or of parts')]
    secret: bool
    environments: list[str]
    scope: Annotated[dict[str, list[str]], Field(description="dimension: names")]
    description: str
    prompt: VariablePrompt | None
    parts: list[VariablePart]
    library_set: Annotated[str, Field(description='the set that it comes from; "" where it is a project\'s own')]
    revision: int


class LibrarySet(TypedDict):
    """A library variable set, and the projects that include it."""

    id: str
    name: str
    description: str
    variables: Annotated[int, Field(description="how many it has")]
    projects: list[str]
    created_at: Moment
    created_by: str
    revision: Annotated[int, Field(description="what its ETag holds")]


class IncludedSet(TypedDict):
    """A library variable set that a project includes."""

    id: str
    name: str
    description: str


class LostVariable(TypedDict):
    """A variable of the name that does not hold at the place, and why."""

    value: str
    scope: str
    library_set: str
    template: Annotated[str, Field(description='which tenant template it comes from, and how; "" where from none')]
    reason: str


class PreviewedVariable(TypedDict):
    """What holds at a place for one name. `value` is as it was set, `evaluated` with every ``#{…}`` in its place."""

    name: str
    has_value: Annotated[bool, Field(description="false: none of its variables applies there")]
    type: str
    value: Annotated[str, Field(description="••• where it is secret")]
    evaluated: str
    problem: Annotated[str, Field(description='why it cannot be evaluated; "" where it can')]
    code: str
    scope: str
    library_set: str
    template: Annotated[str, Field(description='which tenant template it comes from, and how; "" where from none')]
    prompted: bool
    tied: Annotated[bool, Field(description="another is scoped equally: the rules leave open which holds")]
    lost: list[LostVariable]


class VariablePreview(TypedDict):
    """A part of what holds at a place, as a list is; `warnings` are of all of it."""

    items: list[PreviewedVariable]
    next: str | None
    warnings: list[str]
