"""Concurrency tags: tasks that need one tag wait for one another in the order of asking, whatever their projects."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.usecases.house import ADMIN, House

from fairlead.domain.actor import Actor
from fairlead.domain.colour import Colour
from fairlead.domain.deployment import Deployment, DeploymentOutcome, DeploymentState
from fairlead.domain.errors import Invalid, Refused
from fairlead.domain.grant import Grant
from fairlead.domain.ids import TaskId
from fairlead.domain.permission import Permission
from fairlead.domain.process import Action, Process, ProcessStep
from fairlead.domain.task import Task, TaskState
from fairlead.ports.catalogue import Place
from fairlead.ports.children import ChildWish
from fairlead.store import slots
from fairlead.store import tasks as rows
from fairlead.usecases import child_deployments as children
from fairlead.usecases import (
    deployments,
    housekeeping,
    processes,
    releases,
    runbook_runs,
    runbooks,
    turns,
    variables,
    why,
)
from fairlead.usecases import tasks as tasking
from fairlead.usecases.runbooks import Draft

TAG = "Octopus.Task.ConcurrencyTag"
SAY = Process((ProcessStep("Say", (Action("Say", "script", {"script": "echo hello"}),)),))
TIDY = Draft("Tidy", "", (), process=SAY)


def set_variable(house: House, project: str, value: str, name: str = TAG, **more: Any) -> None:
    variables.put(house.context, ADMIN, project, name, value, **more)


def release(house: House, project: str, version: str = "1.0.0") -> Task:
    """The task of its first deployment, which begins by itself."""
    releases.create(house.context, ADMIN, project, version=version, images={}, contents={})
    return house.task(house.deployment(version, project=project).task)


def again(house: House, project: str, version: str = "1.0.0", environment: str = "Test") -> Task:
    made = deployments.create(house.context, ADMIN, project, version, environment, is_forced=True)
    return house.task(made.deployment.task)


def run(house: House, project: str, environment: str = "Test") -> Task:
    return house.task(runbook_runs.run(house.context, ADMIN, project, "Tidy", environment).run.task)


def has_turn(house: House, task: Task) -> bool:
    with house.database.reading() as connection:
        return rows.has_turn(connection, task)


def waits(house: House, task: Task, actor: Actor = ADMIN) -> list[str]:
    return [one.said for one in tasking.view(house.context, actor, task.id).waits_for]


def end(house: House, task: Task) -> None:
    house.begin(task.id)
    house.end(task.id, TaskState.FAILED)


@pytest.fixture
def three(house: House) -> House:
    """books, shop and blog, each with a process of a script."""
    for name in ("books", "shop", "blog"):
        house.add_project(name)
        processes.put(house.context, ADMIN, name, SAY)
        runbooks.put(house.context, ADMIN, name, TIDY)
        runbooks.publish(house.context, ADMIN, name, "Tidy")
    return house


def test_projects_that_state_one_tag_wait_for_one_another_in_the_order_of_asking(three: House) -> None:
    for name in ("books", "shop", "blog"):
        set_variable(three, name, "#{Octopus.Environment.Name}-database")
    first, second, third = (release(three, name) for name in ("books", "shop", "blog"))
    assert first.tags == ("books/Test", "Test-database")
    assert [has_turn(three, one) for one in (first, second, third)] == [True, False, False]
    assert waits(three, second) == ["books 1.0.0 to Test is queued, and has the concurrency tag Test-database"]
    [reason, *_] = why.deployment(three.context, ADMIN, second.id).because
    assert reason.said == f"it waits for its turn: {waits(three, second)[0]}" and reason.thing == first.id
    end(three, first)
    assert [has_turn(three, one) for one in (second, third)] == [True, False]
    assert three.queue.asked == [first.id, second.id]
    tasking.cancel(three.context, ADMIN, third.id)
    end(three, second)
    assert three.queue.asked == [first.id, second.id]


def test_no_tag_lets_two_deployments_of_one_place_run_at_once(three: House) -> None:
    set_variable(three, "books", "#{Octopus.Task.Id}")
    first, second = release(three, "books"), again(three, "books")
    assert first.tags == ("books/Test", first.id) and second.tags == ("books/Test", second.id)
    assert waits(three, second) == ["books 1.0.0 to Test is queued, and holds books in Test"]


def test_runs_of_a_runbook_go_by_the_stated_tag_alone(three: House) -> None:
    held = release(three, "books")
    assert waits(three, run(three, "books")) == ["books 1.0.0 to Test is queued, and holds books in Test"]
    set_variable(three, "books", "#{Octopus.Runbook.Name}", name="Fairlead.Task.ConcurrencyTag")
    runbooks.publish(three.context, ADMIN, "books", "Tidy")
    one, other = run(three, "books"), run(three, "books", "Production")
    assert (one.tags, has_turn(three, one), has_turn(three, held)) == (("Tidy",), True, True)
    assert waits(three, other) == ["Tidy of books in Test is queued, and has the concurrency tag Tidy"]
    tasking.cancel(three.context, ADMIN, other.id)
    assert three.task(other.id).state is TaskState.CANCELLED


def test_who_states_the_tag_of_another_place_waits_for_that_place(three: House) -> None:
    set_variable(three, "shop", "books/#{Octopus.Environment.Name}")
    release(three, "books")
    assert waits(three, release(three, "shop")) == ["books 1.0.0 to Test is queued, and holds books in Test"]


def test_a_tag_is_scoped_as_variables_are(three: House) -> None:
    set_variable(three, "books", "shared", only_in=["Production"])
    assert release(three, "books").tags == ("books/Test",)


def test_who_waits_for_one_tag_is_not_passed_by_who_needs_fewer(three: House) -> None:
    release(three, "books")
    holder = again(three, "books")  # of books/Test, once the first has ended
    set_variable(three, "shop", "books/Test")
    blocked = release(three, "shop")  # waits for books/Test, while shop/Test is free
    later = run(three, "shop")
    first = "shop 1.0.0 to Test was asked for before it, needs shop in Test too, and waits for another task"
    assert waits(three, later) == [first]
    end(three, three.task(three.queue.asked[0]))
    assert has_turn(three, holder) and not has_turn(three, later)
    end(three, holder)
    assert has_turn(three, blocked) and not has_turn(three, later)
    end(three, blocked)
    assert has_turn(three, later)


def test_once_who_was_first_in_line_is_cancelled_who_stands_behind_begins(three: House) -> None:
    release(three, "books")
    set_variable(three, "shop", "books/Test")
    blocked, later = release(three, "shop"), run(three, "shop")
    tasking.cancel(three.context, ADMIN, blocked.id)
    assert has_turn(three, later)


def test_a_start_begins_those_whose_turn_it_is_and_no_others(three: House) -> None:
    release(three, "books")
    set_variable(three, "shop", "books/Test")
    release(three, "shop")
    run(three, "shop")
    assert turns.catch_up(three.context) == 0
    assert len(three.queue.asked) == 1


def test_what_gives_no_tag_is_refused_and_changes_nothing(three: House) -> None:
    for value, said in (
        ("#{Nowhere.Known}", "Nowhere.Known"),
        ("x" * 201, "up to 200 characters"),
        ("one\nother", "one line"),
    ):
        set_variable(three, "books", value)
        made = releases.create(three.context, ADMIN, "books", images={}, contents={}, version=f"1.0.{len(value)}")
        refused = three.deployment(made.version)
        assert (refused.outcome, refused.code) == (DeploymentOutcome.REFUSED, "task.concurrency_tag")
        assert said in refused.reason
        before = three.rows()
        with pytest.raises(Invalid) as raised:
            deployments.create(three.context, ADMIN, "books", made.version, "Test")
        assert raised.value.code == "task.concurrency_tag" and three.rows() == before


def test_a_secret_gives_no_tag(three: House) -> None:
    set_variable(three, "books", "hidden-value", is_secret=True)
    release_ = releases.create(three.context, ADMIN, "books", images={}, contents={}, version="1.0.0")
    refused = three.deployment(release_.version)
    assert refused.code == "task.concurrency_tag" and "hidden-value" not in refused.reason


def test_what_is_scheduled_is_refused_when_it_is_asked_for(three: House) -> None:
    release(three, "books")
    set_variable(three, "books", "#{Nowhere}")
    releases.create(three.context, ADMIN, "books", images={}, contents={}, version="2.0.0")
    later = three.clock.now() + timedelta(hours=1)
    with pytest.raises(Invalid):
        deployments.create(three.context, ADMIN, "books", "2.0.0", "Test", not_before=later)
    assert three.deployment("2.0.0").state is DeploymentState.ENDED


def test_who_may_not_see_the_other_project_is_told_only_that_there_is_one(three: House) -> None:
    for name in ("books", "shop"):
        set_variable(three, name, "shared")
    release(three, "books")
    waiting = release(three, "shop")
    shop = three.deployment("1.0.0", project="shop").project
    viewer = replace(
        ADMIN, permissions=frozenset(), grants=(Grant(frozenset({Permission.VIEW}), projects=frozenset({shop})),)
    )
    [said] = waits(three, waiting, viewer)
    assert said == "a task that you may not see is queued, and has the concurrency tag shared"
    told = why.deployment(three.context, viewer, waiting.id).because[0]
    assert (told.said, told.thing) == (f"it waits for its turn: {said}", "")


# Deployments that another one waits for


def deploying(house: House) -> tuple[TaskId, ChildWish]:
    """A deployment of books under way, whose step deploys shop."""
    step = ProcessStep("Deploy shop", (Action("Deploy shop", "deploy-release", {"project": "shop"}),))
    processes.put(house.context, ADMIN, "books", Process((step,)))
    parent = release(house, "books")
    house.begin(parent.id)
    return parent.id, ChildWish("shop", "1.0.0")


def test_a_deployment_never_waits_for_one_that_waits_for_it(three: House) -> None:
    for name in ("books", "shop"):
        set_variable(three, name, "shared")
    end(three, release(three, "shop"))
    parent, wish = deploying(three)
    before = three.rows()
    with pytest.raises(Refused, match="needs the concurrency tag shared") as raised:
        children.begin(three.context, parent, "[Deploy shop]/release", wish)
    assert raised.value.code == "process.deploys_itself" and three.rows() == before


def test_a_child_does_not_stand_behind_who_waits_for_its_parent(three: House) -> None:
    end(three, release(three, "shop"))
    parent, wish = deploying(three)
    set_variable(three, "shop", "books/Test")
    blocked = release(three, "shop", "1.1.0")
    assert not has_turn(three, blocked)
    children.begin(three.context, parent, "[Deploy shop]/release", wish)
    child: Deployment = three.deployment("1.0.0", project="shop")
    assert child.parent == parent and has_turn(three, three.task(child.task))


def test_a_child_whose_place_is_taken_begins_before_who_waits_for_its_parent(three: House) -> None:
    end(three, release(three, "shop"))
    parent, wish = deploying(three)
    holder = again(three, "shop")
    set_variable(three, "shop", "books/Test")
    blocked = release(three, "shop", "1.1.0")
    children.begin(three.context, parent, "[Deploy shop]/release", wish)
    child = three.task(three.deployment("1.0.0", project="shop").task)
    assert not has_turn(three, child)
    end(three, holder)
    assert has_turn(three, child) and not has_turn(three, blocked)


def test_a_standby_stands_by_while_somebody_is_in_line_for_its_place(books: House) -> None:
    for version in ("1.0.0", "1.1.0"):
        books.add_release(version)
        books.go_live(version)
    with books.database.transaction() as connection:
        slots.stand_by(connection, Place("books", "Test"), Colour.BLUE, books.clock.now())
    books.add_project("shop")
    processes.put(books.context, ADMIN, "shop", SAY)
    release(books, "shop")
    set_variable(books, "books", "shop/Test")
    books.add_release("1.2.0")
    blocked = books.task(books.deployment("1.2.0").task)
    books.clock.advance(1)
    assert housekeeping.end_expired_standbys(books.context) == 0
    tasking.cancel(books.context, ADMIN, blocked.id)
    assert housekeeping.end_expired_standbys(books.context) == 1
    assert housekeeping.end_expired_standbys(books.context) == 0
