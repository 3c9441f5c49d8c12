"""Defects of releases: reporting one holds the release back, resolving the last lets it go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fairlead.domain.actor import Actor
from fairlead.domain.defect import Defect
from fairlead.domain.errors import Conflict, Invalid
from fairlead.domain.permission import Permission
from fairlead.store import defects, projects, releases
from fairlead.usecases import following, planning
from fairlead.usecases.context import Context

LONGEST_TEXT = 10_000


def of_release(context: Context, actor: Actor, project: str, version: str) -> Sequence[Defect]:
    """All of them, the newest first."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        owner = projects.by_name_or_id(connection, project)
        actor.require_somewhere(Permission.VIEW, project=owner.id)
        return defects.of_release(connection, planning.release_named(connection, owner, version).id)


def report(context: Context, actor: Actor, project: str, version: str, description: str) -> Defect:
    """The release goes no further than it has been until it is resolved. What waits for an approval goes on waiting,
    and cannot be approved meanwhile."""
    actor.require_somewhere(Permission.DEFECT_REPORT)
    _check(description)
    with context.database.transaction() as connection:
        owner = projects.by_name_or_id(connection, project)
        actor.require(Permission.DEFECT_REPORT, project=owner.id)
        release = planning.release_named(connection, owner, version)
        id, now = context.ids.new("dfc"), context.clock.now()
        made = Defect(id, owner.id, release.id, description.strip(), now, actor.name)
        defects.insert(connection, made)
        words = f"reported a defect of {release.version}: {made.description[:300]}"
        context.note(connection, actor, "defect.reported", words, thing=release.id, project=owner.name, after=made)
    return made


def resolve(context: Context, actor: Actor, id: str, *, resolution: str = "") -> Defect:
    """Resolve it; if it was the last, what the lifecycle begins by itself is begun. Conflict
    `defect.resolved`."""
    actor.require_somewhere(Permission.DEFECT_RESOLVE)
    if len(resolution) > LONGEST_TEXT:
        raise Invalid("input.too_large", f"at most {LONGEST_TEXT:,} characters", thing="resolution")
    with context.database.transaction() as connection:
        found = defects.get(connection, id)
        actor.require(Permission.DEFECT_RESOLVE, project=found.project)
        if not found.is_open:
            raise Conflict("defect.resolved", f"{found.resolved_by} has already resolved it", thing=id)
        now = context.clock.now()
        saved = defects.update(
            connection, replace(found, resolved_at=now, resolved_by=actor.name, resolution=resolution)
        )
        owner, release = projects.get(connection, found.project), releases.get(connection, found.release)
        words = f"resolved a defect of {release.version}" + (f": {resolution[:300]}" if resolution else "")
        context.note(
            connection, actor, "defect.resolved", words, thing=release.id, project=owner.name, before=found, after=saved
        )
        if defects.open_of(connection, release.id) is None:
            following.goes_on(context, connection, owner, release)
    context.durable.wake()
    return saved


def _check(description: str) -> None:
    if not description.strip() or len(description) > LONGEST_TEXT:
        raise Invalid("input.invalid", f"describe it in 1 to {LONGEST_TEXT:,} characters", thing="description")
