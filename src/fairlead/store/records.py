"""Our own books, as effects write and read them: ports.records."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from functools import partial
from typing import Protocol, TypeAlias

import sqlalchemy as sa
import structlog

from fairlead.domain.colour import Colour
from fairlead.domain.errors import Conflict, Failed, NotFound
from fairlead.domain.ids import DeploymentId, ProjectId, ReleaseId, TaskId
from fairlead.domain.looked_up import ScriptSource, Sought, StepImage
from fairlead.domain.record import Json, from_data
from fairlead.domain.release import Change, Release, require_digest
from fairlead.domain.run import Run
from fairlead.domain.script_source import commits_of
from fairlead.domain.slot import Slot, SlotState
from fairlead.domain.step_image import images_of
from fairlead.domain.version import parse
from fairlead.ports.catalogue import Place
from fairlead.ports.clock import Clock, Ids
from fairlead.store import (
    channels,
    deployments,
    forgetting,
    gone_images,
    processes,
    projects,
    releases,
    runs,
    slots,
    tasks,
    unused,
    variables,
)
from fairlead.store.database import Database
from fairlead.store.release_choice import Chosen, Wanted, choose
from fairlead.store.release_description import notes_of

log = structlog.get_logger("fairlead.store")

BeforeRelease: TypeAlias = Callable[[sa.Connection, ProjectId, Mapping[str, str], Mapping[Sought, str]], None]


class SlotsChanged(Protocol):
    """Told after each change of a slot; `is_durable` where it has to outlive a loss of power, as what is live has."""

    def __call__(self, place: Place, *, is_durable: bool) -> None: ...


class StoreRecords:
    """One transaction a verb; the same when asked twice. `slots_changed` is called after each that changed a slot,
    `before_release` in the transaction of a new release, with the project, its files (path → key), and the commits that
    were looked up of scripts from other repositories."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        slots_changed: SlotsChanged | None = None,
        before_release: BeforeRelease | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._slots_changed = slots_changed
        self._before_release = before_release

    async def slots(self, place: Place) -> Mapping[Colour, Slot]:
        """As the port says."""
        return await self._database.read(lambda connection: slots.of(connection, place))

    async def set_slot(self, place: Place, slot: Slot, *, was: SlotState | None = None) -> None:
        """As the port says."""
        stands = slot.state in (SlotState.LIVE, SlotState.STANDBY)  # who reads the older copy finds nothing else there
        await self._change(place, lambda connection: slots.put(connection, place, slot, was=was), must_last=stands)

    async def commit(self, deployment: DeploymentId, place: Place, live: Colour | None) -> None:
        """As the port says. Conflict `deployment.locked` where another task holds the place by now (law 6), and
        `deployment.not_committed` where this one has begun to undo."""

        def work(connection: sa.Connection) -> None:
            found = deployments.get(connection, deployment)
            if found.committed_at is not None:
                return
            holder = tasks.holder(connection, place)
            if holder is not None and holder != found.task:
                where = f"{place.project} in {place.shown}"
                raise Conflict("deployment.locked", f"{where} is held by another task, {holder}", thing=where)
            if found.task is not None and tasks.has_begun_to_undo(connection, found.task):
                what = f"the deployment {deployment} has begun to undo"
                raise Conflict("deployment.not_committed", what, thing=deployment)
            colour = None if live is None else live.value
            deployments.change(connection, deployment, committed_at=self._clock.now(), colour=colour)
            if live is not None:
                slots.make_live(connection, place, live)

        await self._change(place, work, is_durable=True)

    async def is_committed(self, deployment: DeploymentId) -> bool:
        """As the port says."""
        found = await self._database.read(lambda connection: deployments.get(connection, deployment))
        return found.committed_at is not None

    async def stand_by(self, place: Place, colour: Colour, until: datetime) -> None:
        """As the port says."""
        await self._change(place, lambda connection: slots.stand_by(connection, place, colour, until))

    async def _change(
        self, place: Place, work: Callable[[sa.Connection], None], *, is_durable: bool = False, must_last: bool = True
    ) -> None:
        """The rows, then whoever copies them: a copy that cannot be written undoes no commit."""
        await self._database.write(work, is_durable=is_durable)
        if self._slots_changed is None:
            return
        try:
            await self._database.run(partial(self._slots_changed, place, is_durable=must_last))
        except Failed as failed:
            log.error("catalogue.copy_not_written", place=place.project, code=failed.code, reason=failed.message)

    async def create_release(self, task: TaskId, facts: Mapping[str, Json]) -> ReleaseId:
        """As the port says."""

        def work(connection: sa.Connection) -> ReleaseId:
            made = releases.of_task(connection, task)
            if made is not None:
                return made.id
            run = runs.of_task(connection, task)
            if run is None:
                raise NotFound("run.unknown", f"the task {task} carries out no run", thing=task)
            if self._before_release is not None:
                files = from_data(dict[str, str], facts.get("files", {}))
                known: dict[Sought, str] = dict([*_commits(facts).items(), *_images(facts).items()])
                self._before_release(connection, run.project, files, known)
            release = self._release(connection, run, facts)
            releases.insert_for_task(connection, release, task)
            gone_images.are_there(connection, (*release.images.values(), release.test_image))
            runs.change(connection, run.id, release=release.id)
            return release.id

        return await self._database.write(work)

    async def let_go(self, references: Collection[str]) -> frozenset[str]:
        """As the port says."""
        at = self._clock.now()
        return await self._database.write(lambda connection: gone_images.let_go(connection, references, at))

    async def are_there(self, references: Collection[str]) -> None:
        """As the port says."""
        await self._database.write(lambda connection: gone_images.are_there(connection, references))

    async def forget_releases(self, ids: Collection[ReleaseId]) -> frozenset[ReleaseId]:
        """As the port says."""
        return await self._database.write(lambda connection: forgetting.forget(connection, ids))

    async def forget_unused(self, ids: Collection[str]) -> frozenset[str]:
        """As the port says."""
        return await self._database.write(lambda connection: unused.forget(connection, ids))

    async def forget_snapshots(self, before: datetime) -> int:
        """As the port says."""
        return await self._database.write(lambda connection: unused.forget_snapshots(connection, before))

    async def note(self, task: TaskId, name: str, data: Json) -> None:
        """As the port says."""
        await self._database.write(lambda connection: tasks.note(connection, task, name, data))

    async def fact(self, task: TaskId, name: str) -> Json:
        """As the port says."""
        return await self._database.read(lambda connection: tasks.fact_of(connection, task, name))

    async def facts(self, task: TaskId) -> Mapping[str, Json]:
        """As the port says."""
        return await self._database.read(lambda connection: tasks.facts_of(connection, task))

    def _release(self, connection: sa.Connection, run: Run, facts: Mapping[str, Json]) -> Release:
        at = self._clock.now()
        images = from_data(dict[str, str], facts.get("images", {}))
        project = projects.get(connection, run.project)
        chosen = self._chosen(connection, run, facts)
        frozen = variables.freeze(connection, id=self._ids.new("var"), project=run.project, at=at)
        process = processes.freeze(connection, run.project, at=at)
        recipe = processes.snapshot(connection, process)
        return Release(
            id=ReleaseId(self._ids.new("rel")),
            project=run.project,
            channel=chosen.channel.id,
            version=chosen.version,
            packages=chosen.packages,
            created_at=at,
            images={service: require_digest(service, reference) for service, reference in images.items()},
            test_image=str(facts.get("test_image") or ""),
            commit=str(facts.get("commit") or run.commit),
            branch=str(facts.get("branch") or run.branch),
            changes=from_data(tuple[Change, ...], facts.get("changes", [])),
            files=from_data(dict[str, str], facts.get("files", {})),
            folder=str(facts.get("folder") or ""),
            variables=frozen.id,
            process=process,
            script_commits=commits_of(recipe, _commits(facts), project=run.project),
            step_images=images_of(recipe, _images(facts), project=run.project),
            run=run.id,
            created_by=run.created_by,
            notes=notes_of(connection, project, chosen, images, str(facts.get("notes") or "")),
            warnings=from_data(tuple[str, ...], facts.get("warnings", [])),
        )

    def _chosen(self, connection: sa.Connection, run: Run, facts: Mapping[str, Json]) -> Chosen:
        project = projects.get(connection, run.project)
        version, channel = str(facts.get("version") or ""), str(facts.get("channel") or "")
        packages = from_data(dict[str, str], facts.get("packages", {}))
        if version and channel:
            return Chosen(channels.get(connection, channel), parse(version).text, packages)
        return choose(connection, project, Wanted(channel, version, packages), self._clock.now())


def _images(facts: Mapping[str, Json]) -> dict[StepImage, str]:
    """What the effect found of images that steps run."""
    held = from_data(tuple[tuple[StepImage, str], ...], facts.get("step_images", []))
    return dict(held)


def _commits(facts: Mapping[str, Json]) -> dict[ScriptSource, str]:
    """What the effect found of scripts from other repositories."""
    held = from_data(tuple[tuple[ScriptSource, str], ...], facts.get("script_commits", []))
    return dict(held)


class StorePivot:
    """ports.tasks.Pivot: whether the deployment that the task carries out is committed, from its row."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self, task: TaskId) -> bool:
        """As the port says; a task that carries out no deployment has no commit point."""
        found = await self._database.read(lambda connection: deployments.of_task(connection, task))
        return found is not None and found.committed_at is not None
