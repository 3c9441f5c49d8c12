"""targets.choose: before a process does anything, targets that it is to do without are left out of all of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from fairlead.domain.effect import Done, Outcome, SaidNo
from fairlead.domain.errors import FairleadError
from fairlead.domain.health import HealthState
from fairlead.domain.plan import EXCLUDED, Effect
from fairlead.domain.process import NoTarget, UnavailableTargets, UnhealthyTargets
from fairlead.ports.step import Tools
from fairlead.steps.effects.basis import Plain, all_of, read

LOOK_S = 30.0
"""What a target gets to answer."""
LOOKED_AT_ONCE = 50
HINT = "repair it, disable it (fairlead targets set --disable), or let such be left out: unavailable_targets: skip"


@dataclass(frozen=True, slots=True)
class Candidates:
    """The targets of all steps, id → name, and what the process says of those that do not answer or are not well."""

    targets: Mapping[str, str]
    unavailable: UnavailableTargets
    unhealthy: UnhealthyTargets
    no_target: NoTarget


class ChooseTargets(Plain):
    """Asks each target whether it answers, and the books which were not well. Asked again, it looks again."""

    kind = "targets.choose"

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Its output excludes those that are left out; no where one that does not answer is not to be left out, or
        where none would be left."""
        given = read(Candidates, effect)
        unwell = await tools.health.unhealthy(list(given.targets))
        silent: dict[str, str] = {}
        turns = asyncio.Semaphore(LOOKED_AT_ONCE)
        await all_of(_look(id, silent, tools, turns, is_kept=id not in unwell) for id in given.targets)
        if silent and given.unavailable is UnavailableTargets.FAIL:
            first = next(id for id in given.targets if id in silent)
            names = ", ".join(name for id, name in given.targets.items() if id in silent)
            return SaidNo("target.unavailable", f"{names} does not answer: {silent[first]}", hint=HINT)
        out = {id: f"does not answer: {why}" for id, why in silent.items()}
        if given.unhealthy is UnhealthyTargets.EXCLUDE:
            out = {**{id: f"is not well: {why}" for id, why in unwell.items()}, **out}
        for id, why in out.items():
            tools.say(f"{given.targets[id]} is left out: it {why}", "warning")
        if len(out) == len(given.targets) and given.no_target is NoTarget.REFUSE:
            return SaidNo("process.no_target", "no target is left that answers and is healthy", hint=HINT)
        return Done({EXCLUDED: [name for id, name in given.targets.items() if id in out]})


async def _look(target: str, silent: dict[str, str], tools: Tools, turns: asyncio.Semaphore, *, is_kept: bool) -> None:
    """What a health check found is not forgotten because the target answers."""
    why = ""
    async with turns:
        try:
            async with asyncio.timeout(LOOK_S):
                await tools.hosts.look(target)
        except FairleadError as error:
            why = error.message
        except TimeoutError:
            why = f"nothing came within {LOOK_S:g} s"
    if why:
        silent[target] = why
        await tools.health.found(tools.task, target, HealthState.UNAVAILABLE, why)
        return
    if is_kept:
        await tools.health.found(tools.task, target, HealthState.HEALTHY, "")
