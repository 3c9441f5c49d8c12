"""The zero-loss record: what users met while their route was switched, told whichever way it ended."""

import pytest

from fairlead.domain.colour import Colour
from fairlead.domain.ids import TaskId
from fairlead.domain.record import to_data
from fairlead.domain.service import Health, HttpProbe, Role, Route, TcpProbe, Tests
from fairlead.domain.switch_record import SwitchRecord, as_fact, switch_of, together
from fairlead.domain.task import TaskState
from fairlead.ports.proxy import Counters
from fairlead.steps.effects.routes import Pointed
from fairlead.steps.switch_counting import grown, record_switch
from fairlead.testing.deploy_world import World, definition, ending, web
from fairlead.testing.fake_traffic import FakeTraffic

HOST = "books.example.com"
TESTED = Tests(command=("./run_tests.sh",))


@pytest.fixture
def world() -> World:
    made = World()

    def visit(door) -> int:
        with made.proxy.request(door.host, door.path) as place:
            return 200 if place else 503

    made.traffic = FakeTraffic(visit)
    return made


async def record_of(world: World, deployed) -> SwitchRecord | None:
    return switch_of(await world.records.facts(deployed.stage.task))


async def test_a_switch_that_loses_nothing_says_so(world):
    await world.deploy(definition(), "1.0.0")
    second = await world.deploy(definition(), "1.1.0")
    record = await record_of(world, second)
    assert record == SwitchRecord(requests=2, visits=2, slowest_ms=2.0)
    said = "2 requests, 0 failed, 0 cut, slowest 2 ms during the switch"
    assert record.sentence == said
    assert said in world.log.text(second.stage.task)
    assert world.traffic.watched == {}


async def test_what_is_cut_is_told_and_is_not_told_as_failed_too(world):
    await world.deploy(definition(), "1.0.0")
    with world.proxy.request(HOST), world.proxy.request(HOST):
        second = await world.deploy(definition(), "1.1.0")
    record = await record_of(world, second)
    assert (record.cut, record.failed) == (2, 0)


async def test_visits_that_fail_are_failed_requests(world):
    await world.deploy(definition(), "1.0.0")
    world.traffic.answer = lambda door: 0
    second = await world.deploy(definition(), "1.1.0")
    record = await record_of(world, second)
    assert (record.failed, record.visits) == (2, 2)
    assert "2 failed" in world.log.text(second.stage.task)


async def test_what_a_release_loses_until_it_is_taken_back_is_its_own(world):
    await world.deploy(definition(), "1.0.0")
    world.traffic.answer = lambda door: 502
    failing = {"tests": lambda spec: ending(1 if spec.environment["TEST_TYPE"] == "post-integration" else 0)}
    second = await world.deploy(definition(tests=TESTED), "1.1.0", scripts=failing)
    assert second.state is TaskState.ROLLED_BACK
    record = await record_of(world, second)
    assert (record.is_back, record.of_release, record.failed) == (True, 2, 0)
    assert "2 lost to the new release until users were switched back" in record.sentence
    assert world.traffic.watched == {}


async def test_what_is_cut_when_a_release_is_taken_back_is_told(world):
    await world.deploy(definition(), "1.0.0")
    open_ones = []

    def fails_while_somebody_asks(spec):
        if spec.environment["TEST_TYPE"] != "post-integration":
            return ending(0)
        open_ones.append(request := world.proxy.request(HOST))
        request.__enter__()  # and never ends
        return ending(1)

    second = await world.deploy(definition(tests=TESTED), "1.1.0", scripts={"tests": fails_while_somebody_asks})
    assert second.state is TaskState.ROLLED_BACK
    assert (await record_of(world, second)).cut == 1
    log = world.log.text(second.stage.task)
    assert f"{HOST}/: closed 1 connection still open after 5 s" in log
    assert f"{HOST}/: 2 requests" in log and second.resolved.routes[0].spec.name not in log


async def test_a_route_that_is_recreated_is_counted_from_before_its_old_instances_stop(world):
    one = web(role=Role.RECREATE)
    await world.deploy(definition(one), "1.0.0")
    second = await world.deploy(definition(one), "1.1.0")
    keys = [effect.key for effect in _effects(second.plan)]
    assert keys.index("count") < keys.index("stop:web") < keys.index("point")
    name = second.resolved.routes[0].spec.name
    counts = {colour.value: to_data(Counters(0, 0, 0, 0)) for colour in Colour}
    outputs = {"count": {"counted": {name: counts}}, "point": {"counted": {}}}
    record = await record_switch(name, second.resolved.colour, world.tools(TaskId("t"), "drain", "local", outputs))
    assert (record.requests, record.is_whole) == (4, True)  # two of each deployment's


async def test_a_recreation_that_came_back_says_what_its_users_met(world):
    one = web(role=Role.RECREATE)
    await world.deploy(definition(one), "1.0.0")
    second = await world.deploy(definition(one), "1.1.0", scripts={"web": ending(1)})
    assert second.state is TaskState.ROLLED_BACK, world.log.text(second.stage.task)
    record = await record_of(world, second)
    assert (record.is_back, record.is_whole, record.failed) == (True, True, 0)
    assert world.traffic.watched == {}


async def test_a_deployment_that_switched_nothing_has_no_record(world):
    failed = await world.deploy(definition(), "1.0.0", scripts={"web": ending(1)})
    assert failed.state is TaskState.ROLLED_BACK
    assert await record_of(world, failed) is None


async def test_what_nobody_knows_after_a_death_is_said(world):
    deployed = await world.deploy(definition(), "1.0.0")
    name = deployed.resolved.routes[0].spec.name
    tools = world.tools(TaskId("t"), "drain", "local", {"point": {}})
    record = await record_switch(name, Colour.BLUE, tools, cut=3)
    assert (record.cut, record.is_whole) == (3, False)
    assert "not all of it was counted" in record.sentence
    assert await record_switch(name, Colour.BLUE, world.tools(TaskId("t"), "drain", "local", {})) is None


def test_a_proxy_that_was_started_anew_counts_from_zero_and_is_not_whole():
    before = Counters(100, 2, 1, 0, broken=1, retried=5, left=7)
    whole = grown(before, Counters(130, 3, 3, 4, broken=2, retried=6, left=9))
    assert (whole.requests, whole.failed, whole.application, whole.retried, whole.left) == (30, 4, 2, 1, 2)
    assert whole.is_whole
    anew = grown(before, Counters(5, 1, 0, 0))
    assert (anew.requests, anew.failed, anew.is_whole) == (5, 1, False)


def test_several_routes_are_told_together():
    one, other = SwitchRecord(5, 1, 1, 2, visits=3, slowest_ms=9.5), SwitchRecord(4, slowest_ms=2, is_whole=False)
    facts = {"drained:a": as_fact(one, cut=2), "drained:b": as_fact(other), "certificate": {}, "note": "x"}
    whole = switch_of(facts)
    assert whole == together([one, other])
    assert (whole.requests, whole.failed, whole.cut, whole.slowest_ms, whole.is_whole) == (9, 1, 2, 9.5, False)
    assert "1 of the failed were answered with 5xx by the application" in whole.sentence
    assert switch_of({}) is None


@pytest.mark.parametrize(
    ("path", "probe", "asked"),
    [
        ("/", HttpProbe("/healthz"), "/healthz"),
        ("/shop", HttpProbe("/healthz"), "/shop"),
        ("/shop", HttpProbe("/shop/healthz"), "/shop/healthz"),
        ("/shop", TcpProbe(), "/shop"),
    ],
)
async def test_visitors_knock_where_the_route_leads(world, path, probe, asked):
    one = web(routes=(Route(HOST, path),), health=Health(probe, within_s=5.0))
    deployed = await world.deploy(definition(one), "1.0.0")
    point = next(effect for effect in _effects(deployed.plan) if effect.kind == "route.point")
    (door,) = _doors(point)
    assert (door.host, door.path, door.address, door.port, door.tls) == (HOST, asked, "127.0.0.1", 80, False)


def _effects(plan):
    from fairlead.domain.plan import all_effects

    return all_effects(plan)


def _doors(effect):
    from fairlead.steps.effects.basis import read

    return read(Pointed, effect).doors
