"""Asking an address on the web, as a check does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from fairlead.domain.errors import Unreachable

NO_HEADERS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class WebAnswer:
    """What came; `text` is its beginning, all of it where `is_whole`."""

    status: int
    text: str = ""
    is_whole: bool = True


class Web(Protocol):
    """From where the server stands. Redirects are not followed. `Unreachable("host.unreachable")` where no answer comes
    within the time, a certificate that is not trusted among the reasons; `Invalid` for what is not an http address."""

    async def get(self, url: str, *, timeout_s: float) -> WebAnswer:
        """The answer, whatever its status."""
        ...

    async def post(
        self, url: str, fields: Mapping[str, str], *, timeout_s: float, headers: Mapping[str, str] = NO_HEADERS
    ) -> WebAnswer:
        """The answer to a form with these fields, whatever its status."""
        ...


class NoWeb:
    """Where nothing is asked."""

    async def get(self, url: str, *, timeout_s: float) -> WebAnswer:
        """Nobody answers."""
        raise _nobody()

    async def post(
        self, url: str, fields: Mapping[str, str], *, timeout_s: float, headers: Mapping[str, str] = NO_HEADERS
    ) -> WebAnswer:
        """Nobody answers."""
        raise _nobody()


def _nobody() -> Unreachable:
    return Unreachable("host.unreachable", "there is no way to the web here", thing="web")
