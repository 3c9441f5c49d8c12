"""What only a real Docker engine can show: settings inside a container, builds, log-ins, several event loops."""

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.contract.engine_givens import DockerGiven

from fairlead.adapters.engines.docker import DockerEngine
from fairlead.adapters.registries.own import OwnRegistry
from fairlead.domain.errors import Failed, FairleadError, Invalid, NotFound, Refused
from fairlead.domain.service import Limits, Tmpfs, Volume
from fairlead.ports.container_engine import (
    LABEL_KEY,
    LABEL_PROJECT,
    BuildRequest,
    Credentials,
    FileContent,
    NetworkSpec,
)
from fairlead.testing.behaviour import Behaviour
from fairlead.testing.contracts.engine_given import lines_of

FOR_EVER = Behaviour()
BCRYPT = "import crypt; print(crypt.crypt('secret', crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16)))"


@pytest.fixture
async def given(
    docker_socket: Path, test_session: str, base_image: str, free_port: Callable[[], int]
) -> AsyncIterator[DockerGiven]:
    given = DockerGiven(docker_socket, test_session, base_image, "", free_port)
    yield given
    await given.close()


async def told_by(given: DockerGiven, name: str) -> dict[str, str]:
    """`key=value` lines that it wrote."""
    await given.engine.start(name)
    await given.engine.wait(name)
    return dict(line.text.partition("=")[::2] for line in await lines_of(given.engine, name))


async def test_targets_that_are_one_engine_make_one_network(given: DockerGiven, docker_socket: Path) -> None:
    ways = [DockerEngine(str(docker_socket)) for _ in range(4)]
    spec = NetworkSpec(given.name("n"), "", given.labels("n"))
    try:
        made = await asyncio.gather(*(way.ensure_network(spec) for way in ways))
    finally:
        for way in ways:
            await way.close()
    assert len({one.id for one in made}) == 1


async def test_settings_hold_inside(given: DockerGiven) -> None:
    script = (
        "echo uid=$(id -u):$(id -g); echo host=$(hostname); echo pwd=$(pwd); echo A=$A; echo nofile=$(ulimit -n);"
        "echo pid1=$(cat /proc/1/comm); touch /x 2>/dev/null && echo root=writable || echo root=readonly;"
        "touch /scratch/x && echo scratch=writable; grep -c made.test /etc/hosts | sed s/^/hosts=/;"
        "echo shm=$(df -k /dev/shm | tail -1 | awk '{print $2}'); stat -c mode=%a:%u:%g /run/secrets/key;"
        "stat -c config=%a /etc/books/conf; stat -c directory=%a /etc/books; cat /run/secrets/key"
    )
    spec = given.spec(
        "a",
        FOR_EVER,
        command=("sh", "-c", script),
        environment={"A": "b c=d"},
        user="1000:1001",
        working_dir="/etc",
        hostname="web-1",
        init=True,
        read_only=True,
        mounts=(Tmpfs("/scratch", "mode=1777"),),
        extra_hosts={"made.test": "10.1.2.3"},
        limits=Limits(64 * 1024**2, cpus=0.5, pids=50, shm_size_bytes=1024**2, ulimits={"nofile": (99, 99)}),
        files=(
            FileContent("/run/secrets/key", b"key=value\n", mode=0o400, uid=1000, gid=1001),
            FileContent("/etc/books/conf", b"x"),
        ),
    )
    await given.engine.ensure_container(spec)
    assert await told_by(given, spec.name) == {
        "uid": "1000:1001",
        "host": "web-1",
        "pwd": "/etc",
        "A": "b c=d",
        "nofile": "99",
        "pid1": "docker-init",
        "root": "readonly",
        "scratch": "writable",
        "hosts": "1",
        "shm": "1024",
        "mode": "400:1000:1001",
        "config": "444",
        "directory": "755",
        "key": "value",
    }


async def test_volumes_of_files_go_with_the_container(given: DockerGiven) -> None:
    spec = given.spec("a", FOR_EVER, files=(FileContent("/etc/books/conf", b"x"),), read_only=True)
    await given.engine.ensure_container(spec)
    assert len(await given.engine.volumes(given.labels("a"))) == 1
    await given.engine.remove(spec.name)
    assert await given.engine.volumes(given.labels("a")) == []


async def test_a_file_below_a_volume_is_not_written_into_the_projects_data(given: DockerGiven) -> None:
    name = given.name("data")
    await given.engine.ensure_volume(name, {**given.labels("data"), LABEL_PROJECT: "p"})
    files = (FileContent("/data/conf/secret", b"secret"),)
    first = given.spec("a", FOR_EVER, files=files, mounts=(Volume(name, "/data"),))
    await given.engine.ensure_container(first)
    found = await given.engine.copy_out(first.name, "/data/conf/secret", limit_bytes=100)
    assert found == {"secret": b"secret"}
    listing = given.spec("b", FOR_EVER, command=("sh", "-c", "find /data -type f"), mounts=(Volume(name, "/data"),))
    await given.engine.ensure_container(listing)
    assert await told_by(given, listing.name) == {}


async def test_a_volume_that_the_engine_makes_on_the_way_is_the_projects(given: DockerGiven) -> None:
    labels = {LABEL_PROJECT: given.name("p")}
    spec = given.spec("a", FOR_EVER, labels=labels, mounts=(Volume(given.name("v"), "/data"),))
    await given.engine.ensure_container(spec)
    assert [volume.name for volume in await given.engine.volumes(labels)] == [given.name("v")]
    await given.engine.remove(spec.name)
    assert [volume.name for volume in await given.engine.volumes(labels)] == [given.name("v")]
    await given.engine.remove_volume(given.name("v"))


async def test_files_put_again_are_the_same_files(given: DockerGiven) -> None:
    spec = given.spec("a", FOR_EVER, files=(FileContent("/etc/books/conf", b"x", mode=0o640, uid=5),))
    for _ in range(2):
        await given.engine.ensure_container(spec)
    await given.engine.start(spec.name)
    told = await given.engine.execute(spec.name, ["stat", "-c", "%a:%u", "/etc/books/conf", "/etc"], timeout_s=10)
    assert told.output.split() == ["640:5", "755:0"]


async def test_a_terminals_output_and_a_restarted_one(given: DockerGiven) -> None:
    script = "echo out; echo err >&2; printf end; exit 4"
    spec = given.spec("a", FOR_EVER, command=("sh", "-c", script), tty=True, restart="on-failure:1")
    await given.engine.ensure_container(spec)
    await given.engine.start(spec.name)
    async with asyncio.timeout(30):
        assert await given.engine.wait(spec.name) == 4
    found = await given.engine.container(spec.name)
    assert found is not None
    assert (found.restart_count, found.state) == (1, "exited")
    assert [line.text for line in await lines_of(given.engine, spec.name)][:2] == ["out", "err"]


async def test_waiting_for_one_that_is_removed_ends(given: DockerGiven) -> None:
    spec = given.spec("a", FOR_EVER)
    await given.engine.ensure_container(spec)
    await given.engine.start(spec.name)
    waiting = asyncio.create_task(given.engine.wait(spec.name))
    await given.successor.execute(spec.name, ["true"], timeout_s=10)
    await given.successor.remove(spec.name)
    async with asyncio.timeout(10):
        with pytest.raises(NotFound) as refused:
            await waiting
    assert refused.value.code == "engine.gone"


async def test_following_can_be_left_at_any_time(given: DockerGiven) -> None:
    spec = given.spec("a", FOR_EVER)
    await given.engine.ensure_container(spec)
    await given.engine.start(spec.name)
    lines = given.engine.output(spec.name, follow=True)
    assert (await anext(lines)).text == "ready"
    await lines.aclose()  # type: ignore[attr-defined]


async def test_a_command_that_was_timed_out_leaves_the_container_as_it_was(given: DockerGiven) -> None:
    spec = given.spec("a", FOR_EVER)
    await given.engine.ensure_container(spec)
    await given.engine.start(spec.name)
    with pytest.raises(FairleadError):
        await given.engine.execute(spec.name, ["sleep", "30"], timeout_s=0.2)
    assert (await given.engine.execute(spec.name, ["echo", "x" * 100], timeout_s=10)).output == "x" * 100 + "\n"
    long = await given.engine.execute(spec.name, ["sh", "-c", "yes | head -c 200000; echo end"], timeout_s=20)
    assert (len(long.output), long.output[-4:]) == (64 * 1024, "end\n")


def test_one_engine_serves_several_event_loops(docker_socket: Path) -> None:
    engine = DockerEngine(str(docker_socket))
    versions = []

    def ask() -> None:
        async def main() -> None:
            versions.append(await engine.version())
            await engine.close()
            versions.append(await engine.version())
            await engine.close()

        asyncio.run(main())

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
        thread.join()
    assert len(versions) == 4


# builds


async def listing_of(given: DockerGiven, image: str) -> list[str]:
    spec = replace(given.spec("listing", FOR_EVER, command=("find", "/built")), image=image)
    await given.engine.ensure_container(spec)
    await given.engine.start(spec.name)
    await given.engine.wait(spec.name)
    return sorted(line.text for line in await lines_of(given.engine, spec.name))


async def test_a_build_honours_its_request(given: DockerGiven, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "Dockerfile.web").write_text(
        f"FROM {given.base_image()} AS first\nARG VERSION\nCOPY . /built\nRUN echo $VERSION >/built/version\n"
        "FROM first AS never\nRUN false\n"
    )
    for name in ("a", "b.log", "keep.log"):
        (tmp_path / name).write_text(name)
    (tmp_path / "out").symlink_to("/etc/passwd")
    (tmp_path / ".dockerignore").write_text("**/*.log\n!keep.log\n.dockerignore\nsub\n")
    tag = given.name("built") + ":1"
    request = BuildRequest(
        str(tmp_path),
        "sub/Dockerfile.web",
        (tag,),
        target="first",
        arguments={"VERSION": "7"},
        labels=given.labels("built"),
        cache_from=("fairlead-no-such-image:1",),
    )
    said: list[str] = []
    built = await given.engine.build(request, said.append)
    try:
        names = ["a", "keep.log", "out", "sub", "version"]  # the engine drops the Dockerfile, not its directory
        assert await listing_of(given, tag) == ["/built", *(f"/built/{name}" for name in names)]
        again = await given.engine.build(request, said.append)
        assert again.id == built.id
        assert sum("Using cache" in line for line in said) >= 2
    finally:
        await given.engine.remove(given.name("listing"))
        for image in await given.engine.images(given.labels("built")):
            for name in (*image.tags, image.id):
                await given.engine.remove_image(name)


async def test_a_build_takes_a_dockerfile_from_beside_its_context(given: DockerGiven, tmp_path: Path) -> None:
    (tmp_path / "docker").mkdir()
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "a").write_text("a")
    (tmp_path / "docker" / "Dockerfile").write_text(f"FROM {given.base_image()}\nCOPY . /built\n")
    tag = given.name("beside") + ":1"
    request = BuildRequest(str(tmp_path / "app"), "../docker/Dockerfile", (tag,), labels=given.labels("built"))
    built = await given.engine.build(request, lambda _: None)
    try:
        assert await listing_of(given, tag) == ["/built", "/built/a"]
    finally:
        await given.engine.remove(given.name("listing"))
        await given.engine.remove_image(tag)
        await given.engine.remove_image(built.id)


async def test_a_context_that_cannot_be_sent_is_told_in_its_own_words(given: DockerGiven, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(f"FROM {given.base_image()}\nCOPY . /x\n")
    (tmp_path / ".dockerignore").write_text("a\n!\n")
    with pytest.raises(Invalid, match="exclamation mark") as refused:
        await given.engine.build(BuildRequest(str(tmp_path), "Dockerfile", ()), lambda _: None)
    assert refused.value.code == "input.invalid"


async def test_a_large_context_is_streamed(given: DockerGiven, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY large /\n")
    with (tmp_path / "large").open("wb") as large:
        large.truncate(40 * 1024**2)
    tag = given.name("large") + ":1"
    built = await given.engine.build(BuildRequest(str(tmp_path), "Dockerfile", (tag,)), lambda _: None)
    await given.engine.remove_image(tag)
    assert built.size_bytes >= 40 * 1024**2


async def test_a_build_for_the_platform_of_its_host_knows_it(given: DockerGiven, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(
        f'FROM --platform=$BUILDPLATFORM {given.base_image()}\nARG TARGETOS TARGETARCH\nRUN test -n "$TARGETARCH"\n'
        f"RUN echo it is for $TARGETOS\n"
    )
    request = BuildRequest(str(tmp_path), "Dockerfile", (given.name("platform") + ":1",))
    said: list[str] = []
    try:
        built = await given.engine.build(request, said.append)
    except Refused as refused:
        pytest.skip(f"no BuildKit here: {refused}")
    await given.engine.remove_image(request.tags[0])
    await given.engine.remove_image(built.id)
    assert any("it is for linux" in line for line in said), said


async def test_a_build_with_a_secret_keeps_it_out_of_the_image(given: DockerGiven, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(
        f"FROM {given.base_image()}\nRUN --mount=type=secret,id=token wc -c </run/secrets/token >/length\n"
    )
    tag = given.name("secret") + ":1"
    request = BuildRequest(
        str(tmp_path), "Dockerfile", (tag,), labels=given.labels("secret"), secrets={"token": "word-of-secret"}
    )
    said: list[str] = []
    try:
        built = await given.engine.build(request, said.append)
    except Refused as refused:
        pytest.skip(f"no BuildKit here: {refused}")
    try:
        history = await given.client.ask("GET", f"/images/{built.id}/history")
        assert "word-of-secret" not in json.dumps(history) + "".join(said)
        assert built.labels[LABEL_KEY] == "secret"
        assert any("RUN --mount" in line for line in said)
    finally:
        await given.engine.remove_image(tag)
    (tmp_path / "Dockerfile").write_text(f"FROM {given.base_image()}\nRUN echo so; exit 3\n")
    with pytest.raises(Failed, match="exit code: 3") as failed:
        await given.engine.build(request, lambda _: None)
    assert failed.value.code == "image.build"


async def test_without_buildkit_a_build_with_secrets_is_refused(
    given: DockerGiven, docker_socket: Path, tmp_path: Path
) -> None:
    (tmp_path / "Dockerfile").write_text(f"FROM {given.base_image()}\n")
    old = tmp_path / "docker"
    old.write_text("#!/bin/sh\n[ $1 = version ] && echo 28.2.2 && exit 0\nexit 1\n")
    old.chmod(0o755)
    async with DockerEngine(str(docker_socket), docker_programs=(str(old), "/nowhere/docker")) as engine:
        request = BuildRequest(str(tmp_path), "Dockerfile", (), secrets={"token": "x"})
        with pytest.raises(Refused) as refused:
            await engine.build(request, lambda _: None)
    assert refused.value.code == "image.buildkit"


async def test_a_cancelled_build_ends(given: DockerGiven, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(f"FROM {given.base_image()}\nRUN echo begun; sleep 60\n")
    begun = asyncio.Event()
    request = BuildRequest(str(tmp_path), "Dockerfile", (), labels=given.labels("cancelled"), no_cache=True)
    building = asyncio.create_task(given.engine.build(request, lambda line: begun.set() if "begun" in line else None))
    async with asyncio.timeout(30):
        await begun.wait()
        building.cancel()
        await asyncio.gather(building, return_exceptions=True)
        while await given.engine.containers(given.labels("cancelled")):
            await asyncio.sleep(0.1)
    assert await given.engine.images(given.labels("cancelled")) == []


# registries


@pytest.fixture
async def private(tmp_path: Path, free_port: Callable[[], int], registry_binary: Path) -> AsyncIterator[str]:
    """A registry that asks for ann's password, which is `secret`."""
    state = tmp_path / "private"
    registry = OwnRegistry(state, port=free_port(), program=str(registry_binary))
    hashed = subprocess.run([sys.executable, "-W", "ignore", "-c", BCRYPT], capture_output=True, text=True, check=True)
    (tmp_path / "htpasswd").write_text(f"ann:{hashed.stdout.strip()}\n")
    await registry.ensure_running()
    await registry.stop()
    config = json.loads((state / "config.yml").read_text())
    config["auth"] = {"htpasswd": {"realm": "private", "path": str(tmp_path / "htpasswd")}}
    (state / "private.yml").write_text(json.dumps(config))
    with (state / "private.log").open("wb") as log:
        child = subprocess.Popen([registry_binary, "serve", state / "private.yml"], stdout=log, stderr=log)
    try:
        async with asyncio.timeout(15):
            while True:
                try:
                    await registry.check()
                except Failed:
                    break
                except FairleadError:
                    await asyncio.sleep(0.05)
        yield registry.address
    finally:
        child.terminate()
        child.wait(10)


async def test_a_private_registry_takes_and_gives_with_a_password(
    given: DockerGiven, private: str, tmp_path: Path
) -> None:
    context = tmp_path / "context"
    context.mkdir()
    (context / "Dockerfile").write_text(f"FROM {given.base_image()}\nCOPY Dockerfile /{given.name('x')}\n")
    tag, ann = f"{private}/team/{given.name('base')}:1", Credentials("ann", "secret")
    await given.engine.build(BuildRequest(str(context), "Dockerfile", (tag,)), lambda _: None)
    derived = given.name("derived") + ":1"
    try:
        for nobody in (None, Credentials("ann", "wrong-word")):
            with pytest.raises(Failed) as refused:
                await given.engine.push(tag, nobody, lambda _: None)
            assert refused.value.code == "registry.failed"
            assert "wrong-word" not in str(refused.value)
        digest = await given.engine.push(tag, ann, lambda _: None)
        reference = f"{tag.rpartition(':')[0]}@{digest}"
        for name in (tag, reference):
            await given.engine.remove_image(name)
        with pytest.raises(FairleadError) as refused_pull:
            await given.engine.pull(reference, None, lambda _: None)
        assert refused_pull.value.code == "registry.failed"
        (context / "Dockerfile").write_text(f"FROM {reference}\nLABEL a=b\n")
        request = BuildRequest(str(context), "Dockerfile", (derived,))
        with pytest.raises(Failed) as unbuilt:
            await given.engine.build(request, lambda _: None)
        assert unbuilt.value.code == "image.build"
        await given.engine.build(replace(request, credentials={private: ann}), lambda _: None)
        assert reference in (await given.engine.pull(reference, ann, lambda _: None)).digests
    finally:
        for name in (derived, tag, f"{tag.rpartition(':')[0]}@{digest}"):
            await given.engine.remove_image(name)


class _Liar(BaseHTTPRequestHandler):
    """Answers every digest with the same other manifest."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        kind = "application/vnd.docker.distribution.manifest.v2+json"
        config = "application/vnd.docker.container.image.v1+json"
        layer = {"mediaType": config, "size": 1, "digest": "sha256:" + "1" * 64}
        told = {"schemaVersion": 2, "mediaType": kind, "config": layer, "layers": []}
        body = json.dumps(told).encode() if "manifests" in self.path else b"{}"
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        return None


@pytest.fixture
def liar() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Liar)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join(5)


async def test_another_manifest_than_the_digest_says_is_told(given: DockerGiven, liar: str) -> None:
    reference = f"{liar}/books/web@sha256:{'2' * 64}"
    with pytest.raises(Failed) as refused:
        await given.engine.pull(reference, None, lambda _: None)
    assert (refused.value.code, refused.value.thing) == ("registry.digest", reference)


async def test_a_registry_that_is_silent_is_told(given: DockerGiven, free_port: Callable[[], int]) -> None:
    reference = f"127.0.0.1:{free_port()}/books/web@sha256:{'2' * 64}"
    with pytest.raises(FairleadError) as refused:
        await given.engine.pull(reference, None, lambda _: None)
    assert refused.value.code == "registry.unreachable"
