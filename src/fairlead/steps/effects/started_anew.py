"""Bringing back what was stopped: each container is interrupted once, however often an undo is begun."""

from __future__ import annotations

from collections.abc import Mapping

from fairlead.domain.plan import Effect
from fairlead.ports.container_engine import LABEL_INSTANCE, Container
from fairlead.ports.step import Tools
from fairlead.steps.blueprint import read_facts
from fairlead.steps.effects.basis import all_of

RUNS = ("running", "restarting", "paused")


async def start_anew(graces_s: Mapping[str, float], effect: Effect, tools: Tools, *, remedy: str) -> None:
    """The containers run, each since a start of its own. `graces_s` says what each may take to stop; below zero: what
    it was run with. `remedy` is what to do where one is gone.

    A stop goes on to its end whoever asked for it: one that still runs may end any moment. It is stopped first, which
    waits for that. How each ran is noted before: whoever comes after a death tells by it which were started already.
    """
    found = {name: await tools.container_engine.container(name) for name in graces_s}
    note = f"anew:{effect.key}{tools.attempt}"
    before = await tools.records.fact(tools.task, note)
    if not isinstance(before, dict):
        before = {name: one.started_at for name, one in found.items() if one is not None}
        await tools.records.note(tools.task, note, before)

    async def again(name: str, grace_s: float) -> None:
        container = found[name]
        if container is None:
            tools.say(f"{name} is gone and cannot be started again: {remedy}", level="error")
            return
        if container.state in RUNS:
            if container.started_at != before.get(name, container.started_at):
                return
            await tools.container_engine.stop(name, grace_s=grace_of(container, grace_s))
        await tools.container_engine.start(name)
        tools.say(f"started {name} again")

    await all_of(again(name, grace_s) for name, grace_s in graces_s.items())


def grace_of(container: Container, wanted_s: float) -> float:
    """How long it may take to stop; below zero: what it was run with."""
    return read_facts(container.labels.get(LABEL_INSTANCE, "")).grace_s if wanted_s < 0 else wanted_s
