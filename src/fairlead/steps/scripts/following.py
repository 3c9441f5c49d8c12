"""Following a script that runs: what it writes into the task's log, what it sets and leaves behind."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath, PureWindowsPath

from fairlead.domain.errors import FairleadError
from fairlead.domain.record import Json
from fairlead.domain.script_output import ScriptLine, ScriptOutput, Told
from fairlead.domain.service_messages import ServiceMessage
from fairlead.domain.text import SecretRef, Text
from fairlead.ports.connection import Connection
from fairlead.ports.step import Tools
from fairlead.ports.task_log import Level

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.02, 0.5
NOTE_EVERY_S = 2.0
LAST_LINES = 30
MOST_OUTPUTS = 1000
OUTPUT_CHARACTERS = 256 * 1024
ALL_OUTPUTS_CHARACTERS = 1024 * 1024
"""Outputs go into the books of the task and to every later step: they are values, not files."""

ARTIFACT_BYTES = 64 * 1024**2
MOST_ARTIFACTS = 100
TRUE = "true"
NAME = re.compile(r"[^\r\n#{}]{1,200}")
LONGEST_SAID = 300


@dataclass(slots=True)
class Followed:
    """How far a script is. `told_note` names the task's fact that says how many of its lines are in the log, so that
    whoever follows it after us tells only the rest. `said_error` is the first line that it said at level error on
    purpose, `warned` the first warning, what it wrote to its error stream among them."""

    told_note: str
    action: str
    target: str
    outputs: dict[str, Text] = field(default_factory=dict)
    artifacts: dict[str, str] = field(default_factory=dict)
    last: deque[str] = field(default_factory=lambda: deque(maxlen=LAST_LINES))
    said: str = ""
    exit_code: int | None = None
    timed_out_s: float = 0.0
    lines: int = 0
    told_before: int = 0
    wrote_errors: bool = False
    said_error: str = ""
    warned: str = ""

    def note(self, output: Mapping[str, Json]) -> dict[str, Json]:
        """What is kept of it: a successor needs nothing more of the run."""
        made: dict[str, Json] = {**output, "exit_code": -1 if self.exit_code is None else self.exit_code}
        if self.timed_out_s:
            made["timed_out_s"] = self.timed_out_s
        return made


async def follow(followed: Followed, connection: Connection, ticket: str, tools: Tools) -> None:
    """To its end: every line is told, every message heard, every artifact fetched."""
    before = await tools.records.fact(tools.task, followed.told_note)
    followed.told_before = before if isinstance(before, int) else 0
    reader, position, pause_s = ScriptOutput(), 0, FIRST_PAUSE_S
    noted_s = tools.clock.monotonic_s()
    while True:
        progress = await connection.progress(ticket, after=position)
        for told in reader.feed(progress.log):
            await _hear(told, followed, tools)
        pause_s = FIRST_PAUSE_S if progress.log else min(pause_s * 1.5, LONGEST_PAUSE_S)
        position = progress.position
        if progress.exit_code is not None:
            break
        if tools.clock.monotonic_s() - noted_s >= NOTE_EVERY_S:
            await _note_told(followed, tools)
            noted_s = tools.clock.monotonic_s()
        await tools.clock.sleep(pause_s)
    for told in reader.close():
        await _hear(told, followed, tools)
    followed.exit_code = progress.exit_code
    await _collect(followed, connection, tools)
    if followed.exit_code == 0 and followed.wrote_errors:
        tools.say(f"{followed.action} ended well, and wrote to its error stream", level="warning")


async def _note_told(followed: Followed, tools: Tools) -> None:
    await tools.task_log.flush(tools.task)
    await tools.records.note(tools.task, followed.told_note, max(followed.lines, followed.told_before))


async def _hear(told: Told, followed: Followed, tools: Tools) -> None:
    if isinstance(told, ScriptLine):
        followed.last.append(told.text)
        followed.wrote_errors |= told.is_error and told.level == "error"
        if told.level == "error" and not told.is_error:
            followed.said_error = followed.said_error or told.text[:LONGEST_SAID]
        elif told.level in ("error", "warning"):
            followed.warned = followed.warned or told.text[:LONGEST_SAID]
        _say(told.text, told.level, followed, tools)
        return
    match told.name.lower():
        case "setvariable":
            await _set(told, followed, tools)
        case "mask":
            if value := told.get("value"):
                await tools.secrets.keep_told(tools.task, "masked by a script", value, at=tools.clock.now())
        case "createartifact":
            _leave(told, followed, tools)
        case "progress":
            message = told.get("message")
            _say(f"{told.get('percentage')} %" + (f": {message}" if message else ""), "info", followed, tools)
        case "resultmessage":
            followed.said = told.get("message")
        case _:
            _say(f"the message {told.name[:80]} is not known here and changes nothing", "debug", followed, tools)


def _say(text: str, level: Level, followed: Followed, tools: Tools) -> None:
    """Counted, so that a successor does not tell it again."""
    followed.lines += 1
    if followed.lines > followed.told_before:
        tools.say(text, level=level)


async def _set(message: ServiceMessage, followed: Followed, tools: Tools) -> None:
    name, value = message.get("name"), message.get("value")
    refused = _why_not_set(name, value, followed)
    if refused:
        _say(refused, "warning", followed, tools)
        return
    for known in [known for known in followed.outputs if known.lower() == name.lower()]:
        del followed.outputs[known]
    if message.get("sensitive").lower() == TRUE:
        kept = await tools.secrets.keep_told(tools.task, name, value, at=tools.clock.now())
        followed.outputs[name] = SecretRef(kept, name)
    else:
        followed.outputs[name] = value


def _why_not_set(name: str, value: str, followed: Followed) -> str:
    if not NAME.fullmatch(name):
        return f"an output variable cannot be called {name[:80]!r}: it is not set"
    held = sum(len(one) for one in followed.outputs.values() if isinstance(one, str))
    if len(value) > OUTPUT_CHARACTERS or held + len(value) > ALL_OUTPUTS_CHARACTERS:
        return (
            f"{name} is too long for an output variable ({len(value):,} characters): it is not set; keep it in a file"
        )
    if len(followed.outputs) >= MOST_OUTPUTS:
        return f"{name} is not set: a script can set {MOST_OUTPUTS:,} output variables"
    return ""


def _leave(message: ServiceMessage, followed: Followed, tools: Tools) -> None:
    path = message.get("path")
    name = message.get("name") or path
    short = PurePosixPath(PureWindowsPath(name).as_posix()).name
    if not path or not short:
        return
    if len(followed.artifacts) >= MOST_ARTIFACTS:
        _say(f"{short} is not kept: a script can leave {MOST_ARTIFACTS} files", "warning", followed, tools)
        return
    followed.artifacts[short] = path


async def _collect(followed: Followed, connection: Connection, tools: Tools) -> None:
    where = "/".join(part for part in (followed.action, followed.target) if part)
    for name, path in followed.artifacts.items():
        try:
            content = await connection.get(path, limit_bytes=ARTIFACT_BYTES)
            await tools.artifacts.attach(tools.task, f"{where}/{name}", content, kind="artifact")
        except FairleadError as error:
            tools.say(f"{name} is not kept: {error.message}", level="warning")
        else:
            tools.say(f"kept {name} ({len(content):,} bytes)")
