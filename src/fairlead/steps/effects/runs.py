"""container.run: a migration, a one-shot or tests: a container that runs to its end once; its end is the verdict."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from fairlead.domain.effect import Done, Looked, NotYet, Outcome, SaidNo
from fairlead.domain.errors import Failed, FairleadError, NotFound, TooLarge
from fairlead.domain.plan import Effect
from fairlead.domain.record import Json
from fairlead.ports.container_engine import LABEL_KEY, Container
from fairlead.ports.step import Tools
from fairlead.steps.blueprint import Blueprint, assemble
from fairlead.steps.case_results import summarise
from fairlead.steps.effects.basis import read
from fairlead.steps.output import keep_output, last_lines

Purpose: TypeAlias = Literal[
    "migration", "one-shot", "tests", "backup", "contraction", "schema-copy", "schema-migration"
]

CODE_OF: Mapping[Purpose, str] = {
    "migration": "migration.failed",
    "one-shot": "service.failed",
    "tests": "tests.failed",
    "backup": "migration.backup",
    "contraction": "migration.contraction",
    "schema-copy": "schema.copy",
    "schema-migration": "schema.migration",
}
HINT_OF: Mapping[Purpose, str] = {
    "migration": "the old release runs on; what the migration did to data is not undone",
    "backup": "nothing was migrated and nothing deployed; its last lines say why",
    "contraction": "the release is live, the schema as its migration left it; the next deployment contracts "
    "again, and so does this release with --force",
    "schema-copy": "nothing was touched; its last lines say what PostgreSQL answered",
    "schema-migration": "only a scratch copy of the schema was touched; its last lines say why",
}
LASTING: frozenset[Purpose] = frozenset({"migration", "contraction"})
"""What does something to data that is not undone with the container."""

RESULTS_DIR = "/results"
RESULTS_LIMIT_BYTES = 16 * 1024**2
NOT_RUNNABLE = frozenset({125, 126, 127})
"""What engines and shells answer when the command could not be run at all: not a verdict of the command."""

STOP_GRACE_S = 5.0
REASON_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Errand:
    """The container, what it is for, and how it is called in sentences (``the pre-integration tests``)."""

    blueprint: Blueprint
    purpose: Purpose
    title: str
    timeout_s: float

    @property
    def kind(self) -> str:
        """Of tests: ``pre-integration``."""
        return self.title.removeprefix("the ").removesuffix(" tests")


LOST = 255
"""What the engine gives a container as exit code that ended while it looked away: a power cut, a kill of the engine.
(moby daemon/restore.) One that was begun by an earlier attempt and ended so says nothing of what it ran."""


class RunContainer:
    """Runs the container once: its name and label come from the effect's key, so whoever asks again adopts it.

    Its whole output goes into the task's log. Undone by removing the container; what it did to data stays done.
    """

    kind = "container.run"

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        """Whether it ended well and its output was told: our own note says so."""
        noted = (await tools.records.facts(tools.task)).get(_note_name(effect))
        if isinstance(noted, dict) and noted.get("exit_code") == 0:
            return Done(noted, was_already_so=True)
        return NotYet()

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Starts it, or finds it begun by an earlier attempt; tells its output; its exit code is the verdict, in which
        tests that left a report are named where they failed."""
        errand = read(Errand, effect)
        outcome = await self._run(errand, tools)
        if errand.purpose == "tests":
            outcome = await summarise(outcome, errand.kind, tools)
        if isinstance(outcome, Done):
            await tools.task_log.flush(tools.task)
            await tools.records.note(tools.task, _note_name(effect), dict(outcome.output))
        return outcome

    async def _run(self, errand: Errand, tools: Tools) -> Outcome:
        began = tools.clock.monotonic_s()
        try:
            await self._begin(errand, tools)
        except (Failed, NotFound) as error:
            return _not_run(errand, error)
        try:
            async with asyncio.timeout(errand.timeout_s):
                exit_code = await _follow(errand.blueprint.name, tools)
        except TimeoutError:
            await tools.container_engine.stop(errand.blueprint.name, grace_s=STOP_GRACE_S)
            return await _timed_out(errand, tools)
        if errand.purpose == "tests":
            await _collect_results(errand, tools)
        return await _verdict(errand, exit_code, tools.clock.monotonic_s() - began, tools)

    async def _begin(self, errand: Errand, tools: Tools) -> Container:
        spec = await assemble(errand.blueprint, tools)
        container = await tools.container_engine.ensure_container(spec)
        if container.state == "exited" and container.exit_code == LOST:
            tools.say(f"{errand.title}: cut off with their engine, so run again", level="warning")
            await tools.container_engine.remove(errand.blueprint.name)
            container = await tools.container_engine.ensure_container(spec)
        if container.state == "created":
            tools.say(f"running {errand.title} in {errand.blueprint.name}")
            return await tools.container_engine.start(errand.blueprint.name)
        tools.say(f"{errand.title} had begun already; its output is told from the start")
        return container

    async def undo(self, effect: Effect, tools: Tools) -> None:
        """The container is gone; its last lines are kept. Data is not undone."""
        errand = read(Errand, effect)
        container = await tools.container_engine.container(errand.blueprint.name)
        if container is None or container.labels.get(LABEL_KEY) != errand.blueprint.key:
            return
        await keep_output(errand.blueprint.name, tools)
        await tools.container_engine.remove(errand.blueprint.name)
        stays = "; what it did to data stays done" if errand.purpose in LASTING else ""
        tools.say(f"removed {errand.blueprint.name}{stays}")


async def _follow(name: str, tools: Tools) -> int:
    told = 0
    async for line in tools.container_engine.output(name, follow=True):
        tools.say(line.text)
        told += 1
    exit_code = await tools.container_engine.wait(name)
    await _tell_rest(name, told, tools)
    return exit_code


async def _tell_rest(name: str, told: int, tools: Tools) -> None:
    """A followed output may end before the last lines of a container that ends soon (seen with dockerd 20.10)."""
    seen = 0
    async for line in tools.container_engine.output(name, follow=False):
        seen += 1
        if seen > told:
            tools.say(line.text)


async def _verdict(errand: Errand, exit_code: int, took_s: float, tools: Tools) -> Outcome:
    if exit_code == 0:
        tools.say(f"{errand.title} ended well after {took_s:.1f} s")
        output: dict[str, Json] = {"exit_code": 0, "took_s": round(took_s, 3)}
        return Done({**output, "container": errand.blueprint.name, "image": errand.blueprint.image})
    evidence = await last_lines(errand.blueprint.name, tools)
    if errand.purpose == "tests" and exit_code in NOT_RUNNABLE:
        return SaidNo(
            "tests.broken",
            f"{errand.title} could not be run: the container ended with {exit_code}",
            hint="check `tests: command:` and that the test image has it, executable",
            evidence=evidence,
        )
    last = next((line.strip() for line in reversed(evidence) if line.strip()), "")
    reason = f"{errand.title} ended with {exit_code}" + (f": {last[:REASON_CHARACTERS]}" if last else "")
    return SaidNo(_code(errand), reason, hint=_hint(errand), evidence=evidence)


async def _timed_out(errand: Errand, tools: Tools) -> SaidNo:
    return SaidNo(
        _code(errand),
        f"{errand.title} did not end within {errand.timeout_s:g} s and was stopped",
        hint="give it a higher `timeout:`, or find out what it waits for in its last lines",
        evidence=await last_lines(errand.blueprint.name, tools),
    )


def _not_run(errand: Errand, error: FairleadError) -> SaidNo:
    code = "tests.broken" if errand.purpose == "tests" else _code(errand)
    return SaidNo(code, f"{errand.title} could not be run: {error.message}", hint=error.hint)


def _code(errand: Errand) -> str:
    return CODE_OF[errand.purpose]


def _hint(errand: Errand) -> str:
    return HINT_OF.get(errand.purpose, "the last lines say why; the whole output is in this task's log")


async def _collect_results(errand: Errand, tools: Tools) -> None:
    try:
        files = await tools.container_engine.copy_out(
            errand.blueprint.name, RESULTS_DIR, limit_bytes=RESULTS_LIMIT_BYTES
        )
    except TooLarge:
        tools.say(f"{RESULTS_DIR} holds more than {RESULTS_LIMIT_BYTES // 1024**2} MiB: not kept", level="warning")
        return
    for name, content in sorted(files.items()):
        if name.endswith(".xml"):
            (report,) = await tools.secrets.masked(tools.task, [content.decode(errors="replace")])
            await tools.artifacts.attach(tools.task, f"{errand.kind}/{name}", report.encode(), kind="junit")


def _note_name(effect: Effect) -> str:
    return f"ran:{effect.key}"
