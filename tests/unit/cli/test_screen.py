"""How values are shown to people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fairlead.cli.screen import ago

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(5, "5 s ago"), (90, "1 m ago"), (7200, "2 h ago"), (-20, "0 s ago"), (-7300, "in 2 h"), (-90 * 86400, "in 90 d")],
)
def test_a_time_is_told_as_people_say_it_past_or_to_come(seconds: int, said: str) -> None:
    assert ago((NOW - timedelta(seconds=seconds)).isoformat(), now=NOW) == said
