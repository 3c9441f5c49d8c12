"""What administrators allowed of what could harm the host."""

from __future__ import annotations

import sqlalchemy as sa

from fairlead.domain.ids import ProjectId
from fairlead.domain.policy import Allowance
from fairlead.store.schema import instant, key, link, metadata, text
from fairlead.store.shelf import Shelf

allowances = sa.Table(
    "allowances",
    metadata,
    key(),
    link("project", "projects.id", index=True),
    text("harm"),
    text("allowed_by"),
    instant("allowed_at"),
    link("environment", "environments.id", nullable=True),
    text("tenant", nullable=True),
    text("note"),
)

_shelf = Shelf(allowances, Allowance, unknown="policy.unknown")
insert, get, find, delete = _shelf.insert, _shelf.get, _shelf.find, _shelf.delete
change = _shelf.change


def all_of(connection: sa.Connection) -> tuple[Allowance, ...]:
    """Of every project, in the order of making."""
    return _shelf.where(connection)


def of_project(connection: sa.Connection, project: ProjectId) -> tuple[Allowance, ...]:
    """All of the project's, in the order of making."""
    return _shelf.where(connection, allowances.c.project == project)
