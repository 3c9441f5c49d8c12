"""Every rolled-back, refused or skipped thing has its reasons, and each has its evidence (law 9)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.usecases.house import ADMIN, NOBODY, VIEWER, House

from fairlead.domain.actor import SYSTEM, Actor
from fairlead.domain.errors import Conflict, Invalid, NotAllowed, NotFound
from fairlead.domain.ids import TaskId
from fairlead.domain.interruption import Choice, InterruptionKind, Question
from fairlead.domain.plan import Plan, Sequence, Step
from fairlead.domain.process import Action, Process, ProcessStep
from fairlead.domain.reason import Reason
from fairlead.domain.run import Run
from fairlead.domain.runbook import RunbookRun
from fairlead.domain.task import PhaseState, TaskState
from fairlead.ports.tasks import End, PhaseTold
from fairlead.store import projects
from fairlead.store.interruptions import StoreInterruptions
from fairlead.usecases import (
    approvals,
    deployments,
    processes,
    releases,
    runbook_runs,
    runbooks,
    runs,
    scheduled_runs,
    scheduling,
    tasks,
    variables,
    why,
)
from fairlead.usecases.runbook_runs import Wish
from fairlead.usecases.values import Where

HEAD, NEWER, NEWEST = "a" * 40, "b" * 40, "c" * 40


def every(reason: Reason) -> Iterator[Reason]:
    yield reason
    for one in reason.because:
        yield from every(one)


def told(reason: Reason) -> str:
    return "\n".join("\n".join((one.said, one.code, one.hint, *one.evidence)) for one in every(reason))


def roll_back(house: House, version: str = "1.0.0") -> TaskId:
    """Its first deployment fails in its tests, as the engine and the effects leave it."""
    task = TaskId(str(house.deployment(version).task))
    house.begin(task)
    span = {"first": "2026-01-01T10:00:00.1+00:00", "last": "2026-01-01T10:00:02.5+00:00", "times": 40}
    health = [{**span, "healthy": False, "answer": "10.0.0.2:8080 refused the connection"}]
    ended = {"service": "web", "how": "ended by itself with 3", "exit_code": 3, "oom_killed": True}
    failing = {"reported": True, "passed": 3, "failed": 1, "failing": ["shop.test_checkout"]}
    end = End(TaskState.ROLLED_BACK, "tests.failed", "the tests said no", "look", evidence=("test_checkout: 500",))

    async def leave() -> None:
        note, attach = house.records.note, house.context.artifacts.attach
        await note(task, "instance:books-test_web.1", {**ended, "output": "web.1.log", "health": health})
        await attach(task, "web.1.log", b"10:00 starting\n10:01 no database", kind="output")
        await note(task, "tests:pre-integration", failing)
        await note(task, "certificate", {"is_as_it_was": True, "differences": []})
        await house.tasks.end(task, end)

    asyncio.run(leave())
    return task


def test_a_deployment_that_failed_with_nothing_to_take_back_is_said_to_have_failed(books: House) -> None:
    books.add_release("1.0.0")
    found = books.deployment("1.0.0")
    books.begin(found.task)
    books.end(found.task, TaskState.FAILED, "step.failed", "it ended with 1")
    said = why.deployment(books.context, VIEWER, found.id).said
    assert said == "the deployment of books 1.0.0 to Test (number 1) failed: it ended with 1"


def test_a_rolled_back_deployment_tells_probes_lines_exit_code_tests_and_who_began_it(books: House) -> None:
    books.add_release("1.0.0")
    task = roll_back(books)
    found = why.deployment(books.context, VIEWER, books.deployment("1.0.0").id)
    assert (found.code, found.evidence, found.hint) == ("tests.failed", ("test_checkout: 500",), "look")
    text = told(found)
    for piece in (
        "was rolled back: the tests said no",
        "ended by itself with 3 (OOM)",
        "10:00:00.1",
        "40 times: unhealthy: 10.0.0.2:8080 refused the connection",
        "no database",
        "of the pre-integration tests these said no (3 passed, 1 failed)",
        "all is as it was before",
        "the lifecycle begins it by itself once the release is made",
        "made it from images that were built elsewhere",
    ):
        assert piece in text, piece
    by_number = why.deployment(books.context, VIEWER, "1", project="books", environment="Test")
    assert by_number == found == why.deployment(books.context, VIEWER, task)
    assert why.skipped(books.context, VIEWER, found.thing) == found


def test_a_release_without_images_is_not_said_to_have_any(books: House) -> None:
    script = Action("Say", "script", {"script": "echo hi"})
    processes.put(books.context, ADMIN, "books", Process((ProcessStep("Say", (script,)),)))
    releases.create(books.context, ADMIN, "books", version="1.0.0", images={}, contents={})
    assert "admin made it, without any image" in told(why.release(books.context, ADMIN, "books", "1.0.0"))


def test_a_release_says_which_images_its_steps_run(books: House) -> None:
    pinned = f"redis:7@sha256:{'ab' * 32}"
    cache = Action("Cache", "run-container", {"image": pinned})
    processes.put(books.context, ADMIN, "books", Process((ProcessStep("Cache", (cache,)),)))
    releases.create(books.context, ADMIN, "books", version="1.0.0", images={}, contents={})
    said = told(why.release(books.context, ADMIN, "books", "1.0.0"))
    assert "admin made it, without images of services" in said and f"Cache runs {pinned}" in said


def test_a_deployment_that_was_promoted_names_the_one_before_and_the_approval(books: House) -> None:
    books.add_release("1.0.0")
    books.go_live("1.0.0")
    approvals.approve(books.context, ADMIN, books.approval("1.0.0").id, note="looks right")
    text = told(why.deployment(books.context, VIEWER, books.deployment("1.0.0", "Production").id))
    assert "deployment 1 made it live in Test" in text
    assert f"admin approved plan {books.approval('1.0.0').plan_hash[:16]}" in text
    assert "looks right" in text


def test_what_was_rejected_superseded_or_cancelled_names_by_whom_and_by_what(books: House) -> None:
    for version in ("1.0.0", "1.1.0"):
        books.add_release(version)
        books.go_live(version)
    superseded = told(why.skipped(books.context, VIEWER, books.deployment("1.0.0", "Production").id))
    assert "deployment 2 of 1.1.0 was asked for while it waited" in superseded
    approvals.reject(books.context, ADMIN, books.approval("1.1.0").id, note="not on a Friday")
    rejected = told(why.skipped(books.context, VIEWER, books.deployment("1.1.0", "Production").id))
    assert "admin rejected plan" in rejected and "not on a Friday" in rejected
    actor = replace(ADMIN, via="cli", address="10.1.2.3")
    made = deployments.create(books.context, actor, "books", "1.0.0", "Test", is_forced=True).deployment
    books.begin(made.task)
    tasks.cancel(books.context, ADMIN, str(made.task))
    books.end(made.task, TaskState.CANCELLED, "task.cancelled", "the task was cancelled")
    cancelled = told(why.deployment(books.context, VIEWER, made.id))
    assert "admin asked to cancel it" in cancelled
    assert "admin asked for it over cli from 10.1.2.3" in cancelled


def test_a_live_deployment_tells_what_has_taken_its_place(books: House) -> None:
    for version in ("1.0.0", "1.1.0"):
        books.add_release(version)
        books.go_live(version)
    text = told(why.deployment(books.context, VIEWER, books.deployment("1.0.0").id))
    assert "went live" in text
    assert "deployment 2 of 1.1.0 has taken its place since" in text
    with pytest.raises(Conflict) as refused:
        why.skipped(books.context, VIEWER, books.deployment("1.0.0").id)
    assert refused.value.code == "why.not_skipped"


# Runs and releases


def begun(house: House, head: str, cause: str = "webhook", actor: Actor = SYSTEM) -> Run:
    with house.database.reading() as connection:
        project = projects.by_name(connection, "shop")
    looked = runs.saw_head(house.context, actor, project, head, cause=cause)  # type: ignore[arg-type]
    assert looked.run is not None
    return looked.run


def test_a_skipped_run_names_the_head_that_came_before_it_began(house: House) -> None:
    house.add_project("shop", git="https://git.test/shop.git")
    first = begun(house, HEAD)
    house.begin(first.task)
    second = begun(house, NEWER, "poll")
    third = begun(house, NEWEST)
    text = told(why.skipped(house.context, VIEWER, str(second.number), project="shop"))
    assert "was skipped: superseded by the newer head cccccccccccc" in text
    assert f"run {third.number} of cccccccccccc came before it began" in text
    assert "the repository was looked at" in text
    assert f"run 1 of {HEAD[:12]} is " in why.run(house.context, VIEWER, first.id).said
    assert "a webhook told of a push" in told(why.run(house.context, VIEWER, first.id))
    with pytest.raises(Conflict):
        why.skipped(house.context, VIEWER, third.id)


def test_a_release_names_its_run_its_commit_and_what_began_it(house: House) -> None:
    house.add_project("shop", git="https://git.test/shop.git")
    run = begun(house, HEAD, "person", replace(ADMIN, via="cli", address="10.1.2.3"))
    image = "r.test/web@sha256:" + "ab" * 32
    file = f"project: shop\nservices: {{web: {{image: '{image}', port: 8080}}}}\n".encode()
    contents = {"fairlead.yml": file}
    made = releases.create(house.context, ADMIN, "shop", version="1.0.0", images={"web": image}, contents=contents)
    with house.database.transaction() as connection:
        connection.exec_driver_sql("UPDATE releases SET run = ? WHERE id = ?", (run.id, made.id))
    text = told(why.release(house.context, VIEWER, "shop", "latest"))
    assert f"run {run.number}" in text
    assert "was at aaaaaaaaaaaa" in text
    assert "admin asked for it over cli from 10.1.2.3" in text


# Values


def test_a_value_names_the_rule_and_why_each_other_lost(books: House) -> None:
    variables.put(books.context, ADMIN, "books", "Db.Host", "prod-db", only_in=["Production"])
    books.add_release("1.0.0")
    variables.put(books.context, ADMIN, "books", "Db.Host", "new-db", only_in=["Test"])
    now = why.value(books.context, VIEWER, "books", "db.host", Where("Test"))
    assert "is 'new-db' in Test, as they are now" in now.said
    won, *lost = (one.said for one in now.because)
    assert "the one for Test holds: it is the most specific" in won
    assert any("admin" in one.said for one in now.because[0].because)
    assert [one.split(", does")[0] for one in lost] == [
        "'db', the one for every environment",
        "'prod-db', the one for Production",
    ]
    assert "another is more specific" in lost[0] and "its environment does not fit" in lost[1]
    frozen = why.value(books.context, VIEWER, "books", "Db.Host", Where("Test"), version="1.0.0")
    assert "is 'db' in Test, as release 1.0.0 froze them" in frozen.said
    given = why.value(books.context, VIEWER, "books", "Db.Host", Where(), deployment=books.deployment("1.0.0").id)
    assert "is 'db' in Test, as the deployment of books 1.0.0 to Test (number 1) was given them" in given.said


def test_a_secret_is_explained_by_its_version_alone(books: House) -> None:
    variables.put(books.context, ADMIN, "books", "Db.Password", "s3cret", is_secret=True)
    found = why.value(books.context, VIEWER, "books", "Db.Password", Where("Test"))
    assert "a secret (version" in found.said
    assert "s3cret" not in told(found)


def test_what_is_not_there_is_said(books: House) -> None:
    with pytest.raises(NotFound) as missing:
        why.value(books.context, VIEWER, "books", "Nothing", Where("Test"))
    assert missing.value.code == "variable.missing"
    with pytest.raises(Invalid):
        why.deployment(books.context, VIEWER, "1")
    with pytest.raises(NotFound):
        why.deployment(books.context, VIEWER, "99", project="books", environment="Test")
    with pytest.raises(NotFound):
        why.run(books.context, VIEWER, "dep-none")
    with pytest.raises(NotAllowed):
        why.deployment(books.context, NOBODY, "1")


def test_one_that_waits_for_a_person_says_so_how_to_answer_and_until_when(books: House) -> None:
    """And so does what is queued behind it."""
    books.add_release("1.0.0")
    paused = books.deployment("1.0.0")
    books.begin(paused.task)
    asyncio.run(books.tasks.freeze(TaskId(str(paused.task)), Plan("deployment", "toy")))
    asking = StoreInterruptions(books.database, books.clock, books.ids)
    choices = (Choice.PROCEED, Choice.ABORT)
    question = Question(InterruptionKind.MANUAL, "Sign", choices, teams=("Operators",), expires_s=3600.0)
    asyncio.run(asking.open(TaskId(str(paused.task)), "[b]", question, step="b", instructions="look first", why=""))
    asyncio.run(books.tasks.pause(TaskId(str(paused.task)), again=0, holds=True))
    behind = deployments.create(books.context, ADMIN, "books", "1.0.0", "Test", is_forced=True).deployment
    until = books.clock.now() + timedelta(hours=1)
    for id in (paused.id, behind.id):
        said = told(why.deployment(books.context, VIEWER, id))
        assert "it waits for one of Operators: Sign" in said and "look first" in said
        assert "fairlead interruptions answer int-" in said and " proceed|abort" in said
        assert f"without an answer until {until:%Y-%m-%d %H:%M:%S} UTC it is abort" in said


def test_one_that_waits_for_an_approval_says_how_to_give_it_and_until_when(books: House) -> None:
    books.add_release("1.0.0")
    books.go_live("1.0.0")
    books.clock.advance(1)
    ends_at = books.clock.now() + timedelta(hours=1)
    asked = deployments.create(books.context, ADMIN, "books", "1.0.0", "Production", not_after=ends_at, is_forced=True)
    said = told(why.deployment(books.context, VIEWER, asked.deployment.id))
    assert "fairlead approve apr-" in said and asked.deployment.plan_hash[:16] in said
    assert f"it does not begin any more after {ends_at:%Y-%m-%d %H:%M:%S} UTC" in said
    books.clock.advance(3601)
    scheduling.begin_due(books.context)
    over = told(why.deployment(books.context, VIEWER, asked.deployment.id))
    assert "nobody answered to plan" in over and "it was not to begin after" in over and "newer" not in over


def test_what_is_queued_behind_an_unsettled_one_says_so_and_that_one_what_can_be_done(books: House) -> None:
    books.add_release("1.0.0")
    stuck = books.deployment("1.0.0")
    books.begin(stuck.task)
    left = End(TaskState.UNSETTLED, "engine.unreachable", "the engine does not answer", "is it running?")
    tried = ("undoing “start web”, again and again for 60 s",)
    asyncio.run(books.tasks.end(TaskId(str(stuck.task)), replace(left, tried=tried, commands=("docker rm -f web",))))
    made = deployments.create(books.context, ADMIN, "books", "1.0.0", "Test", is_forced=True).deployment
    waits = told(why.deployment(books.context, VIEWER, made.id))
    assert "it waits for its turn: books 1.0.0 to Test is unsettled, and holds books in Test" in waits
    assert f"fairlead tasks resume {stuck.task}" in waits and "the engine does not answer" in waits
    itself = told(why.deployment(books.context, VIEWER, stuck.id))
    for part in (tried[0], "docker rm -f web"):
        assert part in itself


def ask_to_tidy(house: House, **wish: Any) -> RunbookRun:
    process = Process((ProcessStep("Tidy", (Action("Tidy", "script", {"script": "echo"}),)),))
    runbooks.put(house.context, ADMIN, "books", runbooks.Draft("Tidy", process=process))
    runbooks.publish(house.context, ADMIN, "books", "Tidy")
    return runbook_runs.run(house.context, ADMIN, "books", "Tidy", "Test", wish=Wish(**wish)).run


def test_a_runbooks_run_that_was_refused_or_cancelled_before_it_began_says_why(books: House) -> None:
    now, hour = books.clock.now(), timedelta(hours=1)
    late = ask_to_tidy(books, not_before=now + hour, not_after=now + 2 * hour)
    given_up = ask_to_tidy(books, not_before=now + 9 * hour)
    scheduled_runs.cancel(books.context, ADMIN, "books", "Tidy", given_up.id)
    books.clock.advance(3 * 3600)
    scheduled_runs.begin_due(books.context)
    reason = why.skipped(books.context, VIEWER, late.id)
    assert reason.said.startswith("run 1 of the runbook Tidy in Test was refused: ")
    assert reason.code == "runbook.expired"
    assert "admin asked for it" in told(reason)
    said = why.skipped(books.context, VIEWER, given_up.id).said
    assert said == "run 2 of the runbook Tidy in Test was cancelled: cancelled by admin before it began"
    with pytest.raises(NotAllowed):
        why.skipped(books.context, NOBODY, late.id)


def test_a_runbooks_run_that_failed_says_why_by_its_task_too_and_one_that_went_well_was_not_skipped(
    books: House,
) -> None:
    failed = ask_to_tidy(books)
    assert failed.task is not None
    books.begin(failed.task)
    books.end(failed.task, TaskState.FAILED, "step.failed", "it ended with 1")
    for id in (failed.id, failed.task):
        reason = why.skipped(books.context, VIEWER, id)
        assert reason.said == "run 1 of the runbook Tidy in Test failed: it ended with 1"
        assert reason.code == "step.failed"
        assert why.run(books.context, VIEWER, id).said == reason.said
    well = ask_to_tidy(books)
    assert well.task is not None
    books.begin(well.task)
    books.end(well.task)
    with pytest.raises(Conflict) as caught:
        why.skipped(books.context, VIEWER, well.id)
    assert caught.value.code == "why.not_skipped"
    assert why.run(books.context, VIEWER, well.id).said == "run 2 of the runbook Tidy in Test succeeded"


def test_a_step_that_was_skipped_is_named_with_the_reason(books: House) -> None:
    books.add_release("1.0.0")
    found = books.deployment("1.0.0")
    books.begin(found.task)
    task, step = TaskId(str(found.task)), Step("announce", "Announce", Sequence(()))
    asyncio.run(books.tasks.freeze(task, Plan("deployment", "toy", forward=Sequence((step,)))))
    said = "its condition is not so: an earlier step failed"
    asyncio.run(books.tasks.phases(task, [PhaseTold("announce", PhaseState.SKIPPED, books.clock.now(), said)]))
    books.end(found.task)
    assert f"“Announce” was skipped: {said}" in told(why.deployment(books.context, VIEWER, found.id))
