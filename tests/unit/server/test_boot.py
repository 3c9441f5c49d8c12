"""`boot`, on a host in memory: what is live runs, in order, and nothing else is begun."""

import copy
import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.crash.test_power_cuts import WHOLE

from fairlead.domain.colour import Colour
from fairlead.domain.service import Dependency, Role, Service
from fairlead.domain.slot import SlotState
from fairlead.domain.task import TaskState
from fairlead.server.beside import WithoutServer
from fairlead.server.boot import Standing
from fairlead.store import catalogue_copy
from fairlead.store.catalogue_copy import CopiedRoute, CopiedSlot, PlaceCopy
from fairlead.testing.deploy_world import PLACE, World, definition, ending, name_of, web
from fairlead.testing.scenarios import SCRIPTS

TWO_BASES = definition(
    web(depends_on=(Dependency("db"),)),
    Service("worker", Role.WORKER, stop_grace_s=1.0),
    Service("db", Role.ACCESSORY, depends_on=(Dependency("disk"),)),
    Service("disk", Role.ACCESSORY),
)


async def copy_of(world: World) -> PlaceCopy:
    """As the store would have written it."""
    slots = await world.records.slots(PLACE)
    live = next((colour for colour, slot in slots.items() if slot.state is SlotState.LIVE), None)
    copied = {colour: CopiedSlot(slot.state, slot.deployment, slot.version) for colour, slot in slots.items()}
    route = web().routes[0]
    led = (CopiedRoute(name_of(PLACE, route), "web", route.host, route.path),)
    return PlaceCopy(PLACE.project, PLACE.environment, None, live, (), copied, led)


async def booted(world: World) -> tuple[bool, list[str]]:
    said: list[str] = []
    outside = WithoutServer(world.engine, world.routes, world.connection, world.clock)
    return await Standing(await copy_of(world), outside, said.append).bring_up(), said


def cut(world: World, *, comes_up: bool) -> None:
    """Nothing ran; then the engine starts what it starts."""
    for one in world.host.containers.values():
        was = one.state
        if was == "running":
            world.host.stop(one)
        if was == "running" and comes_up and one.spec.restart != "no":
            world.host.start(one)
    world.host.settle()


def started(said: list[str]) -> list[str]:
    return [line.rpartition(" ")[2] for line in said if "started" in line]


async def test_what_stayed_down_is_started_in_order():
    world = World()
    deployed = await world.deploy(TWO_BASES, "1.0.0", scripts=SCRIPTS)
    assert deployed.state is TaskState.SUCCEEDED
    cut(world, comes_up=False)
    is_up, said = await booted(world)
    assert is_up, said
    names = deployed.resolved.names
    base = ["books-production_disk", "books-production_db"]
    assert started(said)[:2] == base
    assert set(started(said)[2:]) == {names.instance("web", 1), names.instance("worker", 1)}
    assert world.live_version() == "1.0.0"
    assert await booted(world) == (True, [])


async def test_what_the_engine_brought_up_is_left_alone():
    world = World()
    await world.deploy(TWO_BASES, "1.0.0", scripts=SCRIPTS)
    cut(world, comes_up=True)
    assert await booted(world) == (True, [])


async def test_between_switch_and_commit_point_no_worker_is_started_beside_its_successor():
    world, snapshots = World(), []

    def tests(spec):
        if spec.environment["TEST_TYPE"] == "post-integration":
            snapshots.append(copy.deepcopy(world))
        return ending(0)

    first = await world.deploy(WHOLE, "1.0.0", scripts=SCRIPTS)
    await world.deploy(WHOLE, "1.1.0", scripts={**SCRIPTS, "tests": tests})
    at_that_time = snapshots[-1]
    old_worker = at_that_time.host.containers[first.resolved.names.instance("worker", 1)]
    assert old_worker.state == "exited"
    cut(at_that_time, comes_up=True)
    assert await booted(at_that_time) == (True, [])
    assert old_worker.state == "exited"
    assert at_that_time.live_version() == "1.1.0"  # where the proxy was pointed; the server then goes on, or back


async def test_before_the_switch_the_new_slot_is_not_started():
    world, snapshots = World(), []

    def tests(spec):
        snapshots.append(copy.deepcopy(world))
        return ending(1)

    await world.deploy(WHOLE, "1.0.0", scripts=SCRIPTS)
    second = await world.deploy(WHOLE, "1.1.0", scripts={**SCRIPTS, "tests": tests})
    at_that_time = snapshots[-1]
    cut(at_that_time, comes_up=True)
    assert await booted(at_that_time) == (True, [])
    assert at_that_time.live_version() == "1.0.0"
    assert not {name for name in at_that_time.standing() if f".{second.resolved.colour}." in name}


async def test_what_cannot_be_brought_up_is_said():
    world = World()
    await world.deploy(TWO_BASES, "1.0.0", scripts=SCRIPTS)
    cut(world, comes_up=False)
    for one in world.host.containers.values():
        if "_web." in one.spec.name:
            one.behaviour = replace(one.behaviour, ends_after_s=0.1, exit_code=3)
    is_up, said = await booted(world)
    assert not is_up
    assert any("_web." in line and "does not answer" in line for line in said)


@pytest.mark.parametrize("text", ["{", "[]", '{"project": 1}'])
def test_a_copy_that_cannot_be_read_keeps_no_other_down(tmp_path: Path, text: str) -> None:
    good = {"project": "books", "environment": "Test", "tenant": None, "live": None}
    (tmp_path / "a.json").write_text(text)
    (tmp_path / "b.json").write_text(json.dumps({**good, "instances": [], "slots": {}, "routes": []}))
    assert [one.project for one in catalogue_copy.read_all(tmp_path)] == ["books"]
    assert Colour.BLUE not in catalogue_copy.read_all(tmp_path)[0].slots
