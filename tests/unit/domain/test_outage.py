"""An outage is told when it begins, seldom while it lasts, and when it is over."""

from fairlead.domain.outage import TOLD_AGAIN_S, Outage


def test_it_is_told_when_it_begins_and_with_how_long_it_took_when_it_is_over() -> None:
    outage = Outage()
    assert outage.worked(5.0) is None
    assert [outage.failed("engine.unreachable", 10.0 + second) for second in range(100)] == [True] + [False] * 99
    assert outage.worked(110.0) == ("engine.unreachable", 100.0, 100)
    assert outage.worked(111.0) is None
    assert outage.failed("engine.unreachable", 112.0), "another one"


def test_while_it_lasts_it_is_told_seldom_and_where_it_changes() -> None:
    outage = Outage()
    told = [second for second in range(0, int(3 * TOLD_AGAIN_S), 10) if outage.failed("a", float(second))]
    assert told == [0, int(TOLD_AGAIN_S), int(2 * TOLD_AGAIN_S)]
    assert outage.failed("b", 3 * TOLD_AGAIN_S - 5)
    assert not outage.failed("b", 3 * TOLD_AGAIN_S - 4)
