"""The proxy in memory keeps the contract, and the contract can tell a proxy that does not."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from fairlead.adapters.system import SystemClock
from fairlead.domain.colour import Colour
from fairlead.domain.errors import FairleadError, Invalid
from fairlead.ports.proxy import Counters, Drained, Endpoint, Rehearsal, RouteSpec, RouteState
from fairlead.testing.contracts import proxy as contract
from fairlead.testing.fake_proxy import FakeProxy, ProxyWorld


class FakeRig:
    """The world, and names for what stands at its addresses."""

    def __init__(self, kind: type[FakeProxy] = FakeProxy) -> None:
        self.routes, self.replicas = 6, 4
        self.world = ProxyWorld(most_routes=self.routes, most_servers=self.replicas)
        self.kind = kind
        self.proxy = self.reborn()
        self._names: dict[tuple[str, int], str] = {}
        self._certificates = 0

    def reborn(self) -> FakeProxy:
        return self.kind(self.world, SystemClock())

    async def endpoint(self, name: str) -> Endpoint:
        endpoint = Endpoint(name, f"10.0.0.{len(self._names) + 1}", 8080)
        self._names[endpoint.address, endpoint.port] = name
        return endpoint

    async def ask(self, host: str, path: str = "/") -> str | None:
        with self.world.request(host, path) as place:
            return self._names[place] if place else None

    @asynccontextmanager
    async def hold(self, host: str) -> AsyncIterator[None]:
        with self.world.request(host):
            yield

    async def restart(self) -> None:
        self.world.is_up = True

    async def kill(self) -> None:
        self.world.is_up = False

    def certificate(self, host: str) -> bytes:
        self._certificates += 1
        number = self._certificates
        key = f"-----BEGIN PRIVATE KEY-----\n{number}\n-----END PRIVATE KEY-----\n"
        return f"-----BEGIN CERTIFICATE-----\n{host} {number}\n-----END CERTIFICATE-----\n{key}".encode()

    async def shows(self, host: str, pem: bytes) -> bool:
        return self.world.certificates.get(host) == pem


class CarefulProxy(FakeProxy):
    """The fake's certificates are text: a key fits when it says the same number."""

    async def ensure_certificate(self, host: str, pem: bytes) -> None:
        lines = pem.decode().split("\n")
        if len(lines) > 4 and lines[1].split()[-1] != lines[4]:
            raise Invalid("certificate.invalid", "the key does not fit")
        await super().ensure_certificate(host, pem)


@pytest.fixture
def rig() -> FakeRig:
    return FakeRig(CarefulProxy)


class TestFake(contract.ProxyContract):
    pass


class TestFakeRouting(contract.ProxyRoutingContract):
    pass


class TestFakeDrain(contract.ProxyDrainContract):
    pass


class TestFakeCertificates(contract.ProxyCertificateContract):
    pass


# Wrong on purpose: each breaks one promise, and the test of that promise must notice.


class PointsOneByOne(FakeProxy):
    """Moves what it can before it finds that it cannot move all."""

    async def point(self, live: Mapping[str, Colour]) -> None:
        for route, colour in live.items():
            await super().point({route: colour})


class ForgetsToPoint(FakeProxy):
    async def point(self, live: Mapping[str, Colour]) -> None:
        for route in live:
            self._held(route)


class SaysWhatWasAsked(FakeProxy):
    """Remembers in the client instead of asking the proxy."""

    def __init__(self, world: ProxyWorld, clock: SystemClock) -> None:
        super().__init__(world, clock)
        self._said: dict[str, Colour] = {}

    async def point(self, live: Mapping[str, Colour]) -> None:
        self._said.update(live)
        await super().point(live)

    async def read_back(self, route: str) -> RouteState | None:
        state = await super().read_back(route)
        return state and RouteState(state.spec, self._said.get(route), state.servers)


class RemembersWhatIsLive(FakeProxy):
    """Answers `live` from what it pointed at first."""

    async def live(self, route: str) -> Colour | None:
        found = await super().live(route)
        return found and Colour.BLUE


class AddsInsteadOfReplacing(FakeProxy):
    async def fill(self, route: str, colour: Colour, endpoints: Sequence[Endpoint]) -> None:
        old = self._held(route).slots[colour] if route in self.world.held else []
        await super().fill(route, colour, endpoints)
        held = self._held(route)
        held.slots[colour] = [*old, *(one for one in held.slots[colour] if one not in old)]


class FillsBothSlots(FakeProxy):
    async def fill(self, route: str, colour: Colour, endpoints: Sequence[Endpoint]) -> None:
        await super().fill(route, colour, endpoints)
        await super().fill(route, colour.other, endpoints)


class TakesRoutesOfOthers(FakeProxy):
    async def ensure_route(self, spec: RouteSpec) -> None:
        for name, held in list(self.world.held.items()):
            if name != spec.name and held.spec.host == spec.host:
                del self.world.held[name]
        await super().ensure_route(spec)


class RoutesAtOnce(FakeProxy):
    """A changed host takes effect before the next point."""

    async def ensure_route(self, spec: RouteSpec) -> None:
        await super().ensure_route(spec)
        held = self._held(spec.name)
        held.routed = spec if held.live else None


class DoesNotWait(FakeProxy):
    async def drain(self, route: str, colour: Colour, *, bound_s: float, only: Sequence[Endpoint] = ()) -> Drained:
        return await super().drain(route, colour, bound_s=0.0, only=only)


class HidesWhatItCut(FakeProxy):
    async def drain(self, route: str, colour: Colour, *, bound_s: float, only: Sequence[Endpoint] = ()) -> Drained:
        drained = await super().drain(route, colour, bound_s=bound_s, only=only)
        return Drained(drained.waited_s, 0, drained.counters)


class CountsWhatItCutAsFailed(FakeProxy):
    async def drain(self, route: str, colour: Colour, *, bound_s: float, only: Sequence[Endpoint] = ()) -> Drained:
        drained = await super().drain(route, colour, bound_s=bound_s, only=only)
        return Drained(drained.waited_s, drained.cut, await self.counters(route, colour))


class DrainsAllOfThem(FakeProxy):
    async def drain(self, route: str, colour: Colour, *, bound_s: float, only: Sequence[Endpoint] = ()) -> Drained:
        return await super().drain(route, colour, bound_s=bound_s)


class DrainsBothSlots(FakeProxy):
    async def drain(self, route: str, colour: Colour, *, bound_s: float, only: Sequence[Endpoint] = ()) -> Drained:
        await super().drain(route, colour.other, bound_s=bound_s)
        return await super().drain(route, colour, bound_s=bound_s, only=only)


class RemovesEverything(FakeProxy):
    async def remove(self, route: str) -> None:
        self.world.held.clear()


class MindsWhatIsGone(FakeProxy):
    async def remove(self, route: str) -> None:
        self._held(route)
        await super().remove(route)

    async def clear(self, route: str, colour: Colour) -> None:
        self._held(route)
        await super().clear(route, colour)


class KeepsThePool(FakeProxy):
    """What is given back is not spare again."""

    async def remove(self, route: str) -> None:
        if route in self.world.held:
            self.world.most_routes -= 1
        await super().remove(route)


class TrustsNames(FakeProxy):
    async def ensure_route(self, spec: RouteSpec) -> None:
        from fairlead.testing.fake_proxy import Held

        self.world.held.setdefault(spec.name, Held(spec))


class CountsForTheOther(FakeProxy):
    async def counters(self, route: str, colour: Colour) -> Counters:
        return await super().counters(route, colour.other)


class KeepsTheFirstCertificate(FakeProxy):
    async def ensure_certificate(self, host: str, pem: bytes) -> None:
        if host not in self.world.certificates:
            await super().ensure_certificate(host, pem)


class RehearsesForReal(FakeProxy):
    async def rehearse(self, wanted: Mapping[RouteSpec, Sequence[Endpoint]], colour: Colour) -> Rehearsal:
        for spec in wanted:
            await self.ensure_route(spec)
        return await super().rehearse(wanted, colour)


class DeadIsFine(FakeProxy):
    def _asked(self) -> ProxyWorld:
        return self.world


WRONG: list[tuple[type[FakeProxy], Callable[..., Awaitable[None]]]] = [
    (PointsOneByOne, contract.ProxyContract.test_one_route_that_is_not_there_moves_none),
    (ForgetsToPoint, contract.ProxyContract.test_a_pointed_route_reaches_the_slot_it_points_at),
    (SaysWhatWasAsked, contract.ProxyContract.test_another_server_process_goes_on_where_the_first_died),
    (RemembersWhatIsLive, contract.ProxyContract.test_live_tells_what_read_back_tells),
    (AddsInsteadOfReplacing, contract.ProxyContract.test_filling_replaces_what_was_there_and_leaves_the_other_slot),
    (FillsBothSlots, contract.ProxyContract.test_read_back_tells_the_live_colour_and_both_slots),
    (TakesRoutesOfOthers, contract.ProxyRoutingContract.test_a_route_that_another_name_holds_is_refused),
    (RoutesAtOnce, contract.ProxyRoutingContract.test_a_changed_route_takes_effect_at_the_next_point),
    (DoesNotWait, contract.ProxyDrainContract.test_a_request_in_flight_is_waited_for),
    (HidesWhatItCut, contract.ProxyDrainContract.test_what_is_open_at_the_bound_is_closed_and_counted),
    (CountsWhatItCutAsFailed, contract.ProxyDrainContract.test_what_is_open_at_the_bound_is_closed_and_counted),
    (DrainsAllOfThem, contract.ProxyDrainContract.test_one_replica_can_be_drained_while_the_others_serve),
    (DrainsBothSlots, contract.ProxyDrainContract.test_a_quiet_slot_is_drained_at_once_and_not_ready),
    (RemovesEverything, contract.ProxyRoutingContract.test_a_removed_route_is_gone_and_its_place_is_free),
    (MindsWhatIsGone, contract.ProxyRoutingContract.test_a_removed_route_is_gone_and_its_place_is_free),
    (MindsWhatIsGone, contract.ProxyDrainContract.test_a_cleared_slot_is_empty_and_gone_is_fine),
    (KeepsThePool, contract.ProxyRoutingContract.test_a_full_pool_says_so_and_takes_again_what_is_given_back),
    (CountsForTheOther, contract.ProxyContract.test_requests_are_counted_for_the_slot_that_took_them),
    (KeepsTheFirstCertificate, contract.ProxyCertificateContract.test_a_certificate_is_added_and_renewed_at_once),
    (RehearsesForReal, contract.ProxyContract.test_a_rehearsal_says_what_would_be_told_and_changes_nothing),
    (DeadIsFine, contract.ProxyContract.test_a_proxy_that_is_dead_is_said_to_be_unreachable),
]


@pytest.mark.parametrize(("kind", "promise"), WRONG, ids=lambda one: one.__name__)
async def test_a_wrong_proxy_is_found_out(kind: type[FakeProxy], promise: Callable[..., Awaitable[None]]) -> None:
    await promise(None, FakeRig(CarefulProxy))  # the right one keeps it
    with pytest.raises((AssertionError, FairleadError, pytest.fail.Exception)):
        await promise(None, FakeRig(kind))


async def test_a_proxy_that_trusts_names_is_found_out() -> None:
    suite: Any = contract.ProxyRoutingContract()
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        await suite.test_a_hostile_name_is_refused_and_changes_nothing(
            FakeRig(TrustsNames), RouteSpec("a/b/c/0", "evil;show")
        )
