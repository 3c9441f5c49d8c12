"""Time zones by name, as the tz database has them."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fairlead.domain.errors import Invalid

FIRST = datetime(2, 1, 1, tzinfo=UTC)
LAST = datetime(9998, 12, 31, 23, 59, 59, tzinfo=UTC)
"""Between them a time is one of the calendar in every zone: offsets are less than a day."""


def zone_named(name: str) -> tzinfo:
    """The zone; Invalid `schedule.zone`."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        hint = "a name as Europe/Berlin or UTC"
        raise Invalid("schedule.zone", f"{name[:60]!r} is not a time zone", thing=name[:60], hint=hint) from error


def clock_in(at: datetime, zone: str) -> str:
    """The time as clocks there show it, with the zone's name: 2026-12-01 09:00 Europe/Vienna. To the second only where
    it is not a whole minute. Invalid `schedule.zone`."""
    there = at.astimezone(zone_named(zone)).replace(tzinfo=None)
    return f"{there.isoformat(' ', 'seconds' if there.second else 'minutes')} {zone}"


def nearest_shown(at: datetime) -> datetime:
    """Itself, or the nearest time that every zone's calendar has."""
    return min(max(at, FIRST), LAST)


def shown_everywhere(at: datetime) -> datetime:
    """Itself; ValueError where some zone's calendar, that of UTC for one, has no such time."""
    if not FIRST <= at <= LAST:
        raise ValueError(f"a time lies between the years {FIRST.year} and {LAST.year}")
    return at
