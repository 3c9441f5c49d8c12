"""The figures of insights, by the examples of Octopus' documents and what they leave open."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fairlead.domain.ids import ChannelId, EnvironmentId, ReleaseId, TenantId
from fairlead.domain.insights import Completion, Figures, Made, Spot, figures, in_words, lead_times, recoveries

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
MAIN, HOTFIX = ChannelId("main"), ChannelId("hotfix")
TEST: Spot = (EnvironmentId("test"), None)
LIVE: Spot = (EnvironmentId("live"), None)
ACME: Spot = (EnvironmentId("live"), TenantId("acme"))


def made(id: str, hour: float, channel: ChannelId = MAIN) -> Made:
    return Made(ReleaseId(id), channel, NOON + timedelta(hours=hour))


def done(release: str, hour: float, how: str = "ok", spot: Spot = LIVE, channel: ChannelId = MAIN) -> Completion:
    return Completion(spot, ReleaseId(release), channel, NOON + timedelta(hours=hour), how == "ok")


def hours(seconds: tuple[float | None, ...]) -> list[float | None]:
    return [None if one is None else one / 3600 for one in seconds]


RELEASES = [made("r0", 0), made("r1", 1), made("r2", 2), made("r3", 3)]


@pytest.mark.parametrize(
    ("said", "completions", "before", "leads"),
    [
        ("one release", [done("r0", 5)], {}, [5]),
        ("what was left out counts from its making", [done("r0", 0.5), done("r2", 5)], {}, [0.5, 4]),
        (
            "a failure delivers nothing",
            [done("r0", 0.5), done("r2", 3, "bad"), done("r2", 5)],
            {},
            [0.5, None, 4],
        ),
        ("the same again brings nothing", [done("r0", 1), done("r0", 5)], {}, [1, None]),
        (
            "going back brings nothing, forward only what is new",
            [done("r1", 2), done("r0", 3), done("r2", 6)],
            {},
            [2, None, 4],
        ),
        ("what came before the span is delivered", [done("r2", 5)], {(LIVE, MAIN): ReleaseId("r1")}, [3]),
        ("each place for itself", [done("r0", 1, spot=TEST), done("r1", 2, spot=TEST), done("r1", 9)], {}, [1, 1, 9]),
        ("each tenant for itself", [done("r0", 1), done("r1", 4, spot=ACME), done("r1", 4)], {}, [1, 4, 3]),
        ("all of its releases are gone", [done("x9", 9)], {(LIVE, MAIN): ReleaseId("x1")}, [None]),
    ],
)
def test_the_lead_time_is_that_of_the_earliest_release_that_was_brought(
    said: str, completions: list[Completion], before: dict[tuple[Spot, ChannelId], ReleaseId], leads: list[float | None]
) -> None:
    assert hours(lead_times(completions, RELEASES, before)) == leads, said


def test_a_release_brings_none_of_another_channel() -> None:
    several = [*RELEASES, made("r4", 4, HOTFIX)]
    completions = [done("r0", 1), done("r4", 5, channel=HOTFIX), done("r3", 6)]
    assert hours(lead_times(completions, several, {})) == [1, 1, 5]


@pytest.mark.parametrize(
    ("said", "completions", "waits"),
    [
        ("the same again", [done("r1", 1, "bad"), done("r1", 3)], [2, None]),
        ("another release", [done("r1", 1, "bad"), done("r2", 2, "bad"), done("r0", 5)], [4, 3, None]),
        ("not yet", [done("r1", 1), done("r2", 2, "bad")], [None, None]),
        (
            "each environment for itself",
            [done("r1", 1, "bad"), done("r1", 2, spot=TEST), done("r1", 4)],
            [3, None, None],
        ),
        ("each tenant for itself", [done("r1", 1, "bad", ACME), done("r1", 2)], [None, None]),
    ],
)
def test_a_failure_recovers_with_the_next_success_in_its_place(
    said: str, completions: list[Completion], waits: list[float | None]
) -> None:
    assert hours(recoveries(completions)) == waits, said


def test_figures_are_counts_a_share_and_means() -> None:
    completions = [done("r0", 1), done("r1", 2, "bad"), done("r1", 4), done("r2", 5, "bad")]
    found = figures(completions, RELEASES, {})
    assert found == Figures(4, 2, 2, 0.5, (1 + 3) / 2 * 3600, 2 * 3600, 1)


def test_of_nothing_there_is_no_share_and_no_mean() -> None:
    assert figures([], RELEASES, {}) == Figures(0, 0, 0, None, None, None, 0)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(None, ""), (0, "0 s"), (0.4, "0 s"), (61, "1 m 1 s"), (3600, "1 h"), (93_784, "1 d 2 h"), (-5, "0 s")],
)
def test_a_length_of_time_in_its_two_largest_units(seconds: float | None, said: str) -> None:
    assert in_words(seconds) == said
