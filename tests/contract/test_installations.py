"""Two installations on one Docker engine: neither sees, adopts or lists what the other made (law 7)."""

from __future__ import annotations

import pytest

from fairlead.adapters.engines.docker import DockerEngine
from fairlead.domain.errors import Conflict
from fairlead.ports.container_engine import LABEL_INSTALLATION, LABEL_KEY, LABEL_PROJECT, ContainerSpec, NetworkSpec


async def test_what_another_installation_made_is_a_strangers(
    docker_socket: str, test_session: str, base_image: str
) -> None:
    mark = {"io.fairlead.test": test_session}
    name = f"installations-{test_session}"
    labels = {**mark, LABEL_KEY: f"{name}/key", LABEL_PROJECT: name}
    network = NetworkSpec(name, "192.0.2.0/26", labels)
    spec = ContainerSpec(name=name, image=base_image, labels=labels, command=("sleep", "1"))
    async with (
        DockerEngine(docker_socket, installation="ins-one") as one,
        DockerEngine(docker_socket, installation="ins-two") as two,
    ):
        try:
            made = await one.ensure_container(spec)
            assert made.labels[LABEL_INSTALLATION] == "ins-one"
            assert (await one.ensure_network(network)).labels[LABEL_INSTALLATION] == "ins-one"
            await one.ensure_volume(name, labels)
            assert [found.name for found in await one.containers(mark)] == [name]
            assert not await two.containers(mark)
            assert not await two.networks(mark)
            assert not await two.volumes(mark)
            for again in (two.ensure_container(spec), two.ensure_network(network), two.ensure_volume(name, labels)):
                with pytest.raises(Conflict) as refused:
                    await again
                assert refused.value.code == "engine.stranger"
                assert "ins-one" in refused.value.message
            assert (await one.ensure_container(spec)).id == made.id
        finally:
            await one.remove(name)
            await one.remove_network(name)
            await one.remove_volume(name)
