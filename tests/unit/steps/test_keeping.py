"""A failed idle slot that is left standing because a person asked for it: recorded, unrouted, and ended again."""

import pytest

from fairlead.domain.capture import differences
from fairlead.domain.service import Role, Service, Tests
from fairlead.domain.slot import SlotState
from fairlead.domain.task import TaskState
from fairlead.steps.effects.state import state_before
from fairlead.steps.keeping import ASKED, kept_words, without_kept
from fairlead.testing.deploy_world import World, definition, ending, idling, serving, web
from fairlead.testing.fake_records import FakeRecords

TESTED = Tests(command=("./run_tests.sh",), timeout_s=5.0)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """Somebody asked, of every task, to keep what fails."""
    told = FakeRecords.facts

    async def facts(self, task):
        return {**await told(self, task), ASKED: {"seconds": 7200}}

    monkeypatch.setattr(FakeRecords, "facts", facts)
    return World()


async def failed(world: World):
    services = (web(), Service("worker", Role.WORKER, stop_grace_s=1.0))
    await world.deploy(definition(*services), "1.0.0", scripts={"worker": idling()})
    return await world.deploy(
        definition(*services, tests=TESTED), "1.1.0", scripts={"tests": ending(1), "worker": idling()}
    )


async def test_what_failed_stands_unrouted_for_its_time_and_all_else_is_as_it_was(world):
    deployed = await failed(world)
    assert deployed.end.state is not TaskState.SUCCEEDED
    assert world.live_version() == "1.0.0"
    name = deployed.resolved.names.instance("web", 1)
    assert world.host.containers[name].state == "running"
    assert world.host.containers[name].spec.restart == "no", "a restart of the host does not bring it back"
    told = (await world.records.facts(deployed.stage.task))[f"instance:{name}"]
    assert (told["how"], told["exit_code"]) == ("runs still: it was kept, as was asked for", None)
    assert not [one for one in world.host.containers if "worker" in one and deployed.resolved.names.tag in one]
    slot = (await world.records.slots(world.place))[deployed.resolved.colour]
    assert slot.state is SlotState.IDLE
    assert slot.standby_until is not None
    for held in world.proxy.held.values():
        assert not held.slots[deployed.resolved.colour]
    assert name not in {one.instance for one in await world.catalogue.find(world.place)}
    facts = await world.records.facts(deployed.stage.task)
    before, after = state_before(facts), await world.capture()
    assert before is not None
    assert differences(before, after)
    assert differences(before, without_kept(after, before, facts)) == ()
    assert {line.split(" is kept")[0] for line in kept_words(facts)} == {
        f"container {name}",
        f"network {deployed.resolved.names.slot_network}",
        f"slot {deployed.resolved.colour.value}",
    }


async def test_the_next_deployment_ends_it_as_an_act_of_its_own(world):
    kept = await failed(world)
    nextly = await world.deploy(definition(), "1.2.0", scripts={"web": serving()})
    assert nextly.end.state is TaskState.SUCCEEDED, world.log.text(nextly.stage.task)
    assert any("is ended first" in note for note in nextly.plan.notes)
    assert not [one for one in world.host.containers if kept.resolved.names.tag in one]
    assert kept.resolved.names.slot_network not in world.host.networks
    assert world.live_version() == "1.2.0"


async def test_without_being_asked_nothing_is_kept():
    world = World()
    deployed = await failed(world)
    assert deployed.differences == ()
    assert kept_words(await world.records.facts(deployed.stage.task)) == ()
