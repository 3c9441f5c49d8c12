"""What the Docker adapter says to the engine, and what it makes of its answers."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.adapters.engines.docker.buildkit import arguments_of, private_directory, write_private
from fairlead.adapters.engines.docker.builds import Lines, build_parameters
from fairlead.adapters.engines.docker.client import negotiate, part, query
from fairlead.adapters.engines.docker.errors import from_registry, in_words
from fairlead.adapters.engines.docker.host import memory_lines, remote_resources
from fairlead.adapters.engines.docker.images import image_of, registry_auth, split_reference
from fairlead.adapters.engines.docker.output import Lines as OutputLines
from fairlead.adapters.engines.docker.output import frames, unix_time
from fairlead.adapters.engines.docker.spec import create_body, file_volumes, restart_policy
from fairlead.domain.errors import Conflict, Failed, FairleadError, Invalid, NotFound, Unreachable
from fairlead.domain.service import Bind, Limits, PublishedPort, Tmpfs, Volume
from fairlead.ports.container_engine import (
    LABEL_ENVIRONMENT,
    LABEL_KEY,
    LABEL_PROJECT,
    Attachment,
    BuildRequest,
    ContainerSpec,
    Credentials,
    FileContent,
)


def spec(**more: object) -> ContainerSpec:
    return ContainerSpec("c", "image", {LABEL_KEY: "k", LABEL_PROJECT: "p", LABEL_ENVIRONMENT: "e"}, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("newest", "oldest", "spoken"),
    [
        ("1.41", "1.12", "1.41"),
        ("1.47", "1.24", "1.47"),
        ("1.52", "1.44", "1.47"),
        ("1.99", "1.60", "1.60"),
        ("", "", "1.24"),
    ],
)
def test_the_newest_version_that_both_speak(newest: str, oldest: str, spoken: str) -> None:
    assert negotiate(newest, oldest) == spoken


def test_parameters_and_paths() -> None:
    assert query({"a": True, "b": False, "c": {"x": ["y"]}, "d": ("1", "2"), "e": "text"}) == [
        ("a", "1"),
        ("b", "0"),
        ("c", '{"x": ["y"]}'),
        ("d", "1"),
        ("d", "2"),
        ("e", "text"),
    ]
    assert part("../x?y#z") == "..%2Fx%3Fy%23z"


@pytest.mark.parametrize(
    ("words", "family", "code"),
    [
        ("write /var/lib/docker/tmp: no space left on device", Failed, "host.disk"),
        ("driver failed: Bind for 127.0.0.1:80 failed: port is already allocated", Conflict, "host.port"),
        ("listen tcp4 0.0.0.0:80: bind: address already in use", Conflict, "host.port"),
        ("Address already in use", Conflict, "engine.address"),
        ("Pool overlaps with other one on this address space", Conflict, "network.pool"),
        ("No such container: x", NotFound, "engine.gone"),
        ("No such image: x:1", NotFound, "image.unknown"),
        ("something else", Failed, "engine.failed"),
    ],
)
def test_the_engines_words_have_a_code(words: str, family: type[FairleadError], code: str) -> None:
    error = in_words(words, "starting c", "c")
    assert (type(error), error.code, error.thing) == (family, code, "c")
    assert words in error.message


@pytest.mark.parametrize(
    ("words", "family", "code"),
    [
        ("manifest for r/x@sha256:0 not found: manifest unknown: manifest unknown", NotFound, "image.unknown"),
        ("dial tcp 127.0.0.1:9: connect: connection refused", Unreachable, "registry.unreachable"),
        ("no basic auth credentials", Failed, "registry.failed"),
        ("pull access denied, repository does not exist or may require authorization", NotFound, "image.unknown"),
        ("unauthorized: authentication required", Failed, "registry.failed"),
        ("manifest verification failed for digest sha256:0", Failed, "registry.digest"),
        ("no space left on device", Failed, "host.disk"),
    ],
)
def test_a_registrys_words_have_a_code(words: str, family: type[FairleadError], code: str) -> None:
    error = from_registry(words, "pulling", "r/x")
    assert (type(error), error.code) == (family, code)


def test_every_setting_reaches_the_engine() -> None:
    whole = spec(
        command=("run",),
        entrypoint=("/entry",),
        environment={"B": "2", "A": "1=1"},
        networks=(Attachment("n", ("web",), "10.0.0.5"), Attachment("m")),
        mounts=(Volume("v", "/data", read_only=True), Bind("/srv", "/srv"), Tmpfs("/tmp", "size=1m")),
        restart="on-failure:3",
        stop_grace_s=1.2,
        stop_signal="SIGQUIT",
        user="1:2",
        working_dir="/w",
        hostname="h",
        init=True,
        read_only=True,
        tty=True,
        privileged=True,
        pid_mode="host",
        ipc_mode="host",
        cap_add=("NET_ADMIN",),
        cap_drop=("ALL",),
        security_opt=("no-new-privileges",),
        devices=("/dev/fuse", "/dev/a:/dev/b:r"),
        extra_hosts={"a.test": "10.0.0.1"},
        sysctls={"net.core.somaxconn": "1"},
        log_driver="local",
        log_options={"max-size": "1m"},
        limits=Limits(1, 2, 1.5, 3, 4, {"nofile": (5, 6)}),
        ports=(PublishedPort("127.0.0.1", 80, 8080), PublishedPort("", 0, 53, "udp")),
    )
    body = create_body(whole)
    host = body.pop("HostConfig")
    assert body == {
        "Image": "image",
        "Env": ["A=1=1", "B=2"],
        "Labels": dict(whole.labels),
        "StopTimeout": 2,
        "Cmd": ["run"],
        "Entrypoint": ["/entry"],
        "User": "1:2",
        "WorkingDir": "/w",
        "Hostname": "h",
        "StopSignal": "SIGQUIT",
        "Tty": True,
        "ExposedPorts": {"8080/tcp": {}, "53/udp": {}},
        "NetworkingConfig": {"EndpointsConfig": {"n": {"Aliases": ["web"], "IPAMConfig": {"IPv4Address": "10.0.0.5"}}}},
    }
    owner = {LABEL_PROJECT: "p", LABEL_ENVIRONMENT: "e"}
    volume = {"Type": "volume", "Source": "v", "Target": "/data", "ReadOnly": True}
    assert host == {
        "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3},
        "NetworkMode": "n",
        "Mounts": [
            {**volume, "VolumeOptions": {"Labels": owner}},
            {"Type": "bind", "Source": "/srv", "Target": "/srv", "ReadOnly": True},
        ],
        "Init": True,
        "ReadonlyRootfs": True,
        "Privileged": True,
        "PidMode": "host",
        "IpcMode": "host",
        "CapAdd": ["NET_ADMIN"],
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges"],
        "Sysctls": {"net.core.somaxconn": "1"},
        "ExtraHosts": ["a.test:10.0.0.1"],
        "Devices": [
            {"PathOnHost": "/dev/fuse", "PathInContainer": "/dev/fuse", "CgroupPermissions": "rwm"},
            {"PathOnHost": "/dev/a", "PathInContainer": "/dev/b", "CgroupPermissions": "r"},
        ],
        "Tmpfs": {"/tmp": "size=1m"},
        "PortBindings": {
            "8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": "80"}],
            "53/udp": [{"HostIp": "", "HostPort": ""}],
        },
        "Memory": 1,
        "MemoryReservation": 2,
        "NanoCpus": 1_500_000_000,
        "PidsLimit": 3,
        "ShmSize": 4,
        "Ulimits": [{"Name": "nofile", "Soft": 5, "Hard": 6}],
        "LogConfig": {"Type": "local", "Config": {"max-size": "1m"}},
    }


def test_a_plain_container_asks_for_nothing_special() -> None:
    host = create_body(spec())["HostConfig"]
    assert host == {
        "RestartPolicy": {"Name": "no"},
        "NetworkMode": "default",
        "Mounts": [],
    }
    assert create_body(spec(network_mode="host"))["HostConfig"]["NetworkMode"] == "host"


def test_what_was_stopped_stays_stopped_when_the_engine_restarts() -> None:
    assert restart_policy("always") == {"Name": "unless-stopped"}


def test_files_get_a_volume_only_where_they_must() -> None:
    files = (FileContent("/etc/a/x", b""), FileContent("/run/secrets/y", b""), FileContent("/data/sub/z", b""))
    assert file_volumes(spec(files=files)) == ()
    mounts = (Tmpfs("/run"), Volume("v", "/data"))
    assert file_volumes(spec(files=files, mounts=mounts)) == ("/data/sub", "/run/secrets")
    assert file_volumes(spec(files=files, read_only=True)) == ("/data/sub", "/etc/a", "/run/secrets")


@pytest.mark.parametrize("path", ["/x", "/data/x", "relative", "/a/../b", "/dir/"])
def test_a_file_that_cannot_be_put_there_is_refused(path: str) -> None:
    with pytest.raises(Invalid):
        file_volumes(spec(files=(FileContent(path, b""),), read_only=True, mounts=(Volume("v", "/data"),)))


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        ("books", ("books", "latest")),
        ("books:1", ("books", "1")),
        ("host:5000/books", ("host:5000/books", "latest")),
        ("host:5000/team/books:1", ("host:5000/team/books", "1")),
        ("host:5000/books@sha256:abc", ("host:5000/books", "sha256:abc")),
        ("host:5000/books:1@sha256:abc", ("host:5000/books", "sha256:abc")),
    ],
)
def test_references_are_split(reference: str, parts: tuple[str, str]) -> None:
    assert split_reference(reference) == parts


def test_an_image_is_told() -> None:
    told = image_of(
        {
            "Id": "sha256:1",
            "RepoTags": None,
            "Size": 5,
            "Config": {
                "Healthcheck": {"Test": ["CMD", "true"]},
                "Volumes": {"/data": {}},
            },
        }
    )
    assert (told.has_healthcheck, told.volumes) == (True, ("/data",))
    assert not image_of({"Id": "x", "Config": {"Healthcheck": {"Test": ["NONE"]}}}).has_healthcheck
    assert registry_auth(None) == "e30="


def test_a_build_with_secrets_shows_none_on_its_command_line(tmp_path: Path) -> None:
    request = BuildRequest(
        "/context",
        "Dockerfile",
        ("t:1",),
        target="final",
        arguments={"VERSION": "word-of-argument", "PATH": "/x"},
        secrets={"token": "word-of-secret"},
        credentials={"r.test": Credentials("ann", "word-of-password")},
    )
    line = " ".join(arguments_of(request, "Dockerfile", ["cache:1"], tmp_path))
    assert "--secret id=token,src=" in line
    assert "word-of" not in line
    assert "--build-arg VERSION " in line
    with private_directory() as home:
        write_private(home, request)
        assert home.stat().st_mode & 0o077 == 0
        assert all(path.stat().st_mode & 0o077 == 0 for path in home.iterdir())
        assert (home / "secret-0").read_text() == "word-of-secret"
    assert not home.exists()
    with pytest.raises(Invalid):
        arguments_of(BuildRequest("/c", "D", (), secrets={"a,src=/etc/shadow": "x"}), "D", [], tmp_path)


@given(st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=50)), max_size=20), st.integers(1, 30))
async def test_frames_are_found_however_the_stream_is_cut(pieces: list[tuple[int, bytes]], size: int) -> None:
    stream = b"".join(bytes([kind, 0, 0, 0]) + len(piece).to_bytes(4, "big") + piece for kind, piece in pieces)

    async def chunks():  # type: ignore[no-untyped-def]
        for start in range(0, len(stream), size):
            yield stream[start : start + size]

    found = [frame async for frame in frames(chunks())]
    assert found == [("stderr" if kind == 2 else "stdout", piece) for kind, piece in pieces]


def test_pieces_of_a_long_line_are_one_line() -> None:
    lines = OutputLines()
    at = b"2026-01-01T00:00:00.1Z "
    assert lines.add("stdout", at + b"x" * 16384) is None
    other = lines.add("stderr", at + b"between\n")
    assert other is not None
    assert (other.text, other.stream, other.at) == ("between", "stderr", "2026-01-01T00:00:00.1Z")
    whole = lines.add("stdout", at + b"end\n")
    assert whole is not None
    assert whole.text == "x" * 8192
    assert lines.rest() == []
    short = lines.add("stdout", at + b"no newline")
    assert short is not None
    assert short.text == "no newline"


def test_times_are_told_as_the_engine_reads_them() -> None:
    assert unix_time("1970-01-01T00:01:00.000000001Z") == "60.000000001"
    assert unix_time("1970-01-01T01:00:00.5+01:00") == "0.500000000"
    assert unix_time("12345") == "12345"


def test_a_classic_build_asks_for_what_was_requested() -> None:
    plain = BuildRequest("/c", "Dockerfile", ("a:1", "b:1"), arguments={"A": "1"}, labels={"l": "2"})
    asked = {"dockerfile": "Dockerfile", "buildargs": {"A": "1"}, "labels": {"l": "2"}, "nocache": False}
    assert build_parameters(plain, "Dockerfile", ()) == {**asked, "rm": True, "forcerm": True, "t": ("a:1", "b:1")}
    more = build_parameters(replace(plain, tags=(), target="x", no_cache=True), "Dockerfile", ["c:1"])
    assert (more["target"], more["nocache"], more["cachefrom"], "t" in more) == ("x", True, ["c:1"], False)


def test_progress_is_said_line_by_line() -> None:
    said: list[str] = []
    lines = Lines(said.append)
    for text in ("Step 1", " : FROM x\n", "\n", "a\r\nb\rc", "d"):
        lines.add(text)
    lines.end()
    assert said == ["Step 1 : FROM x", "a", "b", "cd"]


def test_what_a_host_has_left() -> None:
    assert memory_lines("MemTotal:  10 kB\nMemAvailable: 5 kB\nHugePages_Total: 3\n\n") == {
        "MemTotal": 10240,
        "MemAvailable": 5120,
        "HugePages_Total": 3,
    }
    assert remote_resources({"MemTotal": 7, "NCPU": 2}).memory_free_bytes == -1
