"""The filters of the language, by name in small letters. Each is a function of a value (or none) and its options."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from fairlead.domain.template.evaluation import Filter
from fairlead.domain.template.filters import comparing, dates, escaping, hashes, text, uris, versions

FIXED: dict[str, Filter] = {
    **text.FILTERS,
    **comparing.FILTERS,
    **escaping.FILTERS,
    **hashes.FILTERS,
    **dates.FILTERS,
    **uris.FILTERS,
    **versions.FILTERS,
}
"""Those that need nothing but their value and options."""


def filters(now: Callable[[], datetime]) -> dict[str, Filter]:
    """All of them. `now` gives the present moment, aware; its zone is what `NowDate` tells the time in."""
    return {**FIXED, **dates.of_now(now)}


__all__ = ["FIXED", "filters"]
