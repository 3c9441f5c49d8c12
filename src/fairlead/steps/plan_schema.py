"""A deployment's plan, the schema gate: the migration is tried on a scratch copy, with the old release's tests.

Before anything is started, in a throw-away network that leads nowhere: an empty database of the same image gets the
live one's schema, the new release's migration runs on it, and then the old release's services and tests meet it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from fairlead.domain.plan import Effect, InParallel, Node, Sequence, Step
from fairlead.domain.service import (
    Database,
    Definition,
    Health,
    Migration,
    Mount,
    Role,
    Service,
    TestKind,
    Tmpfs,
    Volume,
)
from fairlead.domain.text import Text
from fairlead.ports.container_engine import LABEL_KEY, Attachment
from fairlead.steps.blueprint import Blueprint, once, place_labels
from fairlead.steps.bounds import MARGIN_S, START_TIMEOUT_S, TRIES
from fairlead.steps.effects.basis import arguments
from fairlead.steps.effects.bench import BenchNetwork, BenchService, BenchTests, Cleared
from fairlead.steps.effects.runs import Errand, Purpose
from fairlead.steps.effects.schema import ClearGate, MakeScratchGround, OldTests, RunOldTests, StandInGate, Stood
from fairlead.steps.plan_filling import run_effect
from fairlead.steps.resolved import LiveRelease, ResolvedDeployment
from fairlead.steps.roster import image_of
from fairlead.steps.schema_copy import SCRIPT, books_query
from fairlead.steps.throw_away import layered, named, thrown_away

KIND_SCHEMA = "schema"
"""The label of everything in the gate."""

STEP = "schema"
COPY_TIMEOUT_S = 300.0
STAND_TIMEOUT_S = 600.0
POSTGRES_PORT = 5432
SCRATCH = "database"
"""The service that stands for a database that is no accessory."""


@dataclass(frozen=True, slots=True)
class Gate:
    """What the gate is made of: the database, what stands for it, and the release that must go on working."""

    resolved: ResolvedDeployment
    migration: Migration
    database: Database
    old: LiveRelease
    scratch: Service
    image: str

    @property
    def network(self) -> str:
        """The throw-away network."""
        return self.resolved.names.schema

    @property
    def labels(self) -> dict[str, str]:
        """What everything in it carries, beside a key of its own."""
        return {name: held for name, held in self.labelled("").items() if name != LABEL_KEY}

    def labelled(self, name: str) -> dict[str, str]:
        """The labels of one thing in it."""
        labels = place_labels(self.resolved, key=self.resolved.names.key(f"schema:{name}"), kind=KIND_SCHEMA)
        return labels

    def container(self, service: str) -> str:
        """A service's container in it."""
        return self.resolved.names.in_schema(service)

    def standing(self, image: str, service: Service) -> Blueprint:
        """A service in it, known there by its name."""
        name, labels = self.container(service.name), self.labelled(f"stand:{service.name}")
        return Blueprint(name, image, service, labels, (Attachment(self.network, (service.name,)),))

    def errand(self, name: str, image: str, service: Service, *more: Attachment) -> Blueprint:
        """What runs in it once: nobody calls it."""
        return Blueprint(
            f"{self.network}.{name}", image, service, self.labelled(name), (Attachment(self.network), *more)
        )

    @property
    def address(self) -> Mapping[str, Text]:
        """What tells services and tests where the scratch database is: nothing, where it has the accessory's name."""
        if self.database.accessory:
            return {}
        environment = self.scratch.environment
        user, password = environment["POSTGRES_USER"], environment["POSTGRES_PASSWORD"]
        url = f"postgresql://{user}:{password}@{SCRATCH}:{POSTGRES_PORT}/{environment['POSTGRES_DB']}"
        return {self.database.variable: url}


def gate_of(resolved: ResolvedDeployment) -> Gate | None:
    """The gate; None where there is nothing to ask (`why_no_gate` says why)."""
    migration, old = resolved.definition.migration, resolved.before
    if why_no_gate(resolved) or migration is None or migration.database is None or old is None:
        return None
    database = migration.database
    if not database.accessory:
        return Gate(resolved, migration, database, old, _stand_in(resolved), database.image)
    held = named(old.definition, database.accessory)
    assert held is not None  # why_no_gate asked
    return Gate(resolved, migration, database, old, held, old.images[held.name])


def why_no_gate(resolved: ResolvedDeployment) -> str:
    """Why a migration that names a database is not tried first; "" where it is, or where it names none."""
    migration = resolved.definition.migration
    if migration is None or migration.database is None or resolved.is_switch_alone:
        return ""
    name = migration.database.accessory
    if resolved.live is None:
        return "nothing is live whose tests could break"
    if resolved.kind == "rollback":
        return "what is left could keep nobody from going back"
    if resolved.before is None:
        return "the live release cannot be compiled any more"
    if name and resolved.accessories.get(name) is None:
        return f"there is no accessory {name} yet, so no schema to copy"
    held = named(resolved.before.definition, name)
    if name and (held is None or held.role is not Role.ACCESSORY or name not in resolved.before.images):
        return f"the live release has no accessory {name}"
    return ""


def schema_notes(resolved: ResolvedDeployment) -> Iterator[str]:
    """What people should know of the gate and of the contraction."""
    if why := why_no_gate(resolved):
        yield f"the schema gate is left out: {why}"
    elif (gate := gate_of(resolved)) is not None:
        yield "the schema gate copies the schema, not the data, and nothing in it reaches the outside"
        if tests_kind(gate.old) is None:
            yield f"{gate.old.version} has no tests for the schema gate: that it becomes ready decides"
    if resolved.contracts:
        yield "the schema is contracted in the end: the old release does not stand by, and may not work any more"
    elif resolved.definition.migration and resolved.definition.migration.after_retire:
        yield "going back contracts nothing: migrate.after-retire is left out"


def copies_a_stopped_accessory(resolved: ResolvedDeployment) -> bool:
    """Whether the database has to be started first: then the gate comes after the accessories."""
    migration = resolved.definition.migration
    name = migration.database.accessory if migration and migration.database else ""
    found = resolved.accessories.get(name)
    return found is not None and found.presence != "running"


def schema_step(resolved: ResolvedDeployment) -> Step | None:
    """The gate; None where it is left out. Nothing of it is left, however it ends."""
    gate = gate_of(resolved)
    if gate is None:
        return None
    title = f"Try the migration on a copy of the schema, against {gate.old.version}"
    return Step(STEP, title, Sequence(tuple(_nodes(gate))))


def tests_kind(old: LiveRelease) -> TestKind | None:
    """Which tests of the old release are run: those of kind `schema` where it has some, else those that ask a release
    before the switch."""
    kinds = old.definition.tests.kinds if old.definition.tests and old.test_image else ()
    wanted: tuple[TestKind, ...] = ("schema", "pre-integration")
    return next((kind for kind in wanted if kind in kinds), None)


def _nodes(gate: Gate) -> Iterator[Node]:
    pool = gate.resolved.pool
    ground = BenchNetwork(gate.network, pool, gate.labelled("network"), is_internal=True)
    yield Effect(MakeScratchGround.kind, "schema:ground", f"make {gate.network}", arguments(ground), attempts=TRIES)
    yield _stand(gate, gate.scratch, gate.image, "")
    yield _copy(gate)
    yield _migrate(gate)
    asked = _asked(gate.old.definition)
    without = {gate.scratch.name}
    for layer in layered(gate.old.definition, [asked.name] if asked else [], without=without):
        yield InParallel(tuple(_stand(gate, one, gate.old.images[one.name], gate.old.version) for one in layer))
    if (kind := tests_kind(gate.old)) is not None:
        yield _tests(gate, kind, asked)
    cleared = arguments(Cleared(gate.labels))
    yield Effect(
        ClearGate.kind, "schema:clear", "remove the copy and all beside it", cleared, attempts=TRIES, is_undone=False
    )


def _asked(definition: Definition) -> Service | None:
    """What the old release's tests ask: its first routed service with a port, else its first with a port."""
    swapped = [one for one in definition.services if one.role not in (Role.ACCESSORY, Role.ONE_SHOT) and one.port]
    return next(iter(sorted(swapped, key=lambda one: not one.routes)), None)


def _stand(gate: Gate, service: Service, image: str, old: str) -> Effect:
    is_scratch = service.name == gate.scratch.name
    environment = service.environment if is_scratch else {**service.environment, **gate.address}
    safe, volumes = thrown_away(replace(service, environment=environment), gate.network)
    made = BenchService(gate.standing(image, safe), gate.network, "", volumes, gate.resolved.logins)
    whose = f"{service.name} of {old}" if old else f"an empty {service.name}"
    return Effect(
        StandInGate.kind,
        f"schema:stand:{service.name}",
        f"start {whose} beside the copy" if old else f"start {whose} for the copy",
        arguments(Stood(made, old, gate.resolved.version)),
        timeout_s=STAND_TIMEOUT_S,
        attempts=TRIES,
        service=service.name,
    )


def _copy(gate: Gate) -> Effect:
    """From the live database into the scratch one, by the tools of the database's own image."""
    resolved, database = gate.resolved, gate.database
    facts: dict[str, Text] = {
        "COPY_TO": gate.container(gate.scratch.name),
        "COPY_PORT": str(gate.scratch.port or POSTGRES_PORT),
        "COPY_BOOKS": books_query(database.rows),
    }
    if database.accessory:
        facts["COPY_FROM"] = resolved.accessories[database.accessory].name
    else:
        facts["COPY_URL"] = database.source
    safe, _ = thrown_away(once(gate.scratch), gate.network)
    service = replace(
        safe,
        name="copy",
        entrypoint=("/bin/sh", "-c"),
        command=(SCRIPT,),
        mounts=(),
        read_only=False,
        environment={**gate.scratch.environment, **facts},
    )
    live = Attachment(resolved.place_names.network)
    return _run(gate, "copy", gate.image, service, "schema-copy", "the copy of the schema", COPY_TIMEOUT_S, live)


def _migrate(gate: Gate) -> Effect:
    resolved, migration = gate.resolved, gate.migration
    safe, _ = thrown_away(once(resolved.definition.service(migration.service)), gate.network)
    service = replace(
        safe,
        name="migrate",
        command=migration.command,
        mounts=tuple(_in_memory(mount) for mount in safe.mounts),
        environment={**safe.environment, **gate.address},
    )
    title = f"the migration of {resolved.version} on the copy"
    image = image_of(resolved, migration.service)
    return _run(gate, "migrate", image, service, "schema-migration", title, migration.timeout_s)


def _in_memory(mount: Mount) -> Mount:
    """A volume's data is not copied: what the migration writes there goes with its container."""
    return Tmpfs(mount.path) if isinstance(mount, Volume) else mount


def _run(
    gate: Gate,
    name: str,
    image: str,
    service: Service,
    purpose: Purpose,
    title: str,
    timeout_s: float,
    *more: Attachment,
) -> Effect:
    errand = Errand(gate.errand(name, image, service, *more), purpose, title, timeout_s)
    return run_effect(f"schema:{name}", f"run {title}", errand, "")


def _tests(gate: Gate, kind: TestKind, asked: Service | None) -> Effect:
    old = gate.old
    tests = old.definition.tests
    assert tests is not None  # tests_kind asked
    service = once(Service("tests", Role.ONE_SHOT, command=tests.command or None))
    url = f"http://{asked.name}:{asked.port}" if asked else ""
    facts: dict[str, Text] = {
        **tests.environment,
        **gate.address,
        "TEST_TYPE": kind,
        "TEST_RELEASE": old.version,
        "TEST_ENVIRONMENT": gate.resolved.place.environment,
        "TEST_URL": url,
        "TEST_INSTANCES": url,
    }
    blueprint = replace(gate.errand("tests", old.test_image, service), environment=facts)
    run = BenchTests(blueprint, STEP, tests.timeout_s, gate.labels, logins=gate.resolved.logins)
    return Effect(
        RunOldTests.kind,
        "schema:tests",
        f"run the {kind} tests of {old.version}",
        arguments(OldTests(run, old.version, gate.resolved.version)),
        timeout_s=tests.timeout_s + START_TIMEOUT_S + MARGIN_S,
        attempts=TRIES,
    )


def _stand_in(resolved: ResolvedDeployment) -> Service:
    """PostgreSQL as its images are told to make a database: for one that is copied from a URL."""
    return Service(
        SCRATCH,
        Role.ACCESSORY,
        environment={
            "POSTGRES_USER": "fairlead",
            "POSTGRES_PASSWORD": resolved.names.tag,
            "POSTGRES_DB": "scratch",
        },
        port=POSTGRES_PORT,
        health=Health(within_s=60.0),
    )
