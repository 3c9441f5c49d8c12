"""Law 1: twenty switches on the real HAProxy, each with new upstreams, and not one request is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from tests.contract.proxy_rigs import HaproxyRig, haproxy_rig

from fairlead.adapters.proxies import haproxy_child
from fairlead.domain.colour import Colour
from fairlead.ports.proxy import RouteSpec
from fairlead.testing.load import Load
from fairlead.testing.upstream import Upstream

SWITCHES = 20
SOME_REQUESTS = 40
ROUTE = RouteSpec("books/production/web/0", "books.example.com")
DRAIN_S = 10.0
HELD = 5
CUTS = 10


@pytest.fixture
async def rig(free_port: Callable[[], int], haproxy_binary: Path) -> AsyncIterator[HaproxyRig]:
    async with haproxy_rig(free_port, haproxy_binary, https=False) as started:
        yield started


async def deploy(rig: HaproxyRig, colour: Colour, version: int) -> list[Upstream]:
    """Two replicas of the version into the slot, and the route to it; nothing is routed before it is filled."""
    upstreams = [await rig.upstream(f"v{version}-{replica}") for replica in "ab"]
    await rig.proxy.fill(ROUTE.name, colour, [upstream.endpoint for upstream in upstreams])
    await rig.proxy.point({ROUTE.name: colour})
    state = await rig.proxy.read_back(ROUTE.name)
    assert state is not None
    assert state.live is colour
    return upstreams


async def until_asked(load: Load, more: int) -> None:
    """Let the users ask some more."""
    wanted = load.told.requests + more
    while load.told.requests < wanted:
        await asyncio.sleep(0.005)


async def test_twenty_switches_lose_no_request(rig: HaproxyRig) -> None:
    await rig.proxy.ensure_route(ROUTE)
    standing = {Colour.BLUE: await deploy(rig, Colour.BLUE, 0)}
    pid = haproxy_child.running_pid(rig.settings)
    load = Load("127.0.0.1", rig.settings.http_port, ROUTE.host)
    asking = asyncio.create_task(load.run(keep_alive=6, fresh=3, slow=4))
    await until_asked(load, SOME_REQUESTS)
    cut = 0
    for version in range(1, SWITCHES + 1):
        new = Colour.GREEN if version % 2 else Colour.BLUE
        standing[new] = await deploy(rig, new, version)
        await until_asked(load, SOME_REQUESTS)
        cut += (await rig.proxy.drain(ROUTE.name, new.other, bound_s=DRAIN_S)).cut
        await rig.proxy.clear(ROUTE.name, new.other)
        for upstream in standing.pop(new.other):
            await upstream.stop()
    await until_asked(load, SOME_REQUESTS)
    load.stop()
    await asking
    told = load.told
    assert dict(told.failures) == {}
    assert cut == 0
    assert told.requests == sum(told.answered_by.values())
    assert set(told.by_kind) == {"keep-alive", "fresh", "slow"}
    assert {name.partition("-")[0] for name in told.answered_by} == {f"v{version}" for version in range(SWITCHES + 1)}
    assert haproxy_child.running_pid(rig.settings) == pid


async def test_users_notice_what_is_cut(rig: HaproxyRig) -> None:
    """The control: a switch that does not wait for the requests in flight loses them, and the load says so.

    What is cut never ends by itself, so that what users notice and what the proxy counted must be the same.
    """
    await rig.proxy.ensure_route(ROUTE)
    old = await deploy(rig, Colour.BLUE, 0)
    held = Load("127.0.0.1", rig.settings.http_port, ROUTE.host, path="/hold", pause_s=60.0)
    load = Load("127.0.0.1", rig.settings.http_port, ROUTE.host)
    holding = asyncio.create_task(held.run(keep_alive=2, fresh=3, slow=0))
    asking = asyncio.create_task(load.run(keep_alive=2, fresh=2, slow=0))
    await until_asked(load, SOME_REQUESTS)
    while sum(upstream.held for upstream in old) < HELD:
        await asyncio.sleep(0.005)
    await deploy(rig, Colour.GREEN, 1)
    while (await rig.proxy.counters(ROUTE.name, Colour.BLUE)).sessions_now > HELD:
        await asyncio.sleep(0.005)
    drained = await rig.proxy.drain(ROUTE.name, Colour.BLUE, bound_s=0.0)
    await until_asked(load, SOME_REQUESTS)
    held.stop()
    load.stop()
    await asyncio.gather(asking, holding)
    assert drained.cut == HELD
    assert held.told.failed == HELD
    assert dict(load.told.failures) == {}


async def test_what_ends_by_itself_at_the_bound_is_not_counted_as_cut(rig: HaproxyRig) -> None:
    """Requests that end all the time, and a drain that closes at once, again and again: each that failed was counted,
    and none that did not."""
    await rig.proxy.ensure_route(ROUTE)
    await deploy(rig, Colour.BLUE, 0)
    load = Load("127.0.0.1", rig.settings.http_port, ROUTE.host, pause_s=0.001)
    asking = asyncio.create_task(load.run(keep_alive=6, fresh=3, slow=4))
    cut = 0
    for version in range(1, CUTS + 1):
        await until_asked(load, SOME_REQUESTS)
        new = Colour.GREEN if version % 2 else Colour.BLUE
        await deploy(rig, new, version)
        cut += (await rig.proxy.drain(ROUTE.name, new.other, bound_s=0.0)).cut
    load.stop()
    await asking
    assert cut > 0
    assert load.told.failed == cut
