"""Binding: which slot is filled, that what was approved is what runs, and how the end is judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any, TypeAlias

import pytest
from tests.unit.usecases.house import ADMIN, House

from fairlead.domain.capture import Capture
from fairlead.domain.colour import Colour
from fairlead.domain.effect import SaidNo
from fairlead.domain.ids import TaskId
from fairlead.domain.plan import Plan, all_effects
from fairlead.domain.record import canonical, to_data
from fairlead.domain.slot import Slot, SlotState
from fairlead.domain.step_template import Parameter
from fairlead.domain.task import TaskState
from fairlead.domain.text import SecretRef
from fairlead.domain.variable import Dimension
from fairlead.ports.tasks import End
from fairlead.steps.effects.basis import read
from fairlead.steps.effects.builds import BuildImage, Built, PinImage, Pinned
from fairlead.steps.effects.make_release import MakeRelease, NewRelease
from fairlead.steps.standing import Standing
from fairlead.testing.fake_source import FakeSource
from fairlead.usecases import binding, policies, runs, tenant_templates, tenants, variables
from fairlead.usecases.binding import Binding, Outside, choose_colour


def standing(colour: Colour, state: SlotState, release: str = "rel-1") -> Standing:
    slot = Slot(colour, state, "dep-1", release, "1.0.0")  # type: ignore[arg-type]
    return SimpleNamespace(slot=slot)  # type: ignore[return-value]


def wanted(kind: str = "deployment", release: str = "rel-2") -> Any:
    return SimpleNamespace(kind=kind, release=release)


@pytest.mark.parametrize("colour", list(Colour))
def test_the_slot_beside_the_live_one_is_filled(colour: Colour) -> None:
    assert choose_colour(wanted(), {colour: standing(colour, SlotState.LIVE)}) is colour.other


def test_an_empty_place_begins_with_blue() -> None:
    assert choose_colour(wanted(), {}) is Colour.BLUE


@pytest.mark.parametrize("colour", list(Colour))
def test_going_back_takes_the_slot_that_stands_by_with_that_release(colour: Colour) -> None:
    both = {
        colour: standing(colour, SlotState.STANDBY, "rel-1"),
        colour.other: standing(colour.other, SlotState.LIVE, "rel-2"),
    }
    assert choose_colour(wanted("rollback", "rel-1"), both) is colour
    assert choose_colour(wanted("rollback", "rel-0"), both) is colour


async def test_what_was_asked_for_is_what_runs_or_the_difference_is_told(books: House) -> None:
    policies.allow(books.context, ADMIN, "books", "privileged")
    books.add_release("1.0.0", more=", privileged: true")
    task = books.deployment("1.0.0").task
    assert task is not None
    with books.database.transaction() as connection:
        connection.exec_driver_sql("UPDATE deployments SET plan_hash = 'another' || plan_hash")
    outside: Any = SimpleNamespace()
    said = await Binding(books.context, outside).bind(TaskId(task))
    assert isinstance(said, SaidNo) and said.code == "plan.changed"
    assert "fairlead plan 1.0.0 Test" in said.hint


class Notes:
    """The facts of a task, kept."""

    def __init__(self, before: Capture) -> None:
        self.kept: dict[str, Any] = {"state-before": to_data(before)}

    async def facts(self, task: TaskId) -> dict[str, Any]:
        return self.kept

    async def note(self, task: TaskId, name: str, fact: Any) -> None:
        self.kept[name] = fact


@pytest.mark.parametrize(
    ("again", "state", "ends"),
    [
        (0, TaskState.ROLLED_BACK, TaskState.UNSETTLED),
        (1, TaskState.FAILED, TaskState.UNSETTLED),
        (binding.MOST_TAKINGS_UP, TaskState.ROLLED_BACK, TaskState.ROLLED_BACK),
    ],
)
async def test_what_is_not_as_it_was_stays_unsettled_for_a_bounded_time(
    books: House, monkeypatch: pytest.MonkeyPatch, again: int, state: TaskState, ends: TaskState
) -> None:
    books.add_release("1.0.0")
    task = TaskId(str(books.deployment("1.0.0").task))
    notes = Notes(Capture())

    async def after(*_: object, **__: object) -> Capture:
        return Capture()

    monkeypatch.setattr(Binding, "_capture", after)
    monkeypatch.setattr(binding, "state_before", lambda facts: Capture())
    monkeypatch.setattr(binding, "differences", lambda before, after: ("a container is gone",))
    outside: Any = Outside(*[None] * 3, notes, *[None] * 2)  # type: ignore[arg-type]
    end = await Binding(books.context, outside).conclude(task, End(state, "tests.failed", "no", again=again))
    assert end.state is ends
    assert end.differences == ("a container is gone",) and "a container is gone" in end.reason
    assert notes.kept[binding.CERTIFICATE]["is_as_it_was"] is False


async def test_a_run_builds_with_the_variables_that_its_build_secrets_name(house: House, tmp_path: Path) -> None:
    url, source = "https://git.test/books.git", FakeSource()
    text = (
        "project: books\nservices:\n  web: {build: {context: ., secrets: [npm, plain]}, port: 80}\n"
        "secrets:\n  npm: {environment: Npm.Token}\n  plain: {environment: Plain}\n"
        "tests: {build: {context: ., secrets: [npm]}}\n"
    )
    commit = source.commit(url, "main", {"fairlead.yml": text.encode(), "Dockerfile": b"FROM x\n"})
    project = house.add_project(git=url)
    outside: Any = SimpleNamespace(source=source, logins=(), installation="", container_engine=None)
    looked = runs.saw_head(house.context, ADMIN, project, commit, cause="person")
    assert looked.run is not None and looked.run.task is not None
    said = await Binding(house.context, outside).bind(looked.run.task)
    assert isinstance(said, SaidNo) and said.code == "variable.unknown"
    assert "Npm.Token" in said.reason and "build secret npm" in said.reason
    variables.put(house.context, ADMIN, "books", "Plain", "in clear")
    variables.put(house.context, ADMIN, "books", "Npm.Token", "t0ken", is_secret=True)
    plan = await Binding(house.context, outside).bind(looked.run.task)
    assert isinstance(plan, Plan)
    built = {one.key: read(Built, one).build.secrets for one in all_effects(plan) if one.kind == BuildImage.kind}
    assert sorted(built) == ["build/tests.image", "build/web"]
    token = built["build/web"]["npm"]
    assert isinstance(token, SecretRef) and built["build/tests.image"] == {"npm": token}
    assert built["build/web"]["plain"] == "in clear"
    assert "t0ken" not in canonical(to_data(plan))


Before: TypeAlias = Callable[[House], None]


def nothing(_: House) -> None:
    return None


async def planned_run(
    house: House, text: str, more: Mapping[str, bytes] = MappingProxyType({}), before: Before = nothing, **values: str
) -> Plan | SaidNo:
    url, source = "https://git.test/books.git", FakeSource()
    commit = source.commit(url, "main", {"fairlead.yml": b"project: books\n", "compose.yaml": text.encode(), **more})
    project = house.add_project(git=url)
    before(house)
    for name, value in values.items():
        variable, _, environment = name.partition("__")
        variables.put(house.context, ADMIN, "books", variable, value, only_in=[environment] if environment else [])
    outside: Any = SimpleNamespace(source=source, logins=(), installation="", container_engine=None)
    looked = runs.saw_head(house.context, ADMIN, project, commit, cause="person")
    assert looked.run is not None and looked.run.task is not None
    return await Binding(house.context, outside).bind(looked.run.task)


@pytest.mark.parametrize("image", ["app:${TAG}", "app:${TAG:-1}", "app:#{TAG}"])
async def test_a_run_takes_the_digest_of_the_image_that_variables_name(house: House, image: str) -> None:
    compose = f"services: {{web: {{image: '{image}', ports: ['80:80'], environment: {{A: '${{ONLY_IN_TEST}}'}}}}}}\n"
    plan = await planned_run(house, compose, TAG="2", ONLY_IN_TEST__Test="yes")
    assert isinstance(plan, Plan), plan
    (pinned,) = (read(Pinned, one) for one in all_effects(plan) if one.kind == PinImage.kind)
    assert pinned.image == "app:2"
    (made,) = (read(NewRelease, one) for one in all_effects(plan) if one.kind == MakeRelease.kind)
    assert made.packages == {"web": "2"} and set(made.images) == {"web"}


async def test_what_of_a_commit_is_not_there_is_warned_of_by_the_run_and_its_release(house: House) -> None:
    """Submodules and LFS files among it: a container would get an empty directory, or a pointer, without a word."""
    more = {"out@": b"../../etc"}
    plan = await planned_run(house, "services: {web: {image: nginx, ports: ['80:80']}}\n", more)
    assert isinstance(plan, Plan), plan
    (made,) = (read(NewRelease, one) for one in all_effects(plan) if one.kind == MakeRelease.kind)
    for warnings in (plan.warnings, made.warnings):
        assert "link out leads out of the repository; nothing follows it" in warnings


async def test_a_run_says_where_an_image_is_not_the_same_in_every_environment(house: House) -> None:
    compose = "services: {web: {image: 'app:${TAG}', ports: ['80:80']}}\n"
    said = await planned_run(house, compose, TAG__Test="2", TAG__Production="3")
    assert isinstance(said, SaidNo) and said.code == "release.images"
    assert "app:2 in Test, app:3 in Production" in said.reason


async def test_images_that_variables_name_by_digest_may_differ_by_environment(house: House) -> None:
    compose = "services: {web: {image: '${IMAGE}', ports: ['80:80']}}\n"
    one, other = (f"app@sha256:{digit * 64}" for digit in "12")
    plan = await planned_run(house, compose, IMAGE__Test=one, IMAGE__Production=other)
    assert isinstance(plan, Plan), plan
    assert not [effect for effect in all_effects(plan) if effect.kind == PinImage.kind]


@pytest.mark.parametrize("image", ["app:${TAG}", "app:${TAG:-1}", "app:#{TAG}", "app:${VERSION:-x}"])
@pytest.mark.parametrize("is_template", [True, False])
async def test_a_run_says_that_an_image_differs_by_tenant(house: House, image: str, *, is_template: bool) -> None:
    def before(house: House) -> None:
        tenants.put(house.context, ADMIN, tenants.Draft("Acme"))
        if is_template:
            tenant_templates.put(house.context, ADMIN, "books", (Parameter("TAG", default="1"),))
        else:
            variables.put(house.context, ADMIN, "books", "TAG", "3", scope={Dimension.TENANT: ["Acme"]})
        variables.put(house.context, ADMIN, "books", "VERSION", "v#{TAG}")

    compose = f"services: {{web: {{image: '{image}', ports: ['80:80']}}}}\n"
    said = await planned_run(house, compose, {".env": b"TAG=1\n"}, before)
    assert isinstance(said, SaidNo) and said.code == "release.images"
    assert "the image of web is named by TAG, which has values of its own for tenants" in said.reason


async def test_images_of_tenants_may_be_named_by_digest(house: House) -> None:
    def before(house: House) -> None:
        tenants.put(house.context, ADMIN, tenants.Draft("Acme"))
        for digit, scope in (("1", {}), ("2", {Dimension.TENANT: ["Acme"]})):
            variables.put(house.context, ADMIN, "books", "IMAGE", f"app@sha256:{digit * 64}", scope=scope)

    plan = await planned_run(house, "services: {web: {image: '${IMAGE}', ports: ['80:80']}}\n", before=before)
    assert isinstance(plan, Plan), plan
    (made,) = (read(NewRelease, one) for one in all_effects(plan) if one.kind == MakeRelease.kind)
    assert made.images == {}


async def test_files_that_variables_name_travel_in_the_release(house: House) -> None:
    compose = "services: {web: {image: app:1, ports: ['80:80'], env_file: '${STAGE}.env'}}\n"
    files = {"one.env": b"A=1\n", "two.env": b"A=2\n", "three.env": b"A=3\n"}
    plan = await planned_run(house, compose, files, STAGE__Test="one", STAGE__Production="two")
    assert isinstance(plan, Plan), plan
    (made,) = (read(NewRelease, one) for one in all_effects(plan) if one.kind == MakeRelease.kind)
    assert set(made.carried) == {"fairlead.yml", "compose.yaml", "one.env", "two.env"}
