"""A pipeline's surroundings in memory: repository, engine, registry and books, with the real plan and interpreter."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from fairlead.domain.ids import NodeId, RunId, SecretVersionId, TaskId
from fairlead.domain.outline import Outline, OutlineService
from fairlead.domain.plan import Plan
from fairlead.domain.service import (
    Build,
    Definition,
    Dependency,
    Health,
    HttpProbe,
    Role,
    RunningProbe,
    Service,
    Tests,
    Volume,
)
from fairlead.domain.text import SecretRef
from fairlead.engine.parts import Parts
from fairlead.ports.clock import Clock
from fairlead.ports.step import Tools
from fairlead.ports.tasks import End
from fairlead.steps.effects.tidy_run import left_of
from fairlead.steps.pipeline import Pipeline, run_labels
from fairlead.steps.run_resolved import ResolvedRun, SourceAccess
from fairlead.testing.behaviour import Behaviour, Script, http_ok
from fairlead.testing.container_world import ContainerWorld
from fairlead.testing.deploy_world import PATIENCE, WorldConnection, ending
from fairlead.testing.fake_artifacts import FakeArtifacts
from fairlead.testing.fake_clock import FakeClock
from fairlead.testing.fake_container_engine import FakeContainerEngine
from fairlead.testing.fake_records import FakeRecords
from fairlead.testing.fake_registry import FakeRegistry
from fairlead.testing.fake_secrets import FakeSecrets
from fairlead.testing.fake_source import FakeSource
from fairlead.testing.fake_tasks import FakeBinder, FakeTaskLog, FakeTasks
from fairlead.testing.sweep import Mischief, Stage

URL = "/srv/books.git"
TASK = TaskId("task-1")
WEB = Build("web", "web/Dockerfile")
FILES = {
    "fairlead.yml": b"project: books\n",
    "web/Dockerfile": b"FROM base:1\nCOPY page /page\n",
    "web/page": b"hello",
    "Dockerfile.tests": b"FROM base:1\n",
}
OUTLINE = Outline(
    "books",
    (
        OutlineService("web", WEB),
        OutlineService("db", image="db:1", is_accessory=True),
        OutlineService("cache", image="cache:1"),
    ),
    tests=Tests(build=Build(dockerfile="Dockerfile.tests"), services=("db",), built_services=("web",), timeout_s=30.0),
    carried=("fairlead.yml",),
)
SERVICES = (
    Service(
        "web",
        Role.ROUTED,
        build=WEB,
        port=8080,
        health=Health(HttpProbe("/"), within_s=5.0),
        depends_on=(Dependency("db"),),
    ),
    Service(
        "db",
        Role.ACCESSORY,
        image="db:1",
        mounts=(Volume("data", "/data"),),
        health=Health(RunningProbe(), within_s=5.0),
    ),
    Service("cache", Role.ACCESSORY, image="cache:1"),
)
DEFINITION = Definition(
    "books",
    SERVICES,
    tests=replace(OUTLINE.tests, build=None, environment={"TOKEN": SecretRef(SecretVersionId("s1"), "Token")}),  # type: ignore[type-var]
)


def resolved(commit: str, workspace: Path, **changes: object) -> ResolvedRun:
    """A run of the example."""
    made = ResolvedRun(
        task=TASK,
        run=RunId("run-1"),
        number=1,
        project="books",
        version="1.0.0",
        branch="main",
        commit=commit,
        workspace=str(workspace),
        source=SourceAccess(URL),
        outline=OUTLINE,
        definition=DEFINITION,
        created="2026-11-21T10:00:00+00:00",
        pool="10.99.0.0/24",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


@dataclass
class PipelineWorld:
    """All that outlives a server."""

    folder: Path
    clock: Clock = field(default_factory=FakeClock)
    source: FakeSource = field(default_factory=FakeSource)
    tasks: FakeTasks = field(default_factory=FakeTasks)
    records: FakeRecords = field(default_factory=FakeRecords)
    artifacts: FakeArtifacts = field(default_factory=FakeArtifacts)
    secrets: FakeSecrets = field(default_factory=lambda: FakeSecrets({SecretVersionId("s1"): "t0ken"}))

    def __post_init__(self) -> None:
        self.host = ContainerWorld(self.clock)
        self.registry = FakeRegistry(self.host)
        self.log = FakeTaskLog(self.clock)
        self.records.runs.add(TASK)
        self.builds: list[str] = []
        self.scripts: dict[str, Script] = {}
        self.host.on_build = self._built
        self.host.add_image("base:1")
        self.host.add_image("db:1")
        self.host.offer("cache:1")
        self.commit = self.source.commit(URL, "main", FILES)
        self.host.add_stranger("stranger")

    def _built(self, request: object) -> Script:
        name = request.tags[0].rpartition(":")[0].rpartition("/")[2]  # type: ignore[attr-defined]
        self.builds.append(name)
        usual: dict[str, Script] = {
            "web": Behaviour(ports=(8080,), answer=http_ok()),
            "tests.image": ending(0, "all good"),
        }
        return self.scripts.get(name) or usual[name]

    def tools(self, task: TaskId, step: str, target: str, outputs: Mapping[str, Mapping[str, object]]) -> Tools:
        return Tools(
            task=task,
            step=step,
            target=target,
            outputs=outputs,  # type: ignore[arg-type]
            container_engine=FakeContainerEngine(self.host),
            connection=WorldConnection(self.host),  # type: ignore[arg-type]
            proxy=None,  # type: ignore[arg-type]
            catalogue=None,  # type: ignore[arg-type]
            registry=self.registry,
            source=self.source,
            secrets=self.secrets,
            records=self.records,
            artifacts=self.artifacts,
            notifier=None,  # type: ignore[arg-type]
            task_log=self.log,
            clock=self.clock,
            workspace="",
        )

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"

    async def play(self, plan: Plan, *mischiefs: Mischief) -> End:
        """Through all mischief, to its end."""

        async def never(_: TaskId) -> bool:
            return False

        binder = FakeBinder()
        parts = Parts(
            node=NodeId("node"),
            effects=Pipeline.effects,
            tools=self.tools,
            tasks=self.tasks,
            binder=binder,
            pivot=never,
            task_log=self.log,
            clock=self.clock,
            patience=PATIENCE,
        )
        self.stage = Stage(parts, self.tasks, binder, task=TASK)
        return await self.stage.play(plan, mischiefs)

    async def left(self) -> list[str]:
        """What of the run is on the machine, and what is there that was not before."""
        run = resolved(self.commit, self.workspace)
        left = list(await left_of(run_labels(run), run.workspace, FakeContainerEngine(self.host)))
        left += [*sorted({*self.host.containers} - {"stranger"}), *self.host.networks, *self.host.volumes]
        return left + [tag for one in self.host.images.values() for tag in one.image.tags if tag.endswith(":1.0.0")]
