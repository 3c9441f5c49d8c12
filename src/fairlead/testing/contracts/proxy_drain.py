"""What every proxy keeps to when a slot is drained: waiting, closing at the bound, and counting what was cut."""

from __future__ import annotations

import asyncio

from fairlead.ports.proxy import Counters
from fairlead.testing.contracts.proxy_given import BLUE, BOOKS, BOUND_S, GREEN, ProxyRig, live, places, ready_places


class ProxyDrainContract:
    """Taking a slot out of use."""

    async def test_a_quiet_slot_is_drained_at_once_and_not_ready(self, rig: ProxyRig) -> None:
        await live(rig, BOOKS, "v1")
        await rig.ask(BOOKS.host)
        await live(rig, BOOKS, "v2", colour=GREEN)
        drained = await rig.proxy.drain(BOOKS.name, BLUE, bound_s=BOUND_S)
        assert drained.cut == 0
        assert drained.waited_s < BOUND_S / 2
        assert await ready_places(rig, BOOKS.name, BLUE) == set()
        assert await rig.ask(BOOKS.host) == "v2"

    async def test_a_request_in_flight_is_waited_for(self, rig: ProxyRig) -> None:
        await live(rig, BOOKS, "v1")
        async with rig.hold(BOOKS.host):
            await live(rig, BOOKS, "v2", colour=GREEN)
            before = await rig.proxy.counters(BOOKS.name, BLUE)
            drain = asyncio.create_task(rig.proxy.drain(BOOKS.name, BLUE, bound_s=BOUND_S))
            await asyncio.wait([drain], timeout=0.2)
            assert not drain.done()
        drained = await drain
        assert drained.cut == 0
        assert drained.counters is not None
        assert drained.counters.requests - before.requests == 1
        assert _failed(drained.counters) == 0

    async def test_what_is_open_at_the_bound_is_closed_and_counted(self, rig: ProxyRig) -> None:
        await live(rig, BOOKS, "v1")
        async with rig.hold(BOOKS.host), rig.hold(BOOKS.host):
            await live(rig, BOOKS, "v2", colour=GREEN)
            drained = await rig.proxy.drain(BOOKS.name, BLUE, bound_s=0.1)
            assert drained.cut == 2
            assert drained.waited_s >= 0.1
            assert drained.counters is not None
            assert drained.counters.sessions_now == 2
            assert _failed(drained.counters) == 0
            after = await rig.proxy.counters(BOOKS.name, BLUE)
            assert after.sessions_now == 0
            assert after.requests - drained.counters.requests == 2
            assert _failed(after) == 2
        assert await rig.ask(BOOKS.host) == "v2"

    async def test_the_other_slots_requests_are_not_waited_for(self, rig: ProxyRig) -> None:
        await live(rig, BOOKS, "v1")
        await live(rig, BOOKS, "v2", colour=GREEN)
        async with rig.hold(BOOKS.host):
            assert (await rig.proxy.drain(BOOKS.name, BLUE, bound_s=BOUND_S)).waited_s < BOUND_S / 2

    async def test_one_replica_can_be_drained_while_the_others_serve(self, rig: ProxyRig) -> None:
        a, b = await live(rig, BOOKS, "a", "b")
        drained = await rig.proxy.drain(BOOKS.name, BLUE, bound_s=BOUND_S, only=[a])
        assert drained.cut == 0
        assert await ready_places(rig, BOOKS.name, BLUE) == places(b)
        assert {await rig.ask(BOOKS.host) for _ in range(4)} == {"b"}

    async def test_draining_the_live_slot_ends_its_requests(self, rig: ProxyRig) -> None:
        await live(rig, BOOKS, "v1")
        await rig.proxy.drain(BOOKS.name, BLUE, bound_s=BOUND_S)
        assert await rig.ask(BOOKS.host) is None

    async def test_a_drained_slot_can_be_filled_again(self, rig: ProxyRig) -> None:
        endpoints = await live(rig, BOOKS, "v1")
        await live(rig, BOOKS, "v2", colour=GREEN)
        await rig.proxy.drain(BOOKS.name, BLUE, bound_s=BOUND_S)
        await rig.proxy.fill(BOOKS.name, BLUE, endpoints)
        await rig.proxy.point({BOOKS.name: BLUE})
        assert await rig.ask(BOOKS.host) == "v1"

    async def test_a_cleared_slot_is_empty_and_gone_is_fine(self, rig: ProxyRig) -> None:
        await live(rig, BOOKS, "v1")
        await live(rig, BOOKS, "v2", colour=GREEN)
        for _ in range(2):
            await rig.proxy.clear(BOOKS.name, BLUE)
        state = await rig.proxy.read_back(BOOKS.name)
        assert state is not None
        assert state.servers[BLUE] == ()
        assert len(state.servers[GREEN]) == 1
        await rig.proxy.clear("no/such/route/0", BLUE)
        assert (await rig.proxy.drain("no/such/route/0", BLUE, bound_s=BOUND_S)).cut == 0

    async def test_a_cancelled_drain_leaves_a_slot_that_can_be_drained(self, rig: ProxyRig) -> None:
        await live(rig, BOOKS, "v1")
        async with rig.hold(BOOKS.host):
            await live(rig, BOOKS, "v2", colour=GREEN)
            drain = asyncio.create_task(rig.proxy.drain(BOOKS.name, BLUE, bound_s=BOUND_S))
            await asyncio.wait([drain], timeout=0.1)
            drain.cancel()
            await asyncio.wait([drain])
            assert await rig.proxy.read_back(BOOKS.name) is not None
        assert (await rig.proxy.drain(BOOKS.name, BLUE, bound_s=BOUND_S)).cut == 0


def _failed(counters: Counters) -> int:
    return counters.proxy_errors + counters.broken
