"""The schema gate: the migration on a scratch copy, with the old release's tests, before anything is started."""

from dataclasses import replace

import pytest

from fairlead.domain.plan import Plan, all_effects, effects_of, steps_of
from fairlead.domain.record import from_data
from fairlead.domain.service import (
    Bind,
    Database,
    Dependency,
    Migration,
    MigrationCommand,
    Role,
    Service,
    Tests,
    Volume,
)
from fairlead.domain.task import TaskState
from fairlead.steps.deploy_services import DeployServices
from fairlead.steps.effects.bench import BenchNetwork
from fairlead.steps.effects.runs import Errand
from fairlead.steps.effects.schema import OldTests, Stood
from fairlead.steps.foresight import Present, foresee
from fairlead.testing.deploy_world import World, definition, ending, idling, serving, web

CASE = '<testcase classname="books" name="a title is kept"><failure message="no title"/></testcase>'
JUNIT = f"<testsuite>{CASE}</testsuite>".encode()
MOUNTS = (Volume("data", "/data"), Bind("/srv", "/srv"))
DATABASE = Service("db", Role.ACCESSORY, environment={"POSTGRES_PASSWORD": "x"}, mounts=MOUNTS)
MIGRATION = Migration("web", ("./migrate",), database=Database("db", rows=("done",)))


def project(**changes):
    changes.setdefault("migration", MIGRATION)
    changes.setdefault("tests", Tests(command=("./t",)))
    service = web(mounts=(Volume("files", "/files"),), depends_on=(Dependency("db"), Dependency("api")))
    api = Service("api", Role.INTERNAL, port=8080, health=service.health)
    return definition(service, api, DATABASE, volumes=("data", "files"), **changes)


def scripts(**changes):
    known = {
        "web": lambda spec: serving() if spec.command is None else ending(0, "ran"),
        "db": lambda spec: idling() if spec.entrypoint is None and spec.command is None else ending(0, "ran"),
    }
    return {**known, **changes}


async def shipped(what=None, **changes) -> World:
    world = World()
    deployed = await world.deploy(what or project(), "1.0.0", scripts=scripts(), **changes)
    assert deployed.state is TaskState.SUCCEEDED, deployed.end
    return world


async def planned(world: World, what=None, **changes) -> Plan:
    return DeployServices().plan(await world.resolve(what or project(), "1.1.0", **changes))


def argument(plan: Plan, kind: type, key: str):
    return next(from_data(kind, dict(one.arguments)) for one in all_effects(plan) if one.key == key)


def names_of(plan: Plan) -> list[str]:
    return [step.name for step in steps_of(plan.forward)]


async def test_the_gate_comes_before_anything_is_started():
    plan = await planned(await shipped())
    names = names_of(plan)
    assert names.index("acquire") < names.index("schema") < names.index("accessories") < names.index("migrate")
    keys = [effect.key for effect in effects_of(plan.forward) if effect.key.startswith("schema:")]
    assert keys == [
        "schema:ground",
        "schema:stand:db",
        "schema:copy",
        "schema:migrate",
        "schema:stand:api",
        "schema:stand:web",
        "schema:tests",
        "schema:clear",
    ]


async def test_the_new_migration_meets_the_old_release_in_a_network_that_leads_nowhere():
    world = await shipped()
    resolved = await world.resolve(project(), "1.1.0")
    plan = DeployServices().plan(resolved)
    network = argument(plan, BenchNetwork, "schema:ground")
    assert network.is_internal
    migrate = argument(plan, Errand, "schema:migrate").blueprint
    assert migrate.image == resolved.images["web"]
    assert [one.network for one in migrate.networks] == [network.name]
    assert not any(isinstance(mount, Volume) for mount in migrate.service.mounts)
    old = argument(plan, Stood, "schema:stand:web").service
    assert old.blueprint.image == resolved.before.images["web"] != migrate.image
    assert [one.network for one in old.blueprint.networks] == [network.name]
    assert old.volumes == (f"{network.name}.files",)
    tests = argument(plan, OldTests, "schema:tests").tests.blueprint
    assert tests.image == resolved.before.test_image
    assert tests.environment["TEST_TYPE"] == "pre-integration"
    assert tests.environment["TEST_RELEASE"] == "1.0.0"
    assert tests.environment["TEST_URL"] == "http://web:8080"


async def test_the_scratch_database_has_the_name_and_image_of_the_live_one_and_none_of_its_data():
    plan = await planned(await shipped())
    scratch = argument(plan, Stood, "schema:stand:db").service
    assert scratch.blueprint.networks[0].aliases == ("db",)
    assert [mount.name for mount in scratch.blueprint.service.mounts] == list(scratch.volumes)
    assert all(".schema." in volume for volume in scratch.volumes)
    copy = argument(plan, Errand, "schema:copy").blueprint
    assert copy.image == scratch.blueprint.image
    assert copy.service.mounts == ()
    environment = copy.service.environment
    assert environment["COPY_FROM"] == "books-production_db"
    assert environment["COPY_TO"] == scratch.blueprint.name
    assert "'done'" in environment["COPY_BOOKS"]
    assert "'alembic_version'" in environment["COPY_BOOKS"]


async def test_tests_of_the_kind_schema_are_preferred():
    world = await shipped(project(tests=Tests(command=("./t",), kinds=("schema", "pre-integration"))))
    tests = argument(await planned(world), OldTests, "schema:tests").tests.blueprint
    assert tests.environment["TEST_TYPE"] == "schema"


async def test_a_release_without_tests_is_judged_by_becoming_ready():
    world = await shipped(project(tests=None))
    plan = await planned(world)
    assert "schema:stand:web" in [effect.key for effect in all_effects(plan)]
    assert "schema:tests" not in [effect.key for effect in all_effects(plan)]
    assert any("1.0.0 has no tests for the schema gate" in note for note in plan.notes)


async def test_a_url_is_copied_into_an_image_by_digest_and_its_address_is_replaced():
    database = Database(source="postgresql://a@far/b", image="pg@sha256:" + "1" * 64, variable="DATABASE_URL")
    world = await shipped()
    plan = await planned(world, project(migration=Migration("web", ("./migrate",), database=database)))
    assert argument(plan, Stood, "schema:stand:database").service.blueprint.image == database.image
    assert argument(plan, Errand, "schema:copy").blueprint.service.environment["COPY_URL"] == database.source
    for service in (
        argument(plan, Errand, "schema:migrate").blueprint.service,
        argument(plan, Stood, "schema:stand:web").service.blueprint.service,
    ):
        assert "@database:5432/scratch" in service.environment["DATABASE_URL"]
    tests = argument(plan, OldTests, "schema:tests").tests.blueprint
    assert "@database:5432/scratch" in tests.environment["DATABASE_URL"]


async def test_what_leaves_the_gate_out_is_said():
    first = DeployServices().plan(await World().resolve(project(), "1.0.0"))
    assert "the schema gate is left out: nothing is live whose tests could break" in first.notes
    world = await shipped()
    for changes, why in (
        ({"kind": "rollback"}, "what is left could keep nobody from going back"),
        ({"before": None}, "the live release cannot be compiled any more"),
        ({"accessories": {}}, "there is no accessory db yet"),
    ):
        plan = await planned(world, **changes)
        assert "schema" not in names_of(plan)
        assert any(f"left out: {why}" in note for note in plan.notes), plan.notes


async def test_a_stopped_accessory_is_started_before_it_is_copied():
    world = await shipped()
    await world.engine.stop("books-production_db", grace_s=1.0)
    names = names_of(await planned(world))
    assert names.index("accessories") < names.index("schema") < names.index("migrate")


async def test_what_breaks_the_old_release_is_refused_with_its_test_named():
    world = await shipped(project(), images={})
    failing = ending(1, "AssertionError", files={"/results/junit.xml": JUNIT})
    before = world.shipped["1.0.0"]
    world.shipped["1.0.0"] = replace(before, test_image=world.image("tests", "1.0.0-failing", failing))
    standing = world.standing()
    refused = await world.deploy(project(), "1.1.0", scripts=scripts())
    assert refused.state is TaskState.ROLLED_BACK
    assert refused.end.code == "schema.breaks_old_release"
    assert "migration of 1.1.0 breaks 1.0.0" in refused.end.reason
    assert "books.a title is kept" in refused.end.reason
    assert refused.differences == ()
    assert world.standing() == standing
    assert not [
        name for name in (*world.host.containers, *world.host.networks, *world.host.volumes) if "schema" in name
    ]


@pytest.mark.parametrize(
    ("service", "script", "code"),
    [
        ("db", lambda spec: idling() if spec.entrypoint is None else ending(1, "no such host"), "schema.copy"),
        ("web", lambda spec: serving() if spec.command is None else ending(1, "syntax error"), "schema.migration"),
    ],
)
async def test_a_gate_that_cannot_be_held_deploys_nothing(service, script, code):
    world = await shipped()
    changed = {}
    if service == "db":  # the live one's image is what copies
        before = world.shipped["1.0.0"]
        image = world.image("db", "other", script)
        world.shipped["1.0.0"] = replace(before, images={**before.images, "db": image})
    else:
        changed[service] = script
    refused = await world.deploy(project(), "1.1.0", scripts=scripts(**changed))
    assert (refused.state, refused.end.code, refused.differences) == (TaskState.ROLLED_BACK, code, ())
    assert world.live_version() == "1.0.0"


async def test_an_old_release_that_does_not_become_ready_is_broken_too():
    world = await shipped()
    before = world.shipped["1.0.0"]
    dying = world.image("web", "dying", ending(1, "column title does not exist"))
    world.shipped["1.0.0"] = replace(before, images={**before.images, "web": dying})
    refused = await world.deploy(project(), "1.1.0", scripts=scripts())
    assert refused.end.code == "schema.breaks_old_release"
    assert "column title does not exist" in refused.end.evidence


CONTRACTED = replace(
    MIGRATION,
    backup=MigrationCommand("db", ("./backup",)),
    after_retire=MigrationCommand("web", ("./contract",)),
)


async def test_the_backup_comes_before_the_migration_and_sees_the_environment():
    plan = await planned(await shipped(), project(migration=CONTRACTED))
    names = names_of(plan)
    assert names.index("accessories") < names.index("backup") < names.index("migrate")
    assert argument(plan, Errand, "backup").blueprint.networks[0].network == "books-production"


async def test_a_backup_that_fails_lets_nothing_be_migrated():
    world = World()
    failing = {"db": lambda spec: ending(1, "disk full") if spec.command == ("./backup",) else idling()}
    deployed = await world.deploy(project(migration=CONTRACTED), "1.0.0", scripts=scripts(**failing))
    assert (deployed.state, deployed.end.code) == (TaskState.ROLLED_BACK, "migration.backup")
    assert "ran:migrate" not in await world.records.facts(deployed.stage.task)


async def test_the_schema_is_contracted_once_the_old_release_is_gone_and_nothing_stands_by():
    world = await shipped()
    plan = await planned(world, replace(project(migration=CONTRACTED)), standby_s=60.0)
    assert [step.name for step in steps_of(plan.onward)] == ["drain", "retire", "contract", "tidy"]
    assert any("does not stand by" in note for note in plan.notes)
    back = await planned(world, project(migration=CONTRACTED), kind="rollback")
    assert "contract" not in [step.name for step in steps_of(back.onward)]


async def test_a_contraction_that_fails_leaves_the_release_live_and_is_noted():
    world = await shipped()
    failing = {"web": lambda spec: ending(1, "locked") if spec.command == ("./contract",) else _well(spec)}
    deployed = await world.deploy(project(migration=CONTRACTED), "1.1.0", scripts=scripts(**failing))
    assert deployed.state is TaskState.SUCCEEDED, deployed.end
    noted = (await world.records.facts(deployed.stage.task))["contraction"]
    assert "the contraction ended with 1: locked" in noted["reason"]
    assert world.live_version() == "1.1.0"


def _well(spec):
    return serving() if spec.command is None else ending(0, "ran")


async def test_the_preview_tells_of_the_gate():
    world = await shipped()
    resolved = await world.resolve(project(migration=CONTRACTED), "1.1.0")
    told = foresee(resolved, DeployServices().plan(resolved), Present())
    assert told.migration.startswith("tried first on a copy of the schema, against 1.0.0; ./migrate")
    assert "./backup" in told.migration
    assert "./contract" in told.migration
    assert any("tests of 1.0.0 on the migrated copy" in one for one in told.tests)
