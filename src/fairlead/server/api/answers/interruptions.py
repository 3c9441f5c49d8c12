"""What is told of interruptions."""

from __future__ import annotations

from typing_extensions import TypedDict

from fairlead.domain.interruption import Choice, InterruptionKind, InterruptionState
from fairlead.server.api.answers.lists import Moment


class Interruption(TypedDict):
    """A wait for a person: what is asked, what may be answered, and what was. `why` says what failed, `assigned_to` who
    has taken it."""

    id: str
    task: str
    kind: InterruptionKind
    state: InterruptionState
    project: str
    environment: str
    tenant: str
    title: str
    instructions: str
    why: str
    step: str
    action: str
    target: str
    choices: list[Choice]
    teams: list[str]
    blocks: bool
    opened_at: Moment
    expires_at: Moment | None
    assigned_to: str
    answer: Choice | None
    note: str
    answered_by: str
    answered_at: Moment | None
    is_override: bool
