"""What every test of a proxy is given: the proxy, the world around it, and routes that are live."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from fairlead.domain.colour import Colour
from fairlead.ports.proxy import Endpoint, Proxy, RouteSpec

BLUE, GREEN = Colour.BLUE, Colour.GREEN
BOUND_S = 10.0
BOOKS = RouteSpec("books/production/web/0", "books.example.com")
ADMIN = RouteSpec("books/production/admin/0", "books.example.com", "/admin")
SHOP = RouteSpec("shop/production/web/0", "shop.example.com")


class ProxyRig(Protocol):
    """The proxy under test and the world around it: things that answer, and somebody who asks."""

    proxy: Proxy
    routes: int
    """How many routes its pool holds."""
    replicas: int
    """How many servers a slot holds."""

    def reborn(self) -> Proxy:
        """Another server process, after the first one died: the same proxy, nothing remembered."""
        ...

    async def endpoint(self, name: str) -> Endpoint:
        """Something that answers with its name."""
        ...

    async def ask(self, host: str, path: str = "/") -> str | None:
        """Who answers a user's request; None where nobody does."""
        ...

    def hold(self, host: str) -> AbstractAsyncContextManager[None]:
        """A user's request that is in flight inside, and answered at the end (whatever became of it)."""
        ...

    async def restart(self) -> None:
        """The proxy itself is killed, and started from its files."""
        ...

    async def kill(self) -> None:
        """The proxy itself is killed."""
        ...

    def certificate(self, host: str) -> bytes:
        """A new certificate and key for the host."""
        ...

    async def shows(self, host: str, pem: bytes) -> bool:
        """Whether a new handshake for that host is answered with that certificate."""
        ...


async def live(rig: ProxyRig, spec: RouteSpec, *names: str, colour: Colour = BLUE) -> list[Endpoint]:
    """The route is pointed at a slot with these instances."""
    endpoints = [await rig.endpoint(name) for name in names]
    await rig.proxy.ensure_route(spec)
    await rig.proxy.fill(spec.name, colour, endpoints)
    await rig.proxy.point({spec.name: colour})
    return endpoints


async def ready_places(rig: ProxyRig, route: str, colour: Colour) -> set[tuple[str, int]]:
    state = await rig.proxy.read_back(route)
    assert state is not None
    return {(server.address, server.port) for server in state.servers[colour] if server.is_ready}


def places(*endpoints: Endpoint) -> set[tuple[str, int]]:
    return {(endpoint.address, endpoint.port) for endpoint in endpoints}
