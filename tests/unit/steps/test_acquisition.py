"""Packages are acquired once, before the first step that uses one: where that is, and what lies on hosts until when."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.unit.steps.test_deploy_package import Lying
from tests.unit.steps.test_deploy_package import there as there

from fairlead.domain.condition import SUCCESS
from fairlead.domain.effect import Done, SaidNo
from fairlead.domain.errors import FairleadError
from fairlead.domain.ids import TaskId
from fairlead.domain.interruption import Choice
from fairlead.domain.plan import Effect, Guided, Plan, Step, effects_of, inside, steps_of
from fairlead.domain.process import (
    Action,
    ActionTarget,
    PackageRequirement,
    Process,
    ResolvedAction,
    RunLocation,
    action_key,
)
from fairlead.domain.record import Json
from fairlead.ports.clock import Clock
from fairlead.ports.container_engine import ContainerEngine
from fairlead.ports.hosts import NoHosts
from fairlead.steps import run_process
from fairlead.steps.acquisition import NAME
from fairlead.steps.action_kinds import ACTION_KINDS
from fairlead.steps.effects.acquiring import AcquirePackage, ForgetAcquired
from fairlead.steps.effects.basis import arguments
from fairlead.steps.effects.images import Acquired, AcquireImage
from fairlead.steps.effects.installed import InstallPackage
from fairlead.steps.effects.scripts import RunScript
from fairlead.steps.process_resolved import PlannedAction, PlannedPlace, PlannedStep, ResolvedProcess
from fairlead.testing.container_world import ContainerWorld
from fairlead.testing.deploy_world import World, definition, web
from fairlead.testing.fake_container_engine import FakeContainerEngine
from fairlead.testing.processes import SERVICES, WITH_PREVIOUS, process, say, step
from fairlead.testing.toy_actions import KINDS

AFTER = PackageRequirement.AFTER
TOOLS = Action("Tools", "deploy-package", {"package": "Tools"}, runs_on=RunLocation.TARGETS)
PINNED = f"registry.test/tests@sha256:{'a' * 64}"
TESTS = Action("Test", "run-tests", {"image": PINNED})


async def planned(*steps: Any, **more: Any) -> Plan:
    resolved = await World().resolve(definition(), "1.1.0")
    return run_process.plan(resolved, replace(process(*steps), **more), {**ACTION_KINDS, **KINDS})


def outer(plan: Plan) -> list[str]:
    """Steps of the process, in order."""
    held = (node if isinstance(node, Step) else inside(node)[0] for node in inside(plan.forward))
    return [one.name for one in held if isinstance(one, Step)]


def titles(plan: Plan, name: str = NAME) -> list[str]:
    [found] = [one for one in steps_of(plan.forward) if one.name == name]
    return [effect.title for effect in effects_of(found)]


ON = {"targets": ("w1", "w2")}


@pytest.mark.parametrize(
    ("steps", "names"),
    [
        ((step(say("a")), step(TOOLS, **ON), step(say("b"))), ["a", NAME, "Tools", "b"]),
        ((step(say("a"), requirement=AFTER), step(say("b")), step(TOOLS, **ON)), [NAME, "a", "b", "Tools"]),
        ((step(say("a")), step(TESTS)), ["a", NAME, "Test"]),
        ((step(say("a")), step(TOOLS, skipped="no", **ON)), ["a", "Tools"]),
        ((step(say("a")), step(TOOLS, kept={}, **ON)), ["a", "Tools"]),
        ((step(say("a"), requirement=AFTER), step(say("b"))), ["a", "b"]),
        ((step(say("a")), step(say("b")), step(TOOLS, start=WITH_PREVIOUS, **ON)), ["a", NAME, "b"]),
        ((step(say("a")), step(SERVICES)), ["a", "Deploy"]),
        ((step(say("a")), step(SERVICES), step(TOOLS, **ON)), ["a", NAME, "Deploy", "Tools"]),
        ((step(say("a"), requirement=AFTER), step(SERVICES)), [NAME, "a", "Deploy"]),
        ((step(say(NAME)), step(TOOLS, **ON)), [NAME, f"{NAME}′", "Tools"]),
        ((step(TOOLS, **ON), step(say(NAME))), [f"{NAME}′", "Tools", NAME]),
    ],
)
async def test_it_comes_once_before_the_first_step_that_uses_one(steps: Any, names: list[str]) -> None:
    assert outer(await planned(*steps)) == names


async def test_each_package_comes_to_each_host_once_and_goes_in_the_end() -> None:
    more = Action("More", "deploy-package", {"package": "Tools"}, runs_on=RunLocation.TARGETS)
    plan = await planned(step(TOOLS, more, targets=("w1", "w2")), step(TESTS))
    assert titles(plan) == ["acquire Tools 1.4.0 on w1", "acquire Tools 1.4.0 on w2", f"pull {PINNED}"]
    forgetting = [effect.title for effect in effects_of(plan.always) if effect.kind == ForgetAcquired.kind]
    assert forgetting == ["remove what was acquired from w1", "remove what was acquired from w2"]
    keys = [effect.key for effect in (*effects_of(plan.forward), *effects_of(plan.always))]
    assert len(keys) == len(set(keys))


CACHE = Action("Cache", "run-container", {"image": "registry.test/cache:1"}, runs_on=RunLocation.TARGETS)
CACHE_PINNED = f"registry.test/cache@sha256:{'b' * 64}"


def running(where: PlannedStep) -> PlannedStep:
    """The step, with the image that its release keeps for the action."""

    def place(one: PlannedPlace) -> PlannedPlace:
        actions = (replace(each, resolved=replace(each.resolved, image=CACHE_PINNED)) for each in one.actions)
        return replace(one, actions=tuple(actions))

    return replace(where, places=tuple(place(one) for one in where.places))


async def test_the_image_of_a_container_comes_to_each_host_that_runs_it() -> None:
    beside = step(replace(CACHE, name="Near", runs_on=RunLocation.SERVER))
    plan = await planned(step(say("a")), step(TOOLS, targets=("w1",)), running(step(CACHE, **ON)), running(beside))
    assert outer(plan) == ["a", NAME, "Tools", "Cache", "Near"]
    on = [f"pull {CACHE_PINNED} on {name}" for name in ("w1", "w2")]
    assert titles(plan) == ["acquire Tools 1.4.0 on w1", on[0], on[1], f"pull {CACHE_PINNED}"]
    pulls = [effect for effect in effects_of(plan.forward) if effect.kind == "image.acquire"]
    assert len({effect.key for effect in pulls}) == 3
    assert [(one.target, bool(one.arguments.get("host"))) for one in pulls] == [
        ("w1", True),
        ("w2", True),
        ("local", False),
    ]


async def test_an_image_that_a_variable_names_is_pulled_by_its_step() -> None:
    built = replace(CACHE, properties={"image": "#{Octopus.Action[Build].Output.Image}"})
    assert outer(await planned(step(say("a")), step(built, **ON))) == ["a", "Cache"]


class Elsewhere(NoHosts):
    """A host with an engine of its own."""

    def __init__(self, clock: Clock) -> None:
        self.world = ContainerWorld(clock)

    async def engine_of(self, target: str) -> ContainerEngine:
        assert target == "w1"
        return FakeContainerEngine(self.world)


@pytest.mark.parametrize(("registry", "hint"), [("registry.test", ""), ("127.0.0.1:8602", "name one that both reach")])
async def test_an_image_is_pulled_on_the_host_that_is_to_have_it(registry: str, hint: str) -> None:
    world = World()
    there = Elsewhere(world.host.clock)
    reference = f"{registry}/cache@sha256:{'b' * 64}"
    asked = Effect(AcquireImage.kind, "acquire", "", arguments(Acquired(reference, None, "w1")), target="w1")
    tools = replace(world.tools(TaskId("t1"), "step", "w1", {}), hosts=there)
    with pytest.raises(FairleadError) as refused:
        await AcquireImage().do(asked, tools)
    assert hint in refused.value.hint
    there.world.offer(reference)
    assert isinstance(await AcquireImage().do(asked, tools), Done)
    assert there.world.image(reference) is not None and world.host.image(reference) is None
    assert isinstance(await AcquireImage().look(asked, tools), Done)


async def test_images_of_services_come_with_them_and_only_once() -> None:
    plan = await planned(step(TOOLS, **ON), step(SERVICES))
    pulls = [effect.key for effect in effects_of(plan.forward) if effect.kind == "image.acquire"]
    assert len(pulls) == len(set(pulls)) > 0
    assert not [one for one in steps_of(plan.forward) if one.name == "acquire"]
    assert next(one.title for one in steps_of(plan.forward)) == "Acquire packages and images"


async def test_a_switch_alone_acquires_nothing() -> None:
    world, warm = World(), definition(web(standby_s=60.0))
    for version in ("1.0.0", "1.1.0"):
        await world.deploy(warm, version)
    back = await world.resolve(warm, "1.0.0", kind="rollback")
    assert back.is_switch_alone
    plan = run_process.plan(back, process(step(say("a"), requirement=AFTER), step(SERVICES)), {**ACTION_KINDS, **KINDS})
    assert [one.name for one in steps_of(plan.forward)][:2] == ["a", "Deploy"]


async def test_where_failures_are_guided_a_person_is_asked_of_each_host() -> None:
    plan = await planned(step(TOOLS, **ON), is_guided=True)

    def guided(node: Any) -> list[Guided]:
        return [*([node] if isinstance(node, Guided) else []), *(one for part in inside(node) for one in guided(part))]

    [first, *_] = guided(plan.forward)
    assert first.question.title == "packages could not be acquired on w1" and Choice.EXCLUDE in first.question.choices
    both = await planned(running(step(CACHE, **ON)), step(TOOLS, targets=("w1",)), is_guided=True)
    asked = [one.question.title for one in guided(both.forward)]
    assert asked[:2] == ["packages and images could not be acquired on w1", "images could not be acquired on w2"]
    required = await planned(step(replace(TOOLS, is_required=True), **ON), is_guided=True)
    assert Choice.EXCLUDE not in guided(required.forward)[0].question.choices


async def test_the_hash_covers_what_a_step_asks_for() -> None:
    base = process(step(say("a")), step(TOOLS, **ON))
    asking = replace(base.process.steps[0], package_requirement=AFTER)
    resolved = await World().resolve(definition(), "1.1.0")
    changed = replace(base, process=replace(base.process, steps=(asking, *base.process.steps[1:])))
    hashes = {run_process.plan(resolved, one, {**ACTION_KINDS, **KINDS}).hash for one in (base, changed)}
    assert len(hashes) == 2


def of(resolved: ResolvedAction) -> ResolvedProcess:
    """A process of that action alone, there."""
    place = PlannedPlace((PlannedAction(resolved),), resolved.target)
    return ResolvedProcess(Process(), (PlannedStep(resolved.step, (place,)),))


class OnHost:
    """One deployment to a host: acquired, used, and forgotten."""

    def __init__(self, there: Lying, task: str = "tsk-7") -> None:
        self.there, self.task, self.outputs = there, TaskId(task), dict[str, Mapping[str, Json]]()

    def tools(self, effect: Effect) -> Any:
        return replace(self.there.rig.tools(effect), task=self.task, outputs=self.outputs)

    async def plan(self, version: str, *, reuses: bool = False) -> tuple[Effect, Effect, Effect]:
        resolved = self.there.resolved(await self.there.package(version, conf__app_txt=b"x"), reuses=reuses)
        plan = run_process.plan_runbook(of(resolved), title="t")
        acquire, install, *_ = effects_of(plan.forward)
        [forget] = [one for one in effects_of(plan.always) if one.kind == ForgetAcquired.kind]
        return acquire, install, forget

    async def done(self, kind: Any, effect: Effect) -> Done:
        outcome = await kind.do(effect, self.tools(effect))
        assert isinstance(outcome, Done), outcome
        self.outputs[effect.key] = outcome.output
        return outcome

    @property
    def lying(self) -> list[str]:
        root = self.there.home / ".fairlead" / "acquired"
        return sorted(path.relative_to(root).as_posix() for path in root.rglob("*.tar")) if root.exists() else []


async def test_what_was_acquired_is_unpacked_and_gone_in_the_end(there: Lying) -> None:
    at = OnHost(there)
    acquire, install, forget = await at.plan("1.4.0")
    first = await at.done(AcquirePackage(), acquire)
    assert first.output["file"] == at.lying[0] and first.output["files"] == 2
    assert (await at.done(AcquirePackage(), acquire)).output == first.output
    there.rig.artifacts.blobs.clear()
    done = await at.done(InstallPackage(), install)
    outputs = done.output["outputs"]
    assert isinstance(outputs, dict)
    place = Path(str(outputs["Package.InstallationDirectoryPath"]))
    assert (place / "conf" / "app.txt").read_bytes() == b"x" and (place / "run.sh").stat().st_mode & 0o111
    assert there.versions == ["1.4.0"]
    await at.done(ForgetAcquired(), forget)
    await at.done(ForgetAcquired(), forget)
    assert at.lying == [] and there.versions == ["1.4.0"]


async def test_what_is_gone_meanwhile_is_sent_again(there: Lying) -> None:
    at = OnHost(there)
    acquire, install, _ = await at.plan("1.4.0")
    await at.done(AcquirePackage(), acquire)
    (there.home / ".fairlead" / "acquired" / at.lying[0]).unlink()
    await at.done(InstallPackage(), install)
    assert there.versions == ["1.4.0"]
    told = [line.text for lines in there.rig.log.lines.values() for line in lines]
    assert any("lies on web1 no more: it is sent again" in line for line in told)


async def test_two_targets_may_be_one_machine(there: Lying) -> None:
    at, other = OnHost(there), OnHost(there)
    acquire, _, forget = await at.plan("1.4.0")
    there.rig.hosts.known = {**there.rig.hosts.known, "web2": there.rig.hosts.known["web1"]}
    beside = replace(acquire, arguments={**acquire.arguments, "host": "web2"}, key="acquire:package:web2:tools")
    await asyncio.gather(at.done(AcquirePackage(), acquire), other.done(AcquirePackage(), beside))
    assert len(at.lying) == 2
    await at.done(ForgetAcquired(), forget)
    assert at.lying == [other.outputs[beside.key]["file"]]
    await AcquirePackage().undo(beside, other.tools(beside))
    assert not list((there.home / ".fairlead" / "acquired").iterdir())


async def test_after_a_failure_nothing_is_acquired() -> None:
    plan = await planned(step(say("a")), step(TOOLS, **ON))
    assert next(one for one in steps_of(plan.forward) if one.name == NAME).when == SUCCESS


async def test_undone_it_is_gone_and_a_host_that_it_never_came_to_is_not_asked(there: Lying) -> None:
    at = OnHost(there)
    acquire, _, _ = await at.plan("1.4.0")
    await AcquirePackage().undo(acquire, at.tools(acquire))
    await at.done(AcquirePackage(), acquire)
    await AcquirePackage().undo(acquire, at.tools(acquire))
    await AcquirePackage().undo(acquire, at.tools(acquire))
    assert at.lying == []


async def test_what_lies_there_from_before_does_not_come_again(there: Lying) -> None:
    first = OnHost(there)
    for kind, effect in zip(
        (AcquirePackage(), InstallPackage(), ForgetAcquired()), await first.plan("1.4.0"), strict=True
    ):
        await first.done(kind, effect)
    again = OnHost(there, "tsk-8")
    acquire, install, forget = await again.plan("1.4.0", reuses=True)
    assert acquire.title == "acquire Tools 1.4.0 on web1, where it does not lie yet"
    assert (await again.done(AcquirePackage(), acquire)).output["file"] == "" and again.lying == []
    assert (await again.done(InstallPackage(), install)).was_already_so
    await again.done(ForgetAcquired(), forget)


async def test_a_host_without_room_for_it_says_why(there: Lying) -> None:
    at = OnHost(there)
    acquire, _, _ = await at.plan("1.4.0")
    (there.home / ".fairlead").mkdir()
    (there.home / ".fairlead" / "acquired").write_text("in the way")
    failed = await AcquirePackage().do(acquire, at.tools(acquire))
    assert isinstance(failed, SaidNo) and failed.code == "package.not_acquired" and "Tools 1.4.0" in failed.reason


async def test_a_script_of_an_acquired_package_finds_the_other_files_beside_it(there: Lying) -> None:
    at = OnHost(there)
    files = {
        "main_sh": b"./tools/say.sh; cat conf/app.txt; echo by #{Who}\n",
        "tools__say_sh": b"#!/bin/sh\necho 'said #{Who}'\n",
        "conf__app_txt": b"#{Who}\n",
    }
    package = await there.package("1.4.0", **files)
    action = Action("Say", "script", {"package": "Tools", "file": "main.sh"}, runs_on=RunLocation.TARGETS)
    key, web1 = action_key("Say", "web1"), ActionTarget("web1", "web1")
    resolved = ResolvedAction(action, "Say", key, web1, variables={"Who": "it"}, package=package)
    acquire, run = effects_of(run_process.plan_runbook(of(resolved), title="t").forward)
    await at.done(AcquirePackage(), acquire)
    await at.done(RunScript(), run)
    told = [line.text for lines in there.rig.log.lines.values() for line in lines]
    assert told[-3:] == ["said #{Who}", "#{Who}", "by it"]
