"""Our books of one HAProxy: who holds which backends, what is in their slots, what is routed; pure data and text."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import astuple, dataclass, field, replace
from typing import Any

from fairlead.domain.colour import Colour
from fairlead.ports.proxy import RouteSpec

VERSION = 1


@dataclass(frozen=True, slots=True)
class SlotServer:
    """One server slot that holds an address. A drained one keeps it, and gets no new requests."""

    address: str
    port: int
    is_ready: bool = True


@dataclass(frozen=True, slots=True)
class Tally:
    """What a backend had counted when the route claimed it, in the life of the proxy with that pid."""

    pid: int = 0
    requests: int = 0
    proxy_errors: int = 0
    server_errors: int = 0
    broken: int = 0
    retried: int = 0
    redispatched: int = 0
    left: int = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """A backend held by one colour of one route; `servers` by slot number from 1."""

    backend: str
    servers: Mapping[int, SlotServer] = field(default_factory=dict)
    before: Tally = Tally()


@dataclass(frozen=True, slots=True)
class Holding:
    """A route as it was asked for last, and its two backends."""

    spec: RouteSpec
    claims: Mapping[Colour, Claim]

    def with_servers(self, colour: Colour, servers: Mapping[int, SlotServer]) -> Holding:
        claim = replace(self.claims[colour], servers=dict(sorted(servers.items())))
        return replace(self, claims={**self.claims, colour: claim})

    def colour_of(self, backend: str) -> Colour | None:
        return next((colour for colour, claim in self.claims.items() if claim.backend == backend), None)


@dataclass(frozen=True, slots=True)
class MapEntry:
    """One line of the route map: where requests under the key go, and how."""

    backend: str
    tls: bool = False
    redirect_http: bool = False

    def __str__(self) -> str:
        return self.backend + (":tls" if self.tls else "") + (":redirect" if self.redirect_http else "")

    @classmethod
    def parse(cls, text: str) -> MapEntry:
        backend, *flags = text.split(":")
        return cls(backend, tls="tls" in flags, redirect_http="redirect" in flags)


@dataclass(frozen=True, slots=True)
class Books:
    """All of it. `routed` is the map: key → entry. `backends` × `servers` is the pool that the proxy started with."""

    backends: int
    servers: int
    holdings: Mapping[str, Holding] = field(default_factory=dict)
    routed: Mapping[str, MapEntry] = field(default_factory=dict)
    certificates: tuple[str, ...] = ()

    def with_holding(self, holding: Holding) -> Books:
        return replace(self, holdings={**self.holdings, holding.spec.name: holding})

    def without(self, route: str) -> Books:
        rest = {name: holding for name, holding in self.holdings.items() if name != route}
        keys = set(self.keys_of(route))
        return replace(self, holdings=rest, routed={key: to for key, to in self.routed.items() if key not in keys})

    def with_map(self, routed: Mapping[str, MapEntry]) -> Books:
        """The same with that map. Every switch makes one, and `replace` takes a while."""
        return Books(self.backends, self.servers, self.holdings, routed, self.certificates)

    def keys_of(self, route: str) -> Iterator[str]:
        """The map's keys that point at this route now (one, but for a half-done change)."""
        if holding := self.holdings.get(route):
            its = {claim.backend for claim in holding.claims.values()}
            yield from (key for key, to in self.routed.items() if to.backend in its)

    def entry(self, route: str, colour: Colour) -> MapEntry:
        """The line of the map that sends users of the route to that colour."""
        holding = self.holdings[route]
        return MapEntry(holding.claims[colour].backend, tls=holding.spec.tls, redirect_http=holding.spec.redirect_http)

    def others_of(self, running: Mapping[str, MapEntry], *, but: Collection[str]) -> dict[str, MapEntry]:
        """The lines of the running map, without those of the routes `but`: how they stand in its next generation.

        A person may have sent users of a route to its other colour without us (`fairlead-server offline
        print-commands`), and what our files say of them is then older. A line of a route that is gone, or leads to
        none of its colours, stands as we wrote it; one of our pool that no route holds any more is left out."""
        whose = {claim.backend: name for name, one in self.holdings.items() for claim in one.claims.values()}
        keys = {route_key(self.holdings[name].spec) for name in but if name in self.holdings}
        pool = {backend_name(number) for number in range(self.backends)}
        others: dict[str, MapEntry] = {}
        for key, to in {**self.routed, **running}.items():
            route = whose.get(self.routed.get(key, to).backend)
            if key in keys or route in but:
                continue
            if route is not None:
                others[key] = to if whose.get(to.backend) == route else self.routed[key]
            elif key in running and to.backend not in pool:
                others[key] = to
        return others

    def holder_of(self, key: str) -> str | None:
        """The route that has this host and path, as it is asked for or as it is still routed."""
        for name, holding in self.holdings.items():
            if route_key(holding.spec) == key or key in self.keys_of(name):
                return name
        return None

    def has_same_claims(self, other: Books) -> bool:
        """Whether all but the map is the same."""
        pool = (self.backends, self.servers) == (other.backends, other.servers)
        is_same = self.holdings is other.holdings or self.holdings == other.holdings
        return pool and is_same and self.certificates == other.certificates

    def spare_backends(self) -> Iterator[str]:
        """Backends that nobody holds, lowest first."""
        held = {claim.backend for holding in self.holdings.values() for claim in holding.claims.values()}
        yield from (name for number in range(self.backends) if (name := backend_name(number)) not in held)

    def fitting(self, backends: int, servers: int) -> Books:
        """For a start with this pool: never smaller than what is held."""
        claims = [claim for holding in self.holdings.values() for claim in holding.claims.values()]
        highest = max((int(claim.backend.removeprefix("fl")) + 1 for claim in claims), default=0)
        fullest = max((slot for claim in claims for slot in claim.servers), default=0)
        return replace(self, backends=max(backends, highest), servers=max(servers, fullest))


def backend_name(number: int) -> str:
    """All names have one width, so that a switch changes the map's file without changing its length."""
    return f"fl{number:04d}"


def route_key(spec: RouteSpec) -> str:
    """The key in the map: host and path, ending with a slash, so that a prefix ends on a path boundary.

    The front looks up ``host + path + "/"``: ``h/a/`` is a prefix of ``h/a/`` and ``h/a/b/``, never of ``h/ab/``.
    """
    return f"{spec.host}{spec.path.rstrip('/')}/"


def key_parts(key: str) -> tuple[str, str]:
    """Host and path of a key; the path without a slash at its end, unless it is the root."""
    host, _, path = key.partition("/")
    return host, "/" + path.rstrip("/")


def map_text(routed: Mapping[str, MapEntry]) -> str:
    return "".join(f"{key} {to}\n" for key, to in sorted(routed.items()))


def parse_map(text: str) -> dict[str, MapEntry]:
    pairs = (line.split(" ", 1) for line in text.splitlines() if " " in line)
    return {key: MapEntry.parse(value.strip()) for key, value in pairs}


def books_text(books: Books) -> str:
    """All but the map, as JSON."""
    routes = {name: _holding_json(holding) for name, holding in sorted(books.holdings.items())}
    data = {
        "version": VERSION,
        "pool": {"backends": books.backends, "servers": books.servers},
        "routes": routes,
        "certificates": list(books.certificates),
    }
    return json.dumps(data, indent=1) + "\n"


def parse_books(text: str, map_text_: str) -> Books:
    """The inverse of `books_text` and `map_text`; raises ValueError, KeyError or TypeError for anything else."""
    data = json.loads(text)
    if data["version"] != VERSION:
        raise ValueError(f"version {data['version']!r} is not {VERSION}")
    return Books(
        backends=int(data["pool"]["backends"]),
        servers=int(data["pool"]["servers"]),
        holdings={name: _holding(name, value) for name, value in data["routes"].items()},
        routed=parse_map(map_text_),
        certificates=tuple(str(host) for host in data["certificates"]),
    )


def _holding_json(holding: Holding) -> dict[str, Any]:
    spec = holding.spec
    return {
        "host": spec.host,
        "path": spec.path,
        "tls": spec.tls,
        "redirect_http": spec.redirect_http,
        "slots": {str(colour): _claim_json(claim) for colour, claim in holding.claims.items()},
    }


def _claim_json(claim: Claim) -> dict[str, Any]:
    return {
        "backend": claim.backend,
        "servers": {
            str(slot): [server.address, server.port, server.is_ready] for slot, server in claim.servers.items()
        },
        "before": list(astuple(claim.before)),
    }


def _holding(name: str, data: Mapping[str, Any]) -> Holding:
    spec = RouteSpec(name, data["host"], data["path"], tls=data["tls"], redirect_http=data["redirect_http"])
    return Holding(spec, {Colour(colour): _claim(value) for colour, value in data["slots"].items()})


def _claim(data: Mapping[str, Any]) -> Claim:
    servers = {int(slot): SlotServer(str(a), int(p), bool(ready)) for slot, (a, p, ready) in data["servers"].items()}
    return Claim(data["backend"], servers, Tally(*(int(number) for number in data["before"])))
