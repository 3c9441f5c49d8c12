"""The way back: every effect that was begun is undone, in reverse, a parallel group as a whole."""

from __future__ import annotations

from functools import partial
from typing import assert_never

from fairlead.domain.record import Json
from fairlead.domain.task import PhaseState
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
    placed_effects,
)
from fairlead.engine.result import Failure, Result, failure_of
from fairlead.engine.run import Here, Run
from fairlead.engine.steps_seen import StepSeen


async def take_back(run: Run, node: Placed, here: Here) -> list[Failure]:
    """Empty once all that was begun in it is undone, else why not.

    What was begun before something that cannot be undone stays as it is: it may be what that still stands on.
    """
    match node:
        case PlacedEffect():
            return await _undo(run, node, here)
        case PlacedAsk():
            return []
        case (
            PlacedSequence(nodes=nodes)
            | PlacedRegardless(nodes=nodes)
            | PlacedRetry(attempts=nodes)
            | PlacedGuided(attempts=nodes)
        ):
            for child in reversed(nodes):
                if stuck := await take_back(run, child, here):
                    return stuck
            return []
        case PlacedParallel(nodes=nodes):
            ends = await run.limited(node, [partial(take_back, run, child, here) for child in nodes])
            return [failure for stuck in ends for failure in stuck]
        case PlacedStep():
            return await _undo_step(run, node, here)
        case PlacedPart(node=child) | PlacedTimeout(node=child):
            return await take_back(run, child, here)
        case _:
            assert_never(node)


async def _undo(run: Run, node: PlacedEffect, here: Here) -> list[Failure]:
    if not node.is_begun or node.is_undone or not node.effect.is_undone:
        return []
    if node.stuck:
        return [node.stuck]

    async def work() -> Json:
        return (await run.attempt(node, here).undo(bound_s=run.parts.patience.undo_s)).to_json()

    kept = Result.from_json(await run.journal.record(node.undo, node.undo_name, work))
    node.is_undone = kept.is_done
    node.stuck = failure_of(kept)
    here.outputs.pop(node.effect.key, None)
    return [node.stuck] if node.stuck else []


async def _undo_step(run: Run, node: PlacedStep, here: Here) -> list[Failure]:
    seen = StepSeen(run.task, node.step, run.books, here.seen)
    stuck = await take_back(run, node.node, Here(here.scope, here.outputs, seen))
    undone = any(one.is_undone and not one.effect.only_tidies for one in placed_effects(node.node))
    if node.is_done and undone and not stuck:
        run.books.phase(run.task, node.step.name, PhaseState.UNDONE)
    return stuck
