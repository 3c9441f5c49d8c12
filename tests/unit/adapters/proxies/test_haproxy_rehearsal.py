"""What a plan shows of the commands for a switch: those of its own routes, line for line."""

from dataclasses import replace

from fairlead.adapters.proxies.haproxy_books import Books, Claim, Holding, MapEntry, backend_name, route_key
from fairlead.adapters.proxies.haproxy_rehearsal import rehearsed
from fairlead.domain.colour import Colour
from fairlead.ports.proxy import RouteSpec

OWN = [RouteSpec("books/Test/a/0", "a.example.com"), RouteSpec("books/Test/b/0", "b.example.com")]
OTHERS = [RouteSpec(f"shop/Test/{number}/0", f"{number}.shop.example.com") for number in range(40)]


def books_of(*specs: RouteSpec) -> Books:
    """Each is live in blue."""
    books = Books(128, 4)
    for number, spec in enumerate(specs):
        claims = {Colour.BLUE: Claim(backend_name(2 * number)), Colour.GREEN: Claim(backend_name(2 * number + 1))}
        books = books.with_holding(Holding(spec, claims))
    return replace(
        books, routed={route_key(spec): MapEntry(books.entry(spec.name, Colour.BLUE).backend) for spec in specs}
    )


def test_of_a_new_generation_the_lines_of_other_routes_are_counted_and_not_named() -> None:
    told = rehearsed(books_of(*OWN, *OTHERS), {}, dict.fromkeys(OWN, ()), Colour.GREEN, "/m")
    assert told.point == (
        "prepare map /m",
        "add map @<n> /m a.example.com/ fl0001",
        "add map @<n> /m b.example.com/ fl0003",
        "add map @<n> /m … (40 lines of other routes, as they stand)",
        "commit map @<n> /m",
    )
    assert "shop" not in f"{told}"
    assert told.back[1:4] == (
        "add map @<n> /m a.example.com/ fl0000",
        "add map @<n> /m b.example.com/ fl0002",
        "add map @<n> /m … (40 lines of other routes, as they stand)",
    )


def test_where_no_others_are_none_are_counted() -> None:
    told = rehearsed(books_of(OWN[0]), {}, dict.fromkeys(OWN, ()), Colour.GREEN, "/m")
    assert told.point == (
        "prepare map /m",
        "add map @<n> /m a.example.com/ fl0001",
        "add map @<n> /m b.example.com/ fl0003",
        "commit map @<n> /m",
    )
    assert told.back == ("prepare map /m", "add map @<n> /m a.example.com/ fl0000", "commit map @<n> /m")
