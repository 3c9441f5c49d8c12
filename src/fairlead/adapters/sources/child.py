"""One bounded child: arguments in, output and exit code out, its process group ended on a bound or a cancel."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

CHUNK_BYTES = 65_536
STDERR_KEPT_BYTES = 16_384
END_BOUND_S = 5.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended. `stderr` is the last of it."""

    exit_code: int
    stdout: bytes
    stderr: str


class OutputTooLong(Exception):
    """The child wrote more than the caller allowed."""


async def run(
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str],
    cwd: Path,
    timeout_s: float,
    limit_bytes: int,
    held: Sequence[int] = (),
) -> Ended:
    """Run to the end. TimeoutError at the bound, OutputTooLong over `limit_bytes`; either way nothing of it is left.
    It has the descriptors `held`, too."""
    child = await asyncio.create_subprocess_exec(
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=dict(environment),
        cwd=cwd,
        start_new_session=True,
        pass_fds=tuple(held),
    )
    assert child.stdout is not None and child.stderr is not None
    has_ended = False
    try:
        async with asyncio.timeout(timeout_s):
            async with asyncio.TaskGroup() as readers:
                out = readers.create_task(_all_of(child.stdout, limit_bytes, child))
                said = readers.create_task(_last_of(child.stderr))
            exit_code = await child.wait()
            has_ended = True
    finally:
        if not has_ended:
            await _end(child)
    stdout = out.result()
    if stdout is None:
        raise OutputTooLong
    return Ended(exit_code, stdout, said.result().decode("utf-8", "replace"))


async def _all_of(stream: asyncio.StreamReader, limit_bytes: int, child: asyncio.subprocess.Process) -> bytes | None:
    """The whole output; None when it became too long, and then the child is ended."""
    held = bytearray()
    while chunk := await stream.read(CHUNK_BYTES):
        held += chunk
        if len(held) > limit_bytes:
            _kill(child)
            return None
    return bytes(held)


async def _last_of(stream: asyncio.StreamReader) -> bytes:
    held: deque[bytes] = deque(maxlen=STDERR_KEPT_BYTES // 256)
    while chunk := await stream.read(256):
        held.append(chunk)
    return b"".join(held)


def _kill(child: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)


async def _end(child: asyncio.subprocess.Process) -> None:
    """Kill the whole group, also what outlived the child itself, and reap it."""
    _kill(child)
    with contextlib.suppress(TimeoutError):
        await asyncio.shield(asyncio.wait_for(child.wait(), END_BOUND_S))
