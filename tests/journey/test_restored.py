"""A backup that was made in the middle of a deployment is put back later: its server touches nothing by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.journey.test_whole_server import host, web
from tests.journey.whole_server import ApiError, WholeServer, opened_server, write_application

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def server(
    docker_socket: Path, python_image: str, haproxy_binary: Path, registry_binary: Path
) -> Iterator[WholeServer]:
    with opened_server(docker_socket) as opened:
        yield opened


def test_what_was_under_way_in_a_backup_moves_nobody_until_a_person_decides(
    server: WholeServer, tmp_path: Path
) -> None:
    image = server.push_image(write_application(tmp_path / "web"), "web")
    project, archive = server.project("back"), tmp_path / "backup.tar.gz"
    server.live(project, web(project, "one"), image)
    second = web(project, "two", tests='TEST_S: "25"')
    under_way = server.deployment(project, server.release(project, second, image, test_image=image))
    server.until(server.phase(under_way["task"], "pre-integration"), "its tests run")
    made = server.program("fairlead-server", "backup", str(archive))
    assert "under way" in made.stderr, made
    assert server.ended(under_way)["outcome"] == "live"
    server.live(project, web(project, "three"), image)
    there = set(server.containers(project))

    def reached() -> str:
        status, text = server.get(host(project))
        assert status == 200
        return text

    newest = reached()
    assert "three" in newest
    server.stop()
    server.program("fairlead-server", "restore", str(archive), "--yes")
    server.start()
    found = server.api("GET", f"/deployments/{under_way['id']}")
    assert (found["state"], found["code"]) == ("unsettled", "server.restored"), found
    assert found["unsettled"]["waits_for_a_person"]
    server.stop()
    server.start()  # and not at the start after it, either
    assert server.api("GET", f"/deployments/{under_way['id']}")["state"] == "unsettled"
    with pytest.raises(ApiError, match=r"slot\.changed"):
        server.api("POST", f"/deployments/{under_way['id']}/resume")
    assert (reached(), set(server.containers(project))) == (newest, there)

    server.program("fairlead", "adopt", "--project", project, "--environment", "Test", "--yes")
    ended = server.ended(under_way)
    assert (ended["outcome"], reached(), set(server.containers(project))) == ("cancelled", newest, there)
    assert server.live(project, web(project, "four"), image)["outcome"] == "live"
    assert "four" in reached()
