"""A rollback onto a standby, and a first deployment, struck at every effect: exactly as it was, or exactly as meant."""

import copy
from dataclasses import replace

import pytest
from tests.unit.steps.world import World, definition, idling, serving, web

from fairlead.domain.plan import effects_of
from fairlead.domain.service import Role, Service
from fairlead.domain.slot import SlotState
from fairlead.domain.task import TaskState
from fairlead.steps.deploy_services import DeployServices
from fairlead.testing.sweep import Mischief, Moment, Verb, every_moment

WARM = definition(
    web(standby_s=600.0),
    Service("worker", Role.WORKER, stop_grace_s=1.0),
    Service("cron", Role.RECREATE, stop_grace_s=1.0),
)
SCRIPTS = {"web": serving(), "worker": idling(), "cron": idling()}
MADE: dict[str, World] = {}


async def warm_world() -> World:
    """1.1.0 is live, 1.0.0 stands by."""
    if "warm" not in MADE:
        MADE["warm"] = World()
        for version in ("1.0.0", "1.1.0"):
            deployed = await MADE["warm"].deploy(WARM, version, scripts=SCRIPTS)
            assert deployed.state is TaskState.SUCCEEDED, deployed.end
    return copy.deepcopy(MADE["warm"])


async def roll_back(world: World, *mischiefs: Mischief):
    return await world.deploy(WARM, "1.0.0", *mischiefs, scripts=SCRIPTS, kind="rollback")


async def rollback_mischiefs(deed, verb, moments):
    world = await warm_world()
    plan = DeployServices().plan(await world.resolve(WARM, "1.0.0", scripts=SCRIPTS, kind="rollback"))
    return list(every_moment(plan, deed, verbs=(verb,), moments=moments))


def runs(world: World, version: str) -> set[str]:
    """The services of that version that run."""
    labels = (held.spec.labels for held in world.host.containers.values() if held.state == "running")
    return {one["io.fairlead.service"] for one in labels if one["io.fairlead.version"] == version}


async def test_a_rollback_that_dies_anywhere_ends_rolled_back():
    for mischief in await rollback_mischiefs("die", Verb.DO, tuple(Moment)):
        world = await warm_world()
        back = await roll_back(world, mischief)
        assert back.state is TaskState.SUCCEEDED, f"{mischief}: {back.end}"
        assert back.stage.deaths == 1, str(mischief)
        assert world.live_version() == "1.0.0", str(mischief)
        assert runs(world, "1.0.0") == {"web", "worker", "cron"}, str(mischief)
        assert runs(world, "1.1.0") == {"web"}, str(mischief)
        slots = await world.records.slots(world.place)
        assert slots[back.resolved.colour.other].state is SlotState.STANDBY, str(mischief)


async def test_a_rollback_that_fails_anywhere_before_its_commit_changes_nothing():
    late: set[str] = set()
    for mischief in await rollback_mischiefs("no", Verb.DO, (Moment.DURING, Moment.AFTER)):
        world = await warm_world()
        back = await roll_back(world, mischief)
        late = late or {effect.key for effect in effects_of(back.plan.onward)} | {"commit"}
        if back.state is TaskState.SUCCEEDED:
            assert mischief.key in late, str(mischief)
            continue
        assert back.differences == (), f"{mischief}: {back.differences}"
        assert world.live_version() == "1.1.0", str(mischief)
        assert runs(world, "1.1.0") == {"web", "worker", "cron"}, str(mischief)


async def test_a_first_deployment_that_fails_leaves_nothing_but_volumes():
    services = (
        web(),
        Service("db", Role.ACCESSORY, stop_grace_s=1.0),
        Service("worker", Role.WORKER, stop_grace_s=1.0),
    )
    what = definition(*services, volumes=("data",))
    scripts = {**SCRIPTS, "db": idling()}
    plan = DeployServices().plan(await World().resolve(what, "1.0.0", scripts=scripts))
    for mischief in every_moment(plan, "no", moments=(Moment.DURING, Moment.AFTER)):
        world = World()
        failed = await world.deploy(what, "1.0.0", mischief, scripts=scripts)
        if failed.state is TaskState.SUCCEEDED:
            continue
        assert failed.differences == (), f"{mischief}: {failed.differences}"
        assert not world.host.containers, str(mischief)
        assert not world.host.networks, str(mischief)
        assert not world.proxy.held, str(mischief)


@pytest.mark.parametrize("moment", list(Moment))
async def test_a_new_deployment_over_a_standby_survives_every_death(moment):
    what = definition(web(), *(replace(one) for one in WARM.services[1:]))
    world = await warm_world()
    plan = DeployServices().plan(await world.resolve(what, "1.2.0", scripts=SCRIPTS))
    for mischief in every_moment(plan, "die", moments=(moment,)):
        world = await warm_world()
        deployed = await world.deploy(what, "1.2.0", mischief, scripts=SCRIPTS)
        assert deployed.state is TaskState.SUCCEEDED, f"{mischief}: {deployed.end}"
        assert runs(world, "1.2.0") == {"web", "worker", "cron"}, str(mischief)
        assert runs(world, "1.1.0") == runs(world, "1.0.0") == set(), str(mischief)


class Forgetful:
    """An effect kind that takes nothing back."""

    def __init__(self, kind):
        self.look, self.do = kind.look, kind.do

    async def undo(self, effect, tools):
        return None


async def forget_the_undo_of(kind: str):
    what = definition(web(), Service("worker", Role.WORKER, stop_grace_s=1.0))
    world = World()
    await world.deploy(what, "1.0.0", scripts=SCRIPTS)
    world.effects = {**world.effects, kind: Forgetful(world.effects[kind])}
    last = Mischief("no", "ready:worker:1", Verb.DO, Moment.AFTER)
    return await world.deploy(what, "1.1.0", last, scripts=SCRIPTS)


@pytest.mark.parametrize("kind", ["slot.claim", "catalogue.register", "instance.stop"])
async def test_an_undo_that_is_forgotten_shows_in_the_certificate(kind):
    assert (await forget_the_undo_of(kind)).differences


@pytest.mark.parametrize("kind", ["route.point", "instance.start"])
async def test_an_undo_that_others_stand_on_leaves_the_task_unsettled(kind):
    """A colour is never emptied under its users, a network never removed under its containers."""
    with pytest.raises(AssertionError, match="the task comes to no end"):
        await forget_the_undo_of(kind)
