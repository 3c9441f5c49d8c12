"""The books in memory keep the contracts, and the contracts can tell books that do not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from tests.contract.books_rigs import FakeBooks, fake_books

from fairlead.domain.colour import Colour
from fairlead.domain.errors import FairleadError
from fairlead.domain.ids import DeploymentId, NodeId, ReleaseId, SecretVersionId, TaskId
from fairlead.domain.plan import Plan
from fairlead.domain.record import Json, to_data
from fairlead.domain.slot import Slot, SlotState
from fairlead.domain.task import TaskState
from fairlead.ports.catalogue import Place, Registration
from fairlead.ports.task_log import Level, Line
from fairlead.ports.tasks import Begun, End
from fairlead.testing.contracts.artifacts import ArtifactsContract
from fairlead.testing.contracts.catalogue import CatalogueContract
from fairlead.testing.contracts.lease import LeaseContract
from fairlead.testing.contracts.records import CommitContract, RecordsContract, SlotsContract
from fairlead.testing.contracts.secrets import SecretsContract
from fairlead.testing.contracts.task_log import TaskLogContract, TaskLogFollowContract, TaskLogMaskContract
from fairlead.testing.contracts.tasks import TasksContract
from fairlead.testing.fake_artifacts import FakeArtifacts
from fairlead.testing.fake_catalogue import FakeCatalogue
from fairlead.testing.fake_clock import FakeClock
from fairlead.testing.fake_lease import FakeLease
from fairlead.testing.fake_records import FakeRecords
from fairlead.testing.fake_secrets import FakeSecrets
from fairlead.testing.fake_task_log import FakeTaskLog
from fairlead.testing.fake_tasks import FakeTasks


@pytest.fixture
def books() -> FakeBooks:
    return fake_books()


class TestTaskLog(TaskLogContract):
    pass


class TestTaskLogFollow(TaskLogFollowContract):
    pass


class TestTaskLogMask(TaskLogMaskContract):
    pass


class TestSecrets(SecretsContract):
    pass


class TestArtifacts(ArtifactsContract):
    pass


class TestCatalogue(CatalogueContract):
    pass


class TestSlots(SlotsContract):
    pass


class TestCommit(CommitContract):
    pass


class TestRecords(RecordsContract):
    pass


class TestTasks(TasksContract):
    pass


class TestLease(LeaseContract):
    pass


# Deliberately wrong ones, each for one rule


class NumbersFromZero(FakeTaskLog):
    def _keep(self, task: TaskId, level: Level, step: str, target: str, text: str) -> None:
        super()._keep(task, level, step, target, text)
        self.lines[task][-1] = replace(self.lines[task][-1], number=len(self.lines[task]) - 1)


class ForgetsWhereToGoOn(FakeTaskLog):
    async def read(self, task: TaskId, *, after: int = 0, limit: int = 1000) -> Sequence[Line]:
        return await super().read(task, limit=limit)


class KeepsBreaks(FakeTaskLog):
    def write(self, task: TaskId, level: Level, step: str, text: str, *, target: str = "") -> None:
        self._keep(task, level, step, target, text)


class MasksNothing(FakeTaskLog):
    def __init__(self) -> None:
        super().__init__()


class UnmasksValues(FakeSecrets):
    async def values(self, task: TaskId, versions: Iterable[SecretVersionId]) -> Mapping[SecretVersionId, str]:
        return {id: self.kept.get(id, "") for id in versions}


class HashesWithoutKey(FakeSecrets):
    def keyed_hash(self, value: str) -> str:
        return super().keyed_hash(value.strip())


class ForgetsBytes(FakeArtifacts):
    async def put_blob(self, content: bytes) -> str:
        key = await super().put_blob(content)
        self.blobs[key] = content[:3]
        return key


class KeepsTheFirstName(FakeArtifacts):
    async def attach(self, task: TaskId, name: str, content: bytes, *, kind: str) -> None:
        if name not in self.attached.get(task, {}):
            await super().attach(task, name, content, kind=kind)


class MixesPlaces(FakeCatalogue):
    async def deregister(self, place: Place, instances: Sequence[str]) -> None:
        self.entries = {key: held for key, held in self.entries.items() if key[1] not in instances}


class RegistersTwice(FakeCatalogue):
    async def register(self, entries: Sequence[Registration]) -> None:
        for entry in entries:
            self.entries[entry.place, f"{entry.instance} {len(self.entries)}"] = entry


class RaisesWhenGone(FakeCatalogue):
    async def deregister(self, place: Place, instances: Sequence[str]) -> None:
        for instance in instances:
            del self.entries[place, instance]


class IgnoresWas(FakeRecords):
    async def set_slot(self, place: Place, slot: Slot, *, was: SlotState | None = None) -> None:
        await super().set_slot(place, slot)


class CommitsTwice(FakeRecords):
    async def commit(self, deployment: DeploymentId, place: Place, live: Colour) -> None:
        self._entry(deployment).is_committed = False
        await super().commit(deployment, place, live)
        self.kept_slots[place, live.other] = Slot(live.other, SlotState.IDLE)


class CommitsWhatUndoes(FakeRecords):
    async def commit(self, deployment: DeploymentId, place: Place, live: Colour) -> None:
        self._entry(deployment).has_begun_to_undo = False
        await super().commit(deployment, place, live)


class CommitsWithoutPlace(FakeRecords):
    async def commit(self, deployment: DeploymentId, place: Place, live: Colour) -> None:
        self._entry(deployment).holds_place = True
        await super().commit(deployment, place, live)


class LeavesTheOtherLive(FakeRecords):
    async def commit(self, deployment: DeploymentId, place: Place, live: Colour) -> None:
        before = (await self.slots(place))[live.other]
        await super().commit(deployment, place, live)
        self.kept_slots[place, live.other] = before


class ReleasesEachTime(FakeRecords):
    async def create_release(self, task: TaskId, facts: Mapping[str, Json]) -> ReleaseId:
        await super().create_release(task, facts)
        self.releases[task] = (ReleaseId(f"{self.releases[task][0]}x"), facts)
        return self.releases[task][0]


class LetsAllGo(FakeRecords):
    async def let_go(self, references: Collection[str]) -> frozenset[str]:
        self.needed.clear()
        return await super().let_go(references)


class ForgetsWhatWent(FakeRecords):
    async def let_go(self, references: Collection[str]) -> frozenset[str]:
        return frozenset(references)


class KeepsTheFirstFact(FakeRecords):
    async def note(self, task: TaskId, name: str, data: Json) -> None:
        self.kept_facts.setdefault(task, {}).setdefault(name, data)


class FreezesAgain(FakeTasks):
    async def freeze(self, task: TaskId, plan: Plan) -> None:
        self.entry(task).plan = to_data(plan)


class EndsAgain(FakeTasks):
    async def end(self, task: TaskId, end: End) -> None:
        self.entry(task).state, self.entry(task).end = TaskState.RUNNING, None
        await super().end(task, end)


class StaysUnsettled(FakeTasks):
    async def begin(self, task: TaskId, node: NodeId, *, again: int = 0) -> Begun:
        return Begun()


class NeverDies(FakeLease):
    async def dead(self, among: Sequence[NodeId]) -> Sequence[NodeId]:
        return [node for node in among if node not in self.until]


Test = Callable[[FakeBooks], Awaitable[None]]


def _wrong(part: str, made: Any) -> FakeBooks:
    books = fake_books()
    setattr(books, part, made)
    return books


@pytest.mark.parametrize(
    ("part", "made", "test"),
    [
        ("task_log", NumbersFromZero(), TaskLogContract().test_lines_are_numbered_from_one_without_gaps),
        ("task_log", ForgetsWhereToGoOn(), TaskLogContract().test_reading_goes_on_after_any_number),
        ("task_log", KeepsBreaks(), TaskLogContract().test_line_breaks_make_several_lines),
        ("task_log", KeepsBreaks(), TaskLogContract().test_a_long_line_is_cut_and_says_so),
        (
            "task_log",
            MasksNothing(),
            TaskLogMaskContract().test_a_secret_is_masked_as_it_is_and_in_every_encoding,
        ),
        ("task_log", MasksNothing(), TaskLogMaskContract().test_a_secret_at_the_cut_of_a_long_line_is_masked),
        ("secrets", UnmasksValues(), SecretsContract().test_an_unknown_id_is_not_found_and_named),
        ("secrets", HashesWithoutKey(), SecretsContract().test_keyed_hashes_are_equal_for_equal_values_alone),
        ("artifacts", ForgetsBytes(), ArtifactsContract().test_bytes_are_kept_by_their_sha256),
        ("artifacts", KeepsTheFirstName(), ArtifactsContract().test_the_latest_under_a_name_holds),
        ("catalogue", MixesPlaces(), CatalogueContract().test_places_and_tenants_are_strangers),
        ("catalogue", RegistersTwice(), CatalogueContract().test_twice_is_once_and_the_latest_holds),
        ("catalogue", RaisesWhenGone(), CatalogueContract().test_gone_is_fine),
        ("records", IgnoresWas(), SlotsContract().test_only_from_the_expected_state),
        ("records", CommitsTwice(), CommitContract().test_committing_twice_is_committing_once),
        ("records", CommitsWhatUndoes(), CommitContract().test_who_has_begun_to_undo_is_never_committed),
        ("records", CommitsWithoutPlace(), CommitContract().test_who_lost_the_place_is_never_committed),
        ("records", LeavesTheOtherLive(), CommitContract().test_the_commit_makes_one_slot_live_and_the_other_idle),
        ("records", ReleasesEachTime(), RecordsContract().test_a_run_makes_one_release_however_often_it_asks),
        ("records", LetsAllGo(), RecordsContract().test_what_a_release_needs_that_waits_does_not_go),
        ("records", ForgetsWhatWent(), RecordsContract().test_images_that_go_are_recorded_before_and_twice_is_once),
        ("records", KeepsTheFirstFact(), RecordsContract().test_the_latest_fact_under_a_name_holds),
        ("tasks", FreezesAgain(), TasksContract().test_a_second_freeze_is_ignored),
        ("tasks", EndsAgain(), TasksContract().test_an_end_is_told_whole_and_is_the_last),
        (
            "tasks",
            StaysUnsettled(),
            TasksContract().test_an_unsettled_task_is_told_until_it_is_taken_up_and_may_end_again,
        ),
        ("lease", NeverDies(FakeClock()), LeaseContract().test_a_lease_that_was_given_back_has_run_out),
    ],
)
async def test_a_wrong_one_is_found_out(part: str, made: Any, test: Test) -> None:
    with pytest.raises((AssertionError, FairleadError, KeyError, pytest.fail.Exception)):
        await test(_wrong(part, made))
