"""The proxy port on HAProxy ≥ 2.6, through its runtime socket; see ports/proxy.py for what each verb promises.

The configuration holds a pool of spare backends with empty server slots. A route claims two, its colours; a line of
the route map says which of them requests go to. Files are written first, then the running proxy is told: a death in
between leaves a proxy that says so when it is read back. Why nothing is lost: docs/explanation/zero-loss.md.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from fairlead.adapters.proxies import haproxy_answers, haproxy_child, haproxy_rehearsal, haproxy_slots, haproxy_tls
from fairlead.adapters.proxies.haproxy_answers import Usage
from fairlead.adapters.proxies.haproxy_books import (
    Books,
    Claim,
    Holding,
    MapEntry,
    Tally,
    key_parts,
    map_text,
    route_key,
)
from fairlead.adapters.proxies.haproxy_drain import Drain
from fairlead.adapters.proxies.haproxy_files import HaproxyFiles
from fairlead.adapters.proxies.haproxy_settings import HaproxySettings
from fairlead.adapters.proxies.haproxy_socket import check
from fairlead.domain import names
from fairlead.domain.colour import Colour
from fairlead.domain.errors import Conflict, Failed, FairleadError, NotFound, Refused
from fairlead.ports.clock import Clock
from fairlead.ports.proxy import Counters, Drained, Endpoint, Rehearsal, RouteSpec, RouteState, ServerState

ROUTE_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_/-]|\.(?!\.)){0,199}")
TALLIED = ("requests", "proxy_errors", "server_errors", "broken", "retried", "redispatched", "left")
NOT_THERE = ("entry not found", "Key not found")


class HaproxyProxy:
    """One HAProxy that `haproxy_child.ensure_running` has started. Safe to use from several tasks and processes."""

    def __init__(self, settings: HaproxySettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._files = HaproxyFiles(settings)
        self._socket = haproxy_child.runtime_socket(settings)
        self._sharers = haproxy_child.Sharers(settings)
        self._map = str(settings.map)
        self._carried: frozenset[str] = frozenset()
        """Keys whose lines new generations took over as they ran, though another hand had written them."""

    def close(self) -> None:
        """Give the connections to the runtime socket back."""
        self._socket.close()

    async def check(self) -> None:
        """It answers, and nobody shares its ports; Unreachable or Conflict in words where it is not so."""
        (facts,) = await self._socket.ask("show info")
        own = int(haproxy_answers.read_facts(facts).get("Pid", "0"))
        await asyncio.to_thread(self._sharers.refuse, own)

    async def ensure_route(self, spec: RouteSpec) -> None:
        """See the port. Claims the two lowest spare backends. Refused where somebody shares our ports: part of the
        users would reach neither colour, and the proxy itself cannot see it."""
        _check_spec(spec)
        await self.check()
        async with self._files.locked(self._clock):
            books = self._files.read()
            holder = books.holder_of(route_key(spec))
            if holder is not None and holder != spec.name:
                raise Conflict(
                    "route.taken",
                    f"{spec.host}{spec.path} is held by the route {holder}",
                    thing=spec.host + spec.path,
                    hint="give one of them another host or path",
                )
            held = books.holdings.get(spec.name)
            holding = replace(held, spec=spec) if held else Holding(spec, await self._claim(books, spec))
            self._files.write(books.with_holding(holding))

    async def _claim(self, books: Books, spec: RouteSpec) -> dict[Colour, Claim]:
        spare = list(books.spare_backends())[:2]
        if len(spare) < 2:
            raise Conflict(
                "proxy.pool",
                f"the proxy's pool of {books.backends} backends holds no two for the route {spec.name}",
                thing=spec.name,
                hint="remove routes that are not needed, or set a larger pool and restart the proxy",
            )
        facts, *stats = await self._socket.ask("show info", *(f"show stat {backend} 6 -1" for backend in spare))
        pid = int(haproxy_answers.read_facts(facts)["Pid"])
        usages = [haproxy_answers.read_usage(stat) for stat in stats]
        tallies = [_tally(pid, usage) for usage in usages]
        pairs = zip(Colour, spare, tallies, strict=True)
        return {colour: Claim(backend, before=tally) for colour, backend, tally in pairs}

    async def fill(self, route: str, colour: Colour, endpoints: Sequence[Endpoint]) -> None:
        """See the port. A server that is there already is not touched."""
        wanted = haproxy_slots.addresses(endpoints)
        async with self._files.locked(self._clock):
            books = self._files.read()
            holding = _held(books, route)
            if len(wanted) > books.servers:
                raise Refused(
                    "proxy.replicas",
                    f"{route} has {len(wanted)} instances, a backend of the proxy has {books.servers} slots",
                    thing=route,
                    hint="ask for fewer replicas, or set more servers in the proxy's pool and restart it",
                )
            backend = holding.claims[colour].backend
            (state,) = await self._socket.ask(f"show servers state {backend}")
            servers, commands = haproxy_slots.plan_fill(backend, haproxy_answers.read_servers(state), wanted)
            await self._change(books, books.with_holding(holding.with_servers(colour, servers)), commands)

    async def clear(self, route: str, colour: Colour) -> None:
        """See the port. A route that is gone has nothing to clear."""
        async with self._files.locked(self._clock):
            books = self._files.read()
            if holding := books.holdings.get(route):
                commands = haproxy_slots.clear_commands(holding.claims[colour].backend, books.servers)
                await self._change(books, books.with_holding(holding.with_servers(colour, {})), commands)

    async def point(self, live: Mapping[str, Colour]) -> None:
        """See the port. One route whose line is there already: one command; else a new generation of the map. What the
        map says then is asked in the same exchange."""
        async with self._files.locked(self._clock):
            old = self._files.read()
            moved = {route_key(_held(old, route).spec): old.entry(route, colour) for route, colour in live.items()}
            is_there = len(live) == 1 and all(set(old.keys_of(route)) == moved.keys() for route in live)
            if not is_there or not await self._set_line(old, moved):
                others = old.others_of(await self._running_map(), but=live)
                await self._commit_generation(old, old.with_map({**others, **moved}))
            self._carried -= moved.keys()

    async def _set_line(self, old: Books, moved: Mapping[str, MapEntry]) -> bool:
        """Whether the running map has that line, and says now what it was told."""
        ((key, entry),) = moved.items()
        command = f"set map {self._map} {key} {entry}"
        with self._written(old, old.with_map({**old.routed, key: entry})):
            answer, seen = await self._socket.ask(command, f"show map {self._map}")
            if answer.startswith(NOT_THERE):
                return False
            check([command], [answer])
            _verify(seen, moved)
            return True

    async def edited(self) -> frozenset[str]:
        """The keys of routes under which the running map says otherwise than we wrote: anybody may edit it at its
        socket. One stays told until its route is pointed again, though the files have followed it meanwhile. Lines of
        others are not looked at."""
        running, books = await self._running_map(), self._files.glance()
        changed = {key for key, entry in books.routed.items() if running.get(key) != entry}
        return frozenset(key for key in changed | self._carried if books.holder_of(key) is not None)

    async def _running_map(self) -> dict[str, MapEntry]:
        (routed,) = await self._socket.ask(f"show map {self._map}")
        return haproxy_answers.read_map(routed)

    async def _commit_generation(self, old: Books, new: Books) -> None:
        """The whole map anew, under a number that nobody looks up yet, and made the current one at a stroke.

        What an earlier, uncommitted number left behind goes with it.
        """
        path = self._map
        with self._written(old, new):
            (prepared,) = await self._socket.ask(f"prepare map {path}")
            version = haproxy_answers.read_new_version(prepared)
            adds = [f"add map @{version} {path} {line}" for line in map_text(new.routed).splitlines()]
            if adds:
                check(adds, await self._socket.ask(*adds))
            commit = f"commit map @{version} {path}"
            answer, seen = await self._socket.ask(commit, f"show map {path}")
            check([commit], [answer])
            _verify(seen, new.routed)
        self._carried |= {key for key, entry in old.routed.items() if new.routed.get(key) != entry}

    @contextmanager
    def _written(self, old: Books, new: Books) -> Iterator[None]:
        """Files first, then the running proxy; the files as they were where it refuses."""
        self._files.write(new)
        try:
            yield
        except BaseException:
            self._files.write(old)
            raise

    async def _change(self, old: Books, new: Books, commands: Sequence[str]) -> None:
        with self._written(old, new):
            if commands:
                check(commands, await self._socket.ask(*commands), allowed=haproxy_answers.ADDRESS_SET)

    async def read_back(self, route: str) -> RouteState | None:
        """See the port. Which backends are ours is in our books; all else is asked of the running proxy."""
        holding = self._files.glance().holdings.get(route)
        if holding is None:
            return None
        colours = list(holding.claims)
        backends = [holding.claims[colour].backend for colour in colours]
        routed, *rest = await self._socket.ask(
            f"show map {self._map}",
            *(f"show servers state {backend}" for backend in backends),
            *(f"show servers conn {backend}" for backend in backends),
        )
        states, connections = rest[: len(backends)], rest[len(backends) :]
        spec, live = _routed_as(holding, haproxy_answers.read_map(routed))
        servers = {
            colour: _server_states(state, used)
            for colour, state, used in zip(colours, states, connections, strict=True)
        }
        return RouteState(spec, live, servers)

    async def live(self, route: str) -> Colour | None:
        """See the port. One question: the map."""
        holding = self._files.glance().holdings.get(route)
        if holding is None:
            return None
        (routed,) = await self._socket.ask(f"show map {self._map}")
        wanted = {claim.backend: colour for colour, claim in holding.claims.items()}
        return next((wanted[one] for one in haproxy_answers.read_routed(routed) if one in wanted), None)

    async def drain(self, route: str, colour: Colour, *, bound_s: float, only: Sequence[Endpoint] = ()) -> Drained:
        """See the port."""
        holding = self._files.read().holdings.get(route)
        if holding is None:
            return Drained(0.0, 0)
        drain = Drain(self._socket, self._clock, holding.claims[colour].backend, haproxy_slots.addresses(only))
        started_s = self._clock.monotonic_s()
        deadline_s = started_s + bound_s
        if only or await self._is_live(route, colour):
            await self._stop_new_requests(route, colour, drain)
            await drain.wait_until_quiet(deadline_s)
        else:
            # Nothing is routed here any more. A request that was routed a moment ago must still find a server.
            await drain.wait_until_quiet(deadline_s)
            await self._stop_new_requests(route, colour, drain)
        closed = await drain.close_the_rest()
        waited_s = self._clock.monotonic_s() - started_s
        (facts,) = await self._socket.ask("show info")
        return Drained(waited_s, closed.cut, _since_claimed(holding.claims[colour], facts, closed.before))

    async def _is_live(self, route: str, colour: Colour) -> bool:
        return await self.live(route) is colour

    async def _stop_new_requests(self, route: str, colour: Colour, drain: Drain) -> None:
        async with self._files.locked(self._clock):
            books = self._files.read()
            holding = books.holdings.get(route)
            if holding is None:
                return
            servers = holding.claims[colour].servers
            chosen = drain.chosen({slot: (server.address, server.port) for slot, server in servers.items()})
            drained = {slot: replace(server, is_ready=False) for slot, server in servers.items() if slot in chosen}
            commands = [f"set server {drain.backend}/s{slot} state drain" for slot in sorted(drained)]
            new = books.with_holding(holding.with_servers(colour, {**servers, **drained}))
            await self._change(books, new, commands)

    async def remove(self, route: str) -> None:
        """See the port. The line of the map goes first, so that nothing is routed to an empty backend."""
        async with self._files.locked(self._clock):
            books = self._files.read()
            holding = books.holdings.get(route)
            if holding is None:
                return
            routed = books.others_of(await self._running_map(), but=[route])
            new = books.without(route).with_map(routed)
            await self._commit_generation(books, books.with_map(routed))
            for claim in holding.claims.values():
                commands = haproxy_slots.clear_commands(claim.backend, books.servers)
                check(commands, await self._socket.ask(*commands), allowed=haproxy_answers.ADDRESS_SET)
            self._files.write(new)

    async def rehearse(self, wanted: Mapping[RouteSpec, Sequence[Endpoint]], colour: Colour) -> Rehearsal:
        """See the port. What the slots hold is asked of the running proxy."""
        books = self._files.glance()
        held = [holding for spec in wanted if (holding := books.holdings.get(spec.name))]
        backends = [holding.claims[colour].backend for holding in held]
        routed, *states = await self._socket.ask(
            f"show map {self._map}", *(f"show servers state {backend}" for backend in backends)
        )
        books = books.with_map(books.others_of(haproxy_answers.read_map(routed), but=()))
        running = {
            backend: haproxy_answers.read_servers(state) for backend, state in zip(backends, states, strict=True)
        }
        return haproxy_rehearsal.rehearsed(books, running, wanted, colour, self._map)

    async def routes(self) -> Sequence[RouteSpec]:
        """See the port."""
        return [holding.spec for _, holding in sorted(self._files.read().holdings.items())]

    async def make_durable(self) -> None:
        """See the port."""
        await asyncio.to_thread(self._files.make_durable)

    async def counters(self, route: str, colour: Colour) -> Counters:
        """See the port. Counted since the route claimed its backends, or since the proxy started, if that was later."""
        claim = _held(self._files.glance(), route).claims[colour]
        facts, stat = await self._socket.ask("show info", f"show stat {claim.backend} 6 -1")
        return _since_claimed(claim, facts, haproxy_answers.read_usage(stat))

    async def ensure_certificate(self, host: str, pem: bytes) -> None:
        """See the port. `Invalid("certificate.invalid")` where chain and key do not fit or cannot be read."""
        names.host_name(host)
        if self._settings.https_port is None:
            raise Refused("server.settings", "the proxy has no https port", thing=host, hint="set proxy.https_port")
        text = haproxy_tls.clean_pem(pem)
        async with self._files.locked(self._clock):
            books = self._files.read()
            path = self._settings.certificates / f"{host}.pem"
            before = path.read_text() if path.exists() else None
            new = replace(books, certificates=tuple(sorted({*books.certificates, host})))
            haproxy_tls.write_certificate(path, text)
            self._files.write_certificate_list(new)
            try:
                await haproxy_tls.put_certificate(self._socket, self._settings, host, text)
            except FairleadError:
                self._files.write_certificate_list(books)
                haproxy_tls.restore_certificate(path, before)
                raise

    async def remove_certificate(self, host: str) -> None:
        """See the port."""
        names.host_name(host)
        async with self._files.locked(self._clock):
            books = self._files.read()
            rest = tuple(known for known in books.certificates if known != host)
            self._files.write_certificate_list(replace(books, certificates=rest))
            if self._settings.https_port is not None:
                await haproxy_tls.drop_certificate(self._socket, self._settings, host)
            haproxy_tls.restore_certificate(self._settings.certificates / f"{host}.pem", None)


def _check_spec(spec: RouteSpec) -> None:
    """Law 7: nothing reaches the socket or a file that was not looked at here."""
    names.require("route", ROUTE_NAME, spec.name)
    names.host_name(spec.host)
    names.require("path", names.URL_PATH, spec.path)


def _tally(pid: int, usage: Usage) -> Tally:
    return Tally(pid, **{name: getattr(usage, name) for name in TALLIED})


def _since_claimed(claim: Claim, facts: str, usage: Usage) -> Counters:
    is_same = haproxy_answers.read_facts(facts).get("Pid") == str(claim.before.pid)
    before = claim.before if is_same else Tally()
    counted = {name: getattr(usage, name) - getattr(before, name) for name in TALLIED}
    return Counters(**counted, sessions_now=usage.open_now)


def _verify(seen: str, wanted: Mapping[str, MapEntry]) -> None:
    lines = f"{seen}\n"
    if key := next((key for key, entry in wanted.items() if f" {key} {entry}\n" not in lines), ""):
        message = f"the proxy was told where {key} points, said no word against it, and does not do it"
        raise Failed("proxy.failed", message, thing=key, hint="fairlead why, and the proxy's own log")


def _held(books: Books, route: str) -> Holding:
    if holding := books.holdings.get(route):
        return holding
    raise NotFound("route.unknown", f"the proxy holds no route {route[:200]!r}", thing=route[:200])


def _routed_as(holding: Holding, routed: Mapping[str, MapEntry]) -> tuple[RouteSpec, Colour | None]:
    """What the running map says of the route; as it was asked for where the map does not say."""
    for key, entry in routed.items():
        if (colour := holding.colour_of(entry.backend)) is None:
            continue
        spec = replace(holding.spec, tls=entry.tls, redirect_http=entry.redirect_http)
        if key == route_key(spec):
            return spec, colour
        host, path = key_parts(key)
        return replace(spec, host=host, path=path), colour
    return holding.spec, None


def _server_states(state: str, used: str) -> tuple[ServerState, ...]:
    connections = haproxy_answers.read_connections(used)
    servers = haproxy_answers.read_servers(state, with_empty=False)
    return tuple([ServerState(one.address, one.port, one.is_ready, connections.get(one.slot, 0)) for one in servers])
