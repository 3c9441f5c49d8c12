"""Our own books in memory: slots, commit points, releases and facts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from fairlead.domain.colour import Colour
from fairlead.domain.errors import Conflict, NotFound
from fairlead.domain.ids import DeploymentId, ReleaseId, TaskId
from fairlead.domain.looked_up import NotLookedUp, ScriptSource
from fairlead.domain.record import Json, from_data
from fairlead.domain.slot import Slot, SlotState
from fairlead.ports.catalogue import Place


@dataclass(slots=True)
class DeploymentEntry:
    """What is written of one deployment. A test sets `has_begun_to_undo` and `holds_place` as its story needs."""

    is_committed: bool = False
    has_begun_to_undo: bool = False
    holds_place: bool = True


@dataclass(slots=True)
class FakeRecords:
    """`ports.records.Records`. Deployments and runs must be known: put them into `deployments` and `runs` first.
    `needed` are releases that are live, wait or are under way; `gone` the references that were let go; `scripts` what
    the process takes from other repositories."""

    deployments: dict[DeploymentId, DeploymentEntry] = field(default_factory=dict)
    runs: set[TaskId] = field(default_factory=set)
    releases: dict[TaskId, tuple[ReleaseId, Mapping[str, Json]]] = field(default_factory=dict)
    kept_facts: dict[TaskId, dict[str, Json]] = field(default_factory=dict)
    needed: set[ReleaseId] = field(default_factory=set)
    unneeded: frozenset[str] = frozenset()
    gone: set[str] = field(default_factory=set)
    kept_slots: dict[tuple[Place, Colour], Slot] = field(default_factory=dict)
    scripts: tuple[ScriptSource, ...] = ()

    async def slots(self, place: Place) -> Mapping[Colour, Slot]:
        return {colour: self.kept_slots.get((place, colour), Slot(colour)) for colour in Colour}

    async def set_slot(self, place: Place, slot: Slot, *, was: SlotState | None = None) -> None:
        now = (await self.slots(place))[slot.colour]
        if was is not None and now != slot and now.state is not was:
            raise _changed(now, was)
        self.kept_slots[place, slot.colour] = slot

    async def commit(self, deployment: DeploymentId, place: Place, live: Colour | None) -> None:
        entry = self._entry(deployment)
        if entry.is_committed:
            return
        if not entry.holds_place:
            raise Conflict("deployment.locked", "another task holds the place", thing=deployment)
        if entry.has_begun_to_undo:
            raise Conflict("deployment.not_committed", "the deployment has begun to undo", thing=deployment)
        if live is not None:
            both = await self.slots(place)
            self.kept_slots[place, live] = replace(both[live], state=SlotState.LIVE, standby_until=None)
            if both[live.other].state is SlotState.LIVE:
                self.kept_slots[place, live.other] = replace(both[live.other], state=SlotState.IDLE)
        entry.is_committed = True

    async def is_committed(self, deployment: DeploymentId) -> bool:
        return self._entry(deployment).is_committed

    async def stand_by(self, place: Place, colour: Colour, until: datetime) -> None:
        now = (await self.slots(place))[colour]
        if now.state in (SlotState.LIVE, SlotState.EMPTY):
            raise _changed(now, SlotState.IDLE)
        self.kept_slots[place, colour] = replace(now, state=SlotState.STANDBY, standby_until=until)

    async def create_release(self, task: TaskId, facts: Mapping[str, Json]) -> ReleaseId:
        if task not in self.runs:
            raise NotFound("run.unknown", f"the task {task} carries out no run", thing=task)
        told = from_data(tuple[tuple[ScriptSource, str], ...], facts.get("script_commits", []))
        if missing := tuple(one for one in self.scripts if one not in dict(told)):
            raise NotLookedUp("books", missing)
        if task not in self.releases:
            self.gone -= set(_images(facts))
        made = self.releases.setdefault(task, (ReleaseId(f"rel-{len(self.releases) + 1:05d}"), dict(facts)))
        return made[0]

    async def let_go(self, references: Collection[str]) -> frozenset[str]:
        stay = {one for id, facts in self.releases.values() if id in self.needed for one in _images(facts)}
        free = frozenset(references) - stay
        self.gone |= free
        return free

    async def are_there(self, references: Collection[str]) -> None:
        self.gone -= set(references)

    async def forget_releases(self, releases: Collection[ReleaseId]) -> frozenset[ReleaseId]:
        going = set(releases) - self.needed
        left = frozenset(id for id, _ in self.releases.values() if id in going)
        self.releases = {task: held for task, held in self.releases.items() if held[0] not in left}
        return left

    async def forget_unused(self, ids: Collection[str]) -> frozenset[str]:
        left = frozenset(ids) & self.unneeded
        self.unneeded -= left
        return left

    async def forget_snapshots(self, before: datetime) -> int:
        return 0

    async def note(self, task: TaskId, name: str, data: Json) -> None:
        self.kept_facts.setdefault(task, {})[name] = data

    async def fact(self, task: TaskId, name: str) -> Json:
        return self.kept_facts.get(task, {}).get(name)

    async def facts(self, task: TaskId) -> Mapping[str, Json]:
        return dict(self.kept_facts.get(task, {}))

    def _entry(self, deployment: DeploymentId) -> DeploymentEntry:
        if deployment not in self.deployments:
            raise NotFound("deployment.unknown", f"there is no deployment {deployment}", thing=deployment)
        return self.deployments[deployment]


def _images(facts: Mapping[str, Json]) -> tuple[str, ...]:
    """The references that the release's facts name."""
    images = facts.get("images")
    return (*(map(str, images.values()) if isinstance(images, dict) else ()), str(facts.get("test_image") or ""))


def _changed(now: Slot, expected: SlotState) -> Conflict:
    return Conflict("slot.changed", f"the {now.colour} slot is {now.state}, not {expected}", thing=now.colour)
