"""What ends on a day and is told of before it: certificates, API keys."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta


def stage(end: datetime, now: datetime, warn_days: Iterable[int], told: int | None) -> int | None:
    """How many days before the end (0: it ended) it is time to tell of now; None where nothing is new. `told` is the
    last of `warn_days` that was told of."""
    due = next((days for days in sorted((0, *warn_days)) if end - now <= timedelta(days=days)), None)
    is_new = due is not None and (told is None or due < told)
    return due if is_new else None


def ends_in_words(end: datetime, now: datetime) -> str:
    """Of an end that is to come: ``ends in 3 days, on 2026-12-02 10:00 UTC``."""
    days = (end - now).days
    when = "today or tomorrow" if days < 1 else f"in {days} day{'s' if days > 1 else ''}"
    return f"ends {when}, on {end:%Y-%m-%d %H:%M} UTC"
