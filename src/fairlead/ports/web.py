"""Asking an address on the web, as a check does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from fairlead.domain.errors import Unreachable


@dataclass(frozen=True, slots=True)
class WebAnswer:
    """What came; `text` is its beginning."""

    status: int
    text: str = ""


class Web(Protocol):
    """From where the server stands. Redirects are not followed. `Unreachable("host.unreachable")` where no answer comes
    within the time, a certificate that is not trusted among the reasons; `Invalid` for what is not an http address."""

    async def get(self, url: str, *, timeout_s: float) -> WebAnswer:
        """The answer, whatever its status."""
        ...


class NoWeb:
    """Where nothing is asked."""

    async def get(self, url: str, *, timeout_s: float) -> WebAnswer:
        """Nobody answers."""
        raise Unreachable("host.unreachable", "there is no way to the web here", thing="web")
