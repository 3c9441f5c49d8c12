"""What is left of a task that stands unsettled: what was tried, what waits behind it, and what a person can run."""

from __future__ import annotations

from fairlead.domain.ids import TaskId
from fairlead.engine.parts import Parts
from fairlead.engine.placed import PlacedEffect, PlacedPlan, placed_effects

LOOK = "fairlead-server doctor"
"""Where a person can do no better than to look why it cannot be done."""


def left_over(placed: PlacedPlan, parts: Parts, task: TaskId) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What was tried in vain, and what a person can run instead, for what waits behind it too; then it is taken up."""
    tried: list[str] = []
    commands: dict[str, None] = {}
    for node, is_undo in (
        *((one, True) for one in placed_effects(placed.forward)),
        *((one, False) for one in placed_effects(placed.onward)),
    ):
        if node.stuck is None:
            continue
        bound_s = parts.patience.undo_s if is_undo else parts.patience.onward_s
        what = f"undoing “{node.effect.title}”" if is_undo else f"“{node.effect.title}”"
        how_long = "not again: it is a bug" if node.stuck.verdict == "bug" else f"again and again for {bound_s:g} s"
        hint = f" ({node.stuck.hint})" if node.stuck.hint else ""
        tried.append(f"{what}, {how_long}: {node.stuck.reason}{hint}")
        commands |= dict.fromkeys(parts.by_hand(node.effect, is_undo=is_undo) or (LOOK,))
    for node in still_to_undo(placed):
        commands |= dict.fromkeys(parts.by_hand(node.effect, is_undo=True))
    return tuple(tried), (*commands, f"fairlead tasks resume {task}")


def still_to_undo(placed: PlacedPlan) -> list[PlacedEffect]:
    """What was begun and waits for the undoing of something that is stuck, in the order in which it will be undone."""
    nodes = list(placed_effects(placed.forward))
    if not any(node.stuck for node in nodes):
        return []
    waits = (one for one in reversed(nodes) if one.is_begun and not one.is_undone and one.stuck is None)
    return [one for one in waits if one.effect.is_undone and not one.effect.only_tidies]
