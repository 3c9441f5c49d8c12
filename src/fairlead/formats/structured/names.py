"""Which variables may stand for a place in a file."""

from __future__ import annotations

import re

_RESERVED = re.compile(r"Octopus([^:]|$)", re.IGNORECASE)


def is_reserved(name: str) -> bool:
    """Whether the name is of Octopus's own kind (``Octopus.Release.Id``); ``Octopus:Port`` is a place as any."""
    return bool(_RESERVED.match(name))
