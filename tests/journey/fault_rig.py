"""Blue-green on the real engine and the real HAProxy, each behind a proxy of faults; captured from outside of it."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.contract.proxy_rigs import HaproxyRig
from tests.journey.blue_green_rig import LabelledEngine, RealWorld, real_world

from fairlead.adapters.proxies.haproxy import HaproxyProxy
from fairlead.adapters.proxies.haproxy_settings import HaproxySettings
from fairlead.domain.capture import Capture, differences
from fairlead.domain.ids import TaskId
from fairlead.domain.plan import Effect, InParallel, Node, Plan, Retry, Sequence, Step, Timeout
from fairlead.domain.task import TaskState
from fairlead.engine.parts import Patience
from fairlead.ports.tasks import End
from fairlead.steps.capturing import capture
from fairlead.testing.deploy_world import BooksOfTasks, Deployed
from fairlead.testing.fault_proxy import FaultProxy, fault_proxy

ANSWER_S = 1.5
EFFECT_S = 4.0
"""What each effect may take here: as much as a start on a busy host needs, and no test waits for a minute."""
AS_PLANNED = ("instance.ready", "route.fill", "route.verify")
PATIENCE = Patience(cleanup_s=2.0, undo_s=1.0, onward_s=1.0, first_pause_s=0.1, last_pause_s=0.5, cancel_poll_s=1.0)
REAL_SOCKET = "real.sock"


class TellingBooks(BooksOfTasks):
    """Keeps every unsettled end, and then does what the test wants done before the task is taken up again."""

    def __init__(self) -> None:
        super().__init__()
        self.unsettled_ends: list[End] = []
        self.then: Callable[[], Awaitable[object] | object] = lambda: None

    async def end(self, task: TaskId, end: End) -> None:
        await super().end(task, end)
        if end.state is TaskState.UNSETTLED:
            self.unsettled_ends.append(end)
            done = self.then()
            if isinstance(done, Awaitable):
                await done


class OutsideSettings(HaproxySettings):
    """The same proxy by the socket that HAProxy itself made."""

    @property
    def socket(self) -> Path:
        return self.directory / REAL_SOCKET


@dataclass
class FaultWorld(RealWorld):
    """The world; `wire_to_engine` and `wire_to_proxy` are struck, `outside` looks past them."""

    tasks: TellingBooks = field(default_factory=TellingBooks)
    patience: Patience = PATIENCE
    reshape: Callable[[Plan], Plan] = lambda plan: with_timeouts(plan, EFFECT_S)
    wire_to_engine: Any = None
    wire_to_proxy: Any = None
    outside_engine: Any = None
    outside_proxy: Any = None
    strike: Callable[[], object] = bool

    async def play(self, resolved: Any, *mischiefs: Any) -> Deployed:
        self.strike()
        try:
            return await super().play(resolved, *mischiefs)
        finally:
            self.heal()
            self.strike = bool

    async def capture(self) -> Capture:
        """Looked at once it has ended, over wires that are clean again."""
        self.heal()
        return await super().capture()

    async def outside(self) -> Capture:
        """The state as engine and proxy tell it themselves."""
        return await capture(
            self.place,
            container_engine=self.outside_engine,
            proxy=self.outside_proxy,
            catalogue=self.catalogue,
            records=self.records,
            secrets=self.secrets,
        )

    async def struck(
        self, version: str = "2.0.0", *services: Any, by: Callable[[], object] = bool, **changes: Any
    ) -> "Struck":
        """Plans it, strikes, plays it, and says what is not as it was; all is healed before that is looked at."""
        self.tasks.unsettled_ends.clear()
        before = await self.outside()
        self.strike = by
        deployed = await self.ship(version, *services, **changes)
        left = differences(before, await self.outside())
        self.tasks.then = lambda: None
        return Struck(deployed, left, tuple(self.tasks.unsettled_ends), self.log.text(deployed.stage.task))

    def heal(self) -> None:
        """Both wires are clean."""
        self.wire_to_engine.heal()
        self.wire_to_proxy.heal()


@dataclass(frozen=True)
class Struck:
    """How a deployment ended that was struck. `left` is what differs from before, seen from outside."""

    deployed: Deployed
    left: tuple[str, ...]
    unsettled: tuple[End, ...]
    log: str

    @property
    def end(self) -> End:
        return self.deployed.end

    def is_exactly_old(self, code: str, *, after_unsettled: bool = False) -> None:
        """It came back, in these words; nothing differs."""
        said = f"{self.end}\n{self.unsettled}\n{self.log}"
        assert self.end.state in (TaskState.ROLLED_BACK, TaskState.FAILED), said  # failed: nothing was begun
        assert self.end.code == code, said
        assert self.left == (), said
        assert bool(self.unsettled) is after_unsettled, said

    def is_exactly_new(self, *, after_unsettled: bool = False) -> None:
        """It went through; the old release is gone."""
        said = f"{self.end}\n{self.unsettled}\n{self.log}"
        assert self.end.state is TaskState.SUCCEEDED, said
        assert bool(self.unsettled) is after_unsettled, said
        assert any("is another" in one or "is gone" in one for one in self.left), said


def with_timeouts(plan: Plan, most_s: float, *, attempts: int = 99) -> Plan:
    """The plan, with no effect of it bounded longer, or tried more often."""

    def node(one: Node) -> Any:
        match one:
            case Effect():
                bound_s = one.timeout_s if one.kind in AS_PLANNED else min(one.timeout_s, most_s)
                return replace(one, timeout_s=bound_s, attempts=min(one.attempts, attempts))
            case Sequence() | InParallel():
                return replace(one, nodes=tuple(node(child) for child in one.nodes))
            case Step() | Retry() | Timeout():
                return replace(one, node=node(one.node))

    return replace(plan, forward=node(plan.forward), onward=node(plan.onward), always=node(plan.always))


async def behind(haproxy: HaproxyRig) -> FaultProxy:
    """A proxy of faults that lies where HAProxy's own runtime socket lay."""
    shown = haproxy.settings.socket
    shown.rename(shown.with_name(REAL_SOCKET))
    haproxy.proxy.close()
    wire = FaultProxy(f"unix:{shown}", f"unix:{shown.with_name(REAL_SOCKET)}")
    await wire.open()
    return wire


@asynccontextmanager
async def fault_world(socket: str, session: str, image: str, haproxy: HaproxyRig) -> AsyncIterator[FaultWorld]:
    """A project of its own, with nothing deployed yet; nothing of it is left."""
    folder = tempfile.mkdtemp(prefix="fl-")
    through = f"{folder}/d.sock"
    try:
        async with (
            fault_proxy(f"unix:{through}", f"unix:{socket}") as to_engine,
            LabelledEngine(socket, session) as outside_engine,
            real_world(through, session, image, haproxy, kind=FaultWorld, answer_timeout_s=ANSWER_S) as world,
        ):
            assert isinstance(world, FaultWorld)
            world.wire_to_engine, world.outside_engine = to_engine, outside_engine
            world.wire_to_proxy = await behind(haproxy)
            settings = haproxy.settings
            world.outside_proxy = HaproxyProxy(OutsideSettings(settings.directory, settings.http_port), haproxy.clock)
            try:
                yield world
            finally:
                world.heal()
                world.outside_proxy.close()
                await world.wire_to_proxy.close()
    finally:
        shutil.rmtree(folder)
