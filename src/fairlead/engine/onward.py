"""The way behind the commit point, and what is always done last: nothing here is undone, and no cancel is heeded."""

from __future__ import annotations

from functools import partial
from typing import assert_never

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
from fairlead.engine.result import Failure, Result
from fairlead.engine.run import Here, Run
from fairlead.engine.scope import Scope


async def go_onward(run: Run, node: Placed, here: Here) -> list[Failure]:
    """Carried forward: each effect is tried again within its bound; one that does not come ends its sequence.

    Retry and timeout nodes are passed through: here everything is tried again, and nothing is given up for time.
    """
    match node:
        case PlacedEffect():
            failure = node.stuck = await run.keep(node, here, partial(_do_onward, run, node, here))
            return [failure] if failure else []
        case PlacedAsk():
            return []  # nobody is asked behind the commit point
        case PlacedSequence(nodes=nodes) | PlacedRegardless(nodes=nodes):
            for child in nodes:
                if failures := await go_onward(run, child, here):
                    return failures
            return []
        case PlacedParallel(nodes=nodes):
            ends = await run.limited(node, [partial(go_onward, run, child, here) for child in nodes])
            return [failure for failures in ends for failure in failures]
        case PlacedStep():
            return await _step(run, node, here)
        case PlacedRetry(attempts=attempts) | PlacedGuided(attempts=attempts):
            return await go_onward(run, attempts[0], here)
        case PlacedPart(node=child) | PlacedTimeout(node=child):
            return await go_onward(run, child, here)
        case _:
            assert_never(node)


async def go_always(run: Run, node: Placed, here: Here) -> list[Failure]:
    """Done last, whatever happened: one that fails does not keep the next from being done."""
    match node:
        case PlacedEffect():
            failure = await run.keep(node, here, partial(_do_always, run, node, here))
            return [failure] if failure else []
        case PlacedAsk():
            return []
        case PlacedSequence(nodes=nodes) | PlacedRegardless(nodes=nodes):
            return [failure for child in nodes for failure in await go_always(run, child, here)]
        case PlacedParallel(nodes=nodes):
            ends = await run.limited(node, [partial(go_always, run, child, here) for child in nodes])
            return [failure for failures in ends for failure in failures]
        case PlacedStep(node=child):

            async def inside(there: Here) -> Failure | None:
                return next(iter(await go_always(run, child, there)), None)

            failure = await run.through_step(node, here, inside)
            return [failure] if failure else []
        case PlacedRetry(attempts=attempts) | PlacedGuided(attempts=attempts):
            return await go_always(run, attempts[0], here)
        case PlacedPart(node=child) | PlacedTimeout(node=child):
            return await go_always(run, child, here)
        case _:
            assert_never(node)


async def _step(run: Run, node: PlacedStep, here: Here) -> list[Failure]:
    failures: list[Failure] = []

    async def inside(there: Here) -> Failure | None:
        failures.extend(await go_onward(run, node.node, there))
        return failures[0] if failures else None

    await run.through_step(node, here, inside)
    return failures


async def _do_onward(run: Run, node: PlacedEffect, here: Here) -> Result:
    here.touch()
    return await run.attempt(node, here).do_to_the_end(bound_s=run.parts.patience.onward_s)


async def _do_always(run: Run, node: PlacedEffect, here: Here) -> Result:
    here.touch()
    return await run.attempt(node, here).do(Scope())
