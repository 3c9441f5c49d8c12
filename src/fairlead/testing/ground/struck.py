"""Inside the server that is struck: its effect kinds are wrapped, and what strikes is read from a file.

The file (`ORDERS`) maps mischiefs, written as `Mischief.to_text` does, to how often each strikes; a line is added to
`STRUCK` before each, so that the count outlives the server's death.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from fairlead.domain.actor import SYSTEM
from fairlead.domain.errors import Conflict
from fairlead.domain.plan import Effect
from fairlead.engine.interpreter import Interpreter
from fairlead.engine.parts import Patience
from fairlead.ports.step import Tools
from fairlead.server.bootstrap import Server
from fairlead.testing.ground.server import ORDERS, STRUCK
from fairlead.testing.mischief import Mischief, Moment, Saboteur, Verb
from fairlead.usecases import tasks

IN_FLIGHT_S = 0.012
"""How far an act has come when it is struck *during*: its request is on its way to the engine or the proxy."""

HASTE = Patience(bind_s=900.0, first_pause_s=0.05, last_pause_s=0.5)


def struck(server: Server, orders: Path) -> Server:
    """The same server, struck as the orders in that folder say."""
    parts = server.interpreter.parts
    saboteur = FromOrders([], lambda: None, folder=orders, server=server)
    wrapped = replace(parts, effects=saboteur.wrap(parts.effects), patience=HASTE)
    interpreter = Interpreter(wrapped)
    saboteur.interpreter = interpreter
    return replace(server, interpreter=interpreter)


@dataclass(slots=True, kw_only=True)
class FromOrders(Saboteur):
    """Strikes as the file says: a death is a real SIGKILL of this process, a suspension a real SIGSTOP."""

    folder: Path
    server: Server
    interpreter: Interpreter | None = None

    def due(self, effect: Effect, verb: Verb, moment: Moment) -> Mischief | None:
        """As the base says, by the orders of now."""
        orders: dict[str, int] = json.loads((self.folder / ORDERS).read_text())
        done = (self.folder / STRUCK).read_text().splitlines()
        for text, times in orders.items():
            mischief = Mischief.from_text(text, times=times)
            is_meant = (mischief.key, mischief.verb, mischief.moment) == (effect.key, verb, moment)
            if is_meant and done.count(text) < times:
                with (self.folder / STRUCK).open("a") as told:
                    told.write(text + "\n")
                return mischief
        return None

    async def commit_deed(self, mischief: Mischief, tools: Tools) -> None:
        """As the base says."""
        match mischief.deed:
            case "die":
                os.kill(os.getpid(), signal.SIGKILL)
            case "cancel":
                with suppress(Conflict):  # behind the commit point it is refused
                    await asyncio.to_thread(tasks.cancel, self.server.context, SYSTEM, tools.task)
                if self.interpreter:
                    self.interpreter.cancels.look_now(tools.task)
            case _:
                await Saboteur.commit_deed(self, mischief, tools)

    async def freeze(self) -> None:
        """As the base says; who sends SIGCONT wakes it."""
        self.frozen.set()
        os.kill(os.getpid(), signal.SIGSTOP)

    async def begin(self, work: Awaitable[object], mischief: Mischief) -> None:
        """As the base says, but that who dies cuts nothing off first: its requests are under way."""
        if mischief.deed != "die":
            await Saboteur.begin(self, work, mischief)
            return
        begun = asyncio.ensure_future(work)
        self.strays.append(begun)
        await self.move_on()

    async def move_on(self) -> None:
        """As the base says, in time instead of in turns."""
        await asyncio.sleep(IN_FLIGHT_S)
