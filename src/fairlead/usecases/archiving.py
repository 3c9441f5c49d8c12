"""Moving old events of the audit out of the database, a file for each day, so that the chain goes on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from fairlead.domain.actor import SYSTEM
from fairlead.domain.event import Event
from fairlead.formats.audit_lines import line_of
from fairlead.store import audit_files, events
from fairlead.usecases.audit import ARCHIVED
from fairlead.usecases.context import Context


class _Gone(Exception):
    """Another server was quicker, and took the day out of the database while it was read here."""


@dataclass
class _Day:
    """Events of one day, as they are written."""

    first: Event
    last: Event
    count: int = 0


def archive_due(context: Context, folder: Path, *, days: int) -> int:
    """Every whole day (UTC) that ended more than `days` ago is in a file of its own, and no more in the database; how
    many events went. 0 days: they stay. Failed `audit.not_archived` where a file cannot be written: nothing went."""
    if days <= 0:
        return 0
    before = datetime.combine(context.clock.now().astimezone(UTC).date(), time.min, UTC) - timedelta(days=days)
    gone = 0
    while day := _write_next(context, folder, before):
        gone += day.count
    return gone


def _write_next(context: Context, folder: Path, before: datetime) -> _Day | None:
    """The oldest day that is in the database, where it is to go."""
    with context.database.reading() as connection:
        first = next(iter(events.part(connection, 0, newest := events.written(connection))), None)
    if first is None or first.at >= before or first.sequence >= newest:
        return None
    day = _Day(first, first)
    path = _free_path(folder, first)
    try:
        sha256 = audit_files.write(path, _lines(context, day, newest))
    except _Gone:
        return None
    with context.database.transaction() as connection:
        if not events.forget(connection, day.first.sequence, day.last.sequence):
            return None  # another server was quicker
        numbers = f"{day.first.sequence} to {day.last.sequence}"
        context.note(
            connection,
            SYSTEM,
            ARCHIVED,
            f"archived the events {numbers} in {path.name} (SHA-256 {sha256})",
            facts={"sequence": day.last.sequence, "hash": day.last.hash},
        )
    return day


def _lines(context: Context, day: _Day, newest: int) -> Iterator[bytes]:
    """Those of the day that stand together; the newest of all stays, for the next one follows from it. No transaction
    is open while they are written: a disk may be slow. Raises `_Gone`."""
    after = day.first.sequence - 1
    while True:
        with context.database.reading() as connection:
            found = events.part(connection, after, newest - 1)
            if events.oldest(connection) != day.first.sequence:
                raise _Gone
        for event in found:
            if event.at.date() != day.first.at.date():
                return
            day.last, day.count = event, day.count + 1
            yield line_of(event)
        if len(found) < events.AT_ONCE:
            return
        after = found[-1].sequence


def _free_path(folder: Path, first: Event) -> Path:
    """Named by the day; where the clock went back and the day has a file already, also by the first event's number.
    One that was written before the server died has the same first line, and is written again."""
    path = folder / f"events-{first.at:%Y-%m-%d}.jsonl"
    if audit_files.first_line(path) in (b"", line_of(first)):
        return path
    return path.with_name(f"{path.stem}-{first.sequence}.jsonl")
