"""Containers that a process runs, on this machine and over SSH: run, replaced, brought back after a failure, ended."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.journey.whole_server import WholeServer, opened_server

from fairlead.adapters.connections.ssh_keys import SshKeys
from fairlead.testing.sshd import Sshd

PASSWORD = "hunter2-never-shown"
WAITS = (
    "import signal, time; signal.signal(signal.SIGTERM, lambda *_: exit()); print('up', flush=True); time.sleep(9999)"
)
SHOW = """
echo "near #{Octopus.Action[Near].Output.Docker.Inspect.Config.Image}"
echo "far #{Octopus.Action[Far].Output[far].Docker.Inspect.State.Status}"
echo "env #{Octopus.Action[Near].Output.Docker.Inspect.Config.Env}"
exit #{Code}
"""


@pytest.fixture(scope="module")
def server(docker_socket: Path, haproxy_binary: Path, registry_binary: Path, sshd: Sshd) -> Iterator[WholeServer]:
    with opened_server(docker_socket) as opened:
        (opened.repositories / "key").write_text(sshd.key)
        key, address = str(opened.repositories / "key"), f"{sshd.user}@127.0.0.1:{sshd.port}"
        opened.program("fairlead", "targets", "add", "far", "-e", "Test", "-t", "box", "--ssh", address, "--key", key)
        opened.program("fairlead", "targets", "trust", "far", SshKeys().fingerprint(sshd.host_key))
        yield opened


@pytest.fixture(scope="module")
def image(server: WholeServer) -> str:
    """By its tag, as people write it."""
    folder = server.repositories / "tool"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM fairlead-base-python:1\nLABEL tool=yes\n")
    return server.push_image(folder, "tool").partition("@")[0] + ":1"


def running(server: WholeServer, project: str, *, also_stopped: bool = False) -> dict[str, str]:
    """The containers of the project's steps: which step on which target → id."""
    listed = server.engine.get("/containers/json", all=int(also_stopped), filters={"label": ["io.fairlead.step"]})
    ours = [one for one in listed or [] if one["Labels"]["io.fairlead.project"] == project]
    return {f"{one['Labels']['io.fairlead.step']} {one['Labels']['io.fairlead.target']}": one["Id"] for one in ours}


def networks(server: WholeServer, project: str) -> list[str]:
    """Those of the project."""
    listed = server.engine.get("/networks", filters={"label": [f"io.fairlead.project={project}"]}) or []
    return [one["Name"] for one in listed]


def steps(image: str) -> list[dict[str, Any]]:
    properties = {"image": image, "command": ["python3", "-c", WAITS], "environment": {"PASSWORD": "#{Password}"}}
    run = {"kind": "run-container", "properties": {**properties, "networks": ["back"]}}
    network = {"kind": "create-network", "properties": {"network": "back"}}
    show = {"kind": "script", "properties": {"script": SHOW}}
    return [
        {"name": "Net", "actions": [{"name": "Net", **network}]},
        {"name": "Far net", "target_tags": ["box"], "actions": [{"name": "Far net", **network}]},
        {"name": "Near", "actions": [{"name": "Near", **run}]},
        {"name": "Far", "target_tags": ["box"], "actions": [{"name": "Far", **run}]},
        {"name": "Show", "target_tags": ["box"], "actions": [{"name": "Show", **show}]},
    ]


def deployed(server: WholeServer, project: str) -> tuple[dict[str, Any], list[str]]:
    version = server.api("POST", f"/projects/{project}/releases", {"images": {}, "files": {}})["version"]
    ended = server.ended(server.deployment(project, version))
    return ended, server.lines(ended["task"])


def test_a_container_is_run_replaced_brought_back_and_ended(server: WholeServer, image: str) -> None:
    project = server.project("boxes")
    server.program("fairlead", "variables", "set", f"Password={PASSWORD}", "--secret", "-p", project)
    server.program("fairlead", "variables", "set", "Code=0", "-p", project)
    server.api("PUT", f"/projects/{project}/process", {"steps": steps(image)})

    ended, lines = deployed(server, project)
    assert ended["outcome"] == "live", lines[-20:]
    first = running(server, project)
    assert set(first) == {"Near /", "Far far"}
    assert any(line.startswith(f"near {image}@sha256:") for line in lines), lines
    assert "far running" in lines and not any(PASSWORD in line for line in lines)
    assert any("PASSWORD=•••" in line for line in lines)

    server.program("fairlead", "variables", "set", "Code=3", "-p", project)
    failed, lines = deployed(server, project)
    assert failed["outcome"] == "rolled_back", (failed, lines[-20:])
    assert running(server, project, also_stopped=True) == first, "the same containers, and they run"
    assert running(server, project) == first

    server.program("fairlead", "variables", "set", "Code=0", "-p", project)
    again, lines = deployed(server, project)
    assert again["outcome"] == "live", lines[-20:]
    second = running(server, project, also_stopped=True)
    assert set(second) == set(first) and not set(second.values()) & set(first.values())

    stop = {"name": "Stop", "kind": "stop-container", "properties": {"containers": ["Near"]}}
    runbook = {"steps": [{"name": "Stop", "actions": [stop]}]}
    server.api("PUT", f"/projects/{project}/runbooks/Halt", {"process": runbook})
    server.api("POST", f"/projects/{project}/runbooks/Halt/publish")
    run = server.api("POST", f"/projects/{project}/runbooks/Halt/runs", {"environment": "Test"})
    server.until(lambda: server.api("GET", f"/tasks/{run['task']}")["state"] == "succeeded", "the runbook ran")
    assert running(server, project, also_stopped=True) == {"Far far": second["Far far"]}
    assert networks(server, project) == [f"{project}-test_back"]

    server.program("fairlead", "retire", "-p", project, "-e", "Test", "--accessories", "--yes")
    assert running(server, project, also_stopped=True) == {} and networks(server, project) == []
