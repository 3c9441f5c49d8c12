"""What every catalogue keeps to, real or fake: the promises of ports/catalogue.py."""

from __future__ import annotations

from dataclasses import replace

from fairlead.domain.colour import Colour
from fairlead.ports.catalogue import Place, Registration
from fairlead.testing.contracts.books import ELSEWHERE, PLACE, Books

TENANT = Place(PLACE.project, PLACE.environment, "acme")


def entry(instance: str, *, place: Place = PLACE, colour: Colour = Colour.BLUE, service: str = "web") -> Registration:
    """An instance at an address of its own."""
    return Registration(place, colour, service, instance, "10.0.0.2", 8080, "dep-1", f"books-{instance}")


class CatalogueContract:
    """Found while registered, by place."""

    async def test_what_is_registered_is_found(self, books: Books) -> None:
        entries = [entry("web-1"), entry("web-2"), entry("api-1", service="api")]
        await books.catalogue.register(entries)
        assert list(await books.catalogue.find(PLACE)) == [entries[2], entries[0], entries[1]]

    async def test_colour_and_service_choose(self, books: Books) -> None:
        blue, green = entry("web-1"), entry("web-2", colour=Colour.GREEN)
        await books.catalogue.register([blue, green, entry("api-1", service="api")])
        assert list(await books.catalogue.find(PLACE, colour=Colour.GREEN)) == [green]
        assert list(await books.catalogue.find(PLACE, colour=Colour.BLUE, service="web")) == [blue]

    async def test_twice_is_once_and_the_latest_holds(self, books: Books) -> None:
        await books.catalogue.register([entry("web-1")])
        moved = replace(entry("web-1"), address="10.0.0.9")
        await books.catalogue.register([moved])
        assert list(await books.catalogue.find(PLACE)) == [moved]

    async def test_gone_is_fine(self, books: Books) -> None:
        await books.catalogue.register([entry("web-1"), entry("web-2")])
        await books.catalogue.deregister(PLACE, ["web-1", "never-there"])
        await books.catalogue.deregister(PLACE, ["web-1"])
        assert list(await books.catalogue.find(PLACE)) == [entry("web-2")]

    async def test_places_and_tenants_are_strangers(self, books: Books) -> None:
        mine, other, tenant = entry("web-1"), entry("web-1", place=ELSEWHERE), entry("web-1", place=TENANT)
        await books.catalogue.register([mine, other, tenant])
        await books.catalogue.deregister(PLACE, ["web-1"])
        assert list(await books.catalogue.find(PLACE)) == []
        assert list(await books.catalogue.find(ELSEWHERE)) == [other]
        assert list(await books.catalogue.find(TENANT)) == [tenant]

    async def test_registering_none_changes_nothing(self, books: Books) -> None:
        await books.catalogue.register([])
        await books.catalogue.deregister(PLACE, [])
        assert list(await books.catalogue.find(PLACE)) == []
