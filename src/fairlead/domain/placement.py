"""Addresses in a subnet: fixed ones from its lower half, dynamic ones from its upper half, so that they never meet.

The engine takes the first address for the gateway. A fixed address is checked only when the container starts, and a
container with a dynamic address may hold it by then; two halves make that impossible.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from fairlead.domain.errors import Conflict, Invalid, Refused

PREFIX = 26
"""Sixty-four addresses: thirty fixed ones for instances, thirty-one dynamic ones for tests and one-shots."""

FIRST_FIXED = 2
"""After the network's own address and the gateway."""


def claim(pool: str, used: Iterable[str], count: int) -> tuple[str, ...]:
    """The first `count` subnets of the pool that overlap none of `used`; `Conflict("network.pool")` where too few.

    `used` are all networks that the engine has, ours and others', and those that are claimed but not yet made.
    """
    taken = [ipaddress.ip_network(subnet, strict=False) for subnet in used]
    taken = [subnet for subnet in taken if subnet.version == 4]
    found: list[str] = []
    for candidate in _subnets(pool):
        if len(found) == count:
            break
        if not any(candidate.overlaps(subnet) for subnet in taken):
            found.append(str(candidate))
    if len(found) < count:
        raise Conflict(
            "network.pool",
            f"no free subnet is left in {pool}: {len(found)} of {count} found",
            thing=pool,
            hint="set a larger subnet_pool and start the server anew, or remove environments that are not needed",
        )
    return tuple(found)


def _subnets(pool: str) -> Iterable[ipaddress.IPv4Network]:
    try:
        network = ipaddress.IPv4Network(pool)
        if network.prefixlen > PREFIX:
            raise ValueError("it is smaller than one of them")
        return network.subnets(new_prefix=PREFIX)
    except ValueError as error:
        raise Invalid("input.invalid", f"{pool!r} is not a pool of /{PREFIX} subnets: {error}", thing="pool") from error


def fixed_addresses(subnet: str, count: int) -> tuple[str, ...]:
    """The first `count` fixed addresses; `Refused("network.pool")` where the lower half has fewer."""
    network = ipaddress.IPv4Network(subnet)
    room = network.num_addresses // 2 - FIRST_FIXED
    if count > room:
        raise Refused(
            "network.pool",
            f"{count} instances do not fit into one slot: its network {subnet} has {room} addresses for them",
            thing=subnet,
            hint="lower the replicas",
        )
    return tuple(str(network.network_address + FIRST_FIXED + index) for index in range(count))


def dynamic_range(subnet: str) -> str:
    """The upper half, as a CIDR: where the engine takes addresses that we do not fix."""
    network = ipaddress.IPv4Network(subnet)
    return str(list(network.subnets(prefixlen_diff=1))[1])
