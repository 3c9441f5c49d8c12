"""What only the HAProxy adapter promises: headers, TLS, files, strangers, half-done changes, and no reload ever."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import ssl
import stat
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tests.contract.proxy_rigs import BOUND_S, HaproxyRig, haproxy_rig, make_certificate

from fairlead.adapters.proxies import haproxy_child
from fairlead.adapters.proxies.haproxy_files import HaproxyFiles
from fairlead.adapters.proxies.haproxy_settings import HaproxySettings
from fairlead.adapters.proxies.haproxy_socket import Command, RuntimeSocket
from fairlead.domain.errors import Conflict, Failed, Invalid, Refused, TimedOut, Unreachable
from fairlead.ports.proxy import RouteSpec
from fairlead.testing.contracts.proxy import ADMIN, BLUE, BOOKS, GREEN, SHOP, live

SWITCHES = 20


@pytest.fixture
async def rig(free_port: Callable[[], int], haproxy_binary: Path) -> AsyncIterator[HaproxyRig]:
    async with haproxy_rig(free_port, haproxy_binary) as started:
        yield started


@pytest.fixture
def runtime(rig: HaproxyRig) -> Iterator[RuntimeSocket]:
    opened = RuntimeSocket(rig.settings.socket)
    yield opened
    opened.close()


# What an application is told


async def test_what_a_client_says_of_itself_is_dropped(rig: HaproxyRig) -> None:
    await live(rig, BOOKS, "v1")
    lies = (
        "X-Forwarded-For: 6.6.6.6\r\nx_forwarded_for: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Prefix: /a\r\n"
        "X-FORWARDED-HOST: evil\r\nForwarded: for=6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\nX_Real_Ip: 6.6.6.6\r\n"
        "Proxy: evil\r\n"
    )
    _, _, body = await rig.request("books.example.com:81", "/headers", headers=lies + "X-Mine: kept\r\n")
    assert "6.6.6.6" not in body
    assert "evil" not in body
    assert sorted(json.loads(body)) == [
        ["host", "books.example.com:81"],
        ["x-forwarded-for", "127.0.0.1"],
        ["x-forwarded-host", "books.example.com:81"],
        ["x-forwarded-port", str(rig.settings.http_port)],
        ["x-forwarded-proto", "http"],
        ["x-mine", "kept"],
    ]


async def test_an_unknown_host_gets_a_small_page_and_503(rig: HaproxyRig) -> None:
    status, head, body = await rig.request("nobody.example.com")
    assert status == 503
    assert "retry-after: 5" in head
    assert "No service answers here yet" in body
    assert rig.settings.directory.name not in body


async def test_a_kept_connection_that_closes_under_a_get_is_asked_again_and_a_post_is_not(rig: HaproxyRig) -> None:
    """An application whose keep-alive ends just as the proxy uses it."""
    connections = 0

    async def close_second(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await reader.read(1)
        writer.close()

    server = await asyncio.start_server(close_second, "127.0.0.1", 0)
    endpoint = replace(await rig.endpoint("x"), address="127.0.0.1", port=server.sockets[0].getsockname()[1])
    await rig.proxy.ensure_route(BOOKS)
    await rig.proxy.fill(BOOKS.name, BLUE, [endpoint])
    await rig.proxy.point({BOOKS.name: BLUE})
    reader, writer = await asyncio.open_connection("127.0.0.1", rig.settings.http_port)
    for _ in range(3):
        writer.write(b"GET / HTTP/1.1\r\nHost: books.example.com\r\n\r\n")
        assert b" 200 " in await asyncio.wait_for(reader.readuntil(b"ok"), BOUND_S)
    before = connections
    writer.write(b"POST / HTTP/1.1\r\nHost: books.example.com\r\nContent-Length: 0\r\n\r\n")
    assert b" 200 " not in await asyncio.wait_for(reader.read(400), BOUND_S)
    assert connections == before
    writer.close()
    server.close()


async def test_a_tunnel_outlives_the_switch_and_is_cut_and_counted_at_the_bound(rig: HaproxyRig) -> None:
    await live(rig, BOOKS, "v1")
    reader, writer = await asyncio.open_connection("127.0.0.1", rig.settings.http_port)
    upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    writer.write(b"GET / HTTP/1.1\r\nHost: books.example.com\r\n" + upgrade)
    assert b" 101 " in await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), BOUND_S)
    await live(rig, BOOKS, "v2", colour=GREEN)
    writer.write(b"still here")
    assert await asyncio.wait_for(reader.readexactly(10), BOUND_S) == b"still here"
    state = await rig.proxy.read_back(BOOKS.name)
    assert state is not None
    assert [server.connections for server in state.servers[BLUE]] == [1]
    assert (await rig.proxy.drain(BOOKS.name, BLUE, bound_s=0.1)).cut == 1
    assert await asyncio.wait_for(reader.read(), BOUND_S) == b""
    writer.close()


async def test_failures_are_counted_apart_for_the_proxy_and_the_application(rig: HaproxyRig) -> None:
    await live(rig, BOOKS, "v1")
    await rig.request(BOOKS.host, "/fail")
    await rig.upstreams["v1"].stop()
    assert (await rig.request(BOOKS.host))[0] == 503
    counters = await rig.proxy.counters(BOOKS.name, BLUE)
    assert (counters.requests, counters.server_errors, counters.proxy_errors) == (2, 1, 1)


# TLS


async def test_http_is_sent_to_https_when_the_route_says_so_and_not_before(rig: HaproxyRig) -> None:
    await live(rig, BOOKS, "v1")
    await live(rig, SHOP, "shop")
    pid = haproxy_child.running_pid(rig.settings)
    secure = replace(BOOKS, tls=True, redirect_http=True)
    await rig.proxy.ensure_certificate(BOOKS.host, make_certificate(BOOKS.host))
    await rig.proxy.ensure_route(secure)
    assert (await rig.request(BOOKS.host))[0] == 200
    await rig.proxy.point({BOOKS.name: BLUE})
    status, head, _ = await rig.request("Books.example.com:99", "/a?b=c")
    assert status == 308
    assert f"location: https://books.example.com:{rig.settings.https_port}/a?b=c" in head
    assert await rig.ask(SHOP.host) == "shop"
    _, _, body = await rig.request(BOOKS.host, "/headers", tls=BOOKS.host)
    assert '["x-forwarded-proto", "https"]' in body
    await rig.proxy.ensure_route(BOOKS)
    await rig.proxy.point({BOOKS.name: BLUE})
    assert await rig.ask(BOOKS.host) == "v1"
    assert haproxy_child.running_pid(rig.settings) == pid


async def test_the_tls_front_speaks_http_2(rig: HaproxyRig) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2", "http/1.1"])
    _, writer = await asyncio.open_connection("127.0.0.1", rig.settings.https_port, ssl=context)
    assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == "h2"
    writer.transport.abort()


async def test_a_certificate_transaction_that_somebody_left_open_is_given_up(
    rig: HaproxyRig, runtime: RuntimeSocket
) -> None:
    pem, other = make_certificate(BOOKS.host), make_certificate(SHOP.host)
    await rig.proxy.ensure_certificate(SHOP.host, other)
    path = rig.settings.certificates / f"{SHOP.host}.pem"
    (answer,) = await runtime.ask(Command(f"set ssl cert {path}", make_certificate(SHOP.host).decode()))
    assert answer.startswith("Transaction created")
    await rig.proxy.ensure_certificate(BOOKS.host, pem)
    assert await rig.shows(BOOKS.host, pem)
    assert await rig.shows(SHOP.host, other)


async def test_a_certificate_file_is_for_the_owner_only_and_holds_nothing_else(rig: HaproxyRig) -> None:
    pem = make_certificate(BOOKS.host)
    await rig.proxy.ensure_certificate(BOOKS.host, b"Bag Attributes\r\n\r\n" + pem.replace(b"\n", b"\r\n") + b"\ntail")
    path = rig.settings.certificates / f"{BOOKS.host}.pem"
    assert path.read_bytes() == pem
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert await rig.shows(BOOKS.host, pem)


# One generation, no reload


async def test_two_routes_are_switched_at_the_same_instant(rig: HaproxyRig, runtime: RuntimeSocket) -> None:
    """Whoever saw one route switched never sees the other as it was before."""
    names = [BOOKS.name, ADMIN.name]
    for spec in (BOOKS, ADMIN):
        await live(rig, spec, "blue")
        await rig.proxy.fill(spec.name, GREEN, [await rig.endpoint("green")])
    seen: list[str | None] = []
    is_over = False

    async def look() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", rig.settings.http_port)
        while not is_over:
            for path in ("/admin", "/"):
                writer.write(f"GET {path} HTTP/1.1\r\nHost: {BOOKS.host}\r\n\r\n".encode())
                head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), BOUND_S)
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                seen.append((await reader.readexactly(length)).decode())
        writer.close()

    looking = asyncio.create_task(look())
    while len(seen) < 2:
        await asyncio.sleep(0)
    for number in range(SWITCHES):
        await rig.proxy.point(dict.fromkeys(names, (GREEN, BLUE)[number % 2]))
        count = len(seen)
        while len(seen) < count + 4:
            await asyncio.sleep(0)
    is_over = True
    await looking
    changes = sum(1 for old, new in pairwise(seen) if old != new)
    assert changes == SWITCHES


async def test_nothing_that_is_done_at_run_time_starts_another_process(rig: HaproxyRig) -> None:
    pid = haproxy_child.running_pid(rig.settings)
    await live(rig, BOOKS, "v1")
    await live(rig, SHOP, "shop")
    await rig.proxy.ensure_certificate(BOOKS.host, make_certificate(BOOKS.host))
    await live(rig, BOOKS, "v2", colour=GREEN)
    await rig.proxy.drain(BOOKS.name, BLUE, bound_s=1)
    await rig.proxy.clear(BOOKS.name, BLUE)
    await rig.proxy.remove(SHOP.name)
    again = await rig.start()
    assert (again.pid, again.was_started, again.needs_restart) == (pid, False, "")


async def test_a_certificate_whose_file_is_gone_keeps_no_route_down(rig: HaproxyRig) -> None:
    await live(rig, BOOKS, "v1")
    await rig.proxy.ensure_certificate(BOOKS.host, make_certificate(BOOKS.host))
    (rig.settings.certificates / f"{BOOKS.host}.pem").unlink()
    await rig.restart()
    assert await rig.ask(BOOKS.host) == "v1"


async def test_a_switch_that_the_proxy_does_not_do_is_an_error(
    rig: HaproxyRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    await live(rig, BOOKS, "v1")
    await rig.proxy.fill(BOOKS.name, GREEN, [await rig.endpoint("v2")])
    asked = RuntimeSocket.ask

    async def deaf(self: RuntimeSocket, *commands: str | Command) -> list[str]:
        heard = ["clear counters" if str(one).startswith("set map") else one for one in commands]
        return await asked(self, *heard)

    monkeypatch.setattr(RuntimeSocket, "ask", deaf)
    with pytest.raises(Failed, match="does not do it"):
        await rig.proxy.point({BOOKS.name: GREEN})
    monkeypatch.undo()
    assert await rig.proxy.live(BOOKS.name) is BLUE
    assert await rig.ask(BOOKS.host) == "v1"
    await rig.proxy.point({BOOKS.name: GREEN})
    assert await rig.ask(BOOKS.host) == "v2"


async def test_a_very_long_path_and_a_request_without_a_host_are_answered(rig: HaproxyRig) -> None:
    await live(rig, BOOKS, "v1")
    assert await rig.ask(BOOKS.host, "/" + "a" * 12_000) == "v1"
    reader, writer = await asyncio.open_connection("127.0.0.1", rig.settings.http_port)
    writer.write(b"GET / HTTP/1.0\r\n\r\n")
    assert b" 503 " in await asyncio.wait_for(reader.read(), BOUND_S)
    writer.close()


# Half-done changes, and others' hands


async def test_a_server_that_died_between_files_and_proxy_is_seen_by_reading_back(rig: HaproxyRig) -> None:
    await live(rig, BOOKS, "v1")
    await rig.proxy.fill(BOOKS.name, GREEN, [await rig.endpoint("v2")])
    files = HaproxyFiles(rig.settings)
    books = files.read()
    entry = replace(books.routed["books.example.com/"], backend=books.holdings[BOOKS.name].claims[GREEN].backend)
    files.write(replace(books, routed={"books.example.com/": entry}))
    state = await rig.reborn().read_back(BOOKS.name)
    assert state is not None
    assert state.live is BLUE
    await rig.reborn().point({BOOKS.name: GREEN})
    assert await rig.ask(BOOKS.host) == "v2"


async def test_what_another_hand_changed_in_the_map_is_put_right_by_the_next_point(
    rig: HaproxyRig, runtime: RuntimeSocket
) -> None:
    await live(rig, BOOKS, "v1")
    (version,) = await runtime.ask(f"prepare map {rig.settings.map}")  # a generation that is never committed
    number = version.rpartition(" ")[2]
    await runtime.ask(f"add map @{number} {rig.settings.map} books.example.com/ fl0009")
    assert await rig.ask(BOOKS.host) == "v1"
    await runtime.ask(f"del map {rig.settings.map} books.example.com/")
    assert await rig.ask(BOOKS.host) is None
    await rig.proxy.point({BOOKS.name: BLUE})
    assert await rig.ask(BOOKS.host) == "v1"


async def test_lines_of_ours_that_another_hand_changed_in_the_map_are_told(
    rig: HaproxyRig, runtime: RuntimeSocket
) -> None:
    path = rig.settings.map
    for spec in (BOOKS, SHOP):
        await live(rig, spec, "old")
    await runtime.ask(f"add map {path} theirs.example.com/ their-backend")
    assert await rig.proxy.edited() == frozenset()
    other = HaproxyFiles(rig.settings).read().entry(SHOP.name, GREEN)
    await runtime.ask(f"del map {path} {BOOKS.host}/", f"set map {path} {SHOP.host}/ {other}")
    assert await rig.proxy.edited() == {f"{BOOKS.host}/", f"{SHOP.host}/"}
    await live(rig, ADMIN, "new")  # a new line: the map is made anew, with the colours of others as they run
    assert await rig.ask(BOOKS.host) == "old"
    assert await rig.proxy.edited() >= {f"{SHOP.host}/"}
    await rig.proxy.remove(ADMIN.name)
    assert await rig.proxy.edited() >= {f"{SHOP.host}/"}
    await rig.proxy.point({BOOKS.name: BLUE, SHOP.name: BLUE})
    assert await rig.proxy.edited() == frozenset(), "not what is theirs, either"


async def test_where_a_person_sent_users_of_another_route_they_stay(rig: HaproxyRig, runtime: RuntimeSocket) -> None:
    """`fairlead-server offline print-commands`, pasted: our files do not know of it, and the map is made anew."""
    for spec in (BOOKS, ADMIN, SHOP):
        await live(rig, spec, "old")
    await rig.proxy.fill(SHOP.name, GREEN, [await rig.endpoint("back")])
    await runtime.ask(*(await rig.proxy.rehearse({SHOP: [rig.upstreams["back"].endpoint]}, GREEN)).point)
    await runtime.ask(f"add map {rig.settings.map} theirs.example.com/ their-backend")
    for spec in (BOOKS, ADMIN):
        await rig.proxy.fill(spec.name, GREEN, [await rig.endpoint("new")])
    rehearsed = await rig.proxy.rehearse({spec: [] for spec in (BOOKS, ADMIN)}, GREEN)
    assert any("(2 lines of other routes, as they stand)" in line for line in rehearsed.point), rehearsed.point

    await rig.proxy.point({BOOKS.name: GREEN, ADMIN.name: GREEN})
    assert await rig.ask(BOOKS.host) == "new"
    assert await rig.ask(SHOP.host) == "back"
    await rig.proxy.remove(BOOKS.name)
    assert await rig.ask(BOOKS.host) is None
    assert await rig.ask(SHOP.host) == "back"
    (routed,) = await runtime.ask(f"show map {rig.settings.map}")
    assert " theirs.example.com/ their-backend\n" in f"{routed}\n"
    await rig.restart()
    assert await rig.ask(SHOP.host) == "back", "its files agree"


async def test_a_proxy_that_refuses_leaves_the_files_as_they_were(rig: HaproxyRig) -> None:
    await live(rig, BOOKS, "v1")
    kept = {path: path.read_bytes() for path in (rig.settings.map, rig.settings.books, rig.settings.config)}
    await rig.kill()
    green = await rig.endpoint("v2")
    for change in (
        rig.proxy.point({BOOKS.name: GREEN}),
        rig.proxy.fill(BOOKS.name, GREEN, [green]),
        rig.proxy.clear(BOOKS.name, BLUE),
        rig.proxy.ensure_route(SHOP),
    ):
        with pytest.raises(Unreachable):
            await change
    assert {path: path.read_bytes() for path in kept} == kept


async def test_many_at_once_from_several_processes_claim_different_backends(rig: HaproxyRig) -> None:
    specs = [RouteSpec(f"p{number}/production/web/0", f"p{number}.example.com") for number in range(rig.routes)]
    clients = [rig.proxy, rig.reborn(), rig.reborn()]
    await asyncio.gather(*(clients[number % 3].ensure_route(spec) for number, spec in enumerate(specs)))
    books = HaproxyFiles(rig.settings).read()
    claimed = [claim.backend for holding in books.holdings.values() for claim in holding.claims.values()]
    assert len(set(claimed)) == 2 * rig.routes


async def test_a_lock_that_is_held_for_too_long_is_said(rig: HaproxyRig) -> None:
    files = HaproxyFiles(rig.settings)
    async with files.locked(rig.clock):
        with pytest.raises(TimedOut) as error:
            async with files.locked(rig.clock, bound_s=0.05):
                pass
    assert error.value.code == "proxy.busy"


async def test_books_that_cannot_be_read_are_said_and_left(rig: HaproxyRig) -> None:
    rig.settings.books.write_text('{"version": 99}')
    with pytest.raises(Failed) as error:
        await rig.proxy.routes()
    assert str(rig.settings.books) in str(error.value)
    assert rig.settings.books.read_text() == '{"version": 99}'


# The process


async def test_the_pulse_ends_with_the_process_and_is_found_again(rig: HaproxyRig) -> None:
    pulse = haproxy_child.Pulse(rig.settings)
    assert pulse.beats()
    first = haproxy_child.running_pid(rig.settings)
    rig.settings.pid_file.rename(kept := rig.settings.pid_file.with_suffix(".kept"))
    assert pulse.beats()  # nothing is read while it lives
    kept.rename(rig.settings.pid_file)

    await rig.kill()
    async with asyncio.timeout(BOUND_S):
        while pulse.beats():  # its threads end a moment after it has lost its command
            await asyncio.sleep(0.005)
    assert not pulse.beats()

    again = await haproxy_child.ensure_running(rig.settings, rig.clock)
    assert again.pid != first
    assert pulse.beats()
    pulse.close()


async def test_it_is_found_again_and_started_only_when_it_is_dead(rig: HaproxyRig) -> None:
    first = await rig.start()
    assert (first.was_started, first.needs_restart) == (False, "")
    await rig.kill()
    second = await rig.start()
    assert second.was_started
    assert second.pid != first.pid
    assert await haproxy_child.stop(rig.settings, rig.clock, grace_s=0.5)
    assert not await haproxy_child.stop(rig.settings, rig.clock)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
async def test_it_gives_up_its_rights_once_it_has_its_ports(rig: HaproxyRig) -> None:
    status = Path(f"/proc/{haproxy_child.running_pid(rig.settings)}/status").read_text()
    user = next(line.split()[1] for line in status.splitlines() if line.startswith("Uid:"))
    assert int(user) != 0
    assert stat.S_IMODE(rig.settings.socket.stat().st_mode) == 0o600
    assert stat.S_IMODE(rig.settings.directory.stat().st_mode) == 0o700


async def test_a_stranger_on_the_port_is_refused_by_name(rig: HaproxyRig, free_port: Callable[[], int]) -> None:
    """HAProxy itself would share the port with it, and each would take part of the users."""
    other = replace(rig.settings, directory=rig.settings.directory.parent / "other", https_port=None)
    with socket.socket() as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        stranger.bind(("0.0.0.0", free_port()))
        stranger.listen()
        port = stranger.getsockname()[1]
        with pytest.raises(Conflict) as error:
            await haproxy_child.ensure_running(replace(other, http_port=port), rig.clock)
        assert error.value.code == "proxy.port"
        assert f"port {port}" in str(error.value)
        assert f"pid {os.getpid()}" in str(error.value)
        assert not other.socket.exists()
    with pytest.raises(Conflict) as error:
        await haproxy_child.ensure_running(other, rig.clock)
    assert f"in use by haproxy (pid {haproxy_child.running_pid(rig.settings)}" in str(error.value)


async def test_a_stale_proxy_of_our_own_that_shares_the_port_is_found(rig: HaproxyRig) -> None:
    """Started twice from one configuration, as after a lost pid file."""
    binary = rig.settings.binary
    stale = await asyncio.create_subprocess_exec(binary, "-db", "-f", str(rig.settings.config), stderr=-3, stdout=-3)
    try:
        deadline = asyncio.get_running_loop().time() + BOUND_S
        while True:
            try:
                await rig.start()
            except Conflict as error:
                assert "(pid " in str(error)
                assert "started from our own configuration" in str(error)
                break
            assert asyncio.get_running_loop().time() < deadline
            await asyncio.sleep(0.02)
    finally:
        stale.kill()
        await stale.wait()


async def test_other_settings_say_that_a_restart_is_needed(rig: HaproxyRig) -> None:
    larger = replace(rig.settings, backends=rig.settings.backends + 2)
    assert "pool" in (await haproxy_child.ensure_running(larger, rig.clock)).needs_restart
    assert (await rig.start()).needs_restart == ""
    await haproxy_child.stop(larger, rig.clock, grace_s=0.0)
    started = await haproxy_child.ensure_running(larger, rig.clock)
    assert (started.was_started, started.needs_restart) == (True, "")


async def test_a_smaller_pool_never_drops_what_is_held(rig: HaproxyRig) -> None:
    for spec in (BOOKS, SHOP):
        await live(rig, spec, spec.host)
    await haproxy_child.stop(rig.settings, rig.clock, grace_s=0.0)
    await haproxy_child.ensure_running(replace(rig.settings, backends=2, servers=1), rig.clock)
    assert [await rig.ask(spec.host) for spec in (BOOKS, SHOP)] == [BOOKS.host, SHOP.host]


async def test_a_haproxy_that_is_too_old_or_missing_is_said(rig: HaproxyRig, tmp_path: Path) -> None:
    old = tmp_path / "haproxy"
    old.write_text("#!/bin/sh\necho 'HA-Proxy version 2.4.22-1 2023/02/14'\n")
    old.chmod(0o755)
    for binary, said in ((str(old), "2.4.22-1"), ("no-such-haproxy", "no-such-haproxy is not installed")):
        with pytest.raises(Refused) as error:
            await haproxy_child.ensure_running(replace(rig.settings, binary=binary), rig.clock)
        assert error.value.code == "proxy.binary"
        assert said in str(error.value)
        assert "2.6" in str(error.value)


async def test_what_haproxy_says_when_it_cannot_start_is_told(rig: HaproxyRig) -> None:
    settings = replace(rig.settings, directory=rig.settings.directory.parent / "third", addresses=("192.0.2.1",))
    with pytest.raises(Failed) as error:
        await haproxy_child.ensure_running(settings, rig.clock)
    assert "192.0.2.1" in str(error.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"directory": Path("relative")},
        {"directory": Path("/tmp/a b")},
        {"directory": Path("/tmp/" + "x" * 100)},
        {"http_port": 0},
        {"https_port": 70000},
        {"https_port": 80, "http_port": 80},
        {"addresses": ("localhost",)},
        {"addresses": ()},
        {"backends": 1},
        {"servers": 0},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as error:
        HaproxySettings(**{"directory": Path("/var/lib/fairlead/haproxy"), **wrong})
    assert error.value.code == "server.settings"


async def test_what_is_made_durable_is_forced_to_the_disk(rig: HaproxyRig, monkeypatch: pytest.MonkeyPatch) -> None:
    await live(rig, BOOKS, "v1")
    forced: set[str] = set()
    monkeypatch.setattr(os, "fsync", lambda descriptor: forced.add(os.readlink(f"/proc/self/fd/{descriptor}")))
    await rig.proxy.make_durable()
    wanted = (rig.settings.map, rig.settings.books, rig.settings.config, rig.settings.directory)
    assert {str(path.resolve()) for path in wanted} <= forced


# A rehearsal


async def test_a_rehearsal_says_the_very_commands_that_the_switch_tells(
    rig: HaproxyRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    await live(rig, BOOKS, "v1")
    endpoint = await rig.endpoint("v2")
    rehearsed = await rig.proxy.rehearse({BOOKS: [endpoint]}, GREEN)
    told: list[str] = []
    ask = RuntimeSocket.ask

    async def listening(self: RuntimeSocket, *commands: Command) -> list[str]:
        told.extend(str(one) for one in commands if str(one).startswith("set "))
        return await ask(self, *commands)

    monkeypatch.setattr(RuntimeSocket, "ask", listening)
    await rig.proxy.fill(BOOKS.name, GREEN, [endpoint])
    assert tuple(told) == rehearsed.fill
    told.clear()
    await rig.proxy.point({BOOKS.name: GREEN})
    assert tuple(told) == rehearsed.point
    told.clear()
    await rig.proxy.drain(BOOKS.name, BLUE, bound_s=BOUND_S)
    await rig.proxy.clear(BOOKS.name, BLUE)
    assert tuple(told) == rehearsed.leave
    told.clear()
    await rig.proxy.point({BOOKS.name: BLUE})
    assert tuple(told) == rehearsed.back
