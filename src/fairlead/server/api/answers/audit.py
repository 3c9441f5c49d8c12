"""What is told of the audit."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from fairlead.server.api.answers.lists import Moment


class EventChange(TypedDict):
    """A part that differs. Of a secret neither value is told."""

    path: str
    old: Annotated[str | None, Field(description="null: it was not there")]
    new: Annotated[str | None, Field(description="null: it is not there")]
    secret: bool


class Event(TypedDict):
    """An entry of the audit."""

    id: str
    at: Moment
    actor: str
    kind: Annotated[str, Field(description="dotted, noun first: approval.approved")]
    message: str
    thing: str
    project: str | None
    environment: str | None
    tenant: str | None
    via: str
    address: str
    difference: list[EventChange]
    sequence: Annotated[int, Field(description="counts from 1 without gaps")]
    previous: Annotated[str, Field(description="the hash of the event before")]
    hash: str


class EventFault(TypedDict):
    """Where the audit is not as it was written."""

    sequence: int
    event: Annotated[str, Field(description='its id; "": it is not there')]
    reason: str


class AuditVerdict(TypedDict):
    """Whether the chain of hashes holds. The last hash, kept elsewhere, can be given as `expected` later."""

    whole: bool
    count: Annotated[int, Field(description="how many are in the database")]
    archived: Annotated[int, Field(description="how many before them are in files")]
    sequence: Annotated[int, Field(description="number of the last event")]
    hash: Annotated[str, Field(description="hash of the last event")]
    faults: list[EventFault]
