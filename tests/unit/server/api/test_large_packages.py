"""Packages larger than what the server may hold in memory: taken in and given out part by part, with a limit."""

from __future__ import annotations

import asyncio
import hashlib
import json
import tracemalloc
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from starlette.types import ASGIApp, Message
from tests.unit.server.api.conftest import KEY
from tests.unit.server.api.test_doors import problem
from tests.unit.server.house import House

from fairlead.server.api.doors import COOKIE
from fairlead.server.app import create
from fairlead.server.settings import Settings
from fairlead.usecases import access

MEBIBYTE = 1024 * 1024
SIZE = 80 * MEBIBYTE
PART = bytes(65_536)


def parts(size: int) -> Iterator[bytes]:
    yield b"PK\x03\x04"
    for _ in range(size // len(PART)):
        yield PART


class Asked:
    """One request to the application, whose body comes in parts and whose answer's body is hashed as it comes: no
    client that holds either."""

    def __init__(self, method: str, path: str, query: str = "", body: Iterable[bytes] = ()) -> None:
        self.scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(b"authorization", f"Bearer {KEY}".encode()), (b"host", b"localhost")],
            "client": ("127.0.0.1", 1),
        }
        self.body, self.is_sent = iter(body), False
        self.status, self.start = 0, b""
        self.hash, self.size = hashlib.sha256(), 0

    def of(self, app: ASGIApp) -> Asked:
        asyncio.run(app(self.scope, self.receive, self.send))
        return self

    async def receive(self) -> Message:
        if self.is_sent:
            await asyncio.Event().wait()
        part = next(self.body, b"")
        self.is_sent = not part
        return {"type": "http.request", "body": part, "more_body": bool(part)}

    async def send(self, message: Message) -> None:
        self.status = message.get("status", self.status)
        part = message.get("body", b"")
        self.hash.update(part)
        self.size += len(part)
        self.start = (self.start + part)[:10_000]


def leftovers(house: House) -> list[str]:
    incoming = house.life.server.settings.data_dir / "artifacts" / "incoming"
    return [path.name for path in incoming.iterdir()] if incoming.exists() else []


def test_a_large_package_is_taken_and_given_without_being_held(house: House) -> None:
    access.set_up(house.context, name="admin", api_key=KEY)
    app = create(house.life)
    tracemalloc.start()
    try:
        pushed = Asked("PUT", "/api/v1/packages", "file=Large.1.0.zip", parts(SIZE)).of(app)
        given = Asked("GET", "/api/v1/packages/large/1.0/content").of(app)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    made = json.loads(pushed.start)
    assert (pushed.status, made["size_bytes"]) == (200, SIZE + 4), made
    assert (given.size, f"sha256:{given.hash.hexdigest()}") == (SIZE + 4, made["blob"])
    assert most < 16 * MEBIBYTE, f"{most:,} bytes at once"
    assert leftovers(house) == []


@pytest.mark.parametrize("is_declared", [True, False])
def test_a_package_over_the_limit_is_refused_and_leaves_nothing(
    house: House, tmp_path: Path, *, is_declared: bool
) -> None:
    access.set_up(house.context, name="admin", api_key=KEY)
    house.life.server.settings = Settings(data_dir=tmp_path, max_package_bytes=5 * len(PART))
    headers = {"Authorization": f"Bearer {KEY}"}
    with TestClient(create(house.life), raise_server_exceptions=False, headers=headers) as client:
        for size, status in ((4, 200), (6, 413)):
            content = b"".join(parts(size * len(PART))) if is_declared else parts(size * len(PART))
            answer = client.put("/api/v1/packages", params={"file": f"Large.{size}.0.zip"}, content=content)
            assert answer.status_code == status, answer.text
        problem(answer, 413, "input.too_large")
        assert [one["version"] for one in client.get("/api/v1/packages").json()["items"]] == ["4.0"]
    assert leftovers(house) == []


def test_who_may_not_push_leaves_nothing(client: TestClient, house: House) -> None:
    house.add_user("vera", "viewer")
    client.headers.pop("Authorization")
    client.cookies.set(COOKIE, house.open_session("vera"))
    problem(client.put("/api/v1/packages", params={"file": "Large.1.0.zip"}, content=b"PK\x03\x04"), 403)
    assert leftovers(house) == []


@pytest.mark.parametrize("file", ["web.zip", "web.1.0.exe", "web.1.0.tar.gz"])
def test_what_is_no_package_leaves_nothing(client: TestClient, house: House, file: str) -> None:
    problem(client.put("/api/v1/packages", params={"file": file}, content=b"PK\x03\x04"), 400)
    assert leftovers(house) == []
