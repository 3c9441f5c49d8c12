"""What a person is told to run where an effect cannot be done or undone: for every effect of a whole deployment."""

from dataclasses import replace

from fairlead.domain.plan import effects_of
from fairlead.domain.service import Tests
from fairlead.steps.by_hand import DOING, UNDOING, by_hand
from fairlead.steps.deploy_services import DeployServices
from fairlead.testing.deploy_world import World
from fairlead.testing.scenarios import SCRIPTS, WARM, WORKERS


async def test_each_effect_that_is_undone_has_lines_and_they_name_what_it_made():
    world = World()
    await world.deploy(WORKERS, "1.0.0", scripts=SCRIPTS)
    tested = replace(WORKERS, tests=Tests(kinds=("pre-integration",)))
    resolved = await world.resolve(tested, "1.1.0", scripts=SCRIPTS)
    plan = DeployServices().plan(resolved)
    told = {one.key: by_hand(one, is_undo=True) for one in effects_of(plan.forward) if one.is_undone}
    new, old = resolved.names.instance("web", 1), resolved.live.instances[0].name
    assert told["start:web:1"] == (f"docker rm -f -v {new}",)
    assert told["keep_up"] == (f"docker update --restart no {new}",)
    assert told["network:slot"][-1] == f"docker network rm {resolved.names.slot_network}"
    [environments] = (lines for key, lines in told.items() if key.startswith("network:") and key != "network:slot")
    assert "--filter label=io.fairlead.deployment=" in environments[0], "one that was there before stays"
    stopped = [lines for key, lines in told.items() if key.startswith("stop:")]
    assert stopped and all(line.startswith("docker start ") for lines in stopped for line in lines)
    assert old not in told["start:web:1"][0]
    made = {one.key for one in effects_of(plan.forward) if one.kind in UNDOING and one.is_undone}
    assert made == {key for key, lines in told.items() if lines}
    assert told["make:web:1"] == told["start:web:1"]
    onward = {one.key: by_hand(one, is_undo=False) for one in effects_of(plan.onward)}
    assert any(old in line for line in onward["stop:slot"]) and any(old in line for line in onward["retire:slot"])
    assert all(onward.values())


async def test_the_kinds_that_are_told_are_kinds_that_there_are():
    assert {*UNDOING, *DOING} <= set(DeployServices.effects)
    world = World()
    for version in ("1.0.0", "1.1.0"):
        await world.deploy(WARM, version, scripts=SCRIPTS)
    plan = DeployServices().plan(await world.resolve(WARM, "1.0.0", scripts=SCRIPTS, kind="rollback"))
    resumed = [by_hand(one, is_undo=True) for one in effects_of(plan.forward) if one.kind == "instance.resume"]
    assert resumed and all(lines[0].startswith("docker stop -t 1 ") for lines in resumed)
