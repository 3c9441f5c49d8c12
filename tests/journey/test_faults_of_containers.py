"""Containers that die before, at and after the switch, flap, never get ready, ignore SIGTERM, never let go; pulls that
fail or bring another digest: a deployment ends in time, old or new, in words."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from tests.contract.proxy_rigs import haproxy_rig
from tests.contract.registry_client import put_image
from tests.journey.blue_green_rig import IDLE
from tests.journey.fault_rig import FaultWorld, fault_world

from fairlead.adapters.registries.own import OwnRegistry
from fairlead.domain.service import Service
from fairlead.testing.fault_proxy import Delay, Fault, HalfClose, Say, fault_proxy

pytestmark = pytest.mark.asyncio(loop_scope="module")

FILL = rb"set server \S+ addr 1"
POINT = rb"set map "
DEAF = IDLE.replace("lambda *_: os._exit(0)", "signal.SIG_IGN")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(
    docker_socket: Path, test_session: str, python_image: str, free_port: Callable[[], int], haproxy_binary: Path
) -> AsyncIterator[FaultWorld]:
    async with (
        haproxy_rig(free_port, haproxy_binary, https=False) as haproxy,
        fault_world(str(docker_socket), test_session, python_image, haproxy) as made,
    ):
        first = await made.ship("1.0.0", made.web("1.0.0", drain_s=0.5))
        assert await made.asked() == "1.0.0", first.end
        yield made


def dying(world: FaultWorld, **changes: Any) -> Service:
    """It stays dead; and a dead address is not waited for: nobody answers there, not even with a refusal."""
    mortal = world.web("2.0.0", drain_s=0.5)
    return replace(mortal, health=replace(mortal.health, timeout_s=0.5), restart="no", **changes)


async def kill_newest(world: FaultWorld) -> None:
    """The new release's instance dies, by the engine's hand."""
    routed = [one for one in (await world.running()).values() if "_web." in one.name]
    newest = max(routed, key=lambda one: one.started_at)
    await world.outside_engine._client.ask("POST", f"/containers/{newest.id}/kill")


def killing_at(world: FaultWorld, when: bytes) -> Callable[[], None]:
    """The instance is killed while that command waits for its answer."""

    def strike() -> None:
        found = world.wire_to_proxy.strike(Delay(0.4), when=when, times=1)
        found.on_struck = lambda: killings.append(asyncio.ensure_future(kill_newest(world)))

    killings: list[asyncio.Future[None]] = []
    return strike


async def test_one_that_dies_before_it_is_ready_is_told_with_its_last_lines(world: FaultWorld) -> None:
    now = await world.asked()
    struck = await world.struck("2.0.0", dying(world, command=("python3", "-c", "raise SystemExit('no database')")))
    struck.is_exactly_old("instance.died")
    assert "no database" in struck.end.evidence
    assert await world.asked() == now


async def test_one_that_flaps_is_told_how_often_it_was_restarted_or_how_it_ended(world: FaultWorld) -> None:
    flapping = replace(world.web("2.0.0"), command=("python3", "-c", "import time; time.sleep(0.2); exit('again')"))
    struck = await world.struck("2.0.0", flapping)
    struck.is_exactly_old("instance.died")
    assert "again" in struck.end.evidence


async def test_one_that_never_gets_ready_and_ignores_sigterm_is_given_up_and_ended_at_its_grace(
    world: FaultWorld,
) -> None:
    deaf = world.web("2.0.0", command=("python3", "-c", DEAF), stop_grace_s=1.0)
    struck = await world.struck("2.0.0", replace(deaf, health=replace(deaf.health, within_s=1.0)))
    struck.is_exactly_old("instance.unhealthy")
    assert "within 1 s" in struck.end.reason
    assert "working" in struck.end.evidence


@pytest.mark.parametrize("when", [FILL, POINT], ids=["before the switch", "at the switch"])
async def test_one_that_dies_around_the_switch_is_not_kept(world: FaultWorld, when: bytes) -> None:
    now = await world.asked()
    struck = await world.struck("2.0.0", dying(world), by=killing_at(world, when))
    struck.is_exactly_old("instance.unhealthy")
    assert await world.asked() == now


async def test_one_that_dies_after_the_switch_and_before_the_commit_is_not_committed(world: FaultWorld) -> None:
    """The workers are swapped meanwhile: they need their second, and nobody asks the routed instance."""
    now = await world.asked()

    def strike() -> None:
        killings.append(asyncio.ensure_future(after_the_switch()))

    async def after_the_switch() -> None:
        async with asyncio.timeout(30):
            while await world.asked() != "2.0.0":
                await asyncio.sleep(0.02)
        await kill_newest(world)

    killings: list[asyncio.Future[None]] = []
    struck = await world.struck("2.0.0", dying(world), world.worker(), by=strike)
    await killings[0]
    struck.is_exactly_old("instance.died")
    assert "after it was ready" in struck.end.reason
    assert await world.asked() == now


async def test_connections_that_are_never_let_go_are_cut_at_the_bound_and_counted(world: FaultWorld) -> None:
    port = world.haproxy.settings.http_port
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET /never HTTP/1.1\r\nHost: {world.host_name}\r\n\r\n".encode())
    await asyncio.wait_for(reader.readuntil(b"first"), 5)
    try:
        struck = await world.struck("3.1.0", world.web("3.1.0"))
        struck.is_exactly_new()
        facts = await world.records.facts(struck.deployed.stage.task)
        assert [fact["cut"] for name, fact in facts.items() if name.startswith("drained:")] == [1]
        assert "closed 1 connection" in struck.log
    finally:
        writer.close()


# the registry


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def registry(
    tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int], registry_binary: Path
) -> AsyncIterator[OwnRegistry]:
    folder = tmp_path_factory.mktemp("registry")
    own = OwnRegistry(folder, port=free_port(), program=str(registry_binary))
    await own.ensure_running()
    yield own
    await own.stop()


OTHER = b'{"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json"}'
OTHER_KIND = "application/vnd.docker.distribution.manifest.v2+json"


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        pytest.param(None, "registry.unreachable", id="down"),
        pytest.param(Say.http(200, OTHER, OTHER_KIND), "registry.digest", id="another digest"),
        pytest.param(Say.http(503, b"{}"), "registry.failed", id="answering 503"),
        pytest.param(HalfClose(after_bytes=10), "registry.unreachable", id="cut in its answer"),
    ],
)
async def test_a_registry_that_fails_leaves_all_untouched(
    world: FaultWorld, registry: OwnRegistry, free_port: Callable[[], int], fault: Fault | None, code: str
) -> None:
    now = await world.asked()
    nonce = hashlib.sha256(str(time.monotonic_ns()).encode()).hexdigest()[:8]
    digest = await put_image(f"http://{registry.address}", f"faults/{nonce}", "1")
    listen = f"127.0.0.1:{free_port()}"
    async with fault_proxy(f"tcp:{listen}", f"tcp:{registry.address}") as wire:
        if fault is None:
            await wire.close()
        else:
            wire.strike(fault, when=rb"^(GET|HEAD) /v2/faults/\S+/manifests/")
        struck = await world.struck(images={"web": f"{listen}/faults/{nonce}@{digest}"})
    struck.is_exactly_old(code)
    assert listen in struck.end.reason
    assert not [line for line in struck.log.splitlines() if "[start]" in line], "nothing was begun"
    assert await world.asked() == now
