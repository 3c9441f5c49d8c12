"""A catalogue in memory."""

from __future__ import annotations

from collections.abc import Sequence

from fairlead.domain.colour import Colour
from fairlead.ports.catalogue import Place, Registration


class FakeCatalogue:
    """`ports.catalogue.Catalogue`."""

    def __init__(self) -> None:
        self.entries: dict[tuple[Place, str], Registration] = {}

    async def register(self, entries: Sequence[Registration]) -> None:
        for entry in entries:
            self.entries[entry.place, entry.instance] = entry

    async def deregister(self, place: Place, instances: Sequence[str]) -> None:
        for instance in instances:
            self.entries.pop((place, instance), None)

    async def find(self, place: Place, *, colour: Colour | None = None, service: str = "") -> Sequence[Registration]:
        fitting = [
            entry
            for entry in self.entries.values()
            if entry.place == place and colour in (None, entry.colour) and service in ("", entry.service)
        ]
        return sorted(fitting, key=lambda entry: (entry.service, entry.instance))
