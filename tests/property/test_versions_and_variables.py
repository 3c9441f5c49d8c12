"""Hypothesis looks for versions without an order, and for scopes whose winner depends on the order of asking."""

from hypothesis import given
from hypothesis import strategies as st

from fairlead.domain.variable import SETTABLE, Dimension, Variable, resolve
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


def everywhere(scope: dict) -> dict:  # type: ignore[type-arg]
    """A place where all that the scope names is so."""
    return {dimension: entries or frozenset({"z"}) for dimension, entries in scope.items()}


@given(SCOPES, st.sampled_from(SETTABLE), SCOPES)
def test_a_scope_that_names_more_beats_the_same_that_names_less(scope: dict, more: Dimension, at: dict) -> None:  # type: ignore[type-arg]
    less = {dimension: entries for dimension, entries in scope.items() if dimension in SETTABLE and dimension != more}
    both = {**less, more: frozenset({"z"})}
    found = [Variable("1", "Name", scope=less), Variable("2", "Name", scope=both)]
    resolution = resolve(found, {**at, **everywhere(both)})
    assert resolution is not None and resolution.winner == found[1]


@given(st.sampled_from(SETTABLE), st.data())
def test_one_higher_rank_beats_every_lower_one_together(higher: Dimension, data: st.DataObject) -> None:
    lower = [dimension for dimension in SETTABLE if SETTABLE.index(dimension) > SETTABLE.index(higher)]
    named = data.draw(st.sets(st.sampled_from(lower)) if lower else st.just(set[Dimension]()))
    one = {higher: frozenset({"a"})}
    many = {dimension: frozenset({"a"}) for dimension in named}
    found = [Variable("1", "Name", scope=many), Variable("2", "Name", scope=one)]
    resolution = resolve(found, {**one, **many})
    assert resolution is not None and resolution.winner == found[1]
