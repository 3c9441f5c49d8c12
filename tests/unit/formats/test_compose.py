"""Compose keys, their short and long forms, and what becomes of them."""

from __future__ import annotations

import hashlib

import pytest
from tests.unit.formats.projects import SECRET, VALUES, compiled, place, problem, problems, repository

from fairlead.domain.service import (
    Bind,
    Build,
    Definition,
    Dependency,
    File,
    Limits,
    PublishedPort,
    Role,
    Service,
    Tmpfs,
    Volume,
)
from fairlead.domain.text import Mixed

PROJECT = "project: books\ncompose: compose.yaml\n"


def composed(compose: str, project: str = PROJECT, **files: str) -> Definition:
    return compiled(repository(project, compose, **files))


def web(keys: str, top: str = "", project: str = PROJECT, **files: str) -> Service:
    return composed(f"services: {{web: {{image: x, {keys}}}}}\n{top}", project, **files).service("web")


def wrong(keys: str, top: str = "", **files: str) -> str:
    found = problem(repository(PROJECT, f"services: {{web: {{image: x, {keys}}}}}\n{top}", **files))
    return f"{found.key}: {found.found}: {found.expected}"


ACCESSORY = PROJECT + "services: {web: {accessory: true}}\n"
RECREATE = PROJECT + "services: {web: {strategy: recreate}}\n"


@pytest.mark.parametrize(
    ("keys", "field", "value"),
    [
        ("command: run --now 'a b'", "command", ("run", "--now", "a b")),
        ("command: [run, 1]", "command", ("run", "1")),
        ("command: []", "command", ()),
        ("entrypoint: /go", "entrypoint", ("/go",)),
        ("environment: {A: 1, B: true, C: 'x y', D: ''}", "environment", {"A": "1", "B": "true", "C": "x y", "D": ""}),
        ("environment: [A=1, B=x=y, PORT]", "environment", {"A": "1", "B": "x=y", "PORT": "9000"}),
        ("environment: {PORT: }", "environment", {"PORT": "9000"}),
        ("restart: on-failure:3", "restart", "on-failure:3"),
        ("restart: 'no'", "restart", "no"),
        ("stop_grace_period: 1m30s", "stop_grace_s", 90.0),
        ("stop_signal: SIGQUIT", "stop_signal", "SIGQUIT"),
        ("user: '1000:1000'", "user", "1000:1000"),
        ("working_dir: /srv", "working_dir", "/srv"),
        ("init: true", "init", True),
        ("read_only: true", "read_only", True),
        ("tty: true", "tty", True),
        ("shm_size: 64m", "limits", Limits(shm_size_bytes=64 << 20)),
        ("ulimits: {nofile: 1024, nproc: {soft: 1, hard: 2}}", "limits",
         Limits(ulimits={"nofile": (1024, 1024), "nproc": (1, 2)})),
        ("cap_drop: [ALL, cap_net_raw]", "cap_drop", ("ALL", "NET_RAW")),
        ("extra_hosts: ['a:10.0.0.1', 'b=::1']", "extra_hosts", {"a": "10.0.0.1", "b": "::1"}),
        ("extra_hosts: {a: host-gateway}", "extra_hosts", {"a": "host-gateway"}),
        ("labels: [a=b, c]", "labels", {"a": "b", "c": ""}),
        ("labels: {a: b}", "labels", {"a": "b"}),
        ("tmpfs: /tmp", "mounts", (Tmpfs("/tmp"),)),
        ("tmpfs: ['/tmp:size=64m', /run]", "mounts", (Tmpfs("/tmp", "size=64m"), Tmpfs("/run"))),
        ("volumes: [{type: tmpfs, target: /t, tmpfs: {size: 1k, mode: '1777'}}]", "mounts",
         (Tmpfs("/t", "size=1024,mode=1777"),)),
        ("deploy: {replicas: 3}", "replicas", 3),
        ("scale: 2", "replicas", 2),
        ("deploy: {resources: {limits: {cpus: '0.5', memory: 1gb, pids: 9}, reservations: {memory: 64m}}}", "limits",
         Limits(memory_bytes=1 << 30, memory_reservation_bytes=64 << 20, cpus=0.5, pids=9)),
        ("mem_limit: 512m, cpus: 2, pids_limit: 7", "limits", Limits(memory_bytes=512 << 20, cpus=2.0, pids=7)),
        ("logging: {driver: journald, options: {tag: x}}", "log_options", {"tag": "x"}),
        ("logging: {options: {max-size: 1m}}", "log_options", {"max-size": "1m", "max-file": "3"}),
        ("sysctls: ['net.core.somaxconn=1024']", "sysctls", {"net.core.somaxconn": "1024"}),
        ("security_opt: ['no-new-privileges:true']", "security_opt", ("no-new-privileges:true",)),
        ("x-own: {any: thing}", "image", "x"),
    ],
)  # fmt: skip
def test_a_key_is_honoured(keys: str, field: str, value: object) -> None:
    service = web(keys)
    assert getattr(service, field) == value
    assert not composed(f"services: {{web: {{image: x, {keys}}}}}").harms


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("1m30s", 90.0),
        ("500ms", 0.5),
        ("2h", 7200.0),
        ("1h0m1s", 3601.0),
        ("30", 30.0),
        ("1.5s", 1.5),
        ("100us", 0.0001),
    ],
)
def test_durations(written: str, seconds: float) -> None:
    assert web(f"stop_grace_period: {written}").stop_grace_s == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("written", "size"),
    [("512", 512), ("1b", 1), ("64k", 65536), ("64Kb", 65536), ("1.5g", 3 << 29), ("1GiB", 1 << 30)],
)
def test_sizes(written: str, size: int) -> None:
    assert web(f"shm_size: {written}").limits.shm_size_bytes == size


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("stop_grace_period: soon", "a duration"),
        ("stop_grace_period: 1x", "a duration"),
        ("mem_limit: lots", "a size"),
        ("restart: sometimes", "unless-stopped"),
        ("ports: ['99999:80']", "ports from 1"),
        ("ports: ['1-3:1-2']", "as many ports"),
        ("ports: ['a:b']", "a port"),
        ("ulimits: {nofile: many}", "a whole number"),
        ("extra_hosts: ['a:not-an-address']", "an IP address"),
        ("healthcheck: {test: [RUN, x]}", "CMD"),
        ("volumes: ['a:b:c:d']", "a volume"),
        ("volumes: [relative]", "an absolute path"),
        ("volumes: ['/d/../e']", "without '..'"),
        ('command: "it\'s"', "quotes closed"),
        ("stop_signal: 'TERM; x'", "a signal"),
        ("image: 'x y'", "an image's name"),
        ("image: Books/Web:1", "an image's name"),
        ("image: books//web", "an image's name"),
        ("labels: {io.fairlead.key: x}", "a label of one's own"),
        ("build: {labels: {io.fairlead.key: x}}", "a label of one's own"),
        ("logging: {options: {max-size: '-1'}}", "a size"),
        ("secrets: [{source: nope}]", "secrets:"),
        ("networks: [nope]", "default"),
        ("environment: [[a]]", "a mapping, or a list"),
    ],
)
def test_a_value_that_cannot_be_is_a_problem(keys: str, said: str) -> None:
    keys = keys if not keys.startswith("image") else f"tty: true}}, web2: {{{keys}"
    assert said in wrong(keys)


def test_an_unknown_key_of_compose_is_a_problem_with_a_suggestion() -> None:
    found = problem(repository(PROJECT, "services:\n  web:\n    image: x\n    enviroment: {}\n"))
    assert place(found) == ("compose.yaml", 4, 5)
    assert found.expected == "did you mean 'environment'?"
    assert "'services'" in problem(repository(PROJECT, "services: {web: {image: x}}\nservice: {}\n")).expected


@pytest.mark.parametrize("written", ["hello", "[image, x]"])
def test_a_service_that_is_no_mapping_is_said_to_be_none(written: str) -> None:
    found = problem(repository(PROJECT, f"services:\n  web: {written}\n"))
    assert (place(found), found.key, found.expected) == (("compose.yaml", 2, 8), "services.web", "a mapping")


def test_our_own_keys_do_not_belong_into_a_compose_file() -> None:
    assert "it in fairlead.yml" in wrong("route: true")


@pytest.mark.parametrize("key", ["dns: [1.1.1.1]", "platform: linux/amd64", "pull_policy: always", "links: [a]"])
def test_what_is_not_honoured_and_harmless_is_a_warning_with_its_place(key: str) -> None:
    warnings = composed(f"services:\n  web:\n    image: x\n    {key}\n").warnings
    assert warnings == (f"compose.yaml:4:5: services.web.{key.partition(':')[0]}: is not honoured",)


@pytest.mark.parametrize(
    "key",
    [
        "volumes_from: [a]",
        "runtime: runsc",
        "gpus: all",
        "userns_mode: host",
        "uts: host",
        "isolation: hyperv",
        "use_api_socket: true",
        "credential_spec: {file: x}",
        "post_start: [{command: x}]",
        "cgroup: host",
    ],
)
def test_what_would_be_dangerous_to_ignore_is_a_problem(key: str) -> None:
    assert "dangerous to ignore" in wrong(key)


def test_ports_are_published_for_accessories_in_every_form() -> None:
    compose = """
        services:
          web:
            image: x
            ports:
              - "8080:80"
              - "127.0.0.1:9000-9001:90-91/udp"
              - 7000
              - {target: 80, published: "8443", host_ip: "::1", protocol: tcp}
              - "[::1]:1:2"
    """
    definition = composed(compose, ACCESSORY)
    assert definition.service("web").ports == (
        PublishedPort("0.0.0.0", 8080, 80),
        PublishedPort("127.0.0.1", 9000, 90, "udp"),
        PublishedPort("127.0.0.1", 9001, 91, "udp"),
        PublishedPort("0.0.0.0", 0, 7000),
        PublishedPort("::1", 8443, 80),
        PublishedPort("::1", 1, 2),
    )
    assert {harm.key for harm in definition.harms} >= {"port:0.0.0.0:8080", "port:127.0.0.1:9000/udp", "port:::1:8443"}


def test_the_environment_is_laid_over_the_env_files() -> None:
    service = web(
        "env_file: [a.env, {path: gone.env, required: false}, {path: raw.env, format: raw}], environment: {B: own}",
        a_dot_env="A=1\nB=2\nexport C='$A x'\nD=\"${A}-${PORT}\" # note\nE=${NOTHING}\n#F=1\n\nG=a#b\n",
        raw_dot_env="R='${A}'\n",
    )
    assert service.environment == {
        "A": "1", "B": "own", "C": "$A x", "D": "1-9000", "E": "", "G": "a#b", "R": "'${A}'"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "said"), [("gone.env", "required: false"), ("../x.env", "leads out"), ("/etc/passwd", "leads out")]
)
def test_an_env_file_that_is_not_in_the_repository_is_a_problem(path: str, said: str) -> None:
    assert said in wrong(f"env_file: {path}")


def test_an_env_file_that_cannot_be_read_says_the_line() -> None:
    found = problem(repository(PROJECT, "services: {web: {image: x, env_file: a.env}}", a_dot_env="A=1\n = 2\n"))
    assert place(found) == ("a.env", 2, 1)


def test_interpolation_takes_variables_before_dotenv_and_keeps_secrets() -> None:
    service = web(
        'environment: {A: "${PORT}", B: "${ONLY}", C: "p=${Password}", D: "$${X}", E: "${NO:-d}"}',
        _dot_env="PORT=1\nONLY=2\n",
    )
    assert service.environment == {"A": "9000", "B": "2", "C": Mixed(("p=", SECRET)), "D": "${X}", "E": "d"}


def test_both_kinds_of_variables_may_stand_in_a_compose_environment() -> None:
    assert web('environment: {A: "#{Host}:${PORT}"}').environment == {"A": "db.example.com:9000"}


def test_a_name_without_value_is_a_problem_with_its_place() -> None:
    found = problem(repository(PROJECT, "services:\n  web:\n    image: x:${TAG}\n"))
    assert place(found) == ("compose.yaml", 3, 12)
    assert "TAG" in found.found


def test_the_servers_own_environment_is_never_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRLEAD_LEAK", "leaked")
    service = web('environment: [FAIRLEAD_LEAK, "B=${FAIRLEAD_LEAK:-no}"]')
    assert service.environment == {"B": "no"}


def test_a_secret_may_not_stand_in_a_command() -> None:
    assert "without a secret" in wrong('command: [run, "${Password}"]')


def test_builds_are_filled_from_dotenv_alone() -> None:
    service = web(
        'build: {context: app, dockerfile: docker/D, target: t, args: [A=1, "B=${BASE}", BASE], labels: {l: v}}',
        _dot_env="BASE=debian\n",
    )
    expected = {"A": "1", "B": "debian", "BASE": "debian"}
    assert service.build == Build("app", "app/docker/D", "t", expected, {}, {"l": "v"})
    assert "PORT" in wrong('build: {args: {A: "${PORT}"}}')


@pytest.mark.parametrize(
    ("build", "said"),
    [
        ("../out", "inside the repository"),
        ("https://example.com/x.git", "inside the repository"),
        ("{context: ., dockerfile: ../D}", "inside the repository"),
        ("{ssh: [default]}", "dangerous"),
        ("{privileged: true}", "dangerous"),
        ("{secrets: [nope]}", "secrets:"),
        ("{args: [NOWHERE]}", "without a value"),
    ],
)
def test_a_build_that_cannot_be_is_a_problem(build: str, said: str) -> None:
    assert said in wrong(f"build: {build}")


def test_build_secrets_are_named_by_their_variable() -> None:
    service = web("build: {secrets: [token]}", "secrets: {token: {environment: Password}}")
    assert service.build is not None and service.build.secrets == {"token": "#{Password}"}


@pytest.mark.parametrize(
    "named", ["{source: token, target: npmrc}", "{source: token, target: npmrc, mode: 0400, uid: 5}"]
)
def test_a_build_secret_has_the_name_that_the_dockerfile_knows_it_by(named: str) -> None:
    service = web(f"build: {{secrets: [{named}]}}", "secrets: {token: {environment: Password}}")
    assert service.build is not None and service.build.secrets == {"npmrc": "#{Password}"}


def test_a_build_secrets_name_is_one() -> None:
    said = wrong(
        "build: {secrets: [{source: token, target: 'a,src=/etc/shadow'}]}", "secrets: {token: {environment: P}}"
    )
    assert "services.web.build.secrets" in said and "dashes" in said


def key(text: str) -> str:
    """What a release keeps bytes by."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def test_secrets_and_configs_reach_a_container_as_files() -> None:
    service = web(
        "secrets: [token, {source: cert, target: /etc/cert, mode: 0400, uid: 5, gid: 6}],"
        " configs: [{source: ini, target: /etc/x.ini}, text]",
        "secrets: {token: {environment: Password}, cert: {file: ./cert.pem}}\n"
        "configs: {ini: {file: x.ini}, text: {content: 'h=#{Host} p=${Password}'}}\n",
        cert_dot_pem="c",
        x_dot_ini="i",
    )
    assert service.files == (
        File("/run/secrets/token", content=SECRET, is_secret=True),
        File("/etc/cert", blob=key("c"), mode=0o400, uid=5, gid=6, is_secret=True, source="cert.pem"),
        File("/etc/x.ini", blob=key("i"), source="x.ini"),
        File("/text", content=Mixed(("h=db.example.com p=", SECRET))),
    )
    assert SECRET not in service.environment.values()


def test_a_relative_target_is_below_where_compose_puts_it() -> None:
    service = web(
        "secrets: [{source: token, target: t}], configs: [{source: ini, target: app/x.ini}]",
        "secrets: {token: {environment: Password}}\nconfigs: {ini: {content: i}}\n",
    )
    assert [file.path for file in service.files] == ["/run/secrets/t", "/app/x.ini"]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{file: gone}", "environment: NAME"),
        ("{file: ../x}", "leads out"),
        ("{external: true}", "environment"),
        ("{}", "one of file"),
        ("{file: a, environment: B}", "one of file"),
        ("{environment: Nowhere}", "Nowhere"),
    ],
)
def test_a_secret_without_a_source_is_a_problem(source: str, said: str) -> None:
    assert said in wrong("secrets: [s]", f"secrets: {{s: {source}}}")


def test_read_only_binds_inside_the_repository_travel_in_the_release() -> None:
    definition = composed(
        "services: {web: {image: x, volumes: ['./conf:/etc/c:ro',"
        " {type: bind, source: ./run.sh, target: /r, read_only: true}]}}",
        conf__a="1",
        conf__b__c="2",
        run_dot_sh="#!/bin/sh\n",
    )
    assert definition.service("web").files == (
        File("/etc/c/a", blob=key("1"), source="conf/a"),
        File("/etc/c/b/c", blob=key("2"), source="conf/b/c"),
        File("/r", blob=key("#!/bin/sh\n"), mode=0o555, source="run.sh"),
    )
    assert set(definition.blobs) == {"conf/a", "conf/b/c", "run.sh"}
    assert all(len(digest) == 64 for digest in definition.blobs.values())


@pytest.mark.parametrize(
    ("bind", "said"),
    [
        ("./conf:/etc/c", "can be written to"),
        ("./gone:/etc/c:ro", "not in the repository"),
        ("../x:/etc/c:ro", "leads out"),
        ("./a/../../x:/etc/c:ro", "leads out"),
        ("~/x:/etc/c:ro", "leads out"),
    ],
)
def test_a_bind_of_the_repository_that_cannot_be_is_a_problem(bind: str, said: str) -> None:
    assert said in wrong(f"volumes: ['{bind}']", conf__a="1")


def test_volumes_must_be_declared_and_plain() -> None:
    assert "did you mean 'data'?" in wrong("volumes: ['dta:/d:ro']", "volumes: {data: }")
    assert "not the project's own" in wrong("volumes: ['d:/d:ro']", "volumes: {d: {external: true}}")
    assert "dangerous" in wrong("volumes: ['d:/d:ro']", "volumes: {d: {driver_opts: {device: /srv, o: bind}}}")
    assert "driver local" in wrong("volumes: ['d:/d:ro']", "volumes: {d: {driver: nfs}}")
    assert "mounted twice" in wrong("volumes: ['d:/d:ro'], tmpfs: [/d]", "volumes: {d: }")


def test_named_volumes_of_an_accessory_are_its_own() -> None:
    definition = composed("services: {web: {image: x, volumes: ['d:/d']}}\nvolumes: {d: {name: other}}", ACCESSORY)
    assert definition.service("web").mounts == (Volume("d", "/d"),)
    assert definition.volumes == ("d",)
    assert "replaced by a name" in definition.warnings[0]


def test_depends_on_in_both_forms() -> None:
    compose = """
        services:
          web:
            image: x
            expose: [80]
            depends_on: {db: {condition: service_healthy}, job: {condition: service_completed_successfully}}
          job: {image: x, depends_on: [db]}
          db: {image: x, healthcheck: {test: [CMD, ok]}}
    """
    definition = composed(compose, PROJECT + "services: {db: {accessory: true}}")
    assert definition.service("web").depends_on == (
        Dependency("db", "service_healthy"),
        Dependency("job", "service_completed_successfully"),
    )
    assert definition.service("job").role is Role.ONE_SHOT
    assert definition.service("job").restart == "no"


def test_profiles_leave_services_out_unless_the_project_asks_for_them() -> None:
    compose = "services: {web: {image: x}, debug: {image: y, profiles: [dev]}}"
    assert [one.name for one in composed(compose).services] == ["web"]
    assert [one.name for one in composed(compose, PROJECT + "profiles: [dev]").services] == ["web", "debug"]


def test_a_service_left_out_may_name_what_has_no_value() -> None:
    assert composed("services: {web: {image: x}, debug: {image: 'y:${NOTHING}', profiles: [dev]}}").services


def test_networks_are_folded_into_ours_with_a_word() -> None:
    definition = composed("services: {web: {image: x, networks: [back]}}\nnetworks: {back: {driver: bridge}}")
    assert definition.service("web").networks == ("back",)
    assert "folded" in definition.warnings[0]
    top = "networks: {back: {internal: true}}"
    assert "without a way out" in wrong("networks: [back]", top)
    project = PROJECT + "networks: {back: {internal: false}}"
    assert web("networks: [back]", top, project).networks == ("back",)
    assert "not the project's own" in wrong("networks: [b]", "networks: {b: {external: true}}")


def test_extends_lays_a_service_over_another_of_the_same_or_another_file() -> None:
    compose = """
        services:
          web: {extends: {service: base, file: shared/base.yaml}, environment: {B: own}, ports: []}
          two: {extends: web, command: [two]}
    """
    base = "services: {base: {image: x, environment: [A=1, B=1], expose: [80], env_file: base.env}}"
    definition = composed(compose, shared__base_dot_yaml=base, shared__base_dot_env="E=1\n")
    assert definition.service("web").environment == {"E": "1", "A": "1", "B": "own"}
    assert definition.service("two").command == ("two",)
    assert definition.service("two").port == 80


@pytest.mark.parametrize(
    ("extends", "said"),
    [
        ("web", "the circle web → web"),
        ("nope", "no service 'nope'"),
        ("{service: a, file: ../x.yaml}", "leaves the repository"),
        ("{service: a, file: gone.yaml}", "no file"),
    ],
)
def test_extends_that_leads_nowhere_is_a_problem(extends: str, said: str) -> None:
    assert said in str(problems(repository(PROJECT, f"services: {{web: {{image: x, extends: {extends}}}}}"))[0])


def test_include_brings_the_services_of_another_file_with_its_own_paths() -> None:
    definition = composed(
        "include: [infra/compose.yaml]\nservices: {web: {image: x}}\n",
        infra__compose_dot_yaml="services: {db: {image: y, env_file: db.env, build: .}}",
        infra__db_dot_env="A=1\n",
    )
    db = definition.service("db")
    assert db.environment == {"A": "1"}
    assert db.build == Build("infra", "infra/Dockerfile")


def test_files_that_include_each_other_are_a_problem() -> None:
    found = problem(repository(PROJECT, "include: [compose.yaml]\nservices: {web: {image: x}}\n"))
    assert "do not go round" in found.expected


def test_several_compose_files_are_laid_over_one_another() -> None:
    files = repository(
        "project: books\ncompose: [compose.yaml, prod.yaml]\n",
        "services: {web: {image: x, environment: {A: 1, B: 1}, expose: [80], command: [a]}}",
        prod_dot_yaml="services: {web: {environment: [B=2], expose: [81], command: [b]}}",
    )
    service = compiled(files).service("web")
    assert service.environment == {"A": "1", "B": "2"}
    assert service.command == ("b",)
    assert service.role is Role.INTERNAL and service.port == 0


def test_fairlead_yml_replaces_what_compose_says_key_by_key() -> None:
    compose = "services: {web: {build: ., volumes: ['.:/app'], environment: {A: 1, B: 1}}}"
    project = PROJECT + "services: {web: {volumes: [], environment: {B: 2}, build: {target: prod}}}"
    service = web("build: .", project=project)
    service = composed(compose, project).service("web")
    assert service.mounts == () and service.files == ()
    assert service.environment == {"A": "1", "B": "2"}
    assert service.build == Build(target="prod")


def test_a_compose_file_is_found_by_itself_unless_every_service_stands_alone() -> None:
    compose = "services: {web: {image: x}, db: {image: y}}"
    found = compiled(repository("project: b\nservices: {web: {port: 80}}\n", compose))
    assert [one.name for one in found.services] == ["web", "db"]
    alone = compiled(repository("project: b\nservices: {web: {port: 80, build: .}}\n", compose))
    assert [one.name for one in alone.services] == ["web"]
    assert "compose.yaml is not used" in alone.warnings[0]
    none = compiled(repository("project: b\ncompose: []\nservices: {web: {port: 80}}\n", compose))
    assert [one.name for one in none.services] == ["web"]


def test_a_service_that_compose_does_not_know_is_a_problem_with_a_suggestion() -> None:
    found = problem(repository(PROJECT + "services: {wbe: {port: 80}}", "services: {web: {image: x}}"))
    assert "did you mean 'web'?" in found.expected


def test_a_bind_of_the_host_is_kept_for_policy_to_judge() -> None:
    assert web("volumes: ['/srv/data:/d']").mounts == (Bind("/srv/data", "/d", read_only=False),)


def test_values_given_are_those_of_the_caller() -> None:
    assert VALUES["PORT"] == "9000"
    assert web("environment: [PORT]", project=RECREATE).environment == {"PORT": "9000"}


def test_a_secret_in_the_list_form_of_an_environment_stays_a_reference() -> None:
    service = web('environment: ["A=${Password}", "B=x-${Password}", "C=#{Password}"]')
    assert service.environment == {"A": SECRET, "B": Mixed(("x-", SECRET)), "C": SECRET}


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("ports: ['80:80', '::1:80:80']", "services.web.ports[1]: '::1:80:80': a port"),
        ("volumes: [a:b:c:d]", "services.web.volumes[0]: 'a:b:c:d': a volume"),
        ("environment: {A: b, C: [d]}", "services.web.environment.C: a list: text"),
        ("environment: [A=b, =c]", "services.web.environment[1]: '=c': names without"),
        ("command: [run, [fast]]", "services.web.command[1]: a list: a list of words"),
        ("ulimits: {nofile: {soft: 2, hard: 1}}", "services.web.ulimits.nofile: a mapping: a soft limit"),
    ],
)
def test_of_many_entries_the_wrong_one_is_named(keys: str, said: str) -> None:
    assert wrong(keys).startswith(said)


@pytest.mark.parametrize("name", ["compose.override.yaml", "compose.override.yml"])
def test_a_file_that_compose_would_lay_over_the_other_unasked_is_named(name: str) -> None:
    files = repository("project: books\n", "services: {web: {image: x}}\n") | {name: b"services: {web: {user: root}}\n"}
    definition = compiled(files)
    assert definition.service("web").user == ""
    assert [one for one in definition.warnings if f"{name} is not laid over compose.yaml" in one]
    both = files | {"fairlead.yml": f"project: books\ncompose: [compose.yaml, {name}]\n".encode()}
    assert compiled(both).service("web").user == "root" and not compiled(both).warnings


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("stop_signal: SIGFOO", "services.web.stop_signal: 'SIGFOO': a signal"),
        ("stop_signal: '65'", "services.web.stop_signal: '65': a signal"),
        ("mem_limit: 5m", "services.web.mem_limit: 5242880 bytes of memory: 6m or more"),
        ("ulimits: {files: 5}", "services.web.ulimits.files: 'files': the name of a limit"),
    ],
)
def test_what_no_engine_takes_is_said_before_one_is_asked(keys: str, said: str) -> None:
    assert wrong(keys).startswith(said)


@pytest.mark.parametrize("signal", ["SIGTERM", "term", "15", "64", "SIGRTMIN+3", "RTMAX-14", "SIGWINCH"])
def test_every_signal_of_the_engine_is_taken(signal: str) -> None:
    assert web(f"stop_signal: {signal}").stop_signal == signal
