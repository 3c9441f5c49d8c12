"""Commands of people in containers of the live release: who may, what is said, and what is left (nothing)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.unit.usecases.house import ADMIN, DIGEST, VIEWER, House

from fairlead.domain.actor import Actor, permissions_of
from fairlead.domain.colour import Colour
from fairlead.domain.effect import Done, Outcome, SaidNo
from fairlead.domain.errors import Conflict, Invalid, NotAllowed, NotFound, TooLarge
from fairlead.domain.ids import ActorId, SecretVersionId, TaskId
from fairlead.domain.naming import DeploymentNames, PlaceNames
from fairlead.domain.permission import RoleName
from fairlead.domain.plan import Effect, Plan, effects_of
from fairlead.domain.task import Task
from fairlead.ports.catalogue import Place
from fairlead.ports.container_engine import (
    LABEL_DEPLOYMENT,
    LABEL_ENVIRONMENT,
    LABEL_INSTANCE,
    LABEL_KEY,
    LABEL_KIND,
    LABEL_PROJECT,
    LABEL_SERVICE,
    ContainerSpec,
    ExecResult,
    NetworkSpec,
)
from fairlead.ports.step import Tools
from fairlead.steps.blueprint import KIND_INSTANCE, KIND_ONE_OFF, InstanceFacts, facts_label
from fairlead.steps.capturing import capture
from fairlead.steps.commands import Commands
from fairlead.store import variables as variable_rows
from fairlead.store.task_log import StoreTaskLog
from fairlead.testing.behaviour import Behaviour, Script
from fairlead.testing.container_world import ContainerWorld
from fairlead.testing.fake_catalogue import FakeCatalogue
from fairlead.testing.fake_container_engine import FakeContainerEngine
from fairlead.testing.fake_proxy import FakeProxy, ProxyWorld
from fairlead.usecases import commands, variables

DEPLOYER = Actor(ActorId("usr-d"), "dora", "user", permissions_of(RoleName.DEPLOYER), via="test")
MAINTAINER = Actor(ActorId("usr-m"), "mia", "user", permissions_of(RoleName.MAINTAINER), via="cli", address="10.1.2.3")
FILE = """\
project: books
services:
  web: {image: %s, port: 8080, environment: {PASSWORD: "#{Db.Password}"}}
"""


class Scene:
    """A release that is live in Test, with its containers in memory, and what runs the effects of a command."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.world = ContainerWorld(house.clock)
        self.engine = FakeContainerEngine(self.world)
        self.log = StoreTaskLog(house.database, house.context.secrets, house.clock)
        variables.put(house.context, ADMIN, "books", "Db.Password", "s3cret-value", is_secret=True)
        house.add_release("1.0.0", file=FILE % DIGEST)
        self.live = house.go_live("1.0.0")
        self.script: Script = Behaviour(commands={("env",): ExecResult(3, "PASSWORD=s3cret-value\nlast")})
        self.world.add_image(DIGEST, self.behave)
        asyncio.run(self._stand())

    def behave(self, spec: ContainerSpec) -> Behaviour:
        return self.script(spec) if callable(self.script) else self.script

    async def _stand(self) -> None:
        """The networks, and two instances, as the deployment left them."""
        place = {LABEL_PROJECT: "books", LABEL_ENVIRONMENT: "Test", LABEL_DEPLOYMENT: self.live.id}
        resolved = self.names
        for number, name in enumerate((resolved.slot_network, resolved.place.network)):
            await self.engine.ensure_network(NetworkSpec(name, f"10.9.{number}.0/26", {LABEL_KEY: name, **place}))
        for replica in (1, 2):
            facts = facts_label(InstanceFacts(replica, secrets=self.secrets))
            labels = {LABEL_KEY: f"k{replica}", LABEL_KIND: KIND_INSTANCE, LABEL_SERVICE: "web", LABEL_INSTANCE: facts}
            spec = ContainerSpec(f"web.{replica}", DIGEST, {**labels, **place})
            await self.engine.ensure_container(spec)
            await self.engine.start(spec.name)

    @property
    def secrets(self) -> tuple[SecretVersionId, ...]:
        """The versions that the live release was given."""
        with self.house.database.reading() as connection:
            found = variable_rows.snapshot(connection, self.live.variables).variables
        return tuple(one.secret for one in found if one.secret)

    @property
    def names(self) -> DeploymentNames:
        return DeploymentNames(PlaceNames("books", "Test"), self.live.id, Colour.BLUE)

    def bind(self, task: Task) -> Plan | SaidNo:
        return asyncio.run(commands.bind(self.house.context, self.engine, task))

    def play(self, task: Task) -> Outcome:
        """The plan's effects, one after the other, as the interpreter runs them."""
        plan = self.bind(task)
        assert isinstance(plan, Plan), plan

        async def work() -> Outcome:
            outcome: Outcome = Done()
            for effect in effects_of(plan.forward):
                outcome = await self.do(task.id, effect)
            for effect in effects_of(plan.always):
                await self.do(task.id, effect)
            return outcome

        return asyncio.run(work())

    async def do(self, task: TaskId, effect: Effect) -> Outcome:
        kind = Commands.effects[effect.kind]
        looked = await kind.look(effect, self.tools(task))
        return looked if isinstance(looked, Done) else await kind.do(effect, self.tools(task))

    def tools(self, task: TaskId) -> Tools:
        house = self.house
        nothing = dict.fromkeys(("connection", "proxy", "catalogue", "registry", "source", "notifier"))
        return Tools(
            task=task,
            step="command",
            target="local",
            outputs={},
            container_engine=self.engine,
            secrets=house.context.secrets,
            records=house.records,
            artifacts=house.context.artifacts,
            task_log=self.log,
            clock=house.clock,
            workspace="",
            **nothing,  # type: ignore[arg-type]
        )

    def said(self, task: TaskId) -> list[tuple[str, str]]:
        async def read() -> list[tuple[str, str]]:
            await self.log.flush(task)
            return [(line.target, line.text) for line in await self.log.read(task)]

        return asyncio.run(read())

    def exit_code(self, task: TaskId) -> object:
        return asyncio.run(self.house.records.facts(task))["ended"]


@pytest.fixture
def scene(books: House) -> Iterator[Scene]:
    made = Scene(books)
    yield made
    made.log.close()


def test_a_one_off_has_image_configuration_and_networks_no_route_and_is_removed(scene: Scene) -> None:
    seen: list[ContainerSpec] = []

    def script(spec: ContainerSpec) -> Behaviour:
        seen.append(spec)
        return Behaviour(output=(("stdout", f"has {spec.environment['PASSWORD']}"), ("stderr", "oh")), ends_after_s=0)

    scene.script = script
    task = commands.run(scene.house.context, MAINTAINER, "books", "Test", "web", ["./manage", "shell"])
    assert scene.play(task) == Done({"exit_code": 0})
    spec = seen[-1]
    assert (spec.image, spec.command, spec.restart, spec.ports) == (DIGEST, ("./manage", "shell"), "no", ())
    assert [one.network for one in spec.networks] == [scene.names.slot_network, scene.names.place.network]
    assert not any(one.aliases for one in spec.networks)
    assert spec.labels[LABEL_KIND] == KIND_ONE_OFF
    assert spec.environment["PASSWORD"] == "s3cret-value"
    assert scene.said(task.id) == [("stdout", "has •••"), ("stderr", "oh")]
    assert scene.exit_code(task.id) == {"exit_code": 0}
    assert set(scene.world.containers) == {"web.1", "web.2"}


def test_the_exit_code_is_kept_and_another_than_0_is_a_no(scene: Scene) -> None:
    scene.script = Behaviour(ends_after_s=0, exit_code=7)
    task = commands.run(scene.house.context, ADMIN, "books", "Test", "web", ["false"])
    said = scene.play(task)
    assert isinstance(said, SaidNo) and (said.code, said.reason) == ("command.failed", "the command ended with 7")
    assert scene.exit_code(task.id) == {"exit_code": 7}
    assert set(scene.world.containers) == {"web.1", "web.2"}


def test_exec_runs_in_the_instance_that_is_meant_masked_by_what_it_was_given(scene: Scene) -> None:
    task = commands.execute(scene.house.context, ADMIN, "books", "Test", "web", ["env"], instance=2)
    said = scene.play(task)
    assert isinstance(said, SaidNo) and said.reason == "the command ended with 3"
    assert scene.world.containers["web.2"].commands_run == [("env",)]
    assert scene.world.containers["web.1"].commands_run == []
    assert scene.said(task.id) == [("stdout", "PASSWORD=•••"), ("stdout", "last")]
    first = commands.execute(scene.house.context, ADMIN, "books", "Test", "web", ["env"])
    scene.play(first)
    assert scene.world.containers["web.1"].commands_run == [("env",)]


def test_a_command_inside_is_never_run_twice_by_itself(scene: Scene) -> None:
    task = commands.execute(scene.house.context, ADMIN, "books", "Test", "web", ["env"])
    asyncio.run(scene.house.records.note(task.id, "begun", {"container": "web.1"}))  # its server died then
    said = scene.play(task)
    assert isinstance(said, SaidNo) and said.code == "command.lost"
    assert scene.world.containers["web.1"].commands_run == []


def test_a_command_finds_what_it_was_given_on_its_input(scene: Scene) -> None:
    scene.script = Behaviour(ends_after_s=0, echoes_input=True)
    task = commands.run(scene.house.context, ADMIN, "books", "Test", "web", ["cat"], stdin=b"one\ns3cret-value\n")
    assert isinstance(scene.play(task), Done)
    assert scene.said(task.id) == [("stdout", "one"), ("stdout", "•••")]
    assert set(scene.world.containers) == {"web.1", "web.2"}
    held = scene.world.containers["web.1"]
    held.behaviour = Behaviour(commands={("cat",): ExecResult(0, "")}, echoes_input=True)
    inside = commands.execute(scene.house.context, ADMIN, "books", "Test", "web", ["cat"], stdin=b"two\n")
    assert isinstance(scene.play(inside), Done)
    assert scene.said(inside.id) == [("stdout", "two")]
    (event,) = scene.house.audit("command.exec")
    assert event.facts["input_bytes"] == 4 and "two" not in json.dumps(dict(event.facts))


def test_a_command_is_never_given_its_input_twice_by_itself(scene: Scene) -> None:
    scene.script = Behaviour(ends_after_s=0, echoes_input=True)
    task = commands.run(scene.house.context, ADMIN, "books", "Test", "web", ["cat"], stdin=b"half")
    asyncio.run(scene.house.records.note(task.id, "begun", {"container": "web"}))  # its server died then
    said = scene.play(task)
    assert isinstance(said, SaidNo) and said.code == "command.lost"
    assert set(scene.world.containers) == {"web.1", "web.2"}


def test_an_input_is_bounded_and_an_empty_one_is_one(scene: Scene) -> None:
    with pytest.raises(TooLarge) as refused:
        commands.run(scene.house.context, ADMIN, "books", "Test", "web", ["cat"], stdin=bytes(3 * 1024 * 1024 + 1))
    assert (refused.value.code, refused.value.thing) == ("input.too_large", "stdin")
    scene.script = Behaviour(ends_after_s=0, echoes_input=True)
    task = commands.run(scene.house.context, ADMIN, "books", "Test", "web", ["cat"], stdin=b"")
    assert isinstance(scene.play(task), Done)
    assert scene.said(task.id) == []


def test_what_does_not_run_is_said(scene: Scene) -> None:
    for service, instance, code in (("web", 9, "engine.gone"), ("nothing", 0, "engine.gone")):
        task = commands.execute(scene.house.context, ADMIN, "books", "Test", service, ["env"], instance=instance)
        said = scene.bind(task)
        assert isinstance(said, SaidNo) and said.code == code
    said = scene.bind(commands.run(scene.house.context, ADMIN, "books", "Test", "nothing", ["ls"]))
    assert isinstance(said, SaidNo) and said.code == "service.unknown" and "web" in said.hint


def test_who_may_and_that_it_is_audited_without_a_secret(scene: Scene) -> None:
    context = scene.house.context
    for actor in (VIEWER, DEPLOYER):
        for verb in (commands.run, commands.execute):
            with pytest.raises(NotAllowed):
                verb(context, actor, "books", "Test", "web", ["ls"])
    asyncio.run(context.secrets.values(TaskId(str(scene.live.task)), scene.secrets))
    commands.run(context, MAINTAINER, "books", "Test", "web", ["psql", "--password", "s3cret-value"])
    (event,) = scene.house.audit("command.run")
    assert (event.actor, event.via, event.address, event.environment) == ("mia", "cli", "10.1.2.3", "Test")
    assert event.message == "run web in Test: psql --password •••"
    assert "s3cret" not in json.dumps(dict(event.facts)) + scene.house.task(event.thing).title
    commands.execute(context, MAINTAINER, "books", "Test", "web", ["ls"])
    assert [one.message for one in scene.house.audit("command.exec")] == ["exec web in Test: ls"]


def test_bad_input_is_refused_and_begins_nothing(scene: Scene) -> None:
    context = scene.house.context
    for bad in ([], [""], ["a\0b"]):
        with pytest.raises(Invalid):
            commands.run(context, ADMIN, "books", "Test", "web", bad)
    with pytest.raises(TooLarge):
        commands.run(context, ADMIN, "books", "Test", "web", ["x" * 40_000])
    with pytest.raises(Invalid):
        commands.run(context, ADMIN, "books", "Test", "web", ["ls"], timeout_s=1e9)
    with pytest.raises(Conflict) as refused:
        commands.run(context, ADMIN, "books", "Production", "web", ["ls"])
    assert refused.value.code == "command.nothing_live"
    with pytest.raises(NotFound):
        commands.run(context, ADMIN, "none", "Test", "web", ["ls"])
    assert not scene.house.audit("command.run")


def test_a_one_off_is_no_state_of_the_place(scene: Scene) -> None:
    async def seen() -> set[str]:
        found = await capture(
            Place("books", "Test"),
            container_engine=scene.engine,
            proxy=FakeProxy(ProxyWorld(), scene.house.clock),
            catalogue=FakeCatalogue(),
            records=scene.house.records,
            secrets=scene.house.context.secrets,
        )
        return set(found.containers)

    spec = scene.world.containers["web.1"].spec
    labels = {**spec.labels, LABEL_KEY: "one-off", LABEL_KIND: KIND_ONE_OFF}
    asyncio.run(scene.engine.ensure_container(replace(spec, name="one-off", labels=labels)))
    assert asyncio.run(seen()) == {"web.1", "web.2"}
