"""Who listens on a port is told from /proc, and whether it is in our way."""

import os
import socket

import pytest

from fairlead.adapters.proxies import listening_sockets
from fairlead.adapters.proxies.listeners import Listener, command_of, is_in_the_way, listeners


@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "0.0.0.0")])
def test_our_own_listener_is_found_with_pid_and_program(family: int, address: str) -> None:
    with socket.socket(family) as opened:
        opened.bind((address, 0))
        port = opened.getsockname()[1]
        assert listeners([port]) == []
        opened.listen()
        (found,) = listeners([port])
    assert (found.address, found.port, found.pid) == (address, port, os.getpid())
    assert found.command == command_of(os.getpid())
    assert str(os.getpid()) in str(found)


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6")
def test_an_ipv6_listener_is_found() -> None:
    with socket.socket(socket.AF_INET6) as opened:
        try:
            opened.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no ::1")
        opened.listen()
        (found,) = listeners([opened.getsockname()[1]])
    assert found.address == "::1"


def test_the_kernel_tells_the_same_where_it_has_no_diagnosis_of_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as one, socket.socket(socket.AF_INET6) as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("::ffff:127.0.0.1", 0))
        ports = {one.getsockname()[1], other.getsockname()[1]}
        one.listen()
        other.listen()
        diagnosed = [found for found in listening_sockets.listening_sockets() if found.port in ports]
        monkeypatch.setattr(listening_sockets, "NETLINK_SOCK_DIAG", 255)
        listed = [found for found in listening_sockets.listening_sockets() if found.port in ports]
    assert {found.address for found in diagnosed} == {"127.0.0.1"} and len(diagnosed) == 2
    assert sorted(map(str, listed)) == sorted(map(str, diagnosed))


@pytest.mark.parametrize(
    ("theirs", "ours", "is_so"),
    [
        ("127.0.0.1", ("127.0.0.1",), True),
        ("127.0.0.1", ("127.0.0.2",), False),
        ("127.0.0.1", ("*",), True),
        ("0.0.0.0", ("127.0.0.2",), True),
        ("::", ("127.0.0.2",), True),
        ("10.0.0.1", ("0.0.0.0",), True),
        ("::1", ("127.0.0.1", "::1"), True),
    ],
)
def test_two_addresses_share_a_port_when_one_of_them_is_both_or_any(
    theirs: str, ours: tuple[str, ...], is_so: bool
) -> None:
    assert is_in_the_way(Listener(theirs, 80), ours) is is_so


def test_a_listener_of_nobody_we_may_see_is_called_unknown() -> None:
    assert "unknown process" in str(Listener("0.0.0.0", 80))
    assert command_of(2**22 + 1) == ()
