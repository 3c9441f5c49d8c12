"""The command line in this process, against the whole application over the books of a house."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from argon2 import PasswordHasher
from fastapi.testclient import TestClient
from tests.unit.server.house import House

from fairlead.cli import app, client
from fairlead.entry.client import kinds
from fairlead.server.app import create
from fairlead.store import passwords
from fairlead.usecases import access

KEY = "flk_a-key-for-tests"
URL = "http://fairlead.test"


@dataclass(frozen=True)
class Said:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


class ToTheApplication(httpx2.BaseTransport):
    """Requests go straight into the application."""

    def __init__(self, house: House) -> None:
        self.application = TestClient(create(house.life), raise_server_exceptions=False)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = self.application.request(
            request.method, str(request.url), content=request.read(), headers=list(request.headers.items())
        )
        return httpx2.Response(answer.status_code, headers=list(answer.headers.items()), content=answer.content)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", lambda: quick)
    folder = tmp_path / "server"
    folder.mkdir()
    made = House(folder)
    access.set_up(made.context, name="admin", api_key=KEY)
    yield made
    made.close()


@pytest.fixture
def fairlead(
    house: House, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[Callable[..., Said]]:
    """`fairlead("status", "-o", "json")` → what it said; signed in as an administrator unless `key` says otherwise. All
    of it is answered in one event loop, in which connections to hosts are kept, and ended."""
    transport = ToTheApplication(house)
    before = client.Client.__init__

    def connected(self: client.Client, account: Any, **_: object) -> None:
        before(self, account, transport=transport)

    monkeypatch.setattr(client.Client, "__init__", connected)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("FAIRLEAD_URL", URL)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, key: str = KEY) -> Said:
        monkeypatch.setenv("FAIRLEAD_API_KEY", key)
        capfd.readouterr()
        code = app.run(arguments, kinds=kinds)
        told = capfd.readouterr()
        return Said(code, told.out, told.err)

    with transport.application as entered:
        yield run
        assert entered.portal is not None
        entered.portal.call(house.life.server.hosts.close)
