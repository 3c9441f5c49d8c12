"""Asking registries for the tags of images that triggers wait for; what is newer is told to the trigger."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from fairlead.domain.actor import Actor
from fairlead.domain.channel import Channel, objections
from fairlead.domain.errors import FairleadError, Invalid, NotFound, TimedOut
from fairlead.domain.image import names_of, registry_of, repository_of, version_of
from fairlead.domain.permission import Permission
from fairlead.domain.trigger import Evaluation, Trigger, TriggerKind
from fairlead.domain.version import Version, parse
from fairlead.ports.registry import Registries
from fairlead.store import channels, projects, releases, triggers
from fairlead.store.database import Connection
from fairlead.usecases import evaluating
from fairlead.usecases.context import Context
from fairlead.usecases.happenings import images_found, watched_images
from fairlead.usecases.triggers import as_seen

MOST_AT_ONCE = 20
LOOK_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Watched:
    """An image that a trigger waits for: its name with the registry, the version that the latest release has ("":
    none), what channels call it, and the channels that may take it."""

    name: str
    known: str
    packages: tuple[str, ...]
    channels: tuple[Channel, ...]


async def look_at_due(context: Context, registries: Registries) -> int:
    """Registries are asked for those triggers whose time has come; how many."""
    due = await context.database.write(lambda connection: _take_due(context, connection))
    async with asyncio.TaskGroup() as group:
        for trigger in due:
            group.create_task(_look(context, registries, trigger))
    return len(due)


async def evaluate(context: Context, actor: Actor, registries: Registries, project: str, name: str) -> Evaluation:
    """As `evaluating.evaluate`, for triggers of any kind: a registry is asked first where it waits for one."""
    actor.require_somewhere(Permission.TRIGGER_EDIT)

    def find(connection: Connection) -> Trigger:
        owner = projects.by_name_or_id(connection, project)
        actor.require(Permission.TRIGGER_EDIT, project=owner.id)
        return triggers.by_name_or_id(connection, owner.id, name)

    found = await context.database.read(find)
    if found.kind is not TriggerKind.IMAGE:
        return await asyncio.to_thread(evaluating.evaluate, context, actor, project, name)
    before = await context.database.read(lambda connection: _newest_record(connection, found))
    await _look(context, registries, found)
    await asyncio.to_thread(evaluating.act_on_events, context)
    made = await context.database.write(
        lambda connection: evaluating.latest_or_nothing(context, connection, found, before)
    )
    return as_seen(actor, found.project, made)


def _newest_record(connection: Connection, trigger: Trigger) -> str:
    return next((one.id for one in triggers.evaluated(connection, trigger.id, limit=1).items), "")


async def _look(context: Context, registries: Registries, trigger: Trigger) -> None:
    try:
        watched = await context.database.read(lambda connection: _watched(connection, trigger))
        async with asyncio.timeout(LOOK_TIMEOUT_S):
            asked = [await _newest(registries, one) for one in watched]
        found = {one.name: reference for one, reference in zip(watched, asked, strict=True) if reference}
        if found:
            await context.database.write(lambda connection: images_found(context, connection, trigger, found))
    except TimeoutError:
        said = f"the registry did not answer within {LOOK_TIMEOUT_S:g} s"
        error = TimedOut("registry.unreachable", said, thing=trigger.name, hint="it is asked again")
        await asyncio.to_thread(evaluating.could_not_look, context, trigger, error)
    except FairleadError as refused:
        await asyncio.to_thread(evaluating.could_not_look, context, trigger, refused)


async def _newest(registries: Registries, watched: Watched) -> str:
    """The reference of the newest tag that is worth a look; "" where there is none newer than what is known."""
    registry = registries.of(registry_of(watched.name))
    repository = repository_of(watched.name)
    tag = newest_tag(await registry.tags(repository), watched)
    if not tag:
        return ""
    digest = await registry.digest(repository, tag)
    if digest is None:
        raise NotFound("image.unknown", f"{watched.name}:{tag} is gone", thing=watched.name)
    return f"{watched.name}:{tag}@{digest}"


def newest_tag(tags: Iterable[str], watched: Watched) -> str:
    """The highest version among the tags that a channel takes, else the highest of all, which is refused with the
    rule; "" where it is not newer than what is known. Tags that are no version, as `latest`, never count."""
    known = _version(watched.known)
    numbers = [(number, tag) for tag in tags if (number := _version(tag)) is not None]
    newer = sorted(((number, tag) for number, tag in numbers if known is None or number > known), reverse=True)
    taken = (tag for _, tag in newer if any(_takes(channel, watched, tag) for channel in watched.channels))
    return next(taken, newer[0][1] if newer else "")


def _takes(channel: Channel, watched: Watched, tag: str) -> bool:
    return not any(objections(channel, dict.fromkeys(watched.packages, tag)))


def _version(text: str) -> Version | None:
    try:
        return parse(text) if text else None
    except Invalid:
        return None


def _watched(connection: Connection, trigger: Trigger) -> list[Watched]:
    known = channels.of_project(connection, trigger.project)
    lines = tuple(one for one in known if trigger.channel in (None, one.id))
    latest = releases.latest(connection, trigger.project, trigger.channel)
    base = latest or releases.latest(connection, trigger.project)
    images: Mapping[str, str] = base.images if base else {}
    found = []
    for name in watched_images(connection, trigger):
        services = tuple(service for service, held in images.items() if name in names_of(held))
        known_as = next((version_of(images[one]) for one in services), "") if latest else ""
        version = known_as or (latest.packages.get(name, "") if latest else "")
        found.append(Watched(name, version, services or (name,), lines))
    return found


def _take_due(context: Context, connection: Connection) -> list[Trigger]:
    now = context.clock.now()
    due = triggers.due(connection, TriggerKind.IMAGE, now, limit=MOST_AT_ONCE)
    return [triggers.update(connection, replace(one, next_at=now + timedelta(seconds=one.poll_s))) for one in due]
