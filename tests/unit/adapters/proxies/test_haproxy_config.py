"""The rendered configuration is what the real HAProxy takes, and says what was set at run time."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from fairlead.adapters.proxies import haproxy_config
from fairlead.adapters.proxies.haproxy_books import Books, Claim, Holding, SlotServer
from fairlead.adapters.proxies.haproxy_settings import HaproxySettings
from fairlead.domain.colour import Colour
from fairlead.ports.proxy import RouteSpec

SETTINGS = HaproxySettings(Path("/var/lib/fairlead/haproxy"), 8080, 8443, ("127.0.0.1",), backends=4, servers=2)


def render(settings: HaproxySettings, books: Books, *, has_ipv6: bool = False) -> str:
    return haproxy_config.render(settings, books, connections=500, mark="m", user="", has_ipv6=has_ipv6)


@pytest.mark.parametrize("open_files", [1024, 4096, 20_000, 1 << 20])
def test_connections_stay_below_half_of_the_open_files(open_files: int) -> None:
    assert haproxy_config.connection_limit(open_files) < open_files / 2


def test_no_limit_of_open_files_is_not_few_connections() -> None:
    assert haproxy_config.connection_limit(-1) == haproxy_config.MOST_CONNECTIONS


def test_servers_are_written_as_they_are_and_spare_backends_as_a_template() -> None:
    servers = {1: SlotServer("10.0.0.1", 80), 2: SlotServer("fd00::1", 81, is_ready=False)}
    claims = {Colour.BLUE: Claim("fl0001", servers), Colour.GREEN: Claim("fl0002")}
    text = render(SETTINGS, Books(4, 2).with_holding(Holding(RouteSpec("n", "h.example.com"), claims)))
    assert "backend fl0001\n  server s1 10.0.0.1:80\n  server s2 ipv6@fd00::1:81 disabled\n" in text
    assert "backend fl0002\n  server-template s 1-2 0.0.0.0:1 disabled\n" in text
    assert text.count("\nbackend fl") == 4


def test_every_address_is_bound_once_for_each_family() -> None:
    everywhere = replace(SETTINGS, addresses=("*",), https_port=None)
    assert [
        line.strip() for line in render(everywhere, Books(4, 2), has_ipv6=True).splitlines() if "bind " in line
    ] == [
        "bind ipv4@0.0.0.0:8080",
        "bind ipv6@:::8080 v6only",
    ]
    assert "v6only" not in render(everywhere, Books(4, 2))


def test_the_fingerprint_is_of_what_only_a_start_can_change() -> None:
    def mark(settings: HaproxySettings, books: Books) -> str:
        return haproxy_config.fingerprint(settings, books, has_ipv6=False)

    books = Books(4, 2)
    filled = books.with_holding(Holding(RouteSpec("n", "h"), {Colour.BLUE: Claim("fl0000")}))
    assert mark(SETTINGS, books) == mark(SETTINGS, filled)
    assert len({mark(SETTINGS, books), mark(SETTINGS, Books(6, 2)), mark(replace(SETTINGS, http_port=81), books)}) == 3


def test_the_real_haproxy_takes_it(tmp_path: Path, haproxy_binary: Path) -> None:
    settings = replace(SETTINGS, directory=tmp_path, https_port=None)
    servers = {1: SlotServer("fd00::1", 80)}
    holding = Holding(RouteSpec("n", "h.example.com"), {Colour.BLUE: Claim("fl0000", servers)})
    settings.none_page.write_text(haproxy_config.NONE_PAGE)
    settings.map.write_text("")
    settings.config.write_text(render(settings, Books(4, 2).with_holding(holding), has_ipv6=True))
    checked = subprocess.run([haproxy_binary, "-c", "-f", settings.config], capture_output=True, text=True, timeout=30)
    assert checked.returncode == 0, checked.stderr
    assert "WARNING" not in checked.stderr
