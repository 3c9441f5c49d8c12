"""Journeys of what begins by itself: times, packages, images, targets, runbooks; and freezes that hold it back."""

from __future__ import annotations

import hashlib
import http.client
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.journey.whole_server import ApiError, WholeServer, opened_server

SAYS = "echo \"#{Octopus.Machine.Name} has $(get_octopusvariable 'Octopus.Release.Number')\""
RUNBOOK = """\
steps:
  - name: Tidy
    target_tags: [web]
    actions:
      - {name: Tidy, kind: script, properties: {script: 'echo "WORD in #{Octopus.Environment.Name}"'}}
"""


@pytest.fixture(scope="module")
def server(docker_socket: Path, haproxy_binary: Path, registry_binary: Path) -> Iterator[WholeServer]:
    with opened_server(docker_socket) as opened:
        opened.program("fairlead", "targets", "add", "here", "-e", "Test", "-t", "web")
        yield opened


@pytest.fixture(scope="module")
def project(server: WholeServer) -> str:
    """Its process says which target has which release."""
    name = server.project("self")
    action = {"name": "Say", "kind": "script", "properties": {"script": SAYS}}
    step = {"name": "Say", "target_tags": ["web"], "actions": [action]}
    server.api("PUT", f"/projects/{name}/process", {"steps": [step]})
    return name


def say(server: WholeServer, *words: str, check: bool = True) -> Any:
    """A command's answer as data."""
    done = server.program("fairlead", "-o", "json", *words, check=check)
    return json.loads(done.stdout) if done.stdout.strip() else None


def soon(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


def push(server: WholeServer, folder: Path, name: str, version: str) -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("version.txt", version)
    file = folder / f"{name}.{version}.zip"
    file.write_bytes(held.getvalue())
    server.program("fairlead", "packages", "push", str(file))


def records(server: WholeServer, project: str, trigger: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.api("GET", f"/projects/{project}/triggers/{trigger}/evaluations")["items"]
    return found


def first(server: WholeServer, project: str, trigger: str, count: int = 1) -> dict[str, Any]:
    """The newest record, as soon as there are so many."""

    def look() -> dict[str, Any] | None:
        found = records(server, project, trigger)
        return found[0] if len(found) >= count else None

    found: dict[str, Any] = server.until(look, f"{trigger} was looked at {count} times", bound_s=30)
    return found


def in_state(server: WholeServer, id: str, state: str) -> Callable[[], dict[str, Any] | None]:
    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = server.api("GET", f"/deployments/{id}")
        return found if found["state"] == state else None

    return look


def test_a_release_for_later_begins_at_its_time_and_one_whose_time_is_over_does_not(
    server: WholeServer, project: str
) -> None:
    server.program("fairlead", "release", "create", "-p", project, "--version", "1.0.0", "--without-files")
    assert server.ended(server.deployment(project, "1.0.0"))["outcome"] == "live"
    wanted = {"version": "1.0.0", "environment": "Test", "force": True}
    path = f"/projects/{project}/deployments"
    for_later = server.api("POST", path, {**wanted, "at": soon(2)})
    assert for_later["state"] == "scheduled"
    assert server.ended(for_later)["outcome"] == "live"
    not_after = soon(3)
    missed = server.api("POST", path, {**wanted, "at": soon(2.9), "not_after": not_after})
    server.kill()
    server.until(lambda: soon(0) > not_after, "its time is over")
    server.start()
    ended = server.ended(missed)
    assert (ended["outcome"], ended["code"]) == ("refused", "deployment.expired")
    tomorrow = say(server, "deploy", "1.0.0", "-p", project, "--to", "Test", "--force", "--at", "1d")
    assert tomorrow["state"] == "scheduled"
    assert say(server, "deployments", "cancel", tomorrow["id"])["outcome"] == "cancelled"


def test_a_run_for_later_begins_at_its_time_though_the_server_is_killed_and_one_that_is_too_late_does_not(
    server: WholeServer, project: str, tmp_path: Path
) -> None:
    of, runs = ("-p", project), f"/projects/{project}/runbooks/Later/runs"
    (tmp_path / "later.yml").write_text(RUNBOOK.replace("WORD", "at last"))
    server.program("fairlead", "runbooks", "set", "Later", "--process", str(tmp_path / "later.yml"), *of)
    server.program("fairlead", "runbooks", "publish", "Later", *of)
    due, not_after = soon(10), soon(11)
    made = server.api("POST", runs, {"environment": "Test", "at": due})
    missed = server.api("POST", runs, {"environment": "Test", "at": due, "not_after": not_after})
    assert (made["state"], made["task"], missed["state"]) == ("scheduled", None, "scheduled")
    server.kill()
    server.until(lambda: soon(0) > not_after, "its time is over")
    server.start()

    def ended() -> list[dict[str, Any]] | None:
        found: list[dict[str, Any]] = server.api("GET", runs)["items"]
        return found if {one["state"] for one in found} <= {"succeeded", "refused"} else None

    late, ran = server.until(ended, "both ended", bound_s=60)
    assert (late["state"], late["code"], late["task"]) == ("refused", "runbook.expired", None)
    assert ran["state"] == "succeeded" and server.api("GET", f"/tasks/{ran['task']}")["begun_at"] >= due
    assert say(server, "runbooks", "run", "Later", "-e", "Test", "--at", "1d", *of)["state"] == "scheduled"
    assert say(server, "runbooks", "cancel", "Later", "3", *of)["state"] == "cancelled"


def test_an_approval_that_nobody_answers_expires(server: WholeServer) -> None:
    name = server.project("asked")
    action = {"name": "Say", "kind": "script", "properties": {"script": "true"}}
    step = {"name": "Say", "target_tags": ["web"], "actions": [action]}
    server.api("PUT", f"/projects/{name}/process", {"steps": [step], "no_target": "skip"})
    server.program("fairlead", "environments", "set", "Production", "--approval-expires", "2s")
    server.program("fairlead", "release", "create", "-p", name, "--version", "1.0.0", "--without-files")
    first = server.ended(server.deployment(name, "1.0.0"))
    assert first["outcome"] == "live", first

    def asked() -> dict[str, Any] | None:
        found = server.api("GET", f"/deployments?project={name}&environment=Production")["items"]
        return found[0] if found else None

    ended = server.ended(server.until(asked, "the lifecycle asks for an approval"))
    server.program("fairlead", "environments", "set", "Production", "--approval-expires", "0")
    assert (ended["outcome"], ended["code"], ended["task"]) == ("refused", "approval.expired", None)
    late = server.program("fairlead", "approve", ended["approval"], check=False)
    assert (late.returncode, "already expired" in late.stderr) == (1, True), late


def test_a_package_makes_one_release_though_the_server_is_killed_and_why_not_is_told(
    server: WholeServer, project: str, tmp_path: Path
) -> None:
    of = ("-p", project)
    server.program("fairlead", "triggers", "set", "Orders", "--kind", "package", "--watch", "Orders", *of)
    push(server, tmp_path, "Orders", "1.0.0")
    server.kill()
    server.start()
    made = first(server, project, "Orders")
    assert made["has_fired"], made
    version = made["reason"].removeprefix("made release ")
    assert server.ended(server.deployment(project, version))["outcome"] == "live"
    push(server, tmp_path, "Orders", "0.9.0")
    assert first(server, project, "Orders", 2)["code"] == "trigger.older"
    told = server.program("fairlead", "triggers", "why", "Orders", *of).stdout
    assert "older than 1.0.0" in told and "the package Orders 1.0.0 was pushed: fired" in told.replace("\n", " ")


def test_a_runbook_runs_as_it_was_published_by_hand_and_by_a_line_of_cron(
    server: WholeServer, project: str, tmp_path: Path
) -> None:
    of, file = ("-p", project), tmp_path / "tidy.yml"
    file.write_text(RUNBOOK.replace("WORD", "swept"))
    server.program("fairlead", "runbooks", "set", "Tidy", "--process", str(file), "-e", "Test", *of)
    server.program("fairlead", "runbooks", "publish", "Tidy", *of)
    file.write_text(RUNBOOK.replace("WORD", "not yet"))
    server.program("fairlead", "runbooks", "set", "Tidy", "--process", str(file), "-e", "Test", *of)
    run = server.program("fairlead", "runbooks", "run", "Tidy", "-e", "Test", "--wait", *of)
    assert "swept in Test" in run.stdout + run.stderr
    cron = ("--cron", "*/2 * * * * ?", "--action", "run-runbook", "--runbook", "Tidy", "--to", "Test")
    server.program("fairlead", "triggers", "set", "Often", *cron, *of)
    fired = first(server, project, "Often")
    server.program("fairlead", "triggers", "set", "Often", *cron, "--disable", *of)
    assert fired["has_fired"] and fired["task"]
    server.until(lambda: server.api("GET", f"/tasks/{fired['task']}")["state"] == "succeeded", "it ran")
    assert any("swept in Test" in line for line in server.lines(fired["task"]))


def test_a_freeze_holds_an_automatic_deployment_back_and_lets_it_go_when_it_ends(
    server: WholeServer, project: str
) -> None:
    until = soon(5)
    freeze = {"name": "Sale", "ends_at": until, "environments": ["Test"], "reason": "shops are full"}
    server.api("POST", "/freezes", freeze)
    version = server.api("POST", f"/projects/{project}/releases", {"images": {}, "files": {}})["version"]
    found = server.api("GET", f"/deployments?project={project}&state=scheduled")["items"]
    waits = next(one for one in found if one["version"] == version)
    assert waits["held_by"] == "Sale" and "shops are full" in waits["reason"]
    with pytest.raises(ApiError) as refused:
        server.api("POST", f"/projects/{project}/deployments", {"version": version, "environment": "Test"})
    assert "deployment.frozen" in refused.value.text
    ended = server.ended(waits, bound_s=30)
    assert ended["outcome"] == "live" and ended["held_by"] == ""
    assert datetime.fromisoformat(ended["committed_at"] or ended["ended_at"]) >= datetime.fromisoformat(until)


def test_a_target_that_comes_gets_what_is_live_there_alone(server: WholeServer, project: str) -> None:
    server.program("fairlead", "triggers", "set", "Machines", "--kind", "target", "--tag", "web", "-p", project)
    server.program("fairlead", "targets", "add", "here2", "-e", "Test", "-t", "web")
    fired = first(server, project, "Machines")
    assert fired["has_fired"] and fired["event"] == "here2 was added", fired
    ended = server.ended({"id": fired["deployment"]})
    lines = server.lines(ended["task"])
    assert ended["outcome"] == "live" and any("here2 has" in line for line in lines), lines
    assert not any("here has" in line for line in lines)


def put_image(server: WholeServer, tag: str) -> None:
    """An image without layers, pushed as an engine does."""
    connection = http.client.HTTPConnection("127.0.0.1", server.registry_port, timeout=30)
    name, config = f"/v2/{server.prefix}-ci/web", b"{}"
    digest = f"sha256:{hashlib.sha256(config).hexdigest()}"
    connection.request("POST", f"{name}/blobs/uploads/")
    begun = connection.getresponse()
    begun.read()
    place = urlsplit(begun.headers["Location"])
    octets = {"Content-Type": "application/octet-stream"}
    connection.request("PUT", f"{place.path}?{place.query}&digest={digest}", config, octets)
    assert connection.getresponse().read() == b""
    kind = "application/vnd.oci.image.manifest.v1+json"
    of = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest, "size": len(config)}
    manifest = {"schemaVersion": 2, "mediaType": kind, "config": of, "layers": []}
    connection.request("PUT", f"{name}/manifests/{tag}", json.dumps(manifest), {"Content-Type": kind})
    answer = connection.getresponse()
    assert answer.status == 201, answer.read()
    connection.close()


def test_a_newer_image_in_the_registry_makes_a_release_and_the_same_none(server: WholeServer, project: str) -> None:
    image, of = f"127.0.0.1:{server.registry_port}/{server.prefix}-ci/web", ("-p", project)
    for tag in ("1.0.0", "latest"):
        put_image(server, tag)
    server.program("fairlead", "triggers", "set", "Images", "--kind", "image", "--watch", image, "--poll", "10", *of)
    fired = first(server, project, "Images")
    assert fired["has_fired"], fired
    made = server.api("GET", f"/projects/{project}/releases/{fired['reason'].removeprefix('made release ')}")
    assert made["packages"][image] == "1.0.0", made
    again = server.program("fairlead", "triggers", "evaluate", "Images", *of, check=False)
    assert again.returncode == 1 and "no newer version" in again.stdout
