"""What a deployment's success changes in its place, told before it starts; and what differs from that afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from fairlead.domain.capture import (
    Capture,
    ContainerState,
    NetworkState,
    RegisteredState,
    RoutedState,
    SlotRecord,
    of_container,
    of_network,
    of_registration,
    of_route,
    of_slot,
)

State = TypeVar("State")


@dataclass(frozen=True, slots=True)
class Announced:
    """By name, as it is to be in the end; None where it is to be gone. What is not named must be as it was.

    A container or network that is to be made has no id yet, and a container no configuration: any will do. One that was
    there before keeps both. A network without subnets may have any.
    """

    containers: Mapping[str, ContainerState | None] = field(default_factory=dict)
    networks: Mapping[str, NetworkState | None] = field(default_factory=dict)
    registrations: Mapping[str, RegisteredState | None] = field(default_factory=dict)
    routes: Mapping[str, RoutedState | None] = field(default_factory=dict)
    slots: Mapping[str, SlotRecord | None] = field(default_factory=dict)

    @property
    def sentences(self) -> tuple[str, ...]:
        """What will differ, one sentence each."""
        return (
            *_told("container", self.containers, lambda one: "runs" if one.is_running else "stands, stopped"),
            *_told("network", self.networks, lambda one: f"is there{_in(', '.join(one.subnets))}"),
            *_told("registration", self.registrations, lambda one: f"says {one.address}:{one.port} ({one.colour})"),
            *_told("route", self.routes, lambda one: f"points at {one.live}: {', '.join(one.servers) or 'no servers'}"),
            *_told("slot", self.slots, lambda one: f"is {one.state}"),
        )


def unexpected(before: Capture, after: Capture, announced: Announced) -> tuple[str, ...]:
    """What is neither as it was nor as it was announced, one sentence each; () is the certificate of a success."""
    return (
        *_against("container", before.containers, after.containers, announced.containers, _made(of_container)),
        *_against("network", before.networks, after.networks, announced.networks, _made_network),
        *(f"volume {name} is gone" for name in before.volumes if name not in after.volumes),
        *_against("registration", before.registrations, after.registrations, announced.registrations, of_registration),
        *_against("route", before.routes, after.routes, announced.routes, of_route),
        *_against("slot", before.slots, after.slots, announced.slots, of_slot),
    )


def _against(
    noun: str,
    before: Mapping[str, State],
    after: Mapping[str, State],
    announced: Mapping[str, State | None],
    say: Callable[[State, State], Iterator[str]],
) -> Iterator[str]:
    for name in sorted(before.keys() | after.keys() | announced.keys()):
        was, now = before.get(name), after.get(name)
        if name in announced:
            wanted = announced[name]
            if wanted is None:
                if now is not None:
                    yield f"{noun} {name} is still there"
                continue
            expected = _kept(wanted, was)
        elif was is None:
            yield f"{noun} {name} is there, and nobody announced it"
            continue
        else:
            expected = was
        if now is None:
            yield f"{noun} {name} is not there"
        else:
            yield from (f"{noun} {name} {difference}" for difference in say(expected, now))


def _kept(wanted: State, was: State | None) -> State:
    """What was there before and only changes keeps its id."""
    if isinstance(wanted, ContainerState) and isinstance(was, ContainerState):
        return replace(was, is_running=wanted.is_running)
    if isinstance(wanted, NetworkState) and isinstance(was, NetworkState):
        return was
    return wanted


def _made(
    say: Callable[[ContainerState, ContainerState], Iterator[str]],
) -> Callable[[ContainerState, ContainerState], Iterator[str]]:
    def said(wanted: ContainerState, now: ContainerState) -> Iterator[str]:
        known = wanted if wanted.id else replace(now, is_running=wanted.is_running)
        return say(known, now)

    return said


def _made_network(wanted: NetworkState, now: NetworkState) -> Iterator[str]:
    return of_network(NetworkState(wanted.id or now.id, wanted.subnets or now.subnets), now)


def _told(noun: str, announced: Mapping[str, State | None], say: Callable[[State], str]) -> Iterator[str]:
    for name, state in announced.items():
        yield f"{noun} {name} {'is gone' if state is None else say(state)}"


def _in(subnets: str) -> str:
    return f", in {subnets}" if subnets else ""
