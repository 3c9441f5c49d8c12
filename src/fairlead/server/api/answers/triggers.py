"""What is told of triggers."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from fairlead.domain.trigger import TriggerAction
from fairlead.server.api.answers.lists import Moment


class Evaluation(TypedDict):
    """One time that a trigger was looked at, and why it did or did not do what it is for."""

    id: str
    at: Moment
    due_at: Annotated[Moment | None, Field(description="null: a person asked for it")]
    has_fired: bool
    reason: str
    code: str
    hint: str
    deployment: str | None
    run: str | None


class Trigger(TypedDict):
    """What is done without being asked when a time comes."""

    id: str
    project: str
    name: str
    cron: str
    zone: str
    action: TriggerAction
    source: Annotated[str, Field(description='"": the latest release made')]
    destination: str
    channel: Annotated[str, Field(description='"": any')]
    force: bool
    is_enabled: bool
    next_at: Moment | None
    last: Evaluation | None
    created_at: Moment
    created_by: str
    revision: Annotated[int, Field(description="what its ETag holds")]
