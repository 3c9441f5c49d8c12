"""A server's life: what it makes ready at a start, what it does from time to time, and how it ends."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from fairlead.domain.actor import SYSTEM
from fairlead.domain.errors import FairleadError, Refused
from fairlead.domain.run import RunCause
from fairlead.engine.keeper import Keeper
from fairlead.server.bootstrap import Server
from fairlead.server.following_switches import follow_switches
from fairlead.server.loops import again
from fairlead.server.outside import ProxyWatch, ensure_outside, keep_registry
from fairlead.server.polling import ROUND_S, Polled, Polling
from fairlead.server.reconciling import reconcile
from fairlead.store import idempotency, leases, notices, projects, users, webhook_deliveries
from fairlead.store import restored as restored_note
from fairlead.usecases import (
    access,
    approvals,
    archiving,
    evaluating,
    first_start,
    housekeeping,
    image_looks,
    interruptions,
    looking,
    reached,
    relaying,
    restored,
    retention,
    running,
    scheduled_runs,
    scheduling,
    standing,
    target_looks,
    telling,
    turns,
)

log = structlog.get_logger("fairlead.server")

DRAIN_S = 20.0
NOTICES_S = 1.0
SUBSCRIPTIONS_S = 2.0
STANDBYS_S = 5.0
INTERRUPTIONS_S = 5.0
SCHEDULED_S = 2.0
"""How late a scheduled deployment or run may begin: nobody schedules by the second."""
IMAGES_S = 5.0
"""How often it is asked which registries are due: each trigger says how often that is."""
TARGETS_S = 5.0
BREATH_S = 0.05
"""Between two of a row of small works: who waits for a page comes first."""
RUNNING_S = 15.0
"""How often it is looked whether what is live runs: one question to the engine for all of the house."""
USERS_S = 2.0
"""How often the proxy is asked where it sends users of what is being deployed: a list is shown anew every three."""
HOURLY_S = 3600.0
PROXY_S = 1.0
"""How often it is looked whether the proxy lives: while it does not, nobody is served."""
PROXY_LONGEST_S = 5.0
REGISTRY_S = 5.0
HOLD_S = 5.0
LOOKS_AT_ONCE = 4
"""Repositories that are asked at a time because somebody said so: one that hangs does not hold up the others."""
DELIVERY_TIMEOUT_S = 30.0


@dataclass
class Life:
    """The running server: `looks` wakes the look at a project, and says why we look."""

    server: Server
    looks: asyncio.Queue[tuple[str, RunCause]] = field(default_factory=lambda: asyncio.Queue(maxsize=1000))
    is_ready: bool = False

    def look_soon(self, project: str, cause: RunCause) -> None:
        """Somebody said so; a full queue is no loss, the poll comes."""
        try:
            self.looks.put_nowait((project, cause))
        except asyncio.QueueFull:
            log.warning("looks.queue_full", project=project, cause=cause)


@asynccontextmanager
async def living(server: Server) -> AsyncIterator[Life]:
    """From the start to the clean end; what runs is drained at a step's boundary and taken up by the next start."""
    life = Life(server)
    try:
        await _begin(server)
        async with _looping(life):
            life.is_ready = True
            yield life
    finally:
        life.is_ready = False
        await _end(server)


@asynccontextmanager
async def _looping(life: Life) -> AsyncIterator[None]:
    server = life.server
    async with asyncio.TaskGroup() as group:
        repeated: tuple[tuple[str, float, Callable[[], Awaitable[object]]], ...] = (
            ("notices", NOTICES_S, lambda: _deliver(server)),
            ("subscriptions", SUBSCRIPTIONS_S, lambda: _relay(server)),
            ("standbys", STANDBYS_S, lambda: _end_standbys(server)),
            ("interruptions", INTERRUPTIONS_S, lambda: _expire_interruptions(server)),
            ("scheduled", SCHEDULED_S, lambda: _begin_due(server)),
            ("images", IMAGES_S, lambda: _look_at_images(server)),
            ("targets", TARGETS_S, lambda: _look_at_targets(server)),
            ("running", RUNNING_S, lambda: _look_what_runs(server)),
            ("users", USERS_S, lambda: reached.look(server.context, server.proxy)),
            ("registry", REGISTRY_S, lambda: keep_registry(server)),
            ("database", HOLD_S, lambda: _keep_hold(server)),
            ("housekeeping", HOURLY_S, lambda: _tidy(server)),
            *[("webhooks", 0.0, lambda: _look_asked(life))] * LOOKS_AT_ONCE,
        )
        works = (
            *(again(name, pause_s, work, server.clock) for name, pause_s, work in repeated),
            again("proxy", PROXY_S, ProxyWatch(server).look, server.clock, longest_s=PROXY_LONGEST_S),
            Keeper(server.tasks, server.durable, server.clock).run(),
            _poll(server),
        )
        loops = [group.create_task(work) for work in works]
        try:
            yield
        finally:
            for loop in loops:
                loop.cancel()


async def _begin(server: Server) -> None:
    await ensure_outside(server)
    settings, context = server.settings, server.context
    first = await asyncio.to_thread(
        first_start.prepare,
        context,
        name=settings.admin_user,
        email=settings.admin_email,
        password=settings.admin_password.get_secret_value() if settings.admin_password else "",
        api_key=settings.admin_api_key.get_secret_value() if settings.admin_api_key else "",
    )
    _show_password(first, settings.url)
    await asyncio.to_thread(server.catalogue.write_all)
    await _hold_what_was_restored(server)
    await follow_switches(server)
    await reconcile(server)
    await server.durable.launch(server.interpreter)
    begun = await asyncio.to_thread(turns.catch_up, context)
    log.info("server.started", url=settings.url, node=server.node, queued=begun)


async def _hold_what_was_restored(server: Server) -> None:
    """Before anything is taken up: the books are of another time than the world."""
    data_dir = server.settings.data_dir
    made_at = await asyncio.to_thread(restored_note.made_at, data_dir)
    if made_at is None:
        return
    found = await restored.hold(server.context, made_at)
    await asyncio.to_thread(restored_note.forget, data_dir)
    log.warning("server.restored", made_at=made_at, held=found.held, cancelled=found.cancelled)


async def _end(server: Server) -> None:
    await server.durable.drain(bound_s=DRAIN_S)
    await server.durable.close()
    await server.traffic.close()
    await server.hosts.close()
    await asyncio.to_thread(server.task_log.close)
    await server.container_engine.close()
    await asyncio.to_thread(server.database_hold.release)
    await asyncio.to_thread(server.context.database.close)
    server.hold.release()
    log.info("server.ended", node=server.node)


def _show_password(first: access.FirstAdministrator, url: str) -> None:
    if first.password:
        said = f"First start: sign in as {first.name} with the one-time password {first.password}"
        sys.stdout.write(f"\n  {said}\n  fairlead login {url} --user {first.name}\n\n")
        sys.stdout.flush()


async def _look_asked(life: Life) -> None:
    project, cause = await life.looks.get()
    await _look(life.server, project, cause=cause)


async def _poll(server: Server) -> None:
    async def polled() -> Sequence[Polled]:
        now = server.clock.now()
        found = await server.context.database.read(lambda connection: looking.polled(connection, now))
        return [Polled(id, name, every_s) for id, name, every_s in found]

    polling = Polling(polled, lambda name: _look(server, name, cause="poll"), server.clock)
    async with asyncio.TaskGroup() as group:
        await again("polling", ROUND_S, lambda: polling.begin(group), server.clock)


async def _look(server: Server, name: str, *, cause: RunCause) -> bool:
    """Whether the repository could be asked."""
    try:
        project = await server.context.database.read(lambda connection: projects.by_name(connection, name))
        seen = await looking.look(server.context, SYSTEM, server.source, project, cause=cause)
        if seen.run is not None:
            log.info("run.started", project=name, commit=seen.head[:12], cause=cause)
    except FairleadError as error:
        log.warning("source.not_looked", project=name, code=error.code, reason=str(error), cause=cause)
        return False
    except Exception as bug:
        log.error("loop.bug", loop="looks", project=name, error=type(bug).__name__, exc_info=bug)
        return False
    return True


async def _deliver(server: Server) -> None:
    for row in await asyncio.to_thread(telling.due, server.context):
        try:
            notice, to = await asyncio.to_thread(telling.delivery_of, server.context, row)
            async with asyncio.timeout(DELIVERY_TIMEOUT_S):
                await server.notifier.deliver(notice, to, key=row.id)
            await asyncio.to_thread(telling.delivered, server.context, row)
        except (FairleadError, TimeoutError) as error:
            goes_on = await asyncio.to_thread(telling.not_delivered, server.context, row, str(error) or "timed out")
            log.warning("notice.not_delivered", notice=row.event, reason=str(error), given_up=not goes_on)


async def _relay(server: Server) -> None:
    await relaying.tell_due(server.context, server.notifier)


async def _keep_hold(server: Server) -> None:
    """Where another server took the database while it did not answer us, this one ends: two would undo each other."""
    try:
        await asyncio.to_thread(server.database_hold.keep)
    except Refused as error:
        log.error("database.taken", code=error.code, reason=str(error))
        os.kill(os.getpid(), signal.SIGTERM)


async def _end_standbys(server: Server) -> None:
    await asyncio.to_thread(housekeeping.end_expired_standbys, server.context)


async def _expire_interruptions(server: Server) -> None:
    def work() -> None:
        interruptions.expire(server.context)
        approvals.expire(server.context)

    await asyncio.to_thread(work)


async def _look_at_images(server: Server) -> None:
    await image_looks.look_at_due(server.context, server.registries)


async def _look_at_targets(server: Server) -> None:
    await target_looks.look_at_due(server.context, server.hosts)


async def _look_what_runs(server: Server) -> None:
    down = await running.look(server.context, server.container_engine)
    for place in await asyncio.to_thread(standing.untold, server.context, down):
        await asyncio.to_thread(standing.tell_not_running, server.context, place)
        await server.clock.sleep(BREATH_S)


async def _begin_due(server: Server) -> None:
    def work() -> None:
        scheduling.begin_due(server.context)
        scheduled_runs.begin_due(server.context)
        evaluating.evaluate_due(server.context)
        evaluating.act_on_events(server.context)

    await asyncio.to_thread(work)


async def _tidy(server: Server) -> None:
    now = server.clock.now()
    days = timedelta(days=server.settings.task_log_days)

    def work() -> None:
        with server.context.database.transaction() as connection:
            webhook_deliveries.forget_before(connection, now - timedelta(days=7))
            idempotency.forget_before(connection, now - timedelta(days=1))
            users.forget_attempts(connection, now - timedelta(days=30))
            users.end_sessions(connection, expired_at=now)
            notices.forget_before(connection, now - timedelta(days=30))
            leases.forget_before(connection, now - timedelta(days=7))  # each start is a node of its own

    await asyncio.to_thread(work)
    await server.durable.forget(now - timedelta(days=7))
    await asyncio.to_thread(housekeeping.forget_old_logs, server.context, now - days)
    await asyncio.to_thread(housekeeping.tell_of_expiring_keys, server.context)
    await asyncio.to_thread(housekeeping.tell_of_ending_certificates, server.context)
    await asyncio.to_thread(retention.start_if_due, server.context)
    archive = server.settings.data_dir / "audit"
    await asyncio.to_thread(archiving.archive_due, server.context, archive, days=server.settings.audit_days)
