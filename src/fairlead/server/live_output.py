"""What the live instances of a service write, also of those that take their place while it is followed."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from fairlead.domain.errors import FairleadError, TimedOut, Unreachable
from fairlead.ports.container_engine import LABEL_DEPLOYMENT, Container
from fairlead.server.api import answers
from fairlead.server.bootstrap import Server
from fairlead.store import deployments
from fairlead.store.database import Connection
from fairlead.store.masks import Mask

Find: TypeAlias = Callable[[], Awaitable[Sequence[Container]]]
"""The instances that are live now."""

LINES_KEPT = 1000
SEEK_S = 2.0
"""How often it is asked who is live; what a new instance wrote before that is told too."""


@dataclass(slots=True)
class LiveOutput:
    """One person's following; `lines` is called once."""

    server: Server
    find: Find
    _queue: asyncio.Queue[str | None] = field(default_factory=lambda: asyncio.Queue(maxsize=LINES_KEPT))
    _readers: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _told: dict[str, str] = field(default_factory=dict)

    async def lines(self, found: Iterable[Container], *, tail: int, follow: bool) -> AsyncIterator[str]:
        """An event for each line, of those that were found and, with `follow`, of all that are live after them; without
        it, to the end of what there is. Who can no longer be found (no right to it any more, no such place) ends it."""
        self._take(found, tail=tail, follow=follow)
        ending = asyncio.create_task(self._ended(follow=follow))
        try:
            while (event := await self._queue.get()) is not None:
                yield event
        finally:
            tasks = [ending, *self._readers.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _ended(self, *, follow: bool) -> None:
        if follow:
            with contextlib.suppress(FairleadError):
                await self._seek()
        else:
            await asyncio.gather(*self._readers.values(), return_exceptions=True)
        await self._queue.put(None)

    async def _seek(self) -> None:
        """For ever; an engine that does not answer just now is asked again."""
        while True:
            await asyncio.sleep(SEEK_S)
            with contextlib.suppress(Unreachable, TimedOut):
                self._take(await self.find(), tail=0, follow=True)

    def _take(self, found: Iterable[Container], *, tail: int, follow: bool) -> None:
        for one in found:
            known = self._readers.get(one.id)
            if known is None or (known.done() and one.state == "running"):
                self._readers[one.id] = asyncio.create_task(self._read(one, tail=tail, follow=follow))

    async def _read(self, one: Container, *, tail: int, follow: bool) -> None:
        server, since = self.server, self._told.get(one.id, "")
        mask = await server.context.database.read(lambda connection: _mask_of(server, connection, one))
        output = server.container_engine.output(one.name, follow=follow, tail=tail, since=since)
        async with contextlib.aclosing(output) as lines:  # type: ignore[type-var]
            async for line in lines:
                if since and line.at <= since:
                    continue
                self._told[one.id] = line.at
                data: answers.Written = {
                    "instance": one.name,
                    "text": mask.apply(line.text),
                    "stream": line.stream,
                    "at": line.at,
                }
                await self._queue.put(f"data: {json.dumps(data, ensure_ascii=False)}\n\n")


def _mask_of(server: Server, connection: Connection, one: Container) -> Mask:
    """What the container was given of secrets, by the deployment that made it (law 8)."""
    made_by = deployments.find(connection, one.labels.get(LABEL_DEPLOYMENT, ""))
    return server.context.secrets.mask(connection, made_by.task) if made_by and made_by.task else Mask()
