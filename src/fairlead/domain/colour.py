"""Blue and green: the two slots of a project in an environment."""

from __future__ import annotations

from enum import StrEnum


class Colour(StrEnum):
    """The name of a slot; neither is better than the other."""

    BLUE = "blue"
    GREEN = "green"

    @property
    def other(self) -> Colour:
        """The slot that is not this one."""
        return Colour.GREEN if self is Colour.BLUE else Colour.BLUE
