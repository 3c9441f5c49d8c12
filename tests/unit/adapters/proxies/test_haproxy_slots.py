"""Filling a slot keeps what is wanted, and never leaves a slot that takes requests without a server."""

from hypothesis import given
from hypothesis import strategies as st

from fairlead.adapters.proxies.haproxy_answers import EMPTY_ADDRESS, EMPTY_PORT, RunningServer
from fairlead.adapters.proxies.haproxy_slots import Address, addresses, plan_fill
from fairlead.ports.proxy import Endpoint

SLOTS = 5
PLACE = st.integers(1, 9).map(lambda number: (f"10.0.0.{number}", 80))
EMPTY = st.just((EMPTY_ADDRESS, EMPTY_PORT))


@st.composite
def running(draw: st.DrawFn) -> list[RunningServer]:
    places = draw(st.lists(st.one_of(PLACE, EMPTY), min_size=SLOTS, max_size=SLOTS))
    ready = draw(st.lists(st.booleans(), min_size=SLOTS, max_size=SLOTS))
    return [
        RunningServer(slot, *place, is_ready=is_ready and place[0] != EMPTY_ADDRESS)
        for slot, (place, is_ready) in enumerate(zip(places, ready, strict=True), 1)
    ]


def play(servers: list[RunningServer], commands: list[str]) -> tuple[dict[int, tuple[Address, bool]], int]:
    """What the commands make of the slots, and the fewest servers that were ready meanwhile."""
    now = {server.slot: ((server.address, server.port), server.is_ready) for server in servers}
    fewest = sum(is_ready for _, is_ready in now.values())
    for command in commands:
        _, _, target, verb, *rest = command.split(" ")
        slot = int(target.rpartition("/s")[2])
        place, is_ready = now[slot]
        if verb == "addr":
            assert not is_ready
            now[slot] = ((rest[0], int(rest[2])), is_ready)
        else:
            now[slot] = (place, rest[0] == "ready")
        fewest = min(fewest, sum(is_ready for _, is_ready in now.values()))
    return now, fewest


@given(running(), st.lists(PLACE, max_size=SLOTS, unique=True))
def test_the_slots_hold_exactly_what_is_wanted_and_ready(servers: list[RunningServer], wanted: list[Address]) -> None:
    held, commands = plan_fill("fl0000", servers, wanted)
    now, _ = play(servers, commands)
    assert sorted(place for place, is_ready in now.values() if is_ready) == sorted(wanted)
    assert all(place == (EMPTY_ADDRESS, EMPTY_PORT) for place, is_ready in now.values() if not is_ready)
    assert {slot: (server.address, server.port) for slot, server in held.items()} == {
        slot: place for slot, (place, is_ready) in now.items() if is_ready
    }


@given(running(), st.lists(PLACE, min_size=1, max_size=SLOTS - 1, unique=True))
def test_what_is_there_and_wanted_is_not_touched(servers: list[RunningServer], wanted: list[Address]) -> None:
    _, commands = plan_fill("fl0000", servers, wanted)
    touched = {command.split(" ")[2] for command in commands}
    seen = set()
    for server in servers:
        place = (server.address, server.port)
        if place in wanted and place not in seen and server.is_ready:
            assert f"fl0000/s{server.slot}" not in touched
        if place in wanted:
            seen.add(place)


@given(st.integers(1, SLOTS - 1))
def test_a_slot_that_takes_requests_is_never_empty_while_there_is_room(count: int) -> None:
    servers = [RunningServer(slot, f"10.0.0.{slot}", 80, is_ready=True) for slot in range(1, count + 1)]
    servers += [RunningServer(slot, EMPTY_ADDRESS, EMPTY_PORT, is_ready=False) for slot in range(count + 1, SLOTS + 1)]
    _, fewest = play(servers, plan_fill("fl0000", servers, [("10.0.1.1", 80)])[1])
    assert fewest >= 1


def test_addresses_are_told_once_and_in_one_spelling() -> None:
    endpoints = [Endpoint("a", "FD00:0::1", 80), Endpoint("b", "fd00::1", 80), Endpoint("c", "10.0.0.1", 80)]
    assert addresses(endpoints) == [("fd00::1", 80), ("10.0.0.1", 80)]
