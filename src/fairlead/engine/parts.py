"""What the engine is handed by the composition root, and how patient it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from fairlead.domain.ids import NodeId, TaskId
from fairlead.domain.plan import Effect
from fairlead.domain.record import Json
from fairlead.ports.clock import Clock
from fairlead.ports.interruptions import Interruptions, NobodyIsAsked
from fairlead.ports.step import EffectKind, Tools
from fairlead.ports.task_log import TaskLog
from fairlead.ports.tasks import Binder, Pivot, Tasks


class ToolsFactory(Protocol):
    """Makes the tools of one effect."""

    def __call__(self, task: TaskId, step: str, target: str, outputs: Mapping[str, Mapping[str, Json]]) -> Tools:
        """The ports, bound to one task, step and target."""
        ...


@dataclass(frozen=True, slots=True)
class Patience:
    """The bounds that make every task end, or stand unsettled, in a known time.

    `cleanup_s` is what a cancelled effect gets to end in. `undo_s` and `onward_s` bound how long one undo, or one
    effect behind the commit point, is tried again before the task stands unsettled. Pauses double from `first_pause_s`
    to `last_pause_s`. `cancel_poll_s` is how soon a cancel asked at another node is seen.
    """

    cleanup_s: float = 10.0
    undo_s: float = 60.0
    onward_s: float = 60.0
    bind_s: float = 60.0
    conclude_s: float = 120.0
    first_pause_s: float = 0.25
    last_pause_s: float = 8.0
    cancel_poll_s: float = 2.0

    def pause_s(self, tries: int) -> float:
        """How long to wait after that many tries."""
        return min(self.last_pause_s, self.first_pause_s * 2.0 ** min(tries - 1, 16))


class ByHand(Protocol):
    """What a person runs on the host where we cannot do an effect, or undo it."""

    def __call__(self, effect: Effect, *, is_undo: bool) -> Sequence[str]:
        """Lines for a shell, in order; none where there is nothing that a person could do better."""
        ...


def _nothing_by_hand(effect: Effect, *, is_undo: bool) -> Sequence[str]:
    return ()


@dataclass(frozen=True, slots=True)
class Parts:
    """All that the interpreter uses of the world; `effects` maps an effect's kind to what can look, do and undo it, and
    `by_hand` says what a person can do instead."""

    node: NodeId
    effects: Mapping[str, EffectKind]
    tools: ToolsFactory
    tasks: Tasks
    binder: Binder
    pivot: Pivot
    task_log: TaskLog
    clock: Clock
    patience: Patience = field(default_factory=Patience)
    by_hand: ByHand = _nothing_by_hand
    interruptions: Interruptions = field(default_factory=NobodyIsAsked)
