"""Waiting for others with a bound: what is stopped or too late is cancelled, and its clean-up is bounded too."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine, Iterable
from typing import Any, TypeVar

import structlog

T = TypeVar("T")

log = structlog.get_logger(__name__)

_left_behind: set[asyncio.Task[Any]] = set()
"""Tasks that did not end in their bound after a cancel: kept referenced, so that they end some time."""


class OutOfTime(Exception):
    """The bound was reached."""


class Stopped(Exception):
    """The stop came first."""


async def bounded(work: Awaitable[T], *, seconds: float, cleanup_s: float, stop: asyncio.Event | None = None) -> T:
    """The result of `work`; `OutOfTime` or `Stopped` once it was cancelled and has ended (or was left behind)."""
    task = asyncio.ensure_future(work)
    stopper = asyncio.ensure_future(stop.wait()) if stop else None
    try:
        waited = {task, stopper} if stopper else {task}
        await asyncio.wait(waited, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return _result(task)
        raise Stopped if stop and stop.is_set() else OutOfTime
    finally:
        if stopper:
            stopper.cancel()
        await end(task, cleanup_s=cleanup_s)


async def end(task: asyncio.Task[Any], *, cleanup_s: float) -> None:
    """Cancel it unless it is done, and wait for its clean-up within the bound."""
    if task.done():
        return
    task.cancel()
    await _see_end(task, cleanup_s)


async def _see_end(task: asyncio.Task[Any], cleanup_s: float) -> None:
    await asyncio.wait({task}, timeout=cleanup_s)
    if not task.done():
        log.warning("effect.left_behind", what=task.get_name(), after_s=cleanup_s)
        _left_behind.add(task)
        task.add_done_callback(_forget)
    elif not task.cancelled() and (raised := task.exception()):
        log.warning("effect.cleanup_failed", error=repr(raised))


async def together(works: Iterable[Coroutine[Any, Any, T]], *, cleanup_s: float) -> list[T]:
    """The results of all, in order. Where one raises, the others are cancelled and end before it is raised here."""
    tasks = [asyncio.ensure_future(work) for work in works]
    if not tasks:
        return []
    try:
        finished, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in finished:
            if not task.cancelled() and (raised := task.exception()):
                raise raised
        return [_result(task) for task in tasks]
    finally:
        unfinished = [task for task in tasks if not task.done()]
        for task in unfinished:
            task.cancel()
        for task in unfinished:
            await _see_end(task, cleanup_s)
        for task in tasks:
            if task.done() and not task.cancelled():
                task.exception()  # one was raised here; the others are not to be missed by the loop


def _result(task: asyncio.Task[T]) -> T:
    if task.cancelled():
        raise RuntimeError("cancelled itself")
    return task.result()


def _forget(task: asyncio.Task[Any]) -> None:
    _left_behind.discard(task)
    if not task.cancelled() and (raised := task.exception()):
        log.warning("effect.cleanup_failed", error=repr(raised))
