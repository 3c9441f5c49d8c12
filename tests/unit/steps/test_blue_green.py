"""Deployments on a world in memory: exactly old or exactly new, and nothing of it left."""

import pytest

from fairlead.domain.effect import SaidNo
from fairlead.domain.ids import TaskId
from fairlead.domain.plan import Effect
from fairlead.domain.service import Dependency, Migration, Role, Service, Tests, Volume
from fairlead.domain.task import TaskState
from fairlead.steps.effects.basis import arguments
from fairlead.steps.effects.instances import Standees, StopInstances
from fairlead.steps.resolved import StandingInstance
from fairlead.testing.behaviour import Behaviour
from fairlead.testing.deploy_world import World, definition, ending, idling, serving, web


@pytest.fixture
def world() -> World:
    return World()


async def test_the_first_deployment_goes_live(world):
    deployed = await world.deploy(definition(), "1.0.0")
    assert deployed.state is TaskState.SUCCEEDED, world.log.text(deployed.stage.task)
    assert world.live_version() == "1.0.0"
    assert world.standing() == {deployed.resolved.names.instance("web", 1)}


async def test_the_second_replaces_the_first_and_leaves_nothing_of_it(world):
    first = await world.deploy(definition(), "1.0.0")
    second = await world.deploy(definition(), "1.1.0")
    assert second.state is TaskState.SUCCEEDED, world.log.text(second.stage.task)
    assert second.resolved.colour is first.resolved.colour.other
    assert world.live_version() == "1.1.0"
    assert world.standing() == {second.resolved.names.instance("web", 1)}
    assert set(world.host.networks) == {"books-production", second.resolved.names.slot_network}
    assert [one.instance for one in await world.catalogue.find(world.place)] == [
        second.resolved.names.instance("web", 1)
    ]


async def test_what_somebody_removed_at_the_engine_is_not_found_in_its_slot_for_ever(world):
    first = await world.deploy(definition(web(replicas=2)), "1.0.0")
    world.host.containers.pop(first.resolved.names.instance("web", 2))
    second = await world.deploy(definition(web(replicas=2)), "1.1.0")
    assert second.state is TaskState.SUCCEEDED, world.log.text(second.stage.task)
    found = {one.instance for one in await world.catalogue.find(world.place)}
    assert found == {second.resolved.names.instance("web", replica) for replica in (1, 2)}


async def test_a_volume_without_a_name_goes_with_its_instance_as_announced(world):
    await world.deploy(definition(web(mounts=(Volume("", "/cache"),))), "1.0.0")
    second = await world.deploy(definition(web(mounts=(Volume("", "/cache"),))), "1.1.0")
    assert second.state is TaskState.SUCCEEDED and len(world.host.volumes) == 1
    assert second.end.code == "" and second.differences == ()


TESTED = Tests(command=("./run_tests.sh",))


@pytest.mark.parametrize("kind", ["pre-integration", "post-integration"])
async def test_a_failing_test_leaves_the_old_release_as_it_was(world, kind):
    await world.deploy(definition(), "1.0.0")
    before = await world.capture()

    def script(spec):
        return ending(1 if spec.environment["TEST_TYPE"] == kind else 0, "checking", "AssertionError: no books")

    failed = await world.deploy(definition(tests=TESTED), "1.1.0", scripts={"tests": script})
    assert failed.state is TaskState.ROLLED_BACK, world.log.text(failed.stage.task)
    assert failed.end.code == "tests.failed"
    assert "AssertionError: no books" in failed.end.evidence
    assert failed.differences == ()
    assert await world.capture() == before
    assert world.live_version() == "1.0.0"


async def test_whole_project_with_accessory_migration_one_shot_and_worker(world):
    services = (
        web(replicas=2, depends_on=(Dependency("db"), Dependency("api", "service_healthy"))),
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
        "web": lambda spec: ending(0, "migrated") if spec.command == ("./migrate",) else serving(),
    }
    whole = definition(*services, migration=Migration("web", ("./migrate",)), tests=TESTED, volumes=("data",))
    first = await world.deploy(whole, "1.0.0", scripts=scripts)
    assert first.state is TaskState.SUCCEEDED, world.log.text(first.stage.task)
    second = await world.deploy(whole, "1.1.0", scripts=scripts)
    assert second.state is TaskState.SUCCEEDED, world.log.text(second.stage.task)
    names = second.resolved.names
    assert world.standing() == {
        "books-production_db",
        *(names.instance("web", replica) for replica in (1, 2)),
        *(names.instance(service, 1) for service in ("api", "worker", "cron")),
    }
    assert set(world.host.containers) == world.standing()
    assert set(world.host.volumes) == {"books-production_data"}


async def test_an_old_instance_is_started_once_however_often_its_stop_is_undone(world):
    """The server dies between the start and the record of it: the old release's users are not cut off again."""
    first = await world.deploy(definition(), "1.0.0")
    name = first.resolved.names.instance("web", 1)
    held = world.host.containers[name]
    effect = Effect(
        "instance.stop",
        "stop",
        "",
        arguments(Standees((StandingInstance(name, "web", Role.ROUTED, held.id, is_running=True),))),
    )
    tools, kind = world.tools(TaskId("t"), "", "local", {}), StopInstances()
    await kind.do(effect, tools)
    started = []
    for _ in range(2):
        world.clock.advance(1.0)
        await kind.undo(effect, tools)
        started.append(held.started_at)
    assert held.state == "running" and started[0] == started[1]


class CutOff:
    """Tells the old worker to stop, and does not see it end: the engine goes on with that, whoever asked."""

    def __init__(self, stopping, host):
        self.look, self.undo, self.host = stopping.look, stopping.undo, host

    async def do(self, effect, tools):
        for one in effect.arguments["instances"]:
            self.host.containers[one["name"]].killed_at_s = self.host.clock.monotonic_s() + one["grace_s"]
        return SaidNo("engine.unreachable", "cut off")


async def test_an_old_worker_that_was_told_to_stop_runs_after_the_way_back(world):
    services = (web(), Service("worker", Role.WORKER, stop_grace_s=20.0))
    scripts = {"worker": Behaviour(ignores_stop=True)}
    await world.deploy(definition(*services), "1.0.0", scripts=scripts)
    before = world.standing()
    world.effects = {**world.effects, "instance.stop": CutOff(world.effects["instance.stop"], world.host)}
    failed = await world.deploy(definition(*services), "1.1.0", scripts=scripts)
    assert failed.state is TaskState.ROLLED_BACK, world.log.text(failed.stage.task)
    assert failed.differences == ()
    world.clock.advance(60.0)
    world.host.settle()
    assert world.standing() == before
