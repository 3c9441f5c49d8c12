"""What of all that our books call live does not run: found by a look now and then, so that lists can say it at no
cost. The page of one place asks the engine itself (`standing`)."""

from __future__ import annotations

import asyncio
import shlex
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, TypeAlias

from fairlead.domain.colour import Colour
from fairlead.domain.errors import FairleadError, TimedOut
from fairlead.domain.slot import Slot
from fairlead.ports.catalogue import Place
from fairlead.ports.container_engine import (
    LABEL_COLOUR,
    LABEL_DEPLOYMENT,
    LABEL_ENVIRONMENT,
    LABEL_KIND,
    LABEL_PROJECT,
    LABEL_SERVICE,
    LABEL_VERSION,
)
from fairlead.steps.blueprint import KIND_INSTANCE
from fairlead.store import registrations, slots, tasks
from fairlead.store.database import Connection

if TYPE_CHECKING:
    from fairlead.usecases.context import Context

TIMEOUT_S = 15.0


class Engine(Protocol):
    """What is asked."""

    async def running(self, labels: Mapping[str, str]) -> Sequence[Mapping[str, str]]: ...


@dataclass(frozen=True, slots=True)
class Short:
    """A service of which fewer instances run than are recorded."""

    service: str
    runs: int
    wanted: int

    def __str__(self) -> str:
        if self.runs:
            return f"{self.runs} of {self.wanted} instances of {self.service} run{'s' if self.runs == 1 else ''}"
        return f"no instance of {self.service} runs"


@dataclass(frozen=True, slots=True)
class Down:
    """What of a deployment does not run; no `short`: nothing of it runs. `elsewhere` is the release that runs there
    instead, and that neither slot knows: the books are of an old backup."""

    deployment: str
    short: tuple[Short, ...] = ()
    elsewhere: str = ""

    @property
    def is_felt(self) -> bool:
        """Whether users miss it: other instances answer in an instance's place, where there are some."""
        return not self.short or any(not one.runs for one in self.short)


@dataclass(slots=True)
class Running:
    """What the last look found. Written by the looks, read from any thread: each value is exchanged as a whole.

    `down` holds, by place, the deployment whose instances should run there, and what of it does not; `unknown_since`
    is when the engine was first asked in vain (None: it answers). `proxy_trouble` is why users may reach nothing of
    what is live, in words; "" where the proxy is well. `reached` are the slots to which the proxy sends users, by
    place, where a deployment is under way (`usecases.reached`). `told` is when people were told of a deployment that it
    does not run, as far as it was asked for (`usecases.standing`)."""

    down: Mapping[Place, Down] = field(default_factory=dict)
    unknown_since: datetime | None = None
    proxy_trouble: str = ""
    reached: Mapping[Place, frozenset[Colour]] = field(default_factory=dict)
    told: Mapping[str, datetime] = field(default_factory=dict)

    def of(self, place: Place, slot: Slot | None) -> Down | None:
        """What of the place's live slot was found not to run; None where nothing was."""
        found = self.down.get(place) if self.down and slot is not None else None
        return found if found is not None and slot is not None and found.deployment == slot.deployment else None

    @property
    def unknown(self) -> str:
        """Why nothing is known; "" where it is."""
        if self.unknown_since is None:
            return ""
        return (
            f"The container engine has not answered since {self.unknown_since:%Y-%m-%d %H:%M} UTC: "
            "whether what is recorded as live runs is not known."
        )


def does_not_run(place: Place, slot: Slot, down: Down) -> str:
    """What is so with the live slot, and what to do."""
    return f"{said_of(slot, down)} {remedy_of(place, slot, down)}"


def said_of(slot: Slot, down: Down) -> str:
    """What is so."""
    live = f"{slot.version} is recorded as live, and"
    if down.elsewhere:
        return f"{live} no instance of it runs. What runs is {down.elsewhere}, which our books do not know there."
    if not down.short:
        return f"{live} no instance of it runs: users get no answer."
    said = f"{live} not all of it runs: {', '.join(str(one) for one in down.short)}."
    return f"{said} What asks for what does not run gets no answer." if down.is_felt else said


def short_of(wanted: Mapping[str, int], runs: Mapping[str, int]) -> tuple[Short, ...]:
    """The services, by name, of which fewer instances run than are recorded."""
    return tuple(
        Short(service, runs.get(service, 0), number)
        for service, number in sorted(wanted.items())
        if runs.get(service, 0) < number
    )


def remedy_of(place: Place, slot: Slot, down: Down) -> str:
    """What brings it back, or takes over what is there instead."""
    where, whose = shlex.quote(place.environment), f" --tenant {shlex.quote(place.tenant)}" if place.tenant else ""
    if down.elsewhere:
        return f"Users may be on it; compare, and let the books follow: {adopting(place)}"
    return f"Bring it back: fairlead deploy {slot.version} --project {place.project} --to {where}{whose} --force"


def adopting(place: Place) -> str:
    """The command by which the books take over what users reach there."""
    return f"fairlead adopt {options_of(place)}"


def options_of(place: Place) -> str:
    """The place as a command names it, as a shell takes it."""
    whose = f" --tenant {shlex.quote(place.tenant)}" if place.tenant else ""
    return f"--project {shlex.quote(place.project)} --environment {shlex.quote(place.environment)}{whose}"


def unknown_there(known: Iterable[Slot], running: Iterable[Mapping[str, str]]) -> str:
    """The release of an instance that runs in the place (`running` are the labels of what does), of a deployment that
    neither slot knows; "" where there is none."""
    ours = {slot.deployment for slot in known}
    versions = (
        labels.get(LABEL_VERSION, "") or labels.get(LABEL_DEPLOYMENT, "")
        for labels in running
        if labels.get(LABEL_KIND) == KIND_INSTANCE and labels.get(LABEL_COLOUR)
        if labels.get(LABEL_DEPLOYMENT) not in ours
    )
    return next(iter(sorted(versions)), "")


async def look(context: Context, engine: Engine) -> Sequence[Place]:
    """Asks once for all of the house; where users were found to miss something twice in a row, so that people may be
    told. Raises what the engine raises. A place at which a task is under way is left out: that looks for itself."""
    known = context.running
    try:
        running = await _running(engine)
    except FairleadError:
        known.unknown_since = known.unknown_since or context.clock.now()
        raise
    known.unknown_since = None
    found = await context.database.read(lambda connection: _not_among(connection, running))
    before = known.down
    if any(before.get(place) != by for place, by in found.items()):
        # what moved between the two questions is not there any more when both are asked again
        running = await _running(engine)
        again = await context.database.read(lambda connection: _not_among(connection, running))
        found = {place: by for place, by in found.items() if again.get(place) == by}
    known.down = found
    return [place for place, by in found.items() if by.is_felt and before.get(place) == by]


_Runs: TypeAlias = Sequence[Mapping[str, str]]
"""The labels of all instances in slots that run."""


async def _running(engine: Engine) -> _Runs:
    try:
        async with asyncio.timeout(TIMEOUT_S):
            return await engine.running({LABEL_KIND: KIND_INSTANCE, LABEL_COLOUR: ""})
    except TimeoutError as error:
        message = f"the container engine did not answer within {TIMEOUT_S:g} s"
        raise TimedOut("engine.unreachable", message) from error


def _not_among(connection: Connection, labels: _Runs) -> dict[Place, Down]:
    running: dict[str, Counter[str]] = {}
    for its in labels:
        running.setdefault(its.get(LABEL_DEPLOYMENT, ""), Counter())[its.get(LABEL_SERVICE, "")] += 1
    live, wanted = slots.live_deployments(connection), registrations.numbers(connection)
    strangers = _strangers(labels, frozenset(live.values()))
    found: dict[Place, Down] = {}
    for place, by in live.items():
        if by not in running:
            there = strangers.get((place.project, place.where), ())
            known = slots.of(connection, place).values() if there else ()
            found[place] = Down(by, elsewhere=unknown_there(known, there))
        elif short := short_of(wanted.get(by, {}), running[by]):
            found[place] = Down(by, short)
    taken = tasks.held_tags(connection) if found else frozenset()
    return {place: by for place, by in found.items() if place.tag not in taken} if taken else found


def _strangers(labels: _Runs, live: Collection[str]) -> dict[tuple[str, str], list[Mapping[str, str]]]:
    """What runs and is not of a deployment that is live, by project and environment."""
    found: dict[tuple[str, str], list[Mapping[str, str]]] = {}
    for its in labels:
        if its.get(LABEL_DEPLOYMENT) not in live:
            found.setdefault((its.get(LABEL_PROJECT, ""), its.get(LABEL_ENVIRONMENT, "")), []).append(its)
    return found
