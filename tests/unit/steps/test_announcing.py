"""Every way to succeed ends as its plan announced it: nothing more, and nothing less."""

import pytest

from fairlead.domain.naming import route_prefix
from fairlead.domain.service import Migration, Role, Route, Service
from fairlead.domain.task import TaskState
from fairlead.ports.proxy import RouteSpec
from fairlead.testing.deploy_world import World, definition, ending, idling, serving, web
from fairlead.testing.fake_proxy import Held


@pytest.fixture
def world() -> World:
    return World()


async def live(world: World, what, version: str, **changes):
    deployed = await world.deploy(what, version, **changes)
    assert deployed.state is TaskState.SUCCEEDED, world.log.text(deployed.stage.task)
    assert deployed.differences == (), world.log.text(deployed.stage.task)
    assert deployed.plan.announced.sentences
    return deployed


async def test_the_first_and_the_next(world):
    first = await live(world, definition(), "1.0.0")
    second = await live(world, definition(web(replicas=2)), "1.1.0")
    told = second.plan.announced.sentences
    assert f"container {first.resolved.names.instance('web', 1)} is gone" in told
    assert f"container {second.resolved.names.instance('web', 2)} runs" in told


async def test_a_whole_project_and_an_accessory_that_is_made_again(world):
    services = (
        web(replicas=2),
        Service("api", Role.INTERNAL, port=8080, health=web().health, stop_grace_s=1.0),
        Service("db", Role.ACCESSORY),
        Service("seed", Role.ONE_SHOT),
        Service("worker", Role.WORKER, stop_grace_s=1.0),
        Service("cron", Role.RECREATE, stop_grace_s=1.0),
    )
    scripts = {
        "db": idling(),
        "seed": ending(0),
        "worker": idling(),
        "cron": idling(),
        "web": lambda spec: ending(0) if spec.command == ("./migrate",) else serving(),
    }
    whole = definition(*services, migration=Migration("web", ("./migrate",)), volumes=("data",))
    for version in ("1.0.0", "1.1.0"):
        await live(world, whole, version, scripts=scripts)
    again = await live(world, whole, "1.2.0", scripts=scripts, recreate_accessories=frozenset({"db"}))
    assert "container books-production_db is gone" in again.plan.announced.sentences


async def test_a_standby_and_going_back_to_it(world):
    services = (web(standby_s=600.0), Service("worker", Role.WORKER, stop_grace_s=1.0))
    scripts = {"worker": idling()}
    first = await live(world, definition(*services), "1.0.0", scripts=scripts)
    second = await live(world, definition(*services), "1.1.0", scripts=scripts)
    assert f"container {first.resolved.names.instance('worker', 1)} stands, stopped" in second.plan.announced.sentences
    back = await live(world, definition(*services), "1.0.0", scripts=scripts, kind="rollback")
    assert back.resolved.is_switch_alone
    await live(world, definition(*services), "1.2.0", scripts=scripts)


async def test_a_recreated_route_and_a_route_that_the_release_has_no_more(world):
    await live(world, definition(web(role=Role.RECREATE)), "1.0.0")
    await live(world, definition(web(role=Role.RECREATE)), "1.1.0")
    moved = await live(world, definition(web(routes=(Route("shop.example.com"),))), "1.2.0")
    assert any(one.startswith("route") and one.endswith("is gone") for one in moved.plan.announced.sentences)


async def test_what_is_there_and_was_not_announced_is_named(world):
    await live(world, definition(), "1.0.0")
    stray = RouteSpec(f"{route_prefix(world.place.project, world.place.environment)}stray", "stray.example.com")

    def visit(door) -> int:
        world.proxy.held.setdefault(stray.name, Held(stray))
        return 200

    world.traffic.answer = visit  # from the switch on, while the old slot is drained
    deployed = await world.deploy(definition(), "1.1.0")
    assert deployed.state is TaskState.SUCCEEDED
    assert deployed.differences == (f"route {stray.name} is there, and nobody announced it",)
