"""Whether a project's repository could be read when it was last asked."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from fairlead.domain.ids import ProjectId
from fairlead.store.rows import from_row, to_row, upsert
from fairlead.store.schema import flag, instant, metadata, text


@dataclass(frozen=True, slots=True)
class Contact:
    """The last look at the repository. `head` is what the branch named when a look last worked."""

    project: ProjectId
    at: datetime
    is_ok: bool
    head: str = ""
    reason: str = ""
    asked_by: str = ""


contacts = sa.Table(
    "contacts",
    metadata,
    sa.Column("project", sa.Text, sa.ForeignKey("projects.id"), primary_key=True),
    instant("at"),
    flag("is_ok"),
    text("head"),
    text("reason"),
    text("asked_by"),
)


def put(connection: sa.Connection, contact: Contact) -> None:
    """The latest look."""
    upsert(connection, contacts, to_row(contact))


def of(connection: sa.Connection, project: ProjectId) -> Contact | None:
    """The latest look; None before the first."""
    row = connection.execute(sa.select(contacts).where(contacts.c.project == project)).mappings().first()
    return None if row is None else from_row(Contact, row)


def of_many(connection: sa.Connection, projects: Collection[ProjectId]) -> dict[ProjectId, Contact]:
    """The latest look of each that was looked at."""
    rows = connection.execute(sa.select(contacts).where(contacts.c.project.in_(projects))).mappings()
    return {found.project: found for found in (from_row(Contact, row) for row in rows)}


def forget(connection: sa.Connection, project: ProjectId) -> None:
    """The project is going."""
    connection.execute(sa.delete(contacts).where(contacts.c.project == project))
