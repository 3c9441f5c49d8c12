"""Nobody acts on the world for a run that is not his any more: every verb of a port asks first (law 6).

A node that slept (a suspended process, a paused machine) goes on exactly where it stood, before any timer of it tells
it that its lease ran out and that another node has taken over meanwhile. So whether the lease is held is asked by the
clock at each verb, not only from time to time.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar, cast

from fairlead.domain.ids import TaskId
from fairlead.domain.record import Json
from fairlead.engine.parts import ToolsFactory
from fairlead.ports.connection import Connection
from fairlead.ports.container_engine import ContainerEngine
from fairlead.ports.hosts import Hosts, Seen
from fairlead.ports.step import Tools

Port = TypeVar("Port")


def fenced(factory: ToolsFactory, require: Callable[[], None]) -> ToolsFactory:
    """Tools whose ports call `require` before each verb; it raises `Abandoned` where this process has lost its runs."""

    def tools(task: TaskId, step: str, target: str, outputs: Mapping[str, Mapping[str, Json]]) -> Tools:
        made = factory(task, step, target, outputs)
        return replace(
            made,
            container_engine=behind(made.container_engine, require),
            connection=behind(made.connection, require),
            proxy=behind(made.proxy, require),
            catalogue=behind(made.catalogue, require),
            registry=behind(made.registry, require),
            source=behind(made.source, require),
            records=behind(made.records, require),
            artifacts=behind(made.artifacts, require),
            notifier=behind(made.notifier, require),
            hosts=_FencedHosts(made.hosts, require),
            web=behind(made.web, require),
            children=behind(made.children, require),
            health=behind(made.health, require),
            script_turns=behind(made.script_turns, require),
        )

    return tools


def behind(port: Port, require: Callable[[], None]) -> Port:
    """The port; each of its asynchronous verbs calls `require` first."""
    return cast("Port", _Fenced(port, require))


class _FencedHosts:
    """Hosts whose connections ask first, too."""

    def __init__(self, hosts: Hosts, require: Callable[[], None]) -> None:
        self._hosts = hosts
        self._require = require

    async def of_target(self, target: str) -> Connection:
        self._require()
        return behind(await self._hosts.of_target(target), self._require)

    async def of_server(self, task: TaskId) -> Connection:
        self._require()
        return behind(await self._hosts.of_server(task), self._require)

    async def engine_of(self, target: str) -> ContainerEngine:
        self._require()
        return behind(await self._hosts.engine_of(target), self._require)

    async def look(self, target: str) -> Seen:
        self._require()
        return await self._hosts.look(target)


class _Fenced:
    def __init__(self, port: object, require: Callable[[], None]) -> None:
        self._port = port
        self._require = require

    def __getattr__(self, name: str) -> Any:
        verb = getattr(self._port, name)
        if inspect.iscoroutinefunction(verb):
            return self._asked(verb)
        if inspect.isasyncgenfunction(verb):
            return self._asked_stream(verb)
        return verb

    def _asked(self, verb: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def call(*arguments: Any, **named: Any) -> Any:
            self._require()
            return await verb(*arguments, **named)

        return call

    def _asked_stream(self, verb: Callable[..., AsyncIterator[Any]]) -> Callable[..., AsyncIterator[Any]]:
        async def call(*arguments: Any, **named: Any) -> AsyncIterator[Any]:
            self._require()
            async for item in verb(*arguments, **named):
                yield item

        return call
