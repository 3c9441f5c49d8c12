"""An interruption: a wait for a person inside a deployment, a manual intervention or guided failure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from fairlead.domain.ids import TaskId
from fairlead.domain.text import Text


class InterruptionKind(StrEnum):
    """Why a person is asked."""

    MANUAL = "manual"
    GUIDED = "guided"


class Choice(StrEnum):
    """What a person can say: to a manual intervention the first two, to a failure the others."""

    PROCEED = "proceed"
    ABORT = "abort"
    FAIL = "fail"
    RETRY = "retry"
    IGNORE = "ignore"
    EXCLUDE = "exclude"


class InterruptionState(StrEnum):
    """Where it is. `expired` and `cancelled` are answers that nobody gave."""

    WAITING = "waiting"
    ANSWERED = "answered"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


WHERE_NOBODY_ANSWERS = {InterruptionKind.MANUAL: Choice.ABORT, InterruptionKind.GUIDED: Choice.FAIL}


@dataclass(frozen=True, slots=True)
class Question:
    """What a plan asks, where it comes to that. `instructions` may hold ``#{…}``; `variables` are those that it needs,
    as far as they are known beforehand.

    `teams` are responsible; none: whoever may answer for the project. `expires_s` 0: it waits for ever. `blocks`: other
    deployments to the place wait, too. `author_may_answer`: whether they may whose change it is.
    """

    kind: InterruptionKind
    title: str
    choices: tuple[Choice, ...]
    instructions: str = ""
    variables: Mapping[str, Text] = field(default_factory=dict)
    teams: tuple[str, ...] = ()
    expires_s: float = 0.0
    blocks: bool = False
    author_may_answer: bool = True
    action: str = ""
    target: str = ""


@dataclass(frozen=True, slots=True)
class Interruption:
    """A question that was put. `key` is unique in its task: of a manual intervention one, of a failure one for each
    attempt. `why` says what failed. `is_override`: answered by somebody who may not, with a reason. `assigned_to`
    is the name of who has taken it, and alone answers it; "": whoever may. `tenant` "": its task is for nobody."""

    id: str
    task: TaskId
    key: str
    kind: InterruptionKind
    title: str
    choices: tuple[Choice, ...]
    opened_at: datetime
    instructions: str = ""
    why: str = ""
    step: str = ""
    action: str = ""
    target: str = ""
    teams: tuple[str, ...] = ()
    blocks: bool = False
    author_may_answer: bool = True
    state: InterruptionState = InterruptionState.WAITING
    answer: Choice | None = None
    note: str = ""
    answered_by: str = ""
    answered_by_id: str = ""
    answered_by_email: str = ""
    answered_at: datetime | None = None
    expires_at: datetime | None = None
    is_override: bool = False
    assigned_to: str = ""
    project: str = ""
    environment: str = ""
    tenant: str = ""
    revision: int = 1


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer as a task goes by it."""

    key: str
    choice: Choice
    state: InterruptionState = InterruptionState.ANSWERED
    note: str = ""
    by: str = ""
    by_id: str = ""
    by_email: str = ""
    target: str = ""
    step: str = ""
    title: str = ""

    @property
    def said(self) -> str:
        """In words, for the task's log."""
        if self.state is InterruptionState.EXPIRED:
            return f"{self.title}: nobody answered in time"
        return f"{self.title}: {self.choice.value}, by {self.by}" + (f": {self.note}" if self.note else "")
