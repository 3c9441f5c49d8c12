"""Removing a network while the engine is slow to let go of what a dead container held."""

from typing import Any, cast

import pytest

from fairlead.adapters.engines.docker.client import EngineClient
from fairlead.adapters.engines.docker.errors import EngineSaidNo
from fairlead.adapters.engines.docker.networks import Networks
from fairlead.domain.errors import Failed
from fairlead.ports.container_engine import LABEL_KEY

HELD = "network books id 1 has active endpoints"


class Engine:
    """An engine with one network, which it says is held so many times; `running` containers are in it."""

    def __init__(self, times: int, *running: str) -> None:
        self.times, self.running, self.is_there = times, running, True

    async def ask(self, method: str, path: str, *, params: dict[str, Any], **_: object) -> list[dict[str, Any]]:
        """The network, or who is in it."""
        if path == "/networks":
            return [{"Name": "books", "Id": "1", "Labels": {LABEL_KEY: "k"}}] if self.is_there else []
        return [] if params.get("all") else [{"Id": one} for one in self.running]

    async def change(self, method: str, path: str, *, thing: str = "", **_: object) -> None:
        """Removes it, once nobody holds it any more."""
        if self.times:
            self.times -= 1
            raise EngineSaidNo(403, HELD, thing)
        self.is_there = False


async def test_what_a_dead_container_holds_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fairlead.adapters.engines.docker.networks.PAUSE_S", 0)
    engine = Engine(3)
    await Networks(cast("EngineClient", engine)).remove("books")
    assert not engine.is_there


async def test_what_runs_in_it_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fairlead.adapters.engines.docker.networks.PAUSE_S", 0)
    engine = Engine(3, "web")
    with pytest.raises(Failed, match="active endpoints"):
        await Networks(cast("EngineClient", engine)).remove("books")
    assert engine.times == 2 and engine.is_there


async def test_it_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fairlead.adapters.engines.docker.networks.PAUSE_S", 0)
    with pytest.raises(Failed, match="active endpoints"):
        await Networks(cast("EngineClient", Engine(10_000))).remove("books")
