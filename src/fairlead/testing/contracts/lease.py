"""What every keeper of leases keeps to: the promises of ports/lease.py."""

from __future__ import annotations

import pytest

from fairlead.domain.ids import NodeId
from fairlead.testing.contracts.books import Books

ONE, TWO = NodeId("node-1"), NodeId("node-2")


class LeaseContract:
    """Who is alive, by one clock."""

    async def test_a_node_without_a_lease_is_dead(self, books: Books) -> None:
        assert list(await books.lease.dead([ONE, TWO])) == [ONE, TWO]

    async def test_a_node_lives_as_long_as_its_lease(self, books: Books) -> None:
        assert await books.lease.renew(ONE, seconds=60) == 0
        assert list(await books.lease.dead([ONE, TWO])) == [TWO]

    async def test_renewing_tells_what_was_left(self, books: Books) -> None:
        await books.lease.renew(ONE, seconds=60)
        assert await books.lease.renew(ONE, seconds=60) == pytest.approx(60, abs=20)

    async def test_a_lease_runs_out(self, books: Books) -> None:
        await books.lease.renew(ONE, seconds=0.2)
        await books.advance(0.5)
        assert list(await books.lease.dead([ONE])) == [ONE]
        assert await books.lease.renew(ONE, seconds=60) == 0

    async def test_a_lease_that_was_given_back_has_run_out(self, books: Books) -> None:
        await books.lease.renew(ONE, seconds=60)
        await books.lease.give_back(ONE)
        await books.lease.give_back(TWO)
        assert list(await books.lease.dead([ONE, TWO])) == [ONE, TWO]

    async def test_a_lease_outlives_the_process(self, books: Books) -> None:
        await books.lease.renew(ONE, seconds=60)
        assert list(await (await books.reborn()).lease.dead([ONE])) == []

    async def test_asking_about_nobody_names_nobody(self, books: Books) -> None:
        assert list(await books.lease.dead([])) == []
