"""`fairlead-server` with everything real: start, a second one, a backup beside it, kill -9, reset, down."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.journey.whole_server import WholeServer

START_S = 5.0
"""How long a start may take; on a machine that does other things besides, up to four times as long."""
PATIENCE = 4


@pytest.fixture(scope="module")
def server(docker_socket: Path, haproxy_binary: Path, registry_binary: Path) -> Iterator[WholeServer]:
    made = WholeServer(docker_socket=str(docker_socket))
    try:
        yield made
    finally:
        made.close()


def is_ready(server: WholeServer) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def test_a_server_starts_goes_to_the_background_dies_and_ends(server: WholeServer, tmp_path: Path) -> None:
    begun = time.monotonic()
    said = server.program("fairlead-server", "up", "--detach")
    took_s = time.monotonic() - begun
    assert "ready at" in said.stderr and is_ready(server)
    assert took_s < START_S * PATIENCE, f"{took_s:.1f} s"
    server.api("POST", "/projects", {"name": f"{server.prefix}-kept"})

    again = server.program("fairlead-server", "up", check=False)
    assert again.returncode == 1 and "server.port" in again.stderr
    behind = server.program("fairlead-server", "up", "--detach", check=False)
    assert behind.returncode == 1 and "ready at" not in behind.stderr, "the answer was another server's"
    server.settings["FAIRLEAD_PORT"] = "0"
    second = server.program("fairlead-server", "up", check=False)
    assert second.returncode == 1 and "server.second" in second.stderr, second.stderr
    server.settings["FAIRLEAD_PORT"] = str(server.port)

    file = tmp_path / "backup.tar.gz"
    assert server.program("fairlead-server", "backup", str(file)).returncode == 0
    refused = server.program("fairlead-server", "restore", str(file), "--yes", check=False)
    assert refused.returncode == 1 and "server.second" in refused.stderr
    found = json.loads(server.program("fairlead-server", "doctor", "--json").stdout)
    assert all(one["is_well"] for one in found), found

    made = server.program("fairlead-server", "reset-admin").stdout.partition("password ")[2].strip()
    signed = server.api("POST", "/sessions", {"user": "admin", "password": made})
    assert signed["user"] == "admin"

    ended = server.program("fairlead-server", "down", "--keep-proxy")
    assert "server ended" in ended.stderr and not is_ready(server)
    assert server.program("fairlead-server", "restore", str(file), "--yes").returncode == 0
    server.start()
    assert [one["name"] for one in server.api("GET", "/projects")["items"]] == [f"{server.prefix}-kept"]

    server.kill()
    begun = time.monotonic()
    server.start()
    assert time.monotonic() - begun < START_S * PATIENCE
    assert len(server.api("GET", "/projects")["items"]) == 1

    gone = server.program("fairlead-server", "down")
    assert {"server ended", "proxy ended", "registry ended"} <= set(gone.stderr.splitlines())
    assert "no server ran" in server.program("fairlead-server", "down").stderr


def test_a_first_start_prints_a_one_time_password_once(server: WholeServer, tmp_path: Path) -> None:
    fresh = {**server.settings, "FAIRLEAD_DATA_DIR": str(tmp_path / "fresh")}
    for name in ("FAIRLEAD_ADMIN_PASSWORD", "FAIRLEAD_ADMIN_API_KEY"):
        fresh.pop(name)
    before, server.settings = server.settings, fresh
    try:
        first = server.program("fairlead-server", "up", "--detach")
        assert "one-time password" in first.stdout
        server.program("fairlead-server", "down")
        assert "one-time password" not in server.program("fairlead-server", "up", "--detach").stdout
    finally:
        server.program("fairlead-server", "down", check=False)
        server.settings = before
