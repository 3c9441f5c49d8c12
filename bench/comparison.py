"""The same swap of the same application under the same visitors, by Fairlead and as others do it; then a control.

python bench/comparison.py [--swaps 8] [--readme]

Each way replaces one container by the next, `--swaps` times with a pause between, while visitors on kept, fresh and
slow connections ask. What failed is counted by `bench/load.py`, which retries nothing. The control is a way that swaps
nothing for as long: what fails there is the machine's and the application's own. `--readme` writes README's table.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.journey.whole_server import write_application

from bench.results import Row, record
from bench.ways import CannotRun, Containers, Visits, Way, docker
from bench.ways.compose import ComposeRecreate
from bench.ways.ours import Fairlead
from bench.ways.reloads import haproxy_reload, nginx_reload
from bench.ways.swarm import SwarmStartFirst

PAUSE_S = 1.0
README = Path(__file__).resolve().parents[1] / "README.md"
BEGIN, END = "<!-- comparison: python bench/comparison.py --readme -->", "<!-- end of comparison -->"


@dataclass(frozen=True, slots=True)
class Found:
    """What came of one way. `swap_s` is the median; the gap is the longest time in which nobody got an answer."""

    name: str
    swaps: int
    requests: int
    failed: int
    swap_s: float
    gap_ms: float


def measured(way: Way, swaps: int, rate: float) -> Found:
    """Swaps under load; for the control nothing but the load."""
    way.begin("v0")
    visits = Visits(way, rate=rate)
    took: list[float] = []
    for number in range(1, swaps + 1):
        time.sleep(PAUSE_S)
        begun = time.perf_counter()
        way.swap(f"v{number}")
        took.append(time.perf_counter() - begun)
    time.sleep(PAUSE_S)
    told = visits.end()
    return Found(way.name, swaps, int(told["requests"]), int(told["failed"]), statistics.median(took), told["gap_ms"])


class Control:
    """A container that stays: each swap is as long a wait as Fairlead's took."""

    name = "control: no swap at all"
    host = "x"

    def __init__(self, image: str, swap_s: float) -> None:
        self._way = haproxy_reload(image)
        self.port = self._way.port
        self._swap_s = swap_s

    def begin(self, version: str) -> None:
        self._way.begin(version)

    def swap(self, version: str) -> None:
        time.sleep(self._swap_s)

    def close(self) -> None:
        self._way.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--swaps", type=int, default=8)
    parser.add_argument("--rate", type=float, default=40.0, help="requests per second of one kept connection")
    parser.add_argument("--readme", action="store_true", help="write the table into README.md")
    arguments = parser.parse_args()
    image = f"{Containers('').name}:1"
    with tempfile.TemporaryDirectory() as folder:
        docker("build", "-q", "-t", image, str(write_application(Path(folder) / "web")))
    found: list[Found] = []
    try:
        for make in _ways(image, found):
            _try(make, arguments.swaps, arguments.rate, found)
    finally:
        docker("image", "rm", "-f", image, check=False)
    print(f"\n{table(found)}\n")
    record(_rows(found))
    if arguments.readme:
        write_readme(table(found))
    return 0


def _ways(image: str, found: list[Found]) -> list[Callable[[], Way]]:
    return [
        Fairlead,
        lambda: ComposeRecreate(image),
        lambda: SwarmStartFirst(image, shared_socket="/var/run/docker.sock"),
        lambda: haproxy_reload(image),
        lambda: nginx_reload(image),
        lambda: Control(image, found[0].swap_s if found else 2.0),
    ]


def _try(make: Callable[[], Way], swaps: int, rate: float, found: list[Found]) -> None:
    way = make()
    try:
        found.append(measured(way, swaps, rate))
        print(f"{way.name}: {found[-1].failed} failed of {found[-1].requests:,}", flush=True)
    except CannotRun as cannot:
        print(f"{way.name}: left out, {cannot}", file=sys.stderr)
    finally:
        way.close()


def table(found: list[Found]) -> str:
    """As README shows it."""
    lines = ["| the same swap by | swaps | requests | failed | a swap (median) | longest gap |", f"|{'---|' * 6}"]
    for one in found:
        lines.append(
            f"| {one.name} | {one.swaps} | {one.requests:,} | {f'**{one.failed}**' if one.failed else 0}"
            f" | {one.swap_s:.1f} s | {one.gap_ms:.0f} ms |"
        )
    return "\n".join(lines)


def _rows(found: list[Found]) -> list[Row]:
    rows: list[Row] = []
    ours = found[0] if found and found[0].name == Fairlead.name else None
    for one in found:
        must = ("0", one.failed == 0) if one is ours else ()
        rows += [
            Row(f"comparison: {one.name}, requests", one.requests, "requests"),
            Row(f"comparison: {one.name}, failed", one.failed, "requests", *must),
            Row(f"comparison: {one.name}, a swap", round(one.swap_s, 3), "s"),
        ]
    return rows


def write_readme(text: str) -> None:
    """The table between its marks in README.md."""
    before, _, rest = README.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    README.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")


if __name__ == "__main__":
    sys.exit(main())
