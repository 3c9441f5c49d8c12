"""A journey of two tenants: one project, deployed blue-green for each beside the other, and one rolled back alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.journey.whole_server import ApiError, WholeServer, opened_server, write_application

FILE = """\
project: {project}
services:
  web:
    port: 8080
    health: {{http: /, within: 20s}}
    command: [python3, /app/app.py]
    standby: 10m
    environment: {{VERSION: "{version} of #{{Octopus.Deployment.Tenant.Name}} in #{{Site}}"}}
    route: {{host: "#{{Octopus.Deployment.Tenant.Slug}}.{project}.test", path: /}}
    shared_volumes: true
    volumes: ["data:/data"]
volumes: {{data: {{}}}}
"""
pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def server(
    docker_socket: Path, python_image: str, haproxy_binary: Path, registry_binary: Path
) -> Iterator[WholeServer]:
    with opened_server(docker_socket) as opened:
        yield opened


def test_two_tenants_side_by_side_and_one_goes_back_alone(server: WholeServer, tmp_path: Path) -> None:
    image = server.push_image(write_application(tmp_path), "shop")
    project = server.project("shop")

    def fairlead(*words: str, code: int = 0) -> Any:
        done = server.program("fairlead", "-o", "json", *words, check=False)
        assert done.returncode == code, (words, done)
        return json.loads(done.stdout) if done.stdout.strip() else None

    fairlead("projects", "set", project, "--tenancy", "tenanted")
    fairlead("tenants", "set-tags", "Region", "EU", "US")
    for name, tag in (("Acme Ltd", "Region/EU"), ("bolt", "Region/US")):
        fairlead("tenants", "set", name, "--tag", tag, "--connect", f"{project}=Test")
    fairlead("variables", "set", "Site=elsewhere", "-p", project)
    fairlead("variables", "set", "Site=europe", "-p", project, "--tenant-tag", "Region/EU")

    # A release goes to Test by itself for each of them, side by side
    def live(version: str, tenant: str) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            found = server.api("GET", f"/deployments?project={project}&tenant={tenant.replace(' ', '%20')}")["items"]
            return next((one for one in found if one["version"] == version and one["state"] == "ended"), None)

        ended: dict[str, Any] = server.until(look, f"{version} ends for {tenant}")
        assert (ended["outcome"], ended["tenant"]) == ("live", tenant), ended
        return ended

    first = server.release(project, FILE.format(project=project, version="one"), image)
    for tenant in ("Acme Ltd", "bolt"):
        live(first, tenant)
    places = {name: fairlead("status", "-p", project, "-e", "Test", "--tenant", name) for name in ("Acme Ltd", "bolt")}
    hosts = {name: place["routes"][0]["host"] for name, place in places.items()}
    assert hosts["bolt"] == f"bolt.{project}.test" and len(set(hosts.values())) == 2
    assert server.get(hosts["Acme Ltd"]) == (200, "one of Acme Ltd in europe")
    assert server.get(hosts["bolt"]) == (200, "one of bolt in elsewhere")

    # The next release replaces both blue-green
    second = server.release(project, FILE.format(project=project, version="two"), image)
    for tenant in ("Acme Ltd", "bolt"):
        live(second, tenant)
    assert server.get(hosts["Acme Ltd"]) == (200, "two of Acme Ltd in europe")
    assert server.get(hosts["bolt"]) == (200, "two of bolt in elsewhere")
    names = {name: set(server.containers(project, f"Test/{name}")) for name in hosts}
    assert all(len(its) == 2 for its in names.values())  # the live one, and the one that stands by
    assert not names["bolt"] & names["Acme Ltd"]
    assert all(f"{project}-test.bolt_web." in name for name in names["bolt"])
    assert server.containers(project) == {}  # nothing is nobody's
    volumes = server.engine.get("/volumes", filters={"label": [f"io.fairlead.project={project}"]})["Volumes"]
    assert sorted(volume["Labels"]["io.fairlead.tenant"] for volume in volumes) == ["Acme Ltd", "bolt"]

    # One goes back, and nothing of the other is touched
    before = server.capture(project, "Test/Acme Ltd", hosts["Acme Ltd"])
    fairlead("rollback", "-e", "Test", "-p", project, "--tenant", "bolt")
    assert server.get(hosts["bolt"]) == (200, "one of bolt in elsewhere")
    assert server.get(hosts["Acme Ltd"]) == (200, "two of Acme Ltd in europe")
    assert server.capture(project, "Test/Acme Ltd", hosts["Acme Ltd"]) == before

    # Nobody in particular is refused, in words; tags mean each of theirs; one is ended alone
    with pytest.raises(ApiError) as refused:
        server.api("POST", f"/projects/{project}/deployments", {"version": second, "environment": "Test"})
    assert "tenant.required" in refused.value.text
    words = ("deploy", second, "--to", "Test", "-p", project, "--tenant-tag", "Region/US", "--force")
    assert [one["tenant"] for one in fairlead(*words)["made"]] == ["bolt"]
    server.until(lambda: server.get(hosts["bolt"])[1].startswith("two"), "bolt has the second again")
    live(second, "bolt")
    fairlead("retire", "-e", "Test", "-p", project, "--tenant", "bolt", "--yes")
    assert server.containers(project, "Test/bolt") == {}
    assert server.get(hosts["bolt"])[0] in (404, 503)
    assert server.get(hosts["Acme Ltd"]) == (200, "two of Acme Ltd in europe")
    assert server.capture(project, "Test/Acme Ltd", hosts["Acme Ltd"]) == before
