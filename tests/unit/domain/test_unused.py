"""Which packages and build information go: what is named stays, the rest goes by age."""

from datetime import UTC, datetime, timedelta

import pytest

from fairlead.domain.unused import Needs, Noun, Stored, judged

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def stored(noun: Noun, name: str, version: str, days: int) -> Stored:
    return Stored(noun, f"{noun}-{name}-{version}", name, version, NOW - timedelta(days=days))


@pytest.mark.parametrize(
    ("keep_days", "days", "named", "is_kept"),
    [(0, 9000, "", True), (30, 31, "", False), (30, 30, "", True), (30, 31, "1.0", True), (30, 31, "2.0", False)],
)
def test_a_package_goes_by_the_days_of_the_feed_unless_it_is_named(
    keep_days: int, days: int, named: str, is_kept: bool
) -> None:
    needs = Needs(frozenset({("tools", named)}), frozenset())
    [found] = judged([stored("package", "Tools", "1.0", days)], needs, keep_days=keep_days, now=NOW)
    assert found.is_kept is is_kept and found.words


def test_the_newest_that_a_process_takes_stays() -> None:
    needs = Needs(frozenset(), frozenset({("tools", "2.0")}))
    both = [stored("package", "Tools", version, 90) for version in ("1.0", "2.0")]
    assert [one.is_kept for one in judged(both, needs, keep_days=1, now=NOW)] == [False, True]


def test_build_information_goes_with_its_package_or_after_a_hundred_days() -> None:
    things = [
        stored("package", "Tools", "1.0", 400),
        stored("build information", "tools", "1.0", 1),
        stored("build information", "web", "1.0", 101),
        stored("build information", "web", "2.0", 99),
    ]
    none = Needs(frozenset(), frozenset())
    for keep_days, kept in ((0, [True, True, False, True]), (30, [False, False, False, True])):
        assert [one.is_kept for one in judged(things, none, keep_days=keep_days, now=NOW)] == kept
