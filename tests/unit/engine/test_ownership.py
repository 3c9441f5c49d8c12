"""The lease is kept while the process can, let go before it runs out, and the dead are taken over."""

import asyncio

import pytest

from fairlead.domain.errors import Unreachable
from fairlead.domain.ids import NodeId
from fairlead.engine.gate import Gate
from fairlead.engine.ownership import LeaseTimes, Ownership
from fairlead.ports.durable import Abandoned
from fairlead.testing.fake_clock import FakeClock

ME, OTHER = NodeId("me"), NodeId("other")


class ClockedLease:
    """A lease by the test's clock; `answers` is false while its database is away."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock, self.until, self.answers, self.renewals = clock, {}, True, 0

    async def renew(self, node, *, seconds):
        if not self.answers:
            raise Unreachable("store.unreachable", "away")
        self.renewals += 1
        now = self.clock.monotonic_s()
        left = self.until.get(node, now) - now
        self.until[node] = now + seconds
        return max(0.0, left)

    async def give_back(self, node):
        self.until[node] = self.clock.monotonic_s()

    async def dead(self, among):
        return [node for node in among if self.until.get(node, 0.0) <= self.clock.monotonic_s()]


class Rig:
    def __init__(self) -> None:
        self.clock = FakeClock(is_eager=False)
        self.lease, self.gate = ClockedLease(self.clock), Gate(self.clock)
        self.owners, self.taken = [ME], []
        self.ownership = Ownership(
            ME, self.lease, self.gate, self.clock, self.ask, self.take, LeaseTimes(8.0, 2.0, 1.0, 2.0)
        )

    async def ask(self):
        return self.owners

    async def take(self, dead):
        self.taken.extend(dead)

    async def pass_time(self, seconds: float) -> None:
        for _ in range(int(seconds * 4)):
            self.clock.advance(0.25)
            for _ in range(6):
                await asyncio.sleep(0)

    def is_mine(self) -> bool:
        return not self.gate._lost.is_set()


async def begun() -> Rig:
    rig = Rig()
    await rig.ownership.acquire()
    rig.ownership.start()
    await asyncio.sleep(0)
    return rig


async def test_the_lease_is_renewed_and_given_back_at_the_end():
    rig = await begun()
    await rig.pass_time(20)
    assert rig.is_mine() and rig.lease.renewals >= 9
    await rig.ownership.stop()
    assert rig.lease.until[ME] == rig.clock.monotonic_s()


async def test_a_dead_node_is_taken_over_within_nine_seconds_of_its_last_renewal():
    rig = await begun()
    rig.owners = [ME, OTHER]
    rig.lease.until[OTHER] = rig.clock.monotonic_s() + 8
    await rig.pass_time(7)
    assert rig.taken == []
    await rig.pass_time(2.25)
    assert OTHER in rig.taken
    await rig.ownership.stop()


async def test_a_lease_that_cannot_be_renewed_is_let_go_before_it_runs_out():
    rig = await begun()
    rig.lease.answers = False
    await rig.pass_time(5.5)
    assert rig.is_mine()
    await rig.pass_time(0.75)
    assert not rig.is_mine() and rig.clock.monotonic_s() < rig.lease.until[ME]
    await rig.ownership.stop()


async def test_who_has_let_go_comes_back_in_a_new_epoch_and_takes_up_its_own():
    rig = await begun()
    rig.lease.answers = False
    await rig.pass_time(10)
    rig.lease.answers = True
    await rig.pass_time(3)
    assert rig.is_mine() and rig.gate.epoch == 1 and ME in rig.taken
    await rig.ownership.stop()


async def test_a_process_that_was_held_still_lets_go_when_it_wakes():
    rig = await begun()
    rig.clock.advance(30)
    await rig.pass_time(0.25)
    assert rig.gate.epoch == 1 or not rig.is_mine()
    await rig.ownership.stop()


async def test_who_slept_longer_than_the_lease_may_do_nothing_from_the_first_moment_on():
    rig = await begun()
    rig.ownership.require()
    rig.clock.advance(8.0)  # the process was suspended: no timer of it has run yet
    with pytest.raises(Abandoned):
        rig.ownership.require()
    await rig.ownership.stop()
