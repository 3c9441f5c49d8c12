"""Any registry that speaks the OCI Distribution API (spec 1.1), given by URL and credentials."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import httpx2

from fairlead.adapters.registries.tokens import Challenge, fetch_token
from fairlead.domain.errors import Failed, FairleadError, Invalid, NotFound, Unreachable
from fairlead.ports.container_engine import Credentials

MANIFESTS = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
TIMEOUT = httpx2.Timeout(30.0, connect=5.0)
PAGE = 500
PAGES = 2000  # a million names; a registry that pages for ever is broken
BODY_BYTES = 16 * 1024 * 1024


class DistributionRegistry:
    """A `Registry`. `url` is ``https://host[:port][/prefix]``, or ``http://`` where it speaks that.

    Each verb opens and closes its own connection: they are rare, and nothing can be left open.
    """

    def __init__(self, url: str, credentials: Credentials | None = None) -> None:
        parts = urlsplit(url if "://" in url else f"https://{url}")
        if parts.scheme not in {"http", "https"} or not parts.netloc or "@" in parts.netloc:
            raise Invalid("input.invalid", f"{url!r} is not the address of a registry", thing="registry")
        self._base = f"{parts.scheme}://{parts.netloc}"
        self._prefix = parts.path.strip("/")
        self.address = "/".join(filter(None, (parts.netloc, self._prefix)))
        self._credentials = credentials
        self._is_near = parts.hostname in {"127.0.0.1", "localhost", "::1"}

    def credentials(self) -> Credentials | None:
        return self._credentials

    async def check(self) -> None:
        answer = await self._ask("GET", "/v2/")
        if answer.status_code != 200:
            raise self._failed("is no registry", answer)

    async def digest(self, repository: str, tag: str) -> str | None:
        path = f"/v2/{self._name(repository)}/manifests/{quote(tag, safe=':')}"
        answer = await self._ask("HEAD", path, headers={"Accept": MANIFESTS})
        if answer.status_code == 404:
            return None
        if answer.status_code == 200 and (told := answer.headers.get("Docker-Content-Digest")):
            return str(told)
        answer = await self._ask("GET", path, headers={"Accept": MANIFESTS})
        if answer.status_code == 404:
            return None
        if answer.status_code != 200:
            raise self._failed(f"cannot tell the digest of {repository}:{tag}", answer)
        return "sha256:" + hashlib.sha256(answer.content).hexdigest()

    async def tags(self, repository: str) -> Sequence[str]:
        return await self._listed(f"/v2/{self._name(repository)}/tags/list", "tags")

    async def repositories(self) -> Sequence[str]:
        found = await self._listed("/v2/_catalog", "repositories")
        top = f"{self._prefix}/" if self._prefix else ""
        return [name.removeprefix(top) for name in found if name.startswith(top)]

    async def delete(self, repository: str, digest: str) -> None:
        if ":" not in digest:
            raise Invalid("input.invalid", f"{digest!r} is not a digest", thing=repository)
        answer = await self._ask("DELETE", f"/v2/{self._name(repository)}/manifests/{quote(digest, safe=':')}")
        if answer.status_code not in (200, 202, 404):
            raise self._failed(f"does not delete {repository}@{digest}", answer)

    @contextlib.asynccontextmanager
    async def pushing(self) -> AsyncIterator[None]:
        """Nothing to hold: this registry's garbage is its owner's affair."""
        yield

    async def collect_garbage(self) -> int:
        return 0

    async def _listed(self, path: str, field: str) -> list[str]:
        """All pages: the answer's Link header leads to the next one."""
        found: list[str] = []
        following: str | None = f"{path}?n={PAGE}"
        for _ in range(PAGES):
            answer = await self._ask("GET", following or path)
            if answer.status_code == 404:
                return found
            if answer.status_code != 200:
                raise self._failed(f"does not list {field}", answer)
            found += _json(answer).get(field) or []
            link = answer.links.get("next", {}).get("url")
            if not link:
                return sorted(found)
            absolute = urljoin(f"{self._base}{path}", link)
            parts = urlsplit(absolute)
            following = f"{parts.path}?{parts.query}"  # on this registry, whatever host the link names
        raise Failed("registry.failed", f"the registry {self.address} lists {field} without an end", thing=self.address)

    async def _ask(self, method: str, path: str, *, headers: Mapping[str, str] | None = None) -> httpx2.Response:
        """The answer, logged in where the registry asks for it. Statuses from 500 on, and 401 and 403, are errors."""
        try:
            async with self._client(self._base) as client:
                answer = await self._send(client, method, path, headers or {})
        except httpx2.HTTPError as error:
            words = str(error) or type(error).__name__
            raise Unreachable(
                "registry.unreachable", f"the registry {self.address} does not answer: {words}", thing=self.address
            ) from error
        if answer.status_code in (401, 403):
            raise self._failed("refuses the credentials", answer)
        if answer.status_code >= 500 or answer.status_code == 429:
            raise self._failed(f"cannot answer {method} {path}", answer)
        return answer

    async def _send(
        self, client: httpx2.AsyncClient, method: str, path: str, headers: Mapping[str, str]
    ) -> httpx2.Response:
        answer = await _bounded(client, method, self._base + path, headers)
        if answer.status_code != 401:
            return answer
        challenge = Challenge.read(answer.headers.get("WWW-Authenticate", ""))
        if challenge is None:
            return answer
        if challenge.scheme == "basic":
            if self._credentials is None:
                return answer
            given = httpx2.BasicAuth(self._credentials.user, self._credentials.password)
            return await _bounded(client, method, self._base + path, headers, auth=given)
        async with self._client(challenge.parameters.get("realm", "")) as asking:
            token = await fetch_token(asking, challenge, self._base, self._credentials)
        bearer = {**headers, "Authorization": f"Bearer {token}"}
        return await _bounded(client, method, self._base + path, bearer)

    def _client(self, url: str) -> httpx2.AsyncClient:
        trust = _nobody() if self._is_near and url.startswith("http:") else _authorities()
        return httpx2.AsyncClient(timeout=TIMEOUT, verify=trust, trust_env=not self._is_near)

    def _name(self, repository: str) -> str:
        name = "/".join(filter(None, (self._prefix, repository)))
        if not repository or any(piece in ("", ".", "..") for piece in name.split("/")):
            raise Invalid("input.name", f"{repository[:80]!r} is not the name of a repository", thing="repository")
        return quote(name)

    def _failed(self, words: str, answer: httpx2.Response) -> FairleadError:
        message = f"the registry {self.address} {words}: {answer.status_code}{_reasons(answer)}"
        if answer.status_code in (401, 403):
            return Failed("registry.failed", message, thing=self.address, hint="check its user and password")
        if answer.status_code == 404:
            return NotFound("image.unknown", message, thing=self.address)
        return Failed("registry.failed", message, thing=self.address)


@functools.cache
def _authorities() -> ssl.SSLContext:
    """The machine's certificate authorities, read once: that takes longer than most questions."""
    return httpx2.create_ssl_context()


@functools.cache
def _nobody() -> ssl.SSLContext:
    """For plain http on this machine, as our own registry is asked: who has no other never reads the authorities."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


async def _bounded(
    client: httpx2.AsyncClient,
    method: str,
    url: str,
    headers: Mapping[str, str],
    auth: httpx2.BasicAuth | None = None,
) -> httpx2.Response:
    """The whole answer, whose body may not be larger than `BODY_BYTES`."""
    request = client.build_request(method, url, headers=dict(headers))
    answer = await client.send(request, stream=True, auth=auth)
    try:
        content = bytearray()
        async for chunk in answer.aiter_raw():
            content += chunk
            if len(content) > BODY_BYTES:
                raise Failed("registry.failed", f"the registry's answer is larger than {BODY_BYTES} bytes", thing=url)
    finally:
        await answer.aclose()
    return httpx2.Response(answer.status_code, headers=answer.headers, content=bytes(content), request=request)


def _json(answer: httpx2.Response) -> dict[str, Any]:
    try:
        told = answer.json()
    except ValueError as error:
        raise Failed("registry.failed", "the registry's answer is not JSON", thing=str(answer.url)) from error
    return told if isinstance(told, dict) else {}


def _reasons(answer: httpx2.Response) -> str:
    """The registry's own words: ``{"errors": [{"code", "message"}]}``."""
    try:
        errors = answer.json()["errors"]
        return " " + "; ".join(str(error.get("message") or error.get("code")) for error in errors)
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""
