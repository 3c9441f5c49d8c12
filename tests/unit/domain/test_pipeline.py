"""Which head starts a run, and which queued run gives way."""

from datetime import UTC, datetime

from fairlead.domain.ids import ProjectId, RunId
from fairlead.domain.pipeline import NothingNew, StartRun, decide
from fairlead.domain.run import Run, RunState

A, B, C, D = ("abcd"[n] * 40 for n in range(4))


def run(number: int, commit: str, state: RunState, branch: str = "main") -> Run:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Run(RunId(f"run-{number}"), number, ProjectId("p"), branch, commit, at, state=state)


def test_the_first_head_starts_a_run() -> None:
    assert decide(A, "main", [], []) == StartRun(A)


def test_a_head_that_was_seen_starts_none() -> None:
    decision = decide(A, "main", [A, B], [run(1, A, RunState.FAILED)])
    assert isinstance(decision, NothingNew) and "seen" in decision.reason


def test_a_person_may_ask_for_a_seen_head_again() -> None:
    assert decide(A, "main", [A], [run(1, A, RunState.FAILED)], is_asked=True) == StartRun(A)


def test_but_not_twice_at_once() -> None:
    for state in (RunState.QUEUED, RunState.RUNNING):
        decision = decide(A, "main", [A], [run(4, A, state)], is_asked=True)
        assert isinstance(decision, NothingNew) and "run 4" in decision.reason


def test_a_newer_head_supersedes_what_is_queued_and_says_so() -> None:
    runs = [run(3, C, RunState.QUEUED), run(2, B, RunState.RUNNING), run(1, A, RunState.SUCCEEDED)]
    decision = decide(D, "main", [A, B, C], runs)
    assert isinstance(decision, StartRun)
    assert [one.run for one in decision.superseded] == ["run-3"]
    assert D[:12] in decision.superseded[0].reason and "main" in decision.superseded[0].reason


def test_another_branch_is_left_alone() -> None:
    decision = decide(D, "main", [], [run(3, C, RunState.QUEUED, "topic")])
    assert decision == StartRun(D)


def test_changes_are_counted_from_the_last_release() -> None:
    runs = [run(1, A, RunState.SUCCEEDED), run(2, B, RunState.SUCCEEDED), run(3, C, RunState.FAILED)]
    decision = decide(D, "main", [A, B, C], runs)
    assert isinstance(decision, StartRun) and decision.previous == B
