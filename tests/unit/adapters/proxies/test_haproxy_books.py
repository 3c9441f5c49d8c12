"""The books of a proxy: text and back, and which route a host and path belong to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.adapters.proxies.haproxy_books import (
    Books,
    Claim,
    Holding,
    MapEntry,
    SlotServer,
    Tally,
    backend_name,
    books_text,
    key_parts,
    map_text,
    parse_books,
    parse_map,
    route_key,
)
from fairlead.domain.colour import Colour
from fairlead.ports.proxy import RouteSpec

SEGMENT = st.from_regex(r"[a-z0-9~._-]{1,6}", fullmatch=True).filter(lambda text: ".." not in text)
PATH = st.lists(SEGMENT, max_size=3).map(lambda parts: "/" + "/".join(parts))
HOST = st.from_regex(r"[a-z]{1,5}\.[a-z]{2,3}", fullmatch=True)


def holding(name: str, number: int, host: str = "a.example.com", path: str = "/") -> Holding:
    servers = {2: SlotServer("10.0.0.1", 8080), 3: SlotServer("fd00::1", 81, is_ready=False)}
    blue = Claim(backend_name(number), servers, Tally(7, 1, 2, 3, 4, 5, 6, 7))
    green = Claim(backend_name(number + 1))
    return Holding(RouteSpec(name, host, path, tls=True), {Colour.BLUE: blue, Colour.GREEN: green})


def test_books_survive_being_written_and_read() -> None:
    books = Books(12, 4, certificates=("a.example.com",)).with_holding(holding("p/e/s/0", 0))
    books = books.with_holding(holding("p/e/s/1", 2, path="/x"))
    routed = {
        "a.example.com/x/": MapEntry("fl0002", tls=True, redirect_http=True),
        "b.example.com/": MapEntry("fl0000"),
    }
    books = Books(books.backends, books.servers, books.holdings, routed, books.certificates)
    assert parse_books(books_text(books), map_text(books.routed)) == books


@given(HOST, PATH, PATH)
def test_a_key_is_a_prefix_of_what_is_looked_up_just_for_the_path_and_what_is_below(
    host: str, path: str, asked: str
) -> None:
    key = route_key(RouteSpec("n", host, path))
    is_below = asked == path or asked.startswith(path.rstrip("/") + "/")
    assert f"{host}{asked}/".startswith(key) == is_below


@given(HOST, PATH)
def test_a_key_tells_its_host_and_path(host: str, path: str) -> None:
    assert key_parts(route_key(RouteSpec("n", host, path))) == (host, path)


@given(st.booleans(), st.booleans(), st.integers(0, 4095))
def test_a_map_entry_survives_being_written_and_read(tls: bool, redirect: bool, number: int) -> None:
    routed = {"a.example.com/": MapEntry(backend_name(number), tls=tls, redirect_http=redirect)}
    assert parse_map(map_text(routed)) == routed


def test_a_switch_does_not_change_the_length_of_the_map() -> None:
    lengths = {len(map_text({"a/": MapEntry(backend_name(number))})) for number in (0, 9, 127, 4095)}
    assert len(lengths) == 1


def test_the_lowest_spare_backends_come_first() -> None:
    books = Books(6, 4).with_holding(holding("p/e/s/0", 1))
    assert list(books.spare_backends()) == ["fl0000", "fl0003", "fl0004", "fl0005"]


def test_a_place_is_held_as_it_is_asked_for_and_as_it_is_routed() -> None:
    routed = {"old.example.com/": MapEntry("fl0000")}
    books = Books(6, 4, routed=routed).with_holding(holding("p/e/s/0", 0, "new.example.com"))
    assert books.holder_of("old.example.com/") == "p/e/s/0"
    assert books.holder_of("new.example.com/") == "p/e/s/0"
    assert books.holder_of("other.example.com/") is None
    assert books.without("p/e/s/0") == Books(6, 4)


def test_a_start_never_makes_the_pool_smaller_than_what_is_held() -> None:
    books = Books(128, 8).with_holding(holding("p/e/s/0", 4))
    fitted = books.fitting(2, 1)
    assert (fitted.backends, fitted.servers) == (6, 3)
    assert (books.fitting(256, 16).backends, books.fitting(256, 16).servers) == (256, 16)


@pytest.mark.parametrize(
    ("running", "stands"),
    [
        pytest.param("fl0001:tls", "fl0001:tls", id="sent to its other colour"),
        pytest.param(None, "fl0000:tls", id="removed"),
        pytest.param("fl0003", "fl0000:tls", id="sent to another's colour"),
        pytest.param("fl0009", "fl0000:tls", id="sent to nobody's"),
        pytest.param("theirs", "fl0000:tls", id="sent to what is not ours"),
    ],
)
def test_of_anothers_line_only_its_colour_is_taken_from_what_runs(running: str | None, stands: str) -> None:
    books = Books(12, 4).with_holding(holding("p/e/s/0", 0)).with_holding(holding("p/e/s/1", 2, path="/x"))
    books = books.with_map({"a.example.com/": MapEntry.parse("fl0000:tls"), "a.example.com/x/": MapEntry("fl0002")})
    seen = {"a.example.com/": running, "a.example.com/x/": "fl0003", "b.example.com/": "b", "c.example.com/": "fl0009"}
    others = books.others_of({key: MapEntry.parse(to) for key, to in seen.items() if to}, but=["p/e/s/1"])
    assert {key: str(to) for key, to in others.items()} == {"a.example.com/": stands, "b.example.com/": "b"}
