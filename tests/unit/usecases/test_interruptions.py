"""Interruptions: the place is free while a person thinks, who may answer, and how it goes on."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.usecases.house import ADMIN, VIEWER, House

from fairlead.domain.actor import Actor, permissions_of
from fairlead.domain.deployment import DeploymentState
from fairlead.domain.errors import Conflict, FairleadError, NotAllowed, NotFound
from fairlead.domain.ids import ActorId, NodeId, TaskId
from fairlead.domain.interruption import Choice, Interruption, InterruptionKind, InterruptionState, Question
from fairlead.domain.permission import RoleName
from fairlead.domain.plan import Plan
from fairlead.domain.task import TaskState
from fairlead.store import events, tasks, users
from fairlead.store.interruptions import StoreInterruptions
from fairlead.usecases import access, deployments, interruptions, why
from fairlead.usecases import tasks as tasking

DORA = Actor(ActorId("usr-dora"), "dora", "user", permissions_of(RoleName.DEPLOYER), via="test")
EVE = replace(DORA, id=ActorId("usr-eve"), name="eve")
QUESTION = Question(InterruptionKind.MANUAL, "Go on?", (Choice.PROCEED, Choice.ABORT))


@pytest.fixture
def paused(books: House) -> House:
    """1.0.0 waits for a person in Test, and 1.1.0 was asked for behind it."""
    books.add_release("1.0.0")
    books.begin(books.deployment("1.0.0").task)
    asyncio.run(books.tasks.freeze(task_of(books), Plan("deployment", "toy")))
    books.add_release("1.1.0")
    return books


def task_of(books: House, version: str = "1.0.0") -> TaskId:
    return TaskId(str(books.deployment(version).task))


def ask(books: House, *, holds: bool = False, key: str = "[b]", **more: Any) -> Interruption:
    """As the engine does: the question, then the pause."""
    asking = StoreInterruptions(books.database, books.clock, books.ids)
    question = replace(QUESTION, **more)
    asyncio.run(asking.open(task_of(books), key, question, step="b", instructions="look", why=""))
    asyncio.run(books.tasks.pause(task_of(books), again=0, holds=holds))
    return interruptions.page(books.context, ADMIN, state=InterruptionState.WAITING).items[0]


def holder_is(books: House, version: str) -> bool:
    with books.database.reading() as connection:
        return tasks.holder(connection, tasks.place_of(books.task(task_of(books)))) == task_of(books, version)


def code_of(books: House, actor: Actor, id: str, choice: Choice = Choice.PROCEED, **more: Any) -> str:
    with pytest.raises(FairleadError) as caught:
        interruptions.answer(books.context, actor, id, choice, **more)
    return caught.value.code


def test_a_deployment_that_waits_for_a_person_holds_up_nobody(paused: House) -> None:
    assert holder_is(paused, "1.0.0") and task_of(paused, "1.1.0") not in paused.queue.asked
    ask(paused)
    assert paused.task(task_of(paused)).state is TaskState.PAUSED
    assert paused.deployment("1.0.0").state is DeploymentState.PAUSED
    assert holder_is(paused, "1.1.0") and task_of(paused, "1.1.0") in paused.queue.asked


def test_its_answer_has_it_wait_for_its_turn_and_be_planned_anew(paused: House) -> None:
    asked = ask(paused)
    interruptions.answer(paused.context, DORA, asked.id, Choice.PROCEED, note="fine")
    task = paused.task(task_of(paused))
    assert (task.state, task.again) == (TaskState.QUEUED, 1)
    assert paused.queue.asked.count(task_of(paused)) == 1, "another has the place"
    with paused.database.reading() as connection:
        assert tasks.plan_of(connection, task.id) is None
    paused.begin(task_of(paused, "1.1.0"))
    paused.end(task_of(paused, "1.1.0"))
    assert paused.queue.asked.count(task_of(paused)) == 2
    assert holder_is(paused, "1.0.0")


def test_why_tells_what_was_said_though_the_deployment_went_live(paused: House) -> None:
    choices = (Choice.FAIL, Choice.IGNORE)
    asked = ask(paused, kind=InterruptionKind.GUIDED, title="Roll out failed on live-2", choices=choices)
    interruptions.answer(paused.context, DORA, asked.id, Choice.IGNORE, note="it is being replaced")
    told = why.deployment(paused.context, ADMIN, paused.deployment("1.0.0").id).because
    (said,) = [one for one in told if "said ignore to “Roll out failed on live-2”" in one.said]
    assert said.said.startswith("dora ") and said.evidence == ("it is being replaced",)


def test_one_that_holds_what_would_be_undone_keeps_its_place_and_its_plan(paused: House) -> None:
    asked = ask(paused, holds=True)
    assert holder_is(paused, "1.0.0")
    interruptions.answer(paused.context, DORA, asked.id, Choice.PROCEED)
    assert paused.queue.asked.count(task_of(paused)) == 2
    with paused.database.reading() as connection:
        assert tasks.plan_of(connection, task_of(paused)) is not None


def test_one_that_asks_for_it_holds_up_the_others(paused: House) -> None:
    ask(paused, blocks=True)
    assert holder_is(paused, "1.0.0")


def test_an_answer_that_comes_before_the_pause_is_gone_on_with_at_once(paused: House) -> None:
    asking = StoreInterruptions(paused.database, paused.clock, paused.ids)
    asyncio.run(asking.open(task_of(paused), "[b]", QUESTION, step="b", instructions="", why=""))
    asked = interruptions.page(paused.context, ADMIN).items[0]
    interruptions.answer(paused.context, DORA, asked.id, Choice.PROCEED)
    assert paused.task(task_of(paused)).state is TaskState.RUNNING
    asyncio.run(paused.tasks.pause(task_of(paused), again=0, holds=False))
    assert (paused.task(task_of(paused)).state, holder_is(paused, "1.0.0")) == (TaskState.QUEUED, True)
    asyncio.run(paused.tasks.pause(task_of(paused), again=0, holds=False))
    assert paused.task(task_of(paused)).again == 1, "a run that is over changes nothing"
    asyncio.run(paused.tasks.begin(task_of(paused), NodeId("late")))
    assert paused.task(task_of(paused)).state is TaskState.QUEUED


def test_an_answer_holds_once_and_only_if_it_was_offered(paused: House) -> None:
    asked = ask(paused)
    assert code_of(paused, DORA, asked.id, Choice.RETRY) == "interruption.choice"
    interruptions.answer(paused.context, DORA, asked.id, Choice.ABORT, note="no")
    assert code_of(paused, DORA, asked.id) == "interruption.answered"
    told = interruptions.get(paused.context, VIEWER, asked.id)
    assert (told.answer, told.answered_by, told.note) == (Choice.ABORT, "dora", "no")
    with pytest.raises(NotFound):
        interruptions.get(paused.context, VIEWER, "int-nowhere")


def test_who_only_looks_may_not_answer(paused: House) -> None:
    assert code_of(paused, VIEWER, ask(paused).id) == "permission.denied"


@pytest.mark.parametrize(
    ("kind", "permission"),
    [(InterruptionKind.MANUAL, "deployment.approve"), (InterruptionKind.GUIDED, "deployment.create")],
)
def test_who_may_not_answer_is_told_the_permission_that_is_needed(
    paused: House, kind: InterruptionKind, permission: str
) -> None:
    asked = ask(paused, kind=kind)
    for act in (interruptions.take, interruptions.give_back):
        with pytest.raises(NotAllowed, match=f"lacks the permission {permission}"):
            act(paused.context, VIEWER, asked.id)
    with pytest.raises(NotAllowed, match=f"lacks the permission {permission}"):
        interruptions.answer(paused.context, VIEWER, asked.id, Choice.ABORT)


def test_only_the_responsible_may_answer_or_who_overrides_it_with_a_reason(paused: House) -> None:
    asked = ask(paused, teams=("Operators",))
    assert code_of(paused, DORA, asked.id) == "interruption.team"
    assert code_of(paused, DORA, asked.id, is_override=True, note="now") == "permission.denied"
    assert code_of(paused, ADMIN, asked.id) == "interruption.team"
    assert code_of(paused, ADMIN, asked.id, is_override=True, note=" ") == "interruption.reason"
    made = interruptions.answer(paused.context, ADMIN, asked.id, Choice.PROCEED, note="fire", is_override=True)
    assert made.is_override
    with paused.database.reading() as connection:
        told = next(one for one in events.page(connection, limit=20).items if one.kind == "interruption.answered")
    assert told.message == "Go on?: proceed: fire (in spite of a rule)"
    assert told.facts["overridden"] == "interruption.team"


def test_those_whose_change_it_is_may_not_answer_where_the_project_asks_so(paused: House) -> None:
    asked = ask(paused, author_may_answer=False)
    assert code_of(paused, ADMIN, asked.id) == "interruption.author", "the administrator made the release"
    interruptions.answer(paused.context, DORA, asked.id, Choice.PROCEED)


def test_the_author_of_a_commit_is_known_by_the_users_address(paused: House) -> None:
    made, _ = access.add_user(paused.context, ADMIN, "carl", email="carl@example.com", role=RoleName.DEPLOYER)
    carl = replace(DORA, id=made.id, name="carl")
    with paused.database.transaction() as connection:
        connection.exec_driver_sql(
            "UPDATE releases SET changes = ?",
            ('[{"commit": "1", "author": "C <Carl@example.com>", "at": "", "subject": "x"}]',),
        )
    assert code_of(paused, carl, ask(paused, author_may_answer=False).id) == "interruption.author"


def test_an_author_is_known_among_however_many_users(paused: House) -> None:
    made, _ = access.add_user(paused.context, ADMIN, "zoe", email="zoe@example.com", role=RoleName.DEPLOYER)
    zoe = replace(DORA, id=made.id, name="zoe")
    with paused.database.transaction() as connection:
        for number in range(500):
            id, name = ActorId(f"usr-{number}"), f"many-{number:03}"
            users.insert(connection, replace(users.get(connection, made.id), id=id, name=name, email=""))
        connection.exec_driver_sql(
            "UPDATE releases SET changes = ?",
            ('[{"commit": "1", "author": "Zoe <zoe@example.com>", "at": "", "subject": "x"}]',),
        )
    assert code_of(paused, zoe, ask(paused, author_may_answer=False).id) == "interruption.author"


def test_one_person_takes_it_and_the_others_see_who(paused: House) -> None:
    asked = ask(paused)
    interruptions.take(paused.context, DORA, asked.id)
    assert interruptions.take(paused.context, DORA, asked.id).assigned_to == "dora"
    assert interruptions.get(paused.context, VIEWER, asked.id).assigned_to == "dora"
    (told,) = paused.audit("interruption.taken")
    assert (told.message, told.project, told.environment) == ("took: Go on?", "books", "Test")
    with pytest.raises(Conflict) as caught:
        interruptions.take(paused.context, ADMIN, asked.id)
    assert caught.value.code == "interruption.taken" and "dora" in caught.value.message
    assert code_of(paused, EVE, asked.id) == "interruption.taken"
    assert code_of(paused, EVE, asked.id, is_override=True, note="now") == "permission.denied"
    assert code_of(paused, ADMIN, asked.id) == "interruption.taken"
    because = [one.said for one in why.deployment(paused.context, VIEWER, paused.deployment("1.0.0").id).because]
    assert "it waits for dora: Go on?" in because
    made = interruptions.answer(paused.context, DORA, asked.id, Choice.PROCEED)
    assert (made.answered_by, made.assigned_to, made.is_override) == ("dora", "dora", False)
    with pytest.raises(Conflict, match="already answered by dora"):
        interruptions.take(paused.context, DORA, asked.id)


def test_who_has_it_gives_it_back_or_who_administers_the_environment(paused: House) -> None:
    asked = ask(paused)
    assert interruptions.give_back(paused.context, DORA, asked.id).assigned_to == ""
    interruptions.take(paused.context, DORA, asked.id)
    with pytest.raises(NotAllowed):
        interruptions.give_back(paused.context, EVE, asked.id)
    assert interruptions.give_back(paused.context, DORA, asked.id).assigned_to == ""
    interruptions.take(paused.context, EVE, asked.id)
    interruptions.give_back(paused.context, ADMIN, asked.id)
    assert [one.message for one in paused.audit("interruption.given_back")] == [
        "gave back what eve had taken: Go on?",
        "gave back: Go on?",
    ]
    interruptions.answer(paused.context, DORA, asked.id, Choice.PROCEED)


def test_one_that_another_has_is_answered_in_spite_of_it_with_a_reason(paused: House) -> None:
    asked = ask(paused)
    interruptions.take(paused.context, DORA, asked.id)
    made = interruptions.answer(paused.context, ADMIN, asked.id, Choice.ABORT, note="she is away", is_override=True)
    assert (made.answered_by, made.is_override) == ("admin", True)


def test_who_may_not_answer_may_not_take_it(paused: House) -> None:
    asked = ask(paused, teams=("Operators",))
    for actor, code in ((VIEWER, "permission.denied"), (DORA, "interruption.team"), (ADMIN, "interruption.team")):
        with pytest.raises(FairleadError) as caught:
            interruptions.take(paused.context, actor, asked.id)
        assert caught.value.code == code
    assert interruptions.get(paused.context, VIEWER, asked.id).assigned_to == ""


def test_time_runs_out_though_somebody_has_it(paused: House) -> None:
    asked = ask(paused, expires_s=60.0)
    interruptions.take(paused.context, DORA, asked.id)
    paused.clock.advance(61)
    assert interruptions.expire(paused.context) == 1


def test_time_that_runs_out_is_the_answer_of_nobody(paused: House) -> None:
    asked = ask(paused, expires_s=60.0)
    assert interruptions.expire(paused.context) == 0
    paused.clock.advance(61)
    assert interruptions.expire(paused.context) == 1
    told = interruptions.get(paused.context, VIEWER, asked.id)
    assert (told.state, told.answer, told.answered_by) == (InterruptionState.EXPIRED, Choice.ABORT, "")
    assert told.expires_at == told.opened_at + timedelta(seconds=60)
    assert paused.task(task_of(paused)).state is TaskState.QUEUED
    assert interruptions.expire(paused.context) == 0
    (said,) = paused.audit("interruption.expired")
    assert said.message == "Go on?: nobody answered in time, which counts as abort"


def test_a_paused_deployment_that_holds_nothing_is_cancelled_at_once(paused: House) -> None:
    asked = ask(paused)
    tasking.cancel(paused.context, DORA, task_of(paused))
    assert paused.task(task_of(paused)).state is TaskState.CANCELLED
    assert paused.deployment("1.0.0").has_ended
    assert interruptions.get(paused.context, VIEWER, asked.id).state is InterruptionState.CANCELLED
    assert code_of(paused, DORA, asked.id) == "interruption.answered"


def test_a_paused_deployment_that_holds_something_goes_on_to_undo_it(paused: House) -> None:
    ask(paused, holds=True)
    tasking.cancel(paused.context, DORA, task_of(paused))
    task = paused.task(task_of(paused))
    assert (task.state, task.again, task.is_cancel_asked) == (TaskState.QUEUED, 1, True)


def test_a_list_is_of_a_state_and_of_a_project(paused: House) -> None:
    ask(paused)
    paused.add_project("other")
    wanted = {"project": "books", "state": InterruptionState.WAITING}
    assert len(interruptions.page(paused.context, VIEWER, **wanted).items) == 1  # type: ignore[arg-type]
    assert interruptions.page(paused.context, VIEWER, project="other").items == ()
    assert interruptions.page(paused.context, VIEWER, task=str(task_of(paused))).items
    assert deployments.page(paused.context, VIEWER, state=DeploymentState.PAUSED).items
