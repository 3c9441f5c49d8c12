"""Retention of releases, and on targets: what the sample cases leave out."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from fairlead.domain.retention import KEEP_ALL, Candidate, Keep, fates, protected
from fairlead.domain.target_retention import JournalEntry, clearance

NOW = datetime(2026, 11, 28, tzinfo=UTC)


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def test_days_are_counted_from_the_last_deployment_to_the_phase() -> None:
    candidates = [
        Candidate("2", ago(90), {"Test": ago(3)}),
        Candidate("1", ago(90), {"Test": ago(30)}),
        Candidate("0", ago(90), {}),
    ]
    found = fates(candidates, {"Test": Keep(days=7)}, Keep(days=7), now=NOW)
    assert [fate.is_kept for fate in found] == [True, False, False]


def test_what_is_under_way_stays_and_takes_no_place() -> None:
    candidates = [Candidate("2", NOW, {}, "under_way"), Candidate("1", NOW, {})]
    first, second = fates(candidates, {}, Keep(releases=1), now=NOW)
    assert first.is_kept and "under way" in first.words
    assert second.is_kept and second.words == "undeployed kept 0"


def test_the_present_one_of_a_place_is_no_way_back_of_another() -> None:
    assert protected({"Test": ["3", "2"], "Production": ["2", "1"], "Empty": []}) == {
        "3": "dashboard",
        "2": "dashboard",
        "1": "previous",
    }


@given(st.lists(st.sampled_from(["", "A", "B", "AB"]), max_size=30), st.integers(0, 5), st.integers(0, 5))
def test_each_counter_keeps_so_many_and_not_more(deployed: list[str], of_a: int, of_b: int) -> None:
    candidates = [Candidate(str(at), NOW, dict.fromkeys(names, NOW)) for at, names in enumerate(deployed)]
    rules = {"A": Keep(releases=of_a), "B": Keep(releases=of_b)}
    found = fates(candidates, rules, KEEP_ALL, now=NOW)
    for name, count in (("A", of_a), ("B", of_b)):
        in_phase = [fate for fate, names in zip(found, deployed, strict=True) if name in names]
        kept_by_it = [fate for fate in in_phase for one in fate.counts if one.counter == name and one.place is not None]
        assert kept_by_it == in_phase[:count]
    assert all(fate.is_kept for fate, names in zip(found, deployed, strict=True) if not names)


@given(
    st.lists(st.tuples(st.integers(0, 9), st.sampled_from([None, "x", "y", "z"]), st.booleans()), max_size=12),
    st.integers(0, 3),
)
def test_on_a_target_the_present_one_and_directories_in_use_always_stay(
    given_entries: list[tuple[int, str | None, bool]], count: int
) -> None:
    journal = [JournalEntry(str(at), "set", ago(age), place, ok) for at, (age, place, ok) in enumerate(given_entries)]
    found = clearance(journal, "set", Keep(releases=count), now=NOW)
    kept = [entry for entry in journal if entry.id not in found.entries]
    assert not {entry.directory for entry in kept} & set(found.directories)
    successful = [entry for entry in journal if entry.was_successful]
    if successful:
        assert max(entry.installed_at for entry in successful) == max(
            entry.installed_at for entry in kept if entry.was_successful
        )
