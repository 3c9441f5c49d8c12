"""A registry says that an image was pushed: a release for each project whose own CI pushed it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from fairlead.domain.actor import SYSTEM, Actor
from fairlead.domain.errors import FairleadError, Invalid
from fairlead.domain.ids import ReleaseId
from fairlead.domain.image import names_of, version_of
from fairlead.domain.project import Project
from fairlead.domain.registry_event import Push, read_pushes
from fairlead.domain.release import Release
from fairlead.domain.trigger import TriggerKind
from fairlead.domain.version import parse
from fairlead.domain.webhook_delivery import WebhookDelivery
from fairlead.store import gone_images, projects, releases, triggers, webhook_deliveries
from fairlead.store.database import Connection
from fairlead.store.release_choice import Wanted, choose
from fairlead.store.secrets import StoreSecrets
from fairlead.usecases import following, happenings
from fairlead.usecases.context import Context
from fairlead.usecases.releases import freeze

WEBHOOK = "registry"
"""Under which the events' ids are remembered: each is acted upon once."""


def token(secrets: StoreSecrets) -> str:
    """What the registry must send as ``Authorization: Bearer …``; derived from the master key and kept nowhere."""
    return secrets.keyed_hash("registry notifications")[:40]


def received(context: Context, headers: Mapping[str, str], body: bytes) -> tuple[Release, ...]:
    """The releases that were made at once. Projects with a repository of their own are left alone: their runs push; so
    are those with triggers for images, which are told of the push.

    NotAuthenticated `webhook.signature`; Invalid `input.invalid` for a body that is not a notification.
    """
    made: list[Release] = []
    for push in read_pushes(token(context.secrets), headers, body):
        with context.database.transaction() as connection:
            made += _released(context, connection, push)
    if made:
        context.durable.wake()
    return tuple(made)


def _released(context: Context, connection: Connection, push: Push) -> Iterator[Release]:
    at = context.clock.now()
    delivery = WebhookDelivery(context.ids.new("dlv"), WEBHOOK, push.id, at, kind="push", outcome=push.repository)
    if not webhook_deliveries.accept(connection, delivery):
        return
    happenings.image_pushed(context, connection, push)
    triggered = {
        trigger.project
        for kind in (TriggerKind.IMAGE, TriggerKind.PUSH)
        for trigger in triggers.of_kind(connection, kind)
    }
    for project in projects.without_source(connection):
        if project.id in triggered:
            continue
        latest = releases.latest(connection, project.id)
        if latest is None:
            continue
        images = {service: _pushed(reference, push) for service, reference in latest.images.items()}
        test_image = _pushed(latest.test_image, push)
        if (images, test_image) != (dict(latest.images), latest.test_image):
            made = _release(context, connection, project, latest, push, images, test_image)
            if made is not None:
                yield made


def _release(
    context: Context,
    connection: Connection,
    project: Project,
    latest: Release,
    push: Push,
    images: Mapping[str, str],
    test_image: str,
) -> Release | None:
    actor: Actor = replace(SYSTEM, via="registry")
    pushed = {service: push.tag for service, image in images.items() if image != latest.images[service]}
    wanted = Wanted(version=_version(connection, project, push.tag), packages={**latest.packages, **pushed})
    try:
        chosen = choose(connection, project, wanted, context.clock.now())
    except FairleadError as error:
        message = f"made no release: {push.repository}:{push.tag} was pushed, but {error.message}"
        context.note(connection, actor, "release.not_made", message[:2000], thing=project.id, project=project.name)
        return None
    made = replace(
        latest,
        id=ReleaseId(context.ids.new("rel")),
        channel=chosen.channel.id,
        version=chosen.version,
        packages=chosen.packages,
        created_at=context.clock.now(),
        images=dict(images),
        test_image=test_image,
        changes=(),
        variables=freeze(context, connection, project.id),
        run=None,
        created_by=actor.name,
        notes=f"{push.repository}:{push.tag} was pushed",
        revision=1,
    )
    releases.insert(connection, made)
    gone_images.are_there(connection, (*made.images.values(), made.test_image))
    message = f"made release {made.version}: {push.repository}:{push.tag} was pushed"
    context.note(connection, actor, "release.created", message, thing=made.id, project=project.name)
    following.release_made(context, connection, project, made)
    return made


def _pushed(reference: str, push: Push) -> str:
    """The reference with the pushed digest, and tag where it had one, if it is of a registry and that repository."""
    _, sign, _ = reference.partition("@")
    if not sign or push.repository not in names_of(reference)[1:]:
        return reference
    tag = f":{push.tag}" if version_of(reference) else ""
    return f"{names_of(reference)[0]}{tag}@{push.digest}"


def _version(connection: Connection, project: Project, tag: str) -> str:
    """The tag, where it is a version that is free; else "": the project's template or donor decides."""
    try:
        parse(tag)
    except Invalid:
        return ""
    is_free = releases.find_by_version(connection, project.id, tag) is None
    return tag if is_free and not project.release_settings.donor else ""
