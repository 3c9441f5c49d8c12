"""Journeys of a whole server: killed, cancelled, rolled back, given bad releases; looked at from outside."""

import http.client
import json
import re
import shutil
import sqlite3
import subprocess
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from examples.demo.observe import differences
from tests.journey.spellings import spellings_of
from tests.journey.whole_server import PROGRAMS, ApiError, Visitors, WholeServer, opened_server, write_application

CANCEL_BOUND_S = 20.0
HEALTHY = "    port: 8080\n    health: {http: /}\n"


@pytest.fixture(scope="module")
def server(
    docker_socket: Path, python_image: str, haproxy_binary: Path, registry_binary: Path
) -> Iterator[WholeServer]:
    with opened_server(docker_socket) as opened:
        yield opened


@pytest.fixture(scope="module")
def image(server: WholeServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    return server.push_image(write_application(tmp_path_factory.mktemp("web")), "web")


def web(project: str, version: str, *, more: str = "", environment: str = "", tests: str = "") -> str:
    """A project file: one service, and tests where `tests` gives their environment."""
    text = f"project: {project}\nservices:\n  web:\n{HEALTHY}{more}"
    text += f'    environment: {{VERSION: "{version}"{environment}}}\n'
    if tests:
        text += f"tests:\n  build: .\n  command: [python3, /app/checks.py]\n  environment: {{{tests}}}\n"
    return text


def host(project: str) -> str:
    return f"web.{project}.test.localhost"


def colours(server: WholeServer, project: str) -> set[str]:
    """What the names of the standing containers say of their slot and deployment."""
    return {name.partition("_web.")[2].rpartition(".")[0] for name in server.containers(project)}


# A server that dies


def _in_start(server: WholeServer, project: str, task: str) -> Callable[[], Any]:
    return server.phase(task, "start")


def _in_tests(server: WholeServer, project: str, task: str) -> Callable[[], Any]:
    return server.phase(task, "pre-integration")


def _switched(server: WholeServer, project: str, task: str) -> Callable[[], Any]:
    proxy, before = server.proxy, server.proxy.routes(host(project))
    return lambda: proxy.routes(host(project)) != before


@pytest.mark.parametrize("moment", [_in_start, _in_tests, _switched])
def test_a_deployment_survives_the_death_of_its_server(
    server: WholeServer, image: str, moment: Callable[[WholeServer, str, str], Callable[[], Any]]
) -> None:
    project = server.project(f"death{moment.__name__.replace('_', '-')}")
    server.live(project, web(project, "a"), image)
    with Visitors(server, host(project)) as visitors:
        second = web(project, "b", tests='TEST_S: "1"')
        deployment = server.deployment(project, server.release(project, second, image, test_image=image))
        server.until(moment(server, project, deployment["task"]), moment.__name__)
        server.kill()
        server.start()
        ended = server.ended(deployment)
        told = visitors.end()
    assert ended["outcome"] == "live", ended
    assert told["failed"] == 0, told
    assert set(told["versions"]) == {"a", "b"}
    assert server.get(host(project)) == (200, "b")
    assert len(server.containers(project)) == 1
    assert len(colours(server, project)) == 1
    assert len(server.engine.networks(project, "Test")) == 2  # the environment's and one slot's


def test_a_cancelled_deployment_comes_back_in_bounded_time(server: WholeServer, image: str) -> None:
    project = server.project("cancel")
    server.live(project, web(project, "a"), image)
    before = server.capture(project, "Test", host(project))
    second = web(project, "b", tests='TEST_S: "600"')
    deployment = server.deployment(project, server.release(project, second, image, test_image=image))
    server.until(lambda: any("checking" in line for line in server.lines(deployment["task"])), "the tests run")
    asked = time.monotonic()
    server.api("POST", f"/tasks/{deployment['task']}/cancel")
    ended = server.ended(deployment)
    took_s = time.monotonic() - asked
    assert ended["outcome"] == "cancelled", ended
    assert took_s < CANCEL_BOUND_S
    assert differences(before, server.capture(project, "Test", host(project))) == []
    assert server.api("GET", f"/tasks/{deployment['task']}")["differences"] == []
    assert server.get(host(project)) == (200, "a")


# Going back


def test_what_stands_by_is_back_by_a_switch_alone_and_ended_before_the_next(server: WholeServer, image: str) -> None:
    project = server.project("standby")
    standing = "    standby: 10m\n"
    first = server.live(project, web(project, "a", more=standing), image)
    server.live(project, web(project, "b", more=standing), image)
    assert len(server.containers(project)) == 2
    back = server.ended(server.api("POST", f"/projects/{project}/rollback", {"environment": "Test"}))
    task = server.api("GET", f"/tasks/{back['task']}")
    assert (back["outcome"], back["version"]) == ("live", first["version"])
    assert server.get(host(project)) == (200, "a")
    assert not {"start", "acquire", "migrate"} & {phase["name"] for phase in task["phases"]}
    third = server.live(project, web(project, "c", more=standing), image)
    task = server.api("GET", f"/tasks/{third['task']}")
    names = [phase["name"] for phase in task["phases"]]
    assert names.index("end-standby") < names.index("start")
    assert any("is ended first" in note for note in task["notes"])
    assert server.get(host(project)) == (200, "c")
    slots = {slot["version"]: slot["state"] for slot in server.place(project)["slots"].values()}
    assert slots == {first["version"]: "standby", third["version"]: "live"}


# Releases that others make


def test_your_own_ci_makes_the_release(server: WholeServer, image: str, tmp_path: Path) -> None:
    project = server.project("own-ci")
    (tmp_path / "fairlead.yml").write_text(web(project, "from-ci"))
    made = ["release", "create", "--project", project, "--image", f"web={image}", "--files", str(tmp_path)]
    server.program("fairlead", *made)
    listed = server.api("GET", f"/projects/{project}/releases")["items"]
    ended = server.ended(server.deployment(project, listed[0]["version"]))
    assert ended["outcome"] == "live", ended
    assert server.get(host(project)) == (200, "from-ci")
    running = next(iter(server.engine.get("/containers/json", filters={"label": [f"io.fairlead.project={project}"]})))
    assert image in (running["Image"], *_digests(server, running["ImageID"]))


def test_an_image_that_is_pushed_to_the_registry_makes_the_release(
    server: WholeServer, tmp_path: Path, python_image: str
) -> None:
    project, folder = server.project("pushed"), write_application(tmp_path / "web")
    first = server.push_image(folder, "pushed")
    server.live(project, web(project, "by-push"), first)
    with (folder / "app.py").open("a") as program:
        program.write("# changed\n")
    second = server.push_image(folder, "pushed", "7.0.0")
    ended = server.ended(server.deployment(project, "7.0.0"))
    assert ended["outcome"] == "live", ended
    made = server.api("GET", f"/projects/{project}/releases/7.0.0")
    assert (made["images"], made["created_by"]) == ({"web": second}, "fairlead")
    assert "pushed:7.0.0" in made["notes"]
    assert second != first and server.get(host(project)) == (200, "by-push")
    running = next(iter(server.engine.get("/containers/json", filters={"label": [f"io.fairlead.project={project}"]})))
    assert second in (running["Image"], *_digests(server, running["ImageID"]))
    server.push_image(folder, "pushed", "7.0.1")  # the same bytes under another tag are no news
    url = urlsplit(server.api("GET", "/registry-notifications")["url"])
    for authorization in ("", "Bearer wrong"):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        connection.request("POST", url.path, b'{"events": []}', {"Authorization": authorization})
        assert connection.getresponse().status == 401
        connection.close()
    assert len(server.api("GET", f"/projects/{project}/releases")["items"]) == 2


def _digests(server: WholeServer, image: str) -> list[str]:
    found: list[str] = server.engine.get(f"/images/{image}/json")["RepoDigests"]
    return found


def test_an_image_that_does_not_listen_on_its_port_is_said_so_and_undone(server: WholeServer, image: str) -> None:
    project = server.project("deaf")
    server.live(project, web(project, "a"), image)
    before = server.capture(project, "Test", host(project))
    text = web(project, "b", environment=', PORT: "9999"').replace("{http: /}", "{http: /, within: 3s}")
    ended = server.ended(server.deployment(project, server.release(project, text, image)))
    task = server.api("GET", f"/tasks/{ended['task']}")
    assert ended["outcome"] == "rolled_back", ended
    told = " ".join([ended["reason"], ended["hint"], *task["evidence"]])
    assert "8080" in told
    assert "9999" in told
    assert "serving b on 9999" in told
    assert differences(before, server.capture(project, "Test", host(project))) == []
    assert task["differences"] == []
    assert server.get(host(project)) == (200, "a")


def test_two_projects_cannot_have_one_route(server: WholeServer, image: str) -> None:
    mine, yours = server.project("mine"), server.project("yours")
    shared = f'    route: {{host: "{server.prefix}.example.com"}}\n'
    server.live(mine, web(mine, "mine", more=shared), image)
    before = server.capture(yours, "Test", host(yours))
    version = server.release(yours, web(yours, "yours", more=shared), image)
    [not_begun] = server.api("GET", f"/deployments?project={yours}")["items"]
    assert (not_begun["outcome"], not_begun["code"], not_begun["version"]) == ("refused", "route.taken", version)
    assert mine in not_begun["reason"]
    assert mine in server.program("fairlead", "status", "--project", yours, "--environment", "Test").stdout
    with pytest.raises(ApiError, match=r"route\.taken") as refused:
        server.api("POST", f"/projects/{yours}/deployments", {"version": version, "environment": "Test"})
    assert refused.value.status == 409
    assert mine in refused.value.text
    assert server.get(f"test.{server.prefix}.example.com") == (200, "mine")
    assert differences(before, server.capture(yours, "Test", host(yours))) == []
    assert server.containers(yours) == {}


def test_a_changed_accessory_is_noted_and_made_again_only_when_asked(server: WholeServer, image: str) -> None:
    project = server.project("accessory")

    def text(version: str, size: str) -> str:
        return web(project, version) + f'  cache:\n    accessory: true\n    environment: {{SIZE: "{size}"}}\n'

    images = {"web": image, "cache": image}
    server.live(project, text("a", "1"), image, images=images)
    cache = _cache(server, project)
    second = server.live(project, text("b", "2"), image, images=images)
    notes = server.api("GET", f"/tasks/{second['task']}")["notes"]
    assert any("cache has a changed definition" in note for note in notes)
    assert _cache(server, project) == cache
    words = ["deploy", second["version"], "--to", "Test", "--project", project, "--wait", "--force"]
    server.program("fairlead", *words, "--recreate-accessory", "cache")
    assert _cache(server, project) != cache
    assert len(server.containers(project)) == 2


def _cache(server: WholeServer, project: str) -> str:
    return next(str(whole["id"]) for name, whole in server.containers(project).items() if "cache" in name)


# What runs


def test_logs_shows_the_live_output(server: WholeServer, image: str) -> None:
    project = server.project("logs")
    server.live(project, web(project, "talks"), image)
    words = ["logs", "web", "--environment", "Test", "--project", project]
    assert "serving talks on 8080" in server.program("fairlead", *words).stdout
    following = subprocess.Popen(
        [PROGRAMS / "fairlead", *words, "--follow", "--tail", "1"],
        env=server.environment() | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert following.stdout is not None
        assert "alive talks" in following.stdout.readline()
    finally:
        following.kill()
        following.wait(30)
        if following.stdout is not None:
            following.stdout.close()


# Secrets, and what is others'


PLANTED = 'plant3d "9f/27+ab" väl%ue&of=the secret'


@dataclass(frozen=True)
class Story:
    """A project with a secret, through all that may happen to it; and what stood beside it, before and after."""

    project: str
    ended: dict[str, dict[str, Any]]
    beside_before: dict[str, bytes]
    beside_after: dict[str, bytes]


@pytest.fixture(scope="module")
def story(server: WholeServer, image: str) -> Iterator[Story]:
    """Deployed, replaced, failed, rolled back, tidied: the secret is printed by everybody who is given it."""
    beside = server.project("beside")
    server.live(beside, web(beside, "beside"), image)
    with strangers(server) as names:
        before = _beside(server, beside, names)
        project = server.project("secret")
        server.raw(
            "PUT", f"/projects/{project}/variables/Token", {"value": PLANTED, "secret": True, "environments": []}
        )
        told = ', TOKEN: "#{Token}"'
        tests = 'TOKEN: "#{Token}", TEST_S: "0"'
        more = "    secrets: [token]\n"
        secret = "secrets:\n  token: {environment: Token}\n"
        dying = '    command: [sh, -c, "echo $TOKEN; echo $TOKEN >&2; exit 3"]\n    restart: "no"\n'
        texts = {
            "a": web(project, "a", environment=told, more=more),
            "b": web(project, "b", environment=told, more=more, tests=tests),
            "dies": web(project, "dies", environment=told, more=more + dying),
        }
        ended = {
            name: server.ended(
                server.deployment(project, server.release(project, text + secret, image, test_image=image))
            )
            for name, text in texts.items()
        }
        ended["back"] = server.ended(server.api("POST", f"/projects/{project}/rollback", {"environment": "Test"}))
        server.program("fairlead", "tasks", "retention", "--wait")
        yield Story(project, ended, before, _beside(server, beside, names))


@contextmanager
def strangers(server: WholeServer) -> Iterator[list[tuple[str, str]]]:
    """A container, a network and a volume that carry no label of ours."""
    name = f"{server.prefix}-foreign"
    docker = server.docker

    def call(*words: str) -> None:
        subprocess.run([*docker, *words], check=True, capture_output=True, timeout=60)

    call("network", "create", name)
    call("volume", "create", name)
    call(
        "run", "-d", "--name", name, "--network", name, "-v", f"{name}:/data", "fairlead-base-python:1", "sleep", "900"
    )
    try:
        yield [("container", name), ("network", name), ("volume", name)]
    finally:
        call("rm", "-f", name)
        call("network", "rm", name)
        call("volume", "rm", name)


def _beside(server: WholeServer, project: str, names: list[tuple[str, str]]) -> dict[str, bytes]:
    """All that is not the story's, byte for byte: as the engine inspects it, and as the proxy's own socket tells it."""
    held = [("container", name) for name in server.containers(project)]
    held += [("network", name) for name in server.engine.networks(project, "Test")]
    found = {
        f"{kind} {name}": subprocess.run(
            [*server.docker, kind, "inspect", name], check=True, capture_output=True, timeout=60
        ).stdout
        for kind, name in [*names, *held]
    }
    (line,) = server.proxy.routes(host(project))
    backend = line.split()[-1].partition(":")[0]
    found["route"] = line.encode()
    rows = [line.split(" ") for line in server.proxy.ask(f"show servers state {backend}").splitlines()]
    found["servers"] = "\n".join(" ".join(row[:9] + row[10:]) for row in rows).encode()  # but for how long it is so
    return found


def test_what_is_others_stays_as_it_is_byte_for_byte(server: WholeServer, story: Story) -> None:
    assert {name: one["outcome"] for name, one in story.ended.items()} == {
        "a": "live",
        "b": "live",
        "dies": "rolled_back",
        "back": "live",
    }
    assert len(story.beside_before) == 8
    assert story.beside_after == story.beside_before


def test_each_deployment_is_certified_and_says_what_its_users_met(server: WholeServer, story: Story) -> None:
    for name, one in story.ended.items():
        certificate = server.api("GET", f"/deployments/{one['id']}/certificate")
        assert certificate["differences"] == [], (name, certificate)
        assert certificate["is_as_announced" if one["outcome"] == "live" else "is_as_it_was"] is True
    back = server.program("fairlead", "deployments", "certificate", story.ended["dies"]["id"])
    assert back.stdout.startswith("all is as it was before")
    switch = server.api("GET", f"/deployments/{story.ended['b']['id']}")["switch"]
    assert (switch["failed"], switch["cut"], switch["is_whole"]) == (0, 0, True)
    assert switch["said"] in server.program("fairlead", "deployments", "show", story.ended["b"]["id"]).stdout
    assert any(switch["said"] in line for line in server.lines(story.ended["b"]["task"]))


def test_a_secret_is_in_the_container_and_nowhere_else(server: WholeServer, story: Story, tmp_path: Path) -> None:
    """In no table, file, log or answer, in no spelling; the log shows where it was printed, masked."""
    name = next(iter(server.containers(story.project)))
    inside = subprocess.run(
        [*server.docker, "exec", name, "sh", "-c", "echo $TOKEN; cat /run/secrets/token"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert inside.stdout.splitlines() == [PLANTED, PLANTED], inside
    task = server.api("GET", f"/tasks/{story.ended['dies']['task']}")
    assert "•••" in json.dumps(task, ensure_ascii=False) + "\n".join(server.lines(task["id"]))
    everywhere = [_answers(server, story), _cells(server, tmp_path), _files(server)]
    held = {where: content for one in everywhere for where, content in one.items()}
    assert len(held) > 100
    assert all(any(story.project.encode() in content for content in one.values()) for one in everywhere)
    assert any(where.endswith(".log") and "•••".encode() in content for where, content in everywhere[0].items())
    forms = spellings_of(PLANTED)
    assert [(where, form) for where, content in held.items() for form in forms if form in content] == []


def _answers(server: WholeServer, story: Story) -> dict[str, bytes]:
    """What every GET of the API answers about the story, and every page of the tasks' logs."""
    last = story.ended["back"]
    values = {"project": [story.project], "environment": ["Test"], "version": [last["version"]], "name": ["Token"]}
    paths = json.loads(server.raw("GET", "/openapi.json"))["paths"]
    found: dict[str, bytes] = {}
    for path in (path.removeprefix("/api/v1") for path, verbs in paths.items() if "get" in verbs):
        ids = [one["task" if path.startswith("/tasks") else "id"] for one in story.ended.values()]
        for words in product(*(values.get(slot, ids) for slot in re.findall(r"{(\w+)}", path))):
            asked = re.sub(r"{\w+}", "{}", path).format(*words)
            try:
                more = f"version={last['version']}&environment=Test&limit=200"
                found[f"GET {asked}"] = server.raw("GET", f"{asked}?{more}")
            except ApiError as error:
                found[f"GET {asked}"] = error.text.encode()
    for one in story.ended.values():
        for left in server.api("GET", f"/tasks/{one['task']}/artifacts")["items"]:
            asked = f"/tasks/{one['task']}/artifacts/{urllib.parse.quote(left['name'])}"
            found[f"GET {asked}"] = server.raw("GET", asked)
    return found


def _cells(server: WholeServer, folder: Path) -> dict[str, bytes]:
    """Every row of every table, the engine's too, from a copy of the books."""
    for path in server.data_dir.glob("fairlead.db*"):
        shutil.copy(path, folder / path.name)
    connection = sqlite3.connect(folder / "fairlead.db")
    try:
        connection.text_factory = bytes
        tables = [name.decode() for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")]
        assert {"tasks", "workflow_status"} <= set(tables)
        return {
            f"table {table}": b"\n".join(
                cell if isinstance(cell, bytes) else str(cell).encode()
                for row in connection.execute(f'SELECT * FROM "{table}"')
                for cell in row
            )
            for table in tables
        }
    finally:
        connection.close()


def _files(server: WholeServer) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for path in server.data_dir.rglob("*"):
        if path.is_file():
            with suppress(FileNotFoundError):  # gone since it was listed
                found[str(path)] = path.read_bytes()
    assert any(name.endswith("server.log") for name in found)
    return found


# PostgreSQL


def test_a_server_on_postgresql_deploys(
    docker_socket: Path, python_image: str, postgres_url: str, tmp_path: Path
) -> None:
    with opened_server(docker_socket, settings={"FAIRLEAD_DATABASE_URL": postgres_url}) as opened:
        image = opened.push_image(write_application(tmp_path / "web"), "web")
        project = opened.project("elephant")
        opened.live(project, web(project, "a"), image)
        opened.live(project, web(project, "b"), image)
        assert opened.get(host(project)) == (200, "b")
        assert not (opened.data_dir / "fairlead.db").exists()
