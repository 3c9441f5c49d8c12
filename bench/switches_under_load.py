"""Failed requests over many switches under load, each switch with a new upstream and a drain of the old one; then the
same load for as long without a switch, so that a failure can be told from what the machine does to everybody.

python bench/switches_under_load.py [--switches 200] [--requests 1000000]

Most requests come from wrk, on kept and on fresh connections; beside it users whose every answer is read and known, and
who ask for slow pages too. It goes on until there were that many switches and that many requests.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.contract.proxy_rigs import HaproxyRig, haproxy_rig

from bench.results import Row, record
from bench.switch import free_port
from bench.upstreams import QuickUpstream, QuickVisitors
from fairlead.domain.colour import Colour
from fairlead.ports.proxy import Endpoint, RouteSpec
from fairlead.testing.load import Load
from fairlead.testing.upstream import Upstream

ROUTE = RouteSpec("bench/production/web/0", "bench.example.com")
SLOW = RouteSpec("bench/production/slow/0", "slow.example.com")
DRAIN_S = 20.0
LONGEST_S = 1800.0
KEPT, FRESH = 12, 4


class Visit:
    """All who ask, from now until `end`."""

    def __init__(self, rig: HaproxyRig) -> None:
        port = rig.settings.http_port
        self._quick = [
            QuickVisitors(port, ROUTE.host, KEPT, is_fresh=False),
            QuickVisitors(port, ROUTE.host, FRESH, is_fresh=True),
        ]
        self._known = Load("127.0.0.1", port, SLOW.host, pause_s=0.02)
        self._asking = asyncio.create_task(self._known.run(keep_alive=4, fresh=2, slow=4))

    async def end(self) -> tuple[int, int]:
        """Requests and failures; what failed is printed."""
        self._known.stop()
        await self._asking
        counted = [await asyncio.to_thread(one.end) for one in self._quick]
        for failure, count in self._known.told.failures.most_common():
            print(f"failed {count} x: {failure}")
        for one in counted:
            if one.errors:
                print(one.said)
        failed = self._known.told.failed + sum(one.errors for one in counted)
        return self._known.told.requests + sum(one.requests for one in counted), failed


async def asked(rig: HaproxyRig) -> int:
    """Requests of the quick route so far, as the proxy counts them: tells when there were enough."""
    return sum([(await rig.proxy.counters(ROUTE.name, colour)).requests for colour in Colour])


class Standing:
    """One colour of both routes: the quick upstream, and the one whose slow answers are in flight at each switch."""

    def __init__(self, quick: QuickUpstream, known: Upstream) -> None:
        self.quick, self.known = quick, known

    def endpoints(self) -> dict[str, list[Endpoint]]:
        return {ROUTE.name: [self.quick.endpoint], SLOW.name: [self.known.endpoint]}

    async def stop(self) -> None:
        await asyncio.to_thread(self.quick.stop)
        await self.known.stop()


async def bring(rig: HaproxyRig, colour: Colour, version: int) -> Standing:
    """The version in that colour, and both routes to it in one generation."""
    standing = Standing(await asyncio.to_thread(QuickUpstream, f"v{version}"), await rig.upstream(f"v{version}"))
    for route, endpoints in standing.endpoints().items():
        await rig.proxy.fill(route, colour, endpoints)
    await rig.proxy.point({ROUTE.name: colour, SLOW.name: colour})
    return standing


async def retire(rig: HaproxyRig, colour: Colour, standing: Standing) -> int:
    """Drained, emptied, stopped; how many were cut."""
    drained = await asyncio.gather(*(rig.proxy.drain(route.name, colour, bound_s=DRAIN_S) for route in (ROUTE, SLOW)))
    for route in (ROUTE, SLOW):
        await rig.proxy.clear(route.name, colour)
    await standing.stop()
    return sum(one.cut for one in drained)


async def switched(rig: HaproxyRig, switches: int, requests: int) -> tuple[int, int, float, tuple[int, int]]:
    """Switches made, connections cut, seconds, and what the visitors say."""
    live, standing = Colour.BLUE, await bring(rig, Colour.BLUE, 0)
    visit, begun, made, cut = Visit(rig), time.monotonic(), 0, 0
    while made < switches or (await asked(rig) < requests and time.monotonic() - begun < LONGEST_S):
        old, was = live, standing
        made += 1
        live, standing = live.other, await bring(rig, live.other, made)
        cut += await retire(rig, old, was)
    took_s = time.monotonic() - begun
    told = await visit.end()
    await standing.stop()
    return made, cut, took_s, told


async def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--switches", type=int, default=200, help="at least so many")
    parser.add_argument("--requests", type=int, default=1_000_000, help="at least so many")
    arguments = parser.parse_args()
    binary = shutil.which("haproxy", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    assert binary, "install haproxy"
    async with haproxy_rig(free_port, Path(binary), backends=128, servers=8, https=False) as rig:
        for route in (ROUTE, SLOW):
            await rig.proxy.ensure_route(route)
        made, cut, took_s, (requests, failed) = await switched(rig, arguments.switches, arguments.requests)
        standing = await bring(rig, Colour.BLUE, 0)
        visit = Visit(rig)
        await asyncio.sleep(min(took_s, LONGEST_S))
        control_requests, control_failed = await visit.end()
        await standing.stop()
    record(
        [
            Row("switches under load: switches", made, "switches"),
            Row("switches under load: requests", requests, "requests", "1,000,000", requests >= 1_000_000),
            Row("switches under load: failed", failed, "requests", "0", failed == 0),
            Row("switches under load: cut by a drain's bound", cut, "requests", "0", cut == 0),
            Row("switches under load: control without switches, requests", control_requests, "requests"),
            Row("switches under load: control without switches, failed", control_failed, "requests"),
        ]
    )


if __name__ == "__main__":
    asyncio.run(main())
