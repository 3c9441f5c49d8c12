"""Variables: which wins where, why the others lost, and what changed between snapshots."""

from fairlead.domain.ids import LibrarySetId, ProjectId, SecretVersionId
from fairlead.domain.text import SecretRef
from fairlead.domain.variable import Dimension, Scope, Variable, differences, resolve, resolve_all, scope_key

PROJECT = ProjectId("p")
AT: Scope = {
    Dimension.ENVIRONMENT: frozenset({"prod"}),
    Dimension.TARGET_TAG: frozenset({"web", "eu"}),
    Dimension.CHANNEL: frozenset({"main"}),
}


def variable(id: str, value: str = "", *, library_set: str = "", **scope: str) -> Variable:
    named = {Dimension(name): frozenset(entries.split()) for name, entries in scope.items()}
    if library_set:
        return Variable(id, "Db.Host", value or id, scope=named, library_set=LibrarySetId(library_set))
    return Variable(id, "Db.Host", value or id, scope=named, project=PROJECT)


def winner(*found: Variable, at: Scope = AT) -> str | None:
    resolution = resolve(found, at)
    assert resolution is not None
    return resolution.winner.id if resolution.winner else None


def why(loser: str, *found: Variable) -> str:
    resolution = resolve(found, AT)
    assert resolution is not None
    return next(lost.reason for lost in resolution.losers if lost.variable.id == loser)


def test_without_any_there_is_no_answer() -> None:
    assert resolve([], AT) is None


def test_a_scope_fits_with_one_entry_in_each_of_its_dimensions() -> None:
    assert winner(variable("a", environment="test prod", channel="main")) == "a"
    assert winner(variable("a", environment="prod", channel="beta")) is None
    assert why("a", variable("a", environment="prod", channel="beta")) == "its channel does not fit"


def test_scoped_beats_unscoped() -> None:
    found = variable("a"), variable("b", environment="prod")
    assert winner(*found) == "b"
    assert why("a", *found) == "another is more specific: its scope names the environment"


def test_the_higher_rank_beats_any_number_of_lower_ones() -> None:
    assert winner(variable("a", environment="prod", channel="main"), variable("b", target_tag="web")) == "b"


def test_more_dimensions_beat_fewer_of_the_same_rank() -> None:
    assert winner(variable("a", environment="prod"), variable("b", environment="prod", channel="main")) == "b"


def test_a_tag_that_the_step_targets_beats_another_tag_of_the_target() -> None:
    found = variable("a", target_tag="eu"), variable("b", target_tag="web")
    assert winner(*found) == "a"
    assert winner(*found, at={**AT, Dimension.TARGETED_TAG: frozenset({"web"})}) == "b"
    assert winner(*found, at={**AT, Dimension.TARGETED_TAG: frozenset({"db"})}) == "a"


def test_a_tag_that_the_step_targets_and_the_target_lacks_does_not_make_a_variable_apply() -> None:
    at = {**AT, Dimension.TARGETED_TAG: frozenset({"db"})}
    assert winner(variable("a", target_tag="db"), at=at) is None


def test_at_equal_rank_the_projects_own_beats_a_library_sets_however_many_entries_it_names() -> None:
    shared, own = variable("a", library_set="l", environment="prod"), variable("b", environment="prod test")
    assert winner(shared, own) == "b"
    assert why("a", shared, own) == "the project's own comes before one of a library set"
    assert winner(variable("a", library_set="l", environment="prod"), variable("b")) == "a"


def test_a_tie_goes_to_the_narrower_then_the_first_made_and_is_told() -> None:
    wide, narrow = variable("a", environment="prod test"), variable("b", environment="prod")
    assert winner(wide, narrow) == "b"
    assert why("a", wide, narrow) == "another names fewer entries (a tie: do not rely on it)"
    first, second = variable("a", library_set="one"), variable("b", library_set="two")
    assert winner(second, first) == "a"
    assert why("b", first, second) == "another of the same rank was made first (a tie: do not rely on it)"
    resolution = resolve([first, second, narrow, wide], AT)
    assert resolution is not None and resolution.tied == (wide,)


def test_names_that_differ_in_case_only_are_one_name() -> None:
    low = Variable("b", "db.host", "low", scope={Dimension.ENVIRONMENT: frozenset({"prod"})})
    found = resolve_all([low, variable("a")], AT)
    assert list(found) == ["Db.Host"]
    assert found["Db.Host"].winner == low


def test_a_secret_is_handed_on_by_reference() -> None:
    secret = Variable("a", "Db.Password", secret=SecretVersionId("sec-1"))
    assert secret.is_secret
    assert secret.text == SecretRef(SecretVersionId("sec-1"), "Db.Password")


def test_equal_scopes_have_one_spelling() -> None:
    one = {Dimension.CHANNEL: frozenset({"b", "a"}), Dimension.ENVIRONMENT: frozenset({"x"})}
    other = {Dimension.STEP: frozenset[str](), **dict(reversed(one.items()))}
    assert scope_key(one) == scope_key(other) == "channel=a,b;environment=x"


def test_differences_name_what_was_added_changed_and_taken_away_without_a_secret() -> None:
    kept, changed, gone = Variable("1", "Kept", "k"), Variable("2", "Changed", "old"), Variable("3", "Gone", "g")
    renewed = Variable("2", "Changed", secret=SecretVersionId("sec-9"))
    found = differences([kept, changed, gone], [kept, renewed, Variable("4", "New", "n")])
    assert [(change.name, change.old, change.new) for change in found] == [
        ("Changed", "old", "secret sec-9"),
        ("Gone", "g", None),
        ("New", None, "n"),
    ]
