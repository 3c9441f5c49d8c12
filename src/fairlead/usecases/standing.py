"""Whether what our books call live stands at all: a restored backup, or a person, may have left another world."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta

from fairlead.domain.actor import SYSTEM
from fairlead.domain.deployment import DeploymentState
from fairlead.domain.slot import SlotState
from fairlead.ports.catalogue import Place
from fairlead.ports.container_engine import LABEL_COLOUR, LABEL_DEPLOYMENT, LABEL_SERVICE, Container
from fairlead.store import events, projects, slots
from fairlead.usecases import telling
from fairlead.usecases.context import Context
from fairlead.usecases.overview import PlaceView
from fairlead.usecases.running import Down, does_not_run, remedy_of, said_of, short_of, unknown_there

KIND = "environment.not_running"
NOT_AGAIN_FOR = timedelta(days=1)
MOST_AT_ONCE = 10
"""An engine that lost everything in a large house is told of in parts: the books have other work, too."""
PART = 100
MOVING = (DeploymentState.QUEUED, DeploymentState.RUNNING, DeploymentState.UNSETTLED)


def not_as_recorded(view: PlaceView, containers: Sequence[Container]) -> str:
    """What the engine (`containers`, all of the place) tells otherwise than our books, and what to do; "" where the
    live release runs, or something moves there."""
    slot = next((one for one in view.slots.values() if one.state is SlotState.LIVE), None)
    latest = view.cell.latest
    if slot is None or (latest is not None and latest.state in MOVING):
        return ""
    running = [one for one in containers if one.labels.get(LABEL_COLOUR) and one.state in ("running", "restarting")]
    ours = Counter(
        one.labels.get(LABEL_SERVICE, "") for one in running if one.labels.get(LABEL_DEPLOYMENT) == slot.deployment
    )
    if ours:
        short = short_of(view.registered, ours)
        return does_not_run(view.place, slot, Down(slot.deployment, short)) if short else ""
    elsewhere = unknown_there(view.slots.values(), [one.labels for one in running])
    return does_not_run(view.place, slot, Down(slot.deployment, elsewhere=elsewhere))


def untold(context: Context, places: Sequence[Place]) -> Sequence[Place]:
    """Those of `places` (of the last look) of which nobody was told within a day, the first `MOST_AT_ONCE`. Found by
    reading alone, and of what is known to be told nothing is read."""
    known, lately = context.running, context.clock.now() - NOT_AGAIN_FOR
    told = {deployment: at for deployment, at in known.told.items() if at > lately}
    asked = [place for place in places if known.down[place].deployment not in told]
    found: list[Place] = []
    with context.database.reading() as connection:
        for first in range(0, len(asked), PART):
            part = asked[first : first + PART]
            told |= events.last_told(connection, KIND, [known.down[place].deployment for place in part], since=lately)
            found += [place for place in part if known.down[place].deployment not in told]
            if len(found) >= MOST_AT_ONCE:
                break
    known.told = told
    return found[:MOST_AT_ONCE]


def tell_not_running(context: Context, place: Place, running: Sequence[Mapping[str, str]] = ()) -> bool:
    """An event and a notice that what is recorded as live does not run; once a day at most. Whether it was told.
    `running`: the labels of what does run in the place, where it was not looked at before."""
    now = context.clock.now()
    with context.database.transaction() as connection:
        both = slots.of(connection, place).values()
        slot = next((one for one in both if one.state is SlotState.LIVE), None)
        if slot is None:
            return False
        told = events.page(connection, *events.fitting(thing=slot.deployment, kind=KIND), limit=1).items
        if told and now - told[0].at < NOT_AGAIN_FOR:
            return False
        down = context.running.of(place, slot) or Down(slot.deployment, elsewhere=unknown_there(both, running))
        said, remedy = said_of(slot, down), remedy_of(place, slot, down)
        context.note(
            connection,
            SYSTEM,
            KIND,
            f"{place.project} in {place.shown}: {said}",
            thing=slot.deployment,
            project=place.project,
            environment=place.environment,
            tenant=place.tenant,
        )
        owner = projects.by_name(connection, place.project)
        telling.live_does_not_run(context, connection, owner, place, slot, said, remedy)
    return True
