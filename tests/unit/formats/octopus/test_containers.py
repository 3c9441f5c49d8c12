"""Docker steps of Octopus become actions that run containers here, or say why they do not."""

import json
from typing import Any

import pytest

from fairlead.domain.process import Process, RunLocation
from fairlead.domain.process_rules import checked
from fairlead.formats.octopus.containers import network_name, words
from fairlead.formats.octopus.folder import Imported, imported
from fairlead.formats.process import read_process
from fairlead.steps.action_kinds import ACTION_KINDS

RUN = """
step "run-redis" {
    name = "Run redis"
    properties = {
        Octopus.Action.TargetRoles = "docker"
    }
    action {
        action_type = "Octopus.DockerRun"
        properties = {
            Octopus.Action.Docker.NetworkType = "network"
            Octopus.Action.Docker.NetworkName = "Back End"
            Octopus.Action.Docker.NetworkAlias = "cache"
            Octopus.Action.Docker.PortMapping = "{\\"6379\\":\\"16379\\"}"
            Octopus.Action.Docker.EnvVariable = "{\\"MODE\\":\\"#{Mode}\\"}"
            Octopus.Action.Docker.VolumeBindings = "VOLUMES"
            Octopus.Action.Docker.AddedHost = "{\\"10.0.0.1\\":\\"db\\"}"
            Octopus.Action.Docker.RestartPolicy = "on-failure"
            Octopus.Action.Docker.RestartPolicyMax = "4"
            Octopus.Action.Docker.Command = "redis-server --name 'a b' #{Octopus.Action[Say it].Output.Port}"
        }
        packages {
            acquisition_location = "NotAcquired"
            feed = "docker-hub"
            package_id = "redis"
        }
    }
}
"""
RUN = RUN.replace(
    "VOLUMES",
    json.dumps({"/data": {"host": "/srv/redis", "readOnly": "True"}, "/tmp/x": {"host": ""}}).replace('"', '\\"'),
)
NETWORK = """
step "network" {
    name = "Network"
    action {
        action_type = "Octopus.DockerNetwork"
        properties = {
            Octopus.Action.Docker.NetworkName = "Back End"
            Octopus.Action.Docker.NetworkType = "bridge"
            Octopus.Action.Docker.NetworkSubnet = "172.28.5.0/24"
            Octopus.Action.Docker.NetworkGateway = "172.28.5.1"
        }
    }
}
"""
STOP = """
step "clean" {
    name = "Clean"
    properties = {
        Octopus.Action.TargetRoles = "docker"
    }
    action {
        action_type = "Octopus.DockerStop"
        properties = {
            Octopus.Action.Docker.Remove = "True"
            Octopus.Action.Docker.RemoveSteps = "%s"
            Octopus.Action.Docker.StopTimeout = "5"
            Octopus.Action.Docker.RemoveByRelease = "True"
        }
    }
}
"""


def read(text: str) -> Imported:
    return imported("books", {"deployment_process.ocl": text.encode()})


def process(text: str) -> Process:
    made = read_process("process.yml", read(text).files["projects/books/process.yml"].encode())
    return checked(made, ACTION_KINDS)


def only(text: str) -> Any:
    [step] = process(text).steps
    return step.actions[0]


def test_a_container_is_run_with_all_that_it_was_told() -> None:
    made = only(RUN)
    assert (made.name, made.kind, made.runs_on) == ("Run redis", "run-container", RunLocation.TARGETS)
    assert made.properties == {
        "image": "redis",
        "networks": ["back-end"],
        "aliases": ["cache"],
        "ports": ["16379:6379"],
        "volumes": ["/srv/redis:/data:ro", "/tmp/x"],
        "environment": {"MODE": "#{Mode}"},
        "extra_hosts": {"db": "10.0.0.1"},
        "command": ["redis-server", "--name", "a b", "#{Octopus.Action[Say it].Output.Port}"],
        "restart": "on-failure:4",
    }
    left = [str(line) for line in read(RUN).lines if "NOT taken" in str(line)]
    assert len(left) == 1 and "an image is named with its registry" in left[0]


def test_a_network_has_the_name_that_containers_ask_for() -> None:
    made = only(NETWORK)
    assert (made.kind, made.runs_on) == ("create-network", RunLocation.SERVER)
    assert made.properties == {"network": "back-end", "subnet": "172.28.5.0/24", "gateway": "172.28.5.1"}


def test_what_is_stopped_is_named_by_actions_of_the_process() -> None:
    *_, clean = process(RUN + NETWORK + STOP % "run-redis").steps
    assert clean.actions[0].properties == {"containers": ["Run redis"], "stop_grace_s": 5}
    *_, everything = process(RUN + NETWORK + STOP % "").steps
    assert everything.actions[0].kind == "stop-container"
    assert everything.actions[0].properties == {
        "containers": ["Run redis"],
        "networks": ["back-end"],
        "stop_grace_s": 5,
    }


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('NetworkType = "network"', 'NetworkType = "container"', "network of another container"),
        ('RestartPolicy = "on-failure"', 'Args = "--privileged"', "docker arguments of its own"),
        ('RestartPolicy = "on-failure"', 'DontRun = "True"', "only creates the container"),
        ('RestartPolicy = "on-failure"', 'VolumesFrom = "other"', "volumes from other containers"),
        ("'a b'", "'a b", "lacks a quotation mark"),
        ('package_id = "redis"', "", "names no image"),
        ('"{\\"MODE\\":\\"#{Mode}\\"}"', '"MODE=1"', "is no JSON"),
    ],
)
def test_what_would_mean_something_else_fails_and_says_so(old: str, new: str, why: str) -> None:
    assert old in RUN
    made = only(RUN.replace(old, new))
    assert made.kind == "script" and why in made.properties["script"]


def test_what_it_fails_for_is_said_to_be_left() -> None:
    text = RUN.replace('RestartPolicy = "on-failure"', 'Args = "--privileged"')
    [args] = [str(line) for line in read(text).lines if "Docker.Args" in str(line)]
    assert "NOT taken" in args and "docker arguments of its own" in args


def test_an_action_that_stops_nothing_of_the_process_is_not_imported() -> None:
    made = only(STOP % "")
    assert made.kind == "script" and "there is nothing in it that runs containers" in made.properties["script"]


def test_commands_are_split_as_a_shell_does_and_tokens_stay_whole() -> None:
    assert words("echo \"a b\" c\\ d 'e #{X}' #{Octopus.Action[a b].Output.C | ToUpper}") == [
        "echo",
        "a b",
        "c d",
        "e #{X}",
        "#{Octopus.Action[a b].Output.C | ToUpper}",
    ]


def test_names_of_networks_are_those_that_may_be() -> None:
    assert [network_name(one) for one in ("Back End", "a", "__", "#{Net}", "x" * 90)] == [
        "back-end",
        "a",
        "network",
        "#{Net}",
        "x" * 40,
    ]
