"""A journey of who has to find out: a plan, commands in what is live, a release that fails and is kept, and why."""

import json
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from tests.journey.whole_server import WholeServer, opened_server, write_application

FILE = """\
project: %s
services:
  web:
    port: 8080
    health: {http: /, within: %s}
    command: %s
    environment: {VERSION: "%s", PASSWORD: "#{Desk.Password}"}
"""
RUNS = "[python3, /app/app.py]"
DIES = '["python3", "-u", "-c", "import os; print(\'no database\', os.environ[\'PASSWORD\']); os._exit(3)"]'


@pytest.fixture(scope="module")
def server(
    docker_socket: Path, python_image: str, haproxy_binary: Path, registry_binary: Path
) -> Iterator[WholeServer]:
    with opened_server(docker_socket) as opened:
        yield opened


def test_a_plan_commands_a_failure_that_is_kept_and_why(server: WholeServer, tmp_path: Path) -> None:
    image = server.push_image(write_application(tmp_path), "desk")
    project = server.project("desk")

    def fairlead(*words: str, stdin: str | None = None) -> CompletedProcess[str]:
        return server.program("fairlead", *words, check=False, stdin=stdin)

    def told(*words: str) -> Any:
        return json.loads(fairlead("-o", "json", *words).stdout)

    where = ("-e", "Test", "-p", project)
    assert fairlead("variables", "set", "Desk.Password=s3cret-word", "--secret", "-p", project).returncode == 0
    first = server.live(project, FILE % (project, "20s", RUNS, "one"), image)
    before = server.containers(project)

    # Commands
    command = "echo $VERSION $PASSWORD; echo oops >&2; exit 3"
    for verb, code in (("run", 3), ("exec", 3)):
        said = fairlead(verb, "web", *where, "--", "sh", "-c", command)
        assert said.returncode == code, said
        assert said.stdout == "one •••\n"
        assert "oops" in said.stderr
    assert server.containers(project) == before
    given = "".join(f"line {number} of what is piped\n" for number in range(20_000))
    for verb in ("run", "exec"):
        said = fairlead(verb, "web", *where, "--stdin", "--", "sh", "-c", "wc -c; echo its end came", stdin=given)
        assert (said.returncode, said.stdout.split()[0]) == (0, str(len(given))), said
        assert "its end came" in said.stdout
        said = fairlead(verb, "web", *where, "-i", "--", "sh", "-c", "head -n 1", stdin=given)  # it reads no more
        assert (said.returncode, said.stdout) == (0, "line 0 of what is piped\n"), said
    assert server.containers(project) == before

    # A plan
    same = fairlead("plan", first["version"], "Test", "-p", project, "--no-steps")
    assert same.returncode == 0, same
    version = server.release(project, FILE % (project, "20s", DIES, "two"), image)
    failed = server.ended(server.deployment(project, version))
    assert failed["outcome"] == "rolled_back"
    assert server.containers(project) == before
    plan = fairlead("plan", version, "Test", "-p", project, "--no-steps")
    assert plan.returncode == 3, plan
    for part in ("VERSION: 'one' → 'two'", "PASSWORD: a secret, unchanged", "set map", "+ make", "web: command: was"):
        assert part in plan.stdout, (part, plan.stdout)

    # A failure, kept
    words = ("deploy", version, "--to", "Test", "-p", project, "--force", "--keep-failed", "600", "--wait")
    assert fairlead(*words).returncode == 1
    kept = set(server.containers(project)) - set(before)
    assert len(kept) == 1
    asked = told("deployments", "list", "-p", project)[0]
    assert asked["status"] == "rolled_back"
    certificate = told("tasks", "show", asked["task"])["facts"]["certificate"]
    assert certificate["is_as_it_was"] is True
    assert len(certificate["announced"]) == 3

    # Why
    why = fairlead("why", "deployment", asked["id"]).stdout
    for part in (
        "ended by itself with 3",
        "no database •••",
        "unhealthy",
        "admin asked to keep",
        "asked for it",
    ):
        assert part in why, (part, why)
    value = fairlead("why", "value", "Desk.Password", *where).stdout
    assert "a secret (version" in value and "s3cret-word" not in value + why + plan.stdout

    # The next deployment ends what was kept
    nextly = server.live(project, FILE % (project, "20s", RUNS, "three"), image)
    assert nextly["outcome"] == "live"
    assert not kept & set(server.containers(project))
