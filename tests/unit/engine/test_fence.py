"""Who woke up after another took over does nothing more to the world."""

import asyncio
from dataclasses import dataclass, field

import pytest

from fairlead.engine.fence import behind
from fairlead.ports.durable import Abandoned


@dataclass
class Engine:
    name = "an engine"
    started: list[str] = field(default_factory=list)

    async def start(self, name):
        self.started.append(name)

    async def output(self, name):
        yield f"{name} talks"


@dataclass
class Ownership:
    is_held: bool = True

    def require(self):
        if not self.is_held:
            raise Abandoned


async def test_every_verb_asks_first_and_nothing_is_done_once_it_is_lost():
    engine, ownership = Engine(), Ownership()
    fenced = behind(engine, ownership.require)
    await fenced.start("web")
    assert [line async for line in fenced.output("web")] == ["web talks"]
    assert fenced.name == "an engine"
    ownership.is_held = False
    with pytest.raises(Abandoned):
        await fenced.start("worker")
    with pytest.raises(Abandoned):
        _ = [line async for line in fenced.output("web")]
    assert engine.started == ["web"]


async def test_what_runs_side_by_side_is_abandoned_as_one():
    from fairlead.steps.effects.basis import all_of

    async def lost():
        await asyncio.sleep(0)
        raise Abandoned

    with pytest.raises(Abandoned):
        await all_of([lost(), lost()])


async def test_hosts_and_what_leads_to_them_ask_first():
    from fairlead.engine.fence import fenced
    from fairlead.ports.hosts import NoHosts
    from fairlead.testing.toy_world import toy_tools

    class Hosts(NoHosts):
        async def of_target(self, target):
            return engine

    engine, ownership = Engine(), Ownership()
    tools = fenced(lambda *given: toy_tools(*given, hosts=Hosts()), ownership.require)("task", "", "", {})
    connection = await tools.hosts.of_target("web")
    await connection.start("one")
    ownership.is_held = False
    with pytest.raises(Abandoned):
        await connection.start("two")
    with pytest.raises(Abandoned):
        await tools.hosts.of_target("web")
    assert engine.started == ["one"]
