"""The audit: looking at it, proving that it is as it was written, taking it along, and noting what was refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from fairlead.domain.actor import SYSTEM, Actor
from fairlead.domain.errors import Conflict, Invalid, NotAllowed
from fairlead.domain.event import Event, Fault, fault_of
from fairlead.domain.ids import TaskId
from fairlead.domain.permission import Permission
from fairlead.domain.record import Json
from fairlead.store import environments, events, projects, tasks, tenants
from fairlead.store.database import Connection
from fairlead.store.secret_versions import SecretUse
from fairlead.store.shelf import Page
from fairlead.usecases import reaching
from fairlead.usecases.context import Context, about

MOST_FAULTS = 100
LONGEST_ACT = 300
ARCHIVED = "audit.archived"
"""The kind of the event that says which events are in a file from now on."""


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
    """How many events there are here, how many before them were archived, the number and hash of the last, and where
    the chain is broken (the first `MOST_FAULTS`). The last hash, kept elsewhere, proves later that nothing up to there
    was written anew."""

    count: int
    sequence: int
    hash: str
    faults: tuple[Fault, ...] = ()
    archived: int = 0

    @property
    def is_whole(self) -> bool:
        """Nothing was changed, replaced or taken away."""
        return not self.faults


def page(context: Context, actor: Actor, wanted: Wanted, *, after: str | None = None, limit: int = 50) -> Page[Event]:
    """The newest first, of what the actor may view; what belongs to no project is shown to who may view all. NotFound
    `project.unknown`, `environment.unknown` or `tenant.unknown` where nothing is called so, and nothing that was has
    events."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        c = events.events.c
        mine = reaching.seen(connection, actor, project=c.project, environment=c.environment, tenant=c.tenant)
        conditions = [*_fitting(wanted), *mine]
        part = events.page(connection, *conditions, after=after, limit=limit)
        if not part.items and after is None:
            _refuse_unknown(connection, wanted)
        return part


def _refuse_unknown(connection: Connection, wanted: Wanted) -> None:
    if wanted.project:
        projects.by_name_or_id(connection, wanted.project)
    if wanted.environment:
        environments.by_name_or_id(connection, wanted.environment)
    if wanted.tenant:
        tenants.by_name_or_id(connection, wanted.tenant)


def require_kinds(context: Context, actor: Actor) -> None:
    """Which kinds of events there are is told to who may view anything."""
    actor.require_somewhere(Permission.VIEW)


def export(context: Context, actor: Actor, wanted: Wanted) -> Iterator[Event]:
    """The oldest first, to be kept elsewhere: those that were written by now. Whose reach is not everything is refused.
    Who takes them may take their time: no transaction is open meanwhile. Conflict `edit.conflict` where some of what is
    still to come was archived by then."""
    actor.require(Permission.VIEW)

    def walk() -> Iterator[Event]:
        with context.database.reading() as connection:
            until, first = events.written(connection), events.oldest(connection)
        after = 0
        while True:
            with context.database.reading() as connection:
                found = events.part(connection, after, until, *_fitting(wanted))
                is_whole = events.oldest(connection) <= max(first, after + 1)
            if not is_whole:
                hint = "ask for them again, and take the archived days' files along"
                raise Conflict("edit.conflict", "events were archived meanwhile", thing="audit", hint=hint)
            yield from found
            if len(found) < events.AT_ONCE:
                return
            after = found[-1].sequence

    return walk()


def verify(context: Context, actor: Actor, *, sequence: int = 0, expected: str = "") -> Verdict:
    """Walks the whole chain. With `expected` (the hash that event number `sequence` once had) also that it still has
    it: who can write to the database can forge a chain anew, but not one that ends in a hash kept elsewhere.
    Invalid `input.invalid` where only one of the two is given: nothing would be compared."""
    actor.require(Permission.VIEW)
    if bool(sequence) != bool(expected):
        raise Invalid("input.invalid", "an event's number and its hash are given together", thing="expected")
    walk = _Walk(sequence, expected)
    with context.database.reading() as connection:
        for event in events.in_order(connection):
            walk.look(event)
        return walk.verdict(events.written(connection))


@dataclass
class _Walk:
    """Along the chain from the first event that is here: what was archived before it is said by a later event."""

    sequence: int
    expected: str
    faults: list[Fault] = field(default_factory=list)
    count: int = 0
    first: Event | None = None
    before: Event | None = None
    archived: tuple[Json, Json] = (0, "")

    def look(self, event: Event) -> None:
        """The next one."""
        if self.first is None:
            self.first = event
            if event.sequence > 1:  # as if the one before it were here
                self.before = replace(event, sequence=event.sequence - 1, hash=event.previous)
        if event.kind == ARCHIVED:
            self.archived = event.facts.get("sequence"), event.facts.get("hash")
        fault = fault_of(event, self.before)
        if fault is None and self.expected and event.sequence == self.sequence and event.hash != self.expected:
            fault = Fault(event.sequence, event.id, _REPLACED)
        self.faults += [fault] if fault else []
        self.count, self.before = self.count + 1, event

    def verdict(self, written: int) -> Verdict:
        """Of all that was looked at, where so many were ever written."""
        last = self.before.sequence if self.before else 0
        gone = self.first.sequence - 1 if self.first else 0
        faults = [*self._of_archived(gone), *self.faults][:MOST_FAULTS]
        if written > last or (self.expected and self.sequence > last):
            missing = f"{last + 1} to {max(written, self.sequence if self.expected else 0)}"
            faults.append(Fault(last + 1, "", f"the newest events, {missing}, are missing"))
        return Verdict(self.count, last, self.before.hash if self.before else "", tuple(faults), gone)

    def _of_archived(self, gone: int) -> Iterator[Fault]:
        if self.first is None or gone == 0:
            return
        if self.archived != (gone, self.first.previous):
            missing = "1" if gone == 1 else f"1 to {gone}"
            yield Fault(1, "", f"{missing} is missing before {self.first.id}")
        elif self.expected and self.sequence == gone and self.expected != self.first.previous:
            yield Fault(gone, "", _REPLACED)
        elif self.expected and self.sequence < gone:
            yield Fault(self.sequence, "", "it is archived: look at its file with fairlead audit verify --file")


_REPLACED = "its hash is not the expected one: it, or one before it, was replaced"


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
        **about(found),
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
