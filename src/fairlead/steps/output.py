"""What containers wrote: the last lines as evidence, and the last ten thousand kept with the task; secrets masked."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from fairlead.domain.errors import FairleadError
from fairlead.ports.container_engine import LABEL_INSTANCE
from fairlead.ports.step import Tools
from fairlead.steps.blueprint import read_facts

EVIDENCE_LINES = 30
KEPT_LINES = 10_000
KEPT_BYTES = 16 * 1024**2
"""Ten thousand lines of the longest kind would be eighty megabytes: the newest sixteen are kept."""


async def last_lines(name: str, tools: Tools) -> tuple[str, ...]:
    """The newest lines, oldest first; () where they cannot be had: evidence must not hide the news."""
    try:
        return tuple(await _masked(name, await _newest(name, tools, EVIDENCE_LINES, with_times=False), tools))
    except FairleadError:
        return ()


async def keep_output(name: str, tools: Tools) -> None:
    """Attaches the newest lines to the task. A failure is said and passed over: it must not stop a clean-up."""
    try:
        lines = await _masked(name, await _newest(name, tools, KEPT_LINES, with_times=True), tools)
        if lines:
            content = "\n".join(lines).encode(errors="replace")[-KEPT_BYTES:] + b"\n"
            await tools.artifacts.attach(tools.task, f"{name}.log", content, kind="output")
    except FairleadError as error:
        tools.say(f"the output of {name} could not be kept: {error.message}", level="warning")


async def _newest(name: str, tools: Tools, count: int, *, with_times: bool) -> Sequence[str]:
    newest: deque[str] = deque(maxlen=count)
    async for line in tools.container_engine.output(name, follow=False, tail=count):
        newest.append(f"{line.at} {line.text}".strip() if with_times else line.text)
    return tuple(newest)


async def _masked(name: str, lines: Sequence[str], tools: Tools) -> Sequence[str]:
    """Masked by all that the container was given, also where another task gave it long ago."""
    container = await tools.container_engine.container(name)
    given = read_facts(container.labels.get(LABEL_INSTANCE, "")).secrets if container else ()
    if given:
        await tools.secrets.values(tools.task, given)
    return await tools.secrets.masked(tools.task, lines)
