"""fairlead.yml: its keys, its defaults, and what is said where it is wrong."""

from __future__ import annotations

import pytest
from tests.unit.formats.projects import (
    SECRET,
    compiled,
    one_service,
    place,
    problem,
    problems,
    repository,
    service,
    wrong,
)

from fairlead.domain.errors import ProjectFileInvalid
from fairlead.domain.record import from_data, to_data
from fairlead.domain.service import (
    Build,
    Definition,
    ExecProbe,
    Health,
    HttpProbe,
    ImageProbe,
    Migration,
    Role,
    Route,
    RunningProbe,
    TcpProbe,
)
from fairlead.domain.text import Mixed
from fairlead.formats.project import compile_project, validate

FIVE_LINES = "project: hello\nservices:\n  web:\n    port: 8080\n    health: {http: /healthz}\n"


def test_five_lines_and_a_dockerfile_are_enough() -> None:
    web = compiled(repository(FIVE_LINES, Dockerfile="FROM x")).service("web")
    assert web.role is Role.ROUTED
    assert web.build == Build()
    assert web.routes == (Route("web.hello.production.localhost"),)
    assert web.health.probe == HttpProbe("/healthz")
    assert (web.restart, web.log_driver, web.log_options) == (
        "unless-stopped",
        "json-file",
        {"max-size": "10m", "max-file": "3"},
    )


def test_a_compiled_project_can_be_kept_as_data() -> None:
    definition = compiled(repository(one_service("image: x\nport: 80\nenvironment: {A: 'a #{Password}'}")))
    assert definition.service("web").environment["A"] == Mixed(("a ", SECRET))
    assert from_data(Definition, to_data(definition)) == definition


def test_the_images_of_a_release_take_the_place_of_names() -> None:
    definition = compiled(repository(one_service("image: x")), images={"web": "r/x@sha256:1"})
    assert definition.service("web").image == "r/x@sha256:1"


def test_a_missing_project_file_has_its_own_code() -> None:
    with pytest.raises(ProjectFileInvalid) as caught:
        compiled({"fairlead.yaml": b""})
    assert caught.value.code == "project_file.missing"
    assert "fairlead.yaml" in str(caught.value)


def test_an_unknown_key_is_said_with_its_place_and_what_is_near() -> None:
    found = problem(repository("project: books\nservices:\n  web: {image: x}\nenviroments: {}\n"))
    assert place(found) == ("fairlead.yml", 4, 1)
    assert found.expected == "did you mean 'environments'?"
    found = wrong("helth: /x")
    assert place(found) == ("fairlead.yml", 6, 5)
    assert "'health'" in found.expected


def test_everything_wrong_is_said_at_once() -> None:
    keys = "image: x\nport: many\nreplicas: -1\ndrain: soon\naccessory: perhaps\nhealth: {http: x, htp: y}"
    found = {one.key for one in problems(repository(one_service(keys)))}
    assert found == {
        "services.web.port",
        "services.web.replicas",
        "services.web.drain",
        "services.web.accessory",
        "services.web.health.htp",
    }


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("services: []", "a mapping"),
        ("services: {web: [x]}", "a mapping"),
        ("services: {web: {image: x, port: 70000}}", "65535"),
        ("services: {web: {image: x, strategy: canary}}", "'blue-green' or 'recreate'"),
        ("services: {web: {image: [x]}}", "text"),
        ("services: {web: {}}\ncompose: nothing.yaml", "a Compose file of the repository"),
        ("services: {web: {}}\ncompose: ../out.yaml", "inside the repository"),
        ("services: {}", "at least one service"),
        ("services: {'Bad Name': {image: x}}", "lower-case letters"),
    ],
)
def test_a_wrong_shape_says_what_was_expected(written: str, said: str) -> None:
    assert said in problem(repository(f"project: books\n{written}\n")).expected


@pytest.mark.parametrize("name", ["", "Books", "a;b", "--upload-pack=x", "ext::sh", "a..b", "a\\nb", "x" * 60])
def test_a_project_name_that_could_harm_is_refused(name: str) -> None:
    assert problem(repository(f'project: "{name}"\nservices: {{web: {{image: x}}}}\n')).key == "project"


def test_a_project_without_a_name_is_told_so() -> None:
    assert any("'project'" in one.expected for one in problems(repository("services: {web: {image: x}}\n")))


@pytest.mark.parametrize(
    ("keys", "health"),
    [
        ("image: x", Health(RunningProbe())),
        ("image: x\nport: 80", Health(TcpProbe())),
        ("image: x\nport: 80\nhealth: /up?x=1", Health(HttpProbe("/up?x=1"))),
        ("image: x\nport: 80\nhealth: {tcp: true, within: 2m}", Health(TcpProbe(), within_s=120.0)),
        ("image: x\nhealth: {exec: [./ok, now]}", Health(ExecProbe(("./ok", "now")), timeout_s=10.0)),
        ("image: x\nhealth: {image: true}", Health(ImageProbe())),
        ("image: x\nport: 80\nhealth: {interval: 500ms, healthy: 3}", Health(TcpProbe(), interval_s=0.5, healthy=3)),
        (
            "image: x\nhealthcheck: {test: [CMD, ./ok], interval: 5s, timeout: 3s, retries: 10, start_period: 1m30s}",
            Health(ExecProbe(("./ok",)), interval_s=5.0, timeout_s=3.0, within_s=140.0),
        ),
        (
            "image: x\nhealthcheck: {test: curl -f x || exit 1, interval: 1s}",
            Health(ExecProbe(("/bin/sh", "-c", "curl -f x || exit 1")), interval_s=1.0, timeout_s=10.0),
        ),
        (
            "image: x\nhealthcheck: {test: [CMD-SHELL, ok, -U, x], interval: 1s}",
            Health(ExecProbe(("/bin/sh", "-c", "ok", "-U", "x")), interval_s=1.0, timeout_s=10.0),
        ),
        ("image: x\nport: 80\nhealthcheck: {test: [NONE]}", Health(TcpProbe())),
        ("image: x\nport: 80\nhealthcheck: {disable: true, test: [CMD, x]}", Health(TcpProbe())),
        ("image: x\nport: 80\nhealth: /up\nhealthcheck: {test: [CMD, x]}", Health(HttpProbe("/up"))),
    ],
)
def test_health_is_ours_then_composes_then_the_port(keys: str, health: Health) -> None:
    assert service(keys).health == health


def test_a_probe_needs_a_port_and_one_kind() -> None:
    assert "port" in problem(repository(one_service("image: x\nhealth: /up"))).expected
    assert "one of" in wrong("health: {tcp: true, image: true}").expected
    assert "one line" in wrong('health: {http: "/a b\\r\\nX: y"}').expected
    assert "a path" in wrong('health: {http: "/a b HTTP/1.1"}').expected


@pytest.mark.parametrize(
    ("keys", "role"),
    [
        ("image: x", Role.WORKER),
        ("image: x\naccessory: true\nport: 5432", Role.ACCESSORY),
        ("image: x\nstrategy: recreate", Role.RECREATE),
        ("image: x\nport: 80", Role.ROUTED),
        ("image: x\nport: 80\nroute: false", Role.INTERNAL),
        ("image: x\nexpose: [80]", Role.INTERNAL),
        ("image: x\nexpose: [80]\nroute: true", Role.ROUTED),
    ],
)
def test_the_role_follows_from_the_keys(keys: str, role: Role) -> None:
    assert service(keys).role is role


def test_only_a_single_candidate_gets_a_route_that_nobody_asked_for() -> None:
    two = "project: b\nservices: {a: {image: x, port: 80}, b: {image: x, port: 81}}\n"
    assert [one.role for one in compiled(repository(two)).services] == [Role.INTERNAL, Role.INTERNAL]
    stated = "project: b\nservices: {a: {image: x, port: 80, route: true}, b: {image: x, port: 81}}\n"
    assert [one.role for one in compiled(repository(stated)).services] == [Role.ROUTED, Role.INTERNAL]


def test_a_recreated_service_may_have_a_route() -> None:
    web = service("image: x\nport: 80\nstrategy: recreate\nroute: {host: a.example.com}")
    assert web.role is Role.RECREATE and web.routes == (Route("a.example.com"),)


def test_routes_hold_host_path_and_tls() -> None:
    web = service(
        """
        image: x
        port: 80
        routes:
          - {host: A.example.com., path: /shop, tls: true}
          - {host: b.example.com, tls: true, redirect: false}
          - {host: c.example.com}
        """
    )
    assert web.routes == (
        Route("a.example.com", "/shop", tls=True, redirect_http=True),
        Route("b.example.com", "/", tls=True),
        Route("c.example.com"),
    )


@pytest.mark.parametrize(
    ("route", "said"),
    [
        ("{host: 'a b'}", "a host"),
        ("{host: 'http://a.example.com'}", "a host"),
        ("{host: a..example.com}", "a host"),
        ('{host: "a.example.com; rm"}', "a host"),
        ("{path: no}", "a path"),
        ("{path: /a/../b}", "a path"),
        ("{redirect: true}", "tls: true"),
        ("{host: '#{Password}'}", "may be shown"),
        ("{path: '#{Password}'}", "may be shown"),
    ],
)
def test_a_route_that_cannot_be_is_a_problem(route: str, said: str) -> None:
    assert said in wrong(f"route: {route}").expected


def test_the_same_route_twice_is_a_problem() -> None:
    found = wrong("routes: [{host: a.example.com}, {host: A.example.com}]")
    assert "a.example.com/" in found.found


def test_a_route_needs_a_port_that_is_known() -> None:
    assert "port:" in problem(repository(one_service("image: x\nroute: true"))).expected
    assert "port:" in problem(repository(one_service("image: x\nroute: true\nexpose: [80, 81]"))).expected


def test_a_port_of_udp_is_none_that_a_connection_could_find_or_a_route_lead_to() -> None:
    assert service("image: x\nexpose: [8125/udp]").health.probe == RunningProbe()
    assert service("image: x\nexpose: [8080/tcp, 8125/udp]\nroute: true").port == 8080


def test_a_route_to_an_accessory_is_a_problem() -> None:
    assert "accessory" in wrong("accessory: true\nroute: true").found


def test_migration_and_tests_are_read() -> None:
    definition = compiled(
        {
            "fairlead.yml": (
                one_service("image: x\nport: 80")
                + "migrate: {service: web, command: \"./migrate --to '#{Count} now'\", timeout: 2m}\n"
                + "tests:\n  build: {dockerfile: Dockerfile.tests}\n  command: [./run]\n"
                + "  environment: {TOKEN: '#{Password}', HOST: '#{Host}'}\n  kinds: [post-integration]\n"
                + "  services: [web]\n  built_services: [web]\n  timeout: 90\n"
            ).encode()
        }
    )
    assert definition.migration == Migration("web", ("./migrate", "--to", "3 now"), 120.0)
    assert definition.tests is not None
    assert definition.tests.build == Build(dockerfile="Dockerfile.tests")
    assert definition.tests.environment == {"TOKEN": SECRET, "HOST": "db.example.com"}
    assert definition.tests.kinds == ("post-integration",)
    assert (definition.tests.services, definition.tests.built_services) == (("web",), ("web",))


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ("migrate: {service: wbe, command: [x]}", "did you mean 'web'?"),
        ("migrate: {service: web}", "command"),
        ("migrate: {service: web, command: ['#{Password}']}", "without a secret"),
        ("tests: {command: [x]}", "one of them"),
        ("tests: {image: x, build: .}", "one of them"),
        ("tests: {image: x, services: [bd]}", "web"),
        ("tests: {image: x, kinds: [unit]}", "pre-deployment"),
    ],
)
def test_a_migration_or_tests_that_cannot_be_are_problems(extra: str, said: str) -> None:
    assert said in wrong("", extra).expected


def test_replicas_may_be_a_variable_and_are_bounded() -> None:
    assert service("image: x\nport: 80\nreplicas: '#{Count}'").replicas == 3
    assert "1 to 100" in wrong("replicas: 0").expected
    assert "1" in wrong("accessory: true\nreplicas: 2").expected
    assert "without a secret" in wrong("replicas: '#{Password}'").expected


def test_a_variable_where_none_may_stand_is_a_problem_that_says_so() -> None:
    assert wrong("drain: '#{Count}'").expected == "a duration (500ms, 30s, 1m30s)"
    assert "no variable" in wrong("working_dir: '/#{Host}'").expected


def test_a_program_keeps_its_own_hashes_and_dollars() -> None:
    web = service("image: x\ncommand: [ruby, -e, 'puts \"#{1 + 1} $HOME\"']")
    assert web.command == ("ruby", "-e", 'puts "#{1 + 1} $HOME"')


def test_an_unknown_variable_has_its_code_and_its_place() -> None:
    with pytest.raises(ProjectFileInvalid) as caught:
        compiled(repository(one_service("image: x\nenvironment:\n  A: 'x #{Nowhere}'")))
    assert caught.value.code == "variable.unknown"
    assert place(caught.value.problems[0]) == ("fairlead.yml", 6, 10)
    assert "Nowhere" in caught.value.problems[0].found


def test_a_circle_of_variables_has_its_code() -> None:
    with pytest.raises(ProjectFileInvalid) as caught:
        compiled(repository(one_service("image: x\nenvironment: {A: '#{A}'}")), values={"A": "#{B}", "B": "#{A}"})
    assert caught.value.code == "variable.circular"
    assert "A → B → A" in str(caught.value)


def test_a_secret_in_an_image_is_a_problem() -> None:
    assert "may be shown" in problem(repository(one_service("image: 'x:#{Password}'"))).expected


def test_drain_standby_and_overlap_are_read() -> None:
    web = service("image: x\nport: 80\ndrain: 90\nstandby: 10m\noverlap: true")
    assert (web.drain_s, web.standby_s, web.overlap) == (90.0, 600.0, True)


def test_own_extensions_are_not_looked_at() -> None:
    assert service("image: x\nx-note: {any: thing}", "x-ours: [1]").image == "x"


def test_collections_of_variables_are_gone_over_and_chosen_from() -> None:
    text = FIVE_LINES + (
        "    environment:\n"
        '      ALL: "#{each h in Host}#{h}=#{h.Port};#{/each}"\n'
        '      ONE: "#{Host[#{Which}].Port}"\n'
        '      PART: "#{Config.db.port}"\n'
    )
    values = {"Host[Web].Port": "80", "Host[Db].Port": "5432", "Which": "Db", "Config": '{"db": {"port": 1}}'}
    files = repository(text, Dockerfile="FROM x")
    made = compile_project(files, environment="Test", lookup=values.get, variables=values)
    assert dict(made.service("web").environment) == {"ALL": "Web=80;Db=5432;", "ONE": "5432", "PART": "1"}


def test_what_is_wrong_once_is_said_once() -> None:
    service = "services: {web: {image: x, port: 80, route: ROUTE}}\n"
    for project, route, said in (
        ("Books", "true", "project: 'Books' is not a valid project name"),
        ("books", "https://books.example.com/", "host: found 'https://books.example.com/', expected a host"),
        ("books", "{host: 'books.example.com:8080'}", "host: found 'books.example.com:8080', expected a host"),
    ):
        files = repository(f"project: {project}\n{service.replace('ROUTE', route)}")
        _, told = validate(files, environments=("Test", "Production"))
        assert [said in str(one) for one in told] == [True], [str(one) for one in told]


def test_a_problem_is_said_as_people_would_say_it() -> None:
    def said(text: str) -> str:
        return str(problems(repository(text))[0])

    services = "services: {web: {image: x, port: 80}}\n"
    assert "found the unknown key 'servics'; did you mean 'services'?" in said("project: books\nservics: {}\n")
    assert said(f"project: Books\n{services}").startswith(
        "fairlead.yml:1:1: project: 'Books' is not a valid project name: "
    )
    assert "port: found '-1', expected a whole number from 0 on" in said(
        "project: books\nservices: {web: {image: x, port: -1}}\n"
    )


def test_a_variable_that_only_a_server_knows_is_asked_for_there() -> None:
    (warning,), told = validate(
        repository("project: books\nservices: {web: {image: x, environment: {PLACE: '#{Place}'}}}\n")
    )
    assert told == () and "'Place' has no value" in warning
    assert warning.endswith("in these files: Fairlead must know one where this is deployed")
