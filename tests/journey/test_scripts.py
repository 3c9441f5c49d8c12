"""Journeys of scripts: a process on two targets of this machine and one over SSH, killed, cancelled; a whole server."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.journey.whole_server import WholeServer, opened_server

from fairlead.adapters.connections.ssh_keys import SshKeys
from fairlead.testing.sshd import Sshd

MEASURE = """
echo "measuring #{Octopus.Machine.Name} in #{Octopus.Environment.Name}, $(get_fairleadvariable Fairlead.Release.Number)"
set_octopusvariable Size "#{Octopus.Machine.Name}-1"
set_octopusvariable Token "token-of-#{Octopus.Machine.Name}" -sensitive
echo "it is token-of-#{Octopus.Machine.Name} and $(get_octopusvariable Password)"
echo kept >report.txt; new_octopusartifact report.txt
"""
USE = """
print("own", get_octopusvariable("Octopus.Action[Measure].Output.Size"))
print("of far", get_octopusvariable("Fairlead.Action[Measure].Output[far].Size"))
print("token", len(get_octopusvariable("Octopus.Action[Measure].Output.Token")))
print("in clear", get_octopusvariable("Octopus.Action[Measure].Output.Token"))
"""
PASSWORD = "hunter2-never-shown"


@pytest.fixture(scope="module")
def server(docker_socket: Path, haproxy_binary: Path, registry_binary: Path, sshd: Sshd) -> Iterator[WholeServer]:
    with opened_server(docker_socket) as opened:
        for name in ("here1", "here2"):
            opened.program("fairlead", "targets", "add", name, "-e", "Test", "-t", "web")
        (opened.repositories / "key").write_text(sshd.key)
        address = f"{sshd.user}@127.0.0.1:{sshd.port}"
        key = str(opened.repositories / "key")
        opened.program("fairlead", "targets", "add", "far", "-e", "Test", "-t", "web", "--ssh", address, "--key", key)
        opened.program("fairlead", "targets", "trust", "far", SshKeys().fingerprint(sshd.host_key))
        yield opened


def on_targets(name: str, script: str, **more: Any) -> dict[str, Any]:
    action = {"name": name, "kind": "script", "properties": {"script": script}, **more}
    return {"name": name, "target_tags": ["web"], "actions": [action]}


def deployed(server: WholeServer, name: str, steps: list[dict[str, Any]]) -> tuple[str, dict[str, Any]]:
    """A project with this process, its first release on the way to Test: project and deployment."""
    project = server.project(name)
    server.program("fairlead", "variables", "set", f"Password={PASSWORD}", "--secret", "-p", project)
    server.api("PUT", f"/projects/{project}/process", {"steps": steps})
    version = server.api("POST", f"/projects/{project}/releases", {"images": {}, "files": {}})["version"]
    return project, server.deployment(project, version)


def test_a_process_runs_on_every_target_and_the_next_step_finds_its_outputs(server: WholeServer) -> None:
    python = {"properties": {"script": USE, "language": "python"}}
    _, deployment = deployed(server, "outputs", [on_targets("Measure", MEASURE), on_targets("Use", "", **python)])
    ended = server.ended(deployment)
    lines = server.api("GET", f"/tasks/{deployment['task']}/log?limit=5000")["items"]
    told = {
        target: [line["text"] for line in lines if line["target"] == target] for target in ("here1", "here2", "far")
    }
    assert ended["outcome"] == "live", (ended, told)
    for target, said in told.items():
        assert f"measuring {target} in Test, {deployment['version']}" in said
        assert "it is ••• and •••" in said
        assert [f"own {target}-1", "of far far-1", f"token {len('token-of-') + len(target)}", "in clear •••"] == [
            line for line in said if line.split()[0] in ("own", "of", "token", "in")
        ]
    artifacts = server.api("GET", f"/tasks/{deployment['task']}/artifacts")["items"]
    assert {one["name"] for one in artifacts} >= {f"Measure/{target}/report.txt" for target in told}
    for file in server.data_dir.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert PASSWORD.encode() not in content and b"token-of-here1" not in content, file


def test_a_script_outlives_its_server_and_is_run_once(server: WholeServer, tmp_path: Path) -> None:
    script = f"echo '#{{Octopus.Machine.Name}}' >>'{tmp_path}/times'; set_octopusvariable A 1\n"
    script += f"until [ -e '{tmp_path}/go' ]; do sleep 0.05; done; echo \"ended #{{Octopus.Machine.Name}}\""
    _, deployment = deployed(server, "outlives", [on_targets("Wait", script)])
    times = tmp_path / "times"
    server.until(lambda: times.exists() and times.read_text().count("\n") == 3, "all three have begun")
    server.kill()
    (tmp_path / "go").touch()
    server.start()
    ended = server.ended(deployment)
    lines = server.lines(deployment["task"])
    assert ended["outcome"] == "live", (ended, lines)
    assert sorted(times.read_text().split()) == ["far", "here1", "here2"]
    assert sum(line.startswith("ended ") for line in lines) == 3


def test_a_cancelled_script_is_ended_with_its_children(server: WholeServer, tmp_path: Path) -> None:
    script = f"sleep 300 & echo $! >>'{tmp_path}/pids'; wait"
    _, deployment = deployed(server, "cancelled", [on_targets("Wait", script)])
    pids = tmp_path / "pids"
    server.until(lambda: pids.exists() and pids.read_text().count("\n") == 3, "all three have begun")
    server.program("fairlead", "cancel", deployment["id"], check=False)
    server.api("POST", f"/tasks/{deployment['task']}/cancel")
    ended = server.ended(deployment)
    assert ended["outcome"] == "cancelled", ended
    for pid in pids.read_text().split():
        assert not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2][:3]


def test_a_script_at_the_server_needs_an_allowance(server: WholeServer) -> None:
    step = {"name": "Here", "actions": [{"name": "Here", "kind": "script", "properties": {"script": "echo at work"}}]}
    project, deployment = deployed(server, "allowed", [step])
    refused = server.ended(deployment)
    assert refused["code"] == "policy.refused", refused
    assert "script:server" in refused["hint"]
    server.program("fairlead", "policy", "allow", "script:server", "-p", project)
    server.api("POST", f"/projects/{project}/releases", {"images": {}, "files": {}, "version": "2.0.0"})
    again = server.deployment(project, "2.0.0")
    assert server.ended(again)["outcome"] == "live"
    assert "at work" in server.lines(again["task"])


def test_a_script_that_fails_says_why_and_nothing_is_live(server: WholeServer) -> None:
    script = 'if [ "#{Octopus.Machine.Name}" = far ]; then fail_step "the disk is full"; fi'
    _, deployment = deployed(server, "fails", [on_targets("Check", script)])
    ended = server.ended(deployment)
    assert ended["code"] == "script.failed" and "the disk is full" in ended["reason"], ended
    assert ended["outcome"] != "live"


DOCKERFILE = """FROM fairlead-base-python:1
ARG WORD=none
ENV WORD=$WORD
COPY check.py /check.py
CMD ["python3", "/check.py"]
"""
CHECK = """
import os, pathlib, sys
pathlib.Path("/results").mkdir(exist_ok=True)
pathlib.Path("/results/one.xml").write_text('<testsuite><testcase name="a"/></testsuite>')
print("checked", os.environ["WORD"], os.environ.get("SAID"))
sys.exit(os.environ["WORD"] == "bad")
"""


def test_an_image_is_built_and_tests_run_in_each_cell_of_a_matrix(server: WholeServer, python_image: str) -> None:
    repository = server.repositories / "matrix"
    repository.mkdir()
    (repository / "Dockerfile").write_text(DOCKERFILE)
    (repository / "check.py").write_text(CHECK)
    for words in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "first"]):
        identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
        subprocess.run(["git", *identity, *words], cwd=repository, check=True, capture_output=True)
    head = ["git", "rev-parse", "HEAD"]
    commit = subprocess.run(head, cwd=repository, check=True, capture_output=True, text=True).stdout.strip()
    project = server.project("matrix", source={"url": str(repository), "branch": "main"})
    cells = {"build": {}, "matrix": {"arguments": [{"WORD": "good"}, {"WORD": "bad"}, {"WORD": "fine"}]}}
    steps = [
        {"name": "Build", "actions": [{"name": "Build", "kind": "build-image", "properties": {"build": {}}}]},
        {
            "name": "Use",
            "actions": [
                {
                    "name": "Use",
                    "kind": "run-tests",
                    "properties": {
                        "image": "#{Octopus.Action[Build].Output.Image}",
                        "environment": {"SAID": "#{Octopus.Environment.Name}"},
                    },
                }
            ],
        },
        {"name": "Cells", "actions": [{"name": "Cells", "kind": "run-tests", "properties": cells}]},
    ]
    server.api("PUT", f"/projects/{project}/process", {"steps": steps})
    body = {"images": {}, "files": {}, "version": "1.0.0", "commit": commit}
    server.api("POST", f"/projects/{project}/releases", body)
    deployment = server.deployment(project, "1.0.0")
    ended = server.ended(deployment)
    lines = server.lines(deployment["task"])
    assert ended["code"] == "tests.failed" and "WORD=bad" in ended["reason"], (ended, lines)
    assert {"checked none Test", "checked good None", "checked bad None", "checked fine None"} <= set(lines), lines
    assert not server.containers(project)
