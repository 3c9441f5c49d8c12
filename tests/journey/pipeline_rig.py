"""What the pipeline's journey stands on: a real registry, engine and repository, and books in memory."""

import asyncio
import hashlib
import os
import signal
import subprocess
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from fairlead.adapters.connections.local import LocalConnection
from fairlead.adapters.engines.docker import DockerEngine
from fairlead.adapters.registries.distribution import DistributionRegistry
from fairlead.adapters.sources.git import Git
from fairlead.adapters.system import SystemClock
from fairlead.domain.effect import Done, Outcome, SaidNo
from fairlead.domain.errors import FairleadError, NotFound
from fairlead.domain.ids import ReleaseId, TaskId
from fairlead.domain.plan import Effect, InParallel, Node, Plan, Step
from fairlead.domain.plan import Sequence as Ordered
from fairlead.domain.record import Json, from_data, to_data
from fairlead.ports.step import EffectKind, Tools
from fairlead.steps.pipeline import Pipeline
from fairlead.testing.fake_secrets import FakeSecrets
from fairlead.testing.fake_tasks import FakeTaskLog


def start_registry(binary: Path, port: int, folder: Path, *, htpasswd: Path | None = None) -> subprocess.Popen[bytes]:
    """A real registry; with `htpasswd` it lets in only who is named there."""
    settings = folder / "registry.yml"
    guarded = f"auth:\n  htpasswd: {{realm: private, path: {htpasswd}}}\n" if htpasswd else ""
    settings.write_text(
        f"version: 0.1\nlog: {{level: error}}\nstorage:\n  filesystem: {{rootdirectory: {folder / 'images'}}}\n"
        f"  delete: {{enabled: true}}\nhttp: {{addr: '127.0.0.1:{port}'}}\n{guarded}"
    )
    environment = {"PATH": os.environ["PATH"], "OTEL_TRACES_EXPORTER": "none"}
    with (folder / "registry.log").open("wb") as log:
        child = subprocess.Popen(
            [str(binary), "serve", str(settings)], stdout=subprocess.DEVNULL, stderr=log, env=environment
        )
    deadline = time.monotonic() + 20
    while True:
        try:
            if httpx2.get(f"http://127.0.0.1:{port}/v2/", trust_env=False, timeout=2).status_code in (200, 401):
                return child
        except httpx2.HTTPError:
            if time.monotonic() > deadline or child.poll() is not None:
                child.kill()
                raise
            time.sleep(0.05)


def stop_registry(child: subprocess.Popen[bytes]) -> None:
    child.send_signal(signal.SIGTERM)
    child.wait(timeout=20)


class Books:
    """Records and Artifacts in memory, as far as a run asks."""

    def __init__(self) -> None:
        self.noted: dict[str, Json] = {}
        self.releases: dict[TaskId, Mapping[str, Json]] = {}
        self.blobs: dict[str, bytes] = {}
        self.attached: dict[str, tuple[str, bytes]] = {}
        self.let_go_first: list[str] = []
        self.needed: frozenset[str] = frozenset()

    async def create_release(self, task: TaskId, facts: Mapping[str, Json]) -> ReleaseId:
        self.releases.setdefault(task, facts)
        return ReleaseId("rel-1")

    async def let_go(self, references: Collection[str]) -> frozenset[str]:
        self.let_go_first = sorted(references)
        return frozenset(references) - self.needed

    async def are_there(self, references: Collection[str]) -> None:
        self.let_go_first = sorted({*self.let_go_first} - {*references})

    async def note(self, task: TaskId, name: str, data: Json) -> None:
        self.noted[name] = data

    async def facts(self, task: TaskId) -> Mapping[str, Json]:
        return self.noted

    async def put_blob(self, content: bytes) -> str:
        key = "sha256:" + hashlib.sha256(content).hexdigest()
        self.blobs[key] = content
        return key

    async def blob(self, key: str) -> bytes:
        return self.blobs[key]

    async def attach(self, task: TaskId, name: str, content: bytes, *, kind: str) -> None:
        self.attached[name] = (kind, content)

    async def names(self, task: TaskId) -> Mapping[str, str]:
        return {name: kind for name, (kind, _) in self.attached.items()}

    async def read(self, task: TaskId, name: str) -> bytes:
        if name not in self.attached:
            raise NotFound("page.unknown", name)
        return self.attached[name][1]


@dataclass
class Ended:
    """How a run ended, and what it said."""

    outcome: Outcome
    books: Books
    outputs: dict[str, Mapping[str, Json]]
    log: str
    ran: list[str] = field(default_factory=list)


class Stopped(Exception):
    """An effect said no, or could not ask."""

    def __init__(self, said: SaidNo) -> None:
        super().__init__(said.reason)
        self.said = said


@dataclass
class Rig:
    """Runs plans in order: look, do, and when one says no, undo in reverse; then `always`."""

    engine: DockerEngine
    registry: DistributionRegistry
    source: Git
    folder: Path
    secrets: FakeSecrets = field(default_factory=FakeSecrets)
    kinds: Mapping[str, EffectKind] = field(default_factory=lambda: Pipeline.effects)

    async def clear(self, labels: Mapping[str, str]) -> None:
        """Whatever a test that broke off has left."""
        for container in await self.engine.containers(labels):
            await self.engine.remove(container.id)
        for network in await self.engine.networks(labels):
            await self.engine.remove_network(network.id)
        for volume in await self.engine.volumes(labels):
            await self.engine.remove_volume(volume.name)

    async def run(self, plan: Plan, task: str) -> Ended:
        plan = from_data(Plan, to_data(plan))  # as the engine keeps it
        books, log = Books(), FakeTaskLog()
        ended = Ended(Done(), books, {}, "")
        begun: list[Effect] = []

        def tools(effect: Effect) -> Tools:
            return Tools(
                task=TaskId(task),
                step=effect.key,
                target="local",
                outputs=ended.outputs,
                container_engine=self.engine,
                connection=LocalConnection(self.folder / "tickets"),
                proxy=None,  # type: ignore[arg-type]
                catalogue=None,  # type: ignore[arg-type]
                registry=self.registry,
                source=self.source,
                secrets=self.secrets,
                records=books,  # type: ignore[arg-type]
                artifacts=books,
                notifier=None,  # type: ignore[arg-type]
                task_log=log,
                clock=SystemClock(),
                workspace=str(self.folder / "workspace"),
            )

        async def one(effect: Effect) -> None:
            kind = self.kinds[effect.kind]
            begun.append(effect)
            ended.ran.append(effect.key)
            async with asyncio.timeout(effect.timeout_s):
                looked = await kind.look(effect, tools(effect))
                try:
                    outcome = looked if isinstance(looked, Done) else await kind.do(effect, tools(effect))
                except FairleadError as error:
                    outcome = SaidNo(error.code, error.message, error.hint)
            if isinstance(outcome, SaidNo):
                raise Stopped(outcome)
            ended.outputs[effect.key] = outcome.output

        async def walk(node: Node) -> None:
            match node:
                case Effect():
                    await one(node)
                case Ordered(nodes=nodes):
                    for child in nodes:
                        await walk(child)
                case InParallel(nodes=nodes):
                    ends = await asyncio.gather(*(walk(child) for child in nodes), return_exceptions=True)
                    for end in ends:
                        if isinstance(end, BaseException):
                            raise end
                case Step(node=child):
                    await walk(child)
                case _:
                    raise AssertionError(node)

        try:
            await walk(plan.forward)
        except Stopped as stopped:
            ended.outcome = stopped.said
            for effect in reversed(begun):
                if effect.is_undone:
                    await self.kinds[effect.kind].undo(effect, tools(effect))
        await walk(plan.always)
        ended.log = log.text(TaskId(task))
        return ended
