"""What effects say when the world says no: in words that a person can act on, with the evidence."""

from dataclasses import replace

import pytest

from fairlead.domain.ids import TaskId
from fairlead.domain.plan import all_effects
from fairlead.domain.record import from_data
from fairlead.domain.service import ExecProbe, File, ImageProbe, Migration, Role, RunningProbe, Service, TcpProbe, Tests
from fairlead.domain.task import TaskState
from fairlead.domain.text import SecretRef, join
from fairlead.ports.container_engine import ExecResult, NetworkSpec
from fairlead.steps.deploy_services import DeployServices
from fairlead.steps.effects.instances import KeepInstancesUp
from fairlead.testing.behaviour import Behaviour, http_status
from fairlead.testing.deploy_world import HEALTH, World, definition, ending, idling, serving, web
from fairlead.testing.mischief import Mischief, Moment, Verb

GIB = 1024**3
TESTED = Tests(command=("./run_tests.sh",), timeout_s=5.0)
PRE = replace(TESTED, kinds=("pre-integration",))


@pytest.fixture
def world() -> World:
    return World()


async def refused(world: World, what=None, **changes):
    """Deploys what must fail; the end."""
    deployed = await world.deploy(what or definition(), "1.0.0", **changes)
    assert deployed.state is not TaskState.SUCCEEDED, world.log.text(deployed.stage.task)
    assert deployed.differences == ()
    assert not world.host.containers
    return deployed.end


async def test_too_little_memory_is_refused_in_words_before_anything_starts(world):
    world.host.free = replace(world.host.free, memory_free_bytes=100 * 1024**2)
    end = await refused(world)
    assert end.code == "host.room"
    assert "1 new instance would need 64 MiB" in end.reason
    assert "100 MiB free" in end.reason


async def test_too_little_disk_is_refused(world):
    world.host.free = replace(world.host.free, disk_free_bytes=GIB - 1)
    assert (await refused(world)).code == "host.room"


async def test_an_image_that_is_nowhere_is_named(world):
    end = await refused(world, images={"web": "127.0.0.1:8602/books/web@sha256:" + "0" * 64})
    assert end.code == "image.unknown"
    assert "registry has lost it" in end.hint and "fairlead runs start" in end.hint


async def test_an_image_of_where_our_registry_was_says_what_to_do(world):
    """The port of a registry is in every release that was pushed to it."""
    end = await refused(world, images={"web": "127.0.0.1:8692/books/web@sha256:" + "0" * 64})
    assert "set registry_port back to 8692" in end.hint and "fairlead runs start" in end.hint
    elsewhere = await refused(World(), images={"web": "registry.example.com/books/web@sha256:" + "0" * 64})
    assert "registry_port" not in elsewhere.hint


async def test_an_instance_that_dies_is_told_with_its_last_lines(world):
    dying = Behaviour(output=(("stderr", "no database"),), ends_after_s=0.1, exit_code=3)
    end = await refused(world, definition(web(restart="no")), scripts={"web": dying})
    assert end.code == "instance.died"
    assert "ended with 3" in end.reason
    assert end.evidence == ("no database",)


async def test_an_instance_that_is_restarted_again_and_again_is_dead(world):
    """A worker: what waits for the switch is not restarted at all, and its first death says as much."""
    dying = Behaviour(ends_after_s=0.1, exit_code=3)
    end = await refused(world, definition(Service("worker", Role.WORKER)), scripts={"worker": dying})
    assert end.code == "instance.died"
    assert "was restarted" in end.reason


LISTENING_ON_9090 = ExecResult(0, "  0: 00000000:2382 00000000:0000 0A 00000000:00000000")
LOOPBACK_8080 = ExecResult(0, "  0: 0100007F:1F90 00000000:0000 0A 00000000:00000000")
TABLES = ("cat", "/proc/net/tcp", "/proc/net/tcp6")


@pytest.mark.parametrize(
    ("tables", "hint"),
    [
        (LISTENING_ON_9090, "something does on 9090"),
        (LOOPBACK_8080, "loopback address only"),
        (ExecResult(0, ""), "nothing listens inside"),
        (ExecResult(127, "cat: not found"), "its last lines may say why"),
    ],
)
async def test_a_service_that_does_not_listen_where_declared_gets_a_hint(world, tables, hint):
    deaf = serving(ports=(), commands={TABLES: tables})
    end = await refused(world, scripts={"web": deaf})
    assert end.code == "instance.unhealthy"
    assert hint in end.hint


async def test_an_unhealthy_answer_is_quoted(world):
    end = await refused(world, scripts={"web": serving(answer=http_status(503))})
    assert end.code == "instance.unhealthy"
    assert "GET /healthz answered 503" in end.reason


@pytest.mark.parametrize(
    ("probe", "behaviour"),
    [
        (TcpProbe(), serving(answer=None)),
        (ExecProbe(("true",)), serving(commands={("true",): ExecResult(0, "")})),
        (ImageProbe(), serving(health="healthy")),
        (RunningProbe(), serving()),
    ],
)
async def test_every_kind_of_probe_lets_a_healthy_instance_through(world, probe, behaviour):
    service = web(health=replace(HEALTH, probe=probe))
    deployed = await world.deploy(definition(service), "1.0.0", scripts={"web": behaviour})
    assert deployed.state is TaskState.SUCCEEDED, world.log.text(deployed.stage.task)


@pytest.mark.parametrize(
    ("probe", "behaviour", "words"),
    [
        (ExecProbe(("check",)), serving(commands={("check",): ExecResult(1, "not yet")}), "ended with 1: not yet"),
        (ImageProbe(), serving(), "has no HEALTHCHECK"),
        (ImageProbe(), serving(health="unhealthy"), "says unhealthy"),
    ],
)
async def test_every_kind_of_probe_says_why_not(world, probe, behaviour, words):
    service = web(health=replace(HEALTH, probe=probe, within_s=2.0))
    assert words in (await refused(world, definition(service), scripts={"web": behaviour})).reason


@pytest.mark.parametrize(("listens_after_s", "told_s"), [(0.0, "0.05"), (0.03, "0.08"), (0.3, "0.36")])
async def test_where_nothing_listens_yet_it_is_asked_again_soon_and_less_often_with_time(
    world, listens_after_s, told_s
):
    deployed = await world.deploy(definition(), "1.0.0", scripts={"web": serving(ready_after_s=listens_after_s)})
    assert f"is ready after {told_s} s" in world.log.text(deployed.stage.task)


@pytest.mark.parametrize(("tests", "then"), [(None, "unless-stopped"), (PRE, "no")])
async def test_an_instance_comes_back_after_a_restart_of_the_host_from_when_only_the_switch_comes_next(
    world, tests, then
):
    seen = []

    def looked(spec):
        seen.append(next(one for name, one in world.host.containers.items() if "_web." in name).spec.restart)
        return ending(0)

    deployed = await world.deploy(definition(tests=tests), "1.0.0", scripts={"tests": looked})
    kept_up = [one.key for one in all_effects(deployed.plan) if one.kind == KeepInstancesUp.kind]
    assert (seen, kept_up) == (([then], ["keep_up"]) if tests else ([], []))
    [made] = [one for name, one in world.host.containers.items() if "_web." in name]
    assert made.spec.restart == "unless-stopped"


async def test_tests_that_cannot_be_run_are_broken_not_failed(world):
    end = await refused(world, definition(tests=TESTED), scripts={"tests": ending(127, "./run_tests.sh: not found")})
    assert end.code == "tests.broken"
    refusing = ending(0, refuses_start="engine.failed")
    assert (await refused(World(), definition(tests=TESTED), scripts={"tests": refusing})).code == "tests.broken"


async def test_tests_that_were_cut_off_with_their_engine_are_run_again(world):
    ends = iter((255, 0))
    begun_before = Mischief("die", "test:pre-integration", Verb.DO, Moment.AFTER)
    deployed = await world.deploy(
        definition(tests=PRE), "1.0.0", begun_before, scripts={"tests": lambda spec: ending(next(ends))}
    )
    assert deployed.state is TaskState.SUCCEEDED, world.log.text(deployed.stage.task)
    assert "cut off with their engine" in world.log.text(deployed.stage.task)


async def test_tests_that_end_with_the_same_code_by_themselves_have_failed(world):
    end = await refused(world, definition(tests=PRE), scripts={"tests": ending(255, "no")})
    assert (end.code, end.reason) == ("tests.failed", "the pre-integration tests ended with 255: no")


async def test_a_failing_migration_stops_before_the_slot_is_filled(world):
    what = definition(migration=Migration("web", ("./migrate",)))

    def script(spec):
        return ending(1, "relation exists") if spec.command == ("./migrate",) else serving()

    end = await refused(world, what, scripts={"web": script})
    assert end.code == "migration.failed"
    assert "relation exists" in end.reason
    assert end.reached == "accessories"


async def test_a_migration_that_ran_is_not_run_again_and_is_recorded(world):
    what = definition(migration=Migration("web", ("./migrate",)))
    deployed = await world.deploy(
        what, "1.0.0", scripts={"web": lambda spec: ending(0) if spec.command == ("./migrate",) else serving()}
    )
    facts = await world.records.facts(deployed.stage.task)
    assert facts["ran:migrate"]["exit_code"] == 0
    assert deployed.resolved.names.migration("web") not in world.host.containers


async def test_a_failing_one_shot_has_a_code_of_its_own(world):
    end = await refused(world, definition(web(), Service("seed", Role.ONE_SHOT)), scripts={"seed": ending(2)})
    assert end.code == "service.failed"


async def test_results_and_output_are_kept_with_the_task(world):
    reporting = ending(1, "1 failed", files={"/results/junit.xml": b"<testsuite/>", "/results/notes.txt": b"x"})
    failed = await world.deploy(definition(tests=TESTED), "1.0.0", scripts={"tests": reporting})
    kept = await world.artifacts.names(failed.stage.task)
    assert kept["pre-integration/junit.xml"] == "junit"
    assert not [name for name in kept if name.endswith("notes.txt")]
    assert "1 failed" in world.log.text(failed.stage.task)


@pytest.mark.parametrize("kind", ["pre-integration", "post-integration"])
async def test_a_test_that_says_no_is_named_in_the_reason_and_counted(world, kind):
    case = '<testcase classname="books" name="a title is kept"><failure message="wanted 1, got 0"/></testcase>'
    junit = f'<testsuite><testcase classname="books" name="opens"/>{case}</testsuite>'.encode()
    says_no = ending(1, "FAILED", files={"/results/junit.xml": junit})
    failed = await world.deploy(definition(tests=replace(TESTED, kinds=(kind,))), "1.0.0", scripts={"tests": says_no})
    assert failed.end.reason == f"the {kind} tests ended with 1: FAILED: books.a title is kept"
    assert failed.end.evidence[0] == "books.a title is kept: wanted 1, got 0"
    told = (await world.records.facts(failed.stage.task))[f"tests:{kind}"]
    assert (told["passed"], told["failed"], told["failing"]) == (1, 1, ["books.a title is kept"])


async def test_the_output_of_instances_is_kept_when_they_fail_and_when_they_are_retired(world):
    talking = serving(output=(("stdout", "hello"),))
    first = await world.deploy(definition(), "1.0.0", scripts={"web": talking})
    second = await world.deploy(definition(), "1.1.0", scripts={"web": talking})
    failed = await world.deploy(definition(), "1.2.0", scripts={"web": serving(ports=(), output=talking.output)})
    for deployed, instance in ((second, first), (failed, failed)):
        name = f"{instance.resolved.names.instance('web', 1)}.log"
        assert b"hello" in await world.artifacts.read(deployed.stage.task, name)


async def test_how_an_instance_of_a_failed_slot_ended_is_kept_with_its_probes(world):
    deaf = await world.deploy(definition(), "1.0.0", scripts={"web": serving(ports=())})
    name = deaf.resolved.names.instance("web", 1)
    told = (await world.records.facts(deaf.stage.task))[f"instance:{name}"]
    assert told["was_running"] is True
    assert told["how"].startswith("ran until Fairlead stopped it")
    (refused,) = told["health"]
    assert refused["answer"].endswith("refused")
    assert refused["times"] > 10
    assert refused["first"] < refused["last"]
    once = definition(web(restart="no"))
    died = await world.deploy(once, "1.1.0", scripts={"web": ending(137, is_oom_killed=True)})
    name = died.resolved.names.instance("web", 1)
    told = (await world.records.facts(died.stage.task))[f"instance:{name}"]
    assert (told["exit_code"], told["oom_killed"]) == (137, True)
    assert told["how"] == "was ended by the kernel: out of memory"


async def test_a_kill_that_was_not_ours_is_told_as_one_though_the_engine_says_nothing_of_memory(world):
    """dockerd 20.10 on cgroup v1 does not flag it."""
    died = await world.deploy(definition(web(restart="no")), "1.0.0", scripts={"web": ending(137)})
    told = (await world.records.facts(died.stage.task))[f"instance:{died.resolved.names.instance('web', 1)}"]
    assert told["how"] == "was killed from outside (137, as the kernel does where memory runs out)"
    assert "was killed from outside (137, as the kernel" in died.end.reason
    assert died.end.hint.endswith("give it a higher memory limit; else somebody or something killed it")


async def test_the_exit_code_of_an_instance_that_died_before_it_was_ready_is_kept(world):
    died = await world.deploy(definition(web(restart="always")), "1.0.0", scripts={"web": ending(3)})
    told = (await world.records.facts(died.stage.task))[f"instance:{died.resolved.names.instance('web', 1)}"]
    assert (told["exit_code"], told["oom_killed"], told["was_running"]) == (3, False, False)
    assert told["how"].startswith("ended by itself with 3")


async def test_the_probes_of_an_instance_that_was_ready_are_kept_when_tests_say_no(world):
    failed = await world.deploy(definition(tests=TESTED), "1.0.0", scripts={"tests": ending(1)})
    told = (await world.records.facts(failed.stage.task))[f"instance:{failed.resolved.names.instance('web', 1)}"]
    assert told["health"][-1]["healthy"] is True
    assert told["health"][-1]["answer"] == "GET /healthz answered 200"


async def test_an_instance_that_somebody_removed_is_named_as_gone_with_its_probes(world):
    def remove_and_fail(spec):
        (web_one,) = [one for one in world.host.containers.values() if "_web." in one.spec.name]
        world.host.remove_container(web_one)
        return ending(1)

    failed = await world.deploy(definition(tests=PRE), "1.0.0", scripts={"tests": remove_and_fail})
    assert failed.state is TaskState.ROLLED_BACK
    told = (await world.records.facts(failed.stage.task))[f"instance:{failed.resolved.names.instance('web', 1)}"]
    assert told["how"] == "is not there any more: somebody removed it"
    assert told["service"] == "web"
    assert told["health"][-1]["answer"] == "GET /healthz answered 200"


async def test_an_instance_that_never_was_made_is_not_named_as_gone(world):
    world.host.images.clear()
    failed = await world.deploy(
        definition(), "1.0.0", scripts={"web": serving()}, images={"web": f"x@sha256:{'0' * 64}"}
    )
    assert failed.state is not TaskState.SUCCEEDED
    assert not [name for name in await world.records.facts(failed.stage.task) if name.startswith("instance:")]


async def test_secrets_reach_the_container_and_nothing_else(world):
    version = world.secrets.put("s3cret-value")
    secret = SecretRef(version, "Db.Password")
    service = web(
        environment={"DATABASE_URL": join(("postgres://books:", secret, "@db/books"))},
        files=(File("/run/secrets/password", secret, is_secret=True),),
    )
    deployed = await world.deploy(definition(service), "1.0.0")
    held = world.host.containers[deployed.resolved.names.instance("web", 1)]
    assert held.spec.environment["DATABASE_URL"] == "postgres://books:s3cret-value@db/books"
    assert held.files["/run/secrets/password"].content == b"s3cret-value"
    assert "s3cret-value" not in f"{deployed.plan} {await world.capture()} {world.log.text(deployed.stage.task)}"


async def test_a_config_travels_as_a_blob(world):
    key = await world.artifacts.put_blob(b"listen 8080")
    deployed = await world.deploy(definition(web(files=(File("/etc/app.conf", blob=key, mode=0o400),))), "1.0.0")
    held = world.host.containers[deployed.resolved.names.instance("web", 1)]
    assert held.files["/etc/app.conf"].content == b"listen 8080"


async def test_networks_give_service_names_in_the_slot_only(world):
    services = (web(), Service("db", Role.ACCESSORY))
    deployed = await world.deploy(definition(*services), "1.0.0", scripts={"db": idling()})
    names = deployed.resolved.names
    joined = world.host.containers[names.instance("web", 1)].networks
    assert joined[names.slot_network].aliases == ("web",)
    assert joined[names.place.network].aliases == (names.instance_alias("web", 1),)
    assert world.host.containers["books-production_db"].networks[names.place.network].aliases == ("db",)


async def test_a_network_of_another_house_with_the_same_labels_stays_when_ours_is_taken_back(world):
    """Two servers at one engine, of which one began from a copy of the other's books."""
    resolved = await world.resolve(definition(tests=PRE), "1.0.0", scripts={"tests": ending(1)})
    effects = {one.key: one for one in all_effects(DeployServices().plan(resolved))}
    spec = from_data(NetworkSpec, dict(effects["network:slot"].arguments))
    engine = world.tools(TaskId("tsk-other"), "", "", {}).container_engine
    await engine.ensure_network(replace(spec, name="other-production.blue", subnet="10.9.9.0/26"))
    assert (await world.play(resolved)).state is TaskState.ROLLED_BACK
    assert "other-production.blue" in world.host.networks
    assert spec.name not in world.host.networks


async def test_a_route_that_the_new_release_has_no_more_is_removed_after_the_commit(world):
    two = web(routes=(*web().routes, replace(web().routes[0], path="/admin")))
    await world.deploy(definition(two), "1.0.0")
    failed = await world.deploy(definition(tests=TESTED), "1.1.0", scripts={"tests": ending(1)})
    assert failed.differences == ()
    assert len(world.proxy.held) == 2
    await world.deploy(definition(), "1.2.0")
    assert [held.spec.path for held in world.proxy.held.values()] == ["/"]


async def test_a_route_moves_to_another_service_in_one_generation(world):
    await world.deploy(definition(), "1.0.0")
    moved = definition(web(routes=()), web(name="front"))
    moved = replace(moved, services=(replace(moved.services[0], role=Role.INTERNAL), moved.services[1]))
    deployed = await world.deploy(moved, "1.1.0")
    assert deployed.state is TaskState.SUCCEEDED
    assert len(world.proxy.switches) == 2


async def test_a_host_that_another_project_holds_is_refused_and_nothing_is_left(world):
    from fairlead.ports.proxy import RouteSpec

    await world.routes.ensure_route(RouteSpec("shop/production/x/1", "books.example.com"))
    failed = await world.deploy(definition(), "1.0.0")
    assert failed.end.code == "route.taken"
    assert failed.differences == ()
    assert list(world.proxy.held) == ["shop/production/x/1"]


async def test_evidence_and_kept_output_are_masked_even_long_after(world):
    version = world.secrets.put("s3cret-value")
    service = web(environment={"PASSWORD": SecretRef(version, "Db.Password")})
    leaking = serving(output=(("stdout", "using s3cret-value"),))
    first = await world.deploy(definition(service), "1.0.0", scripts={"web": leaking})
    second = await world.deploy(definition(), "1.1.0")
    name = f"{first.resolved.names.instance('web', 1)}.log"
    assert (await world.artifacts.read(second.stage.task, name)).endswith("using •••\n".encode())
    deaf = replace(leaking, ports=())
    failed = await world.deploy(definition(service), "1.2.0", scripts={"web": deaf})
    assert failed.end.evidence == ("using •••",)
