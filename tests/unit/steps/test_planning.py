"""The plan of a deployment: pure, in the design's order, with an intention that tells no present state."""

from dataclasses import replace

import pytest

from fairlead.domain.colour import Colour
from fairlead.domain.errors import FairleadError
from fairlead.domain.ids import SecretVersionId
from fairlead.domain.plan import Plan, all_effects, effects_of, steps_of
from fairlead.domain.record import canonical, from_data, to_data
from fairlead.domain.service import Dependency, Harm, Limits, Migration, Role, Route, Service, Tests
from fairlead.domain.text import SecretRef
from fairlead.steps.deploy_services import DeployServices
from fairlead.steps.effects.room import Room
from fairlead.steps.effects.routes import Draining, DrainRoute
from fairlead.steps.effects.runs import Errand
from fairlead.steps.resolved import AccessoryState, ProxyFacts
from fairlead.steps.roster import roster
from fairlead.testing.deploy_world import World, definition, idling, serving, web

WHOLE = definition(
    web(replicas=2, depends_on=(Dependency("db"), Dependency("api", "service_healthy"))),
    Service("api", Role.INTERNAL, port=8080),
    Service("db", Role.ACCESSORY),
    Service("seed", Role.ONE_SHOT),
    Service("worker", Role.WORKER),
    Service("cron", Role.RECREATE),
    migration=Migration("web", ("./migrate",)),
    tests=Tests(command=("./t",)),
    volumes=("data",),
    harms=(Harm("privileged", "db", "compose.yaml:3"),),
)


async def planned(what=WHOLE, version="1.1.0", world=None, **changes) -> Plan:
    return DeployServices().plan(await (world or World()).resolve(what, version, **changes))


def names_of(plan: Plan) -> list[str]:
    return [step.name for step in steps_of(plan.forward)]


def argument(plan: Plan, kind: type, key: str):
    return next(from_data(kind, dict(one.arguments)) for one in all_effects(plan) if one.key == key)


async def test_what_comes_before_the_first_change_only_looks():
    looking = [one.key for one in all_effects(await planned()) if one.only_looks]
    assert looking == ["state:before", "room"]


async def test_the_order_is_the_designs():
    assert names_of(await planned()) == [
        "capture",
        "room",
        "acquire",
        "accessories",
        "migrate",
        "start",
        "ready",
        "catalogue",
        "pre-integration",
        "fill",
        "switch",
        "verify",
        "workers",
        "recreate",
        "post-integration",
        "steady",
    ]


@pytest.mark.parametrize(
    ("services", "volumes", "side_by_side"),
    [((), (), True), ((Service("db", Role.ACCESSORY),), (), False), ((), ("data",), False)],
)
async def test_what_holds_data_is_touched_once_all_images_are_there(services, volumes, side_by_side):
    plan = await planned(definition(web(), *services, volumes=volumes))
    groups = [[step.name for step in steps_of(node)] for node in plan.forward.nodes]
    assert (["acquire", "accessories"] in groups) is side_by_side
    assert (["acquire"] in groups and ["accessories"] in groups) is not side_by_side


async def test_after_the_commit_the_old_slot_is_drained_then_retired():
    world = World()
    await world.deploy(definition(), "1.0.0")
    plan = await planned(definition(), world=world)
    assert [step.name for step in steps_of(plan.onward)] == ["drain", "retire", "tidy"]
    warm = await planned(definition(web(standby_s=60.0)), world=world)
    assert [step.name for step in steps_of(warm.onward)] == ["drain", "stand-by", "tidy"]


async def test_the_old_slot_is_drained_for_as_long_as_its_services_that_users_reach_say():
    world = World()
    await world.deploy(definition(web(drain_s=5.0), Service("worker", Role.RECREATE)), "1.0.0")
    (effect,) = [one for one in all_effects(await planned(definition(), world=world)) if one.kind == DrainRoute.kind]
    assert from_data(Draining, dict(effect.arguments)).bound_s == 5.0, "the default of what has no port is no bound"


async def test_keys_are_unique_and_the_plan_survives_its_record():
    plan = await planned()
    keys = [effect.key for effect in all_effects(plan)]
    assert len(keys) == len(set(keys))
    assert from_data(Plan, to_data(plan)) == plan
    assert all(effect.kind in DeployServices.effects for effect in all_effects(plan))


async def test_the_intention_tells_no_present_state():
    world = World()
    first = DeployServices().plan(await world.resolve(definition(), "1.0.0"))
    await world.deploy(definition(), "0.9.0")
    later = DeployServices().plan(await world.resolve(definition(), "1.0.0"))
    assert first.hash == later.hash
    assert first.forward != later.forward
    changed = definition(web(environment={"A": "2"}))
    assert DeployServices().plan(await world.resolve(changed, "1.0.0")).hash != first.hash


async def test_a_secret_is_in_the_plan_by_its_version_only():
    secret = SecretRef(SecretVersionId("sv-1"), "Db.Password")
    plan = await planned(definition(web(environment={"PASSWORD": secret})))
    assert "sv-1" in canonical(to_data(plan))
    other = SecretRef(SecretVersionId("sv-2"), "Db.Password")
    assert (await planned(definition(web(environment={"PASSWORD": other})))).hash != plan.hash


async def test_callers_start_after_what_must_be_healthy():
    keys = [effect.key for effect in effects_of((await planned()).forward)]
    assert keys.index("ready:api:1") < keys.index("start:web:1")
    assert keys.index("once:seed") < keys.index("start:api:1")
    assert keys.index("ready:web:2") < keys.index("register")


async def test_addresses_are_fixed_and_in_the_lower_half():
    resolved = await World().resolve(WHOLE, "1.1.0")
    addresses = [one.address for one in roster(resolved).instances]
    assert len(set(addresses)) == 5
    assert all(2 <= int(address.rsplit(".", 1)[1]) % 64 < 32 for address in addresses)


async def test_too_many_replicas_for_a_slot_are_refused():
    with pytest.raises(FairleadError, match="31 instances do not fit") as caught:
        await planned(definition(web(replicas=31)))
    assert caught.value.code == "network.pool"


async def test_a_release_without_an_image_is_refused():
    world = World()
    resolved = replace(await world.resolve(definition(), "1.0.0"), images={})
    with pytest.raises(FairleadError, match="has no image for web"):
        DeployServices().plan(resolved)


async def test_room_counts_what_stands_beside_the_old_release():
    services = (
        web(replicas=3, limits=Limits(memory_bytes=100, memory_reservation_bytes=50)),
        Service("api", Role.INTERNAL, port=8080, limits=Limits(memory_bytes=1000)),
        Service("worker", Role.WORKER, limits=Limits(memory_bytes=10_000)),
        Service("eager", Role.WORKER, overlap=True, limits=Limits(memory_bytes=100_000)),
        Service("db", Role.ACCESSORY, limits=Limits(memory_bytes=1_000_000)),
    )
    accessories = {"db": AccessoryState("books-production_db", "running")}
    plan = await planned(definition(*services), accessories=accessories)
    assert argument(plan, Room, "room").memory_bytes == 150 + 1000 + 100_000


@pytest.mark.parametrize(
    ("proxy", "tls", "url", "network_mode", "hosts"),
    [
        (ProxyFacts(http_port=8080), False, "http://books.example.com:8080", "host", "127.0.0.1"),
        (ProxyFacts(), False, "http://books.example.com", "host", "127.0.0.1"),
        (ProxyFacts(https_port=443), True, "https://books.example.com", "host", "127.0.0.1"),
        (ProxyFacts("10.1.2.3", is_loopback=False), False, "http://books.example.com", "", "10.1.2.3"),
    ],
)
async def test_post_integration_tests_get_the_route_as_users_write_it(proxy, tls, url, network_mode, hosts):
    service = web(routes=(Route("books.example.com", tls=tls),))
    plan = await planned(definition(service, tests=WHOLE.tests), proxy=proxy)
    blueprint = argument(plan, Errand, "test:post-integration").blueprint
    assert blueprint.environment["TEST_URL"] == url
    assert blueprint.environment["TEST_TYPE"] == "post-integration"
    assert blueprint.network_mode == network_mode
    assert blueprint.extra_hosts == {"books.example.com": hosts}
    assert bool(blueprint.networks) is (network_mode == "")


async def test_pre_integration_tests_get_every_replica():
    plan = await planned()
    environment = argument(plan, Errand, "test:pre-integration").blueprint.environment
    assert environment["TEST_URL"] == "http://web:8080"
    assert len(environment["TEST_INSTANCES"].split(",")) == 2
    assert environment["TEST_RELEASE"] == "1.1.0"
    assert environment["TEST_ENVIRONMENT"] == "Production"


async def test_a_routed_recreate_service_is_swapped_before_the_switch():
    names = names_of(await planned(definition(web(role=Role.RECREATE), tests=WHOLE.tests)))
    assert names.index("recreate-routed") < names.index("switch")
    assert "pre-integration" not in names


async def test_what_stands_by_is_ended_first_and_the_plan_says_so():
    world = World()
    await world.deploy(definition(web(standby_s=60.0)), "1.0.0")
    await world.deploy(definition(web(standby_s=60.0)), "1.1.0")
    plan = await planned(definition(), "1.2.0", world)
    assert names_of(plan)[:4] == ["end-standby", "standby:drain", "standby:retire", "capture"]
    assert any("not brought back" in note for note in plan.notes)


async def test_notes_tell_what_was_allowed_and_what_is_missing():
    plan = await planned(allowed_harms={"privileged": "ada"})
    assert "privileged of db is allowed by ada" in plan.notes
    assert "there are no tests here: the health probe alone decides" in (await planned(definition())).notes
    gone = {"old": AccessoryState("books-production_old", "running")}
    assert any("not in the project file any more" in note for note in (await planned(accessories=gone)).notes)


async def test_a_rollback_whose_standby_died_is_a_whole_deployment():
    world = World()
    warm = definition(web(standby_s=60.0))
    first = await world.deploy(warm, "1.0.0")
    await world.deploy(warm, "1.1.0")
    resolved = await world.resolve(warm, "1.0.0", kind="rollback")
    assert resolved.is_switch_alone
    world.host.stop(world.host.containers[first.resolved.names.instance("web", 1)])
    resolved = await world.resolve(warm, "1.0.0", kind="rollback")
    assert not resolved.is_switch_alone
    assert names_of(DeployServices().plan(resolved))[0] == "end-standby"


@pytest.mark.parametrize(
    ("service", "lacks"),
    [
        pytest.param("web", "web runs 1 of 2", id="a replica"),
        pytest.param("admin", "admin runs 0 of 1", id="all of a routed service"),
        pytest.param("api", "api runs 0 of 1", id="all of an internal one"),
        pytest.param("worker", "worker has 0 of 1", id="a worker that stood there stopped"),
        pytest.param("cron", "cron has 0 of 1", id="a recreated one that stood there stopped"),
    ],
)
async def test_a_rollback_whose_standby_is_not_whole_is_a_whole_deployment_and_says_why(service: str, lacks: str):
    """What somebody removed by hand is not there to be asked: users of it would be sent nowhere."""
    world = World()
    warm = definition(
        web(standby_s=60.0, replicas=2),
        web(name="admin", routes=(Route("admin.example.com"),)),
        Service("api", Role.INTERNAL, port=8080, health=web().health),
        Service("worker", Role.WORKER, stop_grace_s=1.0),
        Service("cron", Role.RECREATE, stop_grace_s=1.0),
    )
    scripts = {"web": serving(), "admin": serving(), "api": serving(), "worker": idling(), "cron": idling()}
    first = await world.deploy(warm, "1.0.0", scripts=scripts)
    await world.deploy(warm, "1.1.0", scripts=scripts)
    resolved = await world.resolve(warm, "1.0.0", kind="rollback")
    assert resolved.is_switch_alone
    world.host.remove_container(world.host.containers[first.resolved.names.instance(service, 1)])
    resolved = await world.resolve(warm, "1.0.0", kind="rollback")
    plan = DeployServices().plan(resolved)
    assert names_of(plan)[0] == "end-standby"
    assert f"what stood by in {resolved.colour.value} is not whole ({lacks}): 1.0.0 is started anew" in plan.notes


async def test_colours_take_turns():
    world = World()
    assert (await world.resolve(definition(), "1.0.0")).colour is Colour.BLUE
    await world.deploy(definition(), "1.0.0", scripts={"web": serving()})
    assert (await world.resolve(definition(), "1.1.0")).colour is Colour.GREEN
