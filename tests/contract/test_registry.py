"""Fairlead's own registry, one given by URL (with a path, with a password, with tokens), and the fake: one suite."""

import asyncio
import base64
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.contract.registry_client import put_image

from fairlead.adapters.registries.configuration import Notification
from fairlead.adapters.registries.distribution import DistributionRegistry
from fairlead.adapters.registries.own import OwnRegistry
from fairlead.domain.errors import Conflict, Failed, NotFound, Unreachable
from fairlead.ports.container_engine import Credentials
from fairlead.ports.registry import Registry
from fairlead.testing.container_world import ContainerWorld
from fairlead.testing.contracts.registry import RegistryContract
from fairlead.testing.fake_clock import FakeClock
from fairlead.testing.fake_registry import FakeRegistry


@dataclass
class HttpGiven:
    """A registry that answers over HTTP."""

    registry: Registry
    is_own: bool
    base: str
    nowhere: str
    prefix: str = ""

    async def put(self, repository: str, tag: str) -> str:
        return await put_image(self.base, self.prefix + repository, tag)

    def silent(self) -> Registry:
        return DistributionRegistry(self.nowhere)


@pytest.fixture
async def own(tmp_path: Path, free_port: Callable[[], int], registry_binary: Path) -> AsyncIterator[OwnRegistry]:
    registry = OwnRegistry(tmp_path / "registry", port=free_port(), program=str(registry_binary))
    await registry.ensure_running()
    yield registry
    await registry.stop()


class TestOwnRegistry(RegistryContract):
    @pytest.fixture
    async def given(self, own: OwnRegistry, free_port: Callable[[], int]) -> HttpGiven:
        return HttpGiven(own, True, f"http://{own.address}", f"http://127.0.0.1:{free_port()}")

    async def test_it_is_found_again_and_started_once(self, own: OwnRegistry, tmp_path: Path) -> None:
        successor = OwnRegistry(tmp_path / "registry", port=int(own.address.rpartition(":")[2]))
        before = (tmp_path / "registry" / "registry.pid").read_text()
        await asyncio.gather(successor.ensure_running(), own.ensure_running())
        assert (tmp_path / "registry" / "registry.pid").read_text() == before
        await successor.stop()
        await successor.stop()
        assert not own.is_running()
        with pytest.raises(Unreachable):
            await own.check()
        await own.ensure_running()
        await own.check()

    async def test_one_that_was_killed_or_halted_runs_again(self, own: OwnRegistry, tmp_path: Path) -> None:
        pid = int((tmp_path / "registry" / "registry.pid").read_text().split()[0])
        os.kill(pid, signal.SIGSTOP)
        await own.ensure_running()
        await own.check()
        os.kill(pid, signal.SIGKILL)
        await own.ensure_running()
        assert int((tmp_path / "registry" / "registry.pid").read_text().split()[0]) != pid

    async def test_a_recycled_pid_is_not_taken_for_it(self, own: OwnRegistry, tmp_path: Path) -> None:
        await own.stop()
        stat = Path(f"/proc/{os.getpid()}/stat").read_text().split()
        stat[21] = "1"
        boot = Path("/proc/sys/kernel/random/boot_id").read_text()
        (tmp_path / "registry" / "registry.pid").write_text(" ".join(stat) + "\n" + boot)
        assert not own.is_running()
        await own.stop()
        await own.ensure_running()
        await own.check()

    async def test_a_taken_port_is_named(self, tmp_path: Path, registry_binary: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            registry = OwnRegistry(tmp_path / "r", port=listener.getsockname()[1], program=str(registry_binary))
            with pytest.raises(Conflict) as refused:
                await registry.ensure_running()
        assert (refused.value.code, refused.value.thing) == ("server.port", registry.address)
        assert not registry.is_running()

    async def test_a_program_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(NotFound) as refused:
            await OwnRegistry(tmp_path / "r", program="no-such-registry").ensure_running()
        assert refused.value.code == "registry.missing"

    async def test_another_configuration_starts_it_anew(self, own: OwnRegistry, tmp_path: Path) -> None:
        await put_image(f"http://{own.address}", "books/web", "1")
        told: list[tuple[str, str]] = []
        with listening(told) as url:
            port = int(own.address.rpartition(":")[2])
            notification = Notification(url, {"Authorization": "Bearer word"})
            told_by = OwnRegistry(tmp_path / "registry", port=port, notification=notification)
            await told_by.ensure_running()
            assert list(await told_by.tags("books/web")) == ["1"]
            digest = await put_image(f"http://{own.address}", "books/web", "2")
            async with asyncio.timeout(20):
                while not any(digest in body for _, body in told):
                    await asyncio.sleep(0.02)
        assert {header for header, _ in told} == {"Bearer word"}
        assert (tmp_path / "registry" / "config.yml").stat().st_mode & 0o077 == 0

    async def test_a_push_during_collection_waits_and_succeeds(self, own: OwnRegistry, tmp_path: Path) -> None:
        """One that begins then; a stranger's that is between its layers and its manifest has to be made again."""
        base = f"http://{own.address}"
        unwanted = await put_image(base, "books/web", "1")
        await own.delete("books/web", unwanted)
        stat = Path(f"/proc/{(tmp_path / 'registry' / 'registry.pid').read_text().split()[0]}/stat")
        collecting = asyncio.create_task(own.collect_garbage())
        while not collecting.done() and stat.read_text().split()[2] != "T":
            await asyncio.sleep(0.001)
        digest = await put_image(base, "books/api", "1")
        assert await collecting > 0
        assert await own.digest("books/api", "1") == digest

    async def test_it_outlives_who_started_it(self, own: OwnRegistry, tmp_path: Path) -> None:
        await own.stop()
        program = (
            "import asyncio, os, signal, sys\n"
            "from fairlead.adapters.registries.own import OwnRegistry\n"
            "asyncio.run(OwnRegistry(sys.argv[1], port=int(sys.argv[2])).ensure_running())\n"
            "os.kill(os.getpid(), signal.SIGKILL)\n"
        )
        arguments = [str(tmp_path / "registry"), own.address.rpartition(":")[2]]
        died = subprocess.run([sys.executable, "-c", program, *arguments], timeout=60)
        assert died.returncode == -signal.SIGKILL
        assert own.is_running()
        await own.check()


async def test_no_push_begins_while_a_collection_goes_on_whose_server_died(tmp_path: Path) -> None:
    """It would lose layers: what is not named yet when the marking ends is swept away."""
    marks, program = tmp_path / "marks", tmp_path / "registry-program"
    program.write_text(f"#!/bin/sh\necho begun >>{marks}\nsleep 3\necho ended >>{marks}\n")
    program.chmod(0o755)
    (tmp_path / "r" / "storage").mkdir(parents=True)
    (tmp_path / "r" / "storage" / "layer").write_text("x")
    collect = (
        "import asyncio, sys\n"
        "from fairlead.adapters.registries.own import OwnRegistry\n"
        "asyncio.run(OwnRegistry(sys.argv[1], program=sys.argv[2]).collect_garbage())\n"
    )
    server = await asyncio.create_subprocess_exec(sys.executable, "-c", collect, str(tmp_path / "r"), str(program))
    async with asyncio.timeout(30):
        while not marks.exists():
            await asyncio.sleep(0.01)
    server.kill()
    await server.wait()
    async with asyncio.timeout(20), OwnRegistry(tmp_path / "r", program=str(program)).pushing():
        assert marks.read_text().split() == ["begun", "ended"]


class TestRegistryByUrl(RegistryContract):
    """With a path prefix: all that it holds lies below it."""

    @pytest.fixture
    async def given(self, own: OwnRegistry, free_port: Callable[[], int]) -> HttpGiven:
        base = f"http://{own.address}"
        await put_image(base, "elsewhere/web", "1")
        nowhere = f"http://127.0.0.1:{free_port()}"
        return HttpGiven(DistributionRegistry(f"{base}/team"), False, base, nowhere, "team/")


class FakeGiven:
    """A registry in memory."""

    is_own = True

    def __init__(self) -> None:
        self.registry: FakeRegistry = FakeRegistry(ContainerWorld(FakeClock()))

    async def put(self, repository: str, tag: str) -> str:
        return self.registry.put(repository, tag)

    def silent(self) -> Registry:
        silent = FakeRegistry(ContainerWorld(FakeClock()))
        silent.is_down = True
        return silent


class TestFakeRegistry(RegistryContract):
    @pytest.fixture
    def given(self) -> FakeGiven:
        return FakeGiven()


class _Listener(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.told.append((self.headers.get("Authorization", ""), body))  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return None


class listening:
    """A web hook's receiver."""

    def __init__(self, told: list[tuple[str, str]]) -> None:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _Listener)
        self.server.told = told  # type: ignore[attr-defined]

    def __enter__(self) -> str:
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()
        return f"http://127.0.0.1:{self.server.server_address[1]}/hook"

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)


class _Guarded(BaseHTTPRequestHandler):
    """A registry behind a log-in: pages of two tags, a tag without a digest header, and an end-less catalogue."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = parse_qs(parts.query)
        given = self.headers.get("Authorization", "")
        kind: str = self.server.kind  # type: ignore[attr-defined]
        basic = "Basic " + base64.b64encode(b"ann:secret").decode()
        here = f"http://127.0.0.1:{self.server.server_address[1]}"  # type: ignore[attr-defined]
        if parts.path == "/token":
            scope = query.get("scope", [""])[0]
            good = given == basic and query.get("service") == ["books"]
            return self.say(200 if good else 401, {"token": f"t:{scope}"} if good else {})
        if kind == "bearer" and not given.startswith("Bearer t:"):
            scope = "" if parts.path == "/v2/" else ',scope="repository:web:pull,delete"'
            challenge = f'Bearer realm="{here}/token",service="books"{scope}'
            return self.say(401, {}, {"WWW-Authenticate": challenge})
        if kind == "basic" and given != basic:
            return self.say(401, {}, {"WWW-Authenticate": 'Basic realm="books"'})
        if parts.path == "/v2/":
            return self.say(200, {})
        if parts.path == "/v2/web/tags/list":
            last = query.get("last", [""])[0]
            more = {"": (["a", "b"], "b"), "b": (["c"], "")}[last]
            link = {"Link": f'</v2/web/tags/list?n=2&last={more[1]}>; rel="next"'} if more[1] else {}
            return self.say(200, {"name": "web", "tags": more[0]}, link)
        if parts.path == "/v2/web/manifests/a":
            return self.say(200, {"a": "manifest"})
        if parts.path == "/v2/broken/tags/list":
            return self.say(500, {"errors": [{"code": "UNKNOWN", "message": "disk on fire"}]})
        return self.say(404, {"errors": [{"code": "NAME_UNKNOWN"}]})

    do_HEAD = do_GET

    def say(self, status: int, told: object, headers: dict[str, str] | None = None) -> None:
        body = json.dumps(told).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return None


@pytest.fixture(params=["basic", "bearer"])
def guarded(request: pytest.FixtureRequest) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Guarded)
    server.kind = request.param  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join(5)


async def test_it_logs_in_and_reads_page_by_page(guarded: str) -> None:
    registry = DistributionRegistry(guarded, Credentials("ann", "secret"))
    await registry.check()
    assert list(await registry.tags("web")) == ["a", "b", "c"]
    digest = await registry.digest("web", "a")
    assert digest is not None
    assert digest.startswith("sha256:")
    assert await registry.digest("web", "none") is None


@pytest.mark.parametrize("credentials", [None, Credentials("ann", "wrong")])
async def test_wrong_credentials_are_told_without_showing_them(guarded: str, credentials: Credentials | None) -> None:
    registry = DistributionRegistry(guarded, credentials)
    with pytest.raises(Failed) as refused:
        await registry.check()
    assert refused.value.code == "registry.failed"
    assert "wrong" not in str(refused.value)


async def test_its_own_words_are_told(guarded: str) -> None:
    with pytest.raises(Failed) as refused:
        await DistributionRegistry(guarded, Credentials("ann", "secret")).tags("broken")
    assert "disk on fire" in refused.value.message


@pytest.mark.parametrize("name", ["", "..", "a/../b", "a//b"])
async def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(Exception, match="is not the name of a repository"):
        await DistributionRegistry("http://127.0.0.1:9").tags(name)
