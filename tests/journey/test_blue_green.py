"""Blue-green on the real engine and the real HAProxy: laws 1 and 2, attacked."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.contract.proxy_rigs import haproxy_rig
from tests.journey.blue_green_rig import RealWorld, project_tests, real_world

from fairlead.domain.plan import steps_of
from fairlead.domain.service import Role
from fairlead.domain.slot import SlotState
from fairlead.domain.switch_record import SwitchRecord, switch_of
from fairlead.domain.task import TaskState


@pytest.fixture
async def world(
    docker_socket: Path, test_session: str, python_image: str, free_port: Callable[[], int], haproxy_binary: Path
) -> AsyncIterator[RealWorld]:
    async with (
        haproxy_rig(free_port, haproxy_binary, https=False) as haproxy,
        real_world(str(docker_socket), test_session, python_image, haproxy) as made,
    ):
        yield made


def said(world: RealWorld, deployed) -> str:
    return f"{deployed.end}\n{world.log.text(deployed.stage.task)}"


async def record_of(world: RealWorld, deployed) -> SwitchRecord:
    """What the deployment's users met while it switched."""
    record = switch_of(await world.records.facts(deployed.stage.task))
    assert record is not None, said(world, deployed)
    return record


async def test_two_releases_under_load_lose_no_request(world):
    first = await world.ship("1.0.0", world.web("1.0.0", replicas=2), tests=project_tests())
    assert first.state is TaskState.SUCCEEDED, said(world, first)
    assert await world.asked() == "1.0.0"
    async with world.users() as load:
        for version in ("1.1.0", "1.2.0"):
            deployed = await world.ship(version, world.web(version, replicas=2), tests=project_tests())
            assert deployed.state is TaskState.SUCCEEDED, said(world, deployed)
            assert await world.asked() == version
    assert load.told.failed == 0, load.told.failures
    assert load.told.requests > 200
    record = await record_of(world, deployed)
    assert (record.failed, record.cut, record.of_release, record.is_whole) == (0, 0, 0, True), record
    assert record.requests > record.visits > 0, record
    assert record.slowest_ms > 0
    names = deployed.resolved.names
    assert set(await world.running()) == {names.instance("web", 1), names.instance("web", 2)}
    kept = await world.artifacts.names(deployed.stage.task)
    assert kept["pre-integration/report.xml"] == kept["post-integration/report.xml"] == "junit"
    assert [name for name, kind in kept.items() if kind == "output" and "web." in name]


@pytest.mark.parametrize("kind", ["pre-integration", "post-integration"])
async def test_a_release_whose_tests_say_no_leaves_all_as_it_was(world, kind):
    await world.ship("1.0.0", world.web("1.0.0"), world.worker())
    before = await world.capture()
    async with world.users() as load:
        failed = await world.ship("1.1.0", world.web("1.1.0"), world.worker(), fail=kind)
        assert failed.state is TaskState.ROLLED_BACK, said(world, failed)
        assert (failed.end.code, failed.differences) == ("tests.failed", ()), said(world, failed)
        assert any(f"{kind} says no" in line for line in failed.end.evidence)
    assert load.told.failed == 0, load.told.failures
    saw_the_new = load.told.answered_by["1.1.0"] > 0
    assert saw_the_new is (kind == "post-integration")
    if saw_the_new:
        record = await record_of(world, failed)
        assert (record.is_back, record.failed, record.of_release) == (True, 0, 0), record
        assert record.requests > record.visits > 0, record
    after = await world.capture()
    assert {name: held.id for name, held in after.containers.items()} == {
        name: held.id for name, held in before.containers.items()
    }
    assert (after.routes, after.slots, after.networks) == (before.routes, before.slots, before.networks)


async def test_a_rollback_onto_a_standby_is_a_switch_alone(world):
    services = [lambda version: world.web(version, standby_s=600.0), lambda _: world.worker()]
    first = await world.ship("1.0.0", *(one("1.0.0") for one in services))
    await world.ship("1.1.0", *(one("1.1.0") for one in services))
    slots = await world.records.slots(world.place)
    assert slots[first.resolved.colour].state is SlotState.STANDBY
    assert first.resolved.names.instance("web", 1) in await world.running()
    assert first.resolved.names.instance("worker", 1) not in await world.running()
    async with world.users() as load:
        back = await world.ship("1.0.0", *(one("1.0.0") for one in services), kind="rollback", standby_s=0.0)
    assert back.state is TaskState.SUCCEEDED, said(world, back)
    assert "room" not in [step.name for step in steps_of(back.plan.forward)]
    assert await world.asked() == "1.0.0"
    assert load.told.failed == 0, load.told.failures
    names = first.resolved.names
    assert set(await world.running()) == {names.instance("web", 1), names.instance("worker", 1)}
    assert seconds_to(world, back, "verify") < 1.0, said(world, back)


def seconds_to(world: RealWorld, deployed, step: str) -> float:
    """From the first line of the deployment's log to the last of that step."""
    lines = world.log.lines[deployed.stage.task]
    ends = [line.at for line in lines if line.step == step]
    return (ends[-1] - lines[0].at).total_seconds()


async def test_recreate_stops_the_old_before_the_new_starts_and_comes_back(world):
    def one(version: str):
        return world.web(version, role=Role.RECREATE)

    first = await world.ship("1.0.0", one("1.0.0"))
    assert first.state is TaskState.SUCCEEDED, said(world, first)
    failed = await world.ship("1.1.0", one("1.1.0"), fail="post-integration")
    assert failed.state is TaskState.ROLLED_BACK, said(world, failed)
    assert failed.differences == (), said(world, failed)
    assert await world.asked() == "1.0.0"
    second = await world.ship("1.2.0", one("1.2.0"), tests=project_tests())
    assert second.state is TaskState.SUCCEEDED, said(world, second)
    assert await world.asked() == "1.2.0"
    assert (await record_of(world, second)).is_whole
    assert set(await world.running()) == {second.resolved.names.instance("web", 1)}


async def test_a_service_that_listens_elsewhere_is_told_so(world):
    wrong = world.web("1.0.0", port=9090, health=world.web("1.0.0").health)
    quick = replace(wrong, health=replace(wrong.health, within_s=2.0))
    failed = await world.ship("1.0.0", quick)
    assert failed.state is TaskState.ROLLED_BACK, said(world, failed)
    assert failed.end.code == "instance.unhealthy"
    assert "8080" in failed.end.hint
    assert "serving 1.0.0" in failed.end.evidence
    assert failed.differences == ()


async def test_a_service_that_dies_is_told_with_its_last_lines(world):
    dying = world.web("1.0.0", command=("python3", "-c", "raise SystemExit('no database')"), restart="no")
    failed = await world.ship("1.0.0", dying)
    assert failed.end.code == "instance.died", said(world, failed)
    assert "no database" in failed.end.evidence
    assert failed.differences == ()


async def test_an_accessory_is_started_once_and_made_again_only_when_asked(world):
    db = world.worker("db", role=Role.ACCESSORY)
    first = await world.ship("1.0.0", world.web("1.0.0"), db)
    made = (await world.running())[world.place_names.accessory("db")].id
    changed = replace(db, environment={"A": "1"})
    second = await world.ship("1.1.0", world.web("1.1.0"), changed)
    assert (await world.running())[world.place_names.accessory("db")].id == made
    assert any("--recreate-accessory db" in note for note in second.plan.notes)
    third = await world.ship("1.2.0", world.web("1.2.0"), changed, recreate_accessories=frozenset({"db"}))
    assert third.state is TaskState.SUCCEEDED, said(world, third)
    assert set(await world.running()) == {
        third.resolved.names.instance("web", 1),
        third.resolved.names.accessory_again("db"),
    }
    assert first.state is second.state is TaskState.SUCCEEDED
