"""Processes of projects (and of whatever else has one), and the snapshots that releases keep."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from fairlead.domain.process import Process
from fairlead.domain.record import from_data, to_data
from fairlead.store.rows import upsert
from fairlead.store.schema import data, instant, key, metadata, number, text
from fairlead.store.shelf import Shelf

processes = sa.Table(
    "processes", metadata, key(), data("process"), instant("changed_at"), text("changed_by"), number("revision")
)

process_snapshots = sa.Table("process_snapshots", metadata, key(), data("process"), instant("used_at"))


@dataclass(frozen=True, slots=True)
class HeldProcess:
    """A process as it is now; `id` is that of the project that it belongs to."""

    id: str
    process: Process
    changed_at: datetime
    changed_by: str = ""
    revision: int = 1


_shelf = Shelf(processes, HeldProcess, unknown="process.unknown")
insert, find, update, delete = _shelf.insert, _shelf.find, _shelf.update, _shelf.delete
many = _shelf.many


def all_of(connection: sa.Connection) -> tuple[HeldProcess, ...]:
    """All that there are."""
    return _shelf.where(connection)


def freeze(connection: sa.Connection, owner: str, *, at: datetime) -> str:
    """The id under which the owner's process is kept as it is now, as long as anything names it; "" where it has none,
    or one without steps. Equal processes have one id."""
    held = find(connection, owner)
    if held is None or not held.process.steps:
        return ""
    id = held.process.hash
    upsert(connection, process_snapshots, {"id": id, "process": to_data(held.process), "used_at": at})
    return id


def snapshot(connection: sa.Connection, id: str) -> Process:
    """The process that was kept under that id; a process without steps for ""."""
    if not id:
        return Process()
    found = connection.execute(sa.select(process_snapshots.c.process).where(process_snapshots.c.id == id)).scalar()
    if found is None:
        raise KeyError(f"no process was kept as {id}")
    return from_data(Process, found)


def many_snapshots(connection: sa.Connection, ids: Collection[str]) -> dict[str, Process]:
    """Those that are kept of these, by id."""
    c = process_snapshots.c
    found = connection.execute(sa.select(c.id, c.process).where(c.id.in_(sorted(ids))))
    return {id: from_data(Process, held) for id, held in found}


def keep(connection: sa.Connection, owner: str, process: Process, *, at: datetime, by: str) -> HeldProcess:
    """Replace the owner's process."""
    held = find(connection, owner)
    if held is None:
        made = HeldProcess(owner, process, at, by)
        insert(connection, made)
        return made
    if held.process == process:
        return held
    return update(connection, replace(held, process=process, changed_at=at, changed_by=by))
