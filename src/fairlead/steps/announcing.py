"""What a deployment announces: how its place will stand once it succeeded, from what is resolved. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.domain.announced import Announced
from fairlead.domain.capture import ContainerState, NetworkState, RegisteredState, RoutedState, SlotRecord
from fairlead.domain.service import Role
from fairlead.domain.slot import SlotState
from fairlead.steps.effects.routes import Filled
from fairlead.steps.plan_ground import is_made_again
from fairlead.steps.resolved import ResolvedDeployment
from fairlead.steps.roster import SWAP_ROLES, Roster, registration

RUNS, STANDS = ContainerState("", "", is_running=True), ContainerState("", "", is_running=False)


def announce(resolved: ResolvedDeployment, new: Roster | None, filled: tuple[Filled, ...]) -> Announced:
    """`new` is None for a switch alone: then what stands in the idle slot is what will be live."""
    live = resolved.live
    containers = dict(_new_containers(resolved, new))
    networks: dict[str, NetworkState | None] = {}
    registrations: dict[str, RegisteredState | None] = {}
    if new is not None:
        networks[resolved.place_names.network] = NetworkState("", ())
        networks[resolved.names.slot_network] = NetworkState("", (resolved.slot_subnet,))
        registrations |= dict(_registered(resolved, new))
    if live is not None and resolved.keeps_standby_s > 0:
        containers |= {one.name: STANDS for one in live.of(*SWAP_ROLES)}
    elif live is not None:
        containers |= {one.name: None for one in live.instances}
        registrations |= {one.name: None for one in live.instances}
        networks |= {live.slot.network: None} if live.slot.network else {}
    return Announced(
        containers=containers,
        networks=networks,
        registrations=registrations,
        routes=dict(_routes(resolved, filled)),
        slots=dict(_slots(resolved, is_switch_alone=new is None)),
    )


def _new_containers(resolved: ResolvedDeployment, new: Roster | None) -> Iterator[tuple[str, ContainerState | None]]:
    if new is None:
        yield from ((one.name, RUNS) for one in resolved.idle.instances)
        return
    yield from ((one.blueprint.name, RUNS) for one in new.instances)
    for service in resolved.definition.services:
        if service.role is not Role.ACCESSORY:
            continue
        found = resolved.accessories.get(service.name)
        if found is None or found.presence == "absent":
            yield resolved.place_names.accessory(service.name), RUNS
        elif is_made_again(resolved, service.name):
            yield resolved.names.accessory_again(service.name), RUNS
            yield found.name, None
        elif found.presence == "stopped":
            yield found.name, RUNS


def _registered(resolved: ResolvedDeployment, new: Roster) -> Iterator[tuple[str, RegisteredState]]:
    for instance in new.instances:
        if instance.service.port:
            one = registration(resolved, instance)
            yield one.instance, RegisteredState(one.service, one.colour.value, one.address, one.port)


def _routes(resolved: ResolvedDeployment, filled: tuple[Filled, ...]) -> Iterator[tuple[str, RoutedState | None]]:
    for one in filled:
        spec, colour = one.spec, resolved.colour.value
        servers = tuple(sorted(f"{colour} {end.address}:{end.port}" for end in one.endpoints))
        yield spec.name, RoutedState(spec.host, spec.path, spec.tls, colour, servers)
    kept = {one.spec.name for one in filled}
    if resolved.live is not None:
        yield from ((state.spec.name, None) for state in resolved.routes_before if state.spec.name not in kept)


def _slots(resolved: ResolvedDeployment, *, is_switch_alone: bool) -> Iterator[tuple[str, SlotRecord]]:
    held = resolved.idle.slot
    record = SlotRecord(SlotState.LIVE.value, resolved.deployment, resolved.release, resolved.names.slot_network)
    if is_switch_alone:
        record = SlotRecord(SlotState.LIVE.value, held.deployment, held.release, held.network)
    yield resolved.colour.value, record
    if resolved.live is None:
        return
    old = resolved.live.slot
    if resolved.keeps_standby_s > 0:
        record = SlotRecord(SlotState.STANDBY.value, old.deployment, old.release, old.network)
    else:
        record = SlotRecord(SlotState.EMPTY.value)
    yield resolved.colour.other.value, record
