"""When a deployment, or a run of a runbook, may begin: now, or later, and not after."""

from __future__ import annotations

from datetime import datetime, timedelta

from fairlead.domain.errors import Invalid

FURTHEST = timedelta(days=30)
"""How far ahead they may be scheduled, as in Octopus: what a month may bring nobody has planned for."""


def check_timing(not_before: datetime | None, not_after: datetime | None, *, now: datetime) -> None:
    """Invalid `schedule.past`, `schedule.too_far` or `schedule.expiry`."""
    if not_before is not None and not_before < now:
        raise Invalid("schedule.past", f"{not_before.isoformat()} is in the past", thing="at", hint="leave it out: now")
    if not_before is not None and not_before > now + FURTHEST:
        message = f"{not_before.isoformat()} is more than {FURTHEST.days} days ahead"
        raise Invalid("schedule.too_far", message, thing="at", hint="a trigger with a schedule has no bound")
    begin = not_before or now
    if not_after is not None and not_after <= begin:
        message = f"it would expire at {not_after.isoformat()}, before it may begin"
        raise Invalid("schedule.expiry", message, thing="not_after", hint="give a later time")
