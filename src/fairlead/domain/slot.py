"""A slot as it is recorded: which release stands in it, and in what state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from fairlead.domain.colour import Colour


class SlotState(StrEnum):
    """`empty` nothing stands there · `idle` being filled, unrouted · `live` users reach it · `standby` kept warm."""

    EMPTY = "empty"
    IDLE = "idle"
    LIVE = "live"
    STANDBY = "standby"


@dataclass(frozen=True, slots=True)
class Slot:
    """One of the two slots of a place. `deployment` made what stands in it; `network` is its slot network's name."""

    colour: Colour
    state: SlotState = SlotState.EMPTY
    deployment: str = ""
    release: str = ""
    version: str = ""
    network: str = ""
    subnet: str = ""
    standby_until: datetime | None = None
