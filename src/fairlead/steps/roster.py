"""Who stands where: each instance of the new release with its name, address and blueprint, decided before it starts."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fairlead.domain.errors import Invalid
from fairlead.domain.placement import fixed_addresses
from fairlead.domain.service import Role, Service
from fairlead.ports.catalogue import Registration
from fairlead.ports.container_engine import Attachment
from fairlead.steps.blueprint import Blueprint, InstanceFacts, instance_labels, secret_versions, with_world_names
from fairlead.steps.layers import layers
from fairlead.steps.probing import Probed
from fairlead.steps.readiness import Watched
from fairlead.steps.resolved import ResolvedDeployment

SLOT_ROLES = (Role.ROUTED, Role.INTERNAL)
"""Started with the idle slot, beside the old release."""

SWAP_ROLES = (Role.WORKER, Role.RECREATE)
"""Swapped with the old release: never beside it, unless a worker says `overlap`."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One replica of one service in the new slot."""

    service: Service
    replica: int
    address: str
    blueprint: Blueprint
    watched: Watched

    @property
    def start_key(self) -> str:
        """The key of the effect that starts it."""
        return f"start:{self.service.name}:{self.replica}"

    @property
    def probed(self) -> Probed:
        """How it is probed."""
        return self.watched.probed


@dataclass(frozen=True, slots=True)
class Roster:
    """All instances of the new release, in the order of starting."""

    instances: tuple[Instance, ...]

    def of(self, service: str) -> tuple[Instance, ...]:
        """The instances of a service."""
        return tuple(one for one in self.instances if one.service.name == service)

    def with_roles(self, *roles: Role) -> tuple[Instance, ...]:
        """The instances of services of these roles."""
        return tuple(one for one in self.instances if one.service.role in roles)


def image_of(resolved: ResolvedDeployment, service: str) -> str:
    """The service's image by digest; Invalid where the release has none."""
    image = resolved.images.get(service, "")
    if not image:
        raise Invalid(
            "release.images",
            f"release {resolved.version} has no image for {service}",
            thing=service,
            hint="a run takes the digest of what variables name, where it is the same in all environments: start one; "
            f"or make the release with --image {service}=NAME@sha256:…",
        )
    return image


def world_volumes(resolved: ResolvedDeployment) -> dict[str, str]:
    """Named volumes as they are called in the engine."""
    return {name: resolved.place_names.volume(name) for name in resolved.definition.volumes}


def roster(resolved: ResolvedDeployment) -> Roster:
    """Names, addresses and blueprints of all instances; the addresses are the slot's fixed ones, in order."""
    services = [one for one in resolved.definition.services if one.role in (*SLOT_ROLES, *SWAP_ROLES)]
    layer_of = {one.name: depth for depth, layer in enumerate(layers(services)) for one in layer}
    places = [(one, replica) for one in services for replica in range(1, one.replicas + 1)]
    addresses = fixed_addresses(resolved.slot_subnet, len(places))
    made = (
        _instance(resolved, service, replica, address, layer_of[service.name])
        for (service, replica), address in zip(places, addresses, strict=True)
    )
    return Roster(tuple(sorted(made, key=lambda one: (layer_of[one.service.name], one.service.name, one.replica))))


def _instance(resolved: ResolvedDeployment, service: Service, replica: int, address: str, layer: int) -> Instance:
    names = resolved.names
    key = names.key(f"start:{service.name}:{replica}")
    given = secret_versions(service)
    facts = InstanceFacts(replica, address, service.port, layer, service.stop_grace_s, service.drain_s, given)
    name = names.instance(service.name, replica)
    alias = names.instance_alias(service.name, replica)
    blueprint = Blueprint(
        name=name,
        image=image_of(resolved, service.name),
        service=with_world_names(_as_made(resolved, service), world_volumes(resolved)),
        labels=instance_labels(resolved, service, key, facts),
        networks=(
            Attachment(names.slot_network, (service.name,), address),
            Attachment(names.place.network, (alias,)),
        ),
        hostname=alias,
    )
    host = service.routes[0].host if service.routes else service.name
    probed = Probed(name, address, service.port, service.health, host)
    watched = Watched(probed, service.name, resolved.deployment, names.slot_network)
    return Instance(service, replica, address, blueprint, watched)


def _unpublished(service: Service) -> Service:
    """Two that stand side by side cannot hold one port of the host: a route takes the place of published ports."""
    return service if service.role is Role.RECREATE else replace(service, ports=())


def _as_made(resolved: ResolvedDeployment, service: Service) -> Service:
    """What stands beside the old release does not come back by itself until users may be sent to it
    (`instance.keep_up`): not after its death, which ends the deployment, and not after a restart of the host."""
    waits_for_the_switch = service.role in SLOT_ROLES and bool(resolved.routes)
    return replace(_unpublished(service), restart="no" if waits_for_the_switch else service.restart)


def registration(resolved: ResolvedDeployment, instance: Instance) -> Registration:
    """The instance as the catalogue has it."""
    return Registration(
        place=resolved.place,
        colour=resolved.colour,
        service=instance.service.name,
        instance=instance.blueprint.name,
        address=instance.address,
        port=instance.service.port,
        deployment=resolved.deployment,
        container=instance.blueprint.name,
    )
