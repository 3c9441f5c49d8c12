"""Image builds: classic ones by the API; those that need BuildKit by the CLI, which alone speaks it."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from fairlead.adapters.engines.docker.buildkit import BuildKit, auth_key
from fairlead.adapters.engines.docker.client import EngineClient, messages
from fairlead.adapters.engines.docker.context import Context, checked_dockerfile, sent_as
from fairlead.adapters.engines.docker.errors import EngineSaidNo, in_words
from fairlead.adapters.engines.docker.images import Images, error_words
from fairlead.domain.errors import Failed, FairleadError, Unreachable
from fairlead.formats.dockerfile import only_for_buildkit
from fairlead.ports.container_engine import BuildRequest, Image

LAST_LINES = 20
_BUILT = re.compile(r"Successfully built ([0-9a-f]{12,64})")


class Builds:
    """The verb `build`."""

    def __init__(self, client: EngineClient, images: Images, docker_programs: Sequence[str] | None) -> None:
        self._client = client
        self._images = images
        self._buildkit = BuildKit(client.socket, docker_programs)

    async def build(self, request: BuildRequest, say: Callable[[str], None]) -> Image:
        dockerfile = checked_dockerfile(request.context, request.dockerfile)
        cache = [reference for reference in request.cache_from if await self._images.image(reference)]
        if why := _why_buildkit(request, dockerfile):
            built = await self._buildkit.build(request, dockerfile, cache, say, why=why)
        else:
            built = await self._classic(request, dockerfile, cache, say)
        image = await self._images.image(built)
        if image is None:
            raise Failed("image.build", f"the image {built} was built and is not there", thing=_name(request))
        return image

    async def _classic(
        self, request: BuildRequest, dockerfile: str, cache: Sequence[str], say: Callable[[str], None]
    ) -> str:
        """The built image's id."""
        context = Context(request.context, dockerfile)
        lines = Lines(say)
        headers = {"Content-Type": "application/x-tar", "X-Registry-Config": _registry_config(request)}
        named = await asyncio.to_thread(sent_as, Path(request.context), dockerfile)
        params = build_parameters(request, named, cache)
        built = ""
        try:
            async with self._client.stream("POST", "/build", params=params, data=context, headers=headers) as response:
                async for message in messages(response):
                    if "error" in message or "errorDetail" in message:
                        raise build_failed(request, error_words(message), lines.last)
                    lines.add(str(message.get("stream") or ""))
                    built = _built_in(message) or built
        except EngineSaidNo as refusal:
            raise context.error or build_failed(request, refusal.words, lines.last) from refusal
        except Unreachable as error:
            if context.error is not None:
                raise context.error from error
            raise
        lines.end()
        if not built:
            raise build_failed(request, "the engine told no image", lines.last)
        return built


def _why_buildkit(request: BuildRequest, dockerfile: str) -> str:
    """What the classic builder cannot do of it; "" where it can do all."""
    if request.secrets:
        return "build secrets"
    place = Path(request.context, dockerfile)
    if not place.is_file() or place.is_symlink():
        return ""
    return only_for_buildkit(place.read_text(errors="replace"), request.arguments)


class Lines:
    """Puts output together into lines, says each, and remembers the last."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._rest = ""
        self.last: deque[str] = deque(maxlen=LAST_LINES)

    def add(self, text: str) -> None:
        *whole, self._rest = (self._rest + text).replace("\r\n", "\n").replace("\r", "\n").split("\n")
        for line in whole:
            self._tell(line)

    def end(self) -> None:
        self._tell(self._rest)
        self._rest = ""

    def _tell(self, line: str) -> None:
        if line.strip():
            self.last.append(line)
            self._say(line)


def build_failed(request: BuildRequest, words: str, last: Sequence[str]) -> FairleadError:
    """`image.build` with the last lines; a full disk under its own name."""
    error = in_words(words, f"building {_name(request)}", _name(request))
    if error.code == "host.disk":
        return error
    told = "\n".join([*last, words] if words not in last else last)
    return Failed("image.build", f"{_name(request)} could not be built: {words}\n{told}", thing=_name(request))


def _name(request: BuildRequest) -> str:
    return request.tags[0] if request.tags else request.dockerfile


def build_parameters(request: BuildRequest, dockerfile: str, cache: Sequence[str]) -> dict[str, Any]:
    """The query of `POST /build`."""
    params: dict[str, Any] = {
        "dockerfile": dockerfile,
        "buildargs": dict(request.arguments),
        "labels": dict(request.labels),
        "nocache": request.no_cache,
        "rm": True,
        "forcerm": True,
    }
    if request.target:
        params["target"] = request.target
    if cache:  # naming only images that are not there would switch the host's own cache off
        params["cachefrom"] = list(cache)
    if request.tags:
        params["t"] = tuple(request.tags)
    return params


def _registry_config(request: BuildRequest) -> str:
    told = {
        key: {"username": credentials.user, "password": credentials.password, "serveraddress": key}
        for key, credentials in ((auth_key(registry), given) for registry, given in request.credentials.items())
    }
    return base64.urlsafe_b64encode(json.dumps(told).encode()).decode()


def _built_in(message: dict[str, Any]) -> str:
    aux = message.get("aux")
    if isinstance(aux, dict) and aux.get("ID"):
        return str(aux["ID"])
    found = _BUILT.search(str(message.get("stream") or ""))
    return found.group(1) if found else ""
