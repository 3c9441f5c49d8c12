"""The throw-away benches of a run: which services stand beside its tests, and what of them is left out there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fairlead.domain.naming import tag
from fairlead.domain.plan import Effect, InParallel, Node, Sequence
from fairlead.domain.service import Role, Service, Tests
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
from fairlead.steps.throw_away import layered, left_out, named, needed_by, thrown_away

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
    layers = [
        InParallel(tuple(_stand(bench, service, images) for service in layer))
        for layer in layered(bench.run.definition, bench.services)
    ]
    return Sequence((_network(bench), *layers, _tests(bench, images), _clear(bench)))


def bench_warnings(run: ResolvedRun) -> tuple[str, ...]:
    """What services beside tests do not get there, one sentence each."""
    tests = run.outline.tests
    if tests is None:
        return ()
    names = needed_by(run.definition, (*tests.services, *tests.built_services))
    return tuple(
        f"beside the tests {service.name} stands without {', '.join(left)}"
        for service in run.definition.services
        if service.name in names and (left := left_out(service))
    )


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
    safe, volumes = thrown_away(service, bench.network)
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
        service = named(bench.run.definition, name)
        if service is not None and service.port:
            return f"http://{name}:{service.port}"
    return ""
