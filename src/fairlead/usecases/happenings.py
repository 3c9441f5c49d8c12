"""What makes triggers fire: noted for each trigger that it concerns, in the transaction in which it happened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from fairlead.domain.ids import EnvironmentId
from fairlead.domain.image import names_of
from fairlead.domain.package import Package
from fairlead.domain.registry_event import Push
from fairlead.domain.target import Target
from fairlead.domain.trigger import TargetEvent, Trigger, TriggerEvent, TriggerKind
from fairlead.store import releases, triggers
from fairlead.store.database import Connection
from fairlead.usecases.context import Context


def package_pushed(context: Context, connection: Connection, package: Package) -> None:
    """The built-in feed has it from now on; the same bytes under the same version are no news."""
    key = f"{package.name.lower()} {package.version} {package.blob}"
    said = f"the package {package.name} {package.version} was pushed"
    for trigger in triggers.of_kind(connection, TriggerKind.PACKAGE):
        if watched_package(connection, trigger, package.name):
            _note(context, connection, trigger, key, said, packages={package.name: package.version})


def image_pushed(context: Context, connection: Connection, push: Push) -> None:
    """A registry told that the tag names another manifest from now on."""
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
    *,
    only: str = "",
) -> None:
    """It is available in these environments (None: in all of its own) from now on; told to all triggers, or `only` to
    that one."""
    places = tuple(target.environments if environments is None else environments)
    words = {TargetEvent.ADDED: "was added", TargetEvent.ENABLED: "was enabled", TargetEvent.HEALTHY: "answers again"}
    id = context.ids.new("hap")
    for trigger in triggers.of_kind(connection, TriggerKind.TARGET):
        here = tuple(place for place in places if not trigger.environments or place in trigger.environments)
        tags = {tag.lower() for tag in target.tags}
        has_tag = not trigger.tags or any(tag.lower() in tags for tag in trigger.tags)
        if only in ("", trigger.id) and here and has_tag and (not trigger.events or event in trigger.events):
            said = f"{target.name} {words[event]}"
            _note(context, connection, trigger, id, said, target=target, environments=here)


def watched_package(connection: Connection, trigger: Trigger, name: str) -> bool:
    """Whether the trigger is for packages of this id: it names it, or names none and the latest release has it."""
    if trigger.watches:
        return trigger.watches_package(name)
    latest = releases.latest(connection, trigger.project)
    held = {one.lower() for one in latest.packages} - {one.lower() for one in latest.images} if latest else set()
    return name.lower() in held


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
