"""Times that people give on the command line: with an offset, in this machine's zone, or from now on."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import typer

from fairlead.cli.screen import wall_s
from fairlead.formats import durations

AT_HELP = "When: 2026-12-01T18:00 (this machine's time zone unless it says another), or from now on: 90m, 6h, 2d."
_AHEAD = re.compile(r"\+?([0-9]{1,6})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def lasting(text: str, option: str) -> int | None:
    """The seconds of 90m, 6h, 2d, or 0; None where nothing is given."""
    if not text:
        return None
    seconds = 0 if text == "0" else durations.read(text)
    if seconds is None:
        raise typer.BadParameter(f"{text!r} is not a length of time: 90m, 6h, 2d", param_hint=option)
    return seconds


def moment(text: str, option: str) -> str | None:
    """RFC 3339 with an offset; None where nothing is given."""
    if not text:
        return None
    if ahead := _AHEAD.fullmatch(text):
        return (datetime.fromtimestamp(wall_s(), UTC) + timedelta(**{_UNITS[ahead[2]]: int(ahead[1])})).isoformat()
    try:
        return datetime.fromisoformat(text).astimezone().isoformat()
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter(f"{text!r} is not a time: 2026-12-01T18:00, 6h", param_hint=option) from error
