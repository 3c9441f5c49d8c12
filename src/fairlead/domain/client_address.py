"""Where a request comes from, seen through the proxies that are trusted: what X-Forwarded-For may be believed of.

Each proxy adds whom it was asked by at the header's end. So it is read from its end, for as long as whoever told it is
trusted: what stands before that may be forged. Octopus reads it likewise ("Auditing", trusted proxies).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from functools import lru_cache

MOST_PROXIES = 20
"""In a row; what a longer header says before that is not read."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@lru_cache(maxsize=8)
def networks(written: tuple[str, ...]) -> tuple[Network, ...]:
    """Addresses and networks (``10.0.0.2``, ``10.1.0.0/16``) as networks; ValueError where one is neither."""
    return tuple(ipaddress.ip_network(one, strict=False) for one in written)


def client_address(peer: str, told: str, trusted: Sequence[Network]) -> str:
    """The nearest address that is not trusted, beginning with the peer's own; the farthest where all are. `told` is
    what all the headers say, in order, with commas between; what is no address ends the way."""
    here = peer
    for hop in reversed(told.split(",")[-MOST_PROXIES:]):
        address = _address(hop.strip())
        if address is None or not _is_trusted(here, trusted):
            break
        here = str(address)
    return here


def _is_trusted(text: str, trusted: Sequence[Network]) -> bool:
    address = _address(text)
    return address is not None and any(address in network for network in trusted)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """One that is written with a port, or as IPv4 within IPv6, is the address itself."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, ipaddress.IPv6Address) else found
