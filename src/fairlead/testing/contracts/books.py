"""What the suites for the ports of our own books need: a world of tasks, deployments and runs to write about.

The suites are `task_log`, `secrets`, `artifacts`, `records`, `catalogue`, `tasks` and `lease` beside this file.
Subclass their classes and give them a fixture `books`; each test takes nothing else, so that a deliberately wrong fake
can be put under one test alone.
"""

from __future__ import annotations

from typing import Protocol

from fairlead.domain.ids import DeploymentId, ReleaseId, SecretVersionId, TaskId
from fairlead.ports.artifacts import Artifacts
from fairlead.ports.catalogue import Catalogue, Place
from fairlead.ports.lease import Lease
from fairlead.ports.records import Records
from fairlead.ports.secrets import Secrets
from fairlead.ports.task_log import TaskLog
from fairlead.ports.tasks import Tasks

PLACE = Place("books", "Production")
ELSEWHERE = Place("books", "Test")


class Books(Protocol):
    """The ports under test, over the same rows."""

    task_log: TaskLog
    secrets: Secrets
    artifacts: Artifacts
    records: Records
    catalogue: Catalogue
    tasks: Tasks
    lease: Lease

    async def new_task(self) -> TaskId:
        """A queued task that carries out nothing."""
        ...

    async def new_deployment(self, place: Place) -> tuple[DeploymentId, TaskId]:
        """A deployment whose task holds the place (and is the only one that does)."""
        ...

    async def new_run(self) -> TaskId:
        """A task that carries out a run."""
        ...

    async def need(self, release: ReleaseId) -> None:
        """A deployment of the release waits for an answer."""
        ...

    async def lacks(self, release: ReleaseId) -> bool:
        """Whether an image of the release is recorded as gone."""
        ...

    async def new_secret(self, value: str) -> SecretVersionId:
        """A secret version."""
        ...

    async def ask_cancel(self, task: TaskId) -> None:
        """A person asks to cancel the task."""
        ...

    async def end_task(self, task: TaskId) -> None:
        """The task ends well."""
        ...

    async def give_place_away(self, place: Place) -> None:
        """Another task holds the place now."""
        ...

    async def begin_undo(self, deployment: DeploymentId, task: TaskId) -> None:
        """The deployment's task begins to undo."""
        ...

    async def advance(self, seconds: float) -> None:
        """Time passes for leases (it really does, where the clock is another's)."""
        ...

    async def reborn(self) -> Books:
        """Another process, after this one died: the same rows, nothing remembered."""
        ...
