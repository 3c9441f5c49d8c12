"""The container engine cut, slow, silent, refusing, garbled, out of disk: a deployment ends in time, old or new."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from tests.contract.proxy_rigs import haproxy_rig
from tests.journey.fault_rig import EFFECT_S, FaultWorld, fault_world, with_timeouts

from fairlead.testing.fault_proxy import Corrupt, Cut, Delay, Drop, Fault, HalfClose, Say, Throttle

pytestmark = pytest.mark.asyncio(loop_scope="module")

CREATE = rb"^POST \S+/containers/create"
START = rb"^POST \S+/containers/[0-9a-f]+/start"
STOP = rb"^POST \S+/containers/[0-9a-f]+/stop"
REMOVE = rb"^DELETE \S+/containers/"
MAKE_NETWORK = rb"^POST \S+/networks/create"
LIST = rb"^GET \S+/containers/json"
ANY = rb"^(GET|POST|DELETE|PUT|HEAD) "
NO_ROOM = Say.http(500, b'{"message":"write /var/lib/docker/overlay2/x: no space left on device"}')
BROKEN = Say.http(500, b'{"message":"something is broken"}')


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(
    docker_socket: Path, test_session: str, python_image: str, free_port: Callable[[], int], haproxy_binary: Path
) -> AsyncIterator[FaultWorld]:
    async with (
        haproxy_rig(free_port, haproxy_binary, https=False) as haproxy,
        fault_world(str(docker_socket), test_session, python_image, haproxy) as made,
    ):
        first = await made.ship("1.0.0", made.web("1.0.0"))
        assert await made.asked() == "1.0.0", first.end
        yield made


@pytest.mark.parametrize(
    ("fault", "when", "code"),
    [
        pytest.param(Corrupt(every_bytes=7, after_bytes=230), CREATE, "engine.failed", id="garbled"),
        pytest.param(Corrupt(every_bytes=3), LIST, "engine.unreachable", id="speaking no HTTP"),
        pytest.param(BROKEN, START, "engine.failed", id="answering 500"),
        pytest.param(NO_ROOM, CREATE, "host.disk", id="out of disk when it makes"),
        pytest.param(NO_ROOM, START, "host.disk", id="out of disk when it starts"),
    ],
)
async def test_an_engine_that_fails_before_the_switch_leaves_all_as_it_was(
    world: FaultWorld, fault: Fault, when: bytes, code: str
) -> None:
    now = await world.asked()
    struck = await world.struck(by=lambda: world.wire_to_engine.strike(fault, when=when))
    struck.is_exactly_old(code)
    assert await world.asked() == now


async def test_an_engine_that_takes_a_deed_and_is_silent_is_given_up_at_the_effects_bound(world: FaultWorld) -> None:
    usual = world.reshape
    world.reshape = lambda plan: with_timeouts(plan, EFFECT_S, attempts=1)
    struck = await world.struck(by=lambda: world.wire_to_engine.strike(Drop(), when=MAKE_NETWORK))
    world.reshape = usual
    struck.is_exactly_old("step.timed_out")
    assert f"took longer than {EFFECT_S:g} s" in struck.end.reason


@pytest.mark.parametrize(
    ("fault", "when", "times"),
    [
        pytest.param(Cut(after_bytes=30), CREATE, 1, id="cut in the middle of an answer, once"),
        pytest.param(HalfClose(after_bytes=150), LIST, 2, id="half-closed in an answer, twice"),
        pytest.param(Delay(4.5), START, 1, id="slower than its bound, once"),
        pytest.param(Throttle(bytes_per_s=80_000), ANY, None, id="throttled"),
    ],
)
async def test_an_engine_that_is_well_again_in_time_is_asked_again(
    world: FaultWorld, fault: Fault, when: bytes, times: int | None
) -> None:
    struck = await world.struck(
        "3.0.0", world.web("3.0.0"), by=lambda: world.wire_to_engine.strike(fault, when=when, times=times)
    )
    struck.is_exactly_new()
    assert await world.asked() == "3.0.0"


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        pytest.param(BROKEN, "something is broken", id="answering 500"),
        pytest.param(Drop(), "did not answer GET /containers/", id="silent"),
    ],
)
async def test_while_it_cannot_be_undone_it_is_unsettled_in_words_and_settles_when_the_engine_is_back(
    world: FaultWorld, fault: Fault, said: str
) -> None:
    now = await world.asked()

    def strike() -> None:
        first = world.wire_to_engine.strike(Delay(0.0), when=START, times=1)
        first.on_struck = lambda: world.wire_to_engine.strike(fault, when=ANY)

    world.tasks.then = world.heal
    struck = await world.struck(by=strike)
    struck.is_exactly_old("engine.failed" if fault is BROKEN else "engine.unreachable", after_unsettled=True)
    assert any(said in one for one in struck.unsettled[0].differences), struck.unsettled
    assert await world.asked() == now


async def test_behind_the_commit_point_it_is_carried_forward_once_the_engine_is_back(world: FaultWorld) -> None:
    world.tasks.then = world.heal
    struck = await world.struck("4.0.0", world.web("4.0.0"), by=lambda: world.wire_to_engine.strike(BROKEN, when=STOP))
    struck.is_exactly_new(after_unsettled=True)
    assert await world.asked() == "4.0.0"
