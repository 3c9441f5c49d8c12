"""Kill, fail and cancel at every effect of every strategy: each end is exactly old or exactly new (law 2)."""

import copy
from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.unit.steps.world import World, definition, ending, idling, serving, web

from fairlead.domain.plan import Plan, effects_of
from fairlead.domain.service import Dependency, Migration, Role, Service, Tests
from fairlead.domain.task import TaskState
from fairlead.steps.deploy_services import DeployServices
from fairlead.testing.sweep import Mischief, Moment, Verb, every_moment

WHOLE = definition(
    web(replicas=2, depends_on=(Dependency("db"), Dependency("api", "service_healthy"))),
    Service("api", Role.INTERNAL, port=8080, health=web().health, stop_grace_s=1.0),
    Service("db", Role.ACCESSORY),
    Service("seed", Role.ONE_SHOT),
    Service("worker", Role.WORKER, stop_grace_s=1.0),
    Service("eager", Role.WORKER, stop_grace_s=1.0, overlap=True),
    Service("cron", Role.RECREATE, stop_grace_s=1.0),
    migration=Migration("web", ("./migrate",)),
    tests=Tests(command=("./run_tests.sh",)),
    volumes=("data",),
)
SCRIPTS = {
    "db": idling(),
    "seed": ending(0),
    "worker": idling(),
    "eager": idling(),
    "cron": idling(),
    "web": lambda spec: ending(0, "migrated") if spec.command == ("./migrate",) else serving(),
}
RECREATED = definition(web(role=Role.RECREATE, stop_grace_s=1.0))
ALREADY_SO = {"network:environment", "volume:data", "accessory:db"}
"""What the first deployment made: looking finds it, so nothing is done that could be struck."""

LIVE: dict[int, World] = {}
STRATEGIES = {"blue-green": WHOLE, "recreate": RECREATED}


async def plan_of(what) -> Plan:
    world = World()
    await world.deploy(what, "1.0.0", scripts=SCRIPTS)
    return DeployServices().plan(await world.resolve(what, "1.1.0", scripts=SCRIPTS))


async def mischiefs(what, deed: str, verb: Verb, moments: tuple[Moment, ...]) -> Iterator[Mischief]:
    return every_moment(await plan_of(what), deed, verbs=(verb,), moments=moments)


async def before_and(what) -> tuple[World, object]:
    """A world in which 1.0.0 is live: made once for each definition, then copied."""
    if id(what) not in LIVE:
        LIVE[id(what)] = World()
        first = await LIVE[id(what)].deploy(what, "1.0.0", scripts=SCRIPTS)
        assert first.state is TaskState.SUCCEEDED
    world = copy.deepcopy(LIVE[id(what)])
    return world, await world.capture()


async def is_wholly_new(world: World, deployed) -> list[str]:
    """What contradicts "exactly new": anything of the old release, anything half done."""
    wrong = [f"users get {world.live_version()}"] if world.live_version() != "1.1.0" else []
    deployment = deployed.resolved.deployment
    for name, held in world.host.containers.items():
        kind = held.spec.labels["io.fairlead.kind"]
        if kind == "accessory":
            continue
        if held.spec.labels["io.fairlead.deployment"] != deployment or kind != "instance" or held.state != "running":
            wrong.append(f"{name} ({kind}) is {held.state}")
    expected = {"books-production", deployed.resolved.names.slot_network}
    wrong += [f"network {name}" for name in set(world.host.networks) ^ expected]
    registered = await world.catalogue.find(world.place)
    wrong += [f"registration {one.instance}" for one in registered if one.instance not in world.standing()]
    return wrong


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("moment", list(Moment))
async def test_a_server_that_dies_is_resumed_and_ends_new(strategy, moment):
    what = STRATEGIES[strategy]
    for mischief in await mischiefs(what, "die", Verb.DO, (moment,)):
        world, _ = await before_and(what)
        deployed = await world.deploy(what, "1.1.0", mischief, scripts=SCRIPTS)
        assert deployed.state is TaskState.SUCCEEDED, f"{mischief}: {deployed.end}"
        assert await is_wholly_new(world, deployed) == [], str(mischief)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("moment", list(Moment))
async def test_a_failure_ends_old_or_when_past_the_commit_new(strategy, moment):
    what = STRATEGIES[strategy]
    for mischief in await mischiefs(what, "no", Verb.DO, (moment,)):
        world, before = await before_and(what)
        deployed = await world.deploy(what, "1.1.0", mischief, scripts=SCRIPTS)
        if deployed.state is TaskState.SUCCEEDED:
            assert await is_wholly_new(world, deployed) == [], str(mischief)
            assert mischief.key in after_commit(deployed.plan) | ALREADY_SO, str(mischief)
        else:
            assert deployed.differences == (), f"{mischief}: {deployed.end}"
            assert await world.capture() == without_start_times(before, await world.capture()), str(mischief)


@pytest.mark.parametrize("moment", list(Moment))
async def test_a_server_that_dies_while_undoing_ends_old(moment):
    what = WHOLE
    last = Mischief("no", "test:post-integration", Verb.DO, Moment.AFTER)
    for mischief in await mischiefs(what, "die", Verb.UNDO, (moment,)):
        world, _ = await before_and(what)
        deployed = await world.deploy(what, "1.1.0", last, mischief, scripts=SCRIPTS)
        assert deployed.state is TaskState.ROLLED_BACK, f"{mischief}: {deployed.end}"
        assert deployed.differences == (), str(mischief)


@pytest.mark.parametrize("strategy", STRATEGIES)
async def test_a_cancel_at_any_effect_ends_old_or_new(strategy):
    what = STRATEGIES[strategy]
    for mischief in await mischiefs(what, "cancel", Verb.DO, (Moment.DURING,)):
        world, _ = await before_and(what)
        deployed = await world.deploy(what, "1.1.0", mischief, scripts=SCRIPTS)
        if deployed.state is TaskState.SUCCEEDED:
            assert await is_wholly_new(world, deployed) == [], str(mischief)
        else:
            assert deployed.state is TaskState.CANCELLED, f"{mischief}: {deployed.end}"
            assert deployed.differences == (), str(mischief)


def after_commit(plan: Plan) -> set[str]:
    late = {effect.key for effect in effects_of(plan.onward)}
    return late | ({plan.commit.key} if plan.commit else set())


def without_start_times(before, after):
    """The capture before, with the start times of now: what was stopped and started again is told, not compared."""
    containers = {
        name: replace(held, started_at=after.containers[name].started_at) if name in after.containers else held
        for name, held in before.containers.items()
    }
    return replace(before, containers=containers)
