"""A world of named things that toy effects put, switch and take away, for trying the engine without one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from fairlead.domain.effect import Done, Looked, NotYet, Outcome, SaidNo
from fairlead.domain.ids import TaskId
from fairlead.domain.plan import Effect
from fairlead.domain.record import Json
from fairlead.ports.script_turns import NoScriptTurns
from fairlead.ports.step import EffectKind, Tools

HALF = "half made"


@dataclass(slots=True)
class World:
    """Things by name. `did` and `undid` tell each call that came to its end, in order."""

    things: dict[str, str] = field(default_factory=dict)
    committed: set[TaskId] = field(default_factory=set)
    did: list[str] = field(default_factory=list)
    undid: list[str] = field(default_factory=list)
    running: int = 0
    most_running: int = 0

    def snapshot(self) -> dict[str, str]:
        """What is so."""
        return dict(self.things)

    async def is_committed(self, task: TaskId) -> bool:
        """The pivot: from the world's own row."""
        return task in self.committed


class Put:
    """Makes the thing `name` in two moves, so that it can be found half made; undo removes it."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        is_so = self.world.things.get(_name(effect)) == effect.key
        return Done({"name": _name(effect)}, was_already_so=True) if is_so else NotYet()

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        self.world.running += 1
        self.world.most_running = max(self.world.running, self.world.most_running)
        try:
            self.world.things[_name(effect)] = HALF
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            self.world.things[_name(effect)] = effect.key
        finally:
            self.world.running -= 1
        self.world.did.append(effect.key)
        return Done({"name": _name(effect)})

    async def undo(self, effect: Effect, tools: Tools) -> None:
        if self.world.things.get(_name(effect)) in (HALF, effect.key):
            await asyncio.sleep(0)
            self.world.things.pop(_name(effect), None)
        self.world.undid.append(effect.key)


class Point:
    """Points the thing `name` at `new` where it was `old`."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        is_so = self.world.things.get(_name(effect)) == effect.arguments["new"]
        return Done(was_already_so=True) if is_so else NotYet()

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        await asyncio.sleep(0)
        self.world.things[_name(effect)] = str(effect.arguments["new"])
        await asyncio.sleep(0)
        self.world.did.append(effect.key)
        return Done()

    async def undo(self, effect: Effect, tools: Tools) -> None:
        self.world.things[_name(effect)] = str(effect.arguments["old"])
        await asyncio.sleep(0)
        self.world.undid.append(effect.key)


class Drop:
    """Takes the thing `name` away; there is no undo for it."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        return NotYet() if _name(effect) in self.world.things else Done(was_already_so=True)

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        await asyncio.sleep(0)
        self.world.things.pop(_name(effect), None)
        self.world.did.append(effect.key)
        return Done()

    async def undo(self, effect: Effect, tools: Tools) -> None:
        raise AssertionError("there is no undo for it")


class Ask:
    """Asks for an answer: the argument `answer` is "yes" or the reason of the no."""

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        return NotYet()

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        await asyncio.sleep(0)
        answer = str(effect.arguments.get("answer", "yes"))
        return Done() if answer == "yes" else SaidNo("tests.failed", answer, evidence=("what it said",))

    async def undo(self, effect: Effect, tools: Tools) -> None:
        return


class Commit:
    """The commit point of the task."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        return Done(was_already_so=True) if tools.task in self.world.committed else NotYet()

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        await asyncio.sleep(0)
        self.world.committed.add(tools.task)
        await asyncio.sleep(0)
        return Done()

    async def undo(self, effect: Effect, tools: Tools) -> None:
        raise AssertionError("a commit is never undone")


def kinds_of(world: World) -> dict[str, EffectKind]:
    """The toy kinds by name."""
    return {"put": Put(world), "point": Point(world), "drop": Drop(world), "ask": Ask(), "commit": Commit(world)}


def toy_tools(
    task: TaskId, step: str, target: str, outputs: Mapping[str, Mapping[str, Json]], **given: object
) -> Tools:
    """Tools of which only what is given is there."""
    held: dict[str, Any] = {name.name: None for name in fields(Tools)}
    held["script_turns"] = NoScriptTurns()
    held.update(task=task, step=step, target=target, outputs=outputs, workspace="", attempt="", **given)
    return Tools(**held)


def _name(effect: Effect) -> str:
    return str(effect.arguments["name"])
