"""Where an actor holds a permission, as a condition on rows: lists show only what they may view."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from fairlead.domain.grant import Grant

Columns = sa.ColumnElement[Any]


def within(
    reach: tuple[Grant, ...] | None,
    *,
    project: Columns | None = None,
    environment: Columns | None = None,
    tenant: Columns | None = None,
    names: Mapping[str, str] | None = None,
) -> list[sa.ColumnElement[bool]]:
    """Conditions under which a row is in the reach (Actor.reach): none where the reach is everything. A column that is
    not given is not looked at: a project is in the reach of who may view any of its environments. `names` turns ids
    into what the columns hold, where they hold names."""
    if reach is None:
        return []

    def held(ids: Collection[str]) -> list[str]:
        return list(ids) if names is None else [names[id] for id in ids if id in names]

    def of(grant: Grant) -> sa.ColumnElement[bool]:
        pairs = ((project, grant.projects), (environment, grant.environments), (tenant, grant.tenants))
        return sa.and_(
            sa.true(), *(column.in_(held(ids)) for column, ids in pairs if column is not None and ids is not None)
        )

    return [sa.or_(sa.false(), *(of(grant) for grant in reach))]
