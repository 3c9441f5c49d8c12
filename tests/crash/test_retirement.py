"""Ending a project in an environment, struck at every effect: in the end nothing of it is there but its data."""

from __future__ import annotations

import copy

import pytest

from fairlead.domain.ids import NodeId, TaskId
from fairlead.domain.plan import Plan
from fairlead.domain.service import Role, Service
from fairlead.domain.slot import SlotState
from fairlead.domain.task import TaskState
from fairlead.engine.parts import Parts
from fairlead.ports.catalogue import Place
from fairlead.ports.tasks import End
from fairlead.steps.capturing import routes_of
from fairlead.steps.retire_place import ResolvedRetirement, RetirePlace
from fairlead.steps.standing import standing_accessories, standing_slots
from fairlead.testing.deploy_world import PATIENCE, Deployed, World, definition, idling, serving, web
from fairlead.testing.fake_tasks import FakeBinder
from fairlead.testing.sweep import Mischief, Moment, Stage, Verb, every_moment

WHAT = definition(
    web(standby_s=600.0),
    Service("worker", Role.WORKER, stop_grace_s=1.0),
    Service("db", Role.ACCESSORY, stop_grace_s=1.0),
    volumes=("data",),
)
SCRIPTS = {"web": serving(), "worker": idling(), "db": idling()}
MADE: dict[str, World] = {}


async def warm_world() -> World:
    """1.1.0 is live, 1.0.0 stands by, a database runs beside them."""
    if "warm" not in MADE:
        MADE["warm"] = World()
        for version in ("1.0.0", "1.1.0"):
            deployed: Deployed = await MADE["warm"].deploy(WHAT, version, scripts=SCRIPTS)
            assert deployed.state is TaskState.SUCCEEDED, deployed.end
    return copy.deepcopy(MADE["warm"])


async def plan_of(world: World, *, is_whole: bool) -> Plan:
    slots = await standing_slots(world.place, records=world.records, container_engine=world.engine)
    accessories = await standing_accessories(world.place, container_engine=world.engine) if is_whole else None
    routes = await routes_of(world.place, world.routes)
    return RetirePlace().plan(ResolvedRetirement(world.place, slots, routes, accessories))


async def end(world: World, *mischiefs: Mischief, is_whole: bool = True) -> End:
    async def never(_: TaskId) -> bool:
        return False

    binder = FakeBinder()
    parts = Parts(
        node=NodeId("node"),
        effects=RetirePlace.effects,
        tools=world.tools,
        tasks=world.tasks,
        binder=binder,
        pivot=never,
        task_log=world.log,
        clock=world.clock,
        patience=PATIENCE,
    )
    world.number += 1
    stage = Stage(parts, world.tasks, binder, task=TaskId(f"end-{world.number}"))
    return await stage.play(await plan_of(world, is_whole=is_whole), mischiefs)


async def nothing_but_data(world: World) -> None:
    assert not world.host.containers
    assert not world.host.networks
    assert not world.proxy.held
    assert await world.catalogue.find(world.place) == []
    assert {slot.state for slot in (await world.records.slots(world.place)).values()} == {SlotState.EMPTY}
    assert set(world.host.volumes) == {"books-production_data"}


async def test_all_of_it_ends_but_its_data() -> None:
    world = await warm_world()
    told = await end(world)
    assert told.state is TaskState.SUCCEEDED, told
    await nothing_but_data(world)


async def test_accessories_stay_with_their_network_unless_asked_for() -> None:
    world = await warm_world()
    assert (await end(world, is_whole=False)).state is TaskState.SUCCEEDED
    assert set(world.host.containers) == world.standing() == {"books-production_db"}
    assert set(world.host.networks) == {"books-production"}
    assert (await world.deploy(WHAT, "1.2.0", scripts=SCRIPTS)).state is TaskState.SUCCEEDED
    assert world.live_version() == "1.2.0"


async def test_nothing_of_others_is_touched() -> None:
    world = await warm_world()
    world.place = Place("books", "Test")
    other = web(routes=())
    assert (await world.deploy(definition(other), "1.0.0", scripts=SCRIPTS)).state is TaskState.SUCCEEDED
    theirs = {name for name in world.host.containers if name.startswith("books-test")}
    assert theirs
    world.place = Place("books", "Production")
    await end(world)
    assert set(world.host.containers) == theirs


@pytest.mark.parametrize("deed", ["die", "fail", "no", "cancel"])
async def test_cut_short_anywhere_it_goes_on_when_it_is_asked_for_again(deed) -> None:
    plan = await plan_of(await warm_world(), is_whole=True)
    for mischief in every_moment(plan, deed, verbs=(Verb.DO,), moments=(Moment.DURING, Moment.AFTER)):
        world = await warm_world()
        told = await end(world, mischief)
        if told.state is not TaskState.SUCCEEDED:
            told = await end(world)
        assert told.state is TaskState.SUCCEEDED, f"{mischief}: {told}"
        await nothing_but_data(world)
