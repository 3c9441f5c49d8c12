"""Schedules as lines of cron: five fields as Debian's cron has them, six or seven as Quartz has them.

| fields | order | weekdays | both a day and a weekday |
|---|---|---|---|
| 5 | minute hour day month weekday | 0-7, 0 and 7 are Sunday | either is enough, unless one begins with `*` |
| 6, 7 | second minute hour day month weekday [year] | 1-7, 1 is Sunday | refused, unless one is `?` or `*` |

Sources: crontab(5) of Debian's cron 3.0pl1; org.quartz.CronExpression (Quartz 2.3). Quartz also refuses `*` in both; we
take it, because Octopus does ("0 0 06 * * Mon-Fri"). When a schedule is due: domain.occurrences.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NoReturn

from fairlead.domain.errors import Invalid

FIRST_YEAR, LAST_YEAR = 1970, 2099
LONGEST = 500

_NAMES_OF_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_NAMES_OF_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
WEEKDAYS = {name: at for at, name in enumerate(_NAMES_OF_WEEKDAYS)}
"""Sunday is 0, as for all weekdays inside here."""
MONTHS = {name: at for at, name in enumerate(_NAMES_OF_MONTHS, 1)}

NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}

DayTest = Callable[[date], bool]


@dataclass(frozen=True, slots=True)
class Cron:
    """A line that was understood. Values are sorted and never empty. `days` and `weekdays` are tests, of which one is
    enough where `is_either`. `is_interval`: an hour, minute or second has no fixed value, which decides what happens
    when the clocks change."""

    text: str
    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    months: frozenset[int]
    years: frozenset[int]
    days: tuple[DayTest, ...]
    weekdays: tuple[DayTest, ...]
    is_either: bool
    is_interval: bool

    def fits(self, day: date) -> bool:
        """Whether it is due at some time on that day."""
        if day.month not in self.months or day.year not in self.years:
            return False
        by_day, by_weekday = any(test(day) for test in self.days), any(test(day) for test in self.weekdays)
        return by_day or by_weekday if self.is_either else by_day and by_weekday


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a field may hold. `is_quartz` ranges wrap, and one value with a step goes on to the end."""

    name: str
    low: int
    high: int
    names: Mapping[str, int] | None = None
    is_quartz: bool = False
    shift: int = 0

    @property
    def allowed(self) -> str:
        """For people."""
        names = f" or {'-'.join((next(iter(self.names)), [*self.names][-1]))}" if self.names else ""
        return f"{self.low}-{self.high}{names}"


_DEBIAN = (
    _Kind("minute", 0, 59),
    _Kind("hour", 0, 23),
    _Kind("day of the month", 1, 31),
    _Kind("month", 1, 12, MONTHS),
    _Kind("weekday", 0, 7, WEEKDAYS),
)
_QUARTZ = (
    _Kind("second", 0, 59, is_quartz=True),
    _Kind("minute", 0, 59, is_quartz=True),
    _Kind("hour", 0, 23, is_quartz=True),
    _Kind("day of the month", 1, 31, is_quartz=True),
    _Kind("month", 1, 12, MONTHS, is_quartz=True),
    _Kind("weekday", 1, 7, WEEKDAYS, is_quartz=True, shift=1),
    _Kind("year", FIRST_YEAR, LAST_YEAR, is_quartz=True),
)
_ITEM = re.compile(r"(\*|[A-Za-z]{3}|[0-9]{1,4})(?:-([A-Za-z]{3}|[0-9]{1,4}))?(?:/([0-9]{1,4}))?")
_LAST_DAY = re.compile(r"L(?:-([0-9]{1,2}))?(W)?", re.IGNORECASE)
_NEAREST = re.compile(r"([0-9]{1,2})W", re.IGNORECASE)
_LAST_WEEKDAY = re.compile(r"([0-9]|[A-Za-z]{3})L", re.IGNORECASE)
_NTH_WEEKDAY = re.compile(r"([0-9]|[A-Za-z]{3})#([0-9])")


def parse(text: str) -> Cron:
    """The schedule that the line means; Invalid `schedule.cron`, naming the field and what it may hold."""
    line = text.strip()
    if len(line) > LONGEST:
        raise Invalid("schedule.cron", f"a schedule has at most {LONGEST} characters", thing="schedule")
    if line.startswith("@"):
        if line.lower() not in NICKNAMES:
            raise Invalid("schedule.cron", f"{line[:40]!r} is no schedule", thing=line[:40], hint=", ".join(NICKNAMES))
        line = NICKNAMES[line.lower()]
    fields = line.split()
    match len(fields):
        case 5:
            return _debian(text.strip(), fields)
        case 6 | 7:
            return _quartz(text.strip(), [*fields, "*"][:7])
        case count:
            raise Invalid(
                "schedule.cron",
                f"{text[:80]!r} has {count} fields",
                thing=text[:80],
                hint="five: minute hour day month weekday; six or seven: second minute hour day month weekday [year]",
            )


def _debian(text: str, fields: list[str]) -> Cron:
    minutes, hours, days, months, weekdays = (_values(kind, field) for kind, field in zip(_DEBIAN, fields, strict=True))
    return Cron(
        text,
        (0,),
        minutes,
        hours,
        frozenset(months),
        frozenset(range(FIRST_YEAR, LAST_YEAR + 1)),
        (_on_days(days),),
        (_on_weekdays({day % 7 for day in weekdays}),),
        is_either=not fields[2].startswith("*") and not fields[4].startswith("*"),
        is_interval=any(_is_open(field) for field in fields[:2]),
    )


def _quartz(text: str, fields: list[str]) -> Cron:
    if fields[3] == fields[5] == "?":
        raise Invalid("schedule.cron", "? stands for the day of the month or for the weekday, not for both", thing="?")
    restricted = [field for field in (fields[3], fields[5]) if field not in ("?", "*")]
    if len(restricted) == 2:
        raise Invalid(
            "schedule.cron",
            f"a day of the month ({fields[3][:40]}) and a weekday ({fields[5][:40]}) cannot both be given",
            thing=text[:80],
            hint="put ? for the one that does not matter",
        )
    values = {at: _values(_QUARTZ[at], fields[at]) for at in (0, 1, 2, 4, 6)}
    return Cron(
        text,
        values[0],
        values[1],
        values[2],
        frozenset(values[4]),
        frozenset(values[6]),
        tuple(_day_test(item) for item in fields[3].split(",")),
        tuple(_weekday_test(item) for item in fields[5].split(",")),
        is_either=False,
        is_interval=any(_is_open(field) for field in fields[:3]),
    )


def _is_open(field: str) -> bool:
    """Whether it has no fixed values: `*`, or one value from which steps go on to the end."""
    return any("*" in item or ("/" in item and "-" not in item) for item in field.split(","))


def _values(kind: _Kind, field: str) -> tuple[int, ...]:
    found: set[int] = set()
    for item in field.split(","):
        found |= _item(kind, item)
    return tuple(sorted(found))


def _item(kind: _Kind, item: str) -> set[int]:
    given = f"*{item}" if kind.is_quartz and item.startswith("/") else item
    read = _ITEM.fullmatch(given)
    if read is None or (read[1] == "*" and read[2]):
        _refuse(kind, item)
    step = int(read[3]) if read[3] else 1
    if step == 0 or step > kind.high:
        _refuse(kind, item, f"a step is 1-{kind.high}")
    if read[1] == "*":
        return set(range(kind.low, kind.high + 1, step))
    first = _number(kind, read[1], item)
    if read[2] is None:
        if not read[3]:
            return {first}
        if not kind.is_quartz:
            _refuse(kind, item, f"a step needs a range: {read[1]}-{kind.high}/{step}")
        if kind.shift and not read[1].isdigit():  # Quartz.NET means every second week by FRI/2, counted from anywhere
            _refuse(kind, item, "every so many weeks cannot be said; a step goes with numbers or a range")
        return set(range(first, kind.high + 1, step))
    last = _number(kind, read[2], item)
    if not kind.is_quartz and last == 0 < first and kind.high == 7:
        last = 7
    if first <= last:
        return set(range(first, last + 1, step))
    if not kind.is_quartz:
        _refuse(kind, item, "a range goes up")
    size = kind.high - kind.low + 1
    return {(at - kind.low) % size + kind.low for at in range(first, last + size + 1, step)}


def _number(kind: _Kind, text: str, item: str) -> int:
    if not text.isdigit():
        if kind.names is None or text.upper() not in kind.names:
            _refuse(kind, item)
        return kind.names[text.upper()] + kind.shift
    number = int(text)
    if not kind.low <= number <= kind.high:
        _refuse(kind, item)
    return number


def _refuse(kind: _Kind, item: str, hint: str = "") -> NoReturn:
    raise Invalid(
        "schedule.cron",
        f"{item[:40]!r} cannot be the {kind.name}",
        thing=item[:40],
        hint=hint or f"{kind.allowed}, *, lists and ranges",
    )


# Days of Quartz


def _day_test(item: str) -> DayTest:
    if item in ("?", "*"):
        return lambda day: True
    if last := _LAST_DAY.fullmatch(item):
        before, is_weekday = int(last[1] or 0), bool(last[2])
        if before > 30:
            _refuse(_QUARTZ[3], item, "L-0 to L-30")
        return lambda day: _is_nth(day, _length(day) - before, is_weekday=is_weekday)
    if nearest := _NEAREST.fullmatch(item):
        wanted = _number(_QUARTZ[3], nearest[1], item)
        return lambda day: _is_nth(day, wanted, is_weekday=True)
    return _on_days(_item(_QUARTZ[3], item))


def _is_nth(day: date, wanted: int, *, is_weekday: bool) -> bool:
    """Whether it is that day of its month, or the weekday nearest to it in the same month."""
    if not 1 <= wanted <= _length(day):
        return False
    found = day.replace(day=wanted)
    if is_weekday and found.weekday() == 5:
        found += timedelta(days=-1 if wanted > 1 else 2)
    elif is_weekday and found.weekday() == 6:
        found += timedelta(days=1 if wanted < _length(day) else -2)
    return day == found


def _weekday_test(item: str) -> DayTest:
    kind = _QUARTZ[5]
    if item in ("?", "*"):
        return lambda day: True
    if item.upper() == "L":
        return _on_weekdays({6})
    if last := _LAST_WEEKDAY.fullmatch(item):
        wanted = _number(kind, last[1], item) - 1
        return lambda day: _weekday(day) == wanted and day.day > _length(day) - 7
    if nth := _NTH_WEEKDAY.fullmatch(item):
        which, count = _number(kind, nth[1], item) - 1, int(nth[2])
        if not 1 <= count <= 5:
            _refuse(kind, item, "the first to the fifth of a month: #1 to #5")
        return lambda day: _weekday(day) == which and (day.day - 1) // 7 + 1 == count
    return _on_weekdays({number - 1 for number in _item(kind, item)})


def _on_days(numbers: set[int] | tuple[int, ...]) -> DayTest:
    wanted = frozenset(numbers)
    return lambda day: day.day in wanted


def _on_weekdays(numbers: set[int]) -> DayTest:
    wanted = frozenset(numbers)
    return lambda day: _weekday(day) in wanted


def _weekday(day: date) -> int:
    return day.isoweekday() % 7


def _length(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]
