"""The throw-away benches of a run: which services stand beside its tests, and what of them is left out there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from fairlead.domain.naming import tag
from fairlead.domain.plan import Effect, InParallel, Node, Sequence
from fairlead.domain.service import Bind, Definition, Mount, Role, Service, Tests, Tmpfs, Volume
from fairlead.ports.container_engine import LABEL_KEY, LABEL_KIND, LABEL_SERVICE, Attachment
from fairlead.steps.blueprint import Blueprint, once
from fairlead.steps.effects.basis import arguments
from fairlead.steps.effects.bench import (
    BenchNetwork,
    BenchService,
    BenchTests,
    ClearBench,
    Cleared,
    MakeBenchNetwork,
    RunTests,
    StandService,
)
from fairlead.steps.run_resolved import ResolvedRun

NETWORK_TIMEOUT_S = 60.0
STAND_TIMEOUT_S = 900.0
CLEAR_TIMEOUT_S = 300.0
MARGIN_S = 120.0
"""What starting and reading results may take beside the tests' own bound."""

ATTEMPTS = 3
TEST_IMAGE = "tests.image"


@dataclass(frozen=True, slots=True)
class Bench:
    """A place for tests: its kind (which names everything in it), who stands in it, and what all of it carries."""

    run: ResolvedRun
    kind: str
    services: tuple[str, ...]
    run_labels: Mapping[str, str]

    @property
    def network(self) -> str:
        """The throw-away network."""
        return f"{self.run.project}.{tag(self.run.task)}.{self.kind}"

    @property
    def labels(self) -> dict[str, str]:
        """What everything in it carries."""
        return {**self.run_labels, LABEL_KIND: f"bench-{self.kind}"}

    def key(self, name: str) -> str:
        """The effect key of what is so named in it."""
        return f"{self.kind}/{name}"

    def labelled(self, name: str, service: str = "") -> dict[str, str]:
        """The labels of one thing in it."""
        own = {**self.labels, LABEL_KEY: f"{self.run.task}/{self.key(name)}"}
        return {**own, LABEL_SERVICE: service} if service else own

    def container(self, service: str) -> str:
        """A service's container."""
        return f"{self.run.project}_{service}.{tag(self.run.task)}.{self.kind}"


def tests_of(bench: Bench, images: Mapping[str, str]) -> Node:
    """Network, services in the order of their dependencies, tests, and the bench cleared again."""
    layers = [InParallel(tuple(_stand(bench, service, images) for service in layer)) for layer in _layers(bench)]
    return Sequence((_network(bench), *layers, _tests(bench, images), _clear(bench)))


def needed_by(run: ResolvedRun, names: Collection[str]) -> frozenset[str]:
    """The services and all that they depend on."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        service = _find(run.definition, name)
        if name not in found and service is not None:
            found.add(name)
            waiting += [dependency.service for dependency in service.depends_on]
    return frozenset(found)


def bench_warnings(run: ResolvedRun) -> tuple[str, ...]:
    """What services beside tests do not get there, one sentence each."""
    tests = run.outline.tests
    if tests is None:
        return ()
    names = needed_by(run, (*tests.services, *tests.built_services))
    return tuple(
        f"beside the tests {service.name} stands without {', '.join(left)}"
        for service in run.definition.services
        if service.name in names and (left := _left_out(service))
    )


def _find(definition: Definition, name: str) -> Service | None:
    return next((service for service in definition.services if service.name == name), None)


def _layers(bench: Bench) -> list[list[Service]]:
    """The services, each after those it depends on; a circle (refused long before) ends in one layer."""
    names = needed_by(bench.run, bench.services)
    left = [service for service in bench.run.definition.services if service.name in names]
    layers: list[list[Service]] = []
    done: set[str] = set()
    while left:
        ready = [one for one in left if all(need.service in done for need in one.depends_on if need.service in names)]
        layers.append(ready or left)
        done |= {service.name for service in layers[-1]}
        left = [service for service in left if service.name not in done]
    return layers


def _network(bench: Bench) -> Effect:
    made = BenchNetwork(bench.network, bench.run.pool, bench.labelled("network"))
    title = f"A throw-away network {bench.network}"
    return Effect(
        MakeBenchNetwork.kind,
        bench.key("network"),
        title,
        arguments(made),
        timeout_s=NETWORK_TIMEOUT_S,
        attempts=ATTEMPTS,
    )


def _stand(bench: Bench, service: Service, images: Mapping[str, str]) -> Effect:
    name = bench.container(service.name)
    safe, volumes = _throw_away(bench, service)
    labels = bench.labelled(service.name, service.name)
    blueprint = Blueprint(name, service.image, safe, labels, (Attachment(bench.network, (service.name,)),))
    wanted = BenchService(blueprint, bench.network, images.get(service.name, ""), volumes, bench.run.logins)
    return Effect(
        StandService.kind,
        bench.key(service.name),
        f"Start {service.name} beside the tests",
        arguments(wanted),
        timeout_s=STAND_TIMEOUT_S,
        service=service.name,
    )


def _tests(bench: Bench, images: Mapping[str, str]) -> Effect:
    tests = bench.run.definition.tests or bench.run.outline.tests or Tests()
    service = once(Service(name="tests", role=Role.ONE_SHOT, command=tests.command or None))
    blueprint = Blueprint(
        name=f"{bench.network}.tests",
        image=tests.image,
        service=service,
        labels=bench.labelled("tests"),
        networks=(Attachment(bench.network, ("tests",)),),
        environment={
            **tests.environment,
            "TEST_TYPE": "pre-deployment",
            "TEST_URL": _address(bench),
            "TEST_RELEASE": bench.run.version,
            "TEST_ENVIRONMENT": "",
        },
    )
    image = images.get(TEST_IMAGE, "")
    wanted = BenchTests(blueprint, bench.kind, tests.timeout_s, bench.labels, image, bench.run.logins)
    return Effect(
        RunTests.kind,
        bench.key("tests"),
        f"Run the {bench.kind} tests",
        arguments(wanted),
        timeout_s=tests.timeout_s + MARGIN_S,
    )


def _clear(bench: Bench) -> Effect:
    return Effect(
        ClearBench.kind,
        bench.key("clear"),
        "Clear the bench",
        arguments(Cleared(bench.labels)),
        timeout_s=CLEAR_TIMEOUT_S,
        attempts=ATTEMPTS,
        is_undone=False,
    )


def _address(bench: Bench) -> str:
    """The address of the first service with a port that was asked for; "" where none has one."""
    for name in bench.services:
        service = _find(bench.run.definition, name)
        if service is not None and service.port:
            return f"http://{name}:{service.port}"
    return ""


def _throw_away(bench: Bench, service: Service) -> tuple[Service, tuple[str, ...]]:
    """The service without what could harm the host or touch the project's data (law 7: a pushed file asks for nothing
    here that an administrator would have to allow), its volumes replaced by throw-away ones."""
    names: list[str] = []
    mounts: list[Mount] = []
    for mount in service.mounts:
        match mount:
            case Volume():
                names.append(f"{bench.network}.{mount.name}")
                mounts.append(replace(mount, name=names[-1]))
            case Tmpfs():
                mounts.append(mount)
            case Bind():
                continue
    safe = replace(
        service,
        mounts=tuple(mounts),
        ports=(),
        restart="no",
        privileged=False,
        cap_add=(),
        security_opt=(),
        network_mode="",
        pid_mode="",
        ipc_mode="",
        devices=(),
        sysctls={},
        log_driver="",
        log_options={},
        labels={},
    )
    return safe, tuple(names)


def _left_out(service: Service) -> list[str]:
    found = {
        "its binds": any(isinstance(mount, Bind) for mount in service.mounts),
        "its published ports": bool(service.ports),
        "privileged": service.privileged,
        "added capabilities": bool(service.cap_add),
        "devices": bool(service.devices),
        "the host's namespaces": bool(service.network_mode or service.pid_mode or service.ipc_mode),
        "security options": bool(service.security_opt),
        "sysctls": bool(service.sysctls),
    }
    return [what for what, is_so in found.items() if is_so]
