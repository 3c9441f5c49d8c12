"""Defects of releases."""

from __future__ import annotations

import sqlalchemy as sa

from fairlead.domain.defect import Defect
from fairlead.domain.ids import ReleaseId
from fairlead.store.schema import instant, key, link, metadata, number, text
from fairlead.store.shelf import Shelf

defects = sa.Table(
    "defects",
    metadata,
    key(),
    link("project", "projects.id", index=True),
    link("release", "releases.id", index=True),
    text("description"),
    instant("reported_at"),
    text("reported_by"),
    instant("resolved_at", nullable=True),
    text("resolved_by"),
    text("resolution"),
    number("revision"),
)

_shelf = Shelf(defects, Defect, unknown="defect.unknown")
insert, get, find, update, delete = _shelf.insert, _shelf.get, _shelf.find, _shelf.update, _shelf.delete


def of_release(connection: sa.Connection, release: ReleaseId) -> tuple[Defect, ...]:
    """All of the release's, the newest first."""
    return _shelf.where(connection, defects.c.release == release, order=defects.c.id.desc())


def open_of(connection: sa.Connection, release: ReleaseId) -> Defect | None:
    """One that holds the release back; None where nothing does."""
    return _shelf.one(connection, defects.c.release == release, defects.c.resolved_at.is_(None))
