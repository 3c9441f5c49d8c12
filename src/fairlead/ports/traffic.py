"""What users meet at a route while it is switched: our own light requests through the proxy, beside the work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from fairlead.domain.ids import TaskId


@dataclass(frozen=True, slots=True)
class Door:
    """A route as users reach it: where the proxy listens, and what is asked there. `route` is its name at the proxy."""

    route: str
    address: str
    port: int
    host: str
    path: str = "/"
    tls: bool = False


@dataclass(frozen=True, slots=True)
class Visits:
    """What our own requests to one route met.

    A visit failed where it was refused, reset, closed or timed out before an answer (`unanswered` counts these), or was
    answered with 5xx. `slowest_ms` is the slowest answer; one that is still awaited counts with its age. `failures`
    says what went wrong, each once.
    """

    requests: int = 0
    failed: int = 0
    unanswered: int = 0
    slowest_ms: float = 0.0
    failures: tuple[str, ...] = ()


class Traffic(Protocol):
    """Asks routes while they are watched. Nobody waits for it: both verbs return at once, and neither ever fails.

    What was seen lives in this process alone. After its death `leave` knows nothing, and says so by no visits.
    """

    def watch(self, task: TaskId, doors: Sequence[Door]) -> None:
        """Each door is asked from now on, a few times in 100 ms at first and more rarely later, until it is left or an
        hour has passed. One that the task watches already is watched once."""
        ...

    def leave(self, task: TaskId, route: str) -> Visits:
        """Not asked any more; what was met. Left before, or never watched: no visits. A visit that is under way ends
        by itself."""
        ...


class NoTraffic:
    """Where no route is ever switched: nobody is asked."""

    def watch(self, task: TaskId, doors: Sequence[Door]) -> None:
        """Nothing."""

    def leave(self, task: TaskId, route: str) -> Visits:
        """No visits."""
        return Visits()
