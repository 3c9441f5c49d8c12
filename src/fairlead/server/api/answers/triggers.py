"""What is told of triggers."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from fairlead.domain.trigger import TargetEvent, TriggerAction, TriggerKind
from fairlead.server.api.answers.lists import Moment


class TenantOutcome(TypedDict):
    """What became of it for one tenant."""

    tenant: Annotated[str, Field(description="its name then")]
    has_fired: bool
    reason: str
    code: str
    hint: str
    deployment: str | None
    task: Annotated[str | None, Field(description="of a runbook's run")]


class Evaluation(TypedDict):
    """One time that a trigger was looked at, and why it did or did not do what it is for."""

    id: str
    at: Moment
    due_at: Annotated[Moment | None, Field(description="null: something happened, or a person asked for it")]
    event: Annotated[str, Field(description='what happened; "": its time came, or a person asked')]
    environment: Annotated[str, Field(description='which one it was looked at for; "": none in particular')]
    has_fired: bool
    reason: str
    code: str
    hint: str
    deployment: str | None
    run: str | None
    release: str | None
    task: Annotated[str | None, Field(description="of a runbook's run")]
    tenants: Annotated[list[TenantOutcome], Field(description="of a trigger for tenants: those that you may view")]


class Trigger(TypedDict):
    """What is done without being asked when something happens."""

    id: str
    project: str
    name: str
    kind: TriggerKind
    when: Annotated[str, Field(description="what makes it fire, in few words")]
    cron: str
    zone: str
    action: TriggerAction
    source: Annotated[str, Field(description='"": the latest release made')]
    destination: str
    channel: Annotated[str, Field(description='"": any')]
    force: bool
    is_enabled: bool
    runbook: str
    watches: Annotated[list[str], Field(description="packages, or images; none: those of the latest release")]
    poll_s: Annotated[int, Field(description="how often a registry is asked, of the kind image")]
    environments: Annotated[list[str], Field(description="of targets; none: all")]
    tags: Annotated[list[str], Field(description="of targets: one of these; none: any")]
    events: Annotated[list[TargetEvent], Field(description="of targets; none: all")]
    tenants: Annotated[list[str], Field(description="for each of whom it does it; none, and no tags: for nobody")]
    tenant_tags: Annotated[list[str], Field(description="and for each tenant there with these")]
    hidden_tenants: Annotated[int, Field(description="how many more it names that you may not view")]
    next_at: Moment | None
    next_there: Annotated[str, Field(description='that, as clocks in the schedule\'s zone show it; "" where it is UTC')]
    last: Evaluation | None
    created_at: Moment
    created_by: str
    revision: Annotated[int, Field(description="what its ETag holds")]
