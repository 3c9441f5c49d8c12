"""The catalogue: where the instances of services are found, and which slot is live."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from fairlead.domain.colour import Colour
from fairlead.domain.concurrency import place_tag


@dataclass(frozen=True, slots=True)
class Place:
    """A project in an environment (and tenant): what one deployment at a time belongs to (law 6).

    By *name*, as they stand in labels and in the names of things in the world: the first two are safe (domain.names),
    a tenant's name is any text without a slash, and stands in names as `domain.naming.tenant_slug` has it."""

    project: str
    environment: str
    tenant: str | None = None

    @property
    def where(self) -> str:
        """The environment and the tenant as one text that no other place of the project has: what labels hold, so that
        a search by labels finds what is the place's and nothing of its tenants."""
        return f"{self.environment}/{self.tenant}" if self.tenant else self.environment

    @property
    def tag(self) -> str:
        """The concurrency tag of the place, which each task that changes it needs."""
        return place_tag(self.project, self.environment, self.tenant)

    @property
    def shown(self) -> str:
        """The environment, and for whom, as people read it."""
        return f"{self.environment} for {self.tenant}" if self.tenant else self.environment


@dataclass(frozen=True, slots=True)
class Registration:
    """One instance of one service in one slot, with its endpoint as chosen by us before it started."""

    place: Place
    colour: Colour
    service: str
    instance: str
    address: str
    port: int
    deployment: str
    container: str


class Catalogue(Protocol):
    """Registrations by key (place, instance). Registering twice is once; deregistering what is gone is fine."""

    async def register(self, entries: Sequence[Registration]) -> None:
        """All of them are found from now on, in one transaction."""
        ...

    async def deregister(self, place: Place, instances: Sequence[str]) -> None:
        """None of them is found any more."""
        ...

    async def find(self, place: Place, *, colour: Colour | None = None, service: str = "") -> Sequence[Registration]:
        """Those of the place that fit, ordered by service and instance."""
        ...
