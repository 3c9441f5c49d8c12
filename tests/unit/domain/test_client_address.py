"""Whose address counts, when proxies say whom they were asked by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.domain.client_address import client_address, networks


@pytest.mark.parametrize(
    ("trusted", "peer", "told", "expected"),
    [
        ((), "10.0.0.1", "192.0.2.1", "10.0.0.1"),
        (("10.0.0.2",), "10.0.0.1", "192.0.2.1", "10.0.0.1"),
        (("10.0.0.1",), "10.0.0.1", "", "10.0.0.1"),
        (("10.0.0.1",), "10.0.0.1", "192.0.2.1", "192.0.2.1"),
        (("10.0.0.1",), "10.0.0.1", "192.0.2.66, 192.0.2.1", "192.0.2.1"),
        (("10.0.0.0/8",), "10.0.0.1", "192.0.2.66, 192.0.2.1, 10.9.9.9", "192.0.2.1"),
        (("0.0.0.0/0",), "10.0.0.1", "192.0.2.66, 192.0.2.1", "192.0.2.66"),
        (("10.0.0.1",), "::ffff:10.0.0.1", "192.0.2.1:4711", "192.0.2.1"),
        (("fd00::/8",), "fd00::1", "[2001:db8::1]:443", "2001:db8::1"),
        (("fd00::/8",), "fd00::1", "2001:DB8:0::1", "2001:db8::1"),
        (("10.0.0.0/8",), "10.0.0.1", "192.0.2.1, unknown, 10.9.9.9", "10.9.9.9"),
        (("10.0.0.0/8",), "10.0.0.1", ",,", "10.0.0.1"),
        (("10.0.0.0/8",), "", "192.0.2.1", ""),
        (("10.0.0.0/8",), "10.0.0.1", "192.0.2.1," + "10.0.0.3," * 100 + "10.0.0.2", "10.0.0.3"),
    ],
)
def test_the_nearest_that_is_not_trusted(trusted: tuple[str, ...], peer: str, told: str, expected: str) -> None:
    assert client_address(peer, told, networks(trusted)) == expected


@given(st.text(max_size=60), st.text(alphabet="0123456789.:[]a, ", max_size=60))
def test_whatever_is_said_a_stranger_stays_himself(noise: str, addresses: str) -> None:
    for told in (noise, addresses):
        assert client_address("192.0.2.1", told, networks(("10.0.0.0/8",))) == "192.0.2.1"


def test_what_is_no_network_is_an_error() -> None:
    with pytest.raises(ValueError, match="proxy"):
        networks(("proxy",))
