"""When a schedule is due next, in a time zone whose clocks may change.

Clocks change as Debian's cron has it. Where the clocks go forward, a time that does not exist is due at the first
moment after the gap; where they go back, a time that comes twice is due the first time only. A schedule without fixed
times (`*` or open steps in hour, minute or second) is due whenever the clock shows it: not in a gap, and twice where
it comes twice.
"""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import product

from fairlead.domain.cron import LAST_YEAR, Cron

_DAY, _HOUR, _SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)


def next_after(cron: Cron, moment: datetime, zone: tzinfo) -> datetime | None:
    """The first moment after the given one, in UTC; None where there is none before the year 2100."""
    after = moment.astimezone(UTC)
    day = after.astimezone(zone).date() - _DAY
    while day.year <= LAST_YEAR:
        found = _first_on(cron, day, after, zone)
        if found is not None:
            return found
        day += _DAY
    return None


def _first_on(cron: Cron, day: date, after: datetime, zone: tzinfo) -> datetime | None:
    start = datetime.combine(day, time())
    if _is_calm(start, _DAY, zone):
        return _calm(cron, day, cron.hours, after, zone) if cron.fits(day) else None
    both = [_first_troubled(cron, one, after, zone) for one in (day, day + _DAY) if cron.fits(one)]
    return min((found for found in both if found is not None), default=None)


def _first_troubled(cron: Cron, day: date, after: datetime, zone: tzinfo) -> datetime | None:
    found: list[datetime] = []
    for hour in cron.hours:
        if _is_calm(datetime.combine(day, time(hour)), _HOUR, zone):
            one = _calm(cron, day, (hour,), after, zone)
            found += [one] if one is not None else []
            continue
        for minute, second in product(cron.minutes, cron.seconds):
            shown = datetime.combine(day, time(hour, minute, second))
            found += [moment for moment in _moments(shown, zone, cron.is_interval) if moment > after]
    return min(found, default=None)


def _is_calm(start: datetime, length: timedelta, zone: tzinfo) -> bool:
    """Whether the clocks do not change between the two, nor at them."""
    edges = product((start, start + length), (0, 1))
    return len({edge.replace(tzinfo=zone, fold=fold).utcoffset() for edge, fold in edges}) == 1


def _calm(cron: Cron, day: date, hours: tuple[int, ...], after: datetime, zone: tzinfo) -> datetime | None:
    start = datetime.combine(day, time(hours[0]), zone)
    offset = start.utcoffset() or timedelta()
    shown = (after + offset).replace(tzinfo=None) + _SECOND
    earliest = shown.replace(microsecond=0)
    if earliest.date() > day:
        return None
    from_time = earliest.time() if earliest.date() == day else time()
    found = _first_time(hours, cron.minutes, cron.seconds, from_time)
    return None if found is None else (datetime.combine(day, found) - offset).replace(tzinfo=UTC)


def _first_time(hours: tuple[int, ...], minutes: tuple[int, ...], seconds: tuple[int, ...], at: time) -> time | None:
    """The first of the times that is not before `at`."""
    for hour in hours[bisect_left(hours, at.hour) :]:
        for minute in minutes[bisect_left(minutes, at.minute) if hour == at.hour else 0 :]:
            is_edge = (hour, minute) == (at.hour, at.minute)
            rest = seconds[bisect_left(seconds, at.second) if is_edge else 0 :]
            if rest:
                return time(hour, minute, rest[0])
    return None


def _moments(shown: datetime, zone: tzinfo, is_interval: bool) -> tuple[datetime, ...]:
    """When the clock shows that time: once, never, or twice."""
    first, second = (shown.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first == second:
        return (first,)
    if first < second:
        return (first, second) if is_interval else (first,)
    return () if is_interval else (_change(second, first, zone),)


def _change(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """The moment between the two from which on the offset is that of the later (PEP 495 calls it a gap)."""
    offset = after.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + timedelta(seconds=(after - before) // _SECOND // 2)
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after
