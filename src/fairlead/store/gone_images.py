"""Images that retention has deleted, by reference: no release that names one can be deployed any more."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

import sqlalchemy as sa

from fairlead.domain.ids import ReleaseId
from fairlead.domain.release import Release
from fairlead.domain.slot import SlotState
from fairlead.store import deployments, projects, releases, slots
from fairlead.store.rows import insert_ignoring
from fairlead.store.schema import instant, key, metadata

gone_images = sa.Table("gone_images", metadata, key("reference"), instant("at"))

_reference = gone_images.c.reference
AT_ONCE = 500
"""References in one question: databases bound what a statement may hold."""


def let_go(connection: sa.Connection, references: Collection[str], at: datetime) -> frozenset[str]:
    """Those of the references that may be deleted, recorded as gone. What a release that stands
    somewhere, waits or is under way names stays: it may have been asked for since the references were found."""
    free = frozenset(references) - _needed(connection)
    for reference in sorted(free):
        insert_ignoring(connection, gone_images, {"reference": reference, "at": at})
    return free


def are_there(connection: sa.Connection, references: Iterable[str]) -> None:
    """They are there (again): not deleted after all, or pushed anew."""
    for part in _parts(references):
        connection.execute(sa.delete(gone_images).where(_reference.in_(part)))


def of_releases(connection: sa.Connection, found: Iterable[Release]) -> Mapping[ReleaseId, tuple[str, ...]]:
    """For each of the releases that lack images: what they are of, services by name, the tests last."""
    named = {release.id: _named(release) for release in found}
    wanted = {reference for each in named.values() for reference in each.values()}
    gone: set[str] = set()
    for part in _parts(wanted):
        gone |= set(connection.execute(sa.select(_reference).where(_reference.in_(part))).scalars())
    lacking = {id: tuple(what for what, held in each.items() if held in gone) for id, each in named.items()}
    return {id: what for id, what in lacking.items() if what}


def _named(release: Release) -> dict[str, str]:
    steps = {f"step {name}": reference for name, reference in release.step_images.items()}
    return {**release.images, **({"the tests": release.test_image} if release.test_image else {}), **steps}


def _needed(connection: sa.Connection) -> frozenset[str]:
    recorded = slots.all_by_place(connection, list(projects.names(connection).values())).values()
    standing = [slot for both in recorded for slot in both.values() if slot.state is not SlotState.EMPTY]
    wanted = {*(one.release for one in standing), *(one.release for one in deployments.active(connection))} - {""}
    found = releases.many(connection, wanted).values()
    return frozenset(reference for release in found for reference in _named(release).values())


def _parts(references: Iterable[str]) -> Iterable[list[str]]:
    ordered = sorted(set(references))
    return (ordered[at : at + AT_ONCE] for at in range(0, len(ordered), AT_ONCE))
