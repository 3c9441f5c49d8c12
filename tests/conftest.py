"""What tests stand on: found or started on first use, private to the session, and gone at its end."""

import fcntl
import http.client
import json
import os
import shutil
import socket
import subprocess
import urllib.parse
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from tests.postgres import PostgresServer, private_postgres, programs

from fairlead.server import logs
from fairlead.store import database, passwords
from fairlead.testing.free_ports import free_ports_of_this_process
from fairlead.testing.sshd import Sshd, serving
from fairlead.testing.sshd import program as sshd_program

hypothesis.settings.register_profile("any machine", deadline=None)  # how long an example takes is the machine's affair
hypothesis.settings.load_profile("any machine")

ROOT = Path(__file__).resolve().parent.parent
GROUND = ROOT / "packaging" / "ground"
STATE = Path(os.environ.get("FAIRLEAD_GROUND", ROOT / ".ground"))
ENGINE_START_S = 200
IMAGE_BUILD_S = 400
KINDS = ("unit", "contract", "property", "crash", "conformance", "journey", "tidy")
SYSTEM_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test the mark of the directory it lies in: tests/journey/… is a journey. Those come first: the longest
    work must not be what one worker is left with when the others have nothing more to do."""
    for item in items:
        kind = item.path.relative_to(ROOT / "tests").parts[0] if item.path.is_relative_to(ROOT / "tests") else ""
        if kind in KINDS:
            item.add_marker(kind)
    items.sort(key=lambda item: item.get_closest_marker("journey") is None)


@pytest.fixture(scope="session")
def test_session() -> str:
    """The name of this run. Whatever a test creates in an engine carries the label io.fairlead.test=<this>."""
    return uuid.uuid4().hex[:12]


@pytest.fixture(scope="session", autouse=True)
def _cheap_and_quiet() -> Iterator[None]:
    """Passwords are hashed with the same algorithm at its lowest cost, and events are one line each: what either costs
    in earnest (50 ms and 64 MiB; a traceback painted with every local) is not what most tests are about."""
    logs.configure("warning", "json")
    with pytest.MonkeyPatch.context() as patch:
        cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        patch.setattr(passwords, "_hasher", lambda: cheap)
        yield


@pytest.fixture(scope="session", autouse=True)
def _statements_are_compiled_once() -> Iterator[None]:
    """All databases on SQLite share one dialect and what SQLAlchemy compiled for it: each test opens a new one, and a
    third of what a test of use cases costs was compiling the same statements for it again."""
    made, shared = database._sqlite_engine, list[sa.Engine]()

    def engine(url: sa.URL) -> sa.Engine:
        new = made(url)
        if not shared:
            shared.append(new)
        new.dialect, new._compiled_cache = shared[0].dialect, shared[0]._compiled_cache
        return new

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "_sqlite_engine", engine)
        yield


# Docker


class _EngineConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("engine", timeout=30)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def _ask_engine(path: Path, method: str, target: str) -> tuple[int, bytes]:
    connection = _EngineConnection(path)
    try:
        connection.request(method, target)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _engine_answers(path: Path) -> bool:
    try:
        return _ask_engine(path, "GET", "/_ping")[0] == 200
    except OSError:
        return False


def _engine_path() -> Path:
    host = os.environ.get("DOCKER_HOST", "")
    if host.startswith("unix://"):
        return Path(host.removeprefix("unix://"))
    return Path(os.environ.get("FAIRLEAD_DOCKER_SOCKET", "/var/run/docker.sock"))


def _run_ground(script: str, *arguments: str, timeout_s: float) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"FAIRLEAD_DOCKER_SOCKET": str(_engine_path())}
    return subprocess.run(
        [GROUND / script, *arguments], capture_output=True, text=True, timeout=timeout_s, env=environment
    )


def _remove_leftovers(path: Path, label: str) -> list[str]:
    """Remove what a session left in the engine and name it: the next session must not pay for it."""
    filters = urllib.parse.quote(json.dumps({"label": [label]}))
    left: list[str] = []
    for noun, listing, name in (
        ("containers", "containers/json?all=1&", lambda row: row["Names"][0]),
        ("networks", "networks?", lambda row: row["Name"]),
        ("volumes", "volumes?", lambda row: row["Name"]),
    ):
        rows = json.loads(_ask_engine(path, "GET", f"/v1.41/{listing}filters={filters}")[1])
        for row in rows["Volumes"] or [] if noun == "volumes" else rows:
            left.append(f"{noun[:-1]} {name(row)}")
            key = row["Name"] if noun == "volumes" else row["Id"]
            _ask_engine(path, "DELETE", f"/v1.41/{noun}/{key}" + ("" if noun == "networks" else "?force=1&v=1"))
    return left


@pytest.fixture(scope="session")
def docker_socket(test_session: str) -> Iterator[Path]:
    """The socket of a Docker engine that answers. Starts one where it may; skips, with the reason, where it cannot.

    At the session's end nothing labelled io.fairlead.test=<test_session> may be left in it.
    """
    path = _engine_path()
    STATE.mkdir(exist_ok=True)
    with (STATE / "dockerd.users").open("a") as users:
        fcntl.flock(users, fcntl.LOCK_SH)  # dockerd-down.sh leaves the engine alone while somebody holds this
        if not _engine_answers(path):
            started = _run_ground("dockerd-up.sh", timeout_s=ENGINE_START_S)
            if started.returncode != 0:
                pytest.skip(f"no Docker engine: {started.stderr.strip()}")
        yield path
        left = _remove_leftovers(path, f"io.fairlead.test={test_session}")
    _run_ground("dockerd-down.sh", timeout_s=ENGINE_START_S)
    assert not left, f"tests left behind (removed now): {', '.join(left)}"


def _ensure_image(name: str) -> str:
    made = _run_ground("base-images.sh", name, timeout_s=IMAGE_BUILD_S)
    if made.returncode != 0:
        pytest.skip(f"no base image {name}: {made.stderr.strip()}")
    return f"fairlead-base-{name}:1"


@pytest.fixture(scope="session")
def base_image(docker_socket: Path) -> str:
    """A small image in the engine: busybox, a shell, `nc`, `sleep`, `httpd`. Not for load: its httpd drops requests."""
    return _ensure_image("busybox")


@pytest.fixture(scope="session")
def python_image(docker_socket: Path) -> str:
    """An image in the engine with python3 (whole standard library) and psycopg2."""
    return _ensure_image("python")


@pytest.fixture(scope="session")
def postgres_image(docker_socket: Path) -> str:
    """An image in the engine with a PostgreSQL server (and python3)."""
    return _ensure_image("postgres")


# Programs


def _find_program(*names: str, package: str) -> Path:
    for name in names:
        if found := shutil.which(name, path=SYSTEM_PATH):
            return Path(found)
    pytest.skip(f"{names[0]} is not installed (apt-get install {package})")


@pytest.fixture(scope="session")
def haproxy_binary() -> Path:
    return _find_program("haproxy", package="haproxy")


@pytest.fixture(scope="session")
def registry_binary() -> Path:
    return _find_program("docker-registry", "registry", package="docker-registry")


@pytest.fixture(scope="session")
def git_binary() -> Path:
    return _find_program("git", package="git")


@pytest.fixture(scope="session")
def chromium() -> Path:
    """Debian's Chromium, for Playwright: `chromium.launch(executable_path=…, args=["--no-sandbox"])`."""
    return _find_program("chromium", "chromium-browser", "google-chrome", package="chromium")


@pytest.fixture(scope="session")
def free_port() -> Callable[[], int]:
    """A function that gives a TCP port of 127.0.0.1 that nobody listens on, each time another one."""
    return free_ports_of_this_process()


# SSH


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """An SSH server of the tests' own, on loopback."""
    if sshd_program() is None:
        pytest.skip("sshd is not installed")
    with serving(tmp_path_factory.mktemp("sshd") / "here", free_ports_of_this_process()()) as running:
        yield running


# PostgreSQL


@pytest.fixture(scope="session")
def postgres_server(free_port: Callable[[], int]) -> Iterator[PostgresServer]:
    """One PostgreSQL for the session, on a free port; it dies with this process, however that ends."""
    if programs() is None:
        _find_program("initdb", package="postgresql")
    with private_postgres(free_port()) as running:
        yield running


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of an empty database of this test's own, dropped after it."""
    import psycopg

    name = f"t{uuid.uuid4().hex[:16]}"
    with psycopg.connect(postgres_server.url("postgres"), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        yield postgres_server.url(name)
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a few megabytes."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", place], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip(f"a small disk cannot be mounted: {mounted.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", place], check=True)
