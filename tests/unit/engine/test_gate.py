"""Steps go through the gate, wait at it while draining, and are cut off when their epoch is lost."""

import asyncio

import pytest

from fairlead.adapters.system import SystemClock
from fairlead.engine.gate import Gate
from fairlead.ports.durable import Abandoned


@pytest.fixture
def gate() -> Gate:
    return Gate(SystemClock())


async def forever():
    await asyncio.Event().wait()


async def test_a_step_is_in_flight_until_it_was_kept(gate):
    step = gate.step(0)

    async def work():
        return 1

    assert await step.run(work) == 1
    assert not await gate.emptied(bound_s=0.01)
    step.over()
    assert await gate.drain(bound_s=1)


async def test_no_step_starts_while_draining(gate):
    await gate.drain(bound_s=1)
    begun = []

    async def work():
        begun.append(1)

    waiting = asyncio.ensure_future(gate.step(0).run(work))
    await asyncio.sleep(0.01)
    assert not waiting.done() and not begun
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)


async def test_a_drain_returns_at_its_bound(gate):
    step = gate.step(0)
    running = asyncio.ensure_future(step.run(forever))
    await asyncio.sleep(0)
    assert not await gate.drain(bound_s=0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_pause_inside_a_step_does_not_hold_up_a_drain_and_does_not_end_in_it(gate):
    step, ended = gate.step(0), []

    async def work():
        await gate.pause(0.02)
        ended.append(1)

    running = asyncio.ensure_future(step.run(work))
    await asyncio.sleep(0.005)
    assert await gate.drain(bound_s=1)
    await asyncio.sleep(0.05)
    assert not ended
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_lost_epoch_cancels_what_is_in_flight_and_refuses_its_runs(gate):
    cancelled = []

    async def work():
        try:
            await forever()
        except asyncio.CancelledError:
            cancelled.append(1)
            raise

    running = asyncio.ensure_future(gate.step(0).run(work))
    await asyncio.sleep(0.001)
    gate.lose()
    with pytest.raises(Abandoned):
        await running
    assert cancelled
    with pytest.raises(Abandoned):
        gate.require(0)
    gate.regain()
    gate.require(1)
    with pytest.raises(Abandoned):
        gate.require(0)
