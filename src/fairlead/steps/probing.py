"""One probe of one instance: HTTP, TCP, a command inside, or the image's own HEALTHCHECK."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, assert_never

from fairlead.domain.errors import FairleadError, TimedOut
from fairlead.domain.service import ExecProbe, Health, HttpProbe, ImageProbe, RunningProbe, TcpProbe
from fairlead.ports.connection import Streams
from fairlead.ports.step import Tools

STATUS_LINE_BYTES = 256
OUTPUT_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class Probed:
    """What is probed: the container by name, its endpoint as the target's host sees it, and how."""

    name: str
    address: str
    port: int
    health: Health
    host: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether it is healthy, and what it said in words."""

    is_healthy: bool
    text: str
    is_refused: bool = False


async def ask(probed: Probed, tools: Tools) -> Answer:
    """One answer within the probe's timeout. What cannot be reached is unhealthy: it is an answer, not an error."""
    match probed.health.probe:
        case HttpProbe(path=path):
            return await _bounded(_ask_http(probed, path, tools), probed)
        case TcpProbe():
            return await _bounded(_ask_tcp(probed, tools), probed)
        case ExecProbe(command=command):
            return await _ask_inside(probed, command, tools)
        case ImageProbe():
            return await _ask_engine(probed, tools)
        case RunningProbe():
            return await _ask_running(probed, tools)
        case other:
            assert_never(other)


async def _bounded(answering: Coroutine[Any, Any, Answer], probed: Probed) -> Answer:
    endpoint = f"{probed.address}:{probed.port}"
    try:
        async with asyncio.timeout(probed.health.timeout_s):
            return await answering
    except TimeoutError:
        return Answer(is_healthy=False, text=f"{endpoint} gave no answer within {probed.health.timeout_s:g} s")
    except ConnectionRefusedError:
        return Answer(is_healthy=False, text=f"{endpoint} refused the connection", is_refused=True)
    except FairleadError as error:
        refused = isinstance(error.__cause__, ConnectionRefusedError)
        return Answer(is_healthy=False, text=error.message, is_refused=refused)
    except (OSError, asyncio.IncompleteReadError, ValueError) as error:
        return Answer(is_healthy=False, text=f"{endpoint}: {str(error) or type(error).__name__}")


async def _ask_tcp(probed: Probed, tools: Tools) -> Answer:
    streams = await tools.connection.dial(f"tcp:{probed.address}:{probed.port}")
    await _close(streams)
    return Answer(is_healthy=True, text="accepted the connection")


async def _ask_http(probed: Probed, path: str, tools: Tools) -> Answer:
    streams = await tools.connection.dial(f"tcp:{probed.address}:{probed.port}")
    try:
        host = probed.host or f"{probed.address}:{probed.port}"
        request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: fairlead-probe\r\nAccept: */*\r\n"
        streams.writer.write(f"{request}Connection: close\r\n\r\n".encode())
        await streams.writer.drain()
        status = _status(await streams.reader.readline())
    finally:
        await _close(streams)
    return Answer(is_healthy=200 <= status <= 399, text=f"GET {path} answered {status}")


def _status(line: bytes) -> int:
    words = line[:STATUS_LINE_BYTES].split(None, 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
        raise ValueError(f"the answer is not HTTP: {line[:80]!r}" if line else "it closed the connection unanswered")
    return int(words[1])


async def _close(streams: Streams) -> None:
    streams.writer.close()
    try:
        await streams.writer.wait_closed()
    except OSError:
        return


async def _ask_inside(probed: Probed, command: tuple[str, ...], tools: Tools) -> Answer:
    said = " ".join(command)[:80]
    try:
        result = await tools.container_engine.execute(probed.name, command, timeout_s=probed.health.timeout_s)
    except TimedOut:
        return Answer(is_healthy=False, text=f"`{said}` did not end within {probed.health.timeout_s:g} s")
    except FairleadError as error:
        return Answer(is_healthy=False, text=f"`{said}` could not be run: {error.message}")
    (output,) = await tools.secrets.masked(tools.task, [result.output.strip()[-OUTPUT_CHARACTERS:]])
    return Answer(is_healthy=result.exit_code == 0, text=f"`{said}` ended with {result.exit_code}: {output}")


async def _ask_engine(probed: Probed, tools: Tools) -> Answer:
    container = await tools.container_engine.container(probed.name)
    if container is None or container.state != "running":
        return Answer(is_healthy=False, text="the container does not run")
    if container.health == "":
        return Answer(is_healthy=False, text="the image has no HEALTHCHECK; state a health check in fairlead.yml")
    return Answer(is_healthy=container.health == "healthy", text=f"the image's HEALTHCHECK says {container.health}")


async def _ask_running(probed: Probed, tools: Tools) -> Answer:
    container = await tools.container_engine.container(probed.name)
    is_running = container is not None and container.state == "running"
    return Answer(is_healthy=is_running, text="runs" if is_running else "the container does not run")
