"""A PostgreSQL of one's own, for tests and benches: made for it, and nothing of it left behind."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

START_S = 60
QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=32MB")
"""Nothing of a test is worth a write to the disk."""


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A private PostgreSQL: `url(name)` is where a database of it is."""

    port: int
    password: str

    def url(self, database: str) -> str:
        """For the user whose everything in it is."""
        return f"postgresql://fairlead:{self.password}@127.0.0.1:{self.port}/{database}"


def programs() -> Path | None:
    """Where its programs are, the newest version's; None where there is none."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    found = str(versions[-1]) if versions else shutil.which("initdb")
    return Path(found).resolve().parent if found else None


@contextmanager
def private_postgres(port: int, settings: Sequence[str] = QUICK) -> Iterator[PostgresServer]:
    """Serves on that port of 127.0.0.1 with these settings; it dies with this process, however that ends."""
    folder, user = programs(), _unprivileged_user()
    assert folder is not None, "PostgreSQL is not installed"
    server = PostgresServer(port, uuid.uuid4().hex)
    home = Path(tempfile.mkdtemp(prefix="fairlead-postgres-"))
    (home / "password").write_text(server.password)
    identity: dict[str, object] = {}
    if user:
        entry = pwd.getpwnam(user)
        for path in (home, home / "password"):
            os.chown(path, entry.pw_uid, entry.pw_gid)
        identity = {"user": user, "group": entry.pw_gid, "extra_groups": []}
    initdb = [folder / "initdb", "-D", home / "data", "-U", "fairlead", "-A", "scram-sha-256", "-E", "UTF8"]
    command = [*initdb, "--locale=C.UTF-8", "--no-sync", f"--pwfile={home / 'password'}"]
    subprocess.run(command, check=True, capture_output=True, cwd=home, timeout=START_S, **identity)  # type: ignore[call-overload]
    held = [*settings, f"unix_socket_directories={home}", "listen_addresses=127.0.0.1", "max_connections=200"]
    run_as = [f"--reuid={user}", f"--regid={user if user != 'nobody' else 'nogroup'}", "--clear-groups"] if user else []
    argv = ["setpriv", *run_as, "--pdeathsig=QUIT", folder / "postgres", "-D", home / "data", "-p", str(port)]
    argv += [part for setting in held for part in ("-c", setting)]
    with (home / "log").open("wb") as log:
        child = subprocess.Popen(argv, stdout=log, stderr=log, cwd=home)
    try:
        _wait(server, child, home / "log")
        yield server
    finally:
        child.send_signal(signal.SIGQUIT)  # at once: nothing here is worth a checkpoint
        child.wait(timeout=START_S)
        shutil.rmtree(home, ignore_errors=True)


def _unprivileged_user() -> str | None:
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _wait(server: PostgresServer, child: subprocess.Popen[bytes], log: Path) -> None:
    import psycopg

    deadline = time.monotonic() + START_S
    while True:
        try:
            psycopg.connect(server.url("postgres"), connect_timeout=2).close()
            return
        except psycopg.OperationalError:
            if child.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"PostgreSQL did not start: {log.read_text()[-2000:]}") from None
            time.sleep(0.05)
