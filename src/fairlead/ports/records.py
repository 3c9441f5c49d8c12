"""What effects write into, and read from, our own books: slots, the commit point, releases, facts of a task."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol

from fairlead.domain.colour import Colour
from fairlead.domain.ids import DeploymentId, ReleaseId, TaskId
from fairlead.domain.record import Json
from fairlead.domain.slot import Slot, SlotState
from fairlead.ports.catalogue import Place


class Records(Protocol):
    """Our own rows. Each verb is one transaction, and the same when asked twice."""

    async def slots(self, place: Place) -> Mapping[Colour, Slot]:
        """Both slots; an empty one where nothing was ever recorded."""
        ...

    async def set_slot(self, place: Place, slot: Slot, *, was: SlotState | None = None) -> None:
        """The slot is recorded so. With `was`, only from that state (the same already is fine), else `Conflict`."""
        ...

    async def commit(self, deployment: DeploymentId, place: Place, live: Colour | None) -> None:
        """The commit point (law 2): in one transaction the deployment is committed, `live` is recorded live and the
        other slot, where it was live, becomes idle (to be retired or kept standing by). None: no services were
        switched, and the slots stay as they are."""
        ...

    async def is_committed(self, deployment: DeploymentId) -> bool:
        """Read from our own row: what is asked on every exception and re-entry, never the engine's checkpoint alone."""
        ...

    async def stand_by(self, place: Place, colour: Colour, until: datetime) -> None:
        """The slot is kept warm until then."""
        ...

    async def create_release(self, task: TaskId, facts: Mapping[str, Json]) -> ReleaseId:
        """The run's release, made once for the task; `facts` hold version, images, commit, files, commits between.
        `domain.looked_up.NotLookedUp` where its process has scripts from other repositories that are not among the
        facts' `script_commits` ([[source, commit]]), or images by tag that are not among `step_images` ([[image,
        reference by digest]])."""
        ...

    async def let_go(self, references: Collection[str]) -> frozenset[str]:
        """Before images are deleted: those of the references that may go, recorded as gone in the same transaction, so
        that no release that names one is deployed any more. What a release names that is live, waits for an answer or
        is under way stays."""
        ...

    async def are_there(self, references: Collection[str]) -> None:
        """The images were not deleted after all: releases that name them can be deployed."""
        ...

    async def forget_releases(self, releases: Collection[ReleaseId]) -> frozenset[ReleaseId]:
        """Those of the releases that left the books, with their deployments and these' tasks, logs and files. What is
        live, stands by, waits or is under way stays, as does what a release that stays deploys of another project; what
        is not there is not among those that left."""
        ...

    async def forget_unused(self, ids: Collection[str]) -> frozenset[str]:
        """Those of the packages and pieces of build information that left the books. What a release, a published
        runbook or a process needs by now stays, and what is not there is not among those that left."""
        ...

    async def forget_snapshots(self, before: datetime) -> int:
        """Snapshots of processes that nothing names, and that nobody froze since `before`, left the books; how many."""
        ...

    async def note(self, task: TaskId, name: str, data: Json) -> None:
        """A named fact of the task (evidence, counts, certificate); the latest under a name holds."""
        ...

    async def fact(self, task: TaskId, name: str) -> Json:
        """The fact of that name; None where there is none. For those who know which: a task may have thousands."""
        ...

    async def facts(self, task: TaskId) -> Mapping[str, Json]:
        """All named facts of the task."""
        ...
