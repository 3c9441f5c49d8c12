"""The built-in catalogue: rows, and a copy of each place on disk for whoever reads files: ports.catalogue."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import sqlalchemy as sa

from fairlead.domain.colour import Colour
from fairlead.domain.naming import route_name
from fairlead.domain.record import to_data
from fairlead.domain.service import Route
from fairlead.domain.slot import Slot, SlotState
from fairlead.ports.catalogue import Place, Registration
from fairlead.store import catalogue_copy, registrations, routes, settings, slots
from fairlead.store.database import Database


class StoreCatalogue:
    """The rows hold; the files are written after each change, whole or not at all, and anew at a start."""

    def __init__(self, database: Database, folder: Path, *, writing: threading.Lock | None = None) -> None:
        self._database = database
        self._folder = folder
        self._writing = writing or threading.Lock()

    def written_by(self, database: Database) -> StoreCatalogue:
        """The same catalogue; its rows are written in transactions of that database."""
        return StoreCatalogue(database, self._folder, writing=self._writing)

    async def register(self, entries: Sequence[Registration]) -> None:
        """As the port says."""

        def work(connection: sa.Connection) -> None:
            for entry in entries:
                registrations.put(connection, entry)

        await self._change(work, {entry.place for entry in entries})

    async def deregister(self, place: Place, instances: Sequence[str]) -> None:
        """As the port says."""
        await self._change(lambda connection: registrations.remove(connection, place, instances), {place})

    async def find(self, place: Place, *, colour: Colour | None = None, service: str = "") -> Sequence[Registration]:
        """As the port says."""
        return await self._database.read(
            lambda connection: registrations.of(connection, place, colour=colour, service=service)
        )

    def write_all(self) -> None:
        """The files say what the rows say: for a start, after a death between the two. A house of ten thousand places
        is read in as many queries as one of ten, and what its files say already is not written again."""
        with self._writing:
            with self._database.reading() as connection:
                its, both = registrations.all_by_place(connection), slots.recorded(connection)
                led, installation = routes.all_by_place(connection), settings.value(connection, settings.INSTALLATION)
            known = {
                place: _copied(
                    place, its.get(place, ()), both.get(place, {}), led.get(place, {}), str(installation or "")
                )
                for place in {**its, **both}
            }
            catalogue_copy.write_all(self._folder, known)

    async def _change(self, work: Callable[[sa.Connection], None], places: set[Place]) -> None:
        def inside() -> None:
            with self._database.transaction() as connection:
                work(connection)
            for place in places:
                self._write(place)

        await self._database.run(inside)

    def copy_slots(self, place: Place, *, is_durable: bool) -> None:
        """Another slot is live, claimed, empty or stands by: the copy says so."""
        self._write(place, is_durable=is_durable)

    def _write(self, place: Place, *, is_durable: bool = False) -> None:
        with self._writing:  # the rows are read inside, so that the last to write has the newest
            with self._database.reading() as connection:
                described = _copied(
                    place,
                    registrations.of(connection, place),
                    slots.of(connection, place),
                    routes.of(connection, place),
                    str(settings.value(connection, settings.INSTALLATION) or ""),
                )
            catalogue_copy.write(self._folder, place, described, is_durable=is_durable)


def _copied(
    place: Place,
    entries: Sequence[Registration],
    both: Mapping[Colour, Slot],
    led: Mapping[str, Sequence[Route]],
    installation: str,
) -> dict[str, object]:
    """What is described, and what somebody needs who has nothing but this file."""
    held = {
        slot.colour.value: {"state": slot.state.value, "deployment": slot.deployment, "version": slot.version}
        for slot in (both.get(colour, Slot(colour)) for colour in Colour)
    }
    routed = [
        {
            "name": route_name(place.project, place.environment, route.host, route.path, tenant=place.tenant),
            "service": service,
            "host": route.host,
            "path": route.path,
        }
        for service, its in led.items()
        for route in its
    ]
    described = _described(place, entries, both)
    return {**described, "slots": held, "routes": routed, "installation": installation}


def _described(place: Place, entries: Sequence[Registration], both: Mapping[Colour, Slot]) -> dict[str, object]:
    live = next((slot for slot in both.values() if slot.state is SlotState.LIVE), None)
    told = [
        {
            "service": entry.service,
            "instance": entry.instance,
            "colour": entry.colour.value,
            "address": entry.address,
            "port": entry.port,
            "deployment": entry.deployment,
            "container": entry.container,
        }
        for entry in entries
    ]
    return {
        "project": place.project,
        "environment": place.environment,
        "tenant": place.tenant,
        "live": to_data(live.colour) if live else None,
        "instances": told,
    }
