"""A deployment's plan, the idle slot: the migration, one-shots, services layer by layer, until all are ready."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from fairlead.domain.placement import dynamic_range
from fairlead.domain.plan import Effect, InParallel, Node, Sequence, Step
from fairlead.domain.service import MigrationCommand, Role, Service
from fairlead.domain.slot import Slot, SlotState
from fairlead.ports.container_engine import Attachment, NetworkSpec
from fairlead.steps.blueprint import (
    KIND_SLOT_NETWORK,
    Blueprint,
    container_labels,
    once,
    place_labels,
    with_world_names,
)
from fairlead.steps.bounds import MARGIN_S, ONE_SHOT_TIMEOUT_S, START_TIMEOUT_S, STARTS_AT_ONCE, TRIES
from fairlead.steps.effects.basis import arguments
from fairlead.steps.effects.ground import ClaimedSlot, ClaimSlot
from fairlead.steps.effects.instances import NOT_AGAIN, InstanceReady, MakeInstance, StartInstance
from fairlead.steps.effects.registrations import Register, Registered
from fairlead.steps.effects.runs import Errand, Purpose, RunContainer
from fairlead.steps.layers import layers, must_be_healthy
from fairlead.steps.plan_ground import ensure_network
from fairlead.steps.resolved import ResolvedDeployment
from fairlead.steps.roster import SLOT_ROLES, Instance, Roster, image_of, registration, world_volumes
from fairlead.steps.words import counted


def migrate_step(resolved: ResolvedDeployment) -> Step | None:
    """The migration, once for the deployment, in a container of the new image that sees the accessories."""
    migration = resolved.definition.migration
    if migration is None:
        return None
    service = resolved.definition.service(migration.service)
    names = resolved.names
    errand = errand_of(
        resolved,
        service,
        key="migrate",
        name=names.migration(service.name),
        command=migration.command,
        networks=(Attachment(names.place.network),),
    )
    full = Errand(errand, "migration", "the migration", migration.timeout_s)
    return Step("migrate", "Migrate", run_effect("migrate", f"run {' '.join(migration.command)}", full, service.name))


def backup_step(resolved: ResolvedDeployment) -> Step | None:
    """The back-up before the migration, in a container that sees the accessories."""
    backup = resolved.definition.migration.backup if resolved.definition.migration else None
    if backup is None:
        return None
    errand = command_of(resolved, backup, "backup", "the back-up")
    return Step("backup", "Back up", run_effect("backup", f"run {' '.join(backup.command)}", errand, backup.service))


def command_of(resolved: ResolvedDeployment, wanted: MigrationCommand, purpose: Purpose, title: str) -> Errand:
    """The command that comes before or after the migration, beside the accessories."""
    names, service = resolved.names, resolved.definition.service(wanted.service)
    blueprint = errand_of(
        resolved,
        service,
        key=purpose,
        name=names.beside_migration(service.name, purpose),
        command=wanted.command,
        networks=(Attachment(names.place.network),),
    )
    return Errand(blueprint, purpose, title, wanted.timeout_s)


def errand_of(
    resolved: ResolvedDeployment,
    service: Service,
    *,
    key: str,
    name: str,
    networks: tuple[Attachment, ...],
    command: tuple[str, ...] | None = None,
) -> Blueprint:
    """A container of the service that runs to its end once."""
    runs = once(service) if command is None else replace(once(service), command=command)
    labels = container_labels(resolved, service, key=resolved.names.key(key), kind=key.split(":", maxsplit=1)[0])
    image = image_of(resolved, service.name)
    return Blueprint(name, image, with_world_names(runs, world_volumes(resolved)), labels, networks)


def run_effect(key: str, title: str, errand: Errand, service: str) -> Effect:
    """The effect that runs it; its own bound ends it before the effect's."""
    return Effect(
        RunContainer.kind,
        key,
        title,
        arguments(errand),
        timeout_s=errand.timeout_s + START_TIMEOUT_S,
        attempts=TRIES,
        service=service,
    )


def start_step(resolved: ResolvedDeployment, new: Roster) -> Step:
    """The slot's record, its network and its containers, side by side; its one-shots; then its services layer by
    layer, replicas side by side."""
    names = resolved.names
    slot = Slot(
        resolved.colour,
        SlotState.IDLE,
        resolved.deployment,
        resolved.release,
        resolved.version,
        names.slot_network,
        resolved.slot_subnet,
    )
    claimed = arguments(ClaimedSlot(resolved.place, slot))
    labels = place_labels(resolved, key=names.key("network:slot"), kind=KIND_SLOT_NETWORK)
    network = NetworkSpec(names.slot_network, resolved.slot_subnet, labels, dynamic_range(resolved.slot_subnet))
    ground: list[Effect] = [
        ensure_network("network:slot", "make the slot network", network),  # begins first: it takes longest
        Effect(ClaimSlot.kind, "slot:claim", f"claim the {resolved.colour.value} slot", claimed, attempts=TRIES),
        *_made_ahead(resolved, new),
    ]
    nodes = (InParallel(tuple(ground), limit=STARTS_AT_ONCE), *_one_shots(resolved), *_layered_starts(resolved, new))
    return Step("start", f"Start {resolved.version} in the {resolved.colour.value} slot", Sequence(nodes))


def _made_ahead(resolved: ResolvedDeployment, new: Roster) -> Iterator[Effect]:
    """The containers of the first layer, in their other networks, while the slot's is made (a tenth of a second).

    Not beside one-shots, and not of later layers: what runs before them may fill a volume that the engine would fill
    from the image when the container is made."""
    if any(one.role is Role.ONE_SHOT for one in resolved.definition.services):
        return
    services = [one for one in resolved.definition.services if one.role in SLOT_ROLES]
    first = {one.name for one in next(iter(layers(services)), ())}
    for instance in new.with_roles(*SLOT_ROLES):
        if instance.service.name not in first:
            continue
        blueprint = instance.blueprint
        others = tuple(one for one in blueprint.networks if one.network != resolved.names.slot_network)
        if others:
            yield Effect(
                MakeInstance.kind,
                f"make:{instance.service.name}:{instance.replica}",
                f"make {blueprint.name}",
                arguments(replace(blueprint, networks=others)),
                timeout_s=START_TIMEOUT_S,
                attempts=TRIES,
                service=instance.service.name,
            )


def _one_shots(resolved: ResolvedDeployment) -> Iterator[Node]:
    shots = [one for one in resolved.definition.services if one.role is Role.ONE_SHOT]
    for layer in layers(shots):
        yield InParallel(tuple(_one_shot(resolved, one) for one in layer))


def _one_shot(resolved: ResolvedDeployment, service: Service) -> Effect:
    names = resolved.names
    networks = (Attachment(names.slot_network, (service.name,)), Attachment(names.place.network))
    key = f"once:{service.name}"
    blueprint = errand_of(resolved, service, key=key, name=names.one_shot(service.name), networks=networks)
    errand = Errand(blueprint, "one-shot", f"one-shot {service.name}", ONE_SHOT_TIMEOUT_S)
    return run_effect(key, f"run {service.name} to its end", errand, service.name)


def _layered_starts(resolved: ResolvedDeployment, new: Roster) -> Iterator[Node]:
    services = [one for one in resolved.definition.services if one.role in SLOT_ROLES]
    awaited = must_be_healthy(services)
    for layer in layers(services):
        starting = tuple(start_effect(one) for service in layer for one in new.of(service.name))
        yield InParallel(starting, limit=STARTS_AT_ONCE)
        waiting = tuple(
            ready_effect(one) for service in layer if service.name in awaited for one in new.of(service.name)
        )
        if waiting:
            yield InParallel(waiting, limit=STARTS_AT_ONCE)


def start_effect(instance: Instance) -> Effect:
    """Starts one instance; undone within its grace."""
    return Effect(
        StartInstance.kind,
        instance.start_key,
        f"start {instance.blueprint.name}",
        arguments(instance.blueprint),
        timeout_s=START_TIMEOUT_S + instance.service.stop_grace_s,
        attempts=TRIES,
        service=instance.service.name,
    )


def ready_effect(instance: Instance, *, restart: str = "") -> Effect:
    """Waits until one instance is ready; with `restart` it has that restart policy then."""
    title = f"wait until {instance.blueprint.name} is ready"
    return Effect(
        InstanceReady.kind,
        f"ready:{instance.service.name}:{instance.replica}",
        f"{title}, and let it come back after a restart of the host" if restart else title,
        arguments(replace(instance.watched, restart=restart)),
        timeout_s=instance.service.health.within_s + MARGIN_S,
        attempts=TRIES,
        is_undone=False,
        service=instance.service.name,
    )


def waited_for_last(new: Roster) -> tuple[Instance, ...]:
    """The instances beside the old release that no later layer waits for."""
    beside = new.with_roles(*SLOT_ROLES)
    awaited = must_be_healthy([one.service for one in beside])
    return tuple(one for one in beside if one.service.name not in awaited)


def ready_step(new: Roster, *, is_before_the_switch: bool) -> Step | None:
    """The instances that nobody waited for yet; kept up from then on where nothing but the switch comes next."""
    waiting = waited_for_last(new)
    if not waiting:
        return None
    effects = tuple(
        ready_effect(one, restart=one.service.restart)
        if is_before_the_switch and one.service.restart != NOT_AGAIN
        else ready_effect(one)
        for one in waiting
    )
    return Step("ready", "Wait until every instance is ready", InParallel(effects, limit=STARTS_AT_ONCE))


def catalogue_step(resolved: ResolvedDeployment, new: Roster) -> Step | None:
    """Every instance that has an endpoint and stands beside the old release is found from now on."""
    instances = tuple(one for one in new.with_roles(*SLOT_ROLES) if one.service.port)
    if not instances:
        return None
    return Step("catalogue", "Register the instances", register_effect(resolved, "register", instances))


def register_effect(resolved: ResolvedDeployment, key: str, instances: tuple[Instance, ...]) -> Effect:
    """Registers them."""
    entries = tuple(registration(resolved, one) for one in instances)
    registered = arguments(Registered(resolved.place, entries))
    return Effect(Register.kind, key, f"register {counted(len(entries), 'instance')}", registered, attempts=TRIES)
