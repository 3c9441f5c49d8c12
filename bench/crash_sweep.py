"""The crash sweep: how many points were tried, and how many of them ended exactly old or exactly new (law 2).

python bench/crash_sweep.py [--extent quick|usual|all] [--fakes]

On the fakes the whole matrix; on the real engine and proxy the points of that extent, unless `--fakes` is given.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.results import Row, record
from fairlead.testing import matrix
from fairlead.testing.ground import sweep as ground
from fairlead.testing.ground.outside import Engine


def rows(where: str, tried: int, held: int) -> list[Row]:
    """How many points there were, and the share of them that held."""
    share = 100.0 * held / tried if tried else 0.0
    return [
        Row(f"crash sweep, {where}: points tried", tried, "points"),
        Row(f"crash sweep, {where}: exactly old or new", round(share, 3), "%", "100", tried > 0 and held == tried),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--extent", choices=("quick", "usual", "all"), default="quick")
    parser.add_argument("--fakes", action="store_true", help="the fakes alone")
    arguments = parser.parse_args()
    played = asyncio.run(matrix.sweep([strategy.name for strategy in matrix.STRATEGIES]))
    print(matrix.told(played))
    record(rows("fakes", len(played), sum(one.holds for one in played)))
    if arguments.fakes:
        return 0
    engine = Engine(os.environ.get("FAIRLEAD_DOCKER_SOCKET", "/var/run/docker.sock"))
    results = ground.Results(None)
    ground.sweep(engine, ground.Choice(extent=arguments.extent), results, print, place=None)
    print(ground.told(results))
    record(rows("engine and proxy", len(results.tried), sum(one.holds for one in results.tried)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
