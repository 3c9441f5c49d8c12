"""Judges schedules: when they are due, as moments that a case names or as its first words tell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from tests.conformance.judging import Case, Verdict

from fairlead.domain.cron import WEEKDAYS, Cron, parse
from fairlead.domain.errors import FairleadError
from fairlead.domain.occurrences import next_after

START = datetime(2026, 11, 28, tzinfo=UTC)
_MEANING = re.compile(r"([0-9]{2}:[0-9]{2}:[0-9]{2})(?: ([A-Z][a-z]+)(?:-([A-Z][a-z]+))?)?")


def judge(case: Case) -> Iterator[Verdict]:
    """`error` is a code; `next` the moments after `after` in `zone`; else `meaning` begins with a time, and days."""
    zone = ZoneInfo(case.get("zone", "UTC"))
    try:
        cron = parse(case["expr"])
    except FairleadError as error:
        yield Verdict("", case.get("error") == error.code, case.get("error", case.get("meaning")), str(error))
        return
    if "error" in case:
        yield Verdict("", False, case["error"], "it was understood")
        return
    if "next" in case:
        after = datetime.fromisoformat(case["after"])
        found = islice(occurrences(cron, after, zone), len(case["next"]))
        came = [moment.astimezone(zone).isoformat() for moment in found]
        yield Verdict("", came == case["next"], case["next"], came)
        return
    expected = _meant(case["meaning"])
    fortnight = takewhile(lambda moment: moment < START + timedelta(days=14), occurrences(cron, START, UTC))
    came = [f"{moment:%a %H:%M:%S}" for moment in fortnight]
    yield Verdict("", expected is None or came == expected, expected, came)


def occurrences(cron: Cron, moment: datetime, zone: tzinfo) -> Iterator[datetime]:
    """All after the moment, in order; mostly without an end."""
    found = next_after(cron, moment, zone)
    while found is not None:
        yield found
        found = next_after(cron, found, zone)


def _meant(meaning: str) -> list[str] | None:
    """The times of a fortnight that the words name; None where they name none."""
    read = _MEANING.match(meaning)
    if read is None:
        return None
    names = list(WEEKDAYS)
    first = WEEKDAYS[read[2][:3].upper()] if read[2] else 0
    last = WEEKDAYS[read[3][:3].upper()] if read[3] else first if read[2] else 6
    wanted = {names[at % 7].title() for at in range(first, first + (last - first) % 7 + 1)}
    days = [START + timedelta(days=at) for at in range(14)]
    return [f"{day:%a} {read[1]}" for day in days if f"{day:%a}" in wanted]
