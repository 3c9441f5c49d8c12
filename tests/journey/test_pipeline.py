"""From a commit to a release on a real engine, registry and repository; afterwards nothing of the run is left."""

import dataclasses
import http.client
import json
import os
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.journey.pipeline_rig import Ended, Rig, start_registry, stop_registry

from fairlead.adapters.engines.docker import DockerEngine
from fairlead.adapters.registries.distribution import DistributionRegistry
from fairlead.adapters.sources.git import Git
from fairlead.domain.effect import Done, SaidNo
from fairlead.domain.ids import RunId, SecretVersionId, TaskId
from fairlead.domain.outline import Outline, OutlineService
from fairlead.domain.registry_login import RegistryLogin
from fairlead.domain.service import (
    Bind,
    Build,
    Definition,
    ExecProbe,
    Health,
    HttpProbe,
    Role,
    Service,
    Tests,
    Volume,
)
from fairlead.domain.text import SecretRef
from fairlead.ports.container_engine import Credentials
from fairlead.ports.source import Repository
from fairlead.steps import workspace
from fairlead.steps.pipeline import plan
from fairlead.steps.run_resolved import ResolvedRun, SourceAccess
from fairlead.testing.fake_secrets import FakeSecrets

POOL = "10.231.128.0/20"
WEB = b"""ARG BASE=fairlead-base-busybox:1
FROM ${BASE}
COPY page.html /www/index.html
LABEL kept=yes
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
"""
TESTS = b"""FROM fairlead-base-busybox:1
COPY run_tests.sh /run_tests.sh
CMD ["sh", "/run_tests.sh"]
"""
PASSING = b"""set -e
echo "type $TEST_TYPE of $TEST_RELEASE at $TEST_URL with $GREETING"
mkdir -p /results
if [ -n "$TEST_URL" ]; then wget -q -O - "$TEST_URL/"; fi
if [ -z "$TEST_URL" ]; then nc -w 2 store 9000 </dev/null; fi
cat > /results/report.xml <<END
<testsuite name="t"><testcase classname="books" name="opens" time="0.1"/>
<testcase classname="books" name="sells"/></testsuite>
END
"""
FAILING = b"""echo "going to fail"
mkdir -p /results
cat > /results/report.xml <<END
<testsuite name="t"><testcase classname="books" name="opens"/>
<testcase classname="books" name="sells"><failure message="sold nothing">expected 1</failure></testcase></testsuite>
END
exit 1
"""
FILES = {
    "web/Dockerfile": WEB,
    "web/page.html": b"hello",
    "web/.dockerignore": b"*.md\n",
    "web/notes.md": b"1",
    "Dockerfile.tests": TESTS,
    "run_tests.sh": PASSING,
    "fairlead.yml": b"project: books\n",
}
WEB_BUILD = Build(context="web", dockerfile="web/Dockerfile")


@dataclass
class Project:
    """A repository that runs are made of."""

    rig: Rig
    bare: Path
    name: str
    number: int = 0

    def push(self, files: Mapping[str, bytes]) -> str:
        work = self.rig.folder / "work"
        shutil.rmtree(work, ignore_errors=True)
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_NOSYSTEM": "1",
            **{f"GIT_{who}_{what}": "a@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        }

        def git(*arguments: str) -> str:
            command = ["git", "-C", str(work), *arguments]
            return subprocess.run(command, env=environment, capture_output=True, check=True, timeout=60).stdout.decode()

        subprocess.run(["git", "clone", "-q", str(self.bare), str(work)], env=environment, check=True, timeout=60)
        git("checkout", "-q", "-B", "main")
        for name, content in files.items():
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            (work / name).write_bytes(content)
        git("add", "-A")
        git("commit", "-q", "-m", f"change {self.number}")
        git("push", "-q", "origin", "main")
        return git("rev-parse", "HEAD").strip()

    def resolved(self, commit: str, *, tests: Tests | None, previous: str = "") -> ResolvedRun:
        self.number += 1
        task = f"task-{self.name}-{self.number}"
        web = Service(
            "web",
            Role.ROUTED,
            build=WEB_BUILD,
            port=8080,
            health=Health(HttpProbe("/")),
            mounts=(Bind("/etc", "/host"),),
            privileged=True,
        )
        store = Service(
            "store",
            Role.ACCESSORY,
            image="fairlead-base-busybox:1",
            command=("sh", "-c", "test -d /data && while true; do echo hi | nc -l -p 9000; done"),
            mounts=(Volume("data", "/data"),),
            health=Health(ExecProbe(("true",))),
        )
        kept = dataclasses.replace(tests, build=None) if tests else None
        return ResolvedRun(
            task=TaskId(task),
            run=RunId(f"run-{self.number}"),
            number=self.number,
            project=self.name,
            version=f"1.{self.number}.0",
            branch="main",
            commit=commit,
            previous=previous,
            workspace=str(self.rig.folder / "runs" / task),
            source=SourceAccess(str(self.bare)),
            outline=Outline(
                project=self.name,
                services=(
                    OutlineService("web", WEB_BUILD),
                    OutlineService("store", image="fairlead-base-busybox:1", is_accessory=True),
                    OutlineService("later", image="#{Image}"),
                ),
                tests=tests,
                carried=("fairlead.yml",),
            ),
            definition=Definition(self.name, (web, store), tests=kept),
            created="2026-11-21T10:00:00Z",
            pool=POOL,
        )

    async def run(self, resolved: ResolvedRun) -> Ended:
        await workspace.prepare(
            self.rig.source, Repository(str(self.bare)), resolved.commit, resolved.workspace
        )  # as the binder does
        return await self.rig.run(plan(resolved), resolved.task)


@pytest.fixture
def registry(registry_binary: Path, free_port: Callable[[], int], tmp_path: Path) -> Iterator[DistributionRegistry]:
    port = free_port()
    folder = tmp_path / "registry"
    folder.mkdir()
    child = start_registry(registry_binary, port, folder)
    yield DistributionRegistry(f"http://127.0.0.1:{port}")
    stop_registry(child)


@pytest.fixture
async def project(
    docker_socket: Path,
    base_image: str,
    git_binary: Path,
    registry: DistributionRegistry,
    tmp_path: Path,
    test_session: str,
) -> AsyncIterator[Project]:
    bare = tmp_path / "books.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(bare)], check=True, timeout=30)
    async with DockerEngine(str(docker_socket)) as engine:
        name = f"books-{test_session[:6]}"
        rig = Rig(engine, registry, Git(tmp_path / "data"), tmp_path)
        try:
            yield Project(rig, bare, name)
        finally:
            await rig.clear({"io.fairlead.project": name})
            for image in await engine.images({"io.fairlead.project": name}):
                for reference in (*image.tags, *image.digests):
                    await engine.remove_image(reference)
            mine = await engine.image(base_image)
            for reference in (*(mine.tags if mine else ()), *(mine.digests if mine else ())):
                if reference.startswith(registry.address):
                    await engine.remove_image(reference)


class _EngineConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("engine", timeout=30)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self._path))


def on_the_machine(engine: Path, prefix: str) -> dict[str, set[str]]:
    """Containers, networks and volumes whose name begins so, asked of the engine by hand."""

    def ask(target: str) -> object:
        connection = _EngineConnection(engine)
        try:
            connection.request("GET", target)
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    containers = {one["Names"][0].lstrip("/") for one in ask("/v1.41/containers/json?all=1")}  # type: ignore[attr-defined, index]
    networks = {one["Name"] for one in ask("/v1.41/networks")}  # type: ignore[attr-defined, index]
    volumes = {one["Name"] for one in ask("/v1.41/volumes")["Volumes"]}  # type: ignore[index]
    found = {"containers": containers, "networks": networks, "volumes": volumes}
    return {noun: {name for name in names if name.startswith(prefix)} for noun, names in found.items()}


def suite_with(**changes: object) -> Tests:
    tests = Tests(
        build=Build(dockerfile="Dockerfile.tests"),
        environment={"GREETING": SecretRef(SecretVersionId("s1"), "Greeting")},
        services=("store",),
        timeout_s=60.0,
    )
    return dataclasses.replace(tests, **changes)  # type: ignore[arg-type]


async def test_a_commit_becomes_a_release_and_nothing_of_the_run_is_left(project: Project, docker_socket: Path) -> None:
    project.rig.secrets = FakeSecrets({SecretVersionId("s1"): "good day"})
    commit = project.push(FILES)
    before = on_the_machine(docker_socket, project.name)
    resolved = project.resolved(commit, tests=suite_with(built_services=("web",)))
    ended = await project.run(resolved)
    assert isinstance(ended.outcome, Done), ended.log

    (facts,) = ended.books.releases.values()
    images = facts["images"]
    assert isinstance(images, dict)
    address = project.rig.registry.address
    assert sorted(images) == ["store", "web"]
    assert str(images["web"]).startswith(f"{address}/{project.name}/web@sha256:")
    assert str(images["store"]).startswith(f"{address}/{project.name}/store@sha256:")  # this host's alone: pushed
    assert str(facts["test_image"]).startswith(f"{address}/{project.name}/tests.image@sha256:")
    assert facts["version"] == "1.1.0" and facts["commit"] == commit
    assert [change["commit"] for change in facts["changes"]] == [commit]  # type: ignore[index, union-attr, call-overload]
    (key,) = facts["files"].values()  # type: ignore[union-attr]
    assert ended.books.blobs[str(key)] == FILES["fairlead.yml"]

    built = await project.rig.engine.image(str(images["web"]))
    assert built is not None
    assert built.labels["org.opencontainers.image.revision"] == commit
    assert built.labels["org.opencontainers.image.version"] == "1.1.0"
    assert built.labels["io.fairlead.project"] == project.name and built.labels["kept"] == "yes"

    assert "type pre-deployment of 1.1.0 at  with good day" in ended.log  # the fake log masks nothing
    assert "at http://web:8080" in ended.log and "hello" in ended.log
    assert ended.books.noted["tests:pre-deployment"]["passed"] == 2  # type: ignore[index, call-overload]
    assert "pre-deployment/report.xml" in ended.books.attached

    assert on_the_machine(docker_socket, project.name) == before
    assert ended.books.noted["tidied"]["left"] == []  # type: ignore[index, call-overload]
    assert not os.path.exists(resolved.workspace)
    assert not [tag for tag in built.tags if tag.endswith(":1.1.0")]


async def test_what_has_the_same_inputs_is_not_built_again(project: Project) -> None:
    first = await project.run(project.resolved(project.push(FILES), tests=None))
    commit = project.push({"web/notes.md": b"2", "other.txt": b"outside of the context"})
    second = await project.run(project.resolved(commit, tests=None, previous=""))
    assert isinstance(second.outcome, Done), second.log
    assert "was built before from the same inputs" in second.log
    assert first.outputs["push/web"] == second.outputs["push/web"]
    tags = await project.rig.registry.tags(f"{project.name}/web")
    assert {"1.1.0", "1.2.0"} < set(tags)

    changed = await project.run(project.resolved(project.push({"web/page.html": b"new"}), tests=None))
    assert changed.outputs["push/web"] != first.outputs["push/web"]


async def test_a_project_file_below_a_folder_names_paths_from_there(project: Project) -> None:
    commit = project.push({f"shop/{name}": content for name, content in FILES.items()})
    resolved = dataclasses.replace(project.resolved(commit, tests=None), folder="shop")
    ended = await project.run(resolved)
    assert isinstance(ended.outcome, Done), ended.log
    (facts,) = ended.books.releases.values()
    assert facts["folder"] == "shop" and list(facts["files"]) == ["fairlead.yml"]  # type: ignore[arg-type]


async def test_changed_base_images_are_built_upon_again(project: Project) -> None:
    files = {**FILES, "web/Dockerfile": WEB.replace(b"fairlead-base-busybox:1", f"{project.name}-base:1".encode())}
    engine = project.rig.engine
    await engine.tag("fairlead-base-busybox:1", f"{project.name}-base:1")
    try:
        commit = project.push(files)
        first = await project.run(project.resolved(commit, tests=None))
        assert isinstance(first.outcome, Done), first.log
        await engine.tag(str(first.outputs["build/web"]["image"]), f"{project.name}-base:1")
        second = await project.run(project.resolved(commit, tests=None))
        assert first.outputs["build/web"]["tag"] != second.outputs["build/web"]["tag"]
    finally:
        await engine.remove_image(f"{project.name}-base:1")


@dataclass
class PrivateRegistry:
    """Somebody's registry, behind a password."""

    address: str
    credentials: Credentials


@pytest.fixture
def private_registry(registry_binary: Path, free_port: Callable[[], int], tmp_path: Path) -> Iterator[PrivateRegistry]:
    if (program := shutil.which("htpasswd")) is None:
        pytest.skip("htpasswd is not installed (apt-get install apache2-utils)")
    folder = tmp_path / "private"
    folder.mkdir()
    credentials = Credentials("ann", "p4ssword-of-ann")
    made = subprocess.run(
        [program, "-Bbn", credentials.user, credentials.password], capture_output=True, check=True, timeout=30
    )
    (folder / "htpasswd").write_bytes(made.stdout)
    port = free_port()
    child = start_registry(registry_binary, port, folder, htpasswd=folder / "htpasswd")
    yield PrivateRegistry(f"127.0.0.1:{port}", credentials)
    stop_registry(child)


async def test_private_images_are_fetched_with_their_credentials(
    project: Project, private_registry: PrivateRegistry
) -> None:
    engine, name = project.rig.engine, f"{private_registry.address}/ours/base:1"
    await engine.tag("fairlead-base-busybox:1", name)
    digest = await engine.push(name, private_registry.credentials, lambda line: None)

    async def forget() -> None:
        await engine.remove_image(name)
        await engine.remove_image(f"{name.removesuffix(':1')}@{digest}")

    await forget()
    files = {**FILES, "web/Dockerfile": WEB.replace(b"fairlead-base-busybox:1", name.encode())}
    resolved = project.resolved(project.push(files), tests=None)
    services = (resolved.outline.services[0], OutlineService("store", image=name))
    resolved = dataclasses.replace(resolved, outline=dataclasses.replace(resolved.outline, services=services))
    try:
        refused = await project.run(resolved)
        assert isinstance(refused.outcome, SaidNo) and name in refused.outcome.reason, refused.log

        password = SecretRef(SecretVersionId("s2"), "Registry password")
        login = RegistryLogin(private_registry.address, private_registry.credentials.user, password)
        project.rig.secrets = FakeSecrets({SecretVersionId("s2"): private_registry.credentials.password})
        ended = await project.run(dataclasses.replace(resolved, logins=(login,)))
        assert isinstance(ended.outcome, Done), ended.log
        assert ended.outputs["pin/store"]["reference"] == f"{name.removesuffix(':1')}@{digest}"
        assert private_registry.credentials.password not in ended.log
    finally:
        await forget()


async def test_failing_tests_end_the_run_with_their_names(project: Project, docker_socket: Path) -> None:
    project.rig.secrets = FakeSecrets({SecretVersionId("s1"): "good day"})
    before = on_the_machine(docker_socket, project.name)
    resolved = project.resolved(project.push({**FILES, "run_tests.sh": FAILING}), tests=suite_with())
    ended = await project.run(resolved)
    assert isinstance(ended.outcome, SaidNo)
    assert ended.outcome.code == "tests.failed"
    assert "books.sells" in ended.outcome.reason and "books.opens" not in ended.outcome.reason
    assert any("sold nothing" in line for line in ended.outcome.evidence)
    assert "going to fail" in ended.log
    assert not ended.books.releases and await project.rig.registry.tags(f"{project.name}/web") == []
    assert on_the_machine(docker_socket, project.name) == before
    assert not os.path.exists(resolved.workspace)


async def test_a_build_that_fails_says_its_last_lines(project: Project, docker_socket: Path) -> None:
    broken = WEB + b"RUN echo on the way with t0ken-of-the-registry && false\n"
    project.rig.secrets = FakeSecrets({SecretVersionId("s3"): "t0ken-of-the-registry"})
    login = RegistryLogin("registry.example.com", "ann", SecretRef(SecretVersionId("s3"), "Token"))
    resolved = project.resolved(project.push({**FILES, "web/Dockerfile": broken}), tests=None)
    ended = await project.run(dataclasses.replace(resolved, logins=(login,)))
    assert isinstance(ended.outcome, SaidNo) and ended.outcome.code == "image.build"
    assert "t0ken-of-the-registry" not in f"{ended.outcome.reason} {ended.outcome.evidence}"
    assert "web" in ended.outcome.reason
    assert any("on the way" in line for line in ended.outcome.evidence)
    assert not any(on_the_machine(docker_socket, project.name).values())


async def test_without_buildkit_a_build_that_needs_it_is_refused_in_words(
    project: Project, docker_socket: Path, tmp_path: Path
) -> None:
    commit = project.push({**FILES, "web/Dockerfile": WEB + b"RUN --mount=type=cache,target=/c true\n"})
    resolved = project.resolved(commit, tests=None)
    secrets = {"npm": SecretRef(SecretVersionId("s4"), "Npm.Token")}
    with_secret = dataclasses.replace(WEB_BUILD, dockerfile="web/Plain", secrets=secrets)
    project.rig.secrets = FakeSecrets({SecretVersionId("s4"): "t0ken"})
    async with DockerEngine(str(docker_socket), docker_programs=()) as without:
        rig = dataclasses.replace(project.rig, engine=without)
        for build, why in ((WEB_BUILD, "RUN --mount"), (with_secret, "build secrets")):
            outline = dataclasses.replace(resolved.outline, services=(OutlineService("web", build),))
            tree = await workspace.prepare(
                project.rig.source, Repository(str(project.bare)), commit, resolved.workspace
            )
            Path(tree.path, "web/Plain").write_bytes(WEB)
            ended = await rig.run(plan(dataclasses.replace(resolved, outline=outline)), resolved.task)
            assert isinstance(ended.outcome, SaidNo) and ended.outcome.code == "image.buildkit", ended.log
            assert "web" in ended.outcome.reason and why in ended.outcome.reason
            assert "buildx" in ended.outcome.hint
            assert not ended.books.releases and not any(on_the_machine(docker_socket, project.name).values())


async def test_a_dockerfile_with_mounts_is_built_by_buildkit(project: Project) -> None:
    files = {**FILES, "web/Dockerfile": WEB + b"RUN --mount=type=cache,target=/c echo kept > /c/x && cat /c/x\n"}
    ended = await project.run(project.resolved(project.push(files), tests=None))
    if isinstance(ended.outcome, SaidNo) and ended.outcome.code == "image.buildkit":
        pytest.skip(f"no BuildKit here: {ended.outcome.reason}")
    assert isinstance(ended.outcome, Done), ended.log
    assert "RUN --mount=type=cache" in ended.log


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (Build(context="../..", dockerfile="Dockerfile"), "out of the repository"),
        (Build(context="out", dockerfile="Dockerfile"), "out of the repository"),
        (Build(context="absent", dockerfile="web/Dockerfile"), "no directory absent"),
        (Build(context="web", dockerfile="web/Absent"), "no web/Absent"),
    ],
)
async def test_a_build_that_leads_out_is_refused(project: Project, build: Build, words: str) -> None:
    commit = project.push(FILES)
    resolved = project.resolved(commit, tests=None)
    outline = dataclasses.replace(resolved.outline, services=(OutlineService("web", build),))
    resolved = dataclasses.replace(resolved, outline=outline)
    tree = await workspace.prepare(project.rig.source, Repository(str(project.bare)), commit, resolved.workspace)
    os.symlink("/etc", os.path.join(tree.path, "out"))
    ended = await project.rig.run(plan(resolved), resolved.task)
    assert isinstance(ended.outcome, SaidNo) and ended.outcome.code == "image.build"
    assert words in ended.outcome.reason


async def test_a_service_beside_that_dies_breaks_the_tests_in_words(project: Project) -> None:
    project.rig.secrets = FakeSecrets({SecretVersionId("s1"): "good day"})
    resolved = project.resolved(project.push(FILES), tests=suite_with())
    web, store = resolved.definition.services
    dying = dataclasses.replace(store, command=("sh", "-c", "echo cannot; exit 3"))
    resolved = dataclasses.replace(resolved, definition=dataclasses.replace(resolved.definition, services=(web, dying)))
    ended = await project.run(resolved)
    assert isinstance(ended.outcome, SaidNo) and ended.outcome.code == "tests.broken"
    assert "store" in ended.outcome.reason
