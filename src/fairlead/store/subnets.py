"""Subnets claimed from the pool of the settings: one for each slot and each environment network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from ipaddress import IPv4Network, ip_network

import sqlalchemy as sa

from fairlead.domain.errors import Conflict
from fairlead.ports.catalogue import Place
from fairlead.store.rows import insert_ignoring
from fairlead.store.schema import instant, key, metadata, place_columns, place_key, place_values, text

SUBNET_BITS = 26
"""62 addresses: the lower half is fixed by us for instances, the upper half is the engine's to give."""

subnets = sa.Table(
    "subnets",
    metadata,
    key("subnet"),
    text("place"),
    *place_columns(),
    text("purpose"),
    instant("claimed_at"),
    sa.UniqueConstraint("place", "purpose"),
)


def claim_subnet(
    connection: sa.Connection,
    place: Place,
    purpose: str,
    *,
    pool: Sequence[str],
    used: Iterable[str],
    at: datetime,
    strangers: Iterable[str] = (),
) -> str:
    """The place's subnet for this purpose (a colour, or ``environment``): the one it has, else the first of the pool
    (CIDRs) that is neither claimed nor overlaps one of `used` (CIDRs of the engine and the host). Conflict
    `network.pool` where none is left. Two claims at the same time get two subnets.

    A slot keeps its subnet while its network is away, and meanwhile others may take it: a claim that overlaps one of
    `strangers` (CIDRs that are used and not the place's own) is given up for another."""
    had = of(connection, place, purpose)
    if had is not None and _is_free_of(had, strangers):
        return had
    if had is not None:
        release_subnet(connection, place, purpose)
    claimed = connection.execute(sa.select(subnets.c.subnet)).scalars().all()
    taken = [network for network in map(_network, (*claimed, *used)) if network is not None]
    for candidate in _candidates(pool):
        if any(candidate.overlaps(network) for network in taken):
            continue
        row = {**place_values(place), "subnet": str(candidate), "purpose": purpose, "claimed_at": at}
        if insert_ignoring(connection, subnets, row):
            return str(candidate)
        had = of(connection, place, purpose)
        if had is not None:
            return had
    raise Conflict(
        "network.pool",
        f"no free /{SUBNET_BITS} is left in {', '.join(pool)}",
        thing=f"{place.project}/{place.where}/{purpose}",
        hint="set a larger subnet_pool and start the server anew, or remove environments that are not needed",
    )


def of(connection: sa.Connection, place: Place, purpose: str) -> str | None:
    """The subnet that the place has for this purpose; None where it has none."""
    mine = (subnets.c.place == place_key(place), subnets.c.purpose == purpose)
    return connection.execute(sa.select(subnets.c.subnet).where(*mine)).scalar()


def release_subnet(connection: sa.Connection, place: Place, purpose: str) -> None:
    """It can be claimed again; gone is fine."""
    connection.execute(sa.delete(subnets).where(subnets.c.place == place_key(place), subnets.c.purpose == purpose))


def _is_free_of(subnet: str, strangers: Iterable[str]) -> bool:
    return not any(IPv4Network(subnet).overlaps(one) for one in map(_network, strangers) if one is not None)


def _candidates(pool: Sequence[str]) -> Iterable[IPv4Network]:
    for part in pool:
        network = IPv4Network(part)
        if network.prefixlen > SUBNET_BITS:
            continue
        yield from network.subnets(new_prefix=SUBNET_BITS)


def _network(text: str) -> IPv4Network | None:
    network = ip_network(text, strict=False)
    return network if isinstance(network, IPv4Network) else None
