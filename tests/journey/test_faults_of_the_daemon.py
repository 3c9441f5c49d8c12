"""The container engine is restarted during a deployment, with and without live-restore: an engine of our own."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.contract.proxy_rigs import haproxy_rig
from tests.journey.fault_rig import FaultWorld, fault_world
from tests.journey.own_machine import OwnMachine

from fairlead.domain.service import File, Health, HttpProbe, Service
from fairlead.domain.task import TaskState
from fairlead.engine.parts import Patience
from fairlead.testing.fault_proxy import Delay

START = rb"^POST \S+/containers/[0-9a-f]+/start"
PATIENCE = Patience(cleanup_s=2.0, undo_s=20.0, onward_s=20.0, cancel_poll_s=1.0)


@pytest.fixture(params=[(), ("--live-restore",)], ids=["containers end with it", "live-restore"])
def machine(request: pytest.FixtureRequest, docker_socket: Path, base_image: str) -> Iterator[OwnMachine]:
    own = OwnMachine()
    try:
        own.options = request.param
        own.start()
        own.load(base_image, shared=docker_socket)
        yield own
    finally:
        own.close()


def small(world: FaultWorld, version: str) -> Service:
    """Answers with its version."""
    changes: dict[str, Any] = {
        "files": (File("/www/index.html", version),),
        "stop_grace_s": 1.0,
        "init": True,
        "drain_s": 1.0,
    }
    command = ("httpd", "-f", "-p", "8080", "-h", "/www")
    return world.web(version, command=command, health=Health(HttpProbe("/"), within_s=20.0), **changes)


async def test_the_engine_is_restarted_in_the_middle_of_a_start(
    machine: OwnMachine, test_session: str, base_image: str, free_port: Callable[[], int], haproxy_binary: Path
) -> None:
    async with (
        haproxy_rig(free_port, haproxy_binary, https=False) as haproxy,
        fault_world(str(machine.socket), test_session, base_image, haproxy) as world,
    ):
        world.patience = PATIENCE
        first = await world.ship("1.0.0", small(world, "1.0.0"))
        assert await world.asked() == "1.0.0", first.end
        (old,) = (await world.running()).values()
        restarts: list[asyncio.Future[None]] = []

        def restart() -> None:
            machine.stop()  # the start waits for it, and is lost with it
            restarts.append(asyncio.ensure_future(asyncio.to_thread(machine.start)))

        def strike() -> None:
            world.wire_to_engine.strike(Delay(0.0), when=START, times=1).on_struck = restart

        struck = await world.struck("2.0.0", small(world, "2.0.0"), by=strike)
        await restarts[0]
        said = f"{struck.end}\n{struck.log}"
        assert "does not answer" in struck.log and "trying again" in struck.log, said
        if struck.end.state is TaskState.SUCCEEDED:
            assert await world.asked() == "2.0.0", said
        else:
            struck.is_exactly_old("engine.unreachable", after_unsettled=bool(struck.unsettled))
            (still,) = (await world.running()).values()
            is_untouched = still.started_at == old.started_at
            assert is_untouched is bool(machine.options), said
            assert await world.asked() == "1.0.0", said
