"""What every proxy keeps to, real or fake: the promises of ports/proxy.py, one test for each.

Subclass `ProxyContract` and give it a fixture `rig`. Each test takes nothing but the rig, so that a deliberately wrong
fake can be put under one test alone.
"""

from __future__ import annotations

import pytest

from fairlead.domain.errors import Conflict, Invalid, NotFound, Refused, Unreachable
from fairlead.ports.proxy import Endpoint, RouteSpec
from fairlead.testing.contracts.proxy_drain import ProxyDrainContract
from fairlead.testing.contracts.proxy_given import (
    ADMIN,
    BLUE,
    BOOKS,
    BOUND_S,
    GREEN,
    SHOP,
    ProxyRig,
    live,
    places,
    ready_places,
)

__all__ = [
    "ADMIN",
    "BLUE",
    "BOOKS",
    "GREEN",
    "SHOP",
    "ProxyCertificateContract",
    "ProxyContract",
    "ProxyDrainContract",
    "ProxyRig",
    "ProxyRoutingContract",
    "live",
]


class ProxyContract:
    """Routes and switches."""

    async def test_a_route_that_was_never_pointed_reaches_nobody(self, rig: ProxyRig) -> None:
        await rig.proxy.ensure_route(BOOKS)
        await rig.proxy.fill(BOOKS.name, BLUE, [await rig.endpoint("v1")])
        assert await rig.ask(BOOKS.host) is None
        state = await rig.proxy.read_back(BOOKS.name)
        assert state is not None
        assert state.live is None
        assert state.spec == BOOKS

    async def test_a_pointed_route_reaches_the_slot_it_points_at(self, rig: ProxyRig) -> None:
        await live(rig, BOOKS, "v1")
        await rig.proxy.fill(BOOKS.name, GREEN, [await rig.endpoint("v2")])
        assert await rig.ask(BOOKS.host) == "v1"
        await rig.proxy.point({BOOKS.name: GREEN})
        assert await rig.ask(BOOKS.host) == "v2"
        await rig.proxy.point({BOOKS.name: BLUE})
        assert await rig.ask(BOOKS.host) == "v1"

    async def test_live_tells_what_read_back_tells(self, rig: ProxyRig) -> None:
        assert await rig.proxy.live(BOOKS.name) is None
        await rig.proxy.ensure_route(BOOKS)
        await live(rig, ADMIN, "admin")
        assert await rig.proxy.live(BOOKS.name) is None
        for colour in (BLUE, GREEN, BLUE):
            await rig.proxy.point({BOOKS.name: colour})
            state = await rig.proxy.read_back(BOOKS.name)
            assert state is not None
            assert await rig.proxy.live(BOOKS.name) is state.live is colour
        assert await rig.proxy.live(ADMIN.name) is BLUE

    async def test_read_back_tells_the_live_colour_and_both_slots(self, rig: ProxyRig) -> None:
        (v1,) = await live(rig, BOOKS, "v1")
        v2 = [await rig.endpoint("v2-a"), await rig.endpoint("v2-b")]
        await rig.proxy.fill(BOOKS.name, GREEN, v2)
        state = await rig.proxy.read_back(BOOKS.name)
        assert state is not None
        assert (state.spec, state.live) == (BOOKS, BLUE)
        assert await ready_places(rig, BOOKS.name, BLUE) == places(v1)
        assert await ready_places(rig, BOOKS.name, GREEN) == places(*v2)

    async def test_twice_is_once(self, rig: ProxyRig) -> None:
        endpoints = await live(rig, BOOKS, "a", "b")
        before = await rig.proxy.read_back(BOOKS.name)
        await rig.proxy.ensure_route(BOOKS)
        await rig.proxy.fill(BOOKS.name, BLUE, endpoints)
        await rig.proxy.point({BOOKS.name: BLUE})
        assert await rig.proxy.read_back(BOOKS.name) == before
        assert list(await rig.proxy.routes()) == [BOOKS]

    async def test_every_instance_of_a_slot_is_reached(self, rig: ProxyRig) -> None:
        await live(rig, BOOKS, "a", "b")
        assert {await rig.ask(BOOKS.host) for _ in range(6)} == {"a", "b"}

    async def test_filling_replaces_what_was_there_and_leaves_the_other_slot(self, rig: ProxyRig) -> None:
        a, b = await live(rig, BOOKS, "a", "b")
        green = await rig.endpoint("green")
        await rig.proxy.fill(BOOKS.name, GREEN, [green])
        c = await rig.endpoint("c")
        await rig.proxy.fill(BOOKS.name, BLUE, [b, c])
        assert await ready_places(rig, BOOKS.name, BLUE) == places(b, c)
        assert await ready_places(rig, BOOKS.name, GREEN) == places(green)
        assert {await rig.ask(BOOKS.host) for _ in range(6)} == {"b", "c"}
        await rig.proxy.fill(BOOKS.name, BLUE, [a])
        assert {await rig.ask(BOOKS.host) for _ in range(3)} == {"a"}

    async def test_all_routes_of_one_call_are_switched(self, rig: ProxyRig) -> None:
        await live(rig, BOOKS, "web-1")
        await live(rig, ADMIN, "admin-1")
        await rig.proxy.fill(BOOKS.name, GREEN, [await rig.endpoint("web-2")])
        await rig.proxy.fill(ADMIN.name, GREEN, [await rig.endpoint("admin-2")])
        await rig.proxy.point({BOOKS.name: GREEN, ADMIN.name: GREEN})
        assert await rig.ask(BOOKS.host) == "web-2"
        assert await rig.ask(BOOKS.host, "/admin") == "admin-2"

    async def test_one_route_that_is_not_there_moves_none(self, rig: ProxyRig) -> None:
        await live(rig, BOOKS, "v1")
        await rig.proxy.fill(BOOKS.name, GREEN, [await rig.endpoint("v2")])
        with pytest.raises(NotFound):
            await rig.proxy.point({BOOKS.name: GREEN, "no/such/route/0": GREEN})
        assert await rig.ask(BOOKS.host) == "v1"

    async def test_what_is_not_there_is_said(self, rig: ProxyRig) -> None:
        assert await rig.proxy.read_back("no/such/route/0") is None
        with pytest.raises(NotFound) as error:
            await rig.proxy.fill("no/such/route/0", BLUE, [])
        assert "no/such/route/0" in str(error.value)

    async def test_more_instances_than_slots_are_refused_and_nothing_changes(self, rig: ProxyRig) -> None:
        (v1,) = await live(rig, BOOKS, "v1")
        many = [Endpoint(f"i{number}", "127.0.0.9", 9000 + number) for number in range(rig.replicas + 1)]
        with pytest.raises(Refused) as error:
            await rig.proxy.fill(BOOKS.name, BLUE, many)
        assert error.value.code == "proxy.replicas"
        assert await ready_places(rig, BOOKS.name, BLUE) == places(v1)

    async def test_a_restart_of_the_proxy_is_where_it_was(self, rig: ProxyRig) -> None:
        await live(rig, BOOKS, "a", "b")
        await rig.proxy.fill(BOOKS.name, GREEN, [await rig.endpoint("v2")])
        await rig.proxy.point({BOOKS.name: GREEN})
        await rig.proxy.drain(BOOKS.name, BLUE, bound_s=BOUND_S)
        await rig.proxy.ensure_route(ADMIN)
        before = [await rig.proxy.read_back(name) for name in (BOOKS.name, ADMIN.name)]
        await rig.restart()
        assert [await rig.proxy.read_back(name) for name in (BOOKS.name, ADMIN.name)] == before
        assert await rig.ask(BOOKS.host) == "v2"

    async def test_another_server_process_goes_on_where_the_first_died(self, rig: ProxyRig) -> None:
        await live(rig, BOOKS, "v1")
        other = rig.reborn()
        assert await other.read_back(BOOKS.name) == await rig.proxy.read_back(BOOKS.name)
        await other.fill(BOOKS.name, GREEN, [await rig.endpoint("v2")])
        await other.point({BOOKS.name: GREEN})
        state = await rig.proxy.read_back(BOOKS.name)
        assert state is not None
        assert state.live is GREEN

    async def test_a_proxy_that_is_dead_is_said_to_be_unreachable(self, rig: ProxyRig) -> None:
        await live(rig, BOOKS, "v1")
        await rig.kill()
        with pytest.raises(Unreachable) as error:
            await rig.proxy.read_back(BOOKS.name)
        assert error.value.code == "proxy.unreachable"
        with pytest.raises(Unreachable):
            await rig.proxy.point({BOOKS.name: GREEN})

    async def test_requests_are_counted_for_the_slot_that_took_them(self, rig: ProxyRig) -> None:
        await live(rig, BOOKS, "v1")
        before = await rig.proxy.counters(BOOKS.name, BLUE)
        for _ in range(3):
            await rig.ask(BOOKS.host)
        after = await rig.proxy.counters(BOOKS.name, BLUE)
        assert after.requests - before.requests == 3
        assert (after.proxy_errors, after.server_errors) == (0, 0)
        assert (await rig.proxy.counters(BOOKS.name, GREEN)).requests == 0

    async def test_counts_begin_with_the_route(self, rig: ProxyRig) -> None:
        await live(rig, BOOKS, "v1")
        await rig.ask(BOOKS.host)
        await rig.proxy.remove(BOOKS.name)
        await rig.proxy.ensure_route(SHOP)
        assert (await rig.proxy.counters(SHOP.name, BLUE)).requests == 0

    async def test_a_rehearsal_says_what_would_be_told_and_changes_nothing(self, rig: ProxyRig) -> None:
        await live(rig, BOOKS, "v1")
        before = (await rig.proxy.read_back(BOOKS.name), await rig.proxy.routes())
        wanted = {BOOKS: [Endpoint("web.1", "<web.1>", 8080)], SHOP: [Endpoint("shop.1", "<shop.1>", 9090)]}
        told = await rig.proxy.rehearse(wanted, GREEN)
        assert (await rig.proxy.read_back(BOOKS.name), await rig.proxy.routes()) == before
        assert await rig.proxy.read_back(SHOP.name) is None
        assert await rig.ask(BOOKS.host) == "v1"
        assert any("<web.1>" in command for command in told.fill)
        assert any("<shop.1>" in command for command in told.fill)
        assert any(BOOKS.host in command for command in told.point)
        assert told.leave
        assert any(BOOKS.host in command for command in told.back)


class ProxyRoutingContract:
    """Hosts and paths, and who holds them."""

    async def test_the_longest_path_that_is_a_parent_wins(self, rig: ProxyRig) -> None:
        deep = RouteSpec("books/production/deep/0", BOOKS.host, "/admin/deep")
        for spec in (BOOKS, ADMIN, deep):
            await live(rig, spec, spec.name)
        asked = [
            "/",
            "/admin",
            "/admin/",
            "/admin/x",
            "/administrator",
            "/admin/deep/x",
            "/admin/deeper",
            "/ADMIN",
            "//",
        ]
        answered = [await rig.ask(BOOKS.host, path) for path in asked]
        web, admin = BOOKS.name, ADMIN.name
        assert answered == [web, admin, admin, admin, web, deep.name, admin, web, web]

    async def test_a_host_is_whole_and_without_port_and_case(self, rig: ProxyRig) -> None:
        await live(rig, BOOKS, "v1")
        hosts = ["books.example.com:8080", "Books.EXAMPLE.com", "books.example.com."]
        assert [await rig.ask(host) for host in hosts] == ["v1", "v1", "v1"]
        strangers = ["example.com", "xbooks.example.com", "books.example.com.evil.org", "books.example.comx"]
        assert [await rig.ask(host) for host in strangers] == [None, None, None, None]

    async def test_a_path_alone_is_no_route_to_the_rest_of_the_host(self, rig: ProxyRig) -> None:
        await live(rig, ADMIN, "admin")
        assert await rig.ask(ADMIN.host, "/admin/x") == "admin"
        assert await rig.ask(ADMIN.host, "/") is None

    async def test_a_route_that_another_name_holds_is_refused(self, rig: ProxyRig) -> None:
        await live(rig, BOOKS, "v1")
        rival = RouteSpec("rival/production/web/0", BOOKS.host, "/")
        with pytest.raises(Conflict) as error:
            await rig.proxy.ensure_route(rival)
        assert error.value.code == "route.taken"
        assert BOOKS.name in str(error.value)
        assert await rig.proxy.read_back(rival.name) is None
        assert await rig.ask(BOOKS.host) == "v1"

    async def test_a_slash_at_the_end_makes_no_other_route(self, rig: ProxyRig) -> None:
        await rig.proxy.ensure_route(ADMIN)
        with pytest.raises(Conflict):
            await rig.proxy.ensure_route(RouteSpec("rival/production/web/0", ADMIN.host, "/admin/"))

    async def test_a_changed_route_takes_effect_at_the_next_point(self, rig: ProxyRig) -> None:
        await live(rig, BOOKS, "v1")
        moved = RouteSpec(BOOKS.name, "moved.example.com", "/new", tls=True)
        await rig.proxy.ensure_route(moved)
        assert await rig.ask(BOOKS.host) == "v1"
        with pytest.raises(Conflict):  # still routed, so not free yet
            await rig.proxy.ensure_route(RouteSpec("rival/production/web/0", BOOKS.host))
        await rig.proxy.point({BOOKS.name: BLUE})
        assert await rig.ask(BOOKS.host) is None
        assert await rig.ask("moved.example.com", "/new/x") == "v1"
        state = await rig.proxy.read_back(BOOKS.name)
        assert state is not None
        assert state.spec == moved

    async def test_a_removed_route_is_gone_and_its_place_is_free(self, rig: ProxyRig) -> None:
        await live(rig, BOOKS, "v1")
        await live(rig, SHOP, "shop")
        await rig.proxy.remove(BOOKS.name)
        await rig.proxy.remove(BOOKS.name)
        assert await rig.ask(BOOKS.host) is None
        assert await rig.ask(SHOP.host) == "shop"
        assert await rig.proxy.read_back(BOOKS.name) is None
        assert list(await rig.proxy.routes()) == [SHOP]
        rival = RouteSpec("rival/production/web/0", BOOKS.host)
        await live(rig, rival, "rival")
        assert await rig.ask(BOOKS.host) == "rival"
        assert {await rig.ask(BOOKS.host) for _ in range(4)} == {"rival"}

    async def test_a_full_pool_says_so_and_takes_again_what_is_given_back(self, rig: ProxyRig) -> None:
        specs = [RouteSpec(f"p{number}/production/web/0", f"p{number}.example.com") for number in range(rig.routes)]
        for spec in specs:
            await rig.proxy.ensure_route(spec)
        with pytest.raises(Conflict) as error:
            await rig.proxy.ensure_route(BOOKS)
        assert error.value.code == "proxy.pool"
        await rig.proxy.remove(specs[0].name)
        await live(rig, BOOKS, "v1")
        assert await rig.ask(BOOKS.host) == "v1"

    @pytest.mark.parametrize(
        "spec",
        [
            RouteSpec("a/b/c/0", "evil.example.com fl0\nset"),
            RouteSpec("a/b/c/0", "evil.example.com;show"),
            RouteSpec("a/b/c/0", "Upper.example.com"),
            RouteSpec("a/b/c/0", "host:80"),
            RouteSpec("a/b/c/0", ""),
            RouteSpec("a/b/c/0", "ok.example.com", "/a b"),
            RouteSpec("a/b/c/0", "ok.example.com", "a"),
            RouteSpec("a/b/c/0", "ok.example.com", "/../etc"),
            RouteSpec("a/b/c/0", "ok.example.com", "/a\n"),
            RouteSpec("a b", "ok.example.com"),
            RouteSpec("a/../b", "ok.example.com"),
            RouteSpec("-rf", "ok.example.com"),
            RouteSpec("a\n", "ok.example.com"),
        ],
    )
    async def test_a_hostile_name_is_refused_and_changes_nothing(self, rig: ProxyRig, spec: RouteSpec) -> None:
        with pytest.raises(Invalid):
            await rig.proxy.ensure_route(spec)
        assert list(await rig.proxy.routes()) == []

    @pytest.mark.parametrize(
        "endpoint",
        [
            Endpoint("i", "localhost", 80),
            Endpoint("i", "127.0.0.1 port 1;", 80),
            Endpoint("i", "127.0.0.1\n", 80),
            Endpoint("i", "0.0.0.0", 80),
            Endpoint("i", "fe80::1%eth0", 80),
            Endpoint("i", "127.0.0.1", 0),
            Endpoint("i", "127.0.0.1", 70000),
        ],
    )
    async def test_what_is_no_address_is_refused_and_changes_nothing(self, rig: ProxyRig, endpoint: Endpoint) -> None:
        (v1,) = await live(rig, BOOKS, "v1")
        with pytest.raises(Invalid):
            await rig.proxy.fill(BOOKS.name, BLUE, [endpoint])
        assert await ready_places(rig, BOOKS.name, BLUE) == places(v1)


class ProxyCertificateContract:
    """TLS, for proxies that have it."""

    async def test_a_certificate_is_added_and_renewed_at_once(self, rig: ProxyRig) -> None:
        first, second = rig.certificate(BOOKS.host), rig.certificate(BOOKS.host)
        await rig.proxy.ensure_certificate(BOOKS.host, first)
        assert await rig.shows(BOOKS.host, first)
        await rig.proxy.ensure_certificate(BOOKS.host, first)
        await rig.proxy.ensure_certificate(BOOKS.host, second)
        assert await rig.shows(BOOKS.host, second)
        assert not await rig.shows(SHOP.host, second)

    async def test_a_certificate_outlives_a_restart(self, rig: ProxyRig) -> None:
        first, second = rig.certificate(BOOKS.host), rig.certificate(BOOKS.host)
        await rig.proxy.ensure_certificate(BOOKS.host, first)
        await rig.proxy.ensure_certificate(BOOKS.host, second)
        await rig.restart()
        assert await rig.shows(BOOKS.host, second)

    async def test_a_removed_certificate_is_gone_and_gone_is_fine(self, rig: ProxyRig) -> None:
        pem, other = rig.certificate(BOOKS.host), rig.certificate(SHOP.host)
        await rig.proxy.ensure_certificate(BOOKS.host, pem)
        await rig.proxy.ensure_certificate(SHOP.host, other)
        for _ in range(2):
            await rig.proxy.remove_certificate(BOOKS.host)
        assert not await rig.shows(BOOKS.host, pem)
        assert await rig.shows(SHOP.host, other)

    async def test_what_is_no_certificate_is_refused_and_the_old_one_stays(self, rig: ProxyRig) -> None:
        pem = rig.certificate(BOOKS.host)
        await rig.proxy.ensure_certificate(BOOKS.host, pem)
        key_of_another = (
            pem.split(b"-----BEGIN PRIVATE KEY")[0]
            + b"-----BEGIN PRIVATE KEY"
            + (rig.certificate(BOOKS.host).split(b"-----BEGIN PRIVATE KEY")[1])
        )
        for wrong in (b"", b"nonsense", pem.split(b"-----BEGIN PRIVATE KEY")[0], key_of_another):
            with pytest.raises(Invalid) as error:
                await rig.proxy.ensure_certificate(BOOKS.host, wrong)
            assert error.value.code == "certificate.invalid"
        assert await rig.shows(BOOKS.host, pem)

    async def test_a_hostile_host_gets_no_certificate(self, rig: ProxyRig) -> None:
        for host in ("../etc/passwd", "a b", "a\nb", "*.example.com", ""):
            with pytest.raises(Invalid):
                await rig.proxy.ensure_certificate(host, rig.certificate(BOOKS.host))
