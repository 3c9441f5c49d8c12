"""A registry of images: where what was built is kept, and fetched from by digest (law 3)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from fairlead.ports.container_engine import Credentials


class Registry(Protocol):
    """One registry, Fairlead's own or one given by URL and credentials.

    Errors: `Unreachable("registry.unreachable")`, `Failed("registry.failed")`, `NotFound("image.unknown")`.
    """

    address: str
    """``host:port`` (with a path prefix where there is one): what image references begin with."""

    def credentials(self) -> Credentials | None:
        """What the engine logs in with; None where none is needed."""
        ...

    async def check(self) -> None:
        """It answers, and lets us in."""
        ...

    async def digest(self, repository: str, tag: str) -> str | None:
        """The manifest's digest that the tag names now; None where there is none."""
        ...

    async def tags(self, repository: str) -> Sequence[str]:
        """All tags of the repository; [] where it is not there."""
        ...

    async def repositories(self) -> Sequence[str]:
        """All repositories."""
        ...

    async def delete(self, repository: str, digest: str) -> None:
        """The manifest is gone (its layers when garbage is collected); gone is fine."""
        ...

    def pushing(self) -> AbstractAsyncContextManager[None]:
        """Held around every push to it (from building the image's layers on): no garbage is collected meanwhile."""
        ...

    async def collect_garbage(self) -> int:
        """Layers that no manifest names are gone; bytes freed. Only where the registry is our own, else 0. It waits
        for pushes under way (`pushing`), and makes later ones wait."""
        ...


class Registries(Protocol):
    """Every registry that images are in, by its name."""

    def of(self, host: str) -> Registry:
        """The registry at ``host[:port]``, logged in to with what is stored for it; Fairlead's own where it is that.
        Nothing is asked yet."""
        ...
