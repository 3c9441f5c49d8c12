"""The proxy that users reach: routes that point at one of two slots, moved at run time (law 1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from fairlead.domain.colour import Colour


@dataclass(frozen=True, slots=True)
class RouteSpec:
    """A route as it is to be. `name` is ours and unique: ``project/environment/service/n``, safe characters only.

    `host` is in lower case, without a port (`names.host_name`); of several routes of a host the longest `path` that is
    the request's path or a parent of it wins. `tls` says that a certificate is expected; `redirect_http` sends http to
    https.
    """

    name: str
    host: str
    path: str = "/"
    tls: bool = False
    redirect_http: bool = False


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an instance answers, as seen from the proxy."""

    instance: str
    address: str
    port: int


@dataclass(frozen=True, slots=True)
class ServerState:
    """One server slot of a backend as the proxy itself tells it."""

    address: str
    port: int
    is_ready: bool
    connections: int


@dataclass(frozen=True, slots=True)
class RouteState:
    """A route as the proxy itself tells it. `live` is None where no slot is pointed at yet.

    `servers` has both colours, and of each the server slots that hold an address; empty ones are left out.
    """

    spec: RouteSpec
    live: Colour | None
    servers: Mapping[Colour, tuple[ServerState, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Counters:
    """Requests and failures that the proxy itself counts for a route and slot since it started.

    requests        that have ended, whichever way
    proxy_errors    answers that the proxy made itself, because no server gave one (502, 503, 504)
    server_errors   answers of the application with 5xx
    broken          answers that a server broke off before their end
    sessions_now    requests in flight and tunnels
    retried         connections that were tried again; the user noticed nothing but time
    redispatched    of these, those that another server took
    left            requests whose client went away before the answer's end: no failure of ours
    """

    requests: int
    proxy_errors: int
    server_errors: int
    sessions_now: int
    broken: int = 0
    retried: int = 0
    redispatched: int = 0
    left: int = 0


@dataclass(frozen=True, slots=True)
class Drained:
    """How draining ended: seconds waited, and requests and tunnels still open at the bound and then closed.

    A request that ends by itself in the instant of the closing is not counted as cut. `counters` are the slot's as they
    were before anything was closed, so that what was cut is not told as failed too; None where there was no slot.
    """

    waited_s: float
    cut: int
    counters: Counters | None = None


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What the running proxy would be told, in its own language and order: to fill the idle slot, to point the routes
    at it, to leave the old slot once it is drained; and `back`, what would point the routes at the old one again. Of
    what it would be told of other routes, only how much that is."""

    fill: tuple[str, ...] = ()
    point: tuple[str, ...] = ()
    leave: tuple[str, ...] = ()
    back: tuple[str, ...] = ()


class Proxy(Protocol):
    """One proxy. *Set* and *verify* are different verbs: `point` sets, `read_back` tells what is so.

    Order of calls in a deployment: `ensure_route` (claims one backend for each colour, or finds them claimed) →
    `fill` the idle colour → `make_durable` → `point` (all of the project's routes, one generation) → `live`,
    `read_back`, `make_durable` → `drain` the old colour → `clear` it. None of them reloads the proxy, ever. Each is
    idempotent, none touches a route of another name; a host+path that another name holds raises
    `Conflict("route.taken")` naming it. What is set at run time is also written to the files from which the proxy
    starts, so that a restart agrees; one lock for each proxy.
    Errors: `Unreachable("proxy.unreachable")`, `Failed("proxy.failed")` with the proxy's words,
    `Conflict("proxy.pool")` when no spare backend is left, `Refused("proxy.replicas")` when a slot has too few servers.
    """

    async def ensure_route(self, spec: RouteSpec) -> None:
        """Backends are claimed under the route's name; nothing is routed yet. A changed host/path/tls takes effect at
        the next `point`."""
        ...

    async def fill(self, route: str, colour: Colour, endpoints: Sequence[Endpoint]) -> None:
        """The slot's servers are exactly these, ready; the other slot is untouched. [] empties it (see `clear`)."""
        ...

    async def point(self, live: Mapping[str, Colour]) -> None:
        """Every named route points at its colour, in one generation: all or none; returns once the running proxy says
        so itself."""
        ...

    async def read_back(self, route: str) -> RouteState | None:
        """What the running proxy says of the route; None where it knows none of that name."""
        ...

    async def live(self, route: str) -> Colour | None:
        """`read_back(route).live`, asked alone: what the running proxy says, and cheaper than all of it. None too where
        it knows no route of that name."""
        ...

    async def drain(self, route: str, colour: Colour, *, bound_s: float, only: Sequence[Endpoint] = ()) -> Drained:
        """No new requests reach the slot; returns when it has no open connection, or at the bound, having closed
        the rest and counted them. With `only`, just those of its servers (a replica that goes away), the others take
        over. A kept-alive connection without a request is not open. `fill` makes a drained server ready again."""
        ...

    async def clear(self, route: str, colour: Colour) -> None:
        """The slot's servers are empty and in maintenance."""
        ...

    async def remove(self, route: str) -> None:
        """The route and its backends are given back; gone is fine."""
        ...

    async def rehearse(self, wanted: Mapping[RouteSpec, Sequence[Endpoint]], colour: Colour) -> Rehearsal:
        """What a switch of these routes to `colour` with these endpoints would tell the proxy now; changes nothing.

        An endpoint's address may be any text: before a deployment starts it is not known. A route need not be there.
        """
        ...

    async def routes(self) -> Sequence[RouteSpec]:
        """All routes that we hold there."""
        ...

    async def make_durable(self) -> None:
        """What was set so far outlives a loss of power: a start from the files after it is where the proxy is now.

        Before this, a start after a loss of power may find the state before or after each of the last changes."""
        ...

    async def counters(self, route: str, colour: Colour) -> Counters:
        """The proxy's own counts for that slot."""
        ...

    async def ensure_certificate(self, host: str, pem: bytes) -> None:
        """The certificate (chain and key, PEM) answers for that host from the next handshake on, without a reload."""
        ...

    async def remove_certificate(self, host: str) -> None:
        """No longer answered with; gone is fine."""
        ...
