"""What stands in the slots and as accessories now, read from the engine by labels: for the binder of a plan."""

from __future__ import annotations

from collections.abc import Mapping

from fairlead.domain.colour import Colour
from fairlead.domain.service import Role
from fairlead.domain.slot import Slot, SlotState
from fairlead.ports.catalogue import Place
from fairlead.ports.container_engine import (
    LABEL_CONFIGURATION,
    LABEL_DEPLOYMENT,
    LABEL_INSTANCE,
    LABEL_KIND,
    LABEL_ROLE,
    LABEL_SERVICE,
    Container,
    ContainerEngine,
    labels_of,
)
from fairlead.ports.records import Records
from fairlead.steps.blueprint import KIND_ACCESSORY, KIND_INSTANCE, read_facts
from fairlead.steps.effects.basis import side_by_side
from fairlead.steps.resolved import AccessoryState, Standing, StandingInstance


async def standing_slots(
    place: Place, *, records: Records, container_engine: ContainerEngine
) -> Mapping[Colour, Standing]:
    """Both slots as recorded, each with the instances that carry the label of its deployment."""
    slots = await records.slots(place)
    async with side_by_side() as group:
        found = {colour: group.create_task(_instances(place, slot, container_engine)) for colour, slot in slots.items()}
    return {colour: Standing(slot, found[colour].result()) for colour, slot in slots.items()}


async def _instances(place: Place, slot: Slot, engine: ContainerEngine) -> tuple[StandingInstance, ...]:
    if slot.state is SlotState.EMPTY or not slot.deployment:
        return ()
    labels = {**_place_labels(place), LABEL_DEPLOYMENT: slot.deployment, LABEL_KIND: KIND_INSTANCE}
    containers = await engine.containers(labels)
    return tuple(sorted((_instance(one) for one in containers), key=lambda one: one.name))


def _place_labels(place: Place) -> dict[str, str]:
    return labels_of(place)


def _instance(container: Container) -> StandingInstance:
    facts = read_facts(container.labels.get(LABEL_INSTANCE, ""))
    return StandingInstance(
        name=container.name,
        service=container.labels.get(LABEL_SERVICE, ""),
        role=Role(container.labels.get(LABEL_ROLE, Role.INTERNAL.value)),
        container=container.id,
        is_running=container.state == "running",
        address=facts.address,
        port=facts.port,
        layer=facts.layer,
        grace_s=facts.grace_s,
        drain_s=facts.drain_s,
    )


async def standing_accessories(place: Place, *, container_engine: ContainerEngine) -> Mapping[str, AccessoryState]:
    """Every accessory of the place by service; of two, the one that runs."""
    found: dict[str, AccessoryState] = {}
    for container in await container_engine.containers({**_place_labels(place), LABEL_KIND: KIND_ACCESSORY}):
        service = container.labels.get(LABEL_SERVICE, "")
        state = AccessoryState(
            container.name,
            "running" if container.state == "running" else "stopped",
            container.labels.get(LABEL_CONFIGURATION, ""),
            read_facts(container.labels.get(LABEL_INSTANCE, "")).grace_s,
        )
        if service not in found or state.presence == "running":
            found[service] = state
    return found
