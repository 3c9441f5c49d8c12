"""Takes unsettled tasks up again, so that they settle themselves once what could not be reached is back (law 2)."""

from __future__ import annotations

from dataclasses import dataclass, field

import structlog

from fairlead.domain.errors import FairleadError
from fairlead.domain.ids import TaskId
from fairlead.domain.outage import Outage
from fairlead.engine.parts import Patience
from fairlead.ports.clock import Clock
from fairlead.ports.durable import Durable
from fairlead.ports.tasks import End, Tasks

LOOK_EVERY_S = 2.0
PAUSES = Patience(first_pause_s=4.0, last_pause_s=60.0)
"""How long an unsettled task rests before it is taken up: from 4 s, doubled each time, to a minute."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Keeper:
    """One in each process; where several nodes take up the same task, it runs once (`Durable.resume`).

    A parked task waits for a person, who takes it up with `Durable.resume(task, again=end.again + 1)`.
    """

    tasks: Tasks
    durable: Durable
    clock: Clock
    _due_s: dict[TaskId, tuple[int, float]] = field(default_factory=dict)

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        outage = Outage()
        while True:
            await self.clock.sleep(LOOK_EVERY_S)
            try:
                await self.look()
                if over := outage.worked(self.clock.monotonic_s()):
                    log.warning("keeper.answered", was=over.code, lasted_s=round(over.lasted_s), failures=over.failures)
            except FairleadError as failed:
                if outage.failed(failed.code, self.clock.monotonic_s()):
                    log.warning("keeper.no_answer", code=failed.code, error=str(failed))
            except Exception as raised:  # noqa: BLE001 - the rim of the keeper: it must outlive every failure
                log.error("keeper.failed", error=repr(raised))

    async def look(self) -> None:
        """Take up each unsettled task that has rested long enough."""
        unsettled = await self.tasks.unsettled()
        self._due_s = {task: due for task, due in self._due_s.items() if task in unsettled}
        for task, end in unsettled.items():
            if not end.is_parked and self._is_due(task, end):
                log.info("task.taken_up", task=task, again=end.again + 1)
                await self.durable.resume(task, again=end.again + 1)

    def _is_due(self, task: TaskId, end: End) -> bool:
        now_s = self.clock.monotonic_s()
        known = self._due_s.get(task)
        if known is None or known[0] != end.again:
            self._due_s[task] = (end.again, now_s + PAUSES.pause_s(end.again + 1))
            return False
        return now_s >= known[1]
