"""Law 1 over TLS: hosts, HTTP/1.1 and HTTP/2, switches and renewed certificates, and not one request is lost."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.contract.proxy_rigs import HaproxyRig, haproxy_rig, make_certificate

from fairlead.adapters.proxies import haproxy_child
from fairlead.domain.colour import Colour
from fairlead.ports.proxy import RouteSpec
from fairlead.testing.load import Load
from fairlead.testing.upstream import Upstream

HOSTS = ("books.example.com", "shop.example.com", "mail.example.com")
ROUTES = {host: RouteSpec(f"{host[:4]}/production/web/0", host, tls=True, redirect_http=True) for host in HOSTS}
SWITCHES = 6
SOME_REQUESTS = 20
BOUND_S = 60.0
QUICK, SLOW, AT_ONCE = 150, 16, 6


@dataclass(slots=True)
class Http2:
    """Users over HTTP/2, several requests at a time on one connection: curl, again and again until stopped."""

    rig: HaproxyRig
    host: str
    told: Counter[str] = field(default_factory=Counter)
    connections: int = 0
    is_stopping: bool = False

    async def run(self) -> None:
        while not self.is_stopping:
            urls = (self.url(f"/[1-{QUICK}]"), self.url(f"/[1-{SLOW}]/slow"))
            output = await self.curl("--parallel", "--parallel-max", str(AT_ONCE), *urls)
            for line in output.splitlines():
                if line.startswith("told "):
                    answer, _, connects = line.removeprefix("told ").rpartition(" ")
                    self.told[answer] += 1
                    self.connections += int(connects)

    def url(self, path: str) -> str:
        return f"https://{self.host}:{self.rig.settings.https_port}{path}"

    async def curl(self, *arguments: str) -> str:
        resolve = f"{self.host}:{self.rig.settings.https_port}:127.0.0.1"
        fixed = ("--silent", "--show-error", "--insecure", "--http2", "--resolve", resolve, "--max-time", str(BOUND_S))
        said = "\ntold %{http_code} %{http_version} %{exitcode} %{num_connects}\n"
        child = await asyncio.create_subprocess_exec(
            "curl", *fixed, "--write-out", said, *arguments, stdout=asyncio.subprocess.PIPE
        )
        try:
            output, _ = await asyncio.wait_for(child.communicate(), BOUND_S)
        finally:
            if child.returncode is None:
                child.kill()
        return output.decode()


@pytest.fixture
async def rig(free_port: Callable[[], int], haproxy_binary: Path) -> AsyncIterator[HaproxyRig]:
    async with haproxy_rig(free_port, haproxy_binary) as started:
        for host, route in ROUTES.items():
            await started.proxy.ensure_certificate(host, make_certificate(host))
            await started.proxy.ensure_route(route)
        yield started


async def deploy(rig: HaproxyRig, colour: Colour, version: int) -> list[Upstream]:
    """A version of every host into the slot, and all routes to it at a stroke."""
    made = []
    for host, route in ROUTES.items():
        made.append(await rig.upstream(f"{host} v{version}"))
        await rig.proxy.fill(route.name, colour, [made[-1].endpoint])
    await rig.proxy.point({route.name: colour for route in ROUTES.values()})
    return made


async def retire(rig: HaproxyRig, colour: Colour, old: list[Upstream]) -> int:
    """What was cut."""
    drained = [await rig.proxy.drain(route.name, colour, bound_s=10.0) for route in ROUTES.values()]
    for route, upstream in zip(ROUTES.values(), old, strict=True):
        await rig.proxy.clear(route.name, colour)
        await upstream.stop()
    return sum(one.cut for one in drained)


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


async def until_asked(loads: list[Load], more: int) -> None:
    wanted = [load.told.requests + more for load in loads]
    while any(load.told.requests < least for load, least in zip(loads, wanted, strict=True)):
        await asyncio.sleep(0.005)


async def test_switches_and_renewed_certificates_lose_no_request_of_any_host_or_protocol(rig: HaproxyRig) -> None:
    standing = {Colour.BLUE: await deploy(rig, Colour.BLUE, 0)}
    pid = haproxy_child.running_pid(rig.settings)
    port = rig.settings.https_port
    assert port is not None
    loads = [Load("127.0.0.1", port, host, tls=trusting()) for host in HOSTS]
    multiplexed = [Http2(rig, host) for host in HOSTS[:2]]
    cut, shown = 0, {}
    async with asyncio.TaskGroup() as asking:
        for load in loads:
            asking.create_task(load.run(keep_alive=2, fresh=1, slow=1))
        for user in multiplexed:
            asking.create_task(user.run())
        await until_asked(loads, SOME_REQUESTS)
        for version in range(1, SWITCHES + 1):
            new = Colour.GREEN if version % 2 else Colour.BLUE
            standing[new] = await deploy(rig, new, version)
            for host in HOSTS:
                shown[host] = make_certificate(host)
                await rig.proxy.ensure_certificate(host, shown[host])
            await until_asked(loads, SOME_REQUESTS)
            cut += await retire(rig, new.other, standing.pop(new.other))
        await until_asked(loads, SOME_REQUESTS)
        for load in loads:
            load.stop()
        for user in multiplexed:
            user.is_stopping = True
    assert cut == 0
    for host, load in zip(HOSTS, loads, strict=True):
        assert dict(load.told.failures) == {}
        assert {name.partition(" ")[0] for name in load.told.answered_by} == {host}, "nobody got another host's answer"
        assert len(load.told.answered_by) == SWITCHES + 1
        assert await rig.shows(host, shown[host])
    for user in multiplexed:
        assert set(user.told) == {"200 2 0"}, dict(user.told)
        assert user.told.total() >= QUICK + SLOW
        assert user.connections * 10 < user.told.total(), "many requests share a connection"
    assert haproxy_child.running_pid(rig.settings) == pid, "nothing was reloaded"


async def test_over_http_2_too_what_a_client_says_of_itself_is_dropped_and_http_is_sent_to_https(
    rig: HaproxyRig,
) -> None:
    await deploy(rig, Colour.BLUE, 0)
    user = Http2(rig, HOSTS[0])
    lies = ("X-Forwarded-For: 6.6.6.6", "X-Forwarded-Proto: http", "X-Forwarded-Host: evil", "Forwarded: for=6.6.6.6")
    told = await user.curl(*(part for lie in lies for part in ("--header", lie)), user.url("/headers"))
    headers, _, answer = told.partition("\ntold ")
    assert answer.startswith("200 2 0")
    assert "6.6.6.6" not in headers and "evil" not in headers
    assert {
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", f"{HOSTS[0]}:{rig.settings.https_port}"),
    } <= {tuple(pair) for pair in json.loads(headers)}
    status, head, _ = await rig.request(HOSTS[1], "/a?b=c")
    assert (status, f"location: https://{HOSTS[1]}:{rig.settings.https_port}/a?b=c" in head) == (308, True)
