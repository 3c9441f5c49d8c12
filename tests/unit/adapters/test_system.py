"""The machine's time is aware, and its ids are unique, safe in names and sorted by their making."""

import re
from datetime import UTC

from fairlead.adapters.system import SystemClock, SystemIds


async def test_now_is_aware_utc_and_time_goes_forward():
    clock = SystemClock()
    before = clock.monotonic_s()
    await clock.sleep(0)
    assert clock.now().tzinfo is UTC and clock.monotonic_s() >= before


def test_ids_are_unique_sorted_and_safe_in_labels():
    ids = SystemIds()
    made = [ids.new("task") for _ in range(20_000)]
    assert len(set(made)) == len(made) and made == sorted(made)
    assert all(re.fullmatch(r"task-[0-9a-z]{19}", one) for one in made)


def test_a_clock_that_is_set_back_does_not_bring_ids_back(monkeypatch):
    ids, times = SystemIds(), iter([2_000_000_000, 1_000_000_000, 1_500_000_000])
    monkeypatch.setattr("fairlead.adapters.system.time.time_ns", lambda: next(times) * 1_000)
    made = [ids.new("x") for _ in range(3)]
    assert made == sorted(made) and len(set(made)) == 3


def test_secrets_have_the_size_that_was_asked():
    assert len(SystemIds().secret(32)) >= 43 and SystemIds().secret() != SystemIds().secret()
