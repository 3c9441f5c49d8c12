"""The kind that looks at targets: what it finds is their health, and who is not well fails it or is left out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.unit.steps.script_rig import Hosts, Rig

from fairlead.domain.effect import Done, Outcome, SaidNo
from fairlead.domain.errors import Invalid, Unreachable
from fairlead.domain.health import HealthState
from fairlead.domain.ids import TaskId
from fairlead.domain.known_variables import Known
from fairlead.domain.plan import EXCLUDED, Effect
from fairlead.domain.process import Action, ActionTarget, ResolvedAction, RunLocation, action_key
from fairlead.ports.hosts import Seen
from fairlead.steps.health_check import CheckTarget, HealthCheck


class Answering(Hosts):
    """Those that are known answer."""

    async def look(self, target: str) -> Seen:
        if target == "silent":
            raise Unreachable("host.unreachable", "nobody there", thing=target)
        await self.of_target(target)
        return Seen(0.01, ["bash"])


class Kept:
    """What was found."""

    def __init__(self) -> None:
        self.states: dict[str, tuple[HealthState, str]] = {}

    async def found(self, task: TaskId, target: str, state: HealthState, reason: str) -> None:
        self.states[target] = (state, reason)

    async def unhealthy(self, targets: Collection[str]) -> Mapping[str, str]:
        return {}


def planned(target: str = "web1", **properties: Any) -> Effect:
    action = Action("Look", "health-check", properties, runs_on=RunLocation.TARGETS)
    at = ActionTarget(target, target)
    node = HealthCheck().plan(ResolvedAction(action, "Look", action_key("Look", target), at, variables=Known()))
    assert isinstance(node, Effect)
    return node


async def looked(rig: Rig, effect: Effect) -> tuple[Outcome, dict[str, tuple[HealthState, str]]]:
    kept = Kept()
    tools = replace(rig.tools(effect), health=kept, hosts=Answering(rig.hosts.known))
    return await CheckTarget().do(effect, tools), kept.states


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


async def test_one_that_answers_is_well(rig: Rig) -> None:
    outcome, kept = await looked(rig, planned())
    assert isinstance(outcome, Done) and kept == {"web1": (HealthState.HEALTHY, "")}
    assert outcome.output["outputs"] == {"Health": "healthy", "Health.Reason": ""}


async def test_one_that_does_not_answer_fails_the_step_or_is_left_out(rig: Rig) -> None:
    outcome, kept = await looked(rig, planned("silent"))
    assert isinstance(outcome, SaidNo) and outcome.code == "target.unhealthy"
    assert outcome.reason == "silent is unavailable: nobody there"
    assert kept == {"silent": (HealthState.UNAVAILABLE, "nobody there")}
    outcome, _ = await looked(rig, planned("silent", on_unhealthy="exclude"))
    assert isinstance(outcome, Done) and outcome.output[EXCLUDED] == ["silent"]
    assert any("left out of the rest" in line for line in rig.told("warning"))


@pytest.mark.parametrize(
    ("script", "state", "reason"),
    [
        ("true", HealthState.HEALTHY, ""),
        ("echo_warning 'disk is 80 % full'", HealthState.HAS_WARNINGS, "disk is 80 % full"),
        ("echo oops >&2", HealthState.HAS_WARNINGS, "oops"),
        ("echo_error 'no disk'", HealthState.UNHEALTHY, "no disk"),
        ("fail_healthcheck 'too old'", HealthState.UNHEALTHY, "Look ended with 1: too old"),
        ("exit 3", HealthState.UNHEALTHY, "Look ended with 3"),
    ],
)
async def test_a_script_says_how_it_is(rig: Rig, script: str, state: HealthState, reason: str) -> None:
    outcome, kept = await looked(rig, planned(script=script))
    assert kept == {"web1": (state, reason)}
    assert isinstance(outcome, Done) == state.is_well


async def test_what_a_script_says_holds_no_secret(rig: Rig) -> None:
    secret = rig.secret("Token", "pa55word-long")
    effect = planned(script="echo_error 'bad #{Token}'")
    action = Action("Look", "health-check", {"script": "echo_error 'bad #{Token}'"}, runs_on=RunLocation.TARGETS)
    at, known = ActionTarget("web1", "web1"), Known({"token": secret})
    effect = HealthCheck().plan(ResolvedAction(action, "Look", action_key("Look", "web1"), at, variables=known))
    assert isinstance(effect, Effect)
    _, kept = await looked(rig, effect)
    assert "pa55word" not in str(kept) and kept["web1"][0] is HealthState.UNHEALTHY


async def test_asked_again_by_a_person_it_looks_again(rig: Rig, tmp_path: Path) -> None:
    effect = planned(script=f"test -e {tmp_path}/well")
    outcome, _ = await looked(rig, effect)
    assert isinstance(outcome, SaidNo)
    await CheckTarget().undo(effect, rig.tools(effect))
    (tmp_path / "well").touch()
    outcome, kept = await looked(rig, effect)
    assert isinstance(outcome, Done) and kept["web1"][0] is HealthState.HEALTHY


def test_it_looks_at_targets_and_is_one_script_at_most() -> None:
    action = Action("Look", "health-check")
    with pytest.raises(Invalid) as caught:
        HealthCheck().plan(ResolvedAction(action, "Look", "[Look]"))
    assert caught.value.code == "process.place"
    with pytest.raises(Invalid) as caught:
        planned(script="true", file="check.sh")
    assert caught.value.code == "process.properties"
