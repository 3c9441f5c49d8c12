"""command.run, command.execute, command.clear: a command of a person's in a container of the live release."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

from fairlead.domain.effect import Done, Looked, NotYet, Outcome, SaidNo
from fairlead.domain.errors import Failed, FairleadError, NotFound
from fairlead.domain.ids import SecretVersionId
from fairlead.domain.plan import Effect
from fairlead.ports.container_engine import LABEL_KEY, Exited, OutputLine
from fairlead.ports.step import Tools
from fairlead.steps.blueprint import Blueprint, assemble
from fairlead.steps.effects.basis import Plain, read

ENDED = "ended"
"""The task's fact that holds the command's exit code."""

BEGUN = "begun"
"""The task's fact that says that a command inside an instance, or one with an input, was begun: not twice."""

STOP_GRACE_S = 5.0


@dataclass(frozen=True, slots=True)
class OneOff:
    """The container that the command runs in, how long it may, and the blob that it finds on its standard input."""

    blueprint: Blueprint
    timeout_s: float
    stdin: str = ""


class RunCommand(Plain):
    """Runs the command in a container of its own; another attempt adopts it and tells its output from the start."""

    kind = "command.run"

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        """Whether it ended well: our own note says so."""
        return await _ended_well(tools)

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Starts it, tells its output, notes its exit code; another than 0 is said as no."""
        wanted = read(OneOff, effect)
        name = wanted.blueprint.name
        if wanted.stdin:
            return await _fed(wanted, tools)
        try:
            container = await tools.container_engine.ensure_container(await assemble(wanted.blueprint, tools))
            if container.state == "created":
                await tools.container_engine.start(name)
        except (Failed, NotFound) as error:
            return SaidNo("command.failed", f"the command could not be run: {error.message}", hint=error.hint)
        try:
            async with asyncio.timeout(wanted.timeout_s):
                exit_code = await _follow(name, tools)
        except TimeoutError:
            await tools.container_engine.stop(name, grace_s=STOP_GRACE_S)
            return _too_long(wanted.timeout_s, "it was stopped")
        return await _verdict(exit_code, tools)


@dataclass(frozen=True, slots=True)
class Inside:
    """A running instance, the command, the blob that it finds on its standard input, and the secrets that the instance
    was given: its output is masked by them."""

    container: str
    command: tuple[str, ...]
    timeout_s: float
    secrets: tuple[SecretVersionId, ...] = ()
    stdin: str = ""


class ExecuteCommand(Plain):
    """Runs a command in a running instance, once: what it did cannot be looked at, so no other attempt repeats it."""

    kind = "command.execute"

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        """Whether it ended well: our own note says so."""
        return await _ended_well(tools)

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Runs it, tells its output, notes its exit code; another than 0 is said as no."""
        wanted = read(Inside, effect)
        if BEGUN in await tools.records.facts(tools.task):
            return SaidNo(
                "command.lost",
                f"the server died, or lost the engine, while it ran in {wanted.container}: how it ended is not known",
                hint="it is not run twice by itself; check whether it did its work, then ask again",
            )
        await tools.secrets.values(tools.task, wanted.secrets)
        await tools.records.note(tools.task, BEGUN, {"container": wanted.container})
        exit_code = None
        try:
            async with asyncio.timeout(wanted.timeout_s):
                given = await tools.artifacts.blob(wanted.stdin) if wanted.stdin else None
                async for piece in tools.container_engine.executing(wanted.container, wanted.command, stdin=given):
                    if isinstance(piece, Exited):
                        exit_code = piece.exit_code
                    else:
                        _say(piece, tools)
        except TimeoutError:
            return _too_long(wanted.timeout_s, "it may go on inside")
        except FairleadError as error:
            return SaidNo("command.failed", f"the command could not be run: {error.message}", hint=error.hint)
        assert exit_code is not None  # the port says that it comes last
        return await _verdict(exit_code, tools)


@dataclass(frozen=True, slots=True)
class OneOffCleared:
    """What the container of a one-off carries."""

    labels: Mapping[str, str]


class ClearCommand(Plain):
    """Removes the container of a one-off, however it ended."""

    kind = "command.clear"

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Removes it."""
        labels = read(OneOffCleared, effect).labels
        for container in await tools.container_engine.containers({LABEL_KEY: labels[LABEL_KEY]}):
            await tools.container_engine.remove(container.name)
        return Done()


async def _fed(wanted: OneOff, tools: Tools) -> Outcome:
    """As `do`, once: what is left of an input that broke off is not what the person gave."""
    name = wanted.blueprint.name
    if BEGUN in await tools.records.facts(tools.task):
        return SaidNo(
            "command.lost",
            f"the server died, or lost the engine, while {name} was given its input: what it read is not known",
            hint="it is not run twice by itself; check whether it did its work, then ask again",
        )
    content = await tools.artifacts.blob(wanted.stdin)
    engine = tools.container_engine
    try:
        await engine.ensure_container(replace(await assemble(wanted.blueprint, tools), reads_input=True))
        await tools.records.note(tools.task, BEGUN, {"container": name})
        async with asyncio.timeout(wanted.timeout_s), engine.fed(name, content):
            exit_code = await _follow(name, tools)
    except (Failed, NotFound) as error:
        return SaidNo("command.failed", f"the command could not be run: {error.message}", hint=error.hint)
    except TimeoutError:
        await engine.stop(name, grace_s=STOP_GRACE_S)
        return _too_long(wanted.timeout_s, "it was stopped")
    return await _verdict(exit_code, tools)


async def _ended_well(tools: Tools) -> Looked:
    noted = (await tools.records.facts(tools.task)).get(ENDED)
    if isinstance(noted, dict) and noted.get("exit_code") == 0:
        return Done(noted, was_already_so=True)
    return NotYet()


async def _follow(name: str, tools: Tools) -> int:
    """Tells all of it; a followed output may end before the last lines of a container that ends soon."""
    told = seen = 0
    async for line in tools.container_engine.output(name, follow=True):
        _say(line, tools)
        told += 1
    exit_code = await tools.container_engine.wait(name)
    async for line in tools.container_engine.output(name, follow=False):
        seen += 1
        if seen > told:
            _say(line, tools)
    return exit_code


def _say(line: OutputLine, tools: Tools) -> None:
    """The command's own words stand under the name of its stream, so that they are told apart from ours."""
    tools.task_log.write(tools.task, "info", tools.step, line.text, target=line.stream)


async def _verdict(exit_code: int, tools: Tools) -> Outcome:
    await tools.task_log.flush(tools.task)
    await tools.records.note(tools.task, ENDED, {"exit_code": exit_code})
    if exit_code == 0:
        return Done({"exit_code": 0})
    return SaidNo("command.failed", f"the command ended with {exit_code}")


def _too_long(seconds: float, what: str) -> SaidNo:
    return SaidNo(
        "step.timed_out", f"the command did not end within {seconds:g} s: {what}", hint="--timeout gives longer"
    )
