"""Time zones by name, as the tz database has them."""

from __future__ import annotations

from datetime import tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fairlead.domain.errors import Invalid


def zone_named(name: str) -> tzinfo:
    """The zone; Invalid `schedule.zone`."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        hint = "a name as Europe/Berlin or UTC"
        raise Invalid("schedule.zone", f"{name[:60]!r} is not a time zone", thing=name[:60], hint=hint) from error
