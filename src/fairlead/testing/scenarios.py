"""The strategies that are swept on the fakes: what stands before, what is deployed then, and what is so in the end.

Seen from outside: from the fakes' own worlds and books, not through the code that the product captures states with.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fairlead.domain.colour import Colour
from fairlead.domain.condition import Condition
from fairlead.domain.plan import Plan, effects_of
from fairlead.domain.process import (
    DEPLOY_PACKAGE,
    DEPLOY_RELEASE,
    DEPLOY_SERVICES,
    HEALTH_CHECK,
    MANUAL_INTERVENTION,
    Action,
    RunCondition,
    RunLocation,
    StartTrigger,
    UnavailableTargets,
    action_of,
)
from fairlead.domain.retention import Keep
from fairlead.domain.service import (
    Database,
    Definition,
    Dependency,
    Migration,
    MigrationCommand,
    Role,
    Service,
    Tests,
    Volume,
)
from fairlead.domain.step_image import CREATE_NETWORK, RUN_CONTAINER, STOP_CONTAINER
from fairlead.domain.task import TaskState
from fairlead.ports.container_engine import LABEL_STEP, LABEL_TARGET, ContainerSpec
from fairlead.steps.effects.basis import read
from fairlead.steps.effects.step_containers import NOBODY
from fairlead.steps.effects.stopped import ClearStopped, ToClear
from fairlead.steps.process_resolved import ResolvedProcess
from fairlead.testing.behaviour import Script
from fairlead.testing.deploy_world import Deployed, World, definition, ending, idling, serving, web
from fairlead.testing.mischief import Mischief
from fairlead.testing.processes import process, say, step

Outside = dict[str, Any]
"""One entry for each thing that is so, by its name."""

SCRIPTS: Mapping[str, Script] = {
    "web": lambda spec: serving() if spec.command is None else ending(0, "ran"),
    "api": serving(),
    "seed": ending(0),
    "worker": idling(),
    "eager": idling(),
    "cron": idling(),
    "db": lambda spec: idling() if spec.entrypoint is None else ending(0, "copied"),
    "cache": idling(),
}


def _service(name: str, role: Role, **more: Any) -> Service:
    return Service(name, role, stop_grace_s=1.0, **more)


BLUE_GREEN = definition(
    web(replicas=2, depends_on=(Dependency("api", "service_healthy"),)),
    _service("api", Role.INTERNAL, port=8080, health=web().health),
    _service("seed", Role.ONE_SHOT),
    migration=Migration("web", ("./migrate",)),
    tests=Tests(command=("./run_tests.sh",)),
)
WORKERS = definition(web(), _service("worker", Role.WORKER), _service("eager", Role.WORKER, overlap=True))
RECREATED = definition(web(role=Role.RECREATE), _service("cron", Role.RECREATE))
PLAIN = definition(web(), _service("worker", Role.WORKER))
WITH_DATA = definition(web(), _service("db", Role.ACCESSORY), volumes=("data",))
MORE_DATA = definition(
    web(), _service("db", Role.ACCESSORY), _service("cache", Role.ACCESSORY), volumes=("data", "more")
)
GATED = definition(
    web(),
    _service("db", Role.ACCESSORY, mounts=(Volume("data", "/data"),)),
    volumes=("data",),
    migration=Migration(
        "web",
        ("./migrate",),
        database=Database("db"),
        backup=MigrationCommand("web", ("./backup",)),
        after_retire=MigrationCommand("web", ("./contract",)),
    ),
    tests=Tests(command=("./run_tests.sh",), kinds=("schema",)),
)
WARM = definition(web(standby_s=600.0), _service("worker", Role.WORKER), _service("cron", Role.RECREATE))
WARM_NO_MORE = replace(WARM, services=(web(), *WARM.services[1:]))

PROCESS = process(
    step(say("back up", outputs={"File": "dump.sql"})),
    step(Action("go on?", MANUAL_INTERVENTION, {"instructions": "a person is asked, and nothing is held"})),
    step(
        Action("Deploy shop", DEPLOY_RELEASE, {"project": "shop", "version": "#{Octopus.Action[back up].Output.File}"})
    ),
    step(say("announce"), parallelism=3),
    step(Action("Deploy", DEPLOY_SERVICES), start=StartTrigger.WITH_PREVIOUS),
    step(
        Action("Deploy stock", DEPLOY_RELEASE, {"project": "stock", "version": "2.0.0"}),
        start=StartTrigger.WITH_PREVIOUS,
    ),
    step(
        Action("look", HEALTH_CHECK, {"on_unhealthy": "exclude"}, runs_on=RunLocation.TARGETS),
        targets=("w1", "w2", "w3"),
    ),
    step(say("copy"), say("check"), targets=("w1", "w2", "w3"), at_once=2),
    step(Action("keep it?", MANUAL_INTERVENTION, {"instructions": "a person is asked while the switch is held"})),
    step(say("clean up"), when=Condition(RunCondition.FAILURE)),
    step(say("only with a file"), when=Condition(RunCondition.VARIABLE, "#{Octopus.Action[back up].Output.File}")),
    step(say("last")),
)


TOOLS = Action(
    "Tools",
    DEPLOY_PACKAGE,
    {"package": "Tools", "custom_directory": {"path": "/srv/tools", "purge": True}},
    runs_on=RunLocation.TARGETS,
)
ON_TARGETS = process(
    step(TOOLS, targets=("w1", "w2", "w3")),
    step(Action("Deploy", DEPLOY_SERVICES)),
    step(say("point at them"), targets=("w1", "w3")),
    step(say("last")),
)
ON_TARGETS = replace(
    ON_TARGETS,
    process=replace(ON_TARGETS.process, unavailable_targets=UnavailableTargets.SKIP),
    keep_files=Keep(releases=0),
)
"""Chooses its targets, of which one does not answer, and unpacks a package on the others, which is copied elsewhere
there; the one before it goes."""

CACHE = f"127.0.0.1:8602/tools/cache@sha256:{'ca' * 32}"
BACK = Action("Back", CREATE_NETWORK, {"network": "back"})
BEFORE_CONTAINERS = process(
    step(BACK),
    step(Action("Old net", CREATE_NETWORK, {"network": "old", "subnet": "172.30.9.0/24"})),
    step(Action("Legacy", RUN_CONTAINER, {"image": CACHE, "networks": ["old"]})),
    step(Action("Cache", RUN_CONTAINER, {"image": CACHE, "volumes": ["warm:/data"]})),
    step(Action("Agent", RUN_CONTAINER, {"image": CACHE}, runs_on=RunLocation.TARGETS), targets=("w1", "w2")),
    step(Action("Deploy", DEPLOY_SERVICES)),
)
ON_CONTAINERS = process(
    step(BACK),
    step(Action("Front", CREATE_NETWORK, {"network": "front", "options": {"com.docker.network.driver.mtu": "1400"}})),
    step(Action("Stop legacy", STOP_CONTAINER, {"containers": ["Legacy"], "networks": ["old"]})),
    step(Action("Cache", RUN_CONTAINER, {"image": CACHE, "networks": ["back", "front"], "stays_s": 0.5})),
    step(
        Action("Agent", RUN_CONTAINER, {"image": CACHE, "environment": {"A": "b"}}, runs_on=RunLocation.TARGETS),
        targets=("w1", "w2"),
    ),
    step(Action("Deploy", DEPLOY_SERVICES)),
    step(say("last")),
)
"""Replaces containers that steps left running, beside the server and on targets; makes a network, finds one, and stops
a container with another."""


@dataclass(frozen=True, slots=True)
class Strategy:
    """What is deployed before (a definition and a version each; by `process_before`, or with `is_alike` by the process,
    too), and then what is struck."""

    name: str
    before: tuple[tuple[Definition, str], ...]
    what: Definition
    version: str
    more: Mapping[str, Any] = field(default_factory=dict)
    ends_standby: bool = False
    process: ResolvedProcess | None = None
    is_alike: bool = False
    process_before: ResolvedProcess | None = None


STRATEGIES = (
    Strategy("first", (), PLAIN, "1.0.0"),
    Strategy("blue-green", ((BLUE_GREEN, "1.0.0"),), BLUE_GREEN, "1.1.0"),
    Strategy("worker", ((WORKERS, "1.0.0"),), WORKERS, "1.1.0"),
    Strategy("recreate", ((RECREATED, "1.0.0"),), RECREATED, "1.1.0"),
    Strategy("accessory", ((WITH_DATA, "1.0.0"),), MORE_DATA, "1.1.0", {"recreate_accessories": frozenset({"db"})}),
    Strategy("schema-gate", ((GATED, "1.0.0"),), GATED, "1.1.0"),
    Strategy("rollback", ((PLAIN, "1.0.0"), (PLAIN, "1.1.0")), PLAIN, "1.0.0", {"kind": "rollback"}),
    Strategy("standby-switch", ((WARM, "1.0.0"), (WARM, "1.1.0")), WARM, "1.0.0", {"kind": "rollback"}),
    Strategy("process", ((PLAIN, "1.0.0"),), PLAIN, "1.1.0", process=PROCESS),
    Strategy("targets", ((PLAIN, "1.0.0"),), PLAIN, "1.1.0", process=ON_TARGETS, is_alike=True),
    Strategy(
        "containers", ((PLAIN, "1.0.0"),), PLAIN, "1.1.0", process=ON_CONTAINERS, process_before=BEFORE_CONTAINERS
    ),
    Strategy("over-standby", ((WARM, "1.0.0"), (WARM, "1.1.0")), WARM_NO_MORE, "1.2.0", ends_standby=True),
)


@dataclass(slots=True)
class Scenario:
    """One strategy made ready: the world before, the plan, and the ends that are right."""

    strategy: Strategy
    world: World
    plan: Plan
    new: Outside
    old: Outside

    async def play(self, *mischiefs: Mischief) -> tuple[Deployed, World]:
        """The deployment, struck, in a world of its own."""
        world = _copied(self.world)
        return await _deploy(self.strategy, world, *mischiefs), world

    def contradictions(
        self, deployed: Deployed, world: World, mischiefs: Sequence[Mischief] = ()
    ) -> tuple[str, list[str]]:
        """``new`` or ``old``, by how the task ended, and what contradicts it."""
        if deployed.state is TaskState.SUCCEEDED:
            new, now = without_ids(self.new), without_ids(outside(world))
            return "new", unlike({**new, **self._untidied(mischiefs, now)}, now)
        if deployed.state not in (TaskState.ROLLED_BACK, TaskState.CANCELLED, TaskState.FAILED):
            return "otherwise", [f"the task is {deployed.state}: {deployed.end.reason}", *deployed.end.differences]
        old, now = self.old, outside(world)
        if self.strategy.ends_standby:  # an act of its own, which is not taken back
            idle = deployed.resolved.colour
            old, now = without_colour(old, idle), without_colour(now, idle)
        told = [f"the certificate says: {difference}" for difference in deployed.differences]
        return "old", unlike(old, now) + told

    def _untidied(self, mischiefs: Sequence[Mischief], now: Outside) -> Outside:
        """What a tidying that failed for good may have left on a target: a later deployment there removes it."""
        failed = {one.key for one in mischiefs if one.deed in ("fail", "no", "unreachable")}
        places = tuple(f" on {effect.target}" for effect in effects_of(self.plan.always) if effect.key in failed)
        acquired = {name: held for name, held in now.items() if " acquired on " in name}
        before = {name: held for name, held in (self.old | acquired).items() if name in now}
        left = {name: held for name, held in before.items() if places and name.endswith(places)}
        always = [effect for effect in effects_of(self.plan.always) if effect.key in failed]
        steps = {action_of(effect.key) for effect in always}
        clearing = [read(ToClear, effect).stop for effect in always if effect.kind == ClearStopped.kind]
        steps |= {(name, stop.identity.target) for stop in clearing for name in stop.containers}
        named = {f"_{name}" for stop in clearing for name in stop.networks}
        networks = {name: now[name] for name in self.old.keys() & now.keys() if name.startswith("network ")}
        left |= {name: held for name, held in networks.items() if any(name.endswith(one) for one in named)}
        stopped = {
            name: now[name]
            for name in self.old.keys() & now.keys()
            if name.startswith("container ") and _step_of(now[name]["spec"]) in steps and not now[name]["is_running"]
        }
        return {**left, **stopped}


async def prepare(strategy: Strategy) -> Scenario:
    """What stood before is deployed, and the undisturbed end is known."""
    world = World()
    world.host.offer(CACHE, idling())
    world.process = strategy.process if strategy.is_alike else strategy.process_before
    for what, version in strategy.before:
        deployed = await world.deploy(what, version, scripts=SCRIPTS)
        assert deployed.state is TaskState.SUCCEEDED, deployed.end
    world.tasks.entries.clear()  # nobody reads them again, and each case copies the world
    world.log.lines.clear()
    undisturbed = _copied(world)
    deployed = await _deploy(strategy, undisturbed)
    assert deployed.state is TaskState.SUCCEEDED, deployed.end
    assert undisturbed.live_version() == strategy.version, undisturbed.live_version()
    return Scenario(strategy, world, deployed.plan, outside(undisturbed), outside(world))


def _copied(world: World) -> World:
    """A world of its own; what never changes is shared."""
    fixed: list[object] = [part for held in world.host.containers.values() for part in (held.spec, held.image)]
    fixed += [*world.host.images.values(), *world.host.registry.values(), world.effects]
    fixed += [*(held.spec for held in world.host.networks.values()), *world.records.kept_facts.values()]
    return copy.deepcopy(world, {id(one): one for one in fixed})


async def _deploy(strategy: Strategy, world: World, *mischiefs: Mischief) -> Deployed:
    world.process = strategy.process
    return await world.deploy(strategy.what, strategy.version, *mischiefs, scripts=SCRIPTS, **strategy.more)


def outside(world: World) -> Outside:
    """All that is so: the host's containers, networks and volumes, the proxy's routes, catalogue and slots."""
    found: Outside = {}
    for name, held in world.host.containers.items():
        found[f"container {name}"] = {"id": held.id, "spec": held.spec, "is_running": held.state == "running"}
    for name, network in world.host.networks.items():
        found[f"network {name}"] = {"id": network.id, "spec": network.spec}
    for name, route in world.proxy.snapshot().items():
        found[f"route {name}"] = route
    for (_, instance), entry in world.catalogue.entries.items():
        found[f"registration {instance}"] = entry
    for (_, colour), slot in world.records.kept_slots.items():
        until = "some time" if slot.standby_until else None
        found[f"slot {colour}"] = replace(slot, standby_until=None), until
    for name, target in world.targets.items():
        found |= {f"package {directory} on {name}": files for directory, files in target.directories.items()}
        found |= {f"package {file} acquired on {name}": files for file, files in target.acquired.items()}
        found |= {f"journal entry {id} on {name}": "there" for id in target.journal}
    found |= {f"deployment {key} that was asked for": "under way" for _, key in world.children.under_way}
    return {name: value for name, value in found.items() if not _is_empty_slot(value)}


def _step_of(spec: ContainerSpec) -> tuple[str, str]:
    """The step and the target that left it."""
    target = spec.labels.get(LABEL_TARGET, NOBODY)
    return spec.labels.get(LABEL_STEP, ""), "" if target == NOBODY else target


def _is_empty_slot(value: object) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and getattr(value[0], "state", None) == "empty"


def without_ids(state: Outside) -> Outside:
    """The same; what was made once more has another id."""
    return {
        name: {key: part for key, part in value.items() if key != "id"} if isinstance(value, dict) else value
        for name, value in state.items()
    }


def without_colour(state: Outside, colour: Colour) -> Outside:
    """The same without what stands in that slot."""
    mark = f".{colour.value}."
    kept = {name: value for name, value in state.items() if mark not in f"{name}." and name != f"slot {colour}"}
    for name in [name for name in kept if name.startswith("route ")]:
        *facts, servers = kept[name]
        kept[name] = (*facts, {its: servers[its] for its in servers if its is not colour})
    return kept


def unlike(wanted: Outside, found: Outside) -> list[str]:
    """In words; empty where both are the same."""
    gone = [f"{name} is gone" for name in wanted.keys() - found.keys()]
    new = [f"{name} is left" for name in found.keys() - wanted.keys()]
    changed = [
        f"{name} is {found[name]}, not {wanted[name]}"
        for name in wanted.keys() & found.keys()
        if wanted[name] != found[name]
    ]
    return sorted(gone + new + changed)


def last_forward(plan: Plan) -> str:
    """The key of the last effect before the commit point: one that fails there has everything undone."""
    return [effect.key for effect in effects_of(plan.forward)][-1]
