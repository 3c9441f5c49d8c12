"""route.fill, route.point, route.verify, route.drain, route.remove: users are moved and lose no request (law 1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fairlead.domain.colour import Colour
from fairlead.domain.effect import Done, Looked, NotYet, Outcome, SaidNo
from fairlead.domain.errors import Failed, FairleadError
from fairlead.domain.plan import Effect
from fairlead.domain.record import Json
from fairlead.domain.switch_record import SwitchRecord, as_fact
from fairlead.ports.proxy import Endpoint, RouteSpec, RouteState
from fairlead.ports.step import Tools
from fairlead.ports.traffic import Door
from fairlead.steps.effects.basis import Plain, all_of, read, side_by_side
from fairlead.steps.probing import Probed, ask
from fairlead.steps.switch_counting import COUNT, COUNTED, counted_now, record_switch
from fairlead.steps.words import counted

TRIES = 3
TRY_PAUSE_S = 0.1
"""An instance that was just ready may miss one probe on a busy host; three in a row say that it is gone."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A route and the endpoints of the colour to be live; `before` is the route as it was, None for a new one."""

    spec: RouteSpec
    colour: Colour
    probes: tuple[Probed, ...]
    drain_s: float
    before: RouteSpec | None = None

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """As the proxy takes them."""
        return tuple(Endpoint(probed.name, probed.address, probed.port) for probed in self.probes)


class FillRoute:
    """Claims the route at the proxy and puts the new instances into its idle colour; users see nothing of it yet."""

    kind = "route.fill"

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        """Whether the proxy says that the colour's servers are exactly these, ready."""
        wanted = read(Filled, effect)
        state = await tools.proxy.read_back(wanted.spec.name)
        if state is None or state.spec != wanted.spec or not _is_filled(state, wanted):
            return NotYet()
        return Done(was_already_so=True)

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Each endpoint must answer; then the colour is filled."""
        wanted = read(Filled, effect)
        if silent := await _silent(wanted.probes, tools):
            return silent
        await tools.proxy.ensure_route(wanted.spec)
        await tools.proxy.fill(wanted.spec.name, wanted.colour, wanted.endpoints)
        await tools.proxy.make_durable()  # no map may point at a colour whose servers a loss of power has taken
        tools.say(
            f"{wanted.spec.host}{wanted.spec.path}: {wanted.colour.value} has {counted(len(wanted.probes), 'server')}"
        )
        return Done()

    async def undo(self, effect: Effect, tools: Tools) -> None:
        """Drains and empties the colour; a route that this deployment made is removed."""
        wanted = read(Filled, effect)
        state = await tools.proxy.read_back(wanted.spec.name)
        if state is None:
            return
        if wanted.before is None:
            await _drain_back(wanted, tools)
            await tools.proxy.remove(wanted.spec.name)
            return
        if state.live is wanted.colour:
            raise Failed(
                "proxy.verify",
                f"route {wanted.spec.name} still points at {wanted.colour.value}: it is not emptied under its users",
                thing=wanted.spec.name,
                hint="the switch back is tried again",
            )
        await _drain_back(wanted, tools)
        await tools.proxy.clear(wanted.spec.name, wanted.colour)
        if wanted.before != wanted.spec:
            await tools.proxy.ensure_route(wanted.before)


async def _drain_back(wanted: Filled, tools: Tools) -> None:
    """What is still open to the new release at the bound is closed, and stands in the record as cut (law 1)."""
    name = wanted.spec.name
    drained = await tools.proxy.drain(name, wanted.colour, bound_s=wanted.drain_s)
    if drained.cut:
        shown = f"{wanted.spec.host}{wanted.spec.path}"
        said = f"{shown}: closed {counted(drained.cut, 'connection')} still open after {wanted.drain_s:g} s"
        tools.say(said, level="warning")
        await tools.records.note(tools.task, f"cut_back:{name}", as_fact(SwitchRecord(cut=drained.cut, is_back=True)))


def _is_filled(state: RouteState, wanted: Filled) -> bool:
    said = {(server.address, server.port) for server in state.servers.get(wanted.colour, ()) if server.is_ready}
    return said == {(endpoint.address, endpoint.port) for endpoint in wanted.endpoints}


@dataclass(frozen=True, slots=True)
class Pointed:
    """All routes of the project and the colour each is to point at; `before` are those that pointed somewhere.

    `doors` are asked from the switch on, beside the work, until the old slot is drained.
    """

    live: Mapping[str, Colour]
    before: Mapping[str, Colour] = field(default_factory=dict)
    specs_before: tuple[RouteSpec, ...] = ()
    doors: tuple[Door, ...] = ()


class CountRoutes:
    """Begins to count before the old instances of a recreated service stop: users meet nothing until the switch."""

    kind = "route.count"

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        """Counting is beginning."""
        return NotYet()

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Reads the proxy's counts."""
        wanted = read(Pointed, effect)
        return Done({COUNTED: await counted_now({**wanted.live, **wanted.before}, tools)})

    async def undo(self, effect: Effect, tools: Tools) -> None:
        """The old instances are back: what users met meanwhile is recorded."""
        await _note_back(read(Pointed, effect).live, tools)


class PointRoutes:
    """The switch: all routes of the project point at the new colour, in one generation."""

    kind = "route.point"

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        """Whether the proxy says that each points there."""
        for route, colour in read(Pointed, effect).live.items():
            if await tools.proxy.live(route) is not colour:
                return NotYet()
        return Done(was_already_so=True)

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Points them. The proxy's counts before, and our own visits after, are what the record is made of."""
        wanted = read(Pointed, effect)
        counted_then = await counted_now({**wanted.live, **wanted.before}, tools)
        began = tools.clock.monotonic_s()
        await tools.proxy.point(wanted.live)
        took_ms = (tools.clock.monotonic_s() - began) * 1000
        tools.traffic.watch(tools.task, wanted.doors)  # now: a visit to the old slot would hold its drain up
        tools.say(f"switched {counted(len(wanted.live), 'route')} in {took_ms:.1f} ms")
        return Done({"took_ms": round(took_ms, 2), COUNTED: counted_then})

    async def undo(self, effect: Effect, tools: Tools) -> None:
        """Points them back; routes that did not exist are removed."""
        wanted = read(Pointed, effect)
        back = {route: colour for route, colour in wanted.before.items() if route in wanted.live}
        for spec in wanted.specs_before:
            if spec.name in back:
                await tools.proxy.ensure_route(spec)
        if back:
            await tools.proxy.point(back)
            await tools.proxy.make_durable()
            tools.say(f"switched {counted(len(back), 'route')} back")
        if COUNT not in tools.outputs:
            await _note_back(wanted.live, tools)
        for route in wanted.live:
            if route not in wanted.before:
                await tools.proxy.remove(route)


@dataclass(frozen=True, slots=True)
class Verified:
    """What the proxy must say after the switch."""

    routes: tuple[Filled, ...]


class VerifyRoutes(Plain):
    """Reads every route back from the running proxy, and asks every instance once more: set and verify are two acts.

    From here on the switch outlives a loss of power."""

    kind = "route.verify"

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Says no, naming the route, where the proxy says otherwise or an instance does not answer."""
        wanted = read(Verified, effect)
        for route in wanted.routes:
            if said_no := _contradiction(route, await tools.proxy.read_back(route.spec.name)):
                return said_no
        probes = tuple({probed.name: probed for route in wanted.routes for probed in route.probes}.values())
        async with side_by_side() as group:
            group.create_task(tools.proxy.make_durable())
            asking = group.create_task(_silent(probes, tools))
        if silent := asking.result():
            return silent
        await tools.records.note(tools.task, "switched", {"routes": [route.spec.name for route in wanted.routes]})
        for route in wanted.routes:
            if route.before is None:  # nothing to be drained: its record ends here
                await _note_new(route, tools)
        tools.say(
            f"verified: the proxy points {counted(len(wanted.routes), 'route')} at {counted(len(probes), 'instance')}"
        )
        return Done()


async def _note_back(live: Mapping[str, Colour], tools: Tools) -> None:
    for route, colour in live.items():
        if record := await record_switch(route, colour, tools, is_back=True):
            is_bad = record.failed or record.of_release
            tools.say(f"{await _shown(route, tools)}: {record.sentence}", level="warning" if is_bad else "info")
            await tools.records.note(tools.task, f"switched_back:{route}", as_fact(record))


async def _shown(route: str, tools: Tools) -> str:
    """The route as people write it, where the proxy can be asked."""
    try:
        state = await tools.proxy.read_back(route)
    except FairleadError:
        return route
    return f"{state.spec.host}{state.spec.path}" if state else route


async def _note_new(route: Filled, tools: Tools) -> None:
    if record := await record_switch(route.spec.name, route.colour, tools):
        await tools.records.note(tools.task, f"opened:{route.spec.name}", as_fact(record))


def _contradiction(wanted: Filled, state: RouteState | None) -> SaidNo | None:
    name = wanted.spec.name
    if state is None:
        return SaidNo("proxy.verify", f"the proxy knows no route {name} after the switch")
    if state.live is not wanted.colour:
        live = "nothing" if state.live is None else state.live.value
        return SaidNo("proxy.verify", f"route {name} points at {live}, not at {wanted.colour.value}")
    if not _is_filled(state, wanted):
        said = ", ".join(f"{one.address}:{one.port}" for one in state.servers.get(wanted.colour, ()) if one.is_ready)
        expected = ", ".join(f"{one.address}:{one.port}" for one in wanted.endpoints)
        return SaidNo("proxy.verify", f"route {name} has the servers {said or 'none'}, not {expected}")
    return None


async def _silent(probes: tuple[Probed, ...], tools: Tools) -> SaidNo | None:
    refused: dict[str, SaidNo] = {}

    async def check(probed: Probed) -> None:
        for attempt in range(TRIES):
            answer = await ask(probed, tools)
            if answer.is_healthy:
                refused.pop(probed.name, None)
                return
            reason = f"{probed.name} does not answer as it must: {answer.text}"
            refused[probed.name] = SaidNo("instance.unhealthy", reason, hint="it was ready before; see its output")
            if attempt + 1 < TRIES:
                await tools.clock.sleep(TRY_PAUSE_S)

    await all_of(check(probed) for probed in probes)
    return refused[min(refused)] if refused else None


@dataclass(frozen=True, slots=True)
class Draining:
    """One colour of one route; `shown` is the route as people write it. `is_left`: users are sent elsewhere by now."""

    route: str
    shown: str
    colour: Colour
    bound_s: float
    is_left: bool = False


class DrainRoute(Plain):
    """Lets the requests end that are in flight to the old slot; what is open at the bound is closed and counted."""

    kind = "route.drain"

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Drains it, and records what was cut."""
        wanted = read(Draining, effect)
        if await tools.proxy.read_back(wanted.route) is None:
            return Done({"waited_s": 0.0, "cut": 0})
        if wanted.is_left and await tools.proxy.live(wanted.route) is wanted.colour:
            raise Failed(
                "proxy.verify",
                f"{wanted.shown} points at {wanted.colour.value}, which was to be left: it is not taken from its users",
                thing=wanted.route,
                hint=f"somebody pointed it there: fairlead-server offline switch-back --to {wanted.colour.other.value}",
            )
        drained = await tools.proxy.drain(wanted.route, wanted.colour, bound_s=wanted.bound_s)
        if drained.cut:
            tools.say(
                f"{wanted.shown}: closed {counted(drained.cut, 'connection')} still open after {wanted.bound_s:g} s",
                level="warning",
            )
        else:
            tools.say(f"{wanted.shown}: {wanted.colour.value} drained in {drained.waited_s:.2f} s, nothing cut")
        fact: Json = {"cut": drained.cut}
        if record := await record_switch(
            wanted.route, wanted.colour.other, tools, cut=drained.cut, old_now=drained.counters
        ):
            tools.say(f"{wanted.shown}: {record.sentence}", level="warning" if record.failed else "info")
            fact = as_fact(record, cut=drained.cut)
        await tools.records.note(tools.task, f"drained:{wanted.route}", fact)
        return Done({"waited_s": round(drained.waited_s, 3), "cut": drained.cut})


@dataclass(frozen=True, slots=True)
class Removed:
    """A route that is needed no more."""

    route: str
    shown: str = ""


class RemoveRoute(Plain):
    """Gives back a route that is needed no more."""

    kind = "route.remove"

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Removes it; gone is fine."""
        wanted = read(Removed, effect)
        await tools.proxy.remove(wanted.route)
        await tools.proxy.make_durable()
        tools.say(f"removed route {wanted.shown or wanted.route}")
        return Done()
