"""Which releases retention lets go, and why each other stays: by its lifecycle, for each tenant apart."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from fairlead.domain.actor import Actor
from fairlead.domain.deployment import Deployment
from fairlead.domain.ids import EnvironmentId, ProjectId, ReleaseId
from fairlead.domain.lifecycle import Lifecycle, phase_of
from fairlead.domain.permission import Permission
from fairlead.domain.project import Project
from fairlead.domain.release import Release
from fairlead.domain.retention import Candidate, Fate, Protection, effective, fates, protected
from fairlead.domain.slot import SlotState
from fairlead.store import deployments, named_releases, projects, releases, slots
from fairlead.store.database import Connection
from fairlead.store.named_releases import Naming
from fairlead.usecases import lines
from fairlead.usecases.context import Context


@dataclass(frozen=True, slots=True)
class Judged:
    """What becomes of a release, and why."""

    project: str
    release: Release
    fate: Fate


@dataclass(frozen=True, slots=True)
class _Known:
    """What a project's releases are judged by, read once, by the line that each follows."""

    project: Project
    releases: Sequence[Release]
    lived: Sequence[Deployment]
    protection: Mapping[ReleaseId, Protection]
    by_line: Sequence[tuple[Lifecycle, Sequence[Release]]]


@dataclass(frozen=True, slots=True)
class History:
    """All that releases are judged by, read in one transaction."""

    projects: Mapping[ProjectId, _Known]
    namings: Sequence[Naming]


def preview(context: Context, actor: Actor, *, project: str = "") -> Sequence[Judged]:
    """What a retention task would do now to releases of the project, or of all; the newest first. Nothing goes."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        wanted = [projects.by_name_or_id(connection, project).id] if project else list(projects.names(connection))
        seen = [id for id in wanted if actor.may_somewhere(Permission.VIEW, project=id)]
        history = read(connection, seen)
    judged = judge(history, context.clock.now(), seen_by=actor)
    return [one for id in seen for one in judged[id]]


def read(connection: Connection, wanted: Sequence[ProjectId]) -> History:
    """What the releases of these projects are judged by."""
    namings = _above(named_releases.all_namings(connection), wanted)
    ids = dict.fromkeys([*wanted, *(one.parent_project for one in namings)])
    return History({id: _read(connection, id) for id in ids}, namings)


def judge(
    history: History,
    now: datetime,
    *,
    untouched: Collection[ProjectId] = (),
    seen_by: Actor | None = None,
) -> Mapping[ProjectId, Sequence[Judged]]:
    """The fate of each release of these projects, the newest first. A release stays where any tenant, or those without
    one, would keep it, and where a release of another project that stays deploys it; nothing goes of the `untouched`
    projects. Where `seen_by` is given, projects that they may not see are not named. With many releases and tenants it
    takes longer than PostgreSQL lets a transaction sleep: so it asks nothing, and wants none open."""
    known, namings = history.projects, history.namings
    parents: dict[ReleaseId, Naming] = {}
    judged: dict[ProjectId, Sequence[Judged]] = {}
    stale = set(known)
    while stale:
        judged |= {id: _judge(known[id], parents, now, seen_by) for id in stale}
        staying = {one.release.id for its in judged.values() for one in its if one.fate.is_kept}
        staying |= {one.id for id in untouched if id in known for one in known[id].releases}
        fresh = [one for one in namings if one.parent in staying and one.child not in parents]
        parents = {**{one.child: one for one in reversed(fresh)}, **parents}
        stale = {one.child_project for one in fresh}
    return judged


def _above(namings: Sequence[Naming], wanted: Collection[ProjectId]) -> Sequence[Naming]:
    """Those on whose parents it depends, in the end, what becomes of these projects' releases."""
    below = set(wanted)
    while more := {one.parent_project for one in namings if one.child_project in below} - below:
        below |= more
    return [one for one in namings if one.child_project in below]


def _read(connection: Connection, id: ProjectId) -> _Known:
    project = projects.get(connection, id)
    found = releases.all_of(connection, id)
    if not found:
        return _Known(project, (), (), {}, ())
    lived = deployments.lives(connection, id)
    by_line: dict[str, tuple[Lifecycle, list[Release]]] = {}
    of_channels: dict[str, Lifecycle] = {}
    for release in found:
        line = of_channels.get(release.channel) or lines.of_release(connection, project, release)
        of_channels[release.channel] = line
        by_line.setdefault(line.id, (line, []))[1].append(release)
    return _Known(project, found, lived, _protected(connection, project, lived), tuple(by_line.values()))


def _judge(
    known: _Known, parents: Mapping[ReleaseId, Naming], now: datetime, seen_by: Actor | None
) -> Sequence[Judged]:
    named: Mapping[ReleaseId, Protection] = {one.id: "parent" for one in known.releases if one.id in parents}
    protection = {**named, **known.protection}
    titles = {id: _title(parents[id], seen_by) for id in named}
    fated: dict[ReleaseId, Fate] = {}
    for line, its in known.by_line:
        for tenant in {one.tenant for one in known.lived} | {None}:
            for release, fate in zip(its, _fates(line, its, known.lived, tenant, protection, now), strict=True):
                if fate is not None:
                    fated[release.id] = _kinder(fated.get(release.id), fate)
    return [
        Judged(known.project.name, one, replace(fated[one.id], parent=titles.get(one.id, ""))) for one in known.releases
    ]


def _title(naming: Naming, seen_by: Actor | None) -> str:
    if seen_by is None or seen_by.may_somewhere(Permission.VIEW, project=naming.parent_project):
        return naming.parent_title
    return "a release of another project"


def _kinder(one: Fate | None, other: Fate) -> Fate:
    return one if one is not None and one.is_kept else other


def _fates(
    line: Lifecycle,
    its: Sequence[Release],
    lived: Sequence[Deployment],
    tenant: str | None,
    protection: Mapping[ReleaseId, Protection],
    now: datetime,
) -> Sequence[Fate | None]:
    """None for a release that another tenant has and this one has not: this one says nothing about it."""
    rules = effective(line.releases, [(phase.name, phase.releases) for phase in line.phases])
    phases = {release.id: dict[str, datetime]() for release in its}
    places = {one.environment: phase_of(line, one.environment) for one in lived}
    elsewhere = {one.release for one in lived if one.tenant != tenant and places[one.environment] is not None}
    for one in lived:
        phase = places[one.environment]
        if one.tenant == tenant and one.release in phases and phase is not None and one.committed_at is not None:
            before = phases[one.release].get(phase.name)
            phases[one.release][phase.name] = max(before, one.committed_at) if before else one.committed_at
    order = {phase.name: at for at, phase in enumerate(line.phases)}
    judged = [one for one in its if phases[one.id] or one.id not in elsewhere]
    candidates = [
        Candidate(
            one.version,
            one.created_at,
            dict(sorted(phases[one.id].items(), key=lambda item: order[item[0]])),
            protection.get(one.id),
        )
        for one in judged
    ]
    found = dict(zip((one.id for one in judged), fates(candidates, rules, line.releases, now=now), strict=True))
    return [found.get(one.id) for one in its]


def _protected(connection: Connection, project: Project, lived: Sequence[Deployment]) -> Mapping[ReleaseId, Protection]:
    history: dict[tuple[EnvironmentId, str | None], list[str]] = {}
    for one in lived:
        versions = history.setdefault((one.environment, one.tenant), [])
        if one.release not in versions:
            versions.append(one.release)
    found = protected({f"{place}/{tenant}": versions for (place, tenant), versions in history.items()})
    under_way: set[str] = {one.release for one in deployments.active(connection, project=project.id)}
    for both in slots.all_by_place(connection, [project.name]).values():
        under_way |= {slot.release for slot in both.values() if slot.state is not SlotState.EMPTY and slot.release}
    shown = deployments.releases_shown(connection, ProjectId(project.id))
    kept: dict[str, Protection] = {**dict.fromkeys(under_way, "under_way"), **found}
    for id in shown:
        kept.setdefault(id, "dashboard")
    return {ReleaseId(id): why for id, why in kept.items()}
