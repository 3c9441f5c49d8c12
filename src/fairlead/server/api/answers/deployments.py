"""What is told of deployments, approvals and adoption."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, JsonValue
from typing_extensions import TypedDict

from fairlead.domain.approval import ApprovalState
from fairlead.domain.colour import Colour
from fairlead.domain.deployment import DeploymentKind, DeploymentOutcome, DeploymentState
from fairlead.domain.prompt import Control
from fairlead.server.api.answers.lists import Moment


class Deployment(TypedDict):
    """A release on its way to an environment, or how that ended."""

    id: str
    number: int
    project: str
    environment: str
    tenant: Annotated[str, Field(description='for whom; "": for no tenant')]
    version: str
    kind: DeploymentKind
    state: DeploymentState
    outcome: DeploymentOutcome
    status: Annotated[str, Field(description="the outcome, or the state while there is none")]
    colour: Colour | None
    switched: Annotated[bool, Field(description="whether users were ever sent to it")]
    reached: Annotated[str, Field(description="the last phase that ended well")]
    code: str
    reason: str
    hint: str
    task: str | None
    plan_hash: str
    approval: str | None
    approved_by: str
    created_by: str
    created_at: Moment
    committed_at: Moment | None
    not_before: Annotated[Moment | None, Field(description="null: as soon as it is its turn")]
    not_after: Annotated[Moment | None, Field(description="after it, it does not begin any more")]
    freeze_override: Annotated[str, Field(description='why no freeze binds it; "": freezes do')]
    parent: Annotated[str | None, Field(description="the task whose step asked for it, and waits for its end")]
    held_by: Annotated[str, Field(description='the freeze that holds it back until it ends; "": none')]
    marked_at: Annotated[Moment | None, Field(description="when a person marked it as failed, after it went live")]
    marked_by: str
    marked_why: str
    ended_at: Moment | None


class RefusedTenant(TypedDict):
    """Why there is no deployment for a tenant."""

    tenant: str
    code: str
    detail: str
    hint: str


class TenantDeployments(TypedDict):
    """What became of deployments for several tenants."""

    made: list[Deployment]
    refused: list[RefusedTenant]


class Switch(TypedDict):
    """What users met while routes were switched: the zero-loss record."""

    said: str
    requests: int
    failed: int
    application: Annotated[int, Field(description="of the failed: answered with 5xx by the application")]
    cut: int
    of_release: Annotated[int, Field(description="lost to a release that was taken back")]
    retried: int
    left: int
    visits: int
    slowest_ms: float
    is_whole: bool
    is_back: bool


class ShortCertificate(TypedDict):
    """How the state after a deployment compares with the state before it and what its plan announced."""

    differences: list[str]
    restarted: list[str]
    is_as_it_was: bool
    is_as_announced: bool
    announced: list[str]


class Certificate(ShortCertificate):
    """The comparison, with both states whole."""

    before: JsonValue
    after: JsonValue


class Unsettled(TypedDict):
    """What could not be reached, and how a person can settle it."""

    differences: list[str]
    tried: list[str]
    commands: list[str]
    taken_up: int
    waits_for_a_person: bool


class Question(TypedDict):
    """A prompted variable: what is asked for at a deployment, and its default or the answer."""

    name: str
    label: str
    description: str
    required: bool
    control: Control
    options: list[str]
    value: Annotated[str, Field(description='"" where it is secret')]
    secret: Annotated[bool, Field(description="a secret is there")]


class DeploymentAlone(Deployment):
    """A deployment with what its users met, and whether all was left as it should be."""

    prompted: list[Question]
    switch: Switch | None
    certificate: ShortCertificate | None
    unsettled: Unsettled | None


class Approval(TypedDict):
    """A deployment that waits for a person, or what they said."""

    id: str
    project: str
    environment: str
    tenant: Annotated[str, Field(description='for whom; "": for no tenant')]
    version: str
    deployment: str
    task: str | None
    state: ApprovalState
    plan_hash: str
    created_at: Moment
    expires_at: Annotated[Moment | None, Field(description="from then on nobody can answer; null: it waits for ever")]
    answered_at: Moment | None
    answered_by: str
    note: str


class AdoptionSlot(TypedDict):
    """A live slot, as our books or the proxy tell it."""

    colour: Colour
    version: str
    deployment: str


class Adoption(TypedDict):
    """What users reach beside what our books say."""

    project: str
    environment: str
    tenant: Annotated[str, Field(description='for whom; "": for no tenant')]
    is_needed: bool
    booked: AdoptionSlot | None
    found: AdoptionSlot
    routes: list[str]
    instances: list[str]
