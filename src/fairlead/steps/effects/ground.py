"""network.ensure, volume.ensure, slot.claim: what containers of a deployment stand on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from fairlead.domain.effect import Done, Looked, NotYet, Outcome
from fairlead.domain.plan import Effect
from fairlead.domain.slot import Slot, SlotState
from fairlead.ports.catalogue import Place
from fairlead.ports.container_engine import LABEL_DEPLOYMENT, LABEL_KEY, LABEL_KIND, NetworkSpec
from fairlead.ports.step import Tools
from fairlead.steps.blueprint import KIND_SLOT_NETWORK
from fairlead.steps.effects.basis import Plain, read
from fairlead.steps.keeping import keeps_s, note_kept


class EnsureNetwork:
    """Makes the environment's or a slot's network. Undone only where this deployment made it."""

    kind = "network.ensure"

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        """Whether a network with our key is there."""
        wanted = read(NetworkSpec, effect)
        for network in await tools.container_engine.networks({LABEL_KEY: wanted.labels[LABEL_KEY]}):
            if network.name == wanted.name:
                return Done({"id": network.id}, was_already_so=True)
        return NotYet()

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Makes it."""
        wanted = read(NetworkSpec, effect)
        network = await tools.container_engine.ensure_network(wanted)
        tools.say(f"network {network.name} is {', '.join(network.subnets)}")
        return Done({"id": network.id})

    async def undo(self, effect: Effect, tools: Tools) -> None:
        """Removes it where it carries this deployment's label; its containers were removed before."""
        wanted = read(NetworkSpec, effect)
        if wanted.labels.get(LABEL_KIND) == KIND_SLOT_NETWORK and await keeps_s(tools):
            await note_kept("network", wanted.name, tools)
            return
        ours = {LABEL_KEY: wanted.labels[LABEL_KEY], LABEL_DEPLOYMENT: wanted.labels[LABEL_DEPLOYMENT]}
        if any(network.name == wanted.name for network in await tools.container_engine.networks(ours)):
            await tools.container_engine.remove_network(wanted.name)
            tools.say(f"removed network {wanted.name}")


@dataclass(frozen=True, slots=True)
class NamedVolume:
    """A volume and the labels it is adopted by."""

    name: str
    labels: dict[str, str]


class EnsureVolume(Plain):
    """Makes a named volume. Never undone: data is the project's."""

    kind = "volume.ensure"

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        """Whether it is there."""
        wanted = read(NamedVolume, effect)
        held = await tools.container_engine.volumes(_place_of(wanted))
        if any(volume.name == wanted.name for volume in held):
            return Done(was_already_so=True)
        return NotYet()

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Makes it."""
        wanted = read(NamedVolume, effect)
        await tools.container_engine.ensure_volume(wanted.name, wanted.labels)
        tools.say(f"volume {wanted.name} is there")
        return Done()


def _place_of(wanted: NamedVolume) -> dict[str, str]:
    return {name: text for name, text in wanted.labels.items() if name not in (LABEL_KEY, LABEL_DEPLOYMENT)}


@dataclass(frozen=True, slots=True)
class ClaimedSlot:
    """The slot as it is recorded while it is filled."""

    place: Place
    slot: Slot


class ClaimSlot:
    """Records the idle slot as this deployment's, with its network and subnet, before anything starts in it."""

    kind = "slot.claim"

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        """Whether it is recorded as ours."""
        claimed = read(ClaimedSlot, effect)
        slots = await tools.records.slots(claimed.place)
        return Done(was_already_so=True) if slots[claimed.slot.colour] == claimed.slot else NotYet()

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Records it; refused where something else stands in the slot."""
        claimed = read(ClaimedSlot, effect)
        await tools.records.set_slot(claimed.place, claimed.slot, was=SlotState.EMPTY)
        tools.say(f"{claimed.slot.colour.value} is the idle slot, in network {claimed.slot.network}")
        return Done()

    async def undo(self, effect: Effect, tools: Tools) -> None:
        """Records it empty again, where it is still ours."""
        claimed = read(ClaimedSlot, effect)
        slots = await tools.records.slots(claimed.place)
        if slots[claimed.slot.colour].deployment != claimed.slot.deployment:
            return
        if seconds := await keeps_s(tools):
            until = tools.clock.now() + timedelta(seconds=seconds)
            await tools.records.set_slot(claimed.place, replace(claimed.slot, standby_until=until))
            await note_kept("slot", claimed.slot.colour.value, tools)
            tools.say(f"what failed is kept until {until:%Y-%m-%d %H:%M:%S} UTC, or until the next deployment")
        else:
            await tools.records.set_slot(claimed.place, Slot(claimed.slot.colour))
