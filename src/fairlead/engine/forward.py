"""The way forward through a plan: until all is done, or the first failure, with all that was begun at its end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import assert_never

from fairlead.domain.plan import OnFailure
from fairlead.domain.record import Json
from fairlead.engine import result
from fairlead.engine.asking import ask, guided
from fairlead.engine.attempt import LONGEST_DRAIN_S
from fairlead.engine.back import take_back
from fairlead.engine.bounded import Stopped, bounded
from fairlead.engine.judging import judged
from fairlead.engine.placed import (
    Placed,
    PlacedAsk,
    PlacedEffect,
    PlacedGuided,
    PlacedParallel,
    PlacedPart,
    PlacedRegardless,
    PlacedRetry,
    PlacedSequence,
    PlacedStep,
    PlacedTimeout,
)
from fairlead.engine.result import Failure, Result, failure_of
from fairlead.engine.run import Here, Run
from fairlead.engine.scope import Scope
from fairlead.ports.durable import Reservation


async def go_forward(run: Run, node: Placed, here: Here) -> Failure | None:
    """None once all of it is done, else the first failure."""
    match node:
        case PlacedEffect():
            return await run.keep(node, here, partial(_do, run, node, here))
        case PlacedSequence(nodes=nodes):
            for child in nodes:
                if failure := await go_forward(run, child, here):
                    return failure
            return None
        case PlacedAsk():
            return await ask(run, node, here)
        case PlacedGuided():
            return await guided(run, node, here, go_forward)
        case PlacedRegardless():
            return await _on_and_on(run, node, here)
        case PlacedParallel():
            return await _side_by_side(run, node, here)
        case PlacedStep(node=child):
            if (said := await judged(run, node, here)) is not None:
                return run.pass_by(node, said)
            return await run.through_step(node, here, partial(go_forward, run, child))
        case PlacedPart(node=child):
            if node.part.target and node.part.target in run.excluded:
                return None
            if (said := await judged(run, node, here)) is not None:
                return said.failure
            return await go_forward(run, child, here)
        case PlacedRetry():
            return await _again(run, node, here)
        case PlacedTimeout():
            return await _in_time(run, node, here)
        case _:
            assert_never(node)


async def pass_commit(run: Run, node: PlacedEffect, here: Here) -> Failure | None:
    """The commit point: a cancel is heeded before it begins, and not once it has."""

    async def work() -> Result:
        if await run.books.is_cancel_asked(run.task):
            here.scope.stop()
        return _why_not(run, here.scope) or await run.attempt(node, here).do(Scope())

    return await run.keep(node, here, work)


async def _do(run: Run, node: PlacedEffect, here: Here) -> Result:
    if unbegun := _why_not(run, here.scope):
        return replace(unbegun, begun=unbegun.begun or node.is_begun)  # an earlier run may have begun it, and waited
    here.scope.begin()
    here.touch()
    return await run.attempt(node, here).do(here.scope)


def _why_not(run: Run, scope: Scope) -> Result | None:
    """Why nothing may begin here any more, if so. Asked inside the record, so that the answer is kept."""
    if scope.is_halted:
        return result.skipped(begun=not run.is_fresh)
    if scope.stopped_by is not None:
        return result.stopped(scope.stopped_by, begun=not run.is_fresh)
    return None


async def _on_and_on(run: Run, node: PlacedRegardless, here: Here) -> Failure | None:
    first: Failure | None = None
    for child in node.nodes:
        error = (first.reason or first.code) if first else ""
        there = replace(here, error=error, deployment_error=here.deployment_error or error)
        failure = await go_forward(run, child, there)
        if failure and failure.is_final:
            return failure
        if failure and failure.verdict != "skipped":
            here.failed()
        first = first or failure
    return first


async def _side_by_side(run: Run, node: PlacedParallel, here: Here) -> Failure | None:
    group = here.scope.group()
    failed = group.shut if node.on_failure == "begin_none" else _nobodys_business
    branches = [replace(here, scope=group.group(), outputs=dict(here.outputs), failed=failed) for _ in node.nodes]

    async def branch(child: Placed, there: Here) -> Failure | None:
        failure = await go_forward(run, child, there)
        if failure and failure.verdict != "skipped":
            _hold_others(group, node.on_failure)
        return failure

    try:
        pairs = zip(node.nodes, branches, strict=True)
        ends = await run.limited(node, [partial(branch, child, there) for child, there in pairs])
    finally:
        for there in branches:
            there.scope.leave()
        group.leave()
    for there in branches:
        here.outputs.update(there.outputs)
    return min((failure for failure in ends if failure), key=_gravity, default=None)


def _nobodys_business() -> None:
    """Those beside it go by the end of a branch alone."""


def _hold_others(group: Scope, on_failure: OnFailure) -> None:
    match on_failure:
        case "halt":
            group.halt()
        case "begin_none":
            group.shut()
        case "go_on":
            return
        case _:
            assert_never(on_failure)


def _gravity(failure: Failure) -> int:
    """Which of several failures counts: what ends everything before what failed, that before what was not begun."""
    if failure.verdict == "skipped":
        return 2
    return 0 if failure.is_final else 1


async def _again(run: Run, node: PlacedRetry, here: Here) -> Failure | None:
    for number, attempt in enumerate(node.attempts):
        failure = await go_forward(run, attempt, here)
        if failure is None or number == len(node.attempts) - 1 or not _may_repeat(failure, here.scope):
            return failure
        if await take_back(run, attempt, here):
            return failure
        text = f"attempt {number + 1} of {len(node.attempts)} failed: {failure.reason}"
        if f"{node.name}.{number + 1}" in run.earlier:
            continue
        rest = partial(_rest, run, here, node.pause_s, text)
        if not_rested := await _keep_plain(run, node.pauses[number], f"{node.name}.{number + 1}", rest):
            return not_rested
    return None


def _may_repeat(failure: Failure, scope: Scope) -> bool:
    if failure.verdict in ("skipped", "bug", "waits"):
        return False
    return failure.stopped_by is None or failure.stopped_by > scope.depth


async def _rest(run: Run, here: Here, seconds: float, text: str) -> Result:
    if unbegun := _why_not(run, here.scope):
        return unbegun
    run.books.say(run.task, "warning", here.step, f"{text}; again in {seconds:g} s")
    pause = run.journal.pause(seconds)
    try:
        await bounded(pause, seconds=seconds + LONGEST_DRAIN_S, cleanup_s=1.0, stop=here.scope.stopping)
    except Stopped:
        return result.stopped(here.scope.stopped_by or 0, begun=False)
    return Result("done", begun=False)


async def _in_time(run: Run, node: PlacedTimeout, here: Here) -> Failure | None:
    async def start() -> Json:
        return run.parts.clock.now().isoformat()

    began = datetime.fromisoformat(str(await run.journal.record(node.start, node.name, start)))
    gone_s = (run.parts.clock.now() - began).total_seconds()
    left_s = node.seconds - max(0.0, gone_s)  # a clock that was set back gives no more time than there was
    inner = here.scope.deeper()
    timer = asyncio.get_running_loop().call_later(max(0.0, left_s), inner.stop)
    try:
        failure = await go_forward(run, node.node, replace(here, scope=inner))
    finally:
        timer.cancel()
        inner.leave()
    if failure and failure.stopped_by == inner.depth:
        return Failure("step.timed_out", f"took longer than {node.seconds:g} s")
    return failure


async def _keep_plain(run: Run, place: Reservation, name: str, work: Callable[[], Awaitable[Result]]) -> Failure | None:
    async def as_json() -> Json:
        return (await work()).to_json()

    return failure_of(Result.from_json(await run.journal.record(place, name, as_json)))
