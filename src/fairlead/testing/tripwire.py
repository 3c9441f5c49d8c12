"""Any port with a wire across each verb: a test raises, waits or dies there. The product has no hooks, so it wraps."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, cast

Port = TypeVar("Port")


@dataclass(frozen=True, slots=True)
class Crossing:
    """A verb is about to run, or has run and its answer is not yet told."""

    verb: str
    point: Literal["before", "after"]
    arguments: tuple[object, ...]


def with_tripwire(port: Port, trip: Callable[[Crossing], Awaitable[None]]) -> Port:
    """The port, with `trip` awaited before and after each of its asynchronous verbs."""
    return cast("Port", _Tripwire(port, trip))


class _Tripwire:
    def __init__(self, port: object, trip: Callable[[Crossing], Awaitable[None]]) -> None:
        self._port = port
        self._trip = trip

    def __getattr__(self, name: str) -> Any:
        verb = getattr(self._port, name)
        if inspect.iscoroutinefunction(verb):
            return self._around(name, verb)
        if inspect.isasyncgenfunction(verb):
            return self._around_stream(name, verb)
        return verb

    def _around(self, name: str, verb: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def call(*arguments: Any, **named: Any) -> Any:
            await self._trip(Crossing(name, "before", arguments))
            answer = await verb(*arguments, **named)
            await self._trip(Crossing(name, "after", arguments))
            return answer

        return call

    def _around_stream(self, name: str, verb: Callable[..., AsyncIterator[Any]]) -> Callable[..., AsyncIterator[Any]]:
        async def call(*arguments: Any, **named: Any) -> AsyncIterator[Any]:
            await self._trip(Crossing(name, "before", arguments))
            async for item in verb(*arguments, **named):
                yield item
            await self._trip(Crossing(name, "after", arguments))

        return call
