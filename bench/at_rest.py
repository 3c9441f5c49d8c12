"""What a server at rest costs: its memory, and the share of a core, with one project live and nothing to do.

python bench/at_rest.py [--seconds 20]
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.journey.whole_server import WholeServer, write_application

from bench.results import Row, record
from bench.whole_deployment import PROJECT_FILE

SETTLE_S = 3.0
MOST_MEMORY_MB = 150
MOST_CPU_PERCENT = 2.0


def memory_mb(pid: int) -> float:
    """Resident memory, in MB of 10^6 bytes."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024 / 1e6


def cpu_s(pid: int) -> float:
    """Seconds of processor that the process has used, over all of its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    arguments = parser.parse_args()
    server = WholeServer()
    try:
        server.start()
        with tempfile.TemporaryDirectory() as folder:
            image = server.push_image(write_application(Path(folder) / "web"), "web")
        project = server.project("rest")
        server.live(project, PROJECT_FILE.format(project=project, version="a"), image)
        server.stop()  # the first start makes the tables: what that loads stays in memory until the next start
        server.start()
        assert server.child is not None
        pid = server.child.pid
        time.sleep(SETTLE_S)
        before, begun = cpu_s(pid), time.monotonic()
        time.sleep(arguments.seconds)
        percent = (cpu_s(pid) - before) / (time.monotonic() - begun) * 100
        memory = memory_mb(pid)
    finally:
        server.close()
    record(
        [
            Row("server at rest: memory", round(memory, 1), "MB", "<= 150", memory <= MOST_MEMORY_MB),
            Row("server at rest: processor", round(percent, 2), "% core", "<= 2", percent <= MOST_CPU_PERCENT),
        ]
    )


if __name__ == "__main__":
    main()
