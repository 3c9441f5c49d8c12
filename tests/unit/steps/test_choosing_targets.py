"""Before a process does anything: targets that do not answer, or are not well, fail it or are left out of all of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.unit.steps.script_rig import Hosts, Rig

from fairlead.domain.effect import Done, Outcome, SaidNo
from fairlead.domain.errors import Unreachable
from fairlead.domain.health import HealthState
from fairlead.domain.ids import TaskId
from fairlead.domain.plan import EXCLUDED, Step, all_effects
from fairlead.domain.process import NoTarget, UnavailableTargets, UnhealthyTargets
from fairlead.domain.task import TaskState
from fairlead.ports.hosts import Seen
from fairlead.steps import run_process
from fairlead.steps.effects.choosing_targets import ChooseTargets
from fairlead.steps.process_resolved import PlannedStep, ResolvedProcess
from fairlead.testing.deploy_world import SILENT, World, definition
from fairlead.testing.processes import process, say, step
from fairlead.testing.toy_actions import KINDS

SKIP = {"unavailable_targets": UnavailableTargets.SKIP}
EXCLUDE = {"unhealthy_targets": UnhealthyTargets.EXCLUDE}


def choosing(*steps: PlannedStep, **said: Any) -> ResolvedProcess:
    made = process(*steps)
    return replace(made, process=replace(made.process, **said))


def lines(world: World) -> list[str]:
    return [line.text for lines in world.log.lines.values() for line in lines]


async def test_one_that_does_not_answer_is_left_out_of_every_step_and_the_others_are_not() -> None:
    world = World()
    steps = (step(say("copy"), targets=("w1", SILENT)), step(say("check"), targets=(SILENT, "w2")), step(say("last")))
    world.process = choosing(*steps, **SKIP)
    done = await world.deploy(definition(), "1.0.0")
    assert done.state is TaskState.SUCCEEDED
    told = lines(world)
    assert sorted(one for one in told if one.startswith("said: ")) == ["said: check", "said: copy", "said: last"]
    assert f"{SILENT} is left out: it does not answer: {SILENT} does not answer" in told


async def test_without_a_word_of_it_nobody_is_asked_and_nothing_is_planned() -> None:
    resolved = await World().resolve(definition(), "1.0.0")
    for made in (choosing(step(say("copy"), targets=("w1",))), choosing(step(say("once")), **SKIP)):
        plan = run_process.plan(resolved, made, KINDS)
        assert ChooseTargets.kind not in {effect.kind for effect in all_effects(plan)}


async def test_a_step_may_have_the_name_of_the_choice_which_comes_first() -> None:
    resolved = await World().resolve(definition(), "1.0.0")
    made = choosing(step(say("a"), targets=("w1", "w2"), name=run_process.CHOICE), **EXCLUDE)
    nodes = run_process.plan(resolved, made, KINDS).forward.nodes  # type: ignore[union-attr]
    names = [node.name for node in nodes if isinstance(node, Step)]
    assert names == [run_process.CHOICE, run_process.CHOICE + "\N{PRIME}"]
    runbook = run_process.plan_runbook(made, title="Tidy", kinds=KINDS)
    first = all_effects(runbook)[0]
    assert (first.kind, first.title) == (ChooseTargets.kind, "look at w1, w2: who answers and is well")


class Answering(Hosts):
    """All but the silent one."""

    async def look(self, target: str) -> Seen:
        if target == "silent":
            raise Unreachable("host.unreachable", "nobody there", thing=target)
        return Seen(0.01, ["bash"])


class Kept:
    """What was found, and who is not well."""

    def __init__(self, **unwell: str) -> None:
        self.unwell = unwell
        self.states: dict[str, HealthState] = {}

    async def found(self, task: TaskId, target: str, state: HealthState, reason: str) -> None:
        self.states[target] = state

    async def unhealthy(self, targets: Collection[str]) -> Mapping[str, str]:
        return {id: why for id, why in self.unwell.items() if id in targets}


async def chosen(rig: Rig, kept: Kept, *targets: str, **said: Any) -> Outcome:
    made = choosing(step(say("copy"), targets=targets), **said)
    effect = all_effects(run_process.plan_runbook(made, title="Tidy", kinds=KINDS))[0]
    tools = replace(rig.tools(effect), health=kept, hosts=Answering(rig.hosts.known))
    return await ChooseTargets().do(effect, tools)


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


async def test_one_that_is_not_well_is_left_out_where_the_process_says_so_and_stays_unwell(rig: Rig) -> None:
    kept = Kept(web2="unhealthy: disk full")
    out = await chosen(rig, kept, "web1", "web2", **EXCLUDE)
    assert isinstance(out, Done) and out.output[EXCLUDED] == ["web2"]
    assert kept.states == {"web1": HealthState.HEALTHY}, "that it answers does not make it well"
    assert "web2 is left out: it is not well: unhealthy: disk full" in rig.told("warning")
    used = await chosen(rig, kept, "web1", "web2", **SKIP)
    assert isinstance(used, Done) and used.output[EXCLUDED] == []


async def test_one_that_does_not_answer_is_a_no_where_only_unwell_ones_are_left_out(rig: Rig) -> None:
    kept = Kept()
    out = await chosen(rig, kept, "web1", "silent", **EXCLUDE)
    assert isinstance(out, SaidNo) and out.code == "target.unavailable"
    assert "silent does not answer: nobody there" in out.reason and "unavailable_targets: skip" in out.hint
    assert kept.states["silent"] is HealthState.UNAVAILABLE


@pytest.mark.parametrize(("no_target", "is_done"), [(NoTarget.REFUSE, False), (NoTarget.SKIP, True)])
async def test_where_nobody_is_left_the_process_says_whether_that_is_a_no(
    rig: Rig, no_target: NoTarget, *, is_done: bool
) -> None:
    out = await chosen(rig, Kept(), "silent", no_target=no_target, **SKIP)
    assert isinstance(out, Done) is is_done
    assert isinstance(out, Done) or (isinstance(out, SaidNo) and out.code == "process.no_target")
