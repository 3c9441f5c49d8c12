"""What makes triggers fire: noted for each trigger that it concerns, in the transaction in which it happened."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from fairlead.domain.ids import EnvironmentId
from fairlead.domain.image import names_of
from fairlead.domain.package import Package
from fairlead.domain.registry_event import Push
from fairlead.domain.target import Target
from fairlead.domain.trigger import TargetEvent, Trigger, TriggerEvent, TriggerKind
from fairlead.store import releases, triggers
from fairlead.store.database import Connection
from fairlead.usecases.context import Context

WORDS = {TargetEvent.ADDED: "was added", TargetEvent.ENABLED: "was enabled", TargetEvent.HEALTHY: "answers again"}


def package_pushed(context: Context, connection: Connection, package: Package) -> None:
    """A package is new in the built-in feed. The same bytes under the same version are not."""
    key = f"{package.name.lower()} {package.version} {package.blob}"
    said = f"the package {package.name} {package.version} was pushed"
    for trigger in triggers.of_kind(connection, TriggerKind.PACKAGE):
        if watches_package(connection, trigger)(package.name):
            _note(context, connection, trigger, key, said, packages={package.name: package.version})


def image_pushed(context: Context, connection: Connection, push: Push) -> None:
    """A registry told that the tag names another manifest."""
    said = f"{push.repository}:{push.tag} was pushed"
    for trigger in triggers.of_kind(connection, TriggerKind.PUSH):
        name = next((one for one in watched_images(connection, trigger) if push.repository in names_of(one)), None)
        if name is not None:
            images = {name: f"{name}:{push.tag}@{push.digest}"}
            _note(context, connection, trigger, push.id, said, images=images)


def images_found(context: Context, connection: Connection, trigger: Trigger, found: Mapping[str, str]) -> None:
    """A registry that was asked has these, which no event of the trigger told of yet; `found` name → reference."""
    tagged = sorted(reference.partition("@")[0] for reference in found.values())
    said = f"{', '.join(tagged)} {'is' if len(tagged) == 1 else 'are'} in the registry"
    _note(context, connection, trigger, " ".join(tagged), said, images=found)


def target_became(
    context: Context,
    connection: Connection,
    target: Target,
    event: TargetEvent,
    environments: Iterable[EnvironmentId] | None = None,
) -> None:
    """A target has become available in these environments (None: in all of its own)."""
    places = tuple(target.environments if environments is None else environments)
    key = context.ids.new("hap")
    for trigger in triggers.of_kind(connection, TriggerKind.TARGET):
        if not trigger.events or event in trigger.events:
            _tell_of_target(context, connection, trigger, key, target, event, places)


def target_is_there(context: Context, connection: Connection, trigger: Trigger, target: Target) -> None:
    """It is available, which this trigger alone is told because a person asks."""
    event = next(iter(trigger.events), TargetEvent.ADDED)
    _tell_of_target(context, connection, trigger, context.ids.new("hap"), target, event, target.environments)


def _tell_of_target(
    context: Context,
    connection: Connection,
    trigger: Trigger,
    key: str,
    target: Target,
    event: TargetEvent,
    places: Iterable[EnvironmentId],
) -> None:
    here = tuple(place for place in places if not trigger.environments or place in trigger.environments)
    if here and (not trigger.tags or _lower(trigger.tags) & _lower(target.tags)):
        _note(context, connection, trigger, key, f"{target.name} {WORDS[event]}", target=target, environments=here)


def _lower(tags: Iterable[str]) -> set[str]:
    return {tag.lower() for tag in tags}


def watches_package(connection: Connection, trigger: Trigger) -> Callable[[str], bool]:
    """Whether the trigger is for packages of an id: it names it, or names none and the latest release has it."""
    if trigger.watches:
        return trigger.watches_package
    latest = releases.latest(connection, trigger.project)
    held = {one.lower() for one in latest.packages} - {one.lower() for one in latest.images} if latest else set()
    return lambda name: name.lower() in held


def watched_images(connection: Connection, trigger: Trigger) -> Sequence[str]:
    """The images that the trigger is for, without tag: those that it names, else those of the latest release; with
    their registry where the latest release has them."""
    latest = releases.latest(connection, trigger.project)
    held = [names_of(one) for one in latest.images.values()] if latest else []
    if not trigger.watches:
        return list(dict.fromkeys(names[0] for names in held))
    return [next((names[0] for names in held if watched in names), watched) for watched in trigger.watches]


def _note(
    context: Context,
    connection: Connection,
    trigger: Trigger,
    key: str,
    said: str,
    *,
    packages: Mapping[str, str] | None = None,
    images: Mapping[str, str] | None = None,
    target: Target | None = None,
    environments: tuple[EnvironmentId, ...] = (),
) -> None:
    event = TriggerEvent(
        context.ids.new("thp"),
        trigger.id,
        key,
        context.clock.now(),
        said[:2000],
        packages or {},
        images or {},
        target.id if target else None,
        environments,
    )
    triggers.happened(connection, event)
