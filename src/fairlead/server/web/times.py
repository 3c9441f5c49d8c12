"""Times as pages show them: how long ago, with the time itself beside it."""

from __future__ import annotations

from datetime import UTC, datetime

from markupsafe import Markup

from fairlead.server.web import words


def exact(at: datetime | None) -> str:
    """The time as RFC 3339, to the second; "" without one."""
    return "" if at is None else at.isoformat(timespec="seconds").replace("+00:00", "Z")


def clock(at: datetime | None) -> str:
    """The time to the minute, as people read it; "" without one."""
    return "" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def drawn(at: datetime | None, now: datetime) -> Markup:
    """How long ago it was, with the time itself beside it; nothing without one."""
    if at is None:
        return Markup()
    itself = exact(at)
    return Markup(f'<time datetime="{itself}" title="{itself}">{words.ago(at, now)}</time>')  # all ours
