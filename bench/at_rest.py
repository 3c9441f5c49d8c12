"""What a server at rest costs: its memory, and the share of a core, with nothing to do.

python bench/at_rest.py [--seconds 20] [--deployments 500]

Three times, each with one project live: by the process that made the tables (a first start); by the same process after
so many deployments, of which one in ten is whole and the others switch to a release that stands by; and by the process
of the next start. Beside that, the rows of the engine and of the log before and after the tidying that a server does
each hour, with all of it old enough.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.journey.whole_server import WholeServer, write_application

from bench.results import Row, record
from bench.whole_deployment import deploy
from fairlead.adapters.system import SystemClock
from fairlead.domain.ids import NodeId
from fairlead.engine.durable import DbosDurable
from fairlead.store import task_lines
from fairlead.store.database import Database, sqlite_url

SETTLE_S = 3.0
MOST_MEMORY_MB = 150
MOST_CPU_PERCENT = 2.0
WHOLE_EVERY = 10
TIDIED = ("workflow_status", "operation_outputs", "task_log_lines")
PROJECT_FILE = """project: {project}
services:
  web:
    port: 8080
    health: {{http: /}}
    standby: 24h
    environment: {{VERSION: "{version}"}}
"""


def memory_mb(pid: int) -> float:
    """Resident memory, in MB of 10^6 bytes."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024 / 1e6


def cpu_s(pid: int) -> float:
    """Seconds of processor that the process has used, over all of its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def at_rest(server: WholeServer, when: str, seconds: float) -> Iterator[Row]:
    """Both figures of the process that serves now."""
    assert server.child is not None
    pid = server.child.pid
    time.sleep(SETTLE_S)
    before, begun = cpu_s(pid), time.monotonic()
    time.sleep(seconds)
    percent = (cpu_s(pid) - before) / (time.monotonic() - begun) * 100
    memory = memory_mb(pid)
    name = f"server at rest, {when}"
    yield Row(f"{name}: memory", round(memory, 1), "MB", f"<= {MOST_MEMORY_MB}", memory <= MOST_MEMORY_MB)
    yield Row(f"{name}: processor", round(percent, 2), "% core", "<= 2", percent <= MOST_CPU_PERCENT)


def deploy_often(server: WholeServer, project: str, count: int) -> None:
    """So many deployments: mostly back to the release that stands by, which is a switch alone."""
    for number in range(1, count + 1):
        if number % WHOLE_EVERY == 0:
            deploy(server, project, ("1.0.0", "1.1.0")[number // WHOLE_EVERY % 2])
            continue
        asked = server.api("POST", f"/projects/{project}/rollback", {"environment": "Test"})
        server.raw("GET", f"/tasks/{asked['task']}/log/follow")
        ended = server.api("GET", f"/deployments/{asked['id']}")
        assert ended["outcome"] == "live", ended


def tidied(server: WholeServer) -> Iterator[Row]:
    """What is left in the tables once all of it is old, by the same calls that the server makes each hour."""
    database = Database(sqlite_url(server.data_dir / "fairlead.db"))
    clock = SystemClock()
    durable = DbosDurable(database.url, node=NodeId("bench"), clock=clock)

    def counted() -> dict[str, int]:
        with database.reading() as connection:
            return {name: connection.execute(sa.text(f"select count(*) from {name}")).scalar_one() for name in TIDIED}

    before = counted()
    soon = clock.now() + timedelta(seconds=1)
    asyncio.run(durable.forget(soon))
    with database.transaction() as connection:
        task_lines.forget_before(connection, soon)
    after = counted()
    database.close()
    for name in TIDIED:
        yield Row(f"rows of {name}, before tidying", before[name], "rows")
        yield Row(f"rows of {name}, after tidying", after[name], "rows", "0", after[name] == 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--deployments", type=int, default=500)
    arguments = parser.parse_args()
    server = WholeServer()
    rows: list[Row] = []
    try:
        server.start()
        with tempfile.TemporaryDirectory() as folder:
            image = server.push_image(write_application(Path(folder) / "web"), "web")
        project = server.project("rest")
        for version in ("a", "b"):
            server.live(project, PROJECT_FILE.format(project=project, version=version), image)
        rows += at_rest(server, "first start", arguments.seconds)
        deploy_often(server, project, arguments.deployments)
        rows += at_rest(server, f"after {arguments.deployments} deployments", arguments.seconds)
        server.stop()
        server.start()
        rows += at_rest(server, "next start", arguments.seconds)
        server.stop()
        rows += tidied(server)
    finally:
        server.close()
    record(rows)


if __name__ == "__main__":
    main()
