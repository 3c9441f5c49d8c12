"""The Docker engine and the one in memory: one suite."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from tests.contract.engine_givens import DockerGiven, FakeGiven

from fairlead.adapters.registries.own import OwnRegistry
from fairlead.adapters.system import SystemClock
from fairlead.testing.contracts.container_engine import ContainerEngineContract


@pytest.fixture
async def registry_address(
    tmp_path: Path, free_port: Callable[[], int], registry_binary: Path, request: pytest.FixtureRequest
) -> AsyncIterator[str]:
    """A registry, for the tests that need one; for the others the address of none."""
    registry = OwnRegistry(tmp_path / "registry-state", port=free_port(), program=str(registry_binary))
    needs_one = "pull" in request.node.name or "image_that_is_not_there" in request.node.name
    if needs_one:
        await registry.ensure_running()
    yield registry.address
    await registry.stop()


@pytest.fixture
async def docker(
    docker_socket: Path, test_session: str, base_image: str, registry_address: str, free_port: Callable[[], int]
) -> AsyncIterator[DockerGiven]:
    given = DockerGiven(docker_socket, test_session, base_image, registry_address, free_port)
    yield given
    await given.close()


class TestDockerEngine(ContainerEngineContract):
    @pytest.fixture
    def given(self, docker: DockerGiven) -> DockerGiven:
        return docker


class TestFakeContainerEngine(ContainerEngineContract):
    @pytest.fixture
    def given(self) -> FakeGiven:
        return FakeGiven(SystemClock())
