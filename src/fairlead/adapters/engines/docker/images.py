"""Images of the engine: pulled by digest, pushed, tagged, listed and let go."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fairlead.adapters.engines.docker.client import EngineClient, messages, part
from fairlead.adapters.engines.docker.errors import EngineSaidNo, from_registry, told
from fairlead.adapters.engines.docker.networks import label_filter
from fairlead.domain.errors import Failed, NotFound
from fairlead.ports.container_engine import Credentials, Image

Json = dict[str, Any]

_PUSHED = re.compile(r"digest: (sha256:[0-9a-f]{64})")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
INSPECTIONS_AT_ONCE = 16
# Progress that would be a line for each percent.
_NOISE = frozenset({"Downloading", "Extracting", "Pushing", "Waiting", "Preparing", "Verifying Checksum"})


class Images:
    """The image verbs but `build`."""

    def __init__(self, client: EngineClient) -> None:
        self._client = client

    async def image(self, reference: str) -> Image | None:
        try:
            return image_of(await self._client.ask("GET", f"/images/{part(reference)}/json", thing=reference))
        except EngineSaidNo as refusal:
            if refusal.status in (400, 404):  # 400: no valid reference, so no image has it
                return None
            raise told(refusal, "reading the image") from refusal

    async def matching(self, labels: Mapping[str, str]) -> Sequence[Image]:
        listed = await self._client.ask("GET", "/images/json", params={"filters": label_filter(labels)})
        at_once = asyncio.Semaphore(INSPECTIONS_AT_ONCE)

        async def inspect(image_id: str) -> Image | None:
            async with at_once:
                return await self.image(image_id)

        inspected = await asyncio.gather(*(inspect(image_id) for image_id in {entry["Id"] for entry in listed}))
        return sorted((image for image in inspected if image), key=lambda image: image.id)

    async def pull(self, reference: str, credentials: Credentials | None, say: Callable[[str], None]) -> Image:
        found = await self.image(reference)
        _, _, digest = reference.partition("@")
        if found is not None and (digest or _DIGEST.fullmatch(reference)):
            return found
        if _DIGEST.fullmatch(reference):
            raise NotFound("image.unknown", f"the image {reference} is not on this host", thing=reference)
        repository, tag = split_reference(reference)
        params = {"fromImage": repository, "tag": tag}
        await self._transfer("/images/create", params, credentials, say, f"pulling {reference}", reference)
        pulled = await self.image(reference)
        if pulled is None:
            raise NotFound("image.unknown", f"{reference} was pulled and is not there", thing=reference)
        if digest and not any(known.endswith("@" + digest) for known in pulled.digests):
            words = f"{reference} is known here as {', '.join(pulled.digests) or 'nothing'}"
            raise Failed("registry.digest", words, thing=reference)
        return pulled

    async def push(self, tag: str, credentials: Credentials | None, say: Callable[[str], None]) -> str:
        repository, name = split_reference(tag)
        path = f"/images/{part(repository)}/push"
        digest = await self._transfer(path, {"tag": name}, credentials, say, f"pushing {tag}", tag)
        if not digest:
            raise Failed("registry.digest", f"the registry gave no digest for {tag}", thing=tag)
        return digest

    async def tag(self, image: str, tag: str) -> None:
        repository, name = split_reference(tag)
        try:
            params = {"repo": repository, "tag": name}
            await self._client.ask("POST", f"/images/{part(image)}/tag", params=params, thing=image)
        except EngineSaidNo as refusal:
            raise told(refusal, "tagging the image") from refusal

    async def remove(self, reference: str) -> None:
        try:
            await self._client.ask("DELETE", f"/images/{part(reference)}", thing=reference)
        except EngineSaidNo as refusal:
            if refusal.status not in (404, 409):  # 409: in use
                raise told(refusal, "removing the image") from refusal

    async def _transfer(
        self,
        path: str,
        params: Mapping[str, object],
        credentials: Credentials | None,
        say: Callable[[str], None],
        doing: str,
        thing: str,
    ) -> str:
        """Run a pull or push to its end; the digest that it told, if any."""
        headers = {"X-Registry-Auth": registry_auth(credentials)}
        digest = ""
        try:
            async with self._client.stream("POST", path, params=params, headers=headers, thing=thing) as response:
                async for message in messages(response):
                    if "error" in message or "errorDetail" in message:
                        raise from_registry(error_words(message), doing, thing)
                    digest = _digest_in(message) or digest
                    if line := _progress_line(message):
                        say(line)
        except EngineSaidNo as refusal:
            raise from_registry(refusal.words, doing, thing) from refusal
        return digest


def image_of(inspected: Json) -> Image:
    """From `GET /images/{name}/json`."""
    config = inspected.get("Config") or {}
    healthcheck = (config.get("Healthcheck") or {}).get("Test") or []
    return Image(
        id=inspected["Id"],
        digests=tuple(sorted(inspected.get("RepoDigests") or [])),
        tags=tuple(sorted(inspected.get("RepoTags") or [])),
        size_bytes=int(inspected.get("Size") or 0),
        labels=dict(config.get("Labels") or {}),
        has_healthcheck=bool(healthcheck) and healthcheck[0] != "NONE",
        volumes=tuple(sorted(config.get("Volumes") or {})),
    )


def split_reference(reference: str) -> tuple[str, str]:
    """``host:5000/books:1`` is (``host:5000/books``, ``1``); a digest stands where the tag would; else ``latest``."""
    repository, _, digest = reference.partition("@")
    head, slash, last = repository.rpartition("/")
    name, _, tag = last.partition(":")
    return f"{head}{slash}{name}", digest or tag or "latest"


def registry_auth(credentials: Credentials | None) -> str:
    """The X-Registry-Auth header; an empty object where none are needed."""
    told_ = {} if credentials is None else {"username": credentials.user, "password": credentials.password}
    return base64.urlsafe_b64encode(json.dumps(told_).encode()).decode()


def error_words(message: Json) -> str:
    """What went wrong, from a message of a progress stream."""
    detail = message.get("errorDetail") or {}
    return str(detail.get("message") or message.get("error") or "no reason given")


def _digest_in(message: Json) -> str:
    aux = message.get("aux")
    if isinstance(aux, dict) and _DIGEST.fullmatch(str(aux.get("Digest", ""))):
        return str(aux["Digest"])
    found = _PUSHED.search(str(message.get("status", "")))
    return found.group(1) if found else ""


def _progress_line(message: Json) -> str:
    status = str(message.get("status", ""))
    if not status or status in _NOISE:
        return ""
    layer = message.get("id")
    return f"{layer}: {status}" if layer else status
