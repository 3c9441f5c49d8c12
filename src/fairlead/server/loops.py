"""What a server does from time to time: again and again, for ever, and told of seldom where it does not work."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from fairlead.domain.errors import FairleadError
from fairlead.domain.outage import Outage
from fairlead.ports.clock import Clock

LONGEST_PAUSE_S = 300.0

log = structlog.get_logger("fairlead.server")


async def again(
    name: str,
    pause_s: float,
    work: Callable[[], Awaitable[object]],
    clock: Clock,
    *,
    longest_s: float = LONGEST_PAUSE_S,
) -> None:
    """Do it, and again, for ever; what goes wrong is tried later, and never ends the server. An outage is told when it
    begins, and when it is over."""
    wait_s, outage = pause_s, Outage()
    while True:
        try:
            await work()
            wait_s = pause_s
            if over := outage.worked(clock.monotonic_s()):
                told = {"was": over.code, "lasted_s": round(over.lasted_s), "failures": over.failures}
                log.warning("loop.works_again", loop=name, **told)
        except FairleadError as error:
            if outage.failed(error.code, clock.monotonic_s()):
                log.warning("loop.failed", loop=name, code=error.code, reason=str(error))
            wait_s = min(longest_s, max(1.0, wait_s * 2))
        except Exception as bug:
            if outage.failed(repr(bug), clock.monotonic_s()):
                log.error("loop.bug", loop=name, error=type(bug).__name__, exc_info=bug)
            wait_s = min(longest_s, max(1.0, wait_s * 2))
        await clock.sleep(wait_s)
