"""Networks that steps make, and what stops containers of steps: nothing of others, and a way back until the end."""

import json
from typing import Any

import pytest
from tests.unit.steps.test_run_container import IMAGE, OWNER, W1, W2, Rig

from fairlead.domain.effect import Done, SaidNo
from fairlead.domain.errors import Invalid
from fairlead.domain.installed_package import Owner
from fairlead.domain.output_variables import of_effects
from fairlead.domain.plan import Effect, effects_of
from fairlead.domain.process import Action, ActionTarget, ResolvedAction, RunLocation, action_key
from fairlead.domain.text import SecretRef
from fairlead.ports.container_engine import NetworkSpec
from fairlead.steps.create_network import CreateNetwork, harms_of_network
from fairlead.steps.effects.step_networks import EnsureStepNetwork
from fairlead.steps.effects.stopped import ClearStopped, StopStepContainers
from fairlead.steps.stop_container import StopContainer, clearing
from fairlead.testing.behaviour import Behaviour
from fairlead.testing.deploy_world import PLACE
from fairlead.testing.fake_records import FakeRecords

KINDS: dict[str, Any] = {kind.kind: kind for kind in (EnsureStepNetwork(), StopStepContainers(), ClearStopped())}


@pytest.fixture
def rig() -> Rig:
    return Rig()


def resolved(
    rig: Rig, kind: str, name: str, *, target: ActionTarget | None = None, owner: Owner = OWNER, **properties: Any
) -> ResolvedAction:
    on = RunLocation.TARGETS if target else RunLocation.SERVER
    action = Action(name, kind, properties, runs_on=on)
    key = action_key(name, target.name if target else "")
    return ResolvedAction(action, name, key, target, variables=rig.variables, owner=owner)


def network(rig: Rig, name: str = "Back", **given: Any) -> Effect:
    [effect] = effects_of(CreateNetwork().plan(resolved(rig, "create-network", name, **{"network": "back", **given})))
    return effect


def stop(rig: Rig, **given: Any) -> Effect:
    [effect] = effects_of(StopContainer().plan(resolved(rig, "stop-container", "Stop", **given)))
    return effect


async def do(rig: Rig, task: str, effect: Effect) -> Any:
    outcome = await KINDS[effect.kind].do(effect, rig.tools(task, effect))
    if isinstance(outcome, Done):
        rig.outputs[effect.key] = outcome.output
    return outcome


async def undo(rig: Rig, task: str, effect: Effect) -> None:
    await KINDS[effect.kind].undo(effect, rig.tools(task, effect))


async def clear(rig: Rig, task: str, state: str = "succeeded", **given: Any) -> Any:
    effect = clearing(resolved(rig, "stop-container", "Stop", **given))
    assert effect is not None
    return (await ClearStopped().do(effect, rig.tools(task, effect, state=state))).output["removed"]


def inspected(outcome: Any) -> Any:
    assert isinstance(outcome, Done), outcome
    [one] = of_effects({"": outcome.output})
    assert one.name == "Docker.Inspect" and isinstance(one.value, str)
    return json.loads(one.value)


async def test_a_network_is_made_named_after_its_place_and_told(rig: Rig) -> None:
    told = inspected(await do(rig, "t1", network(rig, subnet="172.30.5.0/24", gateway="172.30.5.9", internal=True)))
    spec = rig.world.host.networks["books-production_back"].spec
    assert (spec.subnet, spec.gateway, spec.internal, spec.driver) == ("172.30.5.0/24", "172.30.5.9", True, "bridge")
    assert told["Name"] == "books-production_back" and told["IPAM"]["Config"][0]["Gateway"] == "172.30.5.9"


async def test_one_that_is_there_as_it_says_is_fine_and_stays_after_an_undo(rig: Rig) -> None:
    await do(rig, "t1", network(rig))
    again = await do(rig, "t2", network(rig, "Other step"))
    assert isinstance(again, Done) and again.was_already_so
    await undo(rig, "t2", network(rig, "Other step"))
    assert "books-production_back" in rig.world.host.networks
    await undo(rig, "t1", network(rig))
    await undo(rig, "t1", network(rig))
    assert "books-production_back" not in rig.world.host.networks


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ({"internal": True}, "internal false, not true"),
        ({"subnet": "172.31.0.0/24"}, "subnet 172.30.5.0/24, not 172.31.0.0/24"),
        ({"driver": "macvlan"}, "driver bridge, not macvlan"),
        ({"options": {"com.docker.network.driver.mtu": "1400"}}, "mtu not said, not 1400"),
    ],
)
async def test_one_of_another_shape_is_refused_and_left(rig: Rig, other: dict[str, Any], told: str) -> None:
    await do(rig, "t1", network(rig, subnet="172.30.5.0/24"))
    refused = await do(rig, "t2", network(rig, **other))
    assert isinstance(refused, SaidNo) and refused.code == "container.network_differs"
    assert told in refused.reason and "networks: [back]" in refused.hint
    await undo(rig, "t2", network(rig, **other))
    assert rig.world.host.networks["books-production_back"].spec.subnet == "172.30.5.0/24"


async def test_a_strangers_network_is_refused_and_left(rig: Rig) -> None:
    await rig.world.engine.ensure_network(
        NetworkSpec("books-production_back", "172.30.5.0/24", {"io.fairlead.key": "x"})
    )
    refused = await do(rig, "t1", network(rig))
    assert isinstance(refused, SaidNo) and refused.code == "engine.stranger"
    await undo(rig, "t1", network(rig))
    assert "books-production_back" in rig.world.host.networks


@pytest.mark.parametrize(
    ("properties", "told"),
    [
        ({"network": "Back end"}, "in lower case"),
        ({"network": "environment"}, "environment's own"),
        ({"subnet": "172.30.5.1/24"}, "172.28.5.0/24"),
        ({"gateway": "172.30.5.1"}, "a subnet, too"),
        ({"subnet": "172.30.5.0/24", "gateway": "10.0.0.1"}, "an address in 172.30.5.0/24"),
        ({"subnet": "172.30.5.0/24", "ip_range": "fd00::/64"}, "a part of 172.30.5.0/24"),
        ({"driver": "a b"}, "a network driver"),
    ],
)
def test_what_is_no_network_is_refused(rig: Rig, properties: dict[str, Any], told: str) -> None:
    with pytest.raises(Invalid) as refused:
        network(rig, **properties)
    assert refused.value.code == "process.properties" and told in refused.value.hint


def test_what_of_a_network_could_harm_the_host_is_asked_of_policy(rig: Rig) -> None:
    options = {"com.docker.network.driver.mtu": "1400", "parent": "eth0"}
    harmful = {"network": "back", "driver": "macvlan", "subnet": "172.30.5.0/24", "options": options}
    found = harms_of_network(resolved(rig, "create-network", "Back", **harmful))
    assert [harm.key for harm in found] == [
        "network_driver:macvlan",
        "network_subnet:172.30.5.0/24",
        "network_option:parent",
    ]
    assert harms_of_network(resolved(rig, "create-network", "Back", network="back", internal=True)) == ()


async def test_what_is_stopped_runs_again_after_an_undo_and_goes_after_a_success(rig: Rig) -> None:
    await do(rig, "t1", network(rig))
    await rig.do("t1", networks=["back"])
    effect = stop(rig, containers=["cache"], networks=["back"])
    told = inspected(await do(rig, "t2", effect))
    assert [one["Name"] for one in told][1:] == ["books-production_back"] and told[0]["State"]["Status"] == "exited"
    assert rig.standing == {"t1/[Cache]/container": "exited"}
    for _ in range(2):
        await undo(rig, "t2", effect)
        assert rig.standing == {"t1/[Cache]/container": "running"}
    await do(rig, "t3", effect)
    given: dict[str, Any] = {"containers": ["cache"], "networks": ["back"]}
    assert await clear(rig, "t3", "failed", **given) == []
    assert len(await clear(rig, "t3", **given)) == 2
    assert rig.standing == {} and rig.world.host.networks == {}


async def test_one_that_is_still_stopping_has_its_own_time_when_it_is_undone() -> None:
    rig = Rig(Behaviour(ignores_stop=True))
    await rig.do("t1", stop_grace_s=30)
    effect = stop(rig, containers=["cache"])
    await do(rig, "t2", effect)
    await rig.world.engine.start(rig.only.name)
    before_s = rig.world.clock.monotonic_s()
    await undo(rig, "t2", effect)
    assert rig.world.clock.monotonic_s() - before_s == 30
    assert rig.standing == {"t1/[Cache]/container": "running"}


async def test_it_is_interrupted_once_though_the_server_dies_before_the_undo_is_kept(rig: Rig) -> None:
    await rig.do("t1")
    [held] = rig.world.host.containers.values()
    effect = stop(rig, containers=["cache"])
    await do(rig, "t2", effect)
    started = await dies_while_undoing(rig, held, lambda: undo(rig, "t2", effect))
    await undo(rig, "t2", effect)
    assert (held.state, held.started_at) == ("running", started)


async def dies_while_undoing(rig: Rig, held: Any, undoing: Any) -> str:
    """When the container was started by the first undo, whose last word to the books was not heard."""
    note = FakeRecords.note

    async def die(records: FakeRecords, task: Any, name: str, data: Any) -> None:
        if data is None:
            raise ConnectionError("killed")
        await note(records, task, name, data)

    rig.world.clock.advance(1.0)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(FakeRecords, "note", die)
        with pytest.raises(ConnectionError):
            await undoing()
    rig.world.clock.advance(1.0)
    return str(held.started_at)


async def test_what_a_container_replaced_is_interrupted_once_too(rig: Rig) -> None:
    await rig.do("t1")
    [held] = rig.world.host.containers.values()
    await rig.do("t2")
    started = await dies_while_undoing(rig, held, lambda: rig.undo("t2"))
    await rig.undo("t2")
    assert (held.state, held.started_at) == ("running", started)


async def test_it_may_only_stop(rig: Rig) -> None:
    await rig.do("t1")
    await do(rig, "t2", stop(rig, containers=["Cache"], remove=False))
    assert rig.standing == {"t1/[Cache]/container": "exited"}
    assert clearing(resolved(rig, "stop-container", "Stop", containers=["Cache"], remove=False)) is None


async def test_one_that_a_later_step_ran_anew_stays(rig: Rig) -> None:
    await rig.do("t1")
    await do(rig, "t2", stop(rig, containers=["Cache"]))
    await rig.do("t2")
    await clear(rig, "t2", containers=["Cache"])
    assert rig.standing == {"t2/[Cache]/container": "running"}


async def test_a_network_that_something_runs_in_stays(rig: Rig) -> None:
    await do(rig, "t1", network(rig))
    await rig.do("t1", networks=["back"])
    await do(rig, "t2", stop(rig, networks=["back"]))
    await clear(rig, "t2", networks=["back"])
    assert "books-production_back" in rig.world.host.networks
    assert rig.standing == {"t1/[Cache]/container": "running"}


async def test_nothing_of_others_is_stopped_and_nothing_there_is_fine(rig: Rig) -> None:
    others = (
        Owner("shop", PLACE.environment),
        Owner(PLACE.project, "Test"),
        Owner(PLACE.project, PLACE.environment, "a"),
    )
    for owner in others:
        await rig.do(str(owner), owner=owner)
    await rig.do("t1", target=W1)
    await rig.do("t1", target=W2)
    assert isinstance(await do(rig, "t2", stop(rig, containers=["Cache"])), Done)
    assert set(rig.standing.values()) == {"running"}, "none of them is of the step without a target"
    await do(rig, "t2", stop(rig, containers=["Cache"], target=W1))
    assert [key for key, state in rig.standing.items() if state == "exited"] == ["t1/[Cache][w1]/container"]


async def test_a_runbook_stops_what_a_deployment_left(rig: Rig) -> None:
    await rig.do("t1")
    nightly = Owner(PLACE.project, PLACE.environment, "", "Nightly")
    await do(rig, "t2", stop(rig, containers=["Cache"], owner=nightly))
    assert rig.standing == {"t1/[Cache]/container": "exited"}


async def test_what_it_tells_of_what_was_stopped_holds_no_value_of_an_environment(rig: Rig) -> None:
    rig.variables = {"Password": SecretRef(rig.world.secrets.put("hunter2-hidden"), "Password")}
    await rig.do("t1", environment={"PASSWORD": "#{Password}"})
    rig.variables = {}
    told = inspected(await do(rig, "t2", stop(rig, containers=["Cache"])))
    assert told[0]["Config"]["Env"] == ["PASSWORD=•••"] and told[0]["Config"]["Image"] == IMAGE
