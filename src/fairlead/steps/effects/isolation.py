"""A script waits until it may run on its target, and says for whom."""

from __future__ import annotations

from fairlead.domain.plan import Effect
from fairlead.ports.script_turns import InTheWay
from fairlead.ports.step import Tools

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 1.0


async def until_alone(effect: Effect, tools: Tools, target: str, *, where: str, bypasses: bool) -> None:
    """Returns when it may run. Cancelled, it keeps its place in the line until `leave`: whoever comes after goes on
    from there."""
    told: InTheWay | None = None
    pause_s = FIRST_PAUSE_S
    while (found := await tools.script_turns.ask(tools.task, effect.key, target, bypasses=bypasses)) is not None:
        if found != told:
            tools.say(_said(found, where), "wait")
            told = found
        await tools.clock.sleep(pause_s)
        pause_s = min(pause_s * 1.5, LONGEST_PAUSE_S)
    if told is not None:
        tools.say(f"its turn on {where} has come", "debug")


async def leave(effect: Effect, tools: Tools) -> None:
    """It runs no more, and waits no more: the next may."""
    await tools.script_turns.give_back(tools.task, effect.key)


def _said(found: InTheWay, where: str) -> str:
    what = "runs a script there" if found.is_running else "asked before it, and waits itself"
    return f"it waits for its turn on {where}: {found.title} ({found.task}) {what}"
