"""What every keeper of our own books keeps to, real or fake: the promises of ports/records.py."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fairlead.domain.colour import Colour
from fairlead.domain.errors import Conflict, NotFound
from fairlead.domain.ids import DeploymentId, ReleaseId
from fairlead.domain.record import Json
from fairlead.domain.slot import Slot, SlotState
from fairlead.testing.contracts.books import ELSEWHERE, PLACE, Books

BLUE, GREEN = Colour.BLUE, Colour.GREEN
LIVE = Slot(BLUE, SlotState.LIVE, "dep-0", "rel-0", "1.0.0", "books-blue", "10.213.0.0/26")
IDLE = Slot(GREEN, SlotState.IDLE, "dep-1", "rel-1", "1.1.0", "books-green", "10.213.0.64/26")
LATER = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
WEB = "127.0.0.1:8602/books/web@sha256:" + "a" * 64
OTHER = "127.0.0.1:8602/books/web@sha256:" + "b" * 64
FACTS: dict[str, Json] = {
    "images": {"web": WEB},
    "commit": "c" * 40,
    "changes": [{"is": "Change", "commit": "c" * 40, "author": "Ann", "at": "2026-01-01T00:00:00Z", "subject": "Fix"}],
    "files": {"fairlead.yml": "sha256:" + "b" * 64},
}


class SlotsContract:
    """Which release stands where."""

    async def test_a_place_of_which_nothing_is_known_has_two_empty_slots(self, books: Books) -> None:
        assert await books.records.slots(PLACE) == {BLUE: Slot(BLUE), GREEN: Slot(GREEN)}

    async def test_a_slot_is_recorded_whole(self, books: Books) -> None:
        kept = Slot(BLUE, SlotState.STANDBY, "dep-0", "rel-0", "1.0.0", "net", "10.0.0.0/26", LATER)
        await books.records.set_slot(PLACE, kept)
        assert (await books.records.slots(PLACE))[BLUE] == kept
        assert (await books.records.slots(ELSEWHERE))[BLUE] == Slot(BLUE)

    async def test_only_from_the_expected_state(self, books: Books) -> None:
        await books.records.set_slot(PLACE, IDLE, was=SlotState.EMPTY)
        with pytest.raises(Conflict) as raised:
            await books.records.set_slot(PLACE, Slot(GREEN, SlotState.IDLE, "dep-2"), was=SlotState.EMPTY)
        assert raised.value.code == "slot.changed"
        assert (await books.records.slots(PLACE))[GREEN] == IDLE

    async def test_the_same_already_is_fine(self, books: Books) -> None:
        await books.records.set_slot(PLACE, IDLE, was=SlotState.EMPTY)
        await books.records.set_slot(PLACE, IDLE, was=SlotState.EMPTY)
        assert (await books.records.slots(PLACE))[GREEN] == IDLE

    async def test_a_slot_stands_by_until_its_time(self, books: Books) -> None:
        await books.records.set_slot(PLACE, IDLE)
        for _ in range(2):
            await books.records.stand_by(PLACE, GREEN, LATER)
        slot = (await books.records.slots(PLACE))[GREEN]
        assert (slot.state, slot.standby_until, slot.release) == (SlotState.STANDBY, LATER, "rel-1")

    @pytest.mark.parametrize("state", [SlotState.LIVE, SlotState.EMPTY])
    async def test_a_live_or_empty_slot_cannot_stand_by(self, books: Books, state: SlotState) -> None:
        await books.records.set_slot(PLACE, Slot(BLUE, state))
        with pytest.raises(Conflict, match="blue"):
            await books.records.stand_by(PLACE, BLUE, LATER)


class CommitContract:
    """The commit point (law 2)."""

    async def test_the_commit_makes_one_slot_live_and_the_other_idle(self, books: Books) -> None:
        deployment, _ = await books.new_deployment(PLACE)
        await books.records.set_slot(PLACE, LIVE)
        await books.records.set_slot(PLACE, IDLE)
        assert not await books.records.is_committed(deployment)
        await books.records.commit(deployment, PLACE, GREEN)
        slots = await books.records.slots(PLACE)
        assert (slots[GREEN].state, slots[GREEN].version) == (SlotState.LIVE, "1.1.0")
        assert (slots[BLUE].state, slots[BLUE].version) == (SlotState.IDLE, "1.0.0")
        assert await books.records.is_committed(deployment)

    async def test_the_first_release_has_no_other_to_end(self, books: Books) -> None:
        deployment, _ = await books.new_deployment(PLACE)
        await books.records.set_slot(PLACE, IDLE)
        await books.records.commit(deployment, PLACE, GREEN)
        slots = await books.records.slots(PLACE)
        assert (slots[GREEN].state, slots[BLUE]) == (SlotState.LIVE, Slot(BLUE))

    async def test_a_slot_that_stood_by_and_is_live_again_has_no_time_to_end(self, books: Books) -> None:
        deployment, _ = await books.new_deployment(PLACE)
        await books.records.set_slot(PLACE, IDLE)
        await books.records.stand_by(PLACE, GREEN, LATER)
        await books.records.commit(deployment, PLACE, GREEN)
        assert (await books.records.slots(PLACE))[GREEN].standby_until is None

    async def test_committing_twice_is_committing_once(self, books: Books) -> None:
        deployment, _ = await books.new_deployment(PLACE)
        await books.records.set_slot(PLACE, LIVE)
        await books.records.set_slot(PLACE, IDLE)
        await books.records.commit(deployment, PLACE, GREEN)
        await books.records.set_slot(PLACE, Slot(BLUE), was=SlotState.IDLE)
        await books.records.commit(deployment, PLACE, GREEN)
        slots = await books.records.slots(PLACE)
        assert (slots[GREEN].state, slots[BLUE].state) == (SlotState.LIVE, SlotState.EMPTY)

    async def test_the_commit_outlives_the_process(self, books: Books) -> None:
        deployment, _ = await books.new_deployment(PLACE)
        await books.records.commit(deployment, PLACE, GREEN)
        assert await (await books.reborn()).records.is_committed(deployment)

    async def test_who_has_begun_to_undo_is_never_committed(self, books: Books) -> None:
        deployment, task = await books.new_deployment(PLACE)
        await books.records.set_slot(PLACE, IDLE)
        await books.begin_undo(deployment, task)
        with pytest.raises(Conflict) as raised:
            await books.records.commit(deployment, PLACE, GREEN)
        assert raised.value.code == "deployment.not_committed"
        assert not await books.records.is_committed(deployment)
        assert (await books.records.slots(PLACE))[GREEN] == IDLE

    async def test_who_lost_the_place_is_never_committed(self, books: Books) -> None:
        deployment, _ = await books.new_deployment(PLACE)
        await books.give_place_away(PLACE)
        with pytest.raises(Conflict) as raised:
            await books.records.commit(deployment, PLACE, GREEN)
        assert raised.value.code == "deployment.locked"
        assert not await books.records.is_committed(deployment)

    async def test_an_unknown_deployment_is_not_found(self, books: Books) -> None:
        for asked in (
            books.records.is_committed(DeploymentId("dep-nowhere")),
            books.records.commit(DeploymentId("dep-nowhere"), PLACE, GREEN),
        ):
            with pytest.raises(NotFound, match="dep-nowhere"):
                await asked


class RecordsContract:
    """Releases and facts."""

    async def test_a_run_makes_one_release_however_often_it_asks(self, books: Books) -> None:
        task = await books.new_run()
        made = await books.records.create_release(task, FACTS)
        assert await books.records.create_release(task, FACTS) == made
        assert await (await books.reborn()).records.create_release(task, FACTS) == made

    async def test_each_run_makes_its_own(self, books: Books) -> None:
        first, second = await books.new_run(), await books.new_run()
        assert await books.records.create_release(first, FACTS) != await books.records.create_release(second, FACTS)

    async def test_a_task_without_a_run_makes_none(self, books: Books) -> None:
        with pytest.raises(NotFound) as raised:
            await books.records.create_release(await books.new_task(), FACTS)
        assert raised.value.code == "run.unknown"

    async def test_images_that_go_are_recorded_before_and_twice_is_once(self, books: Books) -> None:
        release = await books.records.create_release(await books.new_run(), FACTS)
        assert not await books.lacks(release)
        for _ in range(2):
            assert await books.records.let_go({WEB, OTHER}) == {WEB, OTHER}
        assert await books.lacks(release)
        await books.records.are_there({OTHER})
        assert await (await books.reborn()).lacks(release)
        for _ in range(2):
            await books.records.are_there({WEB})
        assert not await books.lacks(release)

    async def test_what_a_release_needs_that_waits_does_not_go(self, books: Books) -> None:
        release = await books.records.create_release(await books.new_run(), FACTS)
        await books.need(release)
        assert await books.records.let_go({WEB, OTHER}) == {OTHER}
        assert not await books.lacks(release)

    async def test_what_was_pushed_again_is_there_again(self, books: Books) -> None:
        old = await books.records.create_release(await books.new_run(), FACTS)
        await books.records.let_go({WEB})
        await books.records.create_release(await books.new_run(), FACTS)
        assert not await books.lacks(old)

    async def test_releases_leave_the_books_once_and_what_is_needed_stays(self, books: Books) -> None:
        old, needed = [await books.records.create_release(await books.new_run(), FACTS) for _ in range(2)]
        await books.need(needed)
        assert await books.records.forget_releases([old, needed, ReleaseId("rel-nowhere")]) == {old}
        assert await books.records.forget_releases([old]) == frozenset()

    async def test_the_latest_fact_under_a_name_holds(self, books: Books) -> None:
        task, other = await books.new_task(), await books.new_task()
        assert await books.records.facts(task) == {}
        await books.records.note(task, "tests", {"passed": 3, "failed": 1})
        await books.records.note(task, "tests", {"passed": 4, "failed": 0})
        await books.records.note(task, "cut", 0)
        await books.records.note(task, "nothing", None)
        facts = await books.records.facts(task)
        assert facts == {"tests": {"passed": 4, "failed": 0}, "cut": 0, "nothing": None}
        assert await books.records.fact(task, "tests") == facts["tests"]
        assert await books.records.fact(task, "unknown") is None
        assert await books.records.facts(other) == {}
