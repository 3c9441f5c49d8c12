"""The power of the whole machine is cut before and after every verb of a deployment: what comes up by itself then?"""

from dataclasses import dataclass, field, replace

import pytest

from fairlead.domain.colour import Colour
from fairlead.domain.task import TaskState
from fairlead.testing.container_world import FakeContainer
from fairlead.testing.deploy_world import Deployed, World, ending
from fairlead.testing.scenarios import BLUE_GREEN, RECREATED, SCRIPTS, WITH_DATA, WORKERS
from fairlead.testing.tripwire import Crossing, with_tripwire

WHOLE = replace(
    BLUE_GREEN,
    services=(*BLUE_GREEN.services, *WORKERS.services[1:], *RECREATED.services[1:], *WITH_DATA.services[1:]),
    volumes=WITH_DATA.volumes,
)

LASTING = ("always", "unless-stopped")
ONCE = (".once", ".migrate", "-integration")


@dataclass
class PowerCuts(World):
    """Asks at each moment what a loss of power would leave; `wrong` says where that is not right."""

    is_watched: bool = False
    moments: int = 0
    wrong: list[str] = field(default_factory=list)
    came_up_beside: set[str] = field(default_factory=set)

    def tools(self, task, step, target, outputs):
        tools = super().tools(task, step, target, outputs)
        engine, proxy = with_tripwire(tools.container_engine, self._look), with_tripwire(tools.proxy, self._look)
        return replace(tools, container_engine=engine, proxy=proxy)

    async def _look(self, crossing: Crossing) -> None:
        if not self.is_watched:
            return
        self.moments += 1
        (held,) = self.proxy.held.values()
        assert held.live is not None
        maybe = {held.live, self.proxy.durable[held.spec.name] or held.live}  # where the files may say it points
        self.wrong += [f"{crossing.point} {crossing.verb}: {what}" for one in maybe for what in self._after_a_cut(one)]
        self.came_up_beside |= self.coming_up(held.live.other)

    def _after_a_cut(self, routed: Colour) -> list[str]:
        ran = {name for name in self.standing() if name == "books-production_db" or f".{routed}." in name}
        lost = sorted(name for name in ran if not name.endswith(ONCE) and not comes_up(self.host.containers[name]))
        serving = [name for name in self.coming_up(routed) if "_web." in name]
        return [f"{name} does not come up" for name in lost] + ([] if serving else [f"no web comes up in {routed}"])

    def coming_up(self, colour: Colour) -> set[str]:
        """What the engine would start by itself in that slot."""
        return {name for name, one in self.host.containers.items() if comes_up(one) and f".{colour}." in name}


def comes_up(container: FakeContainer) -> bool:
    """Docker starts again what ran, where its policy says so; what was stopped stays so."""
    return container.state == "running" and container.spec.restart in LASTING


async def over_another(**scripts) -> tuple[PowerCuts, Deployed]:
    """1.1.0 deployed over 1.0.0, looked at before and after every verb."""
    world = PowerCuts()
    first = await world.deploy(WHOLE, "1.0.0", scripts=SCRIPTS)
    assert first.state is TaskState.SUCCEEDED
    world.is_watched = True
    return world, await world.deploy(WHOLE, "1.1.0", scripts={**SCRIPTS, **scripts})


async def test_what_users_are_sent_to_comes_up_at_every_moment_of_a_deployment():
    world, second = await over_another()
    assert second.state is TaskState.SUCCEEDED, world.log.text(second.stage.task)
    assert world.wrong == []
    assert world.moments > 100
    assert world.live_version() == "1.1.0"


@pytest.mark.parametrize("kind", ["pre-integration", "post-integration"])
async def test_and_of_its_undo_and_nothing_of_the_failed_slot_afterwards(kind):
    world, second = await over_another(tests=lambda spec: ending(int(spec.environment["TEST_TYPE"] == kind)))
    assert second.state is TaskState.ROLLED_BACK
    assert world.wrong == []
    assert world.coming_up(second.resolved.colour) == set()


async def test_a_slot_that_never_was_switched_to_comes_up_at_no_moment():
    world, second = await over_another(tests=lambda spec: ending(1))
    assert second.end.reached == "catalogue"
    assert world.came_up_beside == set()


async def test_it_comes_up_from_the_switch_on():
    world = PowerCuts()
    seen: list[tuple[str, str]] = []

    def tests(spec):
        kind = spec.environment["TEST_TYPE"]
        made = (one for name, one in world.host.containers.items() if "_web.green" in name)
        seen.extend((kind, one.spec.restart) for one in made)
        return ending(int(kind == "post-integration"))

    await world.deploy(WHOLE, "1.0.0", scripts=SCRIPTS)
    failed = await world.deploy(WHOLE, "1.1.0", scripts={**SCRIPTS, "tests": tests})
    assert failed.state is TaskState.ROLLED_BACK
    assert set(seen) == {("pre-integration", "no"), ("post-integration", "unless-stopped")}
