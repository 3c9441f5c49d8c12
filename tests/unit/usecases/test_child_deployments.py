"""A step that deploys a release of another project: chosen with the release, one child, as who asked may, no circle."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from tests.unit.usecases.house import ADMIN, VIEWER, House
from tests.unit.usecases.test_foreseeing import outside_of

from fairlead.domain.actor import Actor
from fairlead.domain.deployment import DeploymentOutcome, DeploymentState
from fairlead.domain.errors import Conflict, FairleadError, Invalid, NotAllowed, NotFound, Refused
from fairlead.domain.grant import Grant
from fairlead.domain.ids import ActorId, TaskId
from fairlead.domain.permission import Permission
from fairlead.domain.plan import Plan, all_effects
from fairlead.domain.process import Action, Process, ProcessChoice, ProcessStep, RunLocation
from fairlead.domain.project import Project, Tenancy
from fairlead.domain.prompt import Control, Prompt
from fairlead.domain.task import TaskState
from fairlead.ports.children import ChildWish, DeployCondition
from fairlead.store import projects as project_rows
from fairlead.usecases import (
    access,
    approvals,
    deployments,
    foreseeing,
    processes,
    projects,
    releases,
    runbook_runs,
    runbooks,
    tenants,
    users,
    variables,
)
from fairlead.usecases import channels as channelling
from fairlead.usecases import child_deployments as children
from fairlead.usecases import policies as allowing
from fairlead.usecases import tasks as tasking
from fairlead.usecases.binding import Binding
from fairlead.usecases.process_resolving import OUTPUTS
from fairlead.usecases.variables import More

SHOP = Action("Deploy shop", "deploy-release", {"project": "shop"})
TELL = ProcessStep("Tell", (Action("Tell", "notify", {"by": "mail", "to": "a@x.test", "subject": "s"}),))
KEY = "[Deploy shop]/release"
NOWHERE: Any = SimpleNamespace()


def step(**properties: Any) -> ProcessStep:
    return ProcessStep("Deploy shop", (replace(SHOP, properties={"project": "shop", **properties}),))


def release(house: House, project: str, version: str, **more: Any) -> Any:
    return releases.create(house.context, ADMIN, project, version=version, images={}, contents={}, **more)


@pytest.fixture
def pair(house: House) -> House:
    """books, whose process deploys a release of shop, which has the releases 1.0.0 and then 0.9.0."""
    house.add_project("books")
    house.add_project("shop")
    processes.put(house.context, ADMIN, "shop", Process((TELL,)))
    processes.put(house.context, ADMIN, "books", Process((step(),)))
    for version in ("1.0.0", "0.9.0"):
        release(house, "shop", version)
        end(house, house.deployment(version, project="shop").task)
    return house


def end(house: House, task: str | None, state: TaskState = TaskState.FAILED) -> None:
    house.begin(task)
    house.end(task, state)


def parent(house: House, version: str = "1.0.0") -> TaskId:
    """The task of a deployment of books to Test, under way."""
    release(house, "books", version)
    task = house.deployment(version).task
    house.begin(task)
    return TaskId(str(task))


def wish(version: str = "1.0.0", **more: Any) -> ChildWish:
    return ChildWish("shop", version, **more)


def begin(house: House, task: TaskId, asked: ChildWish | None = None, key: str = KEY) -> Any:
    return children.begin(house.context, task, key, asked or wish())


# The version is chosen with the release


def test_the_version_is_chosen_with_the_release_by_time_and_stands_in_its_plan(pair: House) -> None:
    made = release(pair, "books", "1.0.0")
    assert made.packages == {"Deploy shop": "0.9.0"}  # made last, though 1.0.0 is higher
    plan = asyncio.run(Binding(pair.context, NOWHERE).bind(TaskId(str(pair.deployment("1.0.0").task))))
    assert isinstance(plan, Plan)
    assert next(one.title for one in all_effects(plan)) == "Deploy shop: deploy shop 0.9.0"
    named = release(pair, "books", "1.1.0", packages={"deploy shop": "1.0.0"})
    assert named.packages["Deploy shop"] == "1.0.0"
    copied = releases.copy(pair.context, ADMIN, "books", "1.1.0", new_version="1.2.0")
    assert copied.packages["Deploy shop"] == "1.0.0"


def test_a_version_that_is_not_there_is_no_choice(pair: House) -> None:
    with pytest.raises(NotFound) as caught:
        release(pair, "books", "1.0.0", packages={"Deploy shop": "7.0.0"})
    assert caught.value.code == "release.unknown"


def test_without_a_release_of_the_other_project_there_is_none_of_this_one(house: House) -> None:
    house.add_project("books")
    house.add_project("shop")
    processes.put(house.context, ADMIN, "books", Process((step(),)))
    before = house.rows()
    with pytest.raises(Conflict) as caught:
        release(house, "books", "1.0.0")
    assert caught.value.code == "release.no_child" and "fairlead release create -p shop" in caught.value.hint
    assert house.rows() == before


def test_the_latest_of_a_channel_is_chosen_where_one_is_named(pair: House) -> None:
    channelling.add(pair.context, ADMIN, "shop", channelling.ChannelWords("Hot fixes"))
    release(pair, "shop", "1.0.1", channel="Hot fixes")
    release(pair, "shop", "1.1.0", channel="Default")
    processes.put(pair.context, ADMIN, "books", Process((step(channel="Hot fixes"),)))
    assert release(pair, "books", "1.0.0").packages == {"Deploy shop": "1.0.1"}


def test_a_version_in_the_process_is_not_chosen_with_the_release(pair: House) -> None:
    processes.put(pair.context, ADMIN, "books", Process((step(version="1.0.0"),)))
    assert release(pair, "books", "1.0.0").packages == {}


# One child, a real one


def test_asking_twice_begins_one_deployment_with_a_task_of_its_own(pair: House) -> None:
    task = parent(pair)
    child = begin(pair, task)
    assert not child.has_ended and (child.project, child.environment, child.version) == ("shop", "Test", "1.0.0")
    assert begin(pair, task) == child
    found = pair.deployments("1.0.0", "Test", project="shop")[0]
    assert (found.id, found.parent, found.created_by, found.state) == (child.deployment, task, "fairlead", "queued")
    assert found.task != task and found.task in pair.queue.asked
    again = begin(pair, task, key=f"{KEY}!1")
    assert again.deployment != child.deployment


def test_its_end_has_the_parent_go_on_and_tells_what_it_gave(pair: House) -> None:
    task = parent(pair)
    child = begin(pair, task)
    found = pair.deployments("1.0.0", "Test", project="shop")[0]
    asyncio.run(pair.tasks.pause(task, again=0, holds=True))
    assert pair.task(task).state is TaskState.PAUSED
    asyncio.run(pair.records.note(TaskId(str(found.task)), OUTPUTS, {"[Tell]/x": {"outputs": {"Who": "all"}}}))
    pair.begin(found.task)
    assert pair.task(task).state is TaskState.PAUSED
    pair.commit("1.0.0", project="shop")
    pair.end(found.task)
    now = pair.task(task)
    assert (now.state, now.again, pair.queue.asked[-1]) == (TaskState.QUEUED, 1, task)
    ended = begin(pair, task)
    assert (ended.deployment, ended.has_ended, ended.outcome) == (child.deployment, True, DeploymentOutcome.LIVE)
    assert ended.given == {"[Tell]/x": {"outputs": {"Who": "all"}}}


def test_a_child_that_ended_before_the_parent_paused_is_not_waited_for(pair: House) -> None:
    task = parent(pair)
    begin(pair, task)
    end(pair, pair.deployments("1.0.0", "Test", project="shop")[0].task)
    asyncio.run(pair.tasks.pause(task, again=0, holds=True))
    assert (pair.task(task).state, pair.task(task).again) == (TaskState.QUEUED, 1)


def test_another_deployment_of_the_parents_place_waits_for_its_turn(pair: House) -> None:
    task = parent(pair)
    begin(pair, task)
    asyncio.run(pair.tasks.pause(task, again=0, holds=True))
    deployments.create(pair.context, ADMIN, "books", "1.0.0", "Test", is_forced=True)
    assert pair.deployment("1.0.0").task not in pair.queue.asked


def test_a_child_whose_phase_asks_for_an_approval_waits_for_it_and_a_no_ends_it(pair: House) -> None:
    task = parent(pair)
    for project in ("shop", "books"):
        for one in pair.deployments("1.0.0", "Test", project=project)[:1]:
            if one.state is not DeploymentState.ENDED:
                pair.commit("1.0.0", project=project)
                pair.end(one.task)
    deployments.create(pair.context, ADMIN, "shop", "1.0.0", "Test", is_forced=True)
    pair.go_live("1.0.0", project="shop")
    approvals.approve(pair.context, ADMIN, pair.approval("1.0.0").id)
    production = pair.deployment("1.0.0", "Production")
    pair.begin(production.task)
    child = begin(pair, TaskId(str(production.task)))
    assert child.waits_for == "it waits for an approval" and not child.has_ended
    asyncio.run(pair.tasks.pause(TaskId(str(production.task)), again=0, holds=True))
    found = pair.deployments("1.0.0", "Production", project="shop")[0]
    with pair.database.reading() as connection:
        asked = children.deployments.get(connection, found.id)
    assert asked.task is None
    waiting = [one for one in approvals.page(pair.context, ADMIN).items if one.approval.deployment == found.id]
    approvals.reject(pair.context, ADMIN, waiting[0].approval.id, note="not today")
    assert pair.task(production.task).state is TaskState.QUEUED
    assert begin(pair, TaskId(str(production.task))).outcome is DeploymentOutcome.REJECTED
    assert task


# Conditions


@pytest.mark.parametrize(
    ("condition", "version", "left"),
    [
        ("always", "1.0.0", ""),
        ("if-not-current", "1.0.0", "1.0.0 is the current release already"),
        ("if-not-current", "0.9.0", ""),
        ("if-newer", "1.0.0", "1.0.0 is the current release already"),
        ("if-newer", "0.9.0", "0.9.0 is not newer than 1.0.0, which is the current release"),
        ("if-newer", "1.0.1", ""),
    ],
)
def test_a_condition_goes_by_what_is_current_there(pair: House, condition: str, version: str, left: str) -> None:
    release(pair, "shop", "1.0.1")
    end(pair, pair.deployment("1.0.1", project="shop").task)
    deployments.create(pair.context, ADMIN, "shop", "1.0.0", "Test", is_forced=True)
    pair.go_live("1.0.0", project="shop")
    child = begin(pair, parent(pair), wish(version, condition=DeployCondition(condition)))
    assert child.left == left
    assert bool(child.deployment) == (not left)


@pytest.mark.parametrize("condition", list(DeployCondition))
def test_where_nothing_is_current_everything_is_newer(pair: House, condition: DeployCondition) -> None:
    assert begin(pair, parent(pair), wish("0.9.0", condition=condition)).deployment


# Who may


def test_the_permission_of_who_asked_is_asked_for(pair: House) -> None:
    access.add_user(pair.context, ADMIN, "vera", role="viewer")
    task = parent(pair)
    with pair.database.transaction() as connection:
        children.tasks.change(connection, task, created_by="vera")
    before = pair.rows()
    with pytest.raises(NotAllowed) as caught:
        begin(pair, task)
    assert caught.value.code == "permission.denied" and "vera" in caught.value.message
    users.change(pair.context, ADMIN, "vera", role="administrator")
    assert begin(pair, task).deployment
    with pair.database.transaction() as connection:
        children.tasks.change(connection, task, created_by="nobody-any-more")
    with pytest.raises(NotAllowed):
        begin(pair, task, key="[other]")
    assert pair.rows() != before


def test_a_trigger_that_asked_stands_for_who_saved_the_process(pair: House) -> None:
    task = parent(pair)
    with pair.database.transaction() as connection:
        children.tasks.change(connection, task, created_by="trigger Every night")
    assert begin(pair, task).deployment


OPENS = Process((step(version="1.0.0"),))


def restricted(house: House) -> Actor:
    """A user who may do everything with books, and of shop nothing."""
    with house.database.reading() as connection:
        books = project_rows.by_name(connection, "books")
    grant = Grant(frozenset(Permission), projects=frozenset({books.id}))
    return Actor(ActorId("usr-eve"), "eve", "user", frozenset(), grants=(grant,))


def test_who_may_not_deploy_the_other_project_is_refused_before_anything_begins(pair: House) -> None:
    eve = restricted(pair)
    made = release(pair, "books", "1.0.0")
    end(pair, pair.deployment("1.0.0").task)
    before = pair.rows()
    with pytest.raises(NotAllowed) as caught:
        deployments.create(pair.context, eve, "books", made.version, "Test", is_forced=True)
    assert caught.value.code == "permission.denied"
    assert caught.value.message == "eve may not deploy shop in Test, as Deploy shop does"
    assert "--skip" in caught.value.hint
    assert pair.rows() == before
    without = ProcessChoice(skip=frozenset({"Deploy shop"}))
    assert deployments.create(pair.context, eve, "books", made.version, "Test", is_forced=True, choice=without)


def test_a_plan_says_beforehand_that_the_other_project_may_not_be_deployed(pair: House) -> None:
    eve, outside = restricted(pair), outside_of(pair)
    release(pair, "books", "1.0.0")
    seen = asyncio.run(foreseeing.preview(pair.context, eve, outside, "books", "1.0.0", "Test"))
    assert seen.refused == "eve may not deploy shop in Test, as Deploy shop does"
    assert not asyncio.run(foreseeing.preview(pair.context, ADMIN, outside, "books", "1.0.0", "Test")).refused


def test_a_runbook_that_deploys_another_project_is_refused_before_it_begins_too(pair: House) -> None:
    eve = restricted(pair)
    runbooks.put(pair.context, ADMIN, "books", runbooks.Draft("Open", process=OPENS))
    runbooks.publish(pair.context, ADMIN, "books", "Open")
    before = pair.rows()
    with pytest.raises(NotAllowed, match="eve may not deploy shop in Test, as Deploy shop does"):
        runbook_runs.run(pair.context, eve, "books", "Open", "Test")
    assert pair.rows() == before
    seen = runbook_runs.preview(pair.context, eve, "books", "Open", "Test")
    assert seen.refused == "eve may not deploy shop in Test, as Deploy shop does"
    assert runbook_runs.run(pair.context, ADMIN, "books", "Open", "Test")


def test_a_runbooks_run_for_a_tenant_deploys_the_other_project_for_that_tenant(pair: House) -> None:
    for project in ("books", "shop"):
        projects.change(pair.context, ADMIN, project, {"tenancy": Tenancy.EITHER})
    connections = {"books": ("Test",), "shop": ("Test",)}
    acme = tenants.put(pair.context, ADMIN, tenants.Draft("Acme", connections=connections)).tenant
    runbooks.put(pair.context, ADMIN, "books", runbooks.Draft("Open", process=OPENS))
    runbooks.publish(pair.context, ADMIN, "books", "Open")
    run = runbook_runs.run(pair.context, ADMIN, "books", "Open", "Test", tenant="Acme").run
    pair.begin(run.task)
    child = begin(pair, TaskId(str(run.task)))
    assert deployments.get(pair.context, ADMIN, child.deployment).deployment.tenant == acme.id


def test_who_may_not_deploy_the_other_project_saves_no_process_that_does(pair: House) -> None:
    with pytest.raises(NotAllowed):
        children_check(pair, VIEWER, "books", Process((step(),)))


def test_a_repositorys_process_needs_an_allowance_where_nobody_asked(pair: House) -> None:
    task = parent(pair)
    with pair.database.transaction() as connection:
        children.tasks.change(connection, task, created_by="fairlead")
        books = project_rows.by_name(connection, "books")
        project_rows.update(connection, replace(books, code_nouns=("process",)))
    with pytest.raises(Refused) as caught:
        begin(pair, task)
    assert caught.value.code == "policy.refused"
    assert "fairlead policy allow deploy-release:shop --project books" in caught.value.hint
    allowing.allow(pair.context, ADMIN, "books", "deploy-release:shop")
    assert begin(pair, task).deployment


# Answers


def asking(house: House, control: Control = Control.SINGLE) -> None:
    is_secret = control is Control.SENSITIVE
    more = More(prompt=Prompt("Who", control=control))
    variables.put(house.context, ADMIN, "shop", "Who", "", is_secret=is_secret, more=more)
    release(house, "shop", "2.0.0")
    end(house, house.deployment("2.0.0", project="shop").task)


def test_variables_are_answers_to_what_the_child_asks_for(pair: House) -> None:
    asking(pair)
    task = parent(pair)
    begin(pair, task, wish("2.0.0", answers={"who": "Ada"}))
    found = pair.deployments("2.0.0", "Test", project="shop")[0]
    prompted = deployments.get(pair.context, ADMIN, found.id).prompted
    assert [(one.label, one.variable.value) for one in prompted] == [("Who", "Ada")]
    with pytest.raises(Invalid) as caught:
        begin(pair, task, wish("2.0.0", answers={"Whom": "Ada"}), key="[other]")
    assert caught.value.code == "prompt.unknown"


@pytest.mark.parametrize("control", [Control.SINGLE, Control.SENSITIVE])
def test_a_secret_goes_only_where_it_is_kept_as_one(pair: House, control: Control) -> None:
    asking(pair, control)
    secret = wish("2.0.0", answers={"Who": "pa55word"}, secret_answers=frozenset({"Who"}))
    task = parent(pair)
    if control is Control.SENSITIVE:
        assert begin(pair, task, secret).deployment
        return
    with pytest.raises(Invalid) as caught:
        begin(pair, task, secret)
    assert caught.value.code == "variable.secret" and "pa55word" not in str(caught.value)


# Circles


def children_check(house: House, actor: Any, project: str, process: Process) -> None:
    from fairlead.usecases.child_projects import check

    with house.database.reading() as connection:
        check(connection, actor, project_rows.by_name(connection, project), process)


def test_projects_that_deploy_one_another_are_refused_in_words(pair: House) -> None:
    back = ProcessStep("Back", (Action("Back", "deploy-release", {"project": "books"}),))
    for project, told in (("shop", "shop → books → shop"), ("books", "books → books")):
        with pytest.raises(Refused) as caught:
            processes.put(pair.context, ADMIN, project, Process((back,)))
        assert caught.value.code == "process.deploys_itself" and told in caught.value.message


def test_what_it_names_is_there_and_it_runs_on_no_target(pair: House) -> None:
    def code(**more: Any) -> str:
        action = replace(SHOP, **more)
        with pytest.raises(FairleadError) as caught:
            tags = ("web",) if "runs_on" in more else ()
            processes.put(pair.context, ADMIN, "books", Process((ProcessStep("s", (action,), target_tags=tags),)))
        return caught.value.code

    assert code(properties={"project": "nowhere"}) == "project.unknown"
    assert code(properties={"project": "shop", "channel": "nowhere"}) == "channel.unknown"
    assert code(properties={"project": "#{Which}"}) == "process.properties"
    assert code(runs_on=RunLocation.TARGETS) == "process.place"
    assert code(retries=1) == "process.retries"


def test_a_deployment_is_not_waited_for_by_what_it_waits_for(pair: House) -> None:
    """Two that would wait for one another though no process says so as it is now."""
    task = parent(pair)
    with pytest.raises(Refused) as caught:
        children.begin(pair.context, task, "[x]", ChildWish("books", "1.0.0"))
    assert caught.value.code == "process.deploys_itself"
    deployments.create(pair.context, ADMIN, "shop", "1.0.0", "Test", is_forced=True)
    shops = pair.deployments("1.0.0", "Test", project="shop")[0].task
    pair.begin(shops)
    assert not children.begin(pair.context, TaskId(str(shops)), "[x]", ChildWish("books", "1.0.0")).has_ended
    with pytest.raises(Conflict) as circle:
        begin(pair, task)
    assert circle.value.code == "deployment.circle"


# Cancelling


def test_a_cancel_reaches_the_child_as_far_as_it_has_come(pair: House) -> None:
    task = parent(pair)
    children.cancel(pair.context, task, KEY)
    begin(pair, task)
    found = pair.deployments("1.0.0", "Test", project="shop")[0]
    pair.begin(found.task)
    children.cancel(pair.context, task, KEY)
    assert pair.task(found.task).is_cancel_asked
    pair.end(found.task, TaskState.CANCELLED, "task.cancelled", "stopped")
    children.cancel(pair.context, task, KEY)
    assert begin(pair, task).outcome is DeploymentOutcome.CANCELLED


def test_a_child_past_its_commit_point_is_left_alone(pair: House) -> None:
    task = parent(pair)
    begin(pair, task)
    found = pair.deployments("1.0.0", "Test", project="shop")[0]
    pair.begin(found.task)
    pair.commit("1.0.0", project="shop")
    children.cancel(pair.context, task, KEY)
    assert not pair.task(found.task).is_cancel_asked


def test_a_paused_parent_that_is_cancelled_goes_on_to_take_its_child_back(pair: House) -> None:
    task = parent(pair)
    begin(pair, task)
    asyncio.run(pair.tasks.pause(task, again=0, holds=True))
    pair.clock.advance(timedelta(seconds=1).total_seconds())
    tasking.cancel(pair.context, ADMIN, task)
    assert (pair.task(task).state, pair.task(task).again) == (TaskState.QUEUED, 1)


def test_a_deployment_remembers_who_asked_for_it(pair: House) -> None:
    assert isinstance(pair.add_project("third"), Project)
    task = parent(pair)
    child = begin(pair, task)
    assert deployments.get(pair.context, ADMIN, child.deployment).deployment.parent == task
