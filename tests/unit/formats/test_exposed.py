"""A port that only the Dockerfile tells."""

from textwrap import dedent

import pytest
from tests.unit.formats.projects import compiled, one_service, problem, problems, repository

from fairlead.domain.service import HttpProbe, Role, RunningProbe, TcpProbe
from fairlead.formats.project import read_outline, validate

EXPOSES = "FROM x\nEXPOSE 8000\n"


@pytest.mark.parametrize(
    "keys", ["route: {host: www.example.com}", "route: true", "routes: [{path: /a}]", "build: .\nroute: true", "{}"]
)
def test_a_dockerfile_that_exposes_one_port_needs_no_port_in_the_file(keys: str) -> None:
    text = one_service(keys) if keys != "{}" else "project: books\nservices:\n  web: {}\n"
    files = repository(text, Dockerfile=EXPOSES)
    web = compiled(files).service("web")
    assert (web.role, web.port, web.health.probe, len(web.routes)) == (Role.ROUTED, 8000, TcpProbe(), 1)
    assert validate(files) == ((), ())


def test_the_dockerfile_travels_in_the_release_so_that_a_deployment_finds_the_same_port() -> None:
    files = repository(one_service("route: true\nbuild: {context: app, dockerfile: Web}"), app__Web=EXPOSES)
    carried = read_outline(files, is_whole=True).carried
    assert "app/Web" in carried
    kept = {path: files[path] for path in carried}
    assert compiled(kept, images={"web": "r/web@sha256:" + "a" * 64}).service("web").port == 8000


def test_the_stage_that_is_built_and_its_arguments_count() -> None:
    text = "ARG BASE=x\nFROM $BASE AS one\nARG PORT=1\nEXPOSE $PORT\nFROM y AS two\nEXPOSE 2\n"
    keys = 'route: true\nbuild: {context: ., target: one, args: {PORT: "7000"}}'
    assert compiled(repository(one_service(keys), Dockerfile=text)).service("web").port == 7000


def test_a_probe_of_the_port_asks_for_it_too() -> None:
    text = "project: books\nservices:\n  web: {route: true, health: {http: /up}}\n  api: {health: {tcp: true}}\n"
    definition = compiled(repository(text, Dockerfile=EXPOSES))
    assert definition.service("web").health.probe == HttpProbe("/up")
    assert (definition.service("api").role, definition.service("api").port) == (Role.INTERNAL, 8000)


def test_what_is_stated_holds_and_a_worker_of_the_same_dockerfile_listens_on_nothing() -> None:
    text = "project: books\nservices:\n  web: {route: true, port: 9}\n  worker: {command: work}\n"
    definition = compiled(repository(text, Dockerfile=EXPOSES))
    assert definition.service("web").port == 9
    worker = definition.service("worker")
    assert (worker.role, worker.port, worker.health.probe) == (Role.WORKER, 0, RunningProbe())
    assert "Dockerfile" not in read_outline(repository(text, Dockerfile=EXPOSES)).carried
    alone = compiled(repository(one_service("route: false"), Dockerfile=EXPOSES)).service("web")
    assert (alone.role, alone.port) == (Role.WORKER, 0)


def test_services_of_a_compose_file_are_left_alone_unless_they_ask() -> None:
    compose = dedent("""\
        services:
          web: {build: .}
        """)
    assert compiled(repository("project: books\n", compose, Dockerfile=EXPOSES)).service("web").port == 0
    asked = "project: books\nservices: {web: {route: true}}\n"
    assert compiled(repository(asked, compose, Dockerfile=EXPOSES)).service("web").port == 8000


@pytest.mark.parametrize("dockerfile", ["FROM x\n", "FROM x\nEXPOSE 80 443\n", "FROM x\nEXPOSE $P\n"])
def test_where_it_is_not_clear_the_file_must_say(dockerfile: str) -> None:
    found = problem(repository(one_service("route: true"), Dockerfile=dockerfile))
    assert "whose port is not known" in found.found and "port:" in found.expected
    assert problems(repository(one_service("route: true\nbuild: ../x"), Dockerfile=EXPOSES))
