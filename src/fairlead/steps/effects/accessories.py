"""accessory.ensure: a container that is started once in an environment and never swapped."""

from __future__ import annotations

from dataclasses import dataclass

from fairlead.domain.effect import Done, Looked, NotYet, Outcome
from fairlead.domain.plan import Effect
from fairlead.domain.service import Health
from fairlead.ports.container_engine import LABEL_DEPLOYMENT, LABEL_KEY
from fairlead.ports.step import Tools
from fairlead.steps.blueprint import Blueprint, assemble
from fairlead.steps.effects.basis import read
from fairlead.steps.probing import Probed
from fairlead.steps.readiness import Watched, until_ready
from fairlead.steps.remains import keep_remains
from fairlead.steps.resolved import Presence

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Accessory:
    """The accessory as it would be made. Where it is there already, `name` is what it is called, and it is not
    compared with the blueprint: a changed definition is applied only when asked."""

    name: str
    was: Presence
    network: str
    port: int
    health: Health
    blueprint: Blueprint


class EnsureAccessory:
    """Starts an accessory that is not there or stopped; leaves one that runs alone, whatever its definition."""

    kind = "accessory.ensure"

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        """Whether it was running before this deployment, and still is."""
        accessory = read(Accessory, effect)
        container = await tools.container_engine.container(accessory.name)
        if accessory.was == "running" and container is not None and container.state == "running":
            return Done({"container": container.id}, was_already_so=True)
        return NotYet()

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Makes it where it is not there, starts it, waits until it is ready."""
        accessory = read(Accessory, effect)
        if await tools.container_engine.container(accessory.name) is None or accessory.was == "absent":
            await tools.container_engine.ensure_container(await assemble(accessory.blueprint, tools))
        container = await tools.container_engine.start(accessory.name)
        tools.say(f"started accessory {accessory.name}")
        address = container.addresses.get(accessory.network) or LOOPBACK  # on the host's own network, where allowed
        probed = Probed(accessory.name, address, accessory.port, accessory.health, accessory.blueprint.service.name)
        return await until_ready(Watched(probed, accessory.blueprint.service.name), tools)

    async def undo(self, effect: Effect, tools: Tools) -> None:
        """As it was: removed where this deployment made it (its data stays), stopped where it was stopped."""
        accessory = read(Accessory, effect)
        container = await tools.container_engine.container(accessory.name)
        if container is None or accessory.was == "running":
            return
        labels = accessory.blueprint.labels
        is_ours = all(container.labels.get(name) == labels[name] for name in (LABEL_KEY, LABEL_DEPLOYMENT))
        if accessory.was == "absent" and not is_ours:
            return
        await tools.container_engine.stop(accessory.name, grace_s=accessory.blueprint.service.stop_grace_s)
        if accessory.was == "absent":
            await keep_remains(container, tools)
            await tools.container_engine.remove(accessory.name)
            tools.say(f"removed accessory {accessory.name}; its volumes stay")
