"""Rows of secret values: immutable, encrypted; which of them a task was handed, and what else they were used for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from fairlead.domain.ids import SecretVersionId, TaskId
from fairlead.store.rows import insert_ignoring
from fairlead.store.schema import content, instant, key, metadata, text

secret_versions = sa.Table(
    "secret_versions",
    metadata,
    key(),
    text("name"),
    content("sealed"),
    instant("created_at"),
    text("created_by"),
    text("sealed_with", index=True),
)

task_secrets = sa.Table("task_secrets", metadata, key("task"), key("secret"))
secret_uses = sa.Table("secret_uses", metadata, key("secret"), key("used_for"))


@dataclass(frozen=True, slots=True)
class SecretUse:
    """What secrets are used for outside of any task: a sentence that names the place to which they are shown, what it
    is of, and whose project that is (None: the installation's)."""

    what: str
    thing: str = ""
    project: str | None = None


def sealed(connection: sa.Connection, ids: Iterable[SecretVersionId]) -> dict[SecretVersionId, tuple[bytes, str]]:
    """The encrypted values of those that there are, by id, each with the id of its master key."""
    c = secret_versions.c
    rows = connection.execute(sa.select(c.id, c.sealed, c.sealed_with).where(c.id.in_(set(ids))))
    return {SecretVersionId(id): (bytes(value), key) for id, value, key in rows}


def sealed_otherwise(connection: sa.Connection, key: str, *, most: int) -> dict[SecretVersionId, tuple[bytes, str]]:
    """Some that are sealed with another master key than that, as `sealed` tells them."""
    c = secret_versions.c
    statement = sa.select(c.id, c.sealed, c.sealed_with).where(c.sealed_with != key).limit(most)
    return {SecretVersionId(id): (bytes(value), old) for id, value, old in connection.execute(statement)}


def seal_anew(connection: sa.Connection, id: SecretVersionId, sealed: bytes, key: str) -> None:
    """The same value, under another master key."""
    c = secret_versions.c
    connection.execute(sa.update(secret_versions).where(c.id == id).values(sealed=sealed, sealed_with=key))


def keys_in_use(connection: sa.Connection) -> frozenset[str]:
    """The ids of the master keys that values are sealed with."""
    return frozenset(connection.execute(sa.select(secret_versions.c.sealed_with).distinct()).scalars())


def handed_to(connection: sa.Connection, task: TaskId) -> tuple[SecretVersionId, ...]:
    """Every version that the task was ever handed: what its log must not show, in whichever process writes it."""
    found = connection.execute(sa.select(task_secrets.c.secret).where(task_secrets.c.task == task)).scalars()
    return tuple(SecretVersionId(id) for id in found)


def remember_handed(
    connection: sa.Connection, task: TaskId, ids: Iterable[SecretVersionId]
) -> tuple[SecretVersionId, ...]:
    """Kept before the values are handed out; those that the task is handed for the first time."""
    return tuple(id for id in ids if insert_ignoring(connection, task_secrets, {"task": task, "secret": id}))


def were_used(connection: sa.Connection, what: str, ids: Iterable[SecretVersionId]) -> bool:
    """Whether each of them was used for that before."""
    c = secret_uses.c
    wanted = set(ids)
    seen = connection.execute(sa.select(c.secret).where(c.used_for == what, c.secret.in_(wanted))).scalars()
    return wanted <= set(seen)


def remember_used(connection: sa.Connection, what: str, ids: Iterable[SecretVersionId]) -> tuple[SecretVersionId, ...]:
    """Those that are used for that for the first time."""
    return tuple(id for id in ids if insert_ignoring(connection, secret_uses, {"secret": id, "used_for": what}))


def names_of(connection: sa.Connection, ids: Iterable[SecretVersionId]) -> tuple[str, ...]:
    """What people call them, in alphabetical order."""
    c = secret_versions.c
    return tuple(connection.execute(sa.select(c.name).where(c.id.in_(set(ids))).order_by(c.name)).scalars())


def delete(connection: sa.Connection, id: SecretVersionId) -> None:
    """The value is gone for ever; the callers know that nothing names it."""
    connection.execute(sa.delete(secret_uses).where(secret_uses.c.secret == id))
    connection.execute(sa.delete(secret_versions).where(secret_versions.c.id == id))
