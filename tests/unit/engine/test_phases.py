"""Phases are gathered and written in order, at the latest when the task ends."""

import asyncio
from datetime import UTC, datetime

import pytest

from fairlead.domain.task import PhaseState
from fairlead.engine.phases import Phases
from fairlead.ports.tasks import PhaseTold

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
BEGUN, DONE = PhaseTold("start", PhaseState.RUNNING, AT), PhaseTold("start", PhaseState.DONE, AT)
NEXT = PhaseTold("ready", PhaseState.RUNNING, AT)


class Written:
    """What was written, one entry for each transaction."""

    def __init__(self) -> None:
        self.batches: list[list[PhaseTold]] = []
        self.is_written = asyncio.Event()
        self.is_broken = False

    async def __call__(self, told):
        if self.is_broken:
            raise ZeroDivisionError("books")
        self.batches.append(list(told))
        self.is_written.set()


async def test_what_is_told_at_once_is_one_transaction_in_order():
    written = Written()
    phases = Phases(written)
    for told in (BEGUN, DONE, NEXT):
        phases.tell(told)
    await phases.settle()
    assert written.batches == [[BEGUN, DONE, NEXT]]
    await phases.settle()
    assert len(written.batches) == 1


async def test_it_is_written_while_the_task_still_runs():
    written = Written()
    phases = Phases(written)
    phases.tell(BEGUN)
    await written.is_written.wait()
    phases.tell(DONE)
    await phases.settle()
    assert written.batches == [[BEGUN], [DONE]]


async def test_what_goes_wrong_is_raised_once():
    written = Written()
    written.is_broken = True
    phases = Phases(written)
    phases.tell(BEGUN)
    with pytest.raises(ZeroDivisionError):
        await phases.settle()
    await phases.settle()


async def test_a_run_that_is_lost_writes_nothing_more():
    written = Written()
    phases = Phases(written)
    phases.tell(BEGUN)
    phases.abandon()
    with pytest.raises(asyncio.CancelledError):
        await phases.settle()
    assert written.batches == []
