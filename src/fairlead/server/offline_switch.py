"""The night when the server is broken: look, and send users back to the other slot, from files and the proxy alone.

It reads the catalogue's copy on disk and asks the proxy's socket; neither server nor database is touched. The engine is
asked only to swap workers, after the routes. What was done here the server reads at its next start:
server.following_switches.
"""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fairlead.domain.colour import Colour
from fairlead.domain.errors import Conflict, FairleadError, NotFound, Unreachable
from fairlead.domain.service import Role
from fairlead.domain.slot import SlotState
from fairlead.ports.catalogue import Place
from fairlead.ports.container_engine import LABEL_DEPLOYMENT, LABEL_INSTANCE, LABEL_KIND, LABEL_ROLE, Container
from fairlead.ports.proxy import Endpoint, RouteSpec
from fairlead.server.beside import WithoutServer
from fairlead.steps.blueprint import KIND_INSTANCE, read_facts
from fairlead.store import switch_notes
from fairlead.store.catalogue_copy import CopiedInstance, PlaceCopy

ANSWER_WITHIN_S = 2.0
STANDING = (SlotState.LIVE, SlotState.STANDBY)
"""A slot that is filled was never live; one that is idle otherwise is being retired."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Seen:
    """One place. `live` is where the proxy sends users, not known where `is_told` is false; `problems` is why they
    cannot be sent to `other`."""

    copy: PlaceCopy
    live: Colour | None
    other: Colour | None
    pointed: Mapping[str, Colour | None]
    answers: Mapping[str, bool]
    problems: tuple[str, ...]
    specs: Mapping[str, RouteSpec] = field(default_factory=dict)
    is_told: bool = True

    @property
    def wanted(self) -> Mapping[RouteSpec, Sequence[Endpoint]]:
        """Each route with the endpoints of the other slot."""
        assert self.other is not None
        return {
            self.specs[route.name]: [
                Endpoint(one.instance, one.address, one.port)
                for one in self.copy.standing_in(self.other, route.service)
            ]
            for route in self.copy.routes
        }


async def look(copy: PlaceCopy, outside: WithoutServer, to: Colour | None = None) -> Seen:
    """What is so. A proxy that does not answer is a problem, no error."""
    answers = dict(await asyncio.gather(*(_answers(one, outside) for one in copy.instances)))
    pointed: dict[str, Colour | None] = {}
    specs: dict[str, RouteSpec] = {}
    try:
        for route in copy.routes:
            state = await outside.proxy.read_back(route.name)
            if state is not None:
                pointed[route.name], specs[route.name] = state.live, state.spec
    except FairleadError as failed:
        return Seen(copy, None, None, {}, answers, (str(failed),), is_told=False)
    found = {colour for colour in pointed.values() if colour is not None}
    live = next(iter(found)) if len(found) == 1 else None
    was_sent_back = live is not None and copy.slots[live].state is SlotState.STANDBY
    other = to or (live.other if live and not was_sent_back else None)
    if live and other is None:
        problems = [f"users are in {live} already, which stood by: `--to {live.other}` would send them forward again"]
    else:
        problems = list(_problems(copy, pointed, other, answers))
    return Seen(copy, live, other, pointed, answers, tuple(problems), specs)


async def _answers(one: CopiedInstance, outside: WithoutServer) -> tuple[str, bool]:
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            streams = await outside.connection.dial(f"tcp:{one.address}:{one.port}")
        streams.writer.close()
    except (FairleadError, TimeoutError, OSError):
        return one.instance, False
    return one.instance, True


def _problems(
    copy: PlaceCopy, pointed: Mapping[str, Colour | None], other: Colour | None, answers: Mapping[str, bool]
) -> Iterator[str]:
    if not copy.routes:
        yield "it has no route: there is nothing to switch"
        return
    missing = [route for route in copy.routes if pointed.get(route.name) is None]
    for route in missing:
        why = "it was never live, is being made, or what is live has it no more"
        yield f"the proxy points {route.host}{route.path} nowhere: {why}"
    if other is None:
        if not missing:
            yield "its routes point at both slots: say which with --to"
        return
    slot = copy.slots[other]
    if slot.state is SlotState.EMPTY:
        yield f"nothing stands in {other}"
        return
    if slot.state not in STANDING:
        yield f"{slot.version} in {other} is being filled or retired: it neither is live nor stands by"
    for service in sorted({route.service for route in copy.routes}):
        standing = copy.standing_in(other, service)
        if not standing:
            yield f"{service} has no instance in {other}"
        for one in standing:
            if not answers[one.instance]:
                yield f"{one.instance} does not answer at {one.address}:{one.port}"


def chosen(copies: Sequence[PlaceCopy], project: str, environment: str, *, file: Path) -> PlaceCopy:
    """The copy of that place, a tenant's by `Environment/Tenant`; NotFound names those that there are."""
    for copy in copies:
        if (copy.project.casefold(), where_of(copy).casefold()) == (project.casefold(), environment.casefold()):
            return copy
    raise NotFound(
        "environment.unknown",
        f"{file} holds nothing of {project} in {environment}",
        thing=f"{project}/{environment}",
        hint=f"there are: {_places_in(copies)}",
    )


def _places_in(copies: Sequence[PlaceCopy]) -> str:
    return ", ".join(f"{copy.project} in {where_of(copy)}" for copy in copies) or "none"


def unknown(copies: Sequence[PlaceCopy], project: str, environment: str, *, file: Path) -> NotFound:
    """No copy is of the project, or of that environment of it; which there are."""
    is_known = any(copy.project.casefold() == project.casefold() for copy in copies)
    return NotFound(
        "environment.unknown" if is_known else "project.unknown",
        f"{project}{f' in {environment}' if environment else ''} has no copy in {file}",
        thing=environment if is_known else project,
        hint=f"there are: {_places_in(copies)}",
    )


async def commands(seen: Seen, outside: WithoutServer, socket: Path) -> list[str]:
    """Lines for a shell that send users to the other slot, one route after the other."""
    lines = []
    for spec, endpoints in seen.wanted.items():
        assert seen.other is not None
        rehearsal = await outside.proxy.rehearse({spec: endpoints}, seen.other)
        lines += [
            f"echo {shlex.quote(told)} | socat - UNIX-CONNECT:{shlex.quote(str(socket))}"
            for told in (*rehearsal.fill, *rehearsal.point)
        ]
    return lines


async def switch_back(seen: Seen, outside: WithoutServer, data_dir: Path, say: Say) -> None:
    """Users are sent to the other slot; said command by command, noted for the server, read back.

    Conflict `deployment.no_way_back` with every reason where the other slot does not stand; nothing is changed then.
    """
    other = require_way_back(seen)
    switch_notes.put(data_dir, _place(seen.copy), other, outside.clock.now())
    rehearsal = await outside.proxy.rehearse(seen.wanted, other)
    for told in (*rehearsal.fill, *rehearsal.point):
        say(f"proxy: {told}")
    for spec, endpoints in seen.wanted.items():
        await outside.proxy.fill(spec.name, other, endpoints)
    await outside.proxy.make_durable()
    await outside.proxy.point({spec.name: other for spec in seen.wanted})
    await outside.proxy.make_durable()
    for spec in seen.wanted:
        if await outside.proxy.live(spec.name) is not other:
            raise Unreachable("proxy.unreachable", f"the proxy does not say that {spec.host} points at {other}")


def where_of(copy: PlaceCopy) -> str:
    """What commands call the environment: a tenant's place is `Environment/Tenant`."""
    return _place(copy).where


def require_way_back(seen: Seen) -> Colour:
    """The slot that users can be sent to; Conflict `deployment.no_way_back` with every reason why they cannot."""
    if seen.problems or seen.other is None:
        raise Conflict(
            "deployment.no_way_back",
            f"{seen.copy.shown} cannot be switched: " + "; ".join(seen.problems),
            thing=seen.copy.shown,
            hint="fairlead-server offline status",
        )
    return seen.other


def _place(copy: PlaceCopy) -> Place:
    return Place(copy.project, copy.environment, copy.tenant)


# Workers


@dataclass(frozen=True, slots=True)
class Swap:
    """Containers that cannot stand in both slots: what is stopped, then what is started."""

    stop: tuple[Container, ...]
    start: tuple[Container, ...]

    def lines(self) -> list[str]:
        """As a person would type it."""
        return [
            *(f"docker stop -t {_grace_s(one):.0f} {shlex.quote(one.name)}" for one in self.stop),
            *(f"docker start {shlex.quote(one.name)}" for one in self.start),
        ]


async def swap_of(seen: Seen, outside: WithoutServer) -> Swap:
    """Workers and recreated services of both slots; the engine is asked."""
    assert seen.other is not None
    leaving = await _swapped(seen.copy.slots[seen.other.other].deployment, outside)
    coming = await _swapped(seen.copy.slots[seen.other].deployment, outside)
    return Swap(
        tuple(one for one in leaving if one.state in ("running", "restarting")),
        tuple(one for one in coming if one.state not in ("running", "restarting")),
    )


async def carry_out(swap: Swap, outside: WithoutServer) -> None:
    """The old ones stop before the new ones start."""
    for one in swap.stop:
        await outside.engine.stop(one.name, grace_s=_grace_s(one))
    for one in swap.start:
        await outside.engine.start(one.name)


async def _swapped(deployment: str, outside: WithoutServer) -> list[Container]:
    if not deployment:
        return []
    found = await outside.engine.containers({LABEL_DEPLOYMENT: deployment, LABEL_KIND: KIND_INSTANCE})
    roles = (Role.WORKER.value, Role.RECREATE.value)
    return [one for one in found if one.labels.get(LABEL_ROLE) in roles]


def _grace_s(container: Container) -> float:
    return read_facts(container.labels.get(LABEL_INSTANCE, "")).grace_s
