"""What no release, runbook or task names any more: packages, build information, snapshots of processes."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from fairlead.domain.package import newest_first
from fairlead.domain.record import from_data
from fairlead.domain.runbook import Snapshot
from fairlead.domain.unused import Needs, Stored
from fairlead.store import build_information, packages, processes, releases, runbooks

_p, _b, _s = packages.packages.c, build_information.build_information.c, processes.process_snapshots.c


def stored(connection: sa.Connection) -> tuple[Stored, ...]:
    """Every package and piece of build information, by name, the newest first."""
    of_feed = connection.execute(sa.select(_p.id, _p.name, _p.version, _p.created_at, _p.blob))
    told = connection.execute(sa.select(_b.id, _b.package, _b.version, _b.created_at))
    held = [Stored("package", *row) for row in of_feed] + [Stored("build information", *row) for row in told]
    return tuple(sorted(held, key=lambda one: (one.noun, one.name.lower(), one.created_at), reverse=True))


def needs(connection: sa.Connection) -> Needs:
    """What keeps them."""
    named = releases.packages_named(connection) | runbooks.packages_named(connection)
    taken = {name.lower() for held in processes.all_of(connection) for name in held.process.packages}
    known = packages.versions_of(connection, taken)
    return Needs(named, frozenset((name, newest_first(versions)[0]) for name, versions in known.items()))


def forget(connection: sa.Connection, ids: Collection[str]) -> frozenset[str]:
    """Those of the packages and pieces of build information that are gone; what is needed by now stays."""
    kept = needs(connection)
    going = {one.id for one in stored(connection) if one.id in ids and one.key not in kept.named | kept.next}
    connection.execute(sa.delete(packages.packages).where(_p.id.in_(going)))
    connection.execute(sa.delete(build_information.build_information).where(_b.id.in_(going)))
    return frozenset(going)


def snapshots(connection: sa.Connection, before: datetime) -> frozenset[str]:
    """Snapshots of processes that nothing names, and that nobody froze since then."""
    c, r = releases.releases.c, runbooks.runbooks.c
    held = connection.execute(sa.select(r.published).union_all(sa.select(runbooks.runs.c.snapshot))).scalars()
    used = {from_data(Snapshot, one).process for one in held if one}
    used |= set(connection.execute(sa.select(c.process).distinct()).scalars())
    old = connection.execute(sa.select(_s.id).where(_s.used_at < before)).scalars()
    return frozenset(id for id in old if id not in used)


def forget_snapshots(connection: sa.Connection, before: datetime) -> int:
    """Those are gone; how many. One that is frozen meanwhile has a newer time, and stays."""
    going = sorted(snapshots(connection, before))
    gone = 0
    for start in range(0, len(going), 300):
        part = going[start : start + 300]
        statement = sa.delete(processes.process_snapshots).where(_s.id.in_(part), _s.used_at < before)
        gone += connection.execute(statement).rowcount
    return gone
