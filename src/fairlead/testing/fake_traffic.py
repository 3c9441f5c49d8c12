"""Users in memory: each watched door is asked once when it is watched, and once when it is left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from fairlead.domain.ids import TaskId
from fairlead.ports.traffic import Door, Visits

ANSWERED_MS = 2.0


def always_200(door: Door) -> int:
    """Every door is answered."""
    return 200


@dataclass(slots=True)
class FakeTraffic:
    """`ports.traffic.Traffic`. `answer` gives the status of one visit; 0 is no answer."""

    answer: Callable[[Door], int] = always_200
    watched: dict[tuple[TaskId, str], tuple[Door, int]] = field(default_factory=dict)

    def watch(self, task: TaskId, doors: Sequence[Door]) -> None:
        """See the port."""
        for door in doors:
            self.watched.setdefault((task, door.route), (door, self.answer(door)))

    def leave(self, task: TaskId, route: str) -> Visits:
        """See the port."""
        found = self.watched.pop((task, route), None)
        if found is None:
            return Visits()
        door, first = found
        statuses = [first, self.answer(door)]
        bad = [status for status in statuses if status == 0 or status >= 500]
        said = tuple(dict.fromkeys(f"answered {status}" if status else "no answer" for status in bad))
        return Visits(2, len(bad), statuses.count(0), ANSWERED_MS if any(statuses) else 0.0, said)
