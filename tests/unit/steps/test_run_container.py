"""Containers that steps leave running: replaced by the next run, brought back by an undo, never strangers."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from fairlead.domain.effect import Done, SaidNo
from fairlead.domain.errors import Invalid
from fairlead.domain.ids import TaskId
from fairlead.domain.installed_package import Owner
from fairlead.domain.output_variables import effect_output, of_effects, seen_from
from fairlead.domain.plan import Effect, effects_of
from fairlead.domain.process import Action, ActionTarget, ResolvedAction, RunLocation, action_key
from fairlead.domain.service import Bind, PublishedPort, Tmpfs, Volume
from fairlead.domain.template.variables import Variables
from fairlead.domain.text import SecretRef, Text
from fairlead.ports.container_engine import LABEL_KEY, LABEL_PROJECT, ContainerSpec, NetworkSpec, labels_of
from fairlead.ports.step import Tools
from fairlead.steps.container_properties import harms_of, settings_of
from fairlead.steps.effects.basis import arguments
from fairlead.steps.effects.step_containers import Replaced, RetireStepContainers, RunStepContainer, StepIdentity
from fairlead.steps.run_container import RunContainer
from fairlead.testing.behaviour import Script
from fairlead.testing.deploy_world import PLACE, World, ending, idling

IMAGE = f"registry.test/tools/redis:7.2@sha256:{'ab' * 32}"
OWNER = Owner(PLACE.project, PLACE.environment)
W1, W2 = ActionTarget("w1", "w1"), ActionTarget("w2", "w2")


class Rig:
    """Plans the action for a task, and plays its effects."""

    def __init__(self, script: Script | None = None) -> None:
        self.world = World()
        self.world.host.offer(IMAGE, script or idling())
        self.outputs: dict[str, Mapping[str, Any]] = {}
        self.variables: dict[str, Text] = {}

    def resolved(
        self, name: str = "Cache", *, target: ActionTarget | None = None, owner: Owner = OWNER, **properties: Any
    ) -> ResolvedAction:
        on = RunLocation.TARGETS if target else RunLocation.SERVER
        action = Action(name, "run-container", {"image": IMAGE, **properties}, runs_on=on)
        key = action_key(name, target.name if target else "")
        return ResolvedAction(action, name, key, target, variables=self.variables, owner=owner)

    def effect(self, **given: Any) -> Effect:
        [effect] = effects_of(RunContainer().plan(self.resolved(**given)))
        return effect

    def tools(self, task: str, effect: Effect, **ended: Any) -> Tools:
        outputs = {**self.outputs, **({"task": ended} if ended else {})}
        return self.world.tools(TaskId(task), "step", effect.target, outputs)

    async def do(self, task: str, **given: Any) -> Done | SaidNo:
        effect = self.effect(**given)
        outcome = await RunStepContainer().do(effect, self.tools(task, effect))
        if isinstance(outcome, Done):
            self.outputs[effect.key] = outcome.output
        assert isinstance(outcome, Done | SaidNo)
        return outcome

    async def undo(self, task: str, **given: Any) -> None:
        effect = self.effect(**given)
        await RunStepContainer().undo(effect, self.tools(task, effect))

    async def retire(self, task: str, state: str = "succeeded") -> Any:
        effect = self.effect()
        identity = StepIdentity(PLACE, "Cache", "", "")
        asked = Effect(RetireStepContainers.kind, "[Cache]/retire", "", {})
        wanted = Replaced(identity, "", effect.key, 1.0)
        outcome = await RetireStepContainers().do(
            replace(asked, arguments=arguments(wanted)), self.tools(task, effect, state=state)
        )
        return outcome

    @property
    def standing(self) -> dict[str, str]:
        """By task and step, how each container stands."""
        held = self.world.host.containers.values()
        return {one.spec.labels.get(LABEL_KEY, one.spec.name): one.state for one in held}

    @property
    def only(self) -> ContainerSpec:
        [held] = self.world.host.containers.values()
        return held.spec

    def told(self, outcome: Done | SaidNo, target: str = "") -> str:
        assert isinstance(outcome, Done), outcome
        found = seen_from(target, of_effects({"": outcome.output}))["Octopus.Action[Cache].Output.Docker.Inspect"]
        assert isinstance(found, str)
        return found


@pytest.fixture
def rig() -> Rig:
    return Rig()


async def test_it_runs_as_it_was_described_and_says_what_the_engine_tells(rig: Rig) -> None:
    rig.variables = {"Port": "16379", "Mode": "fast"}
    told = rig.told(
        await rig.do(
            "t1",
            command=["redis-server", "--mode=#{Mode}"],
            environment={"MODE": "#{Mode}"},
            ports=["127.0.0.1:#{Port}:6379", "53/udp"],
            volumes=[
                "warm:/data",
                "/srv/redis:/etc/redis:ro",
                {"type": "tmpfs", "target": "/tmp", "tmpfs": {"size": "1m", "mode": "0700"}},
            ],
            restart="on-failure:3",
            user="1000",
        )
    )
    spec = rig.only
    assert (spec.image, spec.command, dict(spec.environment)) == (
        IMAGE,
        ("redis-server", "--mode=fast"),
        {"MODE": "fast"},
    )
    assert spec.ports == (PublishedPort("127.0.0.1", 16379, 6379), PublishedPort("0.0.0.0", 0, 53, "udp"))
    assert spec.mounts == (
        Volume("books-production_warm", "/data"),
        Bind("/srv/redis", "/etc/redis", read_only=True),
        Tmpfs("/tmp", "size=1048576,mode=700"),
    )
    assert (spec.restart, spec.user) == ("on-failure:3", "1000")
    assert spec.name.startswith("books-production_cache.") and spec.name.endswith(".step")
    assert rig.world.host.volumes["books-production_warm"].labels[LABEL_PROJECT] == "books"
    found = Variables({"Octopus.Action[Cache].Output.Docker.Inspect": told})
    assert found.evaluate("#{Octopus.Action[Cache].Output.Docker.Inspect.Config.Image}").text == IMAGE
    assert found.evaluate("#{Octopus.Action[Cache].Output.Docker.Inspect.State.Status}").text == "running"


async def test_secrets_stand_in_its_environment_and_never_in_what_it_tells(rig: Rig) -> None:
    rig.variables = {
        "Password": SecretRef(rig.world.secrets.put("hunter2-hidden"), "Password"),
        "Pin": SecretRef(rig.world.secrets.put("7"), "Pin"),
    }
    environment = {"URL": "redis://:#{Password}@db", "PIN": "#{Pin}", "PLAIN": "seven"}
    told = rig.told(await rig.do("t1", environment=environment))
    assert dict(rig.only.environment) == {"URL": "redis://:hunter2-hidden@db", "PIN": "7", "PLAIN": "seven"}
    assert json.loads(told)["Config"]["Env"] == ["PIN=•••", "PLAIN=seven", "URL=•••"]
    assert "hunter2" not in told
    effect = rig.effect(environment={"URL": "#{Password}"})
    assert "hunter2" not in str(effect.arguments)


async def test_a_secret_on_its_command_line_stays_unresolved(rig: Rig) -> None:
    rig.variables = {"Password": SecretRef(rig.world.secrets.put("hunter2-hidden"), "Password")}
    await rig.do("t1", command=["serve", "#{Password}"])
    assert rig.only.command == ("serve", "#{Password}")


async def test_what_looks_like_a_token_in_an_images_labels_is_a_text(rig: Rig) -> None:
    told = rig.told(await rig.do("t1", environment={"TRICK": "##{Password}"}))
    found = Variables({"Told": told, "Password": "hunter2"})
    assert "hunter2" not in (found.evaluate("#{Told}").text or "")


async def test_the_next_run_replaces_it_and_removes_it_once_all_went_well(rig: Rig) -> None:
    await rig.do("t1")
    await rig.do("t2")
    assert rig.standing == {"t1/[Cache]/container": "exited", "t2/[Cache]/container": "running"}
    assert (await rig.retire("t2", state="failed")).output == {"removed": []}
    removed = (await rig.retire("t2")).output["removed"]
    assert len(removed) == 1 and rig.standing == {"t2/[Cache]/container": "running"}


async def test_what_it_replaced_stays_where_all_did_not_end_well_and_that_is_said(rig: Rig) -> None:
    await rig.do("t1")
    await rig.do("t2")
    assert (await rig.retire("t2", "rolled_back")).output == {"removed": []}
    assert "nothing is removed, for it did not end well" in [line.text for line in rig.world.log.lines[TaskId("t2")]]


async def test_asked_again_it_is_the_same_container(rig: Rig) -> None:
    first, again = await rig.do("t1"), await rig.do("t1")
    assert first == again and rig.standing == {"t1/[Cache]/container": "running"}


async def test_an_undo_brings_the_old_one_back(rig: Rig) -> None:
    await rig.do("t1")
    old = rig.only.name
    held = rig.world.host.containers[old]
    await rig.do("t2")
    for _ in range(2):
        await rig.undo("t2")
        assert rig.standing == {"t1/[Cache]/container": "running"}
    assert rig.world.host.containers[old] is held, "the same container, not another one"


async def test_one_that_ended_before_stays_so(rig: Rig) -> None:
    await rig.do("t1")
    rig.world.host.stop(next(iter(rig.world.host.containers.values())))
    await rig.do("t2")
    await rig.undo("t2")
    assert rig.standing == {"t1/[Cache]/container": "exited"}


async def test_one_that_ends_at_once_is_a_failure_with_its_last_lines() -> None:
    rig = Rig(ending(3, "no such host: db"))
    outcome = await rig.do("t1", restart="no")
    assert isinstance(outcome, SaidNo) and outcome.code == "container.ended"
    assert outcome.reason == "the container of Cache ended with 3: no such host: db"
    assert outcome.evidence == ("no such host: db",)
    await rig.undo("t1", restart="no")
    assert rig.standing == {}


async def test_what_runs_to_a_good_end_without_a_restart_is_fine() -> None:
    rig = Rig(ending(0, "seeded"))
    assert isinstance(await rig.do("t1", restart="no"), Done)
    refused = await rig.do("t2", name="Other")
    assert isinstance(refused, SaidNo) and refused.code == "container.ended", "what shall stay and ends, is none"


async def test_nothing_of_others_is_touched(rig: Rig) -> None:
    for owner, name in (
        (Owner("shop", PLACE.environment), "Cache"),
        (Owner(PLACE.project, "Test"), "Cache"),
        (Owner(PLACE.project, PLACE.environment, "acme"), "Cache"),
        (Owner(PLACE.project, PLACE.environment, "", "Warm up"), "Cache"),
        (OWNER, "Cache two"),
    ):
        await rig.do(f"{owner}{name}", owner=owner, name=name)
    before = set(rig.world.standing())
    await rig.do("t2")
    assert before < set(rig.world.standing())
    await rig.retire("t2")
    assert before < set(rig.world.standing())


async def test_each_target_has_its_own_though_they_share_an_engine(rig: Rig) -> None:
    for target in (W1, W2):
        assert "running" in rig.told(await rig.do("t1", target=target), target.name)
    assert set(rig.standing.values()) == {"running"} and len(rig.standing) == 2
    await rig.do("t2", target=W1)
    assert rig.standing["t1/[Cache][w2]/container"] == "running"
    assert rig.standing["t1/[Cache][w1]/container"] == "exited"


async def test_an_image_that_a_variable_names_is_by_digest(rig: Rig) -> None:
    rig.variables = {"Image": "redis:7.2"}
    with pytest.raises(Invalid, match="by its digest") as known:
        rig.effect(image="#{Image}")
    assert known.value.code == "image.not_by_digest", "known before anything is done"
    rig.outputs["build"] = effect_output("Build", "", {"Image": "redis:7.2"})
    refused = await rig.do("t1", image="#{Octopus.Action[Build].Output.Image}")
    assert isinstance(refused, SaidNo) and refused.code == "image.not_by_digest"
    rig.variables = {"Image": IMAGE}
    await rig.do("t1", image="#{Image}")
    assert rig.only.image == IMAGE


async def test_an_image_that_cannot_be_fetched_is_told(rig: Rig) -> None:
    refused = await rig.do("t1", image=f"registry.test/none@sha256:{'cd' * 32}")
    assert isinstance(refused, SaidNo) and refused.code == "container.image"
    assert "the image of Cache cannot be fetched" in refused.reason


async def test_it_joins_networks_of_its_place_alone(rig: Rig) -> None:
    refused = await rig.do("t1", networks=["back"])
    assert isinstance(refused, SaidNo) and refused.code == "container.network"
    assert "books-production_back, which is not there" in refused.reason
    spec = NetworkSpec(
        "books-production_back", "10.213.9.0/26", {LABEL_KEY: "x", **labels_of(replace(PLACE, environment="Test"))}
    )
    await rig.world.engine.ensure_network(spec)
    assert isinstance(await rig.do("t1", networks=["back"]), SaidNo), "another environment's is a stranger"
    await rig.world.engine.remove_network(spec.name)
    await rig.world.engine.ensure_network(replace(spec, labels={LABEL_KEY: "x", **labels_of(PLACE)}))
    await rig.do("t1", networks=["back"])
    [attachment] = rig.only.networks
    assert (attachment.network, attachment.aliases) == ("books-production_back", ("cache",))


async def test_an_action_whose_name_is_no_host_name_has_no_alias_of_its_own(rig: Rig) -> None:
    spec = NetworkSpec("books-production_back", "10.213.9.0/26", {LABEL_KEY: "x", **labels_of(PLACE)})
    await rig.world.engine.ensure_network(spec)
    await rig.do("t1", name="Кэш", networks=["back"])
    assert [one.aliases for one in rig.only.networks] == [()]
    assert rig.only.name.startswith("books-production_step.")


@pytest.mark.parametrize(
    ("properties", "told"),
    [
        ({"ports": ["eighty"]}, "a port"),
        ({"ports": ["80:80"], "network_mode": "host"}, "nothing is published"),
        ({"volumes": ["../data:/data"]}, "volumes"),
        ({"volumes": ["./data:/data"]}, "an absolute path"),
        ({"volumes": ["data:/"]}, "below the root"),
        ({"volumes": ["a:/x", "b:/x"]}, "each path once"),
        ({"volumes": [{"source": "a", "target": "/x", "volume": {"subpath": "b"}}]}, "volume.subpath"),
        ({"volumes": [{"source": "a", "target": "/x", "volume": {"nocopy": True}}]}, "volume.nocopy"),
        (
            {"volumes": [{"type": "bind", "source": "/a", "target": "/x", "bind": {"propagation": "shared"}}]},
            "bind.prop",
        ),
        ({"networks": ["Back end"]}, "a network that a step makes"),
        ({"networks": ["back"], "network_mode": "host"}, "name networks"),
        ({"aliases": ["db"]}, "name networks"),
        ({"networks": ["back"], "aliases": ["a_b"]}, "a host name"),
        ({"network_mode": "container:other"}, "bridge, none or host"),
        ({"restart": "sometimes"}, "unless-stopped"),
        ({"ports": ["#{Password}:80"]}, "secrets belong"),
    ],
)
def test_what_cannot_be_honoured_is_refused_with_the_key_and_what_to_write(
    rig: Rig, properties: dict[str, Any], told: str
) -> None:
    rig.variables = {"Password": SecretRef(rig.world.secrets.put("80"), "Password")}
    with pytest.raises(Invalid) as refused:
        rig.effect(**properties)
    assert refused.value.code == "process.properties" and "Cache" in refused.value.message
    assert told in f"{refused.value.message} {refused.value.hint}"


def test_a_container_does_not_stay_on_a_worker(rig: Rig) -> None:
    resolved = rig.resolved()
    on_worker = replace(resolved, action=replace(resolved.action, runs_on=RunLocation.WORKER, worker_pool="pool"))
    with pytest.raises(Invalid) as refused:
        RunContainer().plan(on_worker)
    assert refused.value.code == "process.place"


def test_what_could_harm_the_host_has_the_keys_that_services_have(rig: Rig) -> None:
    resolved = rig.resolved(
        target=W1,
        ports=["8080:80", "127.0.0.1:53:53/udp"],
        volumes=["/srv:/srv", "/run/docker.sock:/run/docker.sock", "data:/data"],
    )
    harms = harms_of(resolved, settings_of(resolved))
    assert [harm.key for harm in harms] == [
        "port:0.0.0.0:8080",
        "port:127.0.0.1:53/udp",
        "bind:/srv",
        "engine_socket:/run/docker.sock",
    ]
    assert {(harm.service, harm.where) for harm in harms} == {("Cache", "step Cache on w1")}
    on_host = rig.resolved(network_mode="host")
    assert [harm.key for harm in harms_of(on_host, settings_of(on_host))] == ["network_mode:host"]
    harmless = rig.resolved(volumes=["data:/data"], networks=["back"])
    assert harms_of(harmless, settings_of(harmless)) == ()
