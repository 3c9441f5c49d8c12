"""HAProxy killed, restarted, hung, without its socket, doubled: a deployment ends in time, old or new, in words."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path

import pytest
import pytest_asyncio
from tests.contract.proxy_rigs import BOUND_S, haproxy_rig
from tests.journey.fault_rig import FaultWorld, behind, fault_world

from fairlead.adapters.proxies import haproxy_child
from fairlead.testing.fault_proxy import Corrupt, Cut, Delay, Drop, Fault, HalfClose, Say, Throttle

pytestmark = pytest.mark.asyncio(loop_scope="module")

FILL = rb"set server \S+ addr 1"
POINT = rb"set map "
LOOK = rb"show servers state "
ANY = rb"."


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(
    docker_socket: Path, test_session: str, python_image: str, free_port: Callable[[], int], haproxy_binary: Path
) -> AsyncIterator[FaultWorld]:
    async with (
        haproxy_rig(free_port, haproxy_binary, https=False) as haproxy,
        fault_world(str(docker_socket), test_session, python_image, haproxy) as made,
    ):
        haproxy.proxy._socket._timeout_s = 0.5
        first = await made.ship("1.0.0", made.web("1.0.0"))
        assert await made.asked() == "1.0.0", first.end
        yield made


@pytest.mark.parametrize(
    ("fault", "when", "times", "code"),
    [
        pytest.param(Say(b"Internal error.\n\n> " * 2), POINT, 1, "proxy.failed", id="refusing"),
        pytest.param(Drop(), FILL, 5, "proxy.unreachable", id="silent while it is filled"),
        pytest.param(Corrupt(every_bytes=1000), LOOK, None, "proxy.failed", id="garbled when it is asked"),
        pytest.param(Corrupt(every_bytes=3), LOOK, None, "proxy.unreachable", id="garbled to its end"),
    ],
)
async def test_a_proxy_that_fails_at_the_switch_leaves_all_as_it_was(
    world: FaultWorld, fault: Fault, when: bytes, times: int | None, code: str
) -> None:
    now = await world.asked()
    struck = await world.struck(by=lambda: world.wire_to_proxy.strike(fault, when=when, times=times))
    struck.is_exactly_old(code)
    assert await world.asked() == now


@pytest.mark.parametrize(
    ("fault", "when"),
    [
        pytest.param(Cut(), POINT, id="cut after the switch, before its answer"),
        pytest.param(Drop(), POINT, id="silent at the switch"),
        pytest.param(HalfClose(), POINT, id="half-closed before its answer to the switch"),
        pytest.param(HalfClose(after_bytes=40), FILL, id="half-closed in its answer while it is filled"),
        pytest.param(Delay(0.8), POINT, id="answering the switch later than its bound"),
        pytest.param(Corrupt(every_bytes=5), POINT, id="garbled in its answer to the switch"),
        pytest.param(Throttle(bytes_per_s=40), POINT, id="answering the switch byte by byte"),
    ],
)
async def test_a_proxy_that_is_well_again_in_time_is_asked_again(world: FaultWorld, fault: Fault, when: bytes) -> None:
    struck = await world.struck(
        "3.0.0", world.web("3.0.0"), by=lambda: world.wire_to_proxy.strike(fault, when=when, times=1)
    )
    struck.is_exactly_new()
    assert await world.asked() == "3.0.0"


async def test_a_proxy_that_hangs_leaves_it_unsettled_and_it_settles_when_the_proxy_goes_on(world: FaultWorld) -> None:
    """Stopped while the commands lie in its socket: it carries them out when it goes on, whatever was decided since."""
    now, pid = await world.asked(), haproxy_child.running_pid(world.haproxy.settings)
    assert pid is not None

    def hang() -> None:
        strike = world.wire_to_proxy.strike(Delay(0.0), when=POINT, times=1)
        strike.on_struck = lambda: os.kill(pid, signal.SIGSTOP)

    world.tasks.then = lambda: os.kill(pid, signal.SIGCONT)
    try:
        async with world.users(slow=0) as load:
            struck = await world.struck(by=hang)
    finally:
        os.kill(pid, signal.SIGCONT)
    struck.is_exactly_old("proxy.unreachable", after_unsettled=True)
    assert any(f"process {pid}" in one and "does not answer" in one for one in struck.unsettled[0].differences)
    assert await world.asked() == now
    assert load.told.failed == 0, load.told.failures


async def test_a_proxy_that_is_killed_and_started_in_the_middle_is_gone_on_with(world: FaultWorld) -> None:
    """What the server's watch does within a second."""

    def die() -> None:
        strike = world.wire_to_proxy.strike(Cut(), when=FILL, times=1)
        strike.on_struck = lambda: started.append(asyncio.ensure_future(again()))

    async def again() -> None:
        await world.haproxy.kill()
        await world.wire_to_proxy.close()
        await world.haproxy.start()
        world.wire_to_proxy = await behind(world.haproxy)

    started: list[asyncio.Future[None]] = []
    struck = await world.struck("4.0.0", world.web("4.0.0"), by=die)
    await started[0]
    struck.is_exactly_new()
    assert await world.asked() == "4.0.0"


async def test_a_proxy_that_is_gone_leaves_it_unsettled_and_it_settles_when_it_is_started(world: FaultWorld) -> None:
    now = await world.asked()

    async def start() -> None:
        await world.wire_to_proxy.close()
        await world.haproxy.start()
        world.wire_to_proxy = await behind(world.haproxy)

    def die() -> None:
        strike = world.wire_to_proxy.strike(Cut(), when=POINT, times=1)
        pid = haproxy_child.running_pid(world.haproxy.settings)
        strike.on_struck = lambda: os.kill(pid, signal.SIGKILL)

    world.tasks.then = start
    struck = await world.struck(by=die)
    struck.is_exactly_old("proxy.unreachable", after_unsettled=True)
    assert any("HAProxy does not run" in one for one in struck.unsettled[0].differences), struck.unsettled
    assert await world.asked() == now


async def test_a_proxy_without_its_socket_serves_its_users_and_what_is_begun_comes_back(world: FaultWorld) -> None:
    now = await world.asked()

    def lose() -> None:
        strike = world.wire_to_proxy.strike(Cut(), when=FILL, times=1)
        strike.on_struck = lambda: lost.append(asyncio.ensure_future(world.wire_to_proxy.close()))

    lost: list[asyncio.Future[None]] = []
    world.tasks.then = world.wire_to_proxy.open
    async with world.users(slow=0) as load:
        struck = await world.struck(by=lose)
    struck.is_exactly_old("proxy.unreachable", after_unsettled=True)
    left = struck.unsettled[0].differences
    assert any("runs without its runtime socket" in one for one in left), left
    assert "fairlead-server down" in struck.end.hint
    assert load.told.failed == 0, load.told.failures
    assert await world.asked() == now


async def test_a_second_haproxy_on_the_port_is_found_before_the_switch(world: FaultWorld) -> None:
    """Half of the users would reach it, and neither colour; the proxy itself cannot see it."""
    settings = world.haproxy.settings
    now = await world.asked()
    config = settings.directory / "stale.cfg"
    config.write_text(
        f"defaults\n  mode http\n  timeout client 5s\n  timeout server 5s\n  timeout connect 5s\n"
        f"frontend stale\n  bind 127.0.0.1:{settings.http_port}\n  http-request return status 503\n"
    )
    stale = await asyncio.create_subprocess_exec(settings.binary, "-db", "-f", str(config), stderr=-3, stdout=-3)
    try:
        async with asyncio.timeout(BOUND_S):
            while not haproxy_child.listeners(settings.ports())[1:]:
                await asyncio.sleep(0.02)
        struck = await world.struck()
        struck.is_exactly_old("proxy.port")
        assert f"haproxy (pid {stale.pid}" in struck.end.reason
    finally:
        with suppress(ProcessLookupError):
            stale.kill()
        await stale.wait()
        config.unlink()
    assert await world.asked() == now
