"""Waiting until nobody uses a backend any more, and closing what is left at the bound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fairlead.adapters.proxies import haproxy_answers
from fairlead.adapters.proxies.haproxy_answers import Usage
from fairlead.adapters.proxies.haproxy_slots import Address
from fairlead.adapters.proxies.haproxy_socket import RuntimeSocket, check
from fairlead.ports.clock import Clock

FIRST_POLL_S = 0.005
LONGEST_POLL_S = 0.1
QUIET_READS = 2  # in a row: a request that was routed an instant ago is counted an instant later
CLOSE_BOUND_S = 2.0


class Drain:
    """One backend, wholly or (with `only`) some of its servers."""

    def __init__(self, socket: RuntimeSocket, clock: Clock, backend: str, only: Sequence[Address]) -> None:
        self.backend = backend
        self._socket = socket
        self._clock = clock
        self._only = frozenset(only)

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

    async def close_the_rest(self) -> int:
        """What is still open is closed; how many that were."""
        usage, slots = await self._read()
        cut = self._open(usage, slots)
        if cut:
            commands = [f"shutdown sessions server {self.backend}/s{slot}" for slot in sorted(slots)]
            check(commands, await self._socket.ask(*commands))
            await self.wait_until_quiet(self._clock.monotonic_s() + CLOSE_BOUND_S)
        return cut

    async def _read(self) -> tuple[Usage, set[int]]:
        stat, state = await self._socket.ask(f"show stat {self.backend} 6 -1", f"show servers state {self.backend}")
        servers = haproxy_answers.read_servers(state)
        slots = self.chosen({server.slot: (server.address, server.port) for server in servers if not server.is_empty})
        return haproxy_answers.read_usage(stat), slots

    def _open(self, usage: Usage, slots: set[int]) -> int:
        if not self._only:
            return usage.open_now
        return sum(usage.open_by_slot.get(slot, 0) for slot in slots)
