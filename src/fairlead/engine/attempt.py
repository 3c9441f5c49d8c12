"""One effect as one record: look, do, undo, each bounded, each with an answer that is data."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar, assert_never

import structlog

from fairlead.domain.effect import Done, Outcome, SaidNo, Waits
from fairlead.domain.errors import FairleadError
from fairlead.domain.ids import TaskId
from fairlead.domain.plan import Effect
from fairlead.domain.record import Json
from fairlead.engine import result
from fairlead.engine.books import Books
from fairlead.engine.bounded import OutOfTime, Stopped, bounded
from fairlead.engine.parts import Parts
from fairlead.engine.result import Result
from fairlead.engine.scope import Scope
from fairlead.ports.step import Tools
from fairlead.ports.task_log import Level

T = TypeVar("T")

log = structlog.get_logger(__name__)

LONGEST_DRAIN_S = 86_400.0
"""A pause never ends while draining; this only bounds the wait for the process to go."""

Outputs = Mapping[str, Mapping[str, Json]]


@dataclass(frozen=True, slots=True)
class Attempt:
    """The work on one effect. Nothing of it raises but cancellation: what goes wrong is in the result."""

    task: TaskId
    effect: Effect
    step: str
    outputs: Outputs
    parts: Parts
    books: Books
    mark: str = ""

    async def do(self, scope: Scope) -> Result:
        """Done, or why not; tried again while it could not be asked, as often as the effect says."""
        tries = 0
        while True:
            tries += 1
            found = await self._once(scope)
            if not found.may_pass or tries >= self.effect.attempts:
                self._tell(found)
                return found
            pause_s = self.parts.patience.pause_s(tries)
            self._say("warning", f"{found.reason}; trying again in {pause_s:g} s ({tries} of {self.effect.attempts})")
            if not await self._rest(pause_s, scope):
                return result.stopped(_stopped_by(scope), begun=True)

    async def do_to_the_end(self, *, bound_s: float) -> Result:
        """Done, whatever it takes within the bound: behind the commit point a "no" is asked again too."""
        scope, tries = Scope(), 0
        began_s = self.parts.clock.monotonic_s()
        while True:
            tries += 1
            found = await self._once(scope)
            over = self.parts.clock.monotonic_s() - began_s >= bound_s
            if found.is_done or found.verdict == "bug" or over:
                self._tell(found)
                return found
            self._say("warning", f"{found.reason}; it is carried forward, trying again")
            await self.books.journal.pause(self.parts.patience.pause_s(tries))

    async def undo(self, *, bound_s: float) -> Result:
        """Taken back, or why not within the bound; a bug is not tried again."""
        tries = 0
        began_s = self.parts.clock.monotonic_s()
        while True:
            tries += 1
            found = await self._kept(self._undo_once, Scope())
            over = self.parts.clock.monotonic_s() - began_s >= bound_s
            if found.is_done:
                self._say("debug", f"undone: {self.effect.title}")
                return found
            if found.verdict == "bug" or over:
                self._say("error", f"could not be undone: {found.reason}")
                return found
            self._say("warning", f"undo: {found.reason}; trying again")
            await self.books.journal.pause(self.parts.patience.pause_s(tries))

    async def _once(self, scope: Scope) -> Result:
        """How it went; while our own database does not answer it waits, and that is counted as no try."""
        return await self._kept(partial(self._try, scope), scope)

    async def _kept(self, work: Callable[[], Awaitable[Result]], scope: Scope) -> Result:
        tries = 0
        while (found := await work()).is_unkept:
            tries += 1
            log.warning("store.no_answer", task=self.task, effect=self.effect.key, error=found.reason, tries=tries)
            if tries == 1:
                self._say("warning", f"{found.reason}; it goes on by itself once the database answers")
            pause_s = self.parts.patience.pause_s(tries)
            if scope.stopped_by is not None or not await self._rest(pause_s, scope):
                return result.stopped(_stopped_by(scope), begun=True)
        return found

    async def _try(self, scope: Scope) -> Result:
        effect, kind = self.effect, self.parts.effects.get(self.effect.kind)
        try:
            if kind is None:
                raise LookupError(f"no effect kind is called {effect.kind!r}")
            looked = await self._bounded(kind.look(effect, self._tools()), scope)
            if isinstance(looked, Done):
                return result.done(looked)
            outcome = await self._bounded(kind.do(effect, self._tools()), scope)
            return _answered(outcome)
        except Stopped:
            return result.stopped(_stopped_by(scope), begun=True)
        except OutOfTime:
            return result.out_of_time(effect.title, effect.timeout_s)
        except FairleadError as failed:
            return result.error(failed)
        except Exception as raised:  # noqa: BLE001 - the rim of an effect: a bug stops this one task
            self.books.say_bug(self.task, self.step, effect.title, raised)
            return result.bug(effect.title, raised)

    async def _undo_once(self) -> Result:
        effect, kind = self.effect, self.parts.effects.get(self.effect.kind)
        try:
            if kind is None:
                raise LookupError(f"no effect kind is called {effect.kind!r}")
            await self._bounded(kind.undo(effect, self._tools()), None)
            return Result("done")
        except OutOfTime:
            return result.out_of_time(effect.title, effect.timeout_s)
        except FairleadError as failed:
            return result.error(failed)
        except Exception as raised:  # noqa: BLE001 - the rim of an effect: a bug parks this one task
            self.books.say_bug(self.task, self.step, f"undo of {effect.title}", raised)
            return result.bug(effect.title, raised)

    async def _bounded(self, work: Awaitable[T], scope: Scope | None) -> T:
        stop = scope.stopping if scope else None
        return await bounded(work, seconds=self.effect.timeout_s, cleanup_s=self.parts.patience.cleanup_s, stop=stop)

    async def _rest(self, seconds: float, scope: Scope) -> bool:
        """Whether the pause came to its end unstopped."""
        pause = self.books.journal.pause(seconds)
        try:
            await bounded(pause, seconds=seconds + LONGEST_DRAIN_S, cleanup_s=1.0, stop=scope.stopping)
        except Stopped:
            return False
        return True

    def _tools(self) -> Tools:
        made = self.parts.tools(self.task, self.step, self.effect.target, self.outputs)
        return replace(made, attempt=self.mark) if self.mark else made

    def _say(self, level: Level, text: str) -> None:
        self.books.say(self.task, level, self.step, text, target=self.effect.target)

    def _tell(self, found: Result) -> None:
        if found.is_done or found.verdict == "waits":
            self._say("info", found.reason or self.effect.title)
            return
        self._say("error", f"{self.effect.title}: {found.reason}" + (f" ({found.hint})" if found.hint else ""))
        for piece in found.evidence:
            self._say("info", piece)


def _answered(outcome: Outcome | Waits) -> Result:
    match outcome:
        case Done():
            return result.done(outcome)
        case SaidNo():
            return result.said_no(outcome)
        case Waits():
            return result.waits(outcome)
        case _:
            assert_never(outcome)


def _stopped_by(scope: Scope) -> int:
    return scope.depth if scope.stopped_by is None else scope.stopped_by
