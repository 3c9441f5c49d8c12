"""Deployments that a task asks for: a release of another project, deployed by a step of the task's process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from fairlead.domain.child_release import DeployCondition
from fairlead.domain.deployment import DeploymentOutcome
from fairlead.domain.errors import NotFound
from fairlead.domain.ids import TaskId
from fairlead.domain.record import Json


@dataclass(frozen=True, slots=True)
class ChildWish:
    """What is to be deployed where the task is. `version` may be ``latest``, of `channel` where that is named.

    `answers` are for what its prompted variables ask, label or name → text, in clear and kept nowhere but there;
    `secret_answers` names those that hold secrets: only a prompt that is kept secret takes one.
    """

    project: str
    version: str
    channel: str = ""
    condition: DeployCondition = DeployCondition.ALWAYS
    answers: Mapping[str, str] = field(default_factory=dict)
    secret_answers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Child:
    """How it stands. `left` says why nothing had to be deployed ("": it was); then there is no `deployment`.

    `given` is what the actions of its process gave, by the keys of their effects, once it has ended.
    """

    project: str
    environment: str
    version: str
    deployment: str = ""
    number: int = 0
    left: str = ""
    has_ended: bool = True
    waits_for: str = ""
    outcome: DeploymentOutcome = DeploymentOutcome.NONE
    reason: str = ""
    given: Mapping[str, Json] = field(default_factory=dict)


class Children(Protocol):
    """One transaction a verb; the same when asked twice with one key: a task has one child under each.

    A child is a deployment like any other: a task, a log and a turn of its own. Whoever asked for the parent must be
    allowed to ask for the child. When it ends, the parent goes on.
    """

    async def begin(self, parent: TaskId, key: str, wish: ChildWish) -> Child:
        """The child, asked for if there is none. NotAllowed `permission.denied`, Refused `process.deploys_itself`,
        Conflict `deployment.circle`, and what asking for any deployment raises; then nothing was asked for."""
        ...

    async def cancel(self, parent: TaskId, key: str) -> None:
        """It is being cancelled, where it has not ended nor passed its commit point; nothing where there is none."""
        ...


class NoChildren:
    """Where nothing is deployed."""

    async def begin(self, parent: TaskId, key: str, wish: ChildWish) -> Child:
        raise NotFound("project.unknown", f"there is no project {wish.project[:80]!r}", thing=wish.project[:80])

    async def cancel(self, parent: TaskId, key: str) -> None:
        """There is none."""
