"""The switch, command to verified, against `set map` + `show map` over one open socket; alternating, under load.

python bench/switch.py [--switches 400] [--quiet]
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import socket
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.contract.proxy_rigs import HaproxyRig, haproxy_rig

from bench.results import Row, at, record
from fairlead.domain.colour import Colour
from fairlead.ports.proxy import RouteSpec
from fairlead.testing.free_ports import free_ports_of_this_process
from fairlead.testing.load import Load

ROUTE = RouteSpec("bench/production/web/0", "bench.example.com")
BY_HAND = RouteSpec("bench/production/hand/0", "hand.example.com")


class ByHand:
    """What a person with one open socket would do: no library, no lock, no files."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._say(b"prompt\n")

    def switch(self, map_: Path, key: str, backend: str) -> None:
        self._say(f"set map {map_} {key} {backend}\n".encode())
        assert f"{key} {backend}".encode() in self._say(f"show map {map_}\n".encode())

    def _say(self, line: bytes) -> bytes:
        self._socket.sendall(line)
        answer = b""
        while not answer.endswith(b"\n> "):
            answer += self._socket.recv(1 << 16)
        return answer

    def close(self) -> None:
        self._socket.close()


async def prepare(rig: HaproxyRig, spec: RouteSpec) -> None:
    await rig.proxy.ensure_route(spec)
    for colour in Colour:
        await rig.proxy.fill(spec.name, colour, [await rig.endpoint(f"{spec.name} {colour}")])
    await rig.proxy.point({spec.name: Colour.BLUE})


async def measure(rig: HaproxyRig, switches: int) -> tuple[list[float], list[float]]:
    """Seconds of each: ours, and by hand, in turns, each on a route of its own in the same map."""
    hand = ByHand(rig.settings.socket)
    ours: list[float] = []
    theirs: list[float] = []
    backends = ["fl0002", "fl0003"]
    for number in range(switches):
        colour = (Colour.GREEN, Colour.BLUE)[number % 2]
        begun = time.perf_counter()
        await rig.proxy.point({ROUTE.name: colour})  # returns once the proxy's map says so
        ours.append(time.perf_counter() - begun)
        assert await rig.proxy.live(ROUTE.name) is colour
        await asyncio.sleep(0.01)
        begun = time.perf_counter()
        hand.switch(rig.settings.map, f"{BY_HAND.host}/", backends[number % 2])
        theirs.append(time.perf_counter() - begun)
        await asyncio.sleep(0.01)
    hand.close()
    return ours, theirs


free_port = free_ports_of_this_process()


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--switches", type=int, default=400)
    parser.add_argument("--quiet", action="store_true", help="without load beside it")
    arguments = parser.parse_args()
    binary = shutil.which("haproxy", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    assert binary, "install haproxy"
    async with haproxy_rig(free_port, Path(binary), backends=128, servers=8, https=False) as rig:
        await prepare(rig, ROUTE)
        await prepare(rig, BY_HAND)
        load = Load("127.0.0.1", rig.settings.http_port, ROUTE.host, pause_s=0.05)
        users = 0 if arguments.quiet else 1
        task = asyncio.create_task(load.run(keep_alive=4 * users, fresh=2 * users, slow=2 * users))
        await asyncio.sleep(0.2)
        ours, theirs = await measure(rig, arguments.switches)
        load.stop()
        await task
    p50, p99 = at(ours, 0.5), at(ours, 0.99)
    hand50, hand99 = at(theirs, 0.5), at(theirs, 0.99)
    record(
        [
            Row("switch: set and verified, p50", round(p50 * 1e3, 3), "ms"),
            Row("switch: set and verified, p99", round(p99 * 1e3, 3), "ms"),
            Row("switch: by hand over one open socket, p50", round(hand50 * 1e3, 3), "ms"),
            Row("switch: by hand over one open socket, p99", round(hand99 * 1e3, 3), "ms"),
            Row("switch: ours against by hand, p50", round(p50 / hand50, 2), "x", "<= 2", p50 / hand50 <= 2),
            Row("switch: ours against by hand, p99", round(p99 / hand99, 2), "x", "<= 4", p99 / hand99 <= 4),
            Row("switch: failed requests beside it", load.told.failed, "requests", "0", load.told.failed == 0),
        ]
    )


if __name__ == "__main__":
    asyncio.run(main())
