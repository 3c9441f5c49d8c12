"""Checkouts: which commit of which repository a task is about, for actions that need its files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from fairlead.domain.errors import NotFound
from fairlead.domain.ids import TaskId
from fairlead.domain.looked_up import StepImage
from fairlead.ports.source import Repository


@dataclass(frozen=True, slots=True)
class Checkout:
    """A commit, the repository that has it (in clear, only inside an effect), and where its project file lies."""

    repository: Repository
    commit: str
    folder: str = ""


class Checkouts(Protocol):
    """What a task's release was made from."""

    async def of_task(self, task: TaskId) -> Checkout:
        """The release's commit; NotFound `source.commit` where it names none, Conflict `source.none` where the project
        has no repository."""
        ...

    async def of_repository(self, task: TaskId, url: str) -> Repository:
        """Another repository that the process of the task's project names, with the project's credentials where they
        are for it too. Refused `source.local`."""
        ...

    async def of_image(self, wanted: StepImage) -> str:
        """The image by digest, as its registry has the tag now. NotFound `image.unknown`, and what the registry
        answers."""
        ...


class NoCheckouts:
    """Where releases come from nowhere: no task has a commit."""

    async def of_task(self, task: TaskId) -> Checkout:
        raise NotFound("source.commit", "the release was not made from a commit", thing=task)

    async def of_repository(self, task: TaskId, url: str) -> Repository:
        return Repository(url)

    async def of_image(self, wanted: StepImage) -> str:
        raise NotFound("image.unknown", f"no registry can be asked for {wanted}", thing=str(wanted))
