"""The engine of another host, over a connection to it: the same verbs, and where it cannot be reached, why not."""

from __future__ import annotations

from fairlead.adapters.connections.as_socket import AsSocket
from fairlead.adapters.engines.docker.engine import DEFAULT_SOCKET, DockerEngine
from fairlead.ports.connection import Connection


class FarEngine(DockerEngine):
    """A `DockerEngine` on another host; `close` ends the way there, too."""

    def __init__(self, way: AsSocket, known_as: str, installation: str) -> None:
        super().__init__(way.path, is_local=False, installation=installation, known_as=known_as, why_not=self._why_not)
        self._way = way

    def _why_not(self) -> str:
        return self._way.why_not.message if self._way.why_not else ""

    async def close(self) -> None:
        await super().close()
        await self._way.close()


async def far_engine(connection: Connection, *, socket: str = DEFAULT_SOCKET, installation: str = "") -> FarEngine:
    """Behind its socket there, as the connection's user may use it. Nothing is asked yet."""
    way = AsSocket(connection, f"unix:{socket}")
    await way.open()
    return FarEngine(way, f"{socket} of {connection.name}", installation)
