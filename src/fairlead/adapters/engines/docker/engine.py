"""`DockerEngine`: the verbs of the port, each handed to the file that knows about it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

from fairlead.adapters.engines.docker.builds import Builds
from fairlead.adapters.engines.docker.client import ANSWER_TIMEOUT_S, CONNECT_TIMEOUT_S, EngineClient
from fairlead.adapters.engines.docker.containers import Containers
from fairlead.adapters.engines.docker.errors import stranger
from fairlead.adapters.engines.docker.files import copy_out
from fairlead.adapters.engines.docker.host import local_resources, remote_resources
from fairlead.adapters.engines.docker.images import Images
from fairlead.adapters.engines.docker.networks import Networks, Volumes
from fairlead.ports.container_engine import (
    LABEL_INSTALLATION,
    BuildRequest,
    Container,
    ContainerSpec,
    Credentials,
    ExecResult,
    Exited,
    Image,
    Network,
    NetworkSpec,
    OutputLine,
    Resources,
    VolumeEntry,
)

DEFAULT_SOCKET = "/var/run/docker.sock"


class DockerEngine:
    """A `ContainerEngine` over the Docker Engine API 1.41 and newer, behind a Unix socket of this machine.

    `is_local` says that the engine's host is this machine (a socket may also lead to another one): then memory and
    disk are asked of the machine itself. Nothing is opened before the first call; `close` ends what was opened.
    With `installation`, all that is made carries its label, only what carries it is listed, and what another
    installation made under the same name is a stranger's (law 7): two servers may share one engine.
    """

    def __init__(
        self,
        socket: str = DEFAULT_SOCKET,
        *,
        is_local: bool = True,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        answer_timeout_s: float = ANSWER_TIMEOUT_S,
        docker_programs: Sequence[str] | None = None,
        installation: str = "",
        known_as: str = "",
        why_not: Callable[[], str] = lambda: "",
    ) -> None:
        self._own = {LABEL_INSTALLATION: installation} if installation else {}
        self._client = EngineClient(
            socket,
            connect_timeout_s=connect_timeout_s,
            answer_timeout_s=answer_timeout_s,
            known_as=known_as,
            why_not=why_not,
        )
        self._is_local = is_local
        self._root: tuple[str, int] | None = None
        self._networks = Networks(self._client)
        self._volumes = Volumes(self._client)
        self._containers = Containers(self._client, self._networks)
        self._images = Images(self._client)
        self._builds = Builds(self._client, self._images, docker_programs)

    async def close(self) -> None:
        """No connection is open any more."""
        await self._client.close()

    async def __aenter__(self) -> DockerEngine:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def version(self) -> str:
        return str((await self._client.version()).get("Version", ""))

    async def resources(self) -> Resources:
        if not self._is_local:
            return remote_resources(await self._client.ask("GET", "/info"))
        if self._root is None:  # asked once: the engine runs programs to answer, and each deployment looks for room
            told = await self._client.ask("GET", "/info")
            self._root = str(told.get("DockerRootDir", "/")), int(told.get("NCPU") or 0)
        return await asyncio.to_thread(local_resources, *self._root)

    async def used_subnets(self) -> Sequence[str]:
        return await self._networks.subnets()

    # containers
    async def ensure_container(self, spec: ContainerSpec) -> Container:
        made = await self._containers.ensure(replace(spec, labels={**spec.labels, **self._own}))
        self._refuse_others("container", made.name, made.labels)
        return made

    async def start(self, name: str) -> Container:
        return await self._containers.start(name)

    async def stop(self, name: str, *, grace_s: float) -> None:
        await self._containers.stop(name, grace_s=grace_s)

    async def keep_up(self, name: str, restart: str) -> None:
        await self._containers.keep_up(name, restart)

    async def remove(self, name: str) -> None:
        await self._containers.remove(name)

    async def container(self, name: str) -> Container | None:
        return await self._containers.container(name)

    async def containers(self, labels: Mapping[str, str]) -> Sequence[Container]:
        return await self._containers.matching({**labels, **self._own})

    async def inspected(self, name: str) -> Mapping[str, object] | None:
        return await self._containers.inspected(name)

    async def running(self, labels: Mapping[str, str]) -> Sequence[Mapping[str, str]]:
        return await self._containers.running({**labels, **self._own})

    async def wait(self, name: str) -> int:
        return await self._containers.wait(name)

    def output(self, name: str, *, follow: bool, tail: int = 0, since: str = "") -> AsyncIterator[OutputLine]:
        return self._containers.output(name, follow=follow, tail=tail, since=since)

    async def execute(self, name: str, command: Sequence[str], *, timeout_s: float) -> ExecResult:
        return await self._containers.execute(name, command, timeout_s=timeout_s)

    def executing(
        self, name: str, command: Sequence[str], *, stdin: bytes | None = None
    ) -> AsyncIterator[OutputLine | Exited]:
        return self._containers.executing(name, command, stdin=stdin)

    def fed(self, name: str, content: bytes) -> AbstractAsyncContextManager[None]:
        return self._containers.fed(name, content)

    async def copy_out(self, name: str, path: str, *, limit_bytes: int) -> Mapping[str, bytes]:
        return await copy_out(self._client, name, path, limit_bytes=limit_bytes)

    # networks and volumes
    async def ensure_network(self, spec: NetworkSpec) -> Network:
        made = await self._networks.ensure(replace(spec, labels={**spec.labels, **self._own}))
        self._refuse_others("network", made.name, made.labels)
        return made

    async def remove_network(self, name: str) -> None:
        await self._networks.remove(name)

    async def networks(self, labels: Mapping[str, str]) -> Sequence[Network]:
        return await self._networks.matching({**labels, **self._own})

    async def inspected_network(self, name: str) -> Mapping[str, object] | None:
        return await self._networks.inspected(name)

    async def ensure_volume(self, name: str, labels: Mapping[str, str]) -> VolumeEntry:
        made = await self._volumes.ensure(name, {**labels, **self._own})
        self._refuse_others("volume", made.name, made.labels)
        return made

    async def remove_volume(self, name: str) -> None:
        await self._volumes.remove(name)

    async def volumes(self, labels: Mapping[str, str]) -> Sequence[VolumeEntry]:
        return await self._volumes.matching({**labels, **self._own})

    # images
    async def build(self, request: BuildRequest, say: Callable[[str], None]) -> Image:
        return await self._builds.build(request, say)

    async def pull(self, reference: str, credentials: Credentials | None, say: Callable[[str], None]) -> Image:
        return await self._images.pull(reference, credentials, say)

    async def push(self, tag: str, credentials: Credentials | None, say: Callable[[str], None]) -> str:
        return await self._images.push(tag, credentials, say)

    async def tag(self, image: str, tag: str) -> None:
        await self._images.tag(image, tag)

    async def image(self, reference: str) -> Image | None:
        return await self._images.image(reference)

    async def images(self, labels: Mapping[str, str]) -> Sequence[Image]:
        return await self._images.matching(labels)

    async def remove_image(self, reference: str) -> None:
        await self._images.remove(reference)

    # inside
    def _refuse_others(self, kind: str, name: str, labels: Mapping[str, str]) -> None:
        held = labels.get(LABEL_INSTALLATION, "")
        if self._own and held != self._own[LABEL_INSTALLATION]:
            raise stranger(kind, name, f"the installation {held}" if held else "an unknown installation")
