"""A host, a proxy and books in memory, with the real planner, effects and interpreter on them."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from fairlead.domain.capture import differences
from fairlead.domain.colour import Colour
from fairlead.domain.errors import Conflict, NotFound, Unreachable
from fairlead.domain.ids import DeploymentId, NodeId, ReleaseId, TaskId
from fairlead.domain.naming import route_name
from fairlead.domain.placement import claim
from fairlead.domain.plan import Plan
from fairlead.domain.service import Definition, Health, HttpProbe, Role, Route, Service
from fairlead.domain.slot import Slot, SlotState
from fairlead.domain.task import TaskState
from fairlead.engine.parts import Parts, Patience
from fairlead.ports.catalogue import Place, Registration
from fairlead.ports.connection import Streams
from fairlead.ports.proxy import RouteSpec
from fairlead.ports.step import Tools
from fairlead.ports.tasks import End
from fairlead.steps.capturing import capture, routes_of
from fairlead.steps.deploy_services import DeployServices
from fairlead.steps.effects.state import state_before
from fairlead.steps.resolved import PlannedRoute, ResolvedDeployment
from fairlead.steps.standing import standing_accessories, standing_slots
from fairlead.testing.behaviour import Behaviour, Script, http_ok
from fairlead.testing.container_world import ContainerWorld
from fairlead.testing.fake_clock import FakeClock
from fairlead.testing.fake_container_engine import FakeContainerEngine
from fairlead.testing.fake_proxy import FakeProxy, ProxyWorld
from fairlead.testing.fake_tasks import FakeBinder, FakeTaskLog, FakeTasks
from fairlead.testing.sweep import Mischief, Stage

PLACE = Place("books", "Production")
POOL = "10.77.0.0/20"
PATIENCE = Patience(cleanup_s=0.2, undo_s=30.0, onward_s=30.0, first_pause_s=0.5, last_pause_s=1.0, cancel_poll_s=0.01)
HEALTH = Health(HttpProbe("/healthz"), within_s=5.0)


class MemoryRecords:
    """ports.records in memory; `tasks` tells it who has begun to undo."""

    def __init__(self, tasks: FakeTasks) -> None:
        self.tasks = tasks
        self.slot_rows: dict[tuple[Place, Colour], Slot] = {}
        self.committed: set[str] = set()
        self.task_of: dict[str, TaskId] = {}
        self.noted: dict[TaskId, dict[str, object]] = {}

    async def slots(self, place):
        await asyncio.sleep(0)
        return {colour: self.slot_rows.get((place, colour), Slot(colour)) for colour in Colour}

    async def set_slot(self, place, slot, *, was=None):
        await asyncio.sleep(0)
        held = self.slot_rows.get((place, slot.colour), Slot(slot.colour))
        if was is not None and held not in (slot,) and held.state is not was:
            raise Conflict("edit.conflict", f"slot {slot.colour} is {held.state}")
        self.slot_rows[place, slot.colour] = slot

    async def commit(self, deployment, place, live):
        await asyncio.sleep(0)
        if deployment in self.committed:
            return
        if TaskState.UNDOING in self.tasks.entry(self.task_of[deployment]).states:
            raise Conflict("deployment.not_committed", "it has begun to undo")
        self.committed.add(deployment)
        slots = await self.slots(place)
        self.slot_rows[place, live] = replace(slots[live], state=SlotState.LIVE, standby_until=None)
        if slots[live.other].state is SlotState.LIVE:
            self.slot_rows[place, live.other] = replace(slots[live.other], state=SlotState.IDLE)

    async def is_committed(self, deployment):
        await asyncio.sleep(0)
        return deployment in self.committed

    async def stand_by(self, place, colour, until):
        held = (await self.slots(place))[colour]
        self.slot_rows[place, colour] = replace(held, state=SlotState.STANDBY, standby_until=until)

    async def create_release(self, task, facts):
        raise AssertionError("a deployment makes no release")

    async def note(self, task, name, data):
        await asyncio.sleep(0)
        self.noted.setdefault(task, {})[name] = data

    async def facts(self, task):
        await asyncio.sleep(0)
        return dict(self.noted.get(task, {}))


class MemoryCatalogue:
    """ports.catalogue in memory."""

    def __init__(self) -> None:
        self.held: dict[tuple[Place, str], Registration] = {}

    async def register(self, entries: Sequence[Registration]) -> None:
        await asyncio.sleep(0)
        self.held.update({(entry.place, entry.instance): entry for entry in entries})

    async def deregister(self, place, instances):
        await asyncio.sleep(0)
        for instance in instances:
            self.held.pop((place, instance), None)

    async def find(self, place, *, colour=None, service=""):
        found = [one for (where, _), one in self.held.items() if where == place]
        found = [one for one in found if colour in (None, one.colour) and service in ("", one.service)]
        return sorted(found, key=lambda one: (one.service, one.instance))

    async def describe(self, place):
        return {one.instance: f"{one.address}:{one.port}" for one in await self.find(place)}


class MemorySecrets:
    """ports.secrets in memory."""

    def __init__(self) -> None:
        self.held: dict[str, str] = {}
        self.asked: list[str] = []

    async def values(self, task, versions):
        wanted = list(versions)
        self.asked += wanted
        missing = [version for version in wanted if version not in self.held]
        if missing:
            raise NotFound("variable.missing", f"no secret version {missing[0]}")
        return {version: self.held[version] for version in wanted}

    def keyed_hash(self, value: str) -> str:
        return hashlib.sha256(b"key" + value.encode()).hexdigest()


class MemoryArtifacts:
    """ports.artifacts in memory."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.files: dict[tuple[TaskId, str], tuple[str, bytes]] = {}

    async def put_blob(self, content):
        key = "sha256:" + hashlib.sha256(content).hexdigest()
        self.blobs[key] = content
        return key

    async def blob(self, key):
        return self.blobs[key]

    async def attach(self, task, name, content, *, kind):
        self.files[task, name] = (kind, content)

    async def names(self, task):
        return {name: kind for (where, name), (kind, _) in self.files.items() if where == task}

    async def read(self, task, name):
        return self.files[task, name][1]


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


class NoRegistry:
    """A registry that needs no credentials."""

    address = "127.0.0.1:8602"

    def credentials(self):
        return None


@dataclass
class World:
    """All that outlives a server, and the clock."""

    clock: FakeClock = field(default_factory=FakeClock)
    proxy: ProxyWorld = field(default_factory=ProxyWorld)
    tasks: FakeTasks = field(default_factory=FakeTasks)
    catalogue: MemoryCatalogue = field(default_factory=MemoryCatalogue)
    secrets: MemorySecrets = field(default_factory=MemorySecrets)
    artifacts: MemoryArtifacts = field(default_factory=MemoryArtifacts)
    number: int = 0

    def __post_init__(self) -> None:
        self.host = ContainerWorld(self.clock)
        self.records = MemoryRecords(self.tasks)
        self.log = FakeTaskLog(self.clock)

    @property
    def engine(self) -> FakeContainerEngine:
        return FakeContainerEngine(self.host)

    def tools(self, task: TaskId, step: str, target: str, outputs: Mapping[str, Mapping[str, object]]) -> Tools:
        return Tools(
            task=task,
            step=step,
            target=target,
            outputs=outputs,  # type: ignore[arg-type]
            container_engine=self.engine,
            connection=WorldConnection(self.host),  # type: ignore[arg-type]
            proxy=FakeProxy(self.proxy, self.clock),
            catalogue=self.catalogue,
            registry=NoRegistry(),  # type: ignore[arg-type]
            source=None,  # type: ignore[arg-type]
            secrets=self.secrets,
            records=self.records,
            artifacts=self.artifacts,
            notifier=None,  # type: ignore[arg-type]
            task_log=self.log,
            clock=self.clock,
            workspace="",
        )

    async def capture(self):
        return await capture(
            PLACE,
            container_engine=self.engine,
            proxy=FakeProxy(self.proxy, self.clock),
            catalogue=self.catalogue,
            records=self.records,
            secrets=self.secrets,
        )

    def image(self, service: str, version: str, script: Script | None = None) -> str:
        """An image of the service, by digest, in the registry."""
        digest = hashlib.sha256(f"{service}{version}".encode()).hexdigest()
        reference = f"127.0.0.1:8602/books/{service}@sha256:{digest}"
        return self.host.offer(reference, script or serving())

    async def resolve(self, definition: Definition, version: str, **changes) -> ResolvedDeployment:
        """What a binder would gather now. `scripts` says what the images do."""
        self.number += 1
        scripts: Mapping[str, Script] = changes.pop("scripts", {})
        images = {one.name: self.image(one.name, version, scripts.get(one.name)) for one in definition.services}
        if definition.tests and "test_image" not in changes:
            changes["test_image"] = self.image("tests", version, scripts.get("tests", ending(0)))
        slots = await standing_slots(PLACE, records=self.records, container_engine=self.engine)
        live = [colour for colour, standing in slots.items() if standing.slot.state is SlotState.LIVE]
        environment, slot = claim(POOL, await self.engine.used_subnets(), 2)
        resolved = ResolvedDeployment(
            deployment=DeploymentId(f"dep-{self.number}"),
            number=self.number,
            place=PLACE,
            release=ReleaseId(f"rel-{version}"),
            version=version,
            definition=definition,
            images=images,
            colour=live[0].other if live else Colour.BLUE,
            slots=slots,
            environment_subnet=environment,
            slot_subnet=slot,
            routes=planned_routes(definition),
            routes_before=await routes_of(PLACE, FakeProxy(self.proxy, self.clock)),
            accessories=await standing_accessories(PLACE, container_engine=self.engine),
        )
        return replace(resolved, **changes)

    async def deploy(self, definition: Definition, version: str, *mischiefs: Mischief, **changes) -> "Deployed":
        """Plans and plays it, through all mischief."""
        resolved = await self.resolve(definition, version, **changes)
        return await self.play(resolved, *mischiefs)

    async def play(self, resolved: ResolvedDeployment, *mischiefs: Mischief) -> "Deployed":
        task = TaskId(f"task-{resolved.number}")
        self.records.task_of[resolved.deployment] = task
        plan = DeployServices().plan(resolved)

        async def pivot(_: TaskId) -> bool:
            return await self.records.is_committed(resolved.deployment)

        binder = FakeBinder()
        parts = Parts(
            node=NodeId("node"),
            effects=DeployServices.effects,
            tools=self.tools,
            tasks=self.tasks,
            binder=binder,
            pivot=pivot,
            task_log=self.log,
            clock=self.clock,
            patience=PATIENCE,
        )
        stage = Stage(parts, self.tasks, binder, task=task)
        end = await stage.play(plan, mischiefs)
        before = state_before(self.records.noted.get(task, {}))
        left = differences(before, await self.capture()) if before else ()
        return Deployed(resolved, plan, end, left, stage)

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


def serving(**changes) -> Behaviour:
    """Listens on 8080 and answers 200."""
    return replace(Behaviour(ports=(8080,), answer=http_ok(), ready_after_s=0.3), **changes)


def ending(exit_code: int, *lines: str, after_s: float = 0.5, **changes) -> Behaviour:
    """Writes the lines and ends."""
    output = tuple(("stdout", line) for line in lines)
    return replace(Behaviour(output=output, ends_after_s=after_s, exit_code=exit_code), **changes)  # type: ignore[arg-type]


def idling() -> Behaviour:
    """A worker: runs, listens on nothing."""
    return Behaviour()


def web(**changes) -> Service:
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


def definition(*services: Service, **changes) -> Definition:
    """A project of these services (a web service alone where none is given)."""
    return Definition("books", services or (web(),), **changes)


def planned_routes(definition: Definition) -> tuple[PlannedRoute, ...]:
    """Every route of the definition with its name."""
    return tuple(
        PlannedRoute(one.name, RouteSpec(name_of(route.host, route.path), route.host, route.path, route.tls))
        for one in definition.services
        for route in one.routes
    )


name_of = partial(route_name, PLACE.project, PLACE.environment)
