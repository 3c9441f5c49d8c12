"""Taking a release out of the books: it, its deployments, their tasks with logs and files, in one transaction."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from fairlead.domain.ids import ReleaseId
from fairlead.domain.slot import SlotState
from fairlead.store import (
    approvals,
    artifacts,
    defects,
    deployments,
    named_releases,
    projects,
    releases,
    runs,
    slots,
    task_lines,
    tasks,
)
from fairlead.store.database import Connection

OF_TASKS = (
    artifacts.artifacts,
    task_lines.task_log_lines,
    tasks.task_facts,
    tasks.task_phases,
    tasks.task_plans,
)
"""What hangs on a task, each by its column `task`."""


def forget(connection: Connection, ids: Collection[ReleaseId]) -> frozenset[ReleaseId]:
    """Those of the releases that are gone: what has a deployment under way, stands in a slot, is deployed by a release
    of another project that stays, or is referred to by something else by now stays. So parents go first."""
    needed = _needed(connection)
    left = [id for id in ids if id not in needed]
    parents: dict[ReleaseId, set[ReleaseId]] = {}
    for one in named_releases.all_namings(connection):
        parents.setdefault(one.child, set()).add(one.parent)
    gone: set[ReleaseId] = set()
    while ready := [id for id in left if parents.get(id, gone) <= gone]:
        gone |= {id for id in ready if _forgotten(connection, id)}
        left = [id for id in left if id not in ready]
    return frozenset(gone)


def _needed(connection: Connection) -> frozenset[str]:
    recorded = slots.all_by_place(connection, list(projects.names(connection).values())).values()
    standing = {slot.release for both in recorded for slot in both.values() if slot.state is not SlotState.EMPTY}
    return frozenset(standing | {one.release for one in deployments.active(connection)})


def _forgotten(connection: Connection, id: ReleaseId) -> bool:
    try:
        with connection.begin_nested():
            return _delete(connection, id)
    except sa.exc.IntegrityError:
        return False


def _delete(connection: Connection, id: ReleaseId) -> bool:
    c = deployments.deployments.c
    rows = connection.execute(sa.select(c.id, c.task).where(c.release == id)).all()
    its, carried = [row.id for row in rows], [row.task for row in rows if row.task is not None]
    connection.execute(sa.delete(approvals.approvals).where(approvals.approvals.c.deployment.in_(its)))
    connection.execute(sa.delete(deployments.deployments).where(c.release == id))
    connection.execute(sa.delete(defects.defects).where(defects.defects.c.release == id))
    forget_tasks(connection, carried)
    connection.execute(sa.update(runs.runs).where(runs.runs.c.release == id).values(release=None))
    return releases.delete_row(connection, id)


def forget_tasks(connection: Connection, ids: Collection[str]) -> None:
    """The tasks and what hangs on them are gone; they have ended."""
    for table in OF_TASKS:
        connection.execute(sa.delete(table).where(table.c.task.in_(ids)))
    connection.execute(sa.delete(tasks.tasks).where(tasks.tasks.c.id.in_(ids)))
