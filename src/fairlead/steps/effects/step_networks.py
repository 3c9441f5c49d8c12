"""step-network.ensure: a network that a step of a process makes, for containers of later steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from fairlead.domain.effect import Done, Looked, NotYet, Outcome, SaidNo
from fairlead.domain.errors import Conflict
from fairlead.domain.naming import PlaceNames
from fairlead.domain.output_variables import effect_output
from fairlead.domain.plan import Effect
from fairlead.ports.container_engine import (
    LABEL_KEY,
    LABEL_KIND,
    LABEL_STEP,
    LABEL_TASK,
    LABEL_TENANT,
    Network,
    NetworkSpec,
    labels_of,
)
from fairlead.ports.step import Tools
from fairlead.steps.blueprint import KIND_STEP_NETWORK
from fairlead.steps.effects.basis import read
from fairlead.steps.effects.on_host import at_host, still_at_host
from fairlead.steps.effects.step_containers import StepIdentity
from fairlead.steps.inspected import as_output


@dataclass(frozen=True, slots=True)
class StepNetwork:
    """The network as it is to be; `name` is what steps call it. What is not said ("" or {}) may be as it is."""

    identity: StepIdentity
    host: str
    name: str
    driver: str = "bridge"
    subnet: str = ""
    gateway: str = ""
    ip_range: str = ""
    internal: bool = False
    options: Mapping[str, str] = field(default_factory=dict)


class EnsureStepNetwork:
    """Makes the network; one that is there as it was described is fine, whoever of the place's steps made it. Undone
    where this task made it. Output: the variable ``Docker.Inspect``."""

    kind = "step-network.ensure"

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        """Asking costs as much as doing."""
        return NotYet()

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Says no where one of the place's is there that differs, or a stranger has the name."""
        wanted = read(StepNetwork, effect)
        tools = await at_host(wanted.host, tools)
        spec = _spec(wanted, tools)
        try:
            network = await tools.container_engine.ensure_network(spec)
        except Conflict as refused:
            return SaidNo(refused.code, refused.message, hint=refused.hint)
        if found := "; ".join(_differences(wanted, network)):
            return SaidNo(
                "container.network_differs",
                f"the network {spec.name} is there already, otherwise than {wanted.identity.action} says: {found}",
                hint=f"remove it first, by a stop-container step (networks: [{wanted.name}]), or call this one another",
            )
        is_new = network.labels.get(LABEL_TASK) == tools.task
        tools.say(f"network {spec.name} is {', '.join(network.subnets)}" + ("" if is_new else ", as it was"))
        told = await as_output(await tools.container_engine.inspected_network(spec.name) or {}, (), tools)
        outputs = effect_output(wanted.identity.action, wanted.identity.target, {"Docker.Inspect": told})
        return Done({**outputs, "network": network.id}, was_already_so=not is_new)

    async def undo(self, effect: Effect, tools: Tools) -> None:
        """It is gone where this task made it; its containers were removed before. A host that is no target any more is
        not asked."""
        wanted = read(StepNetwork, effect)
        there = await still_at_host(wanted.host, wanted.identity.target, tools)
        if there is None:
            return
        tools = there
        spec = _spec(wanted, tools)
        for network in await tools.container_engine.networks(
            {LABEL_KEY: spec.labels[LABEL_KEY], LABEL_TASK: tools.task}
        ):
            await tools.container_engine.remove_network(network.name)
            tools.say(f"removed network {network.name}")


def _spec(wanted: StepNetwork, tools: Tools) -> NetworkSpec:
    """The key is the place's and the name's: steps of two tasks that call a network the same mean the same."""
    place = wanted.identity.place
    name = PlaceNames(place.project, place.environment, place.tenant).step_network(wanted.name)
    labels = {
        **labels_of(place),
        **({LABEL_TENANT: place.tenant} if place.tenant else {}),
        LABEL_KEY: f"{place.project}/{place.where}/step-network/{wanted.name}",
        LABEL_KIND: KIND_STEP_NETWORK,
        LABEL_STEP: wanted.identity.action,
        LABEL_TASK: tools.task,
    }
    made = NetworkSpec(name, wanted.subnet, labels, wanted.ip_range, internal=wanted.internal, driver=wanted.driver)
    return replace(made, gateway=wanted.gateway, options=wanted.options)


def _differences(wanted: StepNetwork, network: Network) -> Iterator[str]:
    told = {
        "driver": (wanted.driver, network.driver),
        "internal": (str(wanted.internal).lower(), str(network.internal).lower()),
        "subnet": (wanted.subnet, ", ".join(network.subnets)),
        "gateway": (wanted.gateway, ", ".join(network.gateways)),
        "ip_range": (wanted.ip_range, ", ".join(network.dynamic_ranges)),
        **{f"options: {name}": (value, network.options.get(name, "")) for name, value in wanted.options.items()},
    }
    for what, (asked, found) in told.items():
        if asked and asked != found:
            yield f"{what} {found or 'not said'}, not {asked}"
