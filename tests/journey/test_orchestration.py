"""The example of orchestration: made by `fairlead apply` alone, and played from first release to Production."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.journey.whole_server import ROOT, WholeServer

HOUSE = ROOT / "examples" / "orchestration" / "house"
pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def server() -> Iterator[WholeServer]:
    """A server of its own that the example was applied to."""
    made = WholeServer()
    try:
        made.start()
        assert made.program("fairlead", "apply", str(HOUSE), "--plan", check=False).returncode == 3
        made.program("fairlead", "apply", str(HOUSE), "--yes")
        yield made
    finally:
        made.close()


def released(server: WholeServer, project: str, version: str, *more: str) -> None:
    server.program("fairlead", "release", "create", "-p", project, "--version", version, "--without-files", *more)


def live(server: WholeServer, project: str, version: str, environment: str, *, tenant: str = "") -> list[str]:
    """The log of the deployment, for the tenant or for nobody, once it is live."""

    def begun() -> dict[str, Any] | None:
        found = server.api("GET", f"/deployments?project={project}&environment={environment}")["items"]
        its = (one for one in found if (one["version"], one["tenant"]) == (version, tenant))
        return next((one for one in its if one["task"] or one["state"] == "ended"), None)

    ended = server.ended(server.until(begun, f"{version} goes to {environment}"))
    lines = server.lines(ended["task"])
    assert ended["outcome"] == "live", (ended, lines[-20:])
    return lines


def approve(server: WholeServer, project: str, version: str, *, tenant: str = "") -> None:
    wanted = (project, version, tenant, "waiting")

    def waiting() -> str | None:
        found = server.api("GET", "/approvals")["items"]
        named = ((one["project"], one["version"], one["tenant"], one["state"]) for one in found)
        return next((one["id"] for one, its in zip(found, named, strict=True) if its == wanted), None)

    server.program(
        "fairlead",
        "approve",
        server.until(waiting, f"{project} {version} waits for an approval"),
        "--note",
        "looks right",
    )


def machines(lines: list[str]) -> list[str]:
    """Which machines were reached, in the order in which they said so."""
    return list(
        dict.fromkeys(found[0] for line in lines if (found := re.findall(r"((?:live|test|staging)-\d)[: ]", line)))
    )


def test_it_is_applied_once_and_comes_back_as_it_was(server: WholeServer, tmp_path: Path) -> None:
    assert server.program("fairlead", "apply", str(HOUSE), "--plan").returncode == 0
    written = json.loads(server.program("fairlead", "-o", "json", "export", str(tmp_path)).stdout)
    assert {path.relative_to(HOUSE).as_posix() for path in HOUSE.rglob("*.yml")} <= set(written["written"])
    again = server.program("fairlead", "apply", str(tmp_path), "--plan")
    assert again.returncode == 0


def test_the_shop_goes_from_its_first_release_to_production(server: WholeServer) -> None:
    released(server, "shop", "1.0.0")
    assert any("for trial only" in line for line in live(server, "shop", "1.0.0", "Test"))
    live(server, "shop", "1.0.0", "Staging")
    approve(server, "shop", "1.0.0")
    lines = live(server, "shop", "1.0.0", "Production")
    assert sorted(machines(lines)) == ["live-1", "live-2", "live-3", "live-4"]
    assert any("live-3: open" in line for line in lines)
    assert any("begun by Example and Daughters" in line for line in lines)


def test_the_runbook_that_was_applied_runs_as_published_and_not_where_it_may_not(server: WholeServer) -> None:
    of = ("Stock-take", "-p", "shop")
    run = json.loads(server.program("fairlead", "-o", "json", "runbooks", "run", *of, "-e", "Production").stdout)
    server.until(lambda: server.api("GET", f"/tasks/{run['task']}")["state"] == "succeeded", "the runbook ran")
    lines = server.lines(run["task"])
    assert machines(lines) == ["live-1", "live-2", "live-3", "live-4"], "one after the other, by name"
    assert any("live-2: counted for Example and Daughters by Stock-take, open" in line for line in lines)
    elsewhere = server.program("fairlead", "runbooks", "run", *of, "-e", "Test", check=False)
    assert elsewhere.returncode != 0 and "runbook.environment" in elsewhere.stderr


def test_the_shops_tenant_gets_what_was_live_in_test(server: WholeServer) -> None:
    approve(server, "shop", "1.0.0", tenant="Harbour")
    lines = live(server, "shop", "1.0.0", "Production", tenant="Harbour")
    assert any("live-3: open until the last boat" in line for line in lines)
    its = server.api("GET", "/projects/shop/environments/Production?tenant=Harbour")
    assert (its["latest_version"], its["latest_outcome"]) == ("1.0.0", "live")
    assert not any("last boat" in line for line in live(server, "shop", "1.0.0", "Production"))


def test_a_hot_fix_leaves_staging_out(server: WholeServer) -> None:
    released(server, "shop", "1.0.1", "--channel", "Hot fixes")
    live(server, "shop", "1.0.1", "Test")
    approve(server, "shop", "1.0.1")
    live(server, "shop", "1.0.1", "Production")
    staged = server.api("GET", "/deployments?project=shop&environment=Staging")["items"]
    assert "1.0.1" not in {one["version"] for one in staged}


def newest(server: WholeServer, project: str, environment: str) -> dict[str, Any]:
    found: dict[str, Any] = server.api("GET", f"/deployments?project={project}&environment={environment}")["items"][0]
    return found


def asked(server: WholeServer) -> dict[str, Any]:
    def looked() -> dict[str, Any] | None:
        found = server.api("GET", "/interruptions?state=waiting")["items"]
        return next((one for one in found if one["project"] == "backoffice"), None)

    question: dict[str, Any] = server.until(looked, "somebody is asked")
    return question


def test_the_classic_backs_up_pauses_after_one_machine_and_deploys_another_project(server: WholeServer) -> None:
    released(server, "shop", "1.1.0")
    live(server, "shop", "1.1.0", "Test")
    live(server, "shop", "1.1.0", "Staging")
    released(server, "backoffice", "1.0.0")
    for environment in ("Test", "Staging"):
        lines = live(server, "backoffice", "1.0.0", environment)
        assert any("shop: 1.1.0 is the current release already" in line for line in lines)
    approve(server, "backoffice", "1.0.0")
    deployment = server.deployment("backoffice", "1.0.0", "Production")
    question = asked(server)
    before = server.lines(deployment["task"])
    assert machines(before) == ["live-1"] and any("backed up" in line for line in before)
    assert "backup-1.0.0.sql" in question["instructions"]
    server.program("fairlead", "interruptions", "answer", question["id"], "proceed", "--note", "well")

    def child() -> dict[str, Any] | None:
        found = newest(server, "shop", "Production")
        return found if found["parent"] == deployment["task"] else None

    asked_for = server.until(child, "the shop is asked for")
    assert (asked_for["version"], asked_for["state"]) == ("1.1.0", "waiting")
    server.until(lambda: newest(server, "backoffice", "Production")["state"] == "paused", "the parent waits")
    approve(server, "shop", "1.1.0")
    lines = live(server, "backoffice", "1.0.0", "Production")
    assert sorted(machines(lines)) == ["live-1", "live-2", "live-3", "live-4"]
    assert newest(server, "shop", "Production")["outcome"] == "live"
    assert any("shop 1.1.0 is there: True" in line for line in lines)
    assert any("begun by Example and Daughters" in line for line in lines)


def test_a_parent_that_is_cancelled_takes_its_child_with_it_over_a_death(server: WholeServer) -> None:
    released(server, "shop", "1.2.0")
    live(server, "shop", "1.2.0", "Test")
    live(server, "shop", "1.2.0", "Staging")
    released(server, "backoffice", "1.1.0")
    live(server, "backoffice", "1.1.0", "Test")
    live(server, "backoffice", "1.1.0", "Staging")
    approve(server, "backoffice", "1.1.0")
    deployment = server.deployment("backoffice", "1.1.0", "Production")
    server.program("fairlead", "interruptions", "answer", asked(server)["id"], "proceed")
    server.until(lambda: newest(server, "shop", "Production")["parent"] == deployment["task"], "the shop is asked for")
    server.kill()
    server.start()
    assert newest(server, "shop", "Production")["state"] == "waiting"
    server.program("fairlead", "cancel", deployment["task"])
    ended = server.ended(server.deployment("backoffice", "1.1.0", "Production"))
    assert ended["outcome"] == "cancelled"
    assert newest(server, "shop", "Production")["outcome"] == "cancelled"
    children = server.api("GET", "/deployments?project=shop&environment=Production")["items"]
    assert len([one for one in children if one["parent"] == deployment["task"]]) == 1


WELL = """
steps:
  - name: Who is well
    target_tags: [till]
    actions:
      - name: Who is well
        kind: health-check
        properties: {script: "test -d / || fail_healthcheck gone", on_unhealthy: exclude}
  - name: Open
    target_tags: [till]
    actions: [{name: Open, kind: script, properties: {script: 'echo "#{Octopus.Machine.Name} is open"'}}]
  - name: Tell
    actions:
      - name: Tell
        kind: script
        properties: {script: 'echo "till-2: #{Octopus.Action[Who is well].Output[till-2].Health}"'}
"""


def test_who_does_not_answer_is_left_out_of_the_rest(server: WholeServer, tmp_path: Path) -> None:
    for name, more in (("till-1", ()), ("till-2", ("--ssh", "nobody@127.0.0.1:1"))):
        server.program("fairlead", "targets", "add", name, "-e", "Test", "-t", "till", *more)
    server.api("POST", "/projects", {"name": "tills"})
    server.program("fairlead", "policy", "allow", "script:server", "--project", "tills")
    (tmp_path / "process.yml").write_text(WELL)
    server.program("fairlead", "process", "set", str(tmp_path / "process.yml"), "-p", "tills")
    released(server, "tills", "1.0.0")
    lines = live(server, "tills", "1.0.0", "Test")
    assert any("till-1 is open" in line for line in lines)
    assert not any("till-2 is open" in line for line in lines)
    assert any("till-2: unavailable" in line for line in lines)
