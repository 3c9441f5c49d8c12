"""What deployments and runs of runbooks left on a target, and what the next one of the same action would remove: the
dry run of retention there. Nothing goes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from fairlead.domain.actor import Actor
from fairlead.domain.installed_package import InstalledPackage
from fairlead.domain.lifecycle import files_kept
from fairlead.domain.permission import Permission
from fairlead.domain.retention import KEEP_ALL, Keep
from fairlead.domain.target_retention import clearance, why
from fairlead.ports.hosts import Hosts
from fairlead.steps.effects.installed import journal_of
from fairlead.store import deployments, environments, projects, releases, runbooks, tenants
from fairlead.store.database import Connection
from fairlead.usecases import lines, targets
from fairlead.usecases.context import Context
from fairlead.usecases.target_looks import bounded


@dataclass(frozen=True, slots=True)
class LyingPackage:
    """A package that lies on a target; `is_kept`: the next deployment, or run, of the same action leaves it."""

    package: InstalledPackage
    is_kept: bool
    reason: str


@dataclass(frozen=True, slots=True)
class _Judged:
    """How much is kept for one policy set, and whether the actor may know of it."""

    keep: Keep = KEEP_ALL
    is_known: bool = False
    may_view: bool = False


async def preview(context: Context, actor: Actor, hosts: Hosts, name: str) -> Sequence[LyingPackage]:
    """By when they were installed, the newest first; those of places that the actor may not view are left out. What
    ports.hosts raises, and TimedOut `host.unreachable`."""
    actor.require_somewhere(Permission.TARGET_EDIT)
    target = await asyncio.to_thread(targets.to_look_at, context, actor, name)

    async def read() -> tuple[InstalledPackage, ...]:
        return await journal_of(await hosts.of_target(target.id), context.ids.new("jrn"))

    found = await bounded(target, read())
    judged = await context.database.read(lambda connection: _judged(connection, actor, found))
    return tuple(_fates(context, found, judged))[::-1]


def _fates(
    context: Context, found: Sequence[InstalledPackage], judged: Mapping[str, _Judged]
) -> Iterable[LyingPackage]:
    now = context.clock.now()
    for one in found:
        its = judged[one.policy_set]
        if not its.may_view:
            continue
        if not its.is_known:
            yield LyingPackage(one, is_kept=True, reason="nothing is deployed there any more: a person may remove it")
            continue
        coming = replace(one, id="", directory="", installed_at=now.isoformat())
        going = clearance([*(each.entry for each in found), coming.entry], one.policy_set, its.keep, now=now)
        yield LyingPackage(one, one.id not in going.entries, why(one.entry, going, its.keep))


def _judged(connection: Connection, actor: Actor, found: Sequence[InstalledPackage]) -> dict[str, _Judged]:
    sets = {one.policy_set: one for one in found}
    return {name: _of_set(connection, actor, one) for name, one in sets.items()}


def _of_set(connection: Connection, actor: Actor, one: InstalledPackage) -> _Judged:
    owner = projects.find_by_name(connection, one.project)
    place = environments.find_by_name(connection, one.environment)
    if owner is None or place is None:
        return _Judged(may_view=actor.may(Permission.VIEW))
    whose = tenants.find_by_name(connection, one.tenant) if one.tenant else None
    if one.tenant and whose is None:
        return _Judged(may_view=actor.may(Permission.VIEW))
    scope = whose.id if whose else None
    may_view = actor.may(Permission.VIEW, project=owner.id, environment=place.id, tenant=scope)
    if one.runbook:
        is_known = any(each.name == one.runbook for each in runbooks.of_project(connection, owner.id))
        return _Judged(files_kept(lines.of_project(connection, owner), place.id), is_known, may_view)
    latest = next(iter(deployments.live_ones(connection, owner.id, place.id, tenant=scope, limit=1)), None)
    release = releases.find(connection, latest.release) if latest else None
    line = lines.of_release(connection, owner, release) if release else lines.of_project(connection, owner)
    return _Judged(files_kept(line, place.id), is_known=True, may_view=may_view)
