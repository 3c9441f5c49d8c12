"""Failed requests over many switches under load, each switch with new upstreams and a drain of the old ones; then the
same load for as long without a switch, so that a failure can be told from what the machine does to everybody.

python bench/switches_under_load.py [--switches 200]
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
from fairlead.domain.colour import Colour
from fairlead.ports.proxy import RouteSpec
from fairlead.testing.load import Load
from fairlead.testing.upstream import Upstream

ROUTE = RouteSpec("bench/production/web/0", "bench.example.com")
DRAIN_S = 10.0


async def without_switches(rig: HaproxyRig, pause_s: float, seconds: float) -> Load:
    """The control: the same visitors, the same time, one upstream."""
    load = Load("127.0.0.1", rig.settings.http_port, ROUTE.host, pause_s=pause_s)
    asking = asyncio.create_task(load.run(keep_alive=6, fresh=4, slow=4))
    await asyncio.sleep(seconds)
    load.stop()
    await asking
    return load


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--switches", type=int, default=200)
    parser.add_argument("--pause", type=float, default=0.01, help="seconds between two requests of one user")
    arguments = parser.parse_args()
    binary = shutil.which("haproxy", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    assert binary, "install haproxy"
    standing: dict[Colour, Upstream] = {}
    cut = 0
    async with haproxy_rig(free_port, Path(binary), backends=128, servers=8, https=False) as rig:
        await rig.proxy.ensure_route(ROUTE)
        load = Load("127.0.0.1", rig.settings.http_port, ROUTE.host, pause_s=arguments.pause)
        asking: asyncio.Task[None] | None = None
        begun = time.monotonic()
        for version in range(arguments.switches + 1):
            new = Colour.GREEN if version % 2 else Colour.BLUE
            standing[new] = await rig.upstream(f"v{version}")
            await rig.proxy.fill(ROUTE.name, new, [standing[new].endpoint])
            await rig.proxy.point({ROUTE.name: new})
            if asking is None:
                asking = asyncio.create_task(load.run(keep_alive=6, fresh=4, slow=4))
                continue
            cut += (await rig.proxy.drain(ROUTE.name, new.other, bound_s=DRAIN_S)).cut
            await rig.proxy.clear(ROUTE.name, new.other)
            await standing.pop(new.other).stop()
        load.stop()
        if asking:
            await asking
        took_s = time.monotonic() - begun
        control = await without_switches(rig, arguments.pause, took_s)
    for failure, count in load.told.failures.most_common():
        print(f"failed {count} x: {failure}")
    record(
        [
            Row("switches under load: switches", arguments.switches, "switches"),
            Row("switches under load: requests", load.told.requests, "requests"),
            Row("switches under load: failed", load.told.failed, "requests", "0", load.told.failed == 0),
            Row("switches under load: control without switches, requests", control.told.requests, "requests"),
            Row("switches under load: control without switches, failed", control.told.failed, "requests"),
            Row("switches under load: cut by a drain's bound", cut, "requests", "0", cut == 0),
        ]
    )


if __name__ == "__main__":
    asyncio.run(main())
