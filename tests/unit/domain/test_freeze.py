"""When freezes hold, and which contradict themselves; and when a deployment may be scheduled for."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from fairlead.domain.errors import Invalid
from fairlead.domain.freeze import Freeze, check
from fairlead.domain.ids import EnvironmentId, ProjectId, TenantId
from fairlead.domain.timing import check_timing
from fairlead.domain.zones import zone_named

START = datetime(2026, 12, 1, tzinfo=UTC)
ONCE = Freeze("f", "Holidays", START, START + timedelta(days=2), START)
FRIDAYS = Freeze("f", "Fridays", START, None, START, cron="0 18 * * FRI", zone="Europe/Berlin", lasts_s=60 * 3600)


def test_one_holds_from_its_start_up_to_its_end() -> None:
    assert ONCE.until(START, UTC) == ONCE.ends_at
    assert ONCE.until(START - timedelta(seconds=1), UTC) is None
    assert ONCE.until(START + timedelta(days=2), UTC) is None


def test_a_recurring_one_holds_for_its_time_from_each_moment_in_its_zone() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    friday = datetime(2026, 12, 4, 18, tzinfo=berlin)
    assert FRIDAYS.until(friday - timedelta(seconds=1), berlin) is None
    assert FRIDAYS.until(friday, berlin) == friday + timedelta(hours=60)
    assert FRIDAYS.until(friday + timedelta(hours=59, minutes=59), berlin) is not None
    assert FRIDAYS.until(friday + timedelta(hours=60), berlin) is None
    assert replace(FRIDAYS, ends_at=friday).until(friday, berlin) is None


def test_times_that_run_into_one_another_end_with_the_last() -> None:
    at = datetime(2026, 12, 1, 12, 30, tzinfo=UTC)
    thrice = replace(FRIDAYS, cron="0 10,11,12 * * *", zone="UTC", lasts_s=2 * 3600)
    assert thrice.until(at.replace(hour=10), UTC) == at.replace(hour=14, minute=0)
    assert thrice.until(at.replace(hour=14, minute=0), UTC) is None
    ever = replace(thrice, cron="* * * * *", lasts_s=300)
    held = ever.until(at, UTC)
    assert held is not None and held >= at + timedelta(hours=1)


def test_one_for_tenants_binds_what_is_for_them_alone() -> None:
    acme, bolt = TenantId("acme"), TenantId("bolt")
    one = replace(ONCE, tenants=(acme,))
    places = [(ProjectId("x"), EnvironmentId("y"), tenant) for tenant in (acme, bolt, None)]
    assert [one.covers(*place) for place in places] == [True, False, False]
    assert all(ONCE.covers(*place) for place in places)


def test_it_covers_what_it_names_and_all_where_it_names_none() -> None:
    books, live = ProjectId("books"), EnvironmentId("live")
    assert ONCE.covers(books, live)
    some = replace(ONCE, projects=(books,), environments=(live,))
    assert some.covers(books, live)
    assert not some.covers(ProjectId("x"), live) and not some.covers(books, EnvironmentId("x"))


@pytest.mark.parametrize(
    "wrong",
    [
        replace(ONCE, ends_at=START),
        replace(ONCE, ends_at=None),
        replace(ONCE, lasts_s=60),
        replace(ONCE, name=" "),
        replace(FRIDAYS, lasts_s=0),
        replace(FRIDAYS, cron="* * *"),
        replace(FRIDAYS, cron="0 0 31 4 *"),
        replace(FRIDAYS, cron="0 0 0 ? * MON 2020"),
        replace(FRIDAYS, cron="0 0 25 12 *", starts_at=START, ends_at=START + timedelta(days=3)),
    ],
)
def test_one_that_never_holds_is_refused(wrong: Freeze) -> None:
    with pytest.raises(Invalid):
        check(wrong)


def test_a_time_is_neither_past_nor_too_far_nor_over_before_it_begins() -> None:
    now, hour = START, timedelta(hours=1)
    check_timing(None, None, now=now)
    check_timing(now + hour, now + 2 * hour, now=now)
    for not_before, not_after, code in (
        (now - hour, None, "schedule.past"),
        (now + timedelta(days=31), None, "schedule.too_far"),
        (now + hour, now + hour, "schedule.expiry"),
        (None, now, "schedule.expiry"),
    ):
        with pytest.raises(Invalid) as refused:
            check_timing(not_before, not_after, now=now)
        assert refused.value.code == code


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc/passwd", "a\0b"])
def test_a_zone_that_there_is_not_is_named(name: str) -> None:
    with pytest.raises(Invalid) as refused:
        zone_named(name)
    assert refused.value.code == "schedule.zone"
