"""BuildKit through the docker CLI: what some builds need. Without such a CLI they are refused."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import re
import shutil
import signal
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from fairlead.domain.errors import Failed, Invalid, Refused
from fairlead.domain.image import DOCKER_HUB
from fairlead.ports.container_engine import BuildRequest

LAST_LINES = 20
LINE_BYTES = 64 * 1024
QUESTION_TIMEOUT_S = 10.0
END_TIMEOUT_S = 5.0
BUILT_IN_BEFORE = 23
"""Docker CLIs before version 23 speak BuildKit by themselves; later ones only with the buildx plugin."""

_SECRET_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_ARGUMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RESERVED = re.compile(r"PATH|HOME|TMPDIR|DOCKER_\w*|BUILDX_\w*|BUILDKIT_\w*|LD_\w*", re.IGNORECASE)
_FAMILIAR_PLACES = ("/usr/bin/docker", "/usr/local/bin/docker")


class BuildKit:
    """Finds a CLI that speaks BuildKit, once, and runs builds by it."""

    def __init__(self, socket: str, programs: Sequence[str] | None) -> None:
        self._socket = socket
        self._programs = programs
        self._found: str | None = None

    async def build(
        self, request: BuildRequest, dockerfile: str, cache: Sequence[str], say: Callable[[str], None], *, why: str
    ) -> str:
        """The built image's id. Secret values go through files that only we can read, gone when the build ends.
        Refused `image.buildkit` where there is no BuildKit; `why` says what of the build needs it."""
        program = await self._program(why)
        with private_directory() as home:
            command = [program, *arguments_of(request, dockerfile, cache, home)]
            write_private(home, request)
            environment = self._environment(home) | _argument_environment(request)
            code, last = await _run(command, environment, say)
            if code != 0:
                name = request.tags[0] if request.tags else dockerfile
                told = "\n".join(last)
                raise Failed("image.build", f"{name} could not be built (exit code {code})\n{told}", thing=name)
            return (home / "image-id").read_text().strip()

    async def _program(self, why: str) -> str:
        if self._found is None:
            self._found = await self._find(why)
        return self._found

    async def _find(self, why: str) -> str:
        programs = self._programs
        if programs is None:
            here = shutil.which("docker")
            programs = [*([here] if here else []), *(place for place in _FAMILIAR_PLACES if place != here)]
        for program in programs:
            if os.access(program, os.X_OK) and await self._speaks_buildkit(program):
                return program
        raise Refused(
            "image.buildkit",
            f"{why} cannot be built without BuildKit, and no docker CLI here speaks it",
            hint="install the docker CLI with its buildx plugin",
        )

    async def _speaks_buildkit(self, program: str) -> bool:
        with private_directory() as home:
            environment = self._environment(home)
            code, last = await _ask([program, "version", "--format", "{{.Client.Version}}"], environment)
            major = (last[-1] if last else "").partition(".")[0]
            if code == 0 and major.isdecimal() and int(major) < BUILT_IN_BEFORE:
                return True
            code, _ = await _ask([program, "buildx", "version"], environment)
            return code == 0

    def _environment(self, home: Path) -> dict[str, str]:
        return {
            "PATH": os.defpath,
            "HOME": str(home),
            "DOCKER_CONFIG": str(home),
            "DOCKER_HOST": f"unix://{self._socket}",
            "DOCKER_BUILDKIT": "1",
        }


def arguments_of(request: BuildRequest, dockerfile: str, cache: Sequence[str], home: Path) -> list[str]:
    """The command line, pure. It holds no secret: secrets are named by file, build arguments by name where they can."""
    found = ["build", "--progress=plain", "--iidfile", str(home / "image-id")]
    found += ["--file", os.path.join(request.context, dockerfile)]
    for tag in request.tags:
        found += ["--tag", tag]
    if request.target:
        found += ["--target", request.target]
    if request.no_cache:
        found.append("--no-cache")
    for name, value in sorted(request.arguments.items()):
        found += ["--build-arg", name if _by_environment(name) else f"{name}={value}"]
    for name, value in sorted(request.labels.items()):
        found += ["--label", f"{name}={value}"]
    for reference in cache:
        found += ["--cache-from", reference]
    for number, name in enumerate(sorted(request.secrets)):
        if not _SECRET_ID.fullmatch(name):
            raise Invalid("input.name", f"{name[:80]!r} is not a valid name of a build secret", thing="build secret")
        found += ["--secret", f"id={name},src={home / secret_file(number)}"]
    return [*found, "--", request.context]


def secret_file(number: int) -> str:
    """Where the secret of that place in the sorted names lies."""
    return f"secret-{number}"


def write_private(home: Path, request: BuildRequest) -> None:
    """The secrets' values, and what the registries are logged in with, each in a file of mode 0600."""
    for number, name in enumerate(sorted(request.secrets)):
        _write(home / secret_file(number), request.secrets[name])
    entries = {
        auth_key(registry): {"auth": base64.b64encode(f"{given.user}:{given.password}".encode()).decode()}
        for registry, given in request.credentials.items()
    }
    _write(home / "config.json", json.dumps({"auths": entries}))


def auth_key(registry: str) -> str:
    """Under which the engine and its CLI look for a registry's credentials: Docker Hub has a name of its own there."""
    return "https://index.docker.io/v1/" if registry == DOCKER_HUB else registry


@contextlib.contextmanager
def private_directory() -> Iterator[Path]:
    """A directory that only we can enter, in memory where the machine has such a place; gone at the end."""
    memory = Path("/dev/shm")
    place = str(memory) if memory.is_dir() and os.access(memory, os.W_OK) else None
    home = Path(tempfile.mkdtemp(prefix="fairlead-build-", dir=place))
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w") as file:
        file.write(text)


def _by_environment(name: str) -> bool:
    return bool(_ARGUMENT_NAME.fullmatch(name)) and not _RESERVED.fullmatch(name)


def _argument_environment(request: BuildRequest) -> dict[str, str]:
    return {name: value for name, value in request.arguments.items() if _by_environment(name)}


async def _ask(command: Sequence[str], environment: Mapping[str, str]) -> tuple[int, list[str]]:
    """The end and the last lines of a short question; 124 where it does not end."""
    try:
        async with asyncio.timeout(QUESTION_TIMEOUT_S):
            return await _run(command, environment, lambda _: None)
    except (TimeoutError, OSError):
        return 124, []


async def _run(
    command: Sequence[str], environment: Mapping[str, str], say: Callable[[str], None]
) -> tuple[int, list[str]]:
    """Run it in a session of its own, saying each line; the whole session is ended where we are cancelled."""
    child = await asyncio.create_subprocess_exec(
        *command,
        env=dict(environment),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
        limit=LINE_BYTES,
    )
    assert child.stdout is not None
    last: deque[str] = deque(maxlen=LAST_LINES)
    rest = b""
    try:
        while chunk := await child.stdout.read(LINE_BYTES):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in [*lines, *([rest] if len(rest) > LINE_BYTES else [])]:
                _tell(line, last, say)
            rest = rest if len(rest) <= LINE_BYTES else b""
        _tell(rest, last, say)
        return await child.wait(), list(last)
    finally:
        if child.returncode is None:
            await asyncio.shield(_end(child))


def _tell(line: bytes, last: deque[str], say: Callable[[str], None]) -> None:
    text = line.decode("utf-8", errors="replace").rstrip()
    if text:
        last.append(text)
        say(text)


async def _end(child: asyncio.subprocess.Process) -> None:
    """TERM lets the CLI tell the engine; KILL where that takes too long."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, number)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(child.wait(), END_TIMEOUT_S)
            return
