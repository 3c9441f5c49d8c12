"""Ports for the servers of tests: below those of outgoing connections, and never the same for two who ask."""

import socket
from pathlib import Path

from fairlead.testing.free_ports import EPHEMERAL, free_ports


def test_each_time_another_port_that_nobody_listens_on():
    take = free_ports()
    first = take()
    with socket.create_server(("127.0.0.1", first)):
        others = [take() for _ in range(20)]
        assert first not in [*others, free_ports(start=0)()]
    assert len(set(others)) == 20


def test_shares_never_meet():
    takes = [free_ports(share=number, of=3, start=7) for number in range(3)]
    given = [take() for take in takes for _ in range(30)]
    assert len(set(given)) == 90


def test_they_lie_below_the_ports_of_outgoing_connections():
    first = int(Path(EPHEMERAL).read_text().split()[0])
    assert all(free_ports(start=start)() < first for start in range(50))
