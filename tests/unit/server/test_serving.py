"""The socket on which the server answers."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

from fairlead.server.serving import _listen
from fairlead.server.settings import read
from fairlead.testing.free_ports import free_ports_of_this_process


async def test_an_answer_never_waits_for_the_network_to_confirm_its_beginning(tmp_path: Path) -> None:
    port = free_ports_of_this_process()()
    settings = read({"FAIRLEAD_DATA_DIR": str(tmp_path), "FAIRLEAD_PORT": str(port)})
    answered: asyncio.Queue[int] = asyncio.Queue()

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held = writer.get_extra_info("socket")
        answered.put_nowait(held.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    serving = await asyncio.start_server(answer, sock=_listen(settings))
    async with serving:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await asyncio.wait_for(answered.get(), 5) != 0
        writer.close()
        await writer.wait_closed()
