"""Retention: which releases stay and keep their images, and the task that lets the others go."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from fairlead.domain.actor import SYSTEM, Actor
from fairlead.domain.ids import ProjectId, ReleaseId, TaskId
from fairlead.domain.permission import Permission
from fairlead.domain.release import Release
from fairlead.domain.slot import SlotState
from fairlead.domain.task import Task, TaskState
from fairlead.steps.effects.forgotten import Leaving
from fairlead.steps.effects.unused import SNAPSHOTS_AFTER, Unneeded
from fairlead.steps.retention import ResolvedRetention
from fairlead.store import deployments, named_releases, projects, releases, slots, tasks, unused
from fairlead.store.database import Connection
from fairlead.usecases import package_retention, release_retention, turns
from fairlead.usecases.context import Context

EVERY = timedelta(hours=4)
TITLE = "retention"
WAYS_BACK = 2
"""How many releases that were live in an environment keep their images there: the live one and the way back."""


def start(context: Context, actor: Actor) -> Task:
    """A retention task, now; the one that is under way, where there is one."""
    actor.require(Permission.SERVER_ADMINISTER)
    with context.database.transaction() as connection:
        under_way = [task for task in tasks.unfinished(connection) if task.kind == "retention"]
        if under_way:
            return under_way[0]
        at = context.clock.now()
        task = Task(TaskId(context.ids.new("tsk")), "retention", TITLE, at, created_by=actor.name)
        turns.queue(context, connection, task)
        context.note(connection, actor, "retention.started", "started the retention", thing=task.id)
    context.durable.wake()
    return task


def start_if_due(context: Context) -> bool:
    """Every four hours by itself, as in Octopus, from that long after the first release on."""
    with context.database.reading() as connection:
        latest = tasks.page(connection, kind="retention", limit=1).items
        since = latest[0].created_at if latest else releases.first_at(connection)
    if since is None or context.clock.now() - since < EVERY:
        return False
    return start(context, SYSTEM).state is TaskState.QUEUED


def resolve(context: Context, installation: str) -> ResolvedRetention:
    """What the plan is made from: the references to keep, and the projects to leave alone while they build. What is
    read first decides which releases go; what is read after that was thought about keeps more, never less."""
    with context.database.reading() as connection:
        names, busy = projects.names(connection), _building(connection)
        history = release_retention.read(connection, list(names))
    untouched = {id for id, name in names.items() if name in busy}
    judged = release_retention.judge(history, context.clock.now(), untouched=untouched)
    going = {
        one.release.id: one for id, its in judged.items() for one in its if id not in untouched and not one.fate.is_kept
    }
    leaving = [Leaving(id, f"{one.project} {one.release.version} ({one.fate.words})") for id, one in going.items()]
    with context.database.reading() as connection:
        busy |= _building(connection)
        alive = [id for id in projects.names(connection) if id in names]
        staying = {one.id: one for id in alive for one in kept_releases(context, connection, id) if one.id not in going}
        remaining = _with_children(connection, staying).values()
        stock = package_retention.read(connection)
        idle = len(unused.snapshots(connection, context.clock.now() - SNAPSHOTS_AFTER))
    kept: set[str] = set()
    for release in remaining:
        kept |= {*release.images.values(), *release.step_images.values(), release.test_image} - {""}
    return ResolvedRetention(
        tuple(sorted(names.values())),
        frozenset(kept),
        tuple(sorted(busy)),
        installation,
        tuple(leaving),
        _unneeded(context, stock),
        snapshots=idle,
    )


def _building(connection: Connection) -> set[str]:
    """The projects of runs under way."""
    return {task.project for task in tasks.unfinished(connection) if task.kind == "run"}


def _with_children(connection: Connection, staying: Mapping[ReleaseId, Release]) -> Mapping[ReleaseId, Release]:
    """And the releases of other projects that they deploy, and so on: without their images these could not be
    deployed."""
    namings = named_releases.all_namings(connection)
    found = dict(staying)
    while fresh := {one.child for one in namings if one.parent in found} - set(found):
        found |= {one.id: one for one in releases.many(connection, fresh).values()}
    return found


def _unneeded(context: Context, stock: package_retention.Stock) -> tuple[Unneeded, ...]:
    """Packages and build information that go."""
    going = [one for one in package_retention.judge(context, stock) if not one.is_kept]
    return tuple(Unneeded(one.stored.id, f"{one.stored} ({one.words})", one.stored.blob) for one in going)


def kept_releases(context: Context, connection: Connection, project: ProjectId) -> tuple[Release, ...]:
    """The newest of the project, those that are live or stand by, those that are the way back, and those under way."""
    newest = releases.newest(connection, project, context.installation.keep_releases)
    wanted: set[ReleaseId] = {one.release for one in deployments.active(connection, project=project)}
    places: dict[tuple[str, str | None], list[ReleaseId]] = {}
    for deployment in deployments.lives(connection, project):
        seen = places.setdefault((deployment.environment, deployment.tenant), [])
        if deployment.release not in seen and len(seen) < WAYS_BACK:
            seen.append(deployment.release)
    wanted |= {release for seen in places.values() for release in seen}
    name = projects.get(connection, project).name
    for both in slots.all_by_place(connection, [name]).values():
        wanted |= {
            ReleaseId(slot.release) for slot in both.values() if slot.state is not SlotState.EMPTY and slot.release
        }
    found = releases.many(connection, wanted)
    return tuple({one.id: one for one in (*newest, *found.values())}.values())
