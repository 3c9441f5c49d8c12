"""A Registry in memory, on the same world that fake engines push to and pull from."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

from fairlead.domain.errors import Unreachable
from fairlead.ports.container_engine import Credentials
from fairlead.testing.behaviour import Script
from fairlead.testing.container_world import ContainerWorld


class FakeRegistries:
    """Every registry is the one, whatever it is asked for by."""

    def __init__(self, registry: FakeRegistry) -> None:
        self.registry = registry
        self.asked: list[str] = []

    def of(self, host: str) -> FakeRegistry:
        self.asked.append(host)
        return self.registry


class FakeRegistry:
    """A Registry. What it holds is what the world's `registry` has under its address.

    `is_down` makes every verb unreachable. `rounds` counts collections; while a push is held they wait.
    """

    def __init__(
        self, world: ContainerWorld, *, address: str = "registry.test:5000", credentials: Credentials | None = None
    ) -> None:
        self.address = address
        self.world = world
        self.is_down = False
        self.rounds = 0
        self.pushes = 0
        self._credentials = credentials
        self._garbage: dict[str, int] = {}
        self._quiet = asyncio.Condition()

    def put(self, repository: str, tag: str, script: Script | None = None) -> str:
        """As if somebody had pushed it; its digest."""
        reference = self.world.offer(f"{self.address}/{repository}:{tag}", script)
        return reference.partition("@")[2]

    def credentials(self) -> Credentials | None:
        return self._credentials

    async def check(self) -> None:
        await self._reach()

    async def digest(self, repository: str, tag: str) -> str | None:
        await self._reach()
        separator = "@" if ":" in tag else ":"
        held = self.world.registry.get(f"{self.address}/{repository}{separator}{tag}")
        return held.image.id if held else None

    async def tags(self, repository: str) -> Sequence[str]:
        await self._reach()
        top = f"{self.address}/{repository}:"
        return sorted(name.removeprefix(top) for name in self.world.registry if name.startswith(top))

    async def repositories(self) -> Sequence[str]:
        await self._reach()
        top = f"{self.address}/"
        held = (name.removeprefix(top) for name in self.world.registry if name.startswith(top))
        return sorted({name.partition("@")[0].partition(":")[0] for name in held})

    async def delete(self, repository: str, digest: str) -> None:
        await self._reach()
        top = f"{self.address}/{repository}"
        for name, held in list(self.world.registry.items()):
            if held.image.id == digest and name.startswith((top + ":", top + "@")):
                del self.world.registry[name]
                self._garbage[digest] = held.image.size_bytes

    @contextlib.asynccontextmanager
    async def pushing(self) -> AsyncIterator[None]:
        self.pushes += 1
        try:
            yield
        finally:
            self.pushes -= 1
            async with self._quiet:
                self._quiet.notify_all()

    async def collect_garbage(self) -> int:
        await self._reach()
        async with self._quiet:
            await self._quiet.wait_for(lambda: self.pushes == 0)
        self.rounds += 1
        named = {held.image.id for held in self.world.registry.values()}
        freed = sum(size for digest, size in self._garbage.items() if digest not in named)
        self._garbage.clear()
        return freed

    async def _reach(self) -> None:
        await asyncio.sleep(0)
        if self.is_down:
            raise Unreachable(
                "registry.unreachable", f"the registry {self.address} does not answer", thing=self.address
            )
