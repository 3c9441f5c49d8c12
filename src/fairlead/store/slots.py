"""Which release stands in which slot of a place, and in what state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from fairlead.domain.colour import Colour
from fairlead.domain.errors import Conflict
from fairlead.domain.slot import Slot, SlotState
from fairlead.ports.catalogue import Place
from fairlead.store.rows import nouns, reading, to_row, upsert
from fairlead.store.schema import instant, key, metadata, place_columns, place_key, place_values, text

slots = sa.Table(
    "slots",
    metadata,
    key("place"),
    key("colour"),
    *place_columns(),
    text("state"),
    text("deployment"),
    text("release"),
    text("version"),
    text("network"),
    text("subnet"),
    instant("standby_until", nullable=True),
    sa.Index("ix_slots_project", "project"),
)


_of_place = sa.select(slots).where(slots.c.place == sa.bindparam("place"))


def of(connection: sa.Connection, place: Place) -> dict[Colour, Slot]:
    """Both slots of the place; an empty one where nothing was ever recorded."""
    found = connection.execute(_of_place, {"place": place_key(place)})
    held = {slot.colour: slot for slot in nouns(Slot, found)}
    return {colour: held.get(colour, Slot(colour)) for colour in Colour}


def live(connection: sa.Connection, place: Place) -> Slot | None:
    """The slot that users reach; None where none is."""
    return next((slot for slot in of(connection, place).values() if slot.state is SlotState.LIVE), None)


def put(connection: sa.Connection, place: Place, slot: Slot, *, was: SlotState | None = None) -> None:
    """The slot is recorded so. With `was`, only from that state (exactly so already is fine), else Conflict."""
    if was is not None:
        now = of(connection, place)[slot.colour]
        if now == slot:
            return
        if now.state is not was:
            raise _changed(place, now, was)
    upsert(connection, slots, {**place_values(place), **to_row(slot)})


def make_live(connection: sa.Connection, place: Place, colour: Colour) -> None:
    """That slot is live; the other, where it was, is idle."""
    both = of(connection, place)
    for slot, state in ((both[colour], SlotState.LIVE), (both[colour.other], SlotState.IDLE)):
        if slot.colour is colour or slot.state is SlotState.LIVE:
            row = to_row(slot) | {"state": state.value, "standby_until": None}
            upsert(connection, slots, {**place_values(place), **row})


def stand_by(connection: sa.Connection, place: Place, colour: Colour, until: datetime) -> None:
    """The slot is kept warm until then. Conflict `slot.changed` where it is live or empty."""
    now = of(connection, place)[colour]
    if now.state in (SlotState.LIVE, SlotState.EMPTY):
        raise _changed(place, now, "idle")
    row = to_row(now) | {"state": SlotState.STANDBY.value, "standby_until": until}
    upsert(connection, slots, {**place_values(place), **row})


def recorded(connection: sa.Connection) -> dict[Place, dict[Colour, Slot]]:
    """The slots of every place of which something was ever recorded; one query."""
    return _by_place(connection.execute(sa.select(slots)))


def live_deployments(connection: sa.Connection) -> dict[Place, str]:
    """The deployment that filled the live slot of each place that has one; one query of few columns, for it is asked
    again and again."""
    c = slots.c
    asked = sa.select(c.project, c.environment, c.tenant, c.deployment).where(c.state == SlotState.LIVE.value)
    return {Place(project, where, tenant): by for project, where, tenant, by in connection.execute(asked).all()}


def all_by_place(connection: sa.Connection, projects: list[str]) -> Mapping[Place, dict[Colour, Slot]]:
    """The recorded slots of these projects (by name), by place; one query."""
    return _by_place(connection.execute(_of_projects(), {"projects": projects}))


@cache
def _of_projects() -> sa.Select[Any]:
    asked: sa.BindParameter[str] = sa.bindparam("projects", expanding=True)
    return sa.select(slots).where(slots.c.project.in_(asked))


def _by_place(found: sa.CursorResult[Any]) -> dict[Place, dict[Colour, Slot]]:
    placed: dict[Place, dict[Colour, Slot]] = {}
    for place, slot in _placed(found):
        placed.setdefault(place, {})[slot.colour] = slot
    return placed


def _placed(found: sa.CursorResult[Any]) -> Iterator[tuple[Place, Slot]]:
    read = reading(Slot, found)
    return ((Place(row.project, row.environment, row.tenant), read(row)) for row in found.all())


def expired_standbys(connection: sa.Connection, now: datetime) -> tuple[tuple[Place, Slot], ...]:
    """Slots that were to be kept, standing by or failed, until a time that is past."""
    kept = (SlotState.STANDBY.value, SlotState.IDLE.value)
    past = (slots.c.state.in_(kept), slots.c.standby_until <= now)
    return tuple(_placed(connection.execute(sa.select(slots).where(*past).order_by(slots.c.standby_until))))


def _changed(place: Place, now: Slot, expected: str) -> Conflict:
    return Conflict(
        "slot.changed",
        f"the {now.colour} slot of {place.project} in {place.shown} is {now.state}, not {expected}",
        thing=f"{place.project}/{place.where}/{now.colour}",
    )
