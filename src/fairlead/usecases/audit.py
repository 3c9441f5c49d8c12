"""The audit: looking at it, proving that it is as it was written, taking it along, and noting what was refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from fairlead.domain.actor import SYSTEM, Actor
from fairlead.domain.errors import NotAllowed
from fairlead.domain.event import Event, Fault, fault_of
from fairlead.domain.ids import TaskId
from fairlead.domain.permission import Permission
from fairlead.store import events, tasks
from fairlead.store.database import Connection
from fairlead.store.secret_versions import SecretUse
from fairlead.store.shelf import Page
from fairlead.usecases import reaching
from fairlead.usecases.context import Context

MOST_FAULTS = 100
LONGEST_ACT = 300


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events: those for which all that is given fits. `kind` may end in a dot and then means all of that noun;
    `since` is included, `until` is not."""

    project: str | None = None
    environment: str | None = None
    tenant: str | None = None
    thing: str | None = None
    kind: str | None = None
    actor: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many events there are, the number and hash of the last, and where the chain is broken (the first
    `MOST_FAULTS`). The last hash, kept elsewhere, proves later that nothing up to there was written anew."""

    count: int
    sequence: int
    hash: str
    faults: tuple[Fault, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Nothing was changed, replaced or taken away."""
        return not self.faults


def page(context: Context, actor: Actor, wanted: Wanted, *, after: str | None = None, limit: int = 50) -> Page[Event]:
    """The newest first, of what the actor may view; what belongs to no project is shown to who may view all."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        c = events.events.c
        mine = reaching.seen(connection, actor, project=c.project, environment=c.environment, tenant=c.tenant)
        conditions = [*_fitting(wanted), *mine]
        return events.page(connection, *conditions, after=after, limit=limit)


def require_kinds(context: Context, actor: Actor) -> None:
    """Which kinds of events there are is told to who may view anything."""
    actor.require_somewhere(Permission.VIEW)


def export(context: Context, actor: Actor, wanted: Wanted) -> Iterator[Event]:
    """The oldest first, to be kept elsewhere: all of one moment. Whose reach is not everything is refused."""
    actor.require(Permission.VIEW)

    def walk() -> Iterator[Event]:
        with context.database.reading() as connection:
            yield from events.in_order(connection, *_fitting(wanted))

    return walk()


def verify(context: Context, actor: Actor, *, sequence: int = 0, expected: str = "") -> Verdict:
    """Walks the whole chain. With `expected` (the hash that event number `sequence` once had) also that it still has
    it: who can write to the database can forge a chain anew, but not one that ends in a hash kept elsewhere."""
    actor.require(Permission.VIEW)
    faults: list[Fault] = []
    count, before = 0, None
    with context.database.reading() as connection:
        for event in events.in_order(connection):
            fault = fault_of(event, before)
            if fault is None and expected and event.sequence == sequence and event.hash != expected:
                fault = Fault(
                    sequence, event.id, "its hash is not the expected one: it, or one before it, was replaced"
                )
            if fault is not None and len(faults) < MOST_FAULTS:
                faults.append(fault)
            count, before = count + 1, event
        written = events.written(connection)
    last = before.sequence if before else 0
    if written > last or (expected and sequence > last):
        missing = f"{last + 1} to {max(written, sequence if expected else 0)}"
        faults.append(Fault(last + 1, "", f"the newest events, {missing}, are missing"))
    return Verdict(count, last, before.hash if before else "", tuple(faults))


def note_refused(context: Context, actor: Actor, error: NotAllowed, act: str) -> None:
    """That the actor asked for `act` and was refused."""
    with context.database.transaction() as connection:
        context.note(
            connection,
            actor,
            "act.refused",
            f"was refused {act[:LONGEST_ACT]}: {error.message}",
            thing=error.thing,
            facts={"code": error.code},
        )


def hear_of_secrets(context: Context) -> None:
    """From now on it is kept what secrets are used for, by tasks and otherwise."""
    context.secrets.handed = partial(secrets_handed, context)
    context.secrets.used = partial(secrets_used, context)


def secrets_handed(context: Context, connection: Connection, task: TaskId, names: Sequence[str]) -> None:
    """That a task was handed secrets, by their names: told once for each, in the transaction in which it was."""
    found = tasks.get(connection, task)
    context.note(
        connection,
        replace(SYSTEM, via=f"task {task}"),
        "secret.used",
        f"handed to “{found.title}”: {', '.join(names)}"[:2000],
        thing=task,
        project=found.project or None,
        environment=found.environment or None,
        tenant=found.tenant,
    )


def secrets_used(context: Context, connection: Connection, use: SecretUse, names: Sequence[str]) -> None:
    """That secrets were used for what no task does, by their names: told once for each version and use."""
    words = f"used to {use.what}: {', '.join(names)}"[:2000]
    context.note(connection, SYSTEM, "secret.used", words, thing=use.thing, project=use.project)


def _fitting(wanted: Wanted) -> list[events.Condition]:
    return events.fitting(
        project=wanted.project,
        environment=wanted.environment,
        tenant=wanted.tenant,
        thing=wanted.thing,
        kind=wanted.kind,
        actor=wanted.actor,
        since=wanted.since,
        until=wanted.until,
    )
