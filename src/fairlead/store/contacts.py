"""Whether a project's repository could be read when it was last asked."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from fairlead.domain.ids import ProjectId
from fairlead.store.rows import first_noun, nouns, to_row, upsert
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
    return first_noun(Contact, connection.execute(sa.select(contacts).where(contacts.c.project == project)))


def of_many(connection: sa.Connection, projects: Collection[ProjectId]) -> dict[ProjectId, Contact]:
    """The latest look of each that was looked at."""
    found = connection.execute(sa.select(contacts).where(contacts.c.project.in_(projects)))
    return {one.project: one for one in nouns(Contact, found)}
