"""A host, a proxy and books in memory, with the real planner, effects and interpreter on them."""

import asyncio
import hashlib
import shutil
import tempfile
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from fairlead.domain.announced import Announced, unexpected
from fairlead.domain.capture import Capture, differences
from fairlead.domain.colour import Colour
from fairlead.domain.errors import Unreachable
from fairlead.domain.ids import DeploymentId, NodeId, ReleaseId, TaskId
from fairlead.domain.naming import route_name
from fairlead.domain.placement import claim
from fairlead.domain.plan import Plan
from fairlead.domain.service import Definition, Health, HttpProbe, Role, Route, Service
from fairlead.domain.slot import SlotState
from fairlead.domain.task import TaskState
from fairlead.engine.parts import Parts, Patience
from fairlead.ports.catalogue import Place
from fairlead.ports.clock import Clock
from fairlead.ports.connection import Connection, Streams
from fairlead.ports.container_engine import ContainerEngine
from fairlead.ports.hosts import NoHosts, Seen
from fairlead.ports.proxy import Proxy, RouteSpec
from fairlead.ports.step import EffectKind, Tools
from fairlead.ports.tasks import End
from fairlead.ports.traffic import Traffic
from fairlead.steps import run_process
from fairlead.steps.capturing import capture, routes_of
from fairlead.steps.effects.state import state_before
from fairlead.steps.process_resolved import ResolvedProcess
from fairlead.steps.resolved import LiveRelease, PlannedRoute, ResolvedDeployment
from fairlead.steps.standing import standing_accessories, standing_slots
from fairlead.testing.behaviour import Behaviour, Script, http_ok
from fairlead.testing.container_world import ContainerWorld
from fairlead.testing.fake_artifacts import FakeArtifacts
from fairlead.testing.fake_catalogue import FakeCatalogue
from fairlead.testing.fake_children import FakeChildren
from fairlead.testing.fake_clock import FakeClock
from fairlead.testing.fake_connection import FakeConnection
from fairlead.testing.fake_container_engine import FakeContainerEngine
from fairlead.testing.fake_interruptions import FakeInterruptions
from fairlead.testing.fake_package_host import FakePackageHost
from fairlead.testing.fake_proxy import FakeProxy, ProxyWorld
from fairlead.testing.fake_records import DeploymentEntry, FakeRecords
from fairlead.testing.fake_secrets import FakeSecrets
from fairlead.testing.fake_tasks import FakeBinder, FakeTaskLog, FakeTasks
from fairlead.testing.fake_traffic import FakeTraffic
from fairlead.testing.mischief import Mischief
from fairlead.testing.processes import PACKAGES, TOOLS
from fairlead.testing.sweep import Stage
from fairlead.testing.toy_actions import KINDS

PLACE = Place("books", "Production")
POOL = "10.77.0.0/20"
PATIENCE = Patience(cleanup_s=0.2, undo_s=30.0, onward_s=30.0, first_pause_s=0.5, last_pause_s=1.0, cancel_poll_s=0.01)
HEALTH = Health(HttpProbe("/healthz"), within_s=5.0)

EFFECTS: Mapping[str, EffectKind] = {name: effect for kind in KINDS.values() for name, effect in kind.effects.items()}


class BooksOfTasks(FakeTasks):
    """The fake book of tasks, which tells the fake records who has begun to undo, as the store does."""

    def __init__(self) -> None:
        super().__init__()
        self.records = FakeRecords()
        self.deployment_of: dict[TaskId, DeploymentId] = {}

    async def state(self, task: TaskId, state: TaskState) -> None:
        await super().state(task, state)
        if state is TaskState.UNDOING:
            self.records.deployments[self.deployment_of[task]].has_begun_to_undo = True


class WorldConnection:
    """ports.connection, as far as probes dial: without sockets, so that a sweep of hundreds of cases is quick."""

    name = "local"

    def __init__(self, world: ContainerWorld) -> None:
        self.world = world

    async def dial(self, address: str) -> Streams:
        await asyncio.sleep(0)
        _, host, port = address.split(":")
        container = self.world.listener(host, int(port))
        if container is None:
            raise Unreachable("host.unreachable", f"{host}:{port} refused") from ConnectionRefusedError()
        reader = asyncio.StreamReader()
        if container.behaviour.answer:
            reader.feed_data(container.behaviour.answer(b"GET / HTTP/1.1\r\n\r\n"))
        reader.feed_eof()
        return Streams(reader, MutedWriter())  # type: ignore[arg-type]


class MutedWriter:
    """Takes what is written."""

    def write(self, data: bytes) -> None: ...
    async def drain(self) -> None: ...
    def close(self) -> None: ...
    async def wait_closed(self) -> None: ...


SILENT = "w3"
"""A target that answers nobody."""


class SomeHosts(NoHosts):
    """Hosts that answer, but for one; all of them share one engine."""

    def __init__(self, hosts: dict[str, FakePackageHost], engine: ContainerEngine) -> None:
        self.hosts = hosts
        self.engine = engine

    async def engine_of(self, target: str) -> ContainerEngine:
        if target == SILENT:
            raise Unreachable("host.unreachable", f"{target} does not answer", thing=target)
        return self.engine

    async def of_target(self, target: str) -> Connection:
        if target == SILENT:
            raise Unreachable("host.unreachable", f"{target} does not answer", thing=target)
        return FakeConnection(self.hosts.setdefault(target, FakePackageHost()), name=target)

    async def look(self, target: str) -> Seen:
        await asyncio.sleep(0)
        if target == SILENT:
            raise Unreachable("host.unreachable", f"{target} does not answer", thing=target)
        return Seen(0.0, ())


class NoRegistry:
    """A registry that needs no credentials."""

    address = "127.0.0.1:8602"

    def credentials(self) -> None:
        return None


@dataclass
class World:
    """All that outlives a server, and the clock."""

    clock: Clock = field(default_factory=FakeClock)
    proxy: ProxyWorld = field(default_factory=ProxyWorld)
    tasks: BooksOfTasks = field(default_factory=BooksOfTasks)
    catalogue: FakeCatalogue = field(default_factory=FakeCatalogue)
    secrets: FakeSecrets = field(default_factory=FakeSecrets)
    artifacts: FakeArtifacts = field(default_factory=FakeArtifacts)
    traffic: Traffic = field(default_factory=FakeTraffic)
    number: int = 0
    shipped: dict[str, LiveRelease] = field(default_factory=dict)
    effects: Mapping[str, EffectKind] = field(default_factory=lambda: EFFECTS)
    pool: str = POOL
    bound_s: float = 30.0
    place: Place = PLACE
    patience: Patience = PATIENCE
    reshape: Callable[[Plan], Plan] = lambda plan: plan
    process: ResolvedProcess | None = None
    interruptions: FakeInterruptions = field(default_factory=FakeInterruptions)
    children: FakeChildren = field(default_factory=FakeChildren)
    targets: dict[str, FakePackageHost] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.host = ContainerWorld(self.clock)
        self.records = self.tasks.records
        self.log = FakeTaskLog(self.clock)
        self.workspace = tempfile.mkdtemp(prefix="fairlead-world-")
        weakref.finalize(self, shutil.rmtree, self.workspace, ignore_errors=True)
        self.artifacts.blobs |= {one.blob: TOOLS for one in PACKAGES.values()}

    @property
    def engine(self) -> ContainerEngine:
        return FakeContainerEngine(self.host)

    @property
    def routes(self) -> Proxy:
        return FakeProxy(self.proxy, self.clock)

    @property
    def connection(self) -> Connection:
        return WorldConnection(self.host)  # type: ignore[return-value]

    def tools(self, task: TaskId, step: str, target: str, outputs: Mapping[str, Mapping[str, object]]) -> Tools:
        return Tools(
            task=task,
            step=step,
            target=target,
            outputs=outputs,  # type: ignore[arg-type]
            container_engine=self.engine,
            connection=self.connection,
            proxy=self.routes,
            catalogue=self.catalogue,
            registry=NoRegistry(),  # type: ignore[arg-type]
            source=None,  # type: ignore[arg-type]
            secrets=self.secrets,
            records=self.records,
            artifacts=self.artifacts,
            notifier=None,  # type: ignore[arg-type]
            task_log=self.log,
            clock=self.clock,
            workspace=self.workspace,
            traffic=self.traffic,
            children=self.children,
            hosts=SomeHosts(self.targets, self.engine),
        )

    async def capture(self) -> Capture:
        """The state as the certificate takes it."""
        return await capture(
            self.place,
            container_engine=self.engine,
            proxy=self.routes,
            catalogue=self.catalogue,
            records=self.records,
            secrets=self.secrets,
        )

    def image(self, service: str, version: str, script: Script | None = None) -> str:
        """An image of the service, by digest, in the registry."""
        digest = hashlib.sha256(f"{service}{version}".encode()).hexdigest()
        reference = f"127.0.0.1:8602/books/{service}@sha256:{digest}"
        return self.host.offer(reference, script or serving())

    async def resolve(self, definition: Definition, version: str, **changes: Any) -> ResolvedDeployment:
        """What a binder would gather now. `scripts` says what the images do."""
        self.number += 1
        scripts: Mapping[str, Script] = changes.pop("scripts", {})
        images = {one.name: self.image(one.name, version, scripts.get(one.name)) for one in definition.services}
        images.update(changes.pop("images", {}))
        if definition.tests and "test_image" not in changes:
            changes["test_image"] = self.image("tests", version, scripts.get("tests", ending(0)))
        slots = await standing_slots(self.place, records=self.records, container_engine=self.engine)
        live = [colour for colour, standing in slots.items() if standing.slot.state is SlotState.LIVE]
        environment, slot = claim(self.pool, await self.engine.used_subnets(), 2)
        before = self.shipped.get(slots[live[0]].slot.version) if live else None
        self.shipped[version] = LiveRelease(version, definition, images, changes.get("test_image", ""))
        resolved = ResolvedDeployment(
            deployment=DeploymentId(f"dep-{self.number}"),
            number=self.number,
            place=self.place,
            release=ReleaseId(f"rel-{version}"),
            version=version,
            definition=definition,
            images=images,
            colour=live[0].other if live else Colour.BLUE,
            slots=slots,
            environment_subnet=environment,
            slot_subnet=slot,
            routes=planned_routes(definition, self.place),
            routes_before=await routes_of(self.place, self.routes),
            accessories=await standing_accessories(self.place, container_engine=self.engine),
            before=before,
            pool=self.pool,
        )
        return replace(resolved, **changes)

    async def deploy(self, definition: Definition, version: str, *mischiefs: Mischief, **changes: Any) -> "Deployed":
        """Plans and plays it, through all mischief."""
        resolved = await self.resolve(definition, version, **changes)
        return await self.play(resolved, *mischiefs)

    async def play(self, resolved: ResolvedDeployment, *mischiefs: Mischief) -> "Deployed":
        task = TaskId(f"task-{resolved.number}")
        self.records.deployments[resolved.deployment] = DeploymentEntry()
        self.tasks.deployment_of[task] = resolved.deployment
        plan = self.reshape(run_process.plan(resolved, self.process, KINDS))

        async def pivot(task: TaskId) -> bool:
            return await self.records.is_committed(resolved.deployment)

        binder = FakeBinder()
        parts = Parts(
            node=NodeId("node"),
            effects=self.effects,
            tools=self.tools,
            tasks=self.tasks,
            binder=binder,
            pivot=pivot,
            task_log=self.log,
            clock=self.clock,
            interruptions=self.interruptions,
            patience=self.patience,
        )
        stage = Stage(parts, self.tasks, binder, task=task, bound_s=self.bound_s, answer=self.say_yes)
        end = await stage.play(plan, mischiefs)
        before = state_before(await self.records.facts(task))
        after = await self.capture()
        left: tuple[str, ...] = ()
        if before and end.state is TaskState.SUCCEEDED:
            left = unexpected(before, after, plan.announced or Announced())
        elif before:
            left = differences(before, after)
        return Deployed(resolved, plan, end, left, stage)

    def say_yes(self, stage: Stage) -> None:
        """Whoever is asked says so, to a failure too; deployments that it asked for go live."""
        self.children.end(stage.task)
        for key in self.interruptions.waiting(stage.task):
            choices = self.interruptions.asked[stage.task, key][0].choices
            self.interruptions.answer(stage.task, key, choices[0])

    def standing(self) -> set[str]:
        """Names of the containers that run."""
        return {name for name, held in self.host.containers.items() if held.state == "running"}

    def live_version(self, host: str = "books.example.com") -> str:
        """Which version a user gets now."""
        found = self.proxy.server_for(host)
        if found is None:
            return ""
        container = self.host.listener(found[1].address, found[1].port)
        return container.spec.labels["io.fairlead.version"] if container else "dead"


@dataclass
class Deployed:
    """How one deployment went."""

    resolved: ResolvedDeployment
    plan: Plan
    end: End
    differences: tuple[str, ...]
    stage: Stage

    @property
    def state(self) -> TaskState:
        return self.end.state


def serving(**changes: Any) -> Behaviour:
    """Listens on 8080 and answers 200."""
    return replace(Behaviour(ports=(8080,), answer=http_ok(), ready_after_s=0.3), **changes)


def ending(exit_code: int, *lines: str, after_s: float = 0.5, **changes: Any) -> Behaviour:
    """Writes the lines and ends."""
    output = tuple(("stdout", line) for line in lines)
    return replace(Behaviour(output=output, ends_after_s=after_s, exit_code=exit_code), **changes)  # type: ignore[arg-type]


def idling() -> Behaviour:
    """A worker: runs, listens on nothing."""
    return Behaviour()


def web(**changes: Any) -> Service:
    """A routed service with one replica."""
    service = Service(
        "web",
        Role.ROUTED,
        port=8080,
        routes=(Route("books.example.com"),),
        health=HEALTH,
        stop_grace_s=1.0,
        drain_s=5.0,
    )
    return replace(service, **changes)


def definition(*services: Service, **changes: Any) -> Definition:
    """A project of these services (a web service alone where none is given)."""
    return Definition("books", services or (web(),), **changes)


def planned_routes(definition: Definition, place: Place) -> tuple[PlannedRoute, ...]:
    """Every route of the definition with its name."""
    return tuple(
        PlannedRoute(one.name, RouteSpec(name_of(place, route), route.host, route.path, route.tls))
        for one in definition.services
        for route in one.routes
    )


def name_of(place: Place, route: Route) -> str:
    """The route's name at the proxy."""
    return route_name(place.project, place.environment, route.host, route.path, tenant=place.tenant)
