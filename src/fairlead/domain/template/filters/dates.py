"""Filters of dates and of formats, as .NET has them in its invariant culture; a date without a zone stays so."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone

from fairlead.domain.template.evaluation import Filter
from fairlead.domain.template.filters.number_formats import decimal_of, formatted_number
from fairlead.domain.template.filters.text import whole
from fairlead.domain.template.numbers import read_number

MONTHS = tuple(calendar.month_name)[1:]
DAYS = tuple(calendar.day_name)

_SECONDS = r"(?::(?P<second>\d{2})(?:\.(?P<fraction>\d{1,9}))?)?"
_CLOCK = rf"(?:[ T]+(?P<hour>\d{{1,2}}):(?P<minute>\d{{2}}){_SECONDS}\s*(?P<half>[AaPp][Mm])?)?"
_ZONE = r"\s*(?P<zone>[Zz]|[Gg][Mm][Tt]|[+-]\d{2}:?\d{2})?"
_SHORT_MONTHS = tuple(name[:3].lower() for name in MONTHS)
_NAMES = "|".join(_SHORT_MONTHS)
_SHAPES = tuple(
    re.compile(rf"\s*(?:{'|'.join(day[:3] for day in DAYS)})?\w*,?\s*{date}{_CLOCK}{_ZONE}\s*", re.IGNORECASE)
    for date in (
        r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})",
        r"(?P<month>\d{1,2})[-/.](?P<day>\d{1,2})[-/.](?P<year>\d{4})",
        rf"(?P<day>\d{{1,2}})[- ](?P<name>{_NAMES})\w*[- ,]+(?P<year>\d{{4}})",
        rf"(?P<name>{_NAMES})\w*\s+(?P<day>\d{{1,2}}),?\s+(?P<year>\d{{4}})",
    )
)
_SIXTY = r"0*[0-5]?\d"
_HOURS = r"0*(?:1?\d|2[0-3])"
_DURATIONS = tuple(
    re.compile(rf"\s*(?P<sign>-)?{form}\s*")
    for form in (
        r"(?P<days>\d{1,8})",
        rf"(?:(?P<days>\d{{1,8}})\.)?(?P<hours>{_HOURS}):(?P<minutes>{_SIXTY})(?::(?P<seconds>{_SIXTY}(?:\.\d{{1,7}})?))?",
        rf"(?P<days>\d{{1,8}}):(?P<hours>{_HOURS}):(?P<minutes>{_SIXTY}):(?P<seconds>{_SIXTY}(?:\.\d{{1,7}})?)",
        rf"(?P<days>\d{{1,8}}):(?P<hours>{_HOURS}):(?P<minutes>{_SIXTY})",
    )
)
"""As .NET reads a TimeSpan, the first form that fits: ``23:00:00`` is of hours, ``24:00:00`` of days."""
_TOKENS = re.compile(
    r"'[^']*'|\"[^\"]*\"|\\.|%?(?:d+|M+|y+|H+|h+|m+|s+|f{1,7}|F{1,7}|t+|z+|g+|K)|.",
    re.DOTALL,
)
_WHOLE_FORMATS = {
    "d": "MM/dd/yyyy",
    "D": "dddd, dd MMMM yyyy",
    "f": "dddd, dd MMMM yyyy HH:mm",
    "F": "dddd, dd MMMM yyyy HH:mm:ss",
    "g": "MM/dd/yyyy HH:mm",
    "G": "MM/dd/yyyy HH:mm:ss",
    "m": "MMMM dd",
    "M": "MMMM dd",
    "o": "yyyy-MM-ddTHH:mm:ss.fffffffK",
    "O": "yyyy-MM-ddTHH:mm:ss.fffffffK",
    "r": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    "R": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    "s": "yyyy-MM-ddTHH:mm:ss",
    "t": "HH:mm",
    "T": "HH:mm:ss",
    "u": "yyyy-MM-dd HH:mm:ss'Z'",
    "y": "yyyy MMMM",
    "Y": "yyyy MMMM",
}
ROUND_TRIP = "O"
_ALWAYS_UTC = ("r", "R", "u")


def read_date(text: str) -> datetime | None:
    """The moment, aware where the text names a zone; None where it is no date."""
    for shape in _SHAPES:
        if found := shape.fullmatch(text):
            try:
                return _made(found.groupdict())
            except ValueError:
                return None
    return None


def formatted(moment: datetime, form: str) -> str:
    """As that format has it, a whole format by one letter or a pattern."""
    pattern = _WHOLE_FORMATS.get(form, form)
    return "".join(_piece(moment, token) for token in _TOKENS.findall(pattern))


def of_now(now: Callable[[], datetime]) -> dict[str, Filter]:
    """NowDate in the zone of `now`, without telling it; NowDateUtc."""

    def filter_of(moment: Callable[[], datetime]) -> Filter:
        def apply(value: str | None, options: Sequence[str]) -> str | None:
            if value is not None or len(options) > 1:
                return None
            form = options[0] if options else ROUND_TRIP
            return formatted(moment(), form) if _is_format(form) else None

        return apply

    return {
        "nowdate": filter_of(lambda: now().replace(tzinfo=None)),
        "nowdateutc": filter_of(lambda: now().astimezone(UTC)),
    }


def _is_format(form: str) -> bool:
    """One letter is a whole format; of them only some are."""
    return len(form) != 1 or form in _WHOLE_FORMATS


def _made(found: dict[str, str | None]) -> datetime:
    name = found.get("name")
    month = _SHORT_MONTHS.index(name.lower()) + 1 if name else int(found["month"] or 0)
    hour = int(found["hour"] or 0)
    if found["half"]:
        hour = hour % 12 + (12 if found["half"].lower() == "pm" else 0)
    microsecond = int((found["fraction"] or "0").ljust(6, "0")[:6])
    zone = _zone(found["zone"])
    return datetime(
        int(found["year"] or 0), month, int(found["day"] or 0), hour, int(found["minute"] or 0),
        int(found["second"] or 0), microsecond, zone,
    )  # fmt: skip


def _zone(text: str | None) -> timezone | None:
    if not text:
        return None
    if text[0] not in "+-":
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


def _piece(moment: datetime, token: str) -> str:
    if token[0] in "'\"" and len(token) > 1:
        return token[1:-1]
    if token[0] == "\\" and len(token) > 1:
        return token[1]
    token = token.removeprefix("%") or token
    writes = _WRITES.get(token[0])
    return token if writes is None else writes(moment, len(token))


def _two(number: int, width: int) -> str:
    return str(number).zfill(min(width, 2))


def _day(moment: datetime, width: int) -> str:
    name = DAYS[moment.weekday()]
    return str(moment.day).zfill(width) if width <= 2 else (name[:3] if width == 3 else name)


def _month(moment: datetime, width: int) -> str:
    name = MONTHS[moment.month - 1]
    return str(moment.month).zfill(width) if width <= 2 else (name[:3] if width == 3 else name)


def _year(moment: datetime, width: int) -> str:
    return str(moment.year % 100).zfill(width) if width <= 2 else str(moment.year).zfill(width)


def _fraction(moment: datetime, width: int) -> str:
    return f"{moment.microsecond:06}0"[:width]


def _half(moment: datetime, width: int) -> str:
    return ("AM" if moment.hour < 12 else "PM")[:width]


def _offset(moment: datetime, width: int) -> str:
    minutes = round((moment.utcoffset() or timedelta()).total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{hours}" if width == 1 else f"{sign}{hours:02}" + (f":{rest:02}" if width >= 3 else "")


def _kind(moment: datetime, width: int) -> str:
    if moment.tzinfo is None:
        return ""
    return "Z" if moment.tzinfo is UTC else _offset(moment, 3)


_WRITES: dict[str, Callable[[datetime, int], str]] = {
    "d": _day,
    "M": _month,
    "y": _year,
    "H": lambda moment, width: _two(moment.hour, width),
    "h": lambda moment, width: _two((moment.hour - 1) % 12 + 1, width),
    "m": lambda moment, width: _two(moment.minute, width),
    "s": lambda moment, width: _two(moment.second, width),
    "f": _fraction,
    "F": lambda moment, width: _fraction(moment, width).rstrip("0"),
    "t": _half,
    "z": _offset,
    "g": lambda _moment, _width: "A.D.",
    "K": _kind,
}


# filters


def _shifted(by: Callable[[datetime, str], datetime | None]) -> Filter:
    def apply(value: str | None, options: Sequence[str]) -> str | None:
        moment = read_date(value) if value is not None else None
        if moment is None or len(options) != 1:
            return None
        try:
            then = by(moment, options[0])
        except (OverflowError, ValueError):
            return None
        return None if then is None else formatted(then, ROUND_TRIP)

    return apply


def _by(unit: timedelta) -> Filter:
    def shift(moment: datetime, option: str) -> datetime | None:
        amount = read_number(option)
        return None if amount is None else moment + unit * amount

    return _shifted(shift)


def _by_months(moment: datetime, option: str) -> datetime | None:
    """Whole months; the 31st becomes the last of a shorter one."""
    months = whole(option)
    if months is None:
        return None
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return moment.replace(year=year, month=month + 1, day=min(moment.day, last))


def _by_duration(moment: datetime, option: str) -> datetime | None:
    found = next((match.groupdict() for form in _DURATIONS if (match := form.fullmatch(option))), None)
    if found is None:
        return None
    units = ("days", "hours", "minutes", "seconds")
    duration = timedelta(**{unit: float(found.get(unit) or 0) for unit in units})
    return moment - duration if found["sign"] else moment + duration


def _format(value: str | None, options: Sequence[str]) -> str | None:
    """With one option a number if it is one, else a date; with two the first says what it is."""
    if value is None or not 1 <= len(options) <= 2:
        return None
    kind, form = ("", options[0]) if len(options) == 1 else (options[0].lower(), options[1])
    number = decimal_of(value) if kind in ("", "int", "int32", "double", "decimal") else None
    if number is not None and (kind not in ("int", "int32") or number == int(number)):
        return formatted_number(number, form, is_whole=kind in ("int", "int32"), keeps_zeros=kind in ("", "decimal"))
    moment = read_date(value) if kind in ("", "date", "datetime", "datetimeoffset") else None
    if moment is None or not _is_format(form):
        return None
    return formatted(_with_offset(moment, form) if kind in ("", "datetimeoffset") else moment, form)


def _with_offset(moment: datetime, form: str) -> datetime:
    """As a .NET DateTimeOffset is formatted: its offset is always told, in figures; in UTC where the format says so."""
    offset = moment.utcoffset() or timedelta()
    named = moment.replace(tzinfo=timezone(offset, "offset"))
    return named.astimezone(UTC) if form in _ALWAYS_UTC else named


FILTERS: dict[str, Filter] = {
    "addseconds": _by(timedelta(seconds=1)),
    "addminutes": _by(timedelta(minutes=1)),
    "addhours": _by(timedelta(hours=1)),
    "adddays": _by(timedelta(days=1)),
    "addweeks": _by(timedelta(weeks=1)),
    "addmonths": _shifted(_by_months),
    "addtimespan": _shifted(_by_duration),
    "format": _format,
}
