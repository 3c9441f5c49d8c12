"""What a suite for container engines needs around the engine that it is run on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

from fairlead.ports.container_engine import (
    ContainerEngine,
    ContainerSpec,
    OutputLine,
)
from fairlead.testing.behaviour import Behaviour

PATIENCE_S = 30.0
FOR_EVER = Behaviour()


class GivenEngine(Protocol):
    """An engine, its successor (as after a server's death), and what tests need around them.

    Everything is private to the test: `name` and `subnet` give names and subnets that nobody else uses, and what was
    made under them is gone after the test.
    """

    engine: ContainerEngine
    successor: ContainerEngine

    def name(self, suffix: str) -> str:
        """A name of the test's own."""
        ...

    def subnet(self, number: int) -> str:
        """A /28 of the test's own, by number from 0 to 7."""
        ...

    def labels(self, key: str) -> Mapping[str, str]:
        """Labels with this LABEL_KEY."""
        ...

    def spec(self, suffix: str, behaviour: Behaviour, **more: Any) -> ContainerSpec:
        """A container of `name(suffix)` that behaves so, with the key `suffix`."""
        ...

    async def half_made(self, spec: ContainerSpec) -> None:
        """As a death leaves it: made, with its first network only, without its files."""
        ...

    async def add_stranger(self, kind: str, name: str) -> None:
        """A running container, a network or a volume of that name that carries no label of ours."""
        ...

    async def is_there(self, kind: str, name: str) -> bool:
        """Whether a container, network or volume of that name is there, whoever's it is."""
        ...

    def silent_engine(self) -> ContainerEngine:
        """An engine that does not answer."""
        ...

    def free_port(self) -> int:
        """A port of the host that nobody listens on."""
        ...

    def base_image(self) -> str:
        """An image to build from."""
        ...

    def registry(self) -> str:
        """``host:port`` of a registry that takes pushes."""
        ...


async def lines_of(engine: ContainerEngine, name: str, *, follow: bool = True, tail: int = 0) -> list[OutputLine]:
    """All that it wrote."""
    async with asyncio.timeout(PATIENCE_S):
        return [line async for line in engine.output(name, follow=follow, tail=tail)]


async def lines_begun(engine: ContainerEngine, name: str) -> None:
    """Return when it has done its first work (a real one writes ``ready`` once its signals are set)."""
    async with asyncio.timeout(PATIENCE_S):
        async for line in engine.output(name, follow=True):
            if line.text == "ready":
                return
