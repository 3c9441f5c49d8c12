"""What a swapped service may not keep for itself, what harms the host, and how services may depend on each other."""

from __future__ import annotations

from itertools import pairwise

import pytest
from tests.unit.formats.projects import compiled, place, problem, problems, repository

from fairlead.domain.errors import Problem
from fairlead.domain.policy import is_key
from fairlead.domain.service import Definition, Role, Volume

PROJECT = "project: books\ncompose: compose.yaml\n"


def with_web(keys: str, project: str = "", top: str = "") -> dict[str, bytes]:
    own = f"services: {{web: {{{project}}}}}\n" if project else ""
    return repository(PROJECT + own, f"services: {{web: {{image: x, {keys}}}}}\n{top}")


def definition(keys: str, project: str = "", top: str = "") -> Definition:
    return compiled(with_web(keys, project, top))


def wrong(keys: str, project: str = "", top: str = "") -> str:
    return str(problem(with_web(keys, project, top)))


def test_a_container_name_is_replaced_with_a_warning() -> None:
    warnings = definition("container_name: me").warnings
    assert any("container_name: is replaced" in said and said.endswith("find it as web") for said in warnings)


def test_a_host_name_is_replaced_for_a_swapped_service_and_kept_for_an_accessory() -> None:
    swapped = definition("hostname: me")
    assert swapped.service("web").hostname == ""
    assert any("hostname: is replaced" in said for said in swapped.warnings)
    accessory = definition("hostname: me", "accessory: true")
    assert accessory.service("web").hostname == "me" and not accessory.warnings


def test_ports_of_a_routed_service_are_not_published_and_that_is_said() -> None:
    found = definition("ports: ['8080:80']", "route: true")
    assert found.service("web").ports == () and found.service("web").port == 80
    assert any("the route takes their place" in said for said in found.warnings)
    assert not found.harms


def test_ports_without_a_route_are_a_problem() -> None:
    assert "strategy: recreate" in wrong("ports: ['8080:80']", "route: false")
    two = repository(PROJECT, "services: {a: {image: x, ports: ['1:1']}, b: {image: x, ports: ['2:2']}}")
    assert {one.key for one in problems(two)} == {"services.a.ports", "services.b.ports"}


def test_the_only_service_with_ports_gets_the_default_route() -> None:
    found = compiled(repository(PROJECT, "services: {web: {image: x, ports: ['8080:80']}, w: {image: x}}"))
    assert found.service("web").role is Role.ROUTED
    assert found.service("web").routes[0].host == "web.books.production.localhost"


def test_ports_of_a_recreated_service_are_published_with_leave() -> None:
    found = definition("ports: ['8080:80']", "strategy: recreate")
    assert found.service("web").ports[0].host_port == 8080
    assert [(harm.key, harm.service, harm.where) for harm in found.harms] == [
        ("port:0.0.0.0:8080", "web", "compose.yaml:1")
    ]


def test_instances_that_publish_the_same_port_are_a_problem() -> None:
    assert "publish the same ports" in wrong("ports: ['8080:80']", "strategy: recreate, replicas: 2")


def test_the_hosts_network_is_a_problem_for_a_swapped_service_and_harm_for_others() -> None:
    assert "both slots" in wrong("network_mode: host")
    assert definition("network_mode: host", "accessory: true").harms[0].key == "network_mode:host"
    assert "no network_mode" in wrong("network_mode: 'container:other'")
    assert "no network_mode" in wrong("network_mode: none", "port: 80")
    assert definition("network_mode: none").service("web").network_mode == "none"
    assert definition("network_mode: bridge").service("web").network_mode == ""


def test_a_static_address_is_a_problem_for_a_swapped_service_and_a_warning_for_others() -> None:
    keys, top = "networks: {n: {ipv4_address: 10.0.0.5}}", "networks: {n: }"
    assert "static address" in wrong(keys, top=top)
    assert any("static address" in said for said in definition(keys, "accessory: true", top).warnings)


@pytest.mark.parametrize("role", ["port: 80", "route: false, port: 80", "overlap: true"])
def test_a_volume_that_both_slots_write_to_is_a_problem(role: str) -> None:
    found = wrong("volumes: ['data:/d']", role, "volumes: {data: }")
    assert "at the same time" in found and "shared_volumes: true" in found


@pytest.mark.parametrize("how", ["shared_volumes: true", "strategy: recreate", "accessory: true"])
def test_a_volume_may_be_written_to_where_that_is_said_or_only_one_does(how: str) -> None:
    assert definition("volumes: ['data:/d']", how, "volumes: {data: }").service("web").mounts == (Volume("data", "/d"),)


def test_a_volume_that_is_only_read_is_shared_freely() -> None:
    found = definition("volumes: ['data:/d:ro']", "port: 80", "volumes: {data: }")
    assert found.service("web").mounts == (Volume("data", "/d", read_only=True),)


def test_an_anonymous_volume_is_a_warning() -> None:
    found = definition("volumes: [/d]")
    assert found.service("web").mounts == (Volume("", "/d"),)
    assert any("anonymous volume" in said for said in found.warnings)


@pytest.mark.parametrize(
    ("keys", "harm"),
    [
        ("privileged: true", "privileged"),
        ("pid: host", "pid:host"),
        ("ipc: host", "ipc:host"),
        ("cap_add: [cap_sys_admin]", "cap_add:SYS_ADMIN"),
        ("cap_add: [ALL]", "cap_add:ALL"),
        ("devices: ['/dev/kvm:/dev/kvm']", "device:/dev/kvm"),
        ("security_opt: ['seccomp=unconfined']", "security_opt:seccomp=unconfined"),
        ("logging: {driver: syslog}", "log_driver:syslog"),
        ("sysctls: {kernel.msgmax: 1}", "sysctl:kernel.msgmax"),
        ("volumes: ['/srv/data:/d:ro']", "bind:/srv/data"),
        ("volumes: ['/:/host']", "bind:/"),
        ("volumes: ['/srv//data/:/d']", "bind:/srv/data"),
        ("volumes: ['/var/run/docker.sock:/var/run/docker.sock']", "engine_socket:/var/run/docker.sock"),
        (
            "volumes: [{type: bind, source: /run/podman/podman.sock, target: /s}]",
            "engine_socket:/run/podman/podman.sock",
        ),
    ],
)
def test_what_harms_the_host_is_for_policy_to_judge(keys: str, harm: str) -> None:
    found = definition(keys)
    assert [one.key for one in found.harms] == [harm]
    assert is_key(harm), "an administrator can allow what is refused"
    assert found.harms[0].service == "web" and found.harms[0].where == "compose.yaml:1"


@pytest.mark.parametrize(
    "keys",
    [
        "cap_drop: [ALL], cap_add: [NET_BIND_SERVICE, CHOWN]",
        "security_opt: [no-new-privileges]",
        "ipc: private",
        "sysctls: {net.core.somaxconn: 9}",
        "privileged: false",
        "tmpfs: [/tmp]",
    ],
)
def test_what_adds_nothing_to_what_every_container_has_is_no_harm(keys: str) -> None:
    assert not definition(keys).harms


@pytest.mark.parametrize("keys", ["pid: 'service:a'", "ipc: 'container:a'", "volumes: ['/srv/../etc:/d']"])
def test_what_leads_around_the_policy_is_a_problem(keys: str) -> None:
    assert "expected" in wrong(keys)


def test_a_hidden_host_namespace_is_a_problem() -> None:
    assert "dangerous" in wrong("userns_mode: host")


def services(compose: str, own: str = "") -> dict[str, bytes]:
    return repository(PROJECT + (f"services: {own}\n" if own else ""), f"services: {compose}\n")


def test_an_unknown_dependency_is_a_problem_at_its_place() -> None:
    found = problem(
        repository(PROJECT, "services:\n  web:\n    image: x\n    depends_on:\n      - bd\n  db: {image: y}\n")
    )
    assert place(found) == ("compose.yaml", 5, 9)
    assert found.expected == "did you mean 'db'?"


def test_a_dependency_that_need_not_be_there_is_left_out() -> None:
    found = compiled(services("{web: {image: x, depends_on: {gone: {required: false}}}}"))
    assert found.service("web").depends_on == ()


def test_a_dependency_that_a_profile_leaves_out_says_so() -> None:
    found = problem(services("{web: {image: x, depends_on: [d]}, d: {image: y, profiles: [dev, debug]}}"))
    assert "profiles leave out" in found.found
    assert found.expected == "profiles: with one of debug, dev in fairlead.yml, or required: false of this dependency"


def test_an_accessory_that_depends_on_a_swapped_service_is_a_problem() -> None:
    found = problem(services("{web: {image: x}, db: {image: y, depends_on: [web]}}", "{db: {accessory: true}}"))
    assert "accessory that depends on 'web'" in found.found
    both = services("{a: {image: x}, db: {image: y, depends_on: [a]}}", "{db: {accessory: true}, a: {accessory: true}}")
    assert compiled(both).service("db").depends_on[0].service == "a"


def test_a_circle_is_a_problem_that_names_the_chain() -> None:
    found: Problem = problem(
        services("{a: {image: x, depends_on: [b]}, b: {image: x, depends_on: [c]}, c: {image: x, depends_on: [a]}}")
    )
    chain = found.found.removeprefix("the circle ").split(" → ")
    assert chain[0] == chain[-1] and set(chain) == {"a", "b", "c"}
    follows = {"a": "b", "b": "c", "c": "a"}
    assert all(follows[one] == other for one, other in pairwise(chain))


def test_waiting_for_health_needs_a_health_check() -> None:
    healthy = "depends_on: {db: {condition: service_healthy}}"
    found = problem(services(f"{{web: {{image: x, {healthy}}}, db: {{image: y}}}}", "{db: {accessory: true}}"))
    assert "without a health check" in found.found
    for health in ("port: 5432", "health: {image: true}", "healthcheck: {test: [CMD, ok]}"):
        own = f"{{db: {{accessory: true, {health}}}}}"
        assert compiled(services(f"{{web: {{image: x, {healthy}}}, db: {{image: y}}}}", own))


def test_waiting_for_the_end_of_what_does_not_end_is_a_problem() -> None:
    ended = "depends_on: {db: {condition: service_completed_successfully}}"
    found = problem(services(f"{{web: {{image: x, {ended}}}, db: {{image: y}}}}", "{db: {accessory: true}}"))
    assert "runs to its end" in found.expected


def test_what_something_in_the_slot_depends_on_stands_in_the_slot_too() -> None:
    compose = (
        "{web: {image: x, expose: [80], depends_on: [api]}, api: {image: x, depends_on: [deep]},"
        " deep: {image: x}, w: {image: x}}"
    )
    roles = {one.name: one.role for one in compiled(services(compose)).services}
    assert roles == {"web": Role.INTERNAL, "api": Role.INTERNAL, "deep": Role.INTERNAL, "w": Role.WORKER}


def test_a_swapped_service_that_depends_on_a_recreated_one_is_told_what_it_finds() -> None:
    found = compiled(services("{web: {image: x, depends_on: [w]}, w: {image: x}}", "{w: {strategy: recreate}}"))
    assert any("the old one that is found" in said for said in found.warnings)
