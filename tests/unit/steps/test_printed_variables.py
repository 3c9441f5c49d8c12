"""Variables are told to the log before an action begins, where a variable asks for it; no secret is among them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.steps.script_rig import TASK, Rig

from fairlead.domain.effect import Done
from fairlead.domain.known_variables import Known
from fairlead.domain.plan import Effect, Guided, Plan, Retry, Sequence, all_effects, inside
from fairlead.domain.process import Action, ActionTarget, ResolvedAction
from fairlead.domain.task import TaskState
from fairlead.domain.text import Mixed, Text
from fairlead.steps import run_process
from fairlead.steps.effects.printed_variables import MOST_PRINTED, PrintVariables
from fairlead.steps.printing import printing
from fairlead.testing.deploy_world import World, definition
from fairlead.testing.processes import SERVICES, process, say, step
from fairlead.testing.toy_actions import KINDS

RAW, EVALUATED = "OctopusPrintVariables", "OctopusPrintEvaluatedVariables"
SECRET = "correct horse"


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def asked(variables: Mapping[str, Text], target: str = "web1") -> Effect | None:
    place = ActionTarget(target, target) if target else None
    return printing(ResolvedAction(Action("Copy", "script"), "Copy", f"[Copy][{target}]", place, None, variables))


async def told(rig: Rig, variables: Mapping[str, Text], *levels: str) -> list[str]:
    effect = asked(variables)
    assert effect is not None
    assert await PrintVariables().do(effect, rig.tools(effect)) == Done()
    return rig.told(*levels)


async def test_they_are_told_raw_and_sorted_with_a_warning(rig: Rig) -> None:
    variables = {"zone": "eu", "Db.Url": "tcp://#{Db.Host}", "Db.Host": "db.test", RAW: "True"}
    lines = await told(rig, variables, "debug")
    own = [line for line in lines if line.startswith(("[Db", "[zone", "[OctopusP"))]
    assert own == [
        "[Db.Host] = 'db.test'",
        "[Db.Url] = 'tcp://#{Db.Host}'",
        f"[{RAW}] = 'True'",
        "[zone] = 'eu'",
    ]
    [warning] = rig.told("warning")
    assert RAW in warning and "debugging" in warning and EVALUATED not in warning


async def test_they_are_told_evaluated(rig: Rig) -> None:
    lines = await told(
        rig, {"Db.Url": "tcp://#{Db.Host | ToUpper}", "Db.Host": "db.test", EVALUATED: "#{Yes}", "Yes": "true"}
    )
    assert "[Db.Url] = 'tcp://DB.TEST'" in lines
    assert "[Db.Url] = 'tcp://#{Db.Host | ToUpper}'" not in lines


async def test_both_ways_where_both_are_asked_for(rig: Rig) -> None:
    lines = await told(rig, {"A": "#{B}", "B": "b", RAW: "True", "FairleadPrintEvaluatedVariables": "true"})
    assert [line for line in lines if line.startswith("[A]")] == ["[A] = '#{B}'", "[A] = 'b'"]


async def test_no_secret_is_told_nor_what_is_made_of_one(rig: Rig) -> None:
    secret = rig.secret("Password", SECRET)
    variables: dict[str, Text] = {
        "Password": secret,
        "Loud": "#{Password | ToUpper}",
        "Sum": "#{Password | Sha256}",
        "Start": "#{Password | Substring 4}",
        "Url": Mixed(("user:", secret, "@db")),
        RAW: "True",
        EVALUATED: "True",
    }
    lines = await told(rig, variables)
    assert "[Password] = '•••'" in lines and "[Url] = 'user:•••@db'" in lines and "[Loud] = '•••'" in lines
    whole = "\n".join(lines).lower()
    assert SECRET not in whole and "corr" not in whole
    assert not rig.secrets.handed.get(TASK)


async def test_outputs_of_earlier_steps_are_among_them(rig: Rig) -> None:
    await rig.ran("set_octopusvariable Port 8080", name="Find")
    lines = await told(rig, {RAW: "True"})
    assert "[Octopus.Action[Find].Output.Port] = '8080'" in lines


async def test_variables_that_need_each_other_are_told_as_written(rig: Rig) -> None:
    lines = await told(rig, {"A": "#{B}", "B": "#{A}", EVALUATED: "True"})
    assert "[A] = '#{B}'" in [line.partition(" (")[0] for line in lines]


async def test_many_are_told_up_to_a_bound(rig: Rig) -> None:
    lines = await told(rig, {**{f"V{number:05}": "x" for number in range(MOST_PRINTED + 50)}, RAW: "True"}, "debug")
    assert len(lines) <= MOST_PRINTED + 2 and "more" in lines[-1]


async def test_what_is_not_true_when_the_action_begins_tells_nothing(rig: Rig) -> None:
    assert await told(rig, {RAW: "#{Debug}", "Debug": "False"}) == []


@pytest.mark.parametrize("variables", [{}, {RAW: "False"}, {RAW: ""}, {EVALUATED: " false "}])
def test_where_none_is_asked_for_nothing_is_planned(variables: Mapping[str, Text]) -> None:
    assert asked(Known(dict(variables))) is None


def with_variables(action: Action, variables: Mapping[str, Text], **more):  # type: ignore[no-untyped-def]
    planned = step(action, **more)
    places = tuple(
        replace(
            place,
            actions=tuple(
                replace(one, resolved=replace(one.resolved, variables=dict(variables))) for one in place.actions
            ),
        )
        for place in planned.places
    )
    return replace(planned, places=places)


async def test_a_plan_tells_them_before_each_action_on_each_target_once() -> None:
    asking = with_variables(say("Copy", retries=2), {RAW: "True"}, targets=("w1", "w2"))
    resolved = await World().resolve(definition(), "1.1.0")
    plan: Plan = run_process.plan(resolved, replace(process(asking), is_guided=True), KINDS)
    keys = [effect.key for effect in all_effects(plan)]
    assert keys[:4] == ["[Copy][w1]/variables", "[Copy][w1]:say", "[Copy][w2]/variables", "[Copy][w2]:say"]

    def nodes(node):  # type: ignore[no-untyped-def]
        yield node
        for child in inside(node):
            yield from nodes(child)

    first = next(node for node in nodes(plan.forward) if isinstance(node, Sequence) and len(node.nodes) == 2)
    assert isinstance(first.nodes[0], Effect) and isinstance(first.nodes[1], Guided)
    assert isinstance(first.nodes[1].node, Retry)


async def test_a_deployment_tells_them_before_its_action_and_before_its_services() -> None:
    world = World()
    asking = {RAW: "True", "Colour": "mauve"}
    world.process = process(with_variables(say("Copy"), asking), with_variables(SERVICES, asking))
    deployed = await world.deploy(definition(), "1.0.0")
    assert deployed.state is TaskState.SUCCEEDED, deployed.end
    lines = [line.text for lines in world.log.lines.values() for line in lines]
    assert lines.index("[Colour] = 'mauve'") < lines.index("said: Copy")
    assert lines.count("[Colour] = 'mauve'") == 2
