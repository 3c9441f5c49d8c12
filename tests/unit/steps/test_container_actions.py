"""Actions that build an image and run tests in containers: the release's commit, a matrix, a result for each cell."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.unit.steps.pipeline_world import TASK, URL, PipelineWorld

from fairlead.domain.effect import Done, SaidNo
from fairlead.domain.errors import Invalid
from fairlead.domain.ids import TaskId
from fairlead.domain.output_variables import of_effects
from fairlead.domain.plan import Effect, InParallel, effects_of
from fairlead.domain.process import Action, ResolvedAction, action_key
from fairlead.domain.registry_login import RegistryLogin
from fairlead.domain.text import SecretRef, Text
from fairlead.ports.checkouts import Checkout
from fairlead.ports.container_engine import (
    LABEL_ENVIRONMENT,
    LABEL_KEY,
    LABEL_KIND,
    LABEL_PROJECT,
    Container,
    ContainerSpec,
    Credentials,
    Image,
    NetworkSpec,
)
from fairlead.ports.source import Repository
from fairlead.ports.step import Tools
from fairlead.steps.blueprint import KIND_NETWORK
from fairlead.steps.container_kinds import BuildImageAction, RunTestsAction
from fairlead.steps.effects.container_actions import BuildForAction, TestInContainer
from fairlead.testing.container_world import ContainerWorld
from fairlead.testing.deploy_world import ending
from fairlead.testing.fake_container_engine import FakeContainerEngine

WEB = {"context": "web", "dockerfile": "web/Dockerfile"}
VARIABLES: Mapping[str, Text] = {
    "Octopus.Project.Name": "books",
    "Octopus.Environment.Name": "Test",
    "Octopus.Release.Number": "1.4.0+7",
}


class OfTheRelease:
    """The commit of the world."""

    def __init__(self, world: PipelineWorld) -> None:
        self.world = world

    async def of_task(self, task: TaskId) -> Checkout:
        return Checkout(Repository(URL), self.world.commit)


class Rig:
    """Plans an action and plays its effects."""

    def __init__(self, folder: Path) -> None:
        self.world = PipelineWorld(folder)
        self.folder = folder
        self.outputs: dict[str, Mapping[str, Any]] = {}
        self.logins: tuple[RegistryLogin, ...] = ()
        self.kinds = {kind.kind: kind for kind in (BuildForAction(), TestInContainer())}

    def effects(self, kind: Any, name: str, variables: Mapping[str, Text] | None = None, **properties: Any) -> Any:
        action = Action(name, kind.name, properties)
        known = {**VARIABLES, **(variables or {})}
        node = kind.plan(ResolvedAction(action, name, action_key(name), variables=known, logins=self.logins))
        return list(effects_of(node)), node

    def tools(self, effect: Effect) -> Tools:
        made = self.world.tools(TASK, "step", effect.target, self.outputs)
        return replace(made, workspace=str(self.folder), checkouts=OfTheRelease(self.world))

    async def do(self, effect: Effect) -> Done | SaidNo:
        outcome = await self.kinds[effect.kind].do(effect, self.tools(effect))
        if isinstance(outcome, Done):
            self.outputs[effect.key] = outcome.output
        return outcome

    async def play(self, kind: Any, name: str, **properties: Any) -> list[Done | SaidNo]:
        effects, _ = self.effects(kind, name, **properties)
        return [await self.do(effect) for effect in effects]

    @property
    def left(self) -> list[str]:
        containers = sorted({*self.world.host.containers} - {"stranger"})
        return containers + [path.name for path in self.folder.iterdir()]


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


async def test_an_image_is_built_from_the_commit_pushed_and_named_by_digest(rig: Rig) -> None:
    rig.world.scripts["import-job"] = ending(0, "")
    (outcome,) = await rig.play(BuildImageAction(), "Import job", build=WEB)
    assert isinstance(outcome, Done), outcome
    found = {one.name: one.value for one in of_effects({"": outcome.output})}
    assert str(found["Image"]).partition("@")[0] == f"{rig.world.registry.address}/books/import-job"
    assert found["Tag"] == "1.4.0_7"
    assert await rig.world.registry.digest("books/import-job", "1.4.0_7") == found["Digest"]
    assert rig.world.builds == ["import-job"] and rig.left == []
    again = await rig.play(BuildImageAction(), "Import job", build=WEB)
    assert again == [outcome] and rig.world.builds == ["import-job"], "the same inputs are built once"


async def test_a_build_that_leads_out_of_the_repository_is_refused(rig: Rig) -> None:
    with pytest.raises(Invalid):
        await rig.play(BuildImageAction(), "Job", build={"context": "../.."})
    assert rig.left == []


async def test_a_secret_never_becomes_a_build_argument(rig: Rig) -> None:
    rig.world.scripts["job"] = ending(0, "")
    secret = SecretRef(rig.world.secrets.put("hunter2-hidden"), "Password")
    (effect,), _ = rig.effects(
        BuildImageAction(),
        "Job",
        {"Password": secret},
        build={**WEB, "arguments": {"A": "#{Password}"}},
    )
    asked: list[Any] = []
    built = rig.world.host.on_build
    rig.world.host.on_build = lambda request: asked.append(request) or built(request)
    await rig.do(effect)
    assert asked[0].arguments == {"A": "#{Password}"}


async def test_tests_run_in_the_image_that_an_earlier_action_built(rig: Rig) -> None:
    rig.world.scripts["job"] = ending(0, "all good")
    await rig.play(BuildImageAction(), "Job", build=WEB)
    (outcome,) = await rig.play(RunTestsAction(), "Check", image="#{Octopus.Action[Job].Output.Image}")
    assert isinstance(outcome, Done), outcome
    assert [(one.name, one.value) for one in of_effects({"": outcome.output})] == [("Check.Passed", "True")]
    assert "all good" in rig.world.log.text(TASK) and rig.left == []


async def test_a_matrix_has_a_cell_for_each_image_and_each_its_own_result(rig: Rig) -> None:
    for name, code in (("py:3.11", 0), ("py:3.12", 1), ("py:3.13", 0)):
        rig.world.host.add_image(name, ending(code, f"said by {name}"))
    effects, node = rig.effects(RunTestsAction(), "Check", matrix={"images": ["py:3.11", "py:3.12", "py:3.13"]})
    assert isinstance(node, InParallel) and node.on_failure == "go_on"
    assert [effect.title for effect in effects] == ["Check py:3.11", "Check py:3.12", "Check py:3.13"]
    first, second, third = [await rig.do(effect) for effect in effects]
    assert isinstance(first, Done) and isinstance(third, Done)
    assert isinstance(second, SaidNo) and second.code == "tests.failed" and "py:3.12" in second.reason
    for effect in effects:
        for _ in range(2):
            await TestInContainer().undo(effect, rig.tools(effect))
    assert rig.left == []


async def test_a_matrix_of_build_arguments_builds_an_image_for_each(rig: Rig) -> None:
    rig.world.scripts["check"] = ending(0, "")
    asked: list[Any] = []
    built = rig.world.host.on_build
    rig.world.host.on_build = lambda request: asked.append(request.arguments) or built(request)
    build = {**WEB, "arguments": {"BASE": "#{Octopus.Release.Number}"}}
    outcomes = await rig.play(
        RunTestsAction(), "Check", build=build, matrix={"arguments": [{"DB": "postgres"}, {"DB": "sqlite"}]}
    )
    assert all(isinstance(outcome, Done) for outcome in outcomes), outcomes
    assert asked == [{"BASE": "1.4.0+7", "DB": "postgres"}, {"BASE": "1.4.0+7", "DB": "sqlite"}]
    names = [
        one.name
        for one in of_effects(
            {str(number): dict(one.output) for number, one in enumerate(outcomes) if isinstance(one, Done)}
        )
    ]
    assert names == ["Check DB=postgres.Passed", "Check DB=sqlite.Passed"] and rig.left == []


async def test_what_passed_is_not_run_again(rig: Rig) -> None:
    rig.world.host.add_image("py:3", ending(0, "once"))
    (effect,), _ = rig.effects(RunTestsAction(), "Check", image="py:3")
    first = await rig.do(effect)
    looked = await TestInContainer().look(effect, rig.tools(effect))
    assert isinstance(first, Done) and isinstance(looked, Done) and looked.output == first.output


@pytest.mark.parametrize(
    "properties",
    [
        {},
        {"image": "a", "build": {}},
        {"build": {}, "matrix": {"images": ["a"]}},
        {"image": "a", "matrix": {"arguments": [{"A": "1"}]}},
        {"matrix": {"images": [str(number) for number in range(65)]}},
    ],
)
def test_what_cannot_be_meant_is_refused(rig: Rig, properties: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        rig.effects(RunTestsAction(), "Check", **properties)
    assert refused.value.code == "process.properties"


class Noting(FakeContainerEngine):
    """Notes with what each image was pulled."""

    def __init__(self, world: ContainerWorld) -> None:
        super().__init__(world)
        self.given: dict[str, Credentials | None] = {}

    async def pull(self, reference: str, credentials: Credentials | None, say: Callable[[str], None]) -> Image:
        self.given[reference] = credentials
        return await super().pull(reference, credentials, say)


async def test_an_image_of_a_registry_that_needs_credentials_is_pulled_with_those_that_are_kept(rig: Rig) -> None:
    id = rig.world.host.add_image("private.test/py:3", ending(0, ""))
    rig.world.host.registry["private.test/py:3"] = rig.world.host.images.pop(id)
    password = SecretRef(rig.world.secrets.put("hunter2-hidden"), "password")
    rig.logins = (RegistryLogin("private.test", "bot", password), RegistryLogin("other.test", "x", password))
    (effect,), _ = rig.effects(RunTestsAction(), "Check", image="private.test/py:3")
    assert "hunter2" not in repr(effect)
    engine = Noting(rig.world.host)
    outcome = await TestInContainer().do(effect, replace(rig.tools(effect), container_engine=engine))
    assert isinstance(outcome, Done), outcome
    assert engine.given == {"private.test/py:3": Credentials("bot", "hunter2-hidden")}


async def test_tests_join_the_network_of_the_environment_where_they_are_to(rig: Rig) -> None:
    rig.world.host.add_image("py:3", ending(0, ""))
    (effect,), _ = rig.effects(RunTestsAction(), "Check", image="py:3", network="environment")
    refused = await rig.do(effect)
    assert isinstance(refused, SaidNo) and refused.code == "tests.network" and "deploy-services" in refused.hint
    engine = rig.tools(effect).container_engine
    labels = {LABEL_PROJECT: "books", LABEL_ENVIRONMENT: "Test", LABEL_KIND: KIND_NETWORK, LABEL_KEY: "n"}
    await engine.ensure_network(NetworkSpec("books-test", "10.9.0.0/26", labels))
    seen: list[tuple[str, ...]] = []

    class Seeing(FakeContainerEngine):
        async def ensure_container(self, spec: ContainerSpec) -> Container:
            seen.append(tuple(one.network for one in spec.networks))
            return await super().ensure_container(spec)

    done = await TestInContainer().do(effect, replace(rig.tools(effect), container_engine=Seeing(rig.world.host)))
    assert isinstance(done, Done) and seen == [("books-test",)]


@pytest.mark.parametrize(
    ("kind", "properties"),
    [
        (BuildImageAction(), {"build": {"context": "#{Gone}"}}),
        (RunTestsAction(), {"image": "#{Gone}"}),
        (RunTestsAction(), {"image": "postgres:16", "environment": {"A": "#{Gone}"}}),
    ],
)
async def test_what_has_no_value_fails_them_where_a_variable_says_so(
    rig: Rig, kind: Any, properties: dict[str, Any]
) -> None:
    strict = {"OctopusShouldFailDeploymentOnSubstitutionFails": "True"}
    effects, _ = rig.effects(kind, "Check", strict, **properties)
    outcome = await rig.do(effects[0])
    assert isinstance(outcome, SaidNo) and outcome.code == "variable.unknown" and "#{Gone}" in outcome.reason
    assert rig.left == [] and not rig.world.builds
