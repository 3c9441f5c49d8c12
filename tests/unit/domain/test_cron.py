"""Schedules: against a clock that is watched minute by minute, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conformance.cron_rules import occurrences

from fairlead.domain.cron import NICKNAMES, parse
from fairlead.domain.errors import Invalid
from fairlead.domain.occurrences import next_after

FIRST = datetime(2020, 1, 1, tzinfo=UTC)
MOMENTS = st.integers(0, 20 * 366 * 86_400).map(lambda after_s: FIRST + timedelta(seconds=after_s))
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"])
WATCHED = timedelta(hours=30)


@st.composite
def fields(draw: st.DrawFn, low: int, high: int) -> tuple[str, set[int]]:
    """A field, and by other means what it holds."""
    kind = draw(st.sampled_from(["star", "value", "range", "step", "list"]))
    first, last = sorted((draw(st.integers(low, high)), draw(st.integers(low, high))))
    step = draw(st.integers(1, high))
    match kind:
        case "star":
            return "*", set(range(low, high + 1))
        case "value":
            return str(first), {first}
        case "range":
            return f"{first}-{last}", {at for at in range(low, high + 1) if first <= at <= last}
        case "step":
            return f"*/{step}", {at for at in range(low, high + 1) if (at - low) % step == 0}
        case _:
            return f"{first},{last}", {first, last}


@settings(max_examples=60)
@given(fields(0, 59), fields(0, 23), fields(1, 31), fields(1, 12), fields(0, 7), MOMENTS)
def test_five_fields_are_due_when_a_watch_in_utc_says_so(
    minutes: tuple[str, set[int]],
    hours: tuple[str, set[int]],
    days: tuple[str, set[int]],
    months: tuple[str, set[int]],
    weekdays: tuple[str, set[int]],
    start: datetime,
) -> None:
    parts = (minutes, hours, days, months, weekdays)
    cron = parse(" ".join(text for text, _ in parts))
    is_either = not days[0].startswith("*") and not weekdays[0].startswith("*")

    def is_due(at: datetime) -> bool:
        by_day, by_weekday = at.day in days[1], bool({at.isoweekday(), at.isoweekday() % 7} & weekdays[1])
        fits = by_day or by_weekday if is_either else by_day and by_weekday
        return fits and at.minute in minutes[1] and at.hour in hours[1] and at.month in months[1]

    first = start.replace(second=0, microsecond=0) + timedelta(minutes=1)
    watched = (first + timedelta(minutes=at) for at in range(int(WATCHED.total_seconds() // 60)))
    expected = next((at for at in watched if is_due(at)), None)
    found = next_after(cron, start, UTC)
    if expected is not None:
        assert found == expected
    else:
        assert found is None or (found >= first + WATCHED and is_due(found))


@settings(max_examples=40)
@given(
    st.sampled_from(["* * * * *", "*/7 * * * *", "*/20 1-3 * * *", "0 0/13 * ? * *", "*/40 30 * * * ?"]), ZONES, MOMENTS
)
def test_an_interval_is_due_whenever_the_clock_on_the_wall_shows_it(text: str, name: str, start: datetime) -> None:
    cron, zone = parse(text), ZoneInfo(name)
    around = min(
        (start + timedelta(days=at) for at in range(366)),
        key=lambda at: at.astimezone(zone).utcoffset() == (at + timedelta(days=1)).astimezone(zone).utcoffset(),
    )
    second = timedelta(seconds=1 if len(cron.seconds) > 1 else 60)
    at = around.replace(second=0, microsecond=0) + timedelta(minutes=1)
    due = []
    while len(due) < 50 and at < around + timedelta(days=2):
        shown = at.astimezone(zone)
        if shown.second in cron.seconds and shown.minute in cron.minutes and shown.hour in cron.hours:
            due.append(at)
        at += second
    assert list(islice(occurrences(cron, around + timedelta(seconds=59 - around.second), zone), len(due))) == due


@given(st.sampled_from(["30 2 * * *", "0 0 * * *", "15 10 1 * *", "0 30 1 ? * SUN"]), ZONES, MOMENTS)
def test_a_fixed_time_is_due_exactly_once_a_day_whatever_the_clocks_do(text: str, name: str, start: datetime) -> None:
    zone, cron = ZoneInfo(name), parse(text)
    found = list(islice(occurrences(cron, start, zone), 40))
    assert found == sorted(set(found)) and found[0] > start
    days = [moment.astimezone(zone).date() for moment in found]
    assert len(set(days)) == len(days)
    assert all(cron.fits(day) for day in days)


@pytest.mark.parametrize(
    ("text", "after", "expected"),
    [
        ("0 0 29 2 *", "2026-01-01T00:00+00:00", "2028-02-29T00:00+00:00"),
        ("0 0 * * fri-sun", "2026-11-28T12:00+00:00", "2026-11-29T00:00+00:00"),
        ("0 0 12 31W * ?", "2026-01-01T00:00+00:00", "2026-01-30T12:00+00:00"),
        ("0 0 12 15W * ?", "2026-02-01T00:00+00:00", "2026-02-16T12:00+00:00"),
        ("0 0 12 L-1W * ?", "2026-02-01T00:00+00:00", "2026-02-27T12:00+00:00"),
        ("0 0 12 ? * L", "2026-11-22T00:00+00:00", "2026-11-28T12:00+00:00"),
        ("0 0 12 ? * monl", "2026-11-01T00:00+00:00", "2026-11-30T12:00+00:00"),
        ("0 0 12 ? * 2#5", "2026-10-01T00:00+00:00", "2026-11-30T12:00+00:00"),
        ("0 0 12 ? NOV-JAN * 2027-2028", "2026-12-01T00:00+00:00", "2027-01-01T12:00+00:00"),
        ("/20 0 0 1,L * ?", "2026-11-29T00:00+00:00", "2026-11-30T00:00+00:00"),
        ("0 0 12 /5 /4 ?", "2026-08-20T00:00+00:00", "2026-09-01T12:00+00:00"),
        ("0 0 12 ? * /2", "2026-11-27T00:00+00:00", "2026-11-28T12:00+00:00"),
    ],
)
def test_days_of_quartz_and_debian(text: str, after: str, expected: str) -> None:
    assert next_after(parse(text), datetime.fromisoformat(after), UTC) == datetime.fromisoformat(expected)


def test_a_day_that_a_zone_skipped_whole_is_made_good_after_it() -> None:
    samoa = ZoneInfo("Pacific/Apia")
    found = next_after(parse("0 12 30 12 *"), datetime(2011, 12, 29, 20, tzinfo=samoa), samoa)
    assert found == datetime(2011, 12, 31, tzinfo=samoa)


def test_what_is_never_due_has_no_next() -> None:
    assert next_after(parse("0 0 30 2 *"), datetime(2026, 1, 1, tzinfo=UTC), UTC) is None
    assert next_after(parse("0 0 0 1 1 ? 2020"), datetime(2026, 1, 1, tzinfo=UTC), UTC) is None


@pytest.mark.parametrize("text", [*NICKNAMES, *(name.upper() for name in NICKNAMES)])
def test_nicknames_are_schedules(text: str) -> None:
    assert next_after(parse(text), datetime(2026, 1, 1, tzinfo=UTC), UTC) is not None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "0 fields"),
        ("* * * *", "4 fields"),
        ("@reboot", "@reboot"),
        ("61 * * * *", "minute"),
        ("* 24 * * *", "hour"),
        ("* * 0 * *", "day of the month"),
        ("* * * foo *", "month"),
        ("* * * * 8", "weekday"),
        ("5-1 * * * *", "minute"),
        ("*/0 * * * *", "minute"),
        ("1,,2 * * * *", "minute"),
        ("*-5 * * * *", "minute"),
        ("? * * * *", "minute"),
        ("0 0 0 L-31 * ?", "day of the month"),
        ("0 0 0 32W * ?", "day of the month"),
        ("0 0 0 ? * 2#6", "weekday"),
        ("0 0 0 ? * 0L", "weekday"),
        ("0 0 0 ? * THU,FRI/2", "weekday"),
        ("0 0 0 ? * /8", "weekday"),
        ("0 0 0 ? * ?", "?"),
        ("0 0 0 * * ? 1969", "year"),
        ("0 0 0 ١ * ?", "day of the month"),
        ("0 " * 300, "500"),
    ],
)
def test_a_bad_line_names_the_field(text: str, told: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse(text)
    assert refused.value.code == "schedule.cron"
    assert told in f"{refused.value} {refused.value.thing}"


@given(st.text(alphabet="0123456789*/-,?LW#@MON SUN\t٣", max_size=40))
def test_any_text_is_understood_or_refused_and_nothing_else(text: str) -> None:
    try:
        cron = parse(text)
    except Invalid as refused:
        assert refused.code == "schedule.cron"
    else:
        assert cron.seconds and cron.minutes and cron.hours and cron.months
