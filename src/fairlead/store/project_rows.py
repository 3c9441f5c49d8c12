"""What other tables hold of a project: what is history and keeps it, and what goes with it."""

from __future__ import annotations

import sqlalchemy as sa

from fairlead.domain.ids import ProjectId
from fairlead.store.contacts import contacts
from fairlead.store.deployments import deployments
from fairlead.store.notifications import notification_targets
from fairlead.store.policies import allowances
from fairlead.store.releases import releases
from fairlead.store.runbooks import runs as runbook_runs
from fairlead.store.runs import runs
from fairlead.store.variables import variable_snapshots
from fairlead.store.webhook_deliveries import seen_heads, webhook_deliveries

HISTORY = {"deployments": deployments, "releases": releases, "runs": runs, "runs of runbooks": runbook_runs}
"""In people's words: what stays, and the project with it."""

GOING = (contacts, seen_heads, webhook_deliveries, allowances, notification_targets, variable_snapshots)


def history_of(connection: sa.Connection, project: ProjectId) -> tuple[str, ...]:
    """What there is of it that is kept; () where the project may go."""
    return tuple(
        said
        for said, table in HISTORY.items()
        if connection.execute(sa.select(table.c.project).where(table.c.project == project).limit(1)).first()
    )


def forget(connection: sa.Connection, project: ProjectId) -> None:
    """How its repository answered, what was allowed to it and who was told of it is gone."""
    for table in GOING:
        connection.execute(sa.delete(table).where(table.c.project == project))
