"""Hypothesis looks for versions without an order, and for scopes whose winner depends on the order of asking."""

from hypothesis import given
from hypothesis import strategies as st

from fairlead.domain.variable import Dimension, Variable, resolve
from fairlead.domain.version import next_version, parse

LABELS = st.text("abAB019-._", min_size=1, max_size=8).filter(lambda text: text[0] not in "-._")
VERSIONS = st.builds(
    lambda numbers, label: ".".join(map(str, numbers)) + (f"-{label}" if label else ""),
    st.lists(st.integers(0, 30), min_size=1, max_size=4),
    st.none() | LABELS,
)
ENTRIES = st.frozensets(st.sampled_from("abc"), max_size=3)
SCOPES = st.dictionaries(st.sampled_from(list(Dimension)), ENTRIES, max_size=4)
VARIABLES = st.lists(SCOPES, min_size=1, max_size=6).map(
    lambda scopes: [Variable(f"{number:02d}", "Name", scope=scope) for number, scope in enumerate(scopes)]
)


@given(VERSIONS, VERSIONS, VERSIONS)
def test_versions_have_a_total_order(one: str, two: str, three: str) -> None:
    a, b, c = parse(one), parse(two), parse(three)
    assert (a < b) + (a == b) + (a > b) == 1
    if a <= b <= c:
        assert a <= c


@given(VERSIONS, st.sampled_from(["c.i.0", "c.c.i", "i.0.0", "c.c.c.i"]))
def test_the_next_version_is_higher(latest: str, mask: str) -> None:
    assert parse(next_version([latest], mask)) > parse(latest)


@given(VARIABLES, SCOPES, st.randoms(use_true_random=False))
def test_the_winner_does_not_depend_on_the_order_of_asking(found: list[Variable], at: dict, dice) -> None:  # type: ignore[no-untyped-def,type-arg]
    first = resolve(found, at)
    shuffled = list(found)
    dice.shuffle(shuffled)
    assert resolve(shuffled, at) == first


@given(VARIABLES, SCOPES)
def test_every_variable_wins_or_is_told_why_not(found: list[Variable], at: dict) -> None:  # type: ignore[type-arg]
    resolution = resolve(found, at)
    assert resolution is not None
    told = {lost.variable.id for lost in resolution.losers} | ({resolution.winner.id} if resolution.winner else set())
    assert told == {variable.id for variable in found}
    assert all(lost.reason for lost in resolution.losers)
