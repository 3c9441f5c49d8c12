"""Rows of bytes that are kept by content, and of the names that tasks gave them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from fairlead.domain.ids import TaskId
from fairlead.store.rows import insert_ignoring, upsert
from fairlead.store.schema import instant, key, link, metadata, number, text

blobs = sa.Table("blobs", metadata, key("key"), number("size_bytes"), instant("created_at"))

artifacts = sa.Table(
    "artifacts",
    metadata,
    key("task"),
    key("name"),
    text("kind"),
    link("blob", "blobs.key", index=True),
    number("size_bytes"),
    instant("created_at"),
)


def insert_blob(connection: sa.Connection, key: str, size_bytes: int, at: datetime) -> None:
    """The bytes are known; twice is once."""
    insert_ignoring(connection, blobs, {"key": key, "size_bytes": size_bytes, "created_at": at})


def attach(
    connection: sa.Connection, task: TaskId, name: str, *, kind: str, blob: str, size_bytes: int, at: datetime
) -> None:
    """The name under the task is these bytes."""
    row = {"task": task, "name": name, "kind": kind, "blob": blob, "size_bytes": size_bytes, "created_at": at}
    upsert(connection, artifacts, row)


def size_of_task(connection: sa.Connection, task: TaskId, *, but: str = "") -> int:
    """Bytes of all names of the task but one."""
    c = artifacts.c
    statement = sa.select(sa.func.coalesce(sa.func.sum(c.size_bytes), 0)).where(c.task == task, c.name != but)
    return int(connection.execute(statement).scalar_one())


def names(connection: sa.Connection, task: TaskId) -> Mapping[str, str]:
    """Name → kind."""
    c = artifacts.c
    rows = connection.execute(sa.select(c.name, c.kind).where(c.task == task).order_by(c.name))
    return {row.name: row.kind for row in rows}


def blob_of(connection: sa.Connection, task: TaskId, name: str) -> str | None:
    """The key of the bytes; None where the task has none of that name."""
    c = artifacts.c
    return connection.execute(sa.select(c.blob).where(c.task == task, c.name == name)).scalar()


def naming_blob(key: str) -> sa.Exists:
    """That a task left these bytes behind."""
    return sa.exists().where(artifacts.c.blob == key)


def all_blobs(connection: sa.Connection) -> tuple[str, ...]:
    """The keys of all bytes that are known."""
    return tuple(connection.execute(sa.select(blobs.c.key).order_by(blobs.c.key)).scalars())


def forget_blob(connection: sa.Connection, key: str) -> None:
    """The bytes are not known any more."""
    connection.execute(sa.delete(blobs).where(blobs.c.key == key))
