"""The state of a project in an environment as seen from outside, before and after: what the certificate compares.

Only what is ours is captured (law 7), and of it what must be as it was (law 2): the same containers with the same
configuration, running or not; the same networks, registrations, routes, proxy servers and recorded slots. Times of
start are kept to be told, not compared. Images and caches are no state. Volumes are the project's data: one that is
gone is a difference, a new one is not.
No secret is in it: a container's whole configuration is a keyed hash.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

State = TypeVar("State")


@dataclass(frozen=True, slots=True)
class ContainerState:
    """One container of ours. `configuration` is a keyed hash of all that stays the same over a restart."""

    id: str
    configuration: str
    is_running: bool
    started_at: str = ""


@dataclass(frozen=True, slots=True)
class NetworkState:
    """One network of ours."""

    id: str
    subnets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RegisteredState:
    """One instance in the catalogue."""

    service: str
    colour: str
    address: str
    port: int


@dataclass(frozen=True, slots=True)
class RoutedState:
    """One route as the running proxy tells it; `servers` are those that hold an address, by colour."""

    host: str
    path: str
    tls: bool
    live: str
    servers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SlotRecord:
    """One slot as our own books have it."""

    state: str
    deployment: str = ""
    release: str = ""
    network: str = ""


@dataclass(frozen=True, slots=True)
class Capture:
    """All of it, by name."""

    containers: Mapping[str, ContainerState] = field(default_factory=dict)
    networks: Mapping[str, NetworkState] = field(default_factory=dict)
    volumes: tuple[str, ...] = ()
    registrations: Mapping[str, RegisteredState] = field(default_factory=dict)
    routes: Mapping[str, RoutedState] = field(default_factory=dict)
    slots: Mapping[str, SlotRecord] = field(default_factory=dict)


def differences(before: Capture, after: Capture) -> tuple[str, ...]:
    """What is not as it was, one sentence each; () is the certificate that all of it is."""
    return (
        *_compare("container", before.containers, after.containers, of_container),
        *_compare("network", before.networks, after.networks, of_network),
        *(f"volume {name} is gone" for name in before.volumes if name not in after.volumes),
        *_compare("registration", before.registrations, after.registrations, of_registration),
        *_compare("route", before.routes, after.routes, of_route),
        *_compare("slot", before.slots, after.slots, of_slot),
    )


def restarted(before: Capture, after: Capture) -> tuple[str, ...]:
    """Containers that run as before, but were stopped and started between: told, not compared."""
    return tuple(
        name
        for name, was in before.containers.items()
        if (now := after.containers.get(name)) is not None
        and was.is_running
        and now.is_running
        and was.id == now.id
        and was.started_at != now.started_at
    )


def _compare(
    noun: str,
    before: Mapping[str, State],
    after: Mapping[str, State],
    say: Callable[[State, State], Iterator[str]],
) -> Iterator[str]:
    for name in sorted(before.keys() | after.keys()):
        was, now = before.get(name), after.get(name)
        if was is None:
            yield f"{noun} {name} was not there before"
        elif now is None:
            yield f"{noun} {name} is gone"
        else:
            yield from (f"{noun} {name} {difference}" for difference in say(was, now))


def of_container(was: ContainerState, now: ContainerState) -> Iterator[str]:
    """How one container differs from another state of it."""
    if was.id != now.id:
        yield f"is another one: {now.id[:12]} instead of {was.id[:12]}"
    if was.configuration != now.configuration:
        yield "has another configuration"
    if was.is_running != now.is_running:
        yield "does not run any more" if was.is_running else "runs, and did not before"


def of_network(was: NetworkState, now: NetworkState) -> Iterator[str]:
    """The same of a network."""
    if was.id != now.id:
        yield f"is another one: {now.id[:12]} instead of {was.id[:12]}"
    if was.subnets != now.subnets:
        yield f"has {', '.join(now.subnets)} instead of {', '.join(was.subnets)}"


def of_registration(was: RegisteredState, now: RegisteredState) -> Iterator[str]:
    """The same of a registration."""
    if was != now:
        yield f"says {now.address}:{now.port} ({now.colour}) instead of {was.address}:{was.port} ({was.colour})"


def of_route(was: RoutedState, now: RoutedState) -> Iterator[str]:
    """The same of a route."""
    if (was.host, was.path, was.tls) != (now.host, now.path, now.tls):
        yield f"answers {now.host}{now.path} instead of {was.host}{was.path}"
    if was.live != now.live:
        yield f"points at {now.live or 'nothing'} instead of {was.live or 'nothing'}"
    if was.servers != now.servers:
        yield f"has the servers {', '.join(now.servers) or 'none'} instead of {', '.join(was.servers) or 'none'}"


def of_slot(was: SlotRecord, now: SlotRecord) -> Iterator[str]:
    """The same of a recorded slot."""
    if was.state != now.state:
        yield f"is recorded {now.state} instead of {was.state}"
    if (was.deployment, was.release) != (now.deployment, now.release):
        yield f"is recorded for deployment {now.deployment or 'none'} instead of {was.deployment or 'none'}"
    if was.network != now.network:
        yield f"is recorded with network {now.network or 'none'} instead of {was.network or 'none'}"
