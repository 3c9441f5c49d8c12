"""A deployment's plan, what it stands on: room, images, the environment's network, volumes and accessories."""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.domain.image import registry_of
from fairlead.domain.plan import Effect, InParallel, Node, Sequence, Step
from fairlead.domain.registry_login import RegistryLogin
from fairlead.domain.service import Role, Service
from fairlead.ports.container_engine import Attachment, NetworkSpec
from fairlead.steps.blueprint import (
    KIND_NETWORK,
    KIND_VOLUME,
    Blueprint,
    accessory_labels,
    place_labels,
    with_world_names,
)
from fairlead.steps.bounds import MARGIN_S, PULL_TIMEOUT_S, PULL_TRIES, START_TIMEOUT_S, TRIES
from fairlead.steps.effects.accessories import Accessory, EnsureAccessory
from fairlead.steps.effects.basis import arguments
from fairlead.steps.effects.ground import EnsureNetwork, EnsureVolume, NamedVolume
from fairlead.steps.effects.images import Acquired, AcquireImage
from fairlead.steps.effects.instances import Standees, StopInstances
from fairlead.steps.effects.room import CheckRoom, Room
from fairlead.steps.layers import layers
from fairlead.steps.resolved import AccessoryState, ResolvedDeployment, StandingInstance
from fairlead.steps.roster import SLOT_ROLES, image_of, world_volumes

ACQUIRE = "acquire"
"""The name of the step that pulls the images."""


def room_step(resolved: ResolvedDeployment) -> Step:
    """What the new instances need against what is free."""
    needs = list(_memory_needs(resolved))
    room = Room(sum(needs), resolved.room.memory_reserve_bytes, resolved.room.disk_reserve_bytes, len(needs))
    title = "is there room?"
    effect = Effect(CheckRoom.kind, "room", title, arguments(room), attempts=TRIES, is_undone=False, only_looks=True)
    return Step("room", "Look for room on the host", effect)


def _memory_needs(resolved: ResolvedDeployment) -> Iterator[int]:
    for service in resolved.definition.services:
        found = resolved.accessories.get(service.name)
        starts_now = service.role is Role.ACCESSORY and (found is None or found.presence == "absent")
        is_beside = service.role in SLOT_ROLES or (service.role is Role.WORKER and service.overlap)
        if starts_now or is_beside:
            yield from [memory_need(resolved, service)] * max(1, service.replicas)


def memory_need(resolved: ResolvedDeployment, service: Service) -> int:
    """What one instance is counted with: its reservation, else its limit, else what was measured, else a guess."""
    limits = service.limits
    measured = resolved.measured_memory.get(service.name, 0)
    return limits.memory_reservation_bytes or limits.memory_bytes or measured or resolved.room.assumed_bytes


def acquire_step(resolved: ResolvedDeployment) -> Step:
    """Each image once, the tests' too, side by side."""
    wanted = {image_of(resolved, service.name): service.name for service in resolved.definition.services}
    if resolved.test_image and resolved.definition.tests:
        wanted.setdefault(resolved.test_image, "tests")
    effects = [_acquire(resolved, reference, wanted[reference]) for reference in sorted(wanted)]
    return Step(ACQUIRE, "Pull the images", InParallel(tuple(effects), limit=resolved.acquire_at_once))


def _acquire(resolved: ResolvedDeployment, reference: str, service: str) -> Effect:
    acquired = Acquired(reference, _login(resolved, reference))
    return Effect(
        AcquireImage.kind,
        f"acquire:{reference}",
        f"pull {reference}",
        arguments(acquired),
        timeout_s=PULL_TIMEOUT_S,
        attempts=PULL_TRIES,
        is_undone=False,
        service=service,
    )


def _login(resolved: ResolvedDeployment, reference: str) -> RegistryLogin | None:
    registry = registry_of(reference)
    return next((login for login in resolved.logins if login.registry == registry), None)


def has_data(resolved: ResolvedDeployment) -> bool:
    """Whether anything stands there that holds data: an accessory, a volume."""
    return bool(resolved.definition.volumes) or any(one.role is Role.ACCESSORY for one in resolved.definition.services)


def accessories_step(resolved: ResolvedDeployment) -> Step:
    """The environment network, the volumes, and the accessories in the order of `depends_on`."""
    names = resolved.place_names
    labels = place_labels(resolved, key=names.network_key, kind=KIND_NETWORK)
    network = NetworkSpec(names.network, resolved.environment_subnet, labels)
    nodes: list[Node] = [ensure_network("network:environment", "make the environment network", network)]
    nodes += [_volume(resolved, name) for name in resolved.definition.volumes]
    accessories = [one for one in resolved.definition.services if one.role is Role.ACCESSORY]
    nodes += [InParallel(tuple(_accessory(resolved, one) for one in layer)) for layer in layers(accessories)]
    return Step("accessories", "Make the environment's network, volumes and accessories", Sequence(tuple(nodes)))


def ensure_network(key: str, title: str, network: NetworkSpec) -> Effect:
    """Makes a network; undone where this deployment made it."""
    return Effect(EnsureNetwork.kind, key, title, arguments(network), attempts=TRIES)


def _volume(resolved: ResolvedDeployment, name: str) -> Effect:
    world = resolved.place_names.volume(name)
    labels = place_labels(resolved, key=f"{world}/volume", kind=KIND_VOLUME)
    volume = NamedVolume(world, labels)
    title = f"make volume {world}"
    return Effect(EnsureVolume.kind, f"volume:{name}", title, arguments(volume), attempts=TRIES, is_undone=False)


def is_made_again(resolved: ResolvedDeployment, service: str) -> bool:
    """Whether an accessory that is there is replaced by a new one, because somebody asked for it."""
    found = resolved.accessories.get(service)
    return service in resolved.recreate_accessories and found is not None and found.presence != "absent"


def _accessory(resolved: ResolvedDeployment, service: Service) -> Node:
    found = resolved.accessories.get(service.name, AccessoryState("", "absent"))
    if not is_made_again(resolved, service.name):
        name = found.name if found.presence != "absent" else resolved.place_names.accessory(service.name)
        return _ensure_accessory(resolved, service, name, found)
    name = resolved.names.accessory_again(service.name)
    old = StandingInstance(
        found.name, service.name, Role.ACCESSORY, "", found.presence == "running", grace_s=found.grace_s
    )
    stop = Effect(
        StopInstances.kind,
        f"stop:accessory:{service.name}",
        f"stop accessory {found.name}",
        arguments(Standees((old,))),
        timeout_s=found.grace_s + MARGIN_S,
        attempts=TRIES,
        service=service.name,
    )
    return Sequence((stop, _ensure_accessory(resolved, service, name, AccessoryState(name, "absent"))))


def _layer_of(resolved: ResolvedDeployment, service: Service) -> int:
    accessories = [one for one in resolved.definition.services if one.role is Role.ACCESSORY]
    return next(depth for depth, layer in enumerate(layers(accessories)) if service in layer)


def _ensure_accessory(resolved: ResolvedDeployment, service: Service, name: str, found: AccessoryState) -> Effect:
    names = resolved.names
    image = image_of(resolved, service.name)
    is_first = name == resolved.place_names.accessory(service.name)
    key = names.place.accessory_key(service.name) if is_first else names.key(f"accessory:{service.name}")
    blueprint = Blueprint(
        name=name,
        image=image,
        service=with_world_names(service, world_volumes(resolved)),
        labels=accessory_labels(resolved, service, key, image, layer=_layer_of(resolved, service)),
        networks=(Attachment(names.place.network, (service.name,)),),
        hostname=service.name.replace("_", "-"),
    )
    accessory = Accessory(name, found.presence, names.place.network, service.port, service.health, blueprint)
    return Effect(
        EnsureAccessory.kind,
        f"accessory:{service.name}",
        f"have accessory {service.name} running",
        arguments(accessory),
        timeout_s=service.health.within_s + START_TIMEOUT_S + service.stop_grace_s,
        attempts=TRIES,
        service=service.name,
    )
