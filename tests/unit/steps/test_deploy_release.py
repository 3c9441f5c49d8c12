"""The kind that deploys a release of another project: what it asks for, what it waits for, and what it gives."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.steps.test_small_actions import StandIn, planned

from fairlead.domain.deployment import DeploymentOutcome
from fairlead.domain.effect import Done, SaidNo, Waits
from fairlead.domain.errors import Invalid
from fairlead.domain.ids import SecretVersionId, TaskId
from fairlead.domain.known_variables import Known
from fairlead.domain.output_variables import of_effects, seen_from
from fairlead.domain.plan import Effect
from fairlead.domain.process import Action, ResolvedAction
from fairlead.domain.text import SecretRef
from fairlead.ports.children import DeployCondition
from fairlead.steps.deploy_release import DeployChild, DeployRelease
from fairlead.testing.fake_children import FakeChildren
from fairlead.testing.fake_clock import FakeClock
from fairlead.testing.fake_task_log import FakeTaskLog
from fairlead.testing.toy_world import toy_tools

TASK = TaskId("t")
SHOP = {"project": "shop", "version": "1.0.0"}
TOKEN = SecretRef(SecretVersionId("s1"), "Token")


def tools(children: FakeChildren, outputs: Any = None, attempt: str = "") -> Any:
    clock = FakeClock()
    found = toy_tools(
        TASK,
        "s",
        "local",
        outputs or {},
        clock=clock,
        children=children,
        secrets=StandIn(),
        task_log=FakeTaskLog(clock),
    )
    return replace(found, attempt=attempt)


async def do(effect: Effect, children: FakeChildren, **more: Any) -> Any:
    return await DeployChild().do(effect, tools(children, **more))


async def test_it_waits_for_its_child_and_gives_what_that_gave() -> None:
    children, effect = FakeChildren(), planned(DeployRelease(), SHOP)
    waits = await do(effect, children)
    assert isinstance(waits, Waits) and "shop 1.0.0 to Production, deployment 1 (dep-child-1)" in waits.reason
    assert isinstance(await do(effect, children), Waits)
    assert len(children.made) == 1
    children.end(
        TASK,
        given={
            "[Move]/script": {"outputs": {"Address": "10.0.0.1", "Key": {"id": "s1", "name": "Token"}}},
            "[Roll][web-2]/script": {"outputs": {"Port": "2"}},
            "[Roll][web-1]/script": {"outputs": {"Port": "1"}},
            "[Quiet]/script": {},
        },
    )
    done = await do(effect, children)
    assert isinstance(done, Done)
    found = seen_from("", of_effects({effect.key: done.output}))
    given = {name.removeprefix("Octopus.Action[Look].Output."): value for name, value in found.items()}
    assert given["Deployment[Move].Address"] == "10.0.0.1"
    assert given["Deployment[Move].Key"] == SecretRef(SecretVersionId("s1"), "Token")
    assert (given["Deployment[Roll].Port"], given["Deployment[Roll][web-1].Port"]) == ("2", "1")
    assert (given["Release.Number"], given["Deployment.Id"], given["Deployed"]) == ("1.0.0", "dep-child-1", "True")


@pytest.mark.parametrize("said", ["is rolled back", "failed"])
async def test_what_does_not_go_live_is_a_no_with_its_reason(said: str) -> None:
    children, effect = FakeChildren(), planned(DeployRelease(), SHOP)
    await do(effect, children)
    children.end(TASK, next(one for one in DeploymentOutcome if one.words == said))
    no = await do(effect, children)
    assert isinstance(no, SaidNo) and no.code == "deployment.child"
    assert no.reason == f"shop 1.0.0 to Production, deployment 1, {said}: it was sick"
    assert isinstance(await do(effect, children, attempt="!1"), Waits)  # tried again by a person: another child


async def test_where_nothing_has_to_be_deployed_it_is_done() -> None:
    done = await do(planned(DeployRelease(), SHOP), FakeChildren(left="1.0.0 is the current release already"))
    assert isinstance(done, Done) and done.output["outputs"] == {"Deployed": "False", "Release.Number": "1.0.0"}


async def test_an_undo_cancels_only_what_is_under_way() -> None:
    children, effect = FakeChildren(), planned(DeployRelease(), SHOP)
    await DeployChild().undo(effect, tools(children))
    await do(effect, children)
    await DeployChild().undo(effect, tools(children))
    assert [child.outcome for child, _ in children.made.values()] == ["cancelled"]
    children.made.clear()
    await do(effect, children)
    children.end(TASK)
    await DeployChild().undo(effect, tools(children))
    assert [child.outcome for child, _ in children.made.values()] == ["live"]


async def test_its_texts_are_filled_in_late_and_secrets_are_named_as_such() -> None:
    properties = {
        "project": "shop",
        "version": "#{Octopus.Action[Find].Output.Version}",
        "condition": "if-newer",
        "variables": {"Who": "#{Name}", "With": "a #{Token}", "Later": "#{Octopus.Action[Find].Output.Key}"},
    }
    effect = planned(DeployRelease(), properties, Name="Ada", Token=TOKEN)
    assert "T0K3N" not in str(effect)
    children = FakeChildren()
    key = {"id": "s1", "name": "Key"}
    await do(effect, children, outputs={"[Find]/script": {"outputs": {"Version": "2.0.0", "Key": key}}})
    [(_, wish)] = children.made.values()
    assert (wish.version, wish.condition) == ("2.0.0", DeployCondition.IF_NEWER)
    assert wish.answers == {"Who": "Ada", "With": "a https://hooks.test/T0K3N", "Later": "https://hooks.test/T0K3N"}
    assert wish.secret_answers == {"With", "Later"}


async def test_a_version_that_never_became_known_is_a_no() -> None:
    effect = planned(DeployRelease(), {**SHOP, "version": "#{Octopus.Action[Find].Output.Version}"})
    no = await do(effect, FakeChildren())
    assert isinstance(no, SaidNo) and no.code == "variable.unknown"


def test_the_version_that_the_release_names_is_in_the_plan_and_without_one_there_is_none() -> None:
    action = Action("Deploy shop", "deploy-release", {"project": "shop"})
    node = DeployRelease().plan(ResolvedAction(action, "s", "[Deploy shop]", chosen="3.1.0", variables=Known()))
    assert isinstance(node, Effect) and node.title == "Deploy shop: deploy shop 3.1.0"
    with pytest.raises(Invalid) as caught:
        DeployRelease().plan(ResolvedAction(action, "s", "[Deploy shop]", variables=Known()))
    assert caught.value.code == "process.child_version"
