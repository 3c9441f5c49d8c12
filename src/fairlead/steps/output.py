"""What containers wrote: the last lines as evidence, and the last ten thousand kept with the task."""

from __future__ import annotations

from collections import deque

from fairlead.domain.errors import FairleadError
from fairlead.ports.step import Tools

EVIDENCE_LINES = 30
KEPT_LINES = 10_000
KEPT_BYTES = 16 * 1024**2
"""Ten thousand lines of the longest kind would be eighty megabytes: the newest sixteen are kept."""


async def last_lines(name: str, tools: Tools, *, count: int = EVIDENCE_LINES) -> tuple[str, ...]:
    """The newest lines, oldest first; () where they cannot be had: evidence must not hide the news."""
    try:
        lines = tools.container_engine.output(name, follow=False, tail=count)
        return tuple([line.text async for line in lines])
    except FairleadError:
        return ()


async def keep_output(name: str, tools: Tools) -> None:
    """Attaches the newest lines to the task. A failure is said and passed over: it must not stop a clean-up."""
    kept: deque[bytes] = deque(maxlen=KEPT_LINES)
    try:
        async for line in tools.container_engine.output(name, follow=False, tail=KEPT_LINES):
            kept.append(f"{line.at} {line.text}".strip().encode(errors="replace"))
        if kept:
            content = b"\n".join(kept)[-KEPT_BYTES:] + b"\n"
            await tools.artifacts.attach(tools.task, f"{name}.log", content, kind="output")
    except FairleadError as error:
        tools.say(f"the output of {name} could not be kept: {error.message}", level="warning")
