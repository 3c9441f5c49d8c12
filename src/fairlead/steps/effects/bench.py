"""bench.network, bench.service, bench.run, bench.clear: a throw-away place where tests meet what they need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from fairlead.domain.effect import Done, Looked, NotYet, Outcome, SaidNo
from fairlead.domain.errors import Conflict, Failed
from fairlead.domain.placement import claim, dynamic_range
from fairlead.domain.plan import Effect
from fairlead.domain.registry_login import RegistryLogin
from fairlead.domain.service import Role
from fairlead.ports.container_engine import LABEL_KEY, NetworkSpec
from fairlead.ports.step import Tools
from fairlead.steps.blueprint import Blueprint, assemble
from fairlead.steps.effects.basis import Plain, all_of, arguments, read
from fairlead.steps.effects.builds import fetch
from fairlead.steps.effects.runs import Errand, RunContainer
from fairlead.steps.output import last_lines
from fairlead.steps.probing import Probed
from fairlead.steps.readiness import Watched, until_ready

CLAIM_ATTEMPTS = 10
CLAIM_PAUSE_S = 0.1
STARTING_TIMEOUT_S = 600.0


@dataclass(frozen=True, slots=True)
class BenchNetwork:
    """The throw-away network's name and labels; its subnet is the first free one of the pool when it is made. An
    internal one leads nowhere else."""

    name: str
    pool: str
    labels: Mapping[str, str]
    is_internal: bool = False


class MakeBenchNetwork:
    """Makes the network. Where two runs claim one subnet at once, the engine refuses the second, which claims anew."""

    kind = "bench.network"

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        """Whether it is there."""
        wanted = read(BenchNetwork, effect)
        found = await tools.container_engine.networks({LABEL_KEY: wanted.labels[LABEL_KEY]})
        return Done(was_already_so=True) if found else NotYet()

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Claims a subnet and makes it."""
        wanted = read(BenchNetwork, effect)
        for attempt in range(CLAIM_ATTEMPTS):
            (subnet,) = claim(wanted.pool, await tools.container_engine.used_subnets(), 1)
            spec = NetworkSpec(wanted.name, subnet, wanted.labels, dynamic_range(subnet), wanted.is_internal)
            try:
                await tools.container_engine.ensure_network(spec)
            except Conflict as error:
                if error.code != "network.pool" or attempt == CLAIM_ATTEMPTS - 1:
                    raise
                await tools.clock.sleep(CLAIM_PAUSE_S)
                continue
            break
        return Done({"subnet": subnet})

    async def undo(self, effect: Effect, tools: Tools) -> None:
        """Removes it; its containers are gone by then."""
        wanted = read(BenchNetwork, effect)
        for network in await tools.container_engine.networks({LABEL_KEY: wanted.labels[LABEL_KEY]}):
            await tools.container_engine.remove_network(network.name)


@dataclass(frozen=True, slots=True)
class BenchService:
    """A service that stands beside the tests. `image_from` is the effect key whose output names its image, "" where the
    blueprint does; `volumes` are throw-away ones, made before it; `network` is the bench's."""

    blueprint: Blueprint
    network: str
    image_from: str = ""
    volumes: tuple[str, ...] = ()
    logins: tuple[RegistryLogin, ...] = field(default=())


class StandService:
    """Starts the service and waits until it is ready; a one-shot until it ended well."""

    kind = "bench.service"

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        """It is looked at by starting: what runs is adopted."""
        return NotYet()

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Makes, starts, probes."""
        wanted = read(BenchService, effect)
        name = wanted.blueprint.service.name
        try:
            blueprint = replace(wanted.blueprint, image=await _image(wanted, tools))
            for volume in wanted.volumes:
                await tools.container_engine.ensure_volume(volume, blueprint.labels)
            if blueprint.service.role is Role.ONE_SHOT:
                return await self._once(effect, blueprint, tools)
            await tools.container_engine.ensure_container(await assemble(blueprint, tools))
            container = await tools.container_engine.start(blueprint.name)
        except Failed as error:
            return SaidNo("tests.broken", f"{name} could not be started beside the tests: {error.message}")
        tools.say(f"started {name} beside the tests")
        service = blueprint.service
        address = container.addresses.get(wanted.network, "")
        outcome = await until_ready(
            Watched(Probed(blueprint.name, address, service.port, service.health), service.name), tools
        )
        if isinstance(outcome, SaidNo):
            return replace(outcome, code="tests.broken")
        return outcome

    async def _once(self, effect: Effect, blueprint: Blueprint, tools: Tools) -> Outcome:
        title = f"the one-shot {blueprint.service.name}"
        errand = Errand(blueprint, "one-shot", title, STARTING_TIMEOUT_S)
        return await RunContainer().do(replace(effect, arguments=arguments(errand)), tools)

    async def undo(self, effect: Effect, tools: Tools) -> None:
        """Its container is gone; the bench's clearing takes the volumes."""
        await _remove(read(BenchService, effect).blueprint, tools)


@dataclass(frozen=True, slots=True)
class BenchTests:
    """The tests' container. `kind` names them in the log and the artifacts; `image_from` as for services; `bench` is
    what all things of the bench carry."""

    blueprint: Blueprint
    kind: str
    timeout_s: float
    bench: Mapping[str, str]
    image_from: str = ""
    logins: tuple[RegistryLogin, ...] = field(default=())


class RunTests:
    """Runs the tests once; what they left in /results is kept, summarised, and named where it failed."""

    kind = "bench.run"

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        """Whether they ended well."""
        return await RunContainer().look(effect, tools)

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Runs them to their end."""
        wanted = read(BenchTests, effect)
        try:
            blueprint = replace(wanted.blueprint, image=await _image(wanted, tools))
        except Failed as error:
            return SaidNo("tests.broken", f"the test image cannot be fetched: {error.message}", hint=error.hint)
        errand = Errand(blueprint, "tests", f"the {wanted.kind} tests", wanted.timeout_s)
        outcome = await RunContainer().do(replace(effect, arguments=arguments(errand)), tools)
        if isinstance(outcome, SaidNo):
            await _tell_services(wanted, tools)
        return outcome

    async def undo(self, effect: Effect, tools: Tools) -> None:
        """Its container is gone."""
        await _remove(read(BenchTests, effect).blueprint, tools)


async def _image(wanted: BenchService | BenchTests, tools: Tools) -> str:
    """What the container is made from: on this host, by id or digest."""
    reference = str(tools.outputs[wanted.image_from]["image"]) if wanted.image_from else wanted.blueprint.image
    found = await tools.container_engine.image(reference)
    if found is None:
        found = await fetch(reference, wanted.logins, tools, what=f"the image {reference}")
    return reference if "@" in reference else found.id


async def _tell_services(wanted: BenchTests, tools: Tools) -> None:
    """The last lines of each service beside the tests, for whoever reads why they failed."""
    for container in await tools.container_engine.containers(wanted.bench):
        if container.name != wanted.blueprint.name:
            for line in await last_lines(container.name, tools):
                tools.say(f"{container.name}: {line}")


async def _remove(blueprint: Blueprint, tools: Tools) -> None:
    container = await tools.container_engine.container(blueprint.name)
    if container is not None and container.labels.get(LABEL_KEY) == blueprint.key:
        await tools.container_engine.remove(blueprint.name)


@dataclass(frozen=True, slots=True)
class Cleared:
    """What all things of the bench carry."""

    labels: Mapping[str, str]


class ClearBench(Plain):
    """Removes containers, volumes and networks of a bench: they need not live while the rest of the run goes on."""

    kind = "bench.clear"

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Removes all that carries the labels."""
        await clear(read(Cleared, effect).labels, tools)
        return Done()


async def clear(labels: Mapping[str, str], tools: Tools) -> int:
    """Nothing that carries the labels is left; how many things were removed."""
    engine = tools.container_engine
    containers = await engine.containers(labels)
    await all_of(engine.remove(container.id) for container in containers)
    networks = await engine.networks(labels)
    for network in networks:
        await engine.remove_network(network.name)
    volumes = await engine.volumes(labels)
    for volume in volumes:
        await engine.remove_volume(volume.name)
    return len(containers) + len(networks) + len(volumes)
