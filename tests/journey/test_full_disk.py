"""The disk of the data directory is full, for real: what is refused, what is still answered, and that it goes on."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.journey.whole_server import ApiError, WholeServer

SIZE = "24m"
LARGE = "x" * 200_000
"""A value for which the database's file has to grow."""


@pytest.fixture
def server(docker_socket: Path, haproxy_binary: Path, registry_binary: Path) -> Iterator[WholeServer]:
    made = WholeServer(docker_socket=str(docker_socket))
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root can give a directory a small disk of its own")
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=700", "tmpfs", made.data_dir], check=True)
    try:
        yield made
    finally:
        (made.data_dir / "filler").unlink(missing_ok=True)
        made.close()
        subprocess.run(["umount", "--lazy", made.data_dir], check=True)
        made.data_dir.rmdir()


def fill(server: WholeServer) -> Path:
    """Not a byte is left."""
    filler = server.data_dir / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 16, 512, 1):
            try:
                while file.write(b"\0" * size):
                    pass
            except OSError:
                continue
    return filler


def names(server: WholeServer) -> list[str]:
    return [one["name"] for one in server.api("GET", "/projects")["items"]]


def test_on_a_full_disk_changes_are_refused_in_words_looking_goes_on_and_so_does_the_server_after_it(
    server: WholeServer,
) -> None:
    server.start()
    kept = f"{server.prefix}-kept"
    server.api("POST", "/projects", {"name": kept})
    for number in range(8):  # what SQLite has written ahead and would use again
        server.api("PUT", f"/projects/{kept}/variables/V{number}", {"value": LARGE})
    pid = server.child.pid if server.child else 0
    filler = fill(server)

    refused: list[str] = []
    for number in range(60):
        try:
            server.api("PUT", f"/projects/{kept}/variables/W{number}", {"value": LARGE})
        except ApiError as error:
            assert "host.disk" in error.text and error.status == 503, error
            refused.append(f"W{number}")
            break
    assert refused, "the disk was not full"
    held = {one["name"] for one in server.api("GET", f"/projects/{kept}/variables?limit=500")["items"]}
    assert not held & set(refused), "nothing of what was refused was kept"
    for number in range(60):  # smaller ones may still find room, until none does
        said = server.program("fairlead", "variables", "set", f"S{number}={LARGE[:100_000]}", "-p", kept, check=False)
        if said.returncode:
            break
    assert said.returncode == 1 and "host.disk" in said.stderr, said
    for command in (("status",), ("tasks", "list"), ("events",), ("-o", "json", "projects", "list")):
        assert server.program("fairlead", *command).returncode == 0, command
    found = server.program("fairlead-server", "doctor", check=False)
    assert found.returncode == 1 and "✘ disk" in found.stdout

    filler.unlink()
    server.api("POST", "/projects", {"name": f"{server.prefix}-after"})
    assert {kept, f"{server.prefix}-after"} <= set(names(server))
    assert server.child is not None and server.child.poll() is None and server.child.pid == pid, "one server, all along"


def test_a_start_on_a_full_disk_is_refused_in_words(server: WholeServer) -> None:
    fill(server)
    said = server.program("fairlead-server", "up", check=False)
    assert said.returncode == 1, said
    assert "host.disk" in said.stderr or "server.state" in said.stderr, said.stderr
    assert "Traceback" not in said.stderr
