"""Blue-green on the real engine and the real HAProxy: laws 1 and 2, attacked."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from tests.contract.proxy_rigs import haproxy_rig
from tests.journey.blue_green_rig import RealWorld, project_tests, real_world

from fairlead.domain.task import TaskState


@pytest.fixture
async def world(
    docker_socket: Path, test_session: str, python_image: str, free_port: Callable[[], int], haproxy_binary: Path
) -> AsyncIterator[RealWorld]:
    async with (
        haproxy_rig(free_port, haproxy_binary, https=False) as haproxy,
        real_world(str(docker_socket), test_session, python_image, haproxy) as made,
    ):
        yield made


def said(world: RealWorld, deployed) -> str:
    return f"{deployed.end}\n{world.log.text(deployed.stage.task)}"


async def test_two_releases_under_load_lose_no_request(world):
    first = await world.ship("1.0.0", world.web("1.0.0", replicas=2), tests=project_tests())
    assert first.state is TaskState.SUCCEEDED, said(world, first)
    assert await world.asked() == "1.0.0"
    async with world.users() as load:
        for version in ("1.1.0", "1.2.0"):
            deployed = await world.ship(version, world.web(version, replicas=2), tests=project_tests())
            assert deployed.state is TaskState.SUCCEEDED, said(world, deployed)
            assert await world.asked() == version
    assert load.told.failed == 0, load.told.failures
    assert load.told.requests > 200
    names = deployed.resolved.names
    assert set(await world.running()) == {names.instance("web", 1), names.instance("web", 2)}
    kept = await world.artifacts.names(deployed.stage.task)
    assert kept["pre-integration/report.xml"] == kept["post-integration/report.xml"] == "junit"
    assert [name for name, kind in kept.items() if kind == "output" and "web." in name]
