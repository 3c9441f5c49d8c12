"""Waiting until nobody uses a backend any more, and closing what is left at the bound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fairlead.adapters.proxies import haproxy_answers
from fairlead.adapters.proxies.haproxy_answers import Usage
from fairlead.adapters.proxies.haproxy_slots import Address
from fairlead.adapters.proxies.haproxy_socket import RuntimeSocket, check
from fairlead.ports.clock import Clock

FIRST_POLL_S = 0.005
LONGEST_POLL_S = 0.1
QUIET_READS = 2  # in a row: a request that was routed an instant ago is counted an instant later
CLOSE_BOUND_S = 2.0


@dataclass(frozen=True, slots=True)
class Closed:
    """The backend's counts before the closing, and how many requests and tunnels were cut."""

    before: Usage
    cut: int


class Drain:
    """One backend, wholly or (with `only`) some of its servers."""

    def __init__(self, socket: RuntimeSocket, clock: Clock, backend: str, only: Sequence[Address]) -> None:
        self.backend = backend
        self._socket = socket
        self._clock = clock
        self._only = frozenset(only)
        self._stat = f"show stat {backend} 6 -1"

    def chosen(self, servers: Mapping[int, Address]) -> set[int]:
        """The slots that are meant."""
        return {slot for slot, place in servers.items() if not self._only or place in self._only}

    async def wait_until_quiet(self, deadline_s: float) -> bool:
        """No session is open, or the deadline has come. A session is a request in flight, or a tunnel."""
        quiet, poll_s = 0, FIRST_POLL_S
        while True:
            quiet = quiet + 1 if self._open(*await self._read()) == 0 else 0
            if quiet >= QUIET_READS:
                return True
            left_s = deadline_s - self._clock.monotonic_s()
            if left_s <= 0:
                return False
            await self._clock.sleep(min(poll_s, left_s))
            poll_s = FIRST_POLL_S if quiet else min(poll_s * 1.5, LONGEST_POLL_S)

    async def close_the_rest(self) -> Closed:
        """What is still open is closed; how many that were, and the counts before.

        A request may end by itself between the reading and the closing. So what counts is not what was open, but how
        it ended: by an answer of the proxy's own, by one that broke off, or as a tunnel.
        """
        usage, slots = await self._read()
        if not self._open(usage, slots):
            return Closed(usage, 0)
        commands = [f"shutdown sessions server {self.backend}/s{slot}" for slot in sorted(slots)]
        stat, *answers = await self._socket.ask(self._stat, *commands)
        check(commands, answers)
        before = haproxy_answers.read_usage(stat)
        await self.wait_until_quiet(self._clock.monotonic_s() + CLOSE_BOUND_S)
        after, _ = await self._read()
        cut = _not_whole(after) - _not_whole(before) + self._open(after, slots)
        was_open = self._open(before, slots)
        # One server of several: what it leaves is asked again at the others, or broken off; it cannot be told apart.
        return Closed(before, was_open if self._only else min(cut, was_open))

    async def _read(self) -> tuple[Usage, set[int]]:
        stat, state = await self._socket.ask(self._stat, f"show servers state {self.backend}")
        servers = haproxy_answers.read_servers(state)
        slots = self.chosen({server.slot: (server.address, server.port) for server in servers if not server.is_empty})
        return haproxy_answers.read_usage(stat), slots

    def _open(self, usage: Usage, slots: set[int]) -> int:
        if not self._only:
            return usage.open_now
        return sum(usage.open_by_slot.get(slot, 0) for slot in slots)


def _not_whole(usage: Usage) -> int:
    """Requests that ended by an answer of the proxy's own, by one that broke off, or as a tunnel."""
    return usage.proxy_errors + usage.broken + usage.switched
