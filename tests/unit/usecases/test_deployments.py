"""Deployments, approvals and what follows: lifecycle, turns, law 4, going back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from tests.unit.usecases.house import ADMIN, DIGEST, OTHER_DIGEST, PROJECT_FILE, House

from fairlead.domain.approval import ApprovalState
from fairlead.domain.deployment import DeploymentOutcome, DeploymentState
from fairlead.domain.errors import Conflict, FairleadError, Invalid, NotFound, Refused
from fairlead.domain.policy import SCRIPTS_AT_SERVER
from fairlead.domain.switch_record import SwitchRecord, as_fact
from fairlead.domain.task import TaskState
from fairlead.store import environments, projects, tasks
from fairlead.usecases import (
    approvals,
    deployments,
    following,
    notifications,
    planning,
    policies,
    releases,
    rolling_back,
    telling,
    variables,
)
from fairlead.usecases import tasks as tasking
from fairlead.usecases.going import Going

PRIVILEGED = ", privileged: true"


def test_the_lifecycle_lets_nothing_into_production_before_it_was_live_in_test(books: House) -> None:
    books.add_release("1.0.0")
    with pytest.raises(Conflict) as raised:
        deployments.create(books.context, ADMIN, "books", "1.0.0", "Production")
    assert raised.value.code == "deployment.lifecycle"
    assert "Test" in raised.value.message


def test_what_is_live_with_the_same_configuration_is_not_deployed_again_unless_forced(books: House) -> None:
    books.add_release("1.0.0")
    books.go_live("1.0.0")
    before = books.rows()
    with pytest.raises(Conflict) as raised:
        deployments.create(books.context, ADMIN, "books", "1.0.0", "Test")
    assert raised.value.code == "deployment.nothing_to_do"
    assert books.rows() == before
    forced = deployments.create(books.context, ADMIN, "books", "1.0.0", "Test", is_forced=True)
    assert forced.deployment.state is DeploymentState.QUEUED


def test_a_changed_variable_makes_it_an_ordinary_deployment_of_the_same_digests(books: House) -> None:
    books.add_release("1.0.0")
    books.go_live("1.0.0")
    variables.put(books.context, ADMIN, "books", "Db.Host", "other")
    releases.update_variables(books.context, ADMIN, "books", "1.0.0")
    assert deployments.create(books.context, ADMIN, "books", "1.0.0", "Test").deployment.number == 2


def test_what_was_live_in_test_waits_for_an_approval_for_production(books: House) -> None:
    books.add_release("1.0.0")
    books.go_live("1.0.0")
    waiting = books.deployment("1.0.0", "Production")
    assert (waiting.state, waiting.task) == (DeploymentState.WAITING, None)
    asked = books.approval("1.0.0")
    assert asked.plan_hash == waiting.plan_hash
    [shown] = approvals.page(books.context, ADMIN, state=ApprovalState.WAITING).items
    assert (shown.of.version, shown.of.environment) == ("1.0.0", "Production")


def test_approving_queues_what_was_shown_and_counts_once(books: House) -> None:
    books.add_release("1.0.0")
    books.go_live("1.0.0")
    asked = books.approval("1.0.0")
    answered = approvals.approve(books.context, ADMIN, asked.id, note="looks right")
    found = books.deployment("1.0.0", "Production")
    assert (found.state, found.approved_by, answered.of.deployment.task) == (
        DeploymentState.QUEUED,
        "admin",
        found.task,
    )
    for again in (approvals.approve, approvals.reject):
        with pytest.raises(Conflict) as raised:
            again(books.context, ADMIN, asked.id)
        assert raised.value.code == "approval.answered"
    assert books.queue.asked.count(found.task) == 1


def test_rejecting_ends_it_with_the_note(books: House) -> None:
    books.add_release("1.0.0")
    books.go_live("1.0.0")
    asked = books.approval("1.0.0").id
    with pytest.raises(Invalid):
        approvals.reject(books.context, ADMIN, asked, note="x" * 10_001)
    approvals.reject(books.context, ADMIN, asked, note="not today")
    found = books.deployment("1.0.0", "Production")
    assert (found.outcome, found.task) == (DeploymentOutcome.REJECTED, None)
    assert "not today" in found.reason


def test_a_newer_release_at_the_gate_supersedes_the_older_approval_and_says_so(books: House) -> None:
    for version, image in (("1.0.0", DIGEST), ("1.1.0", OTHER_DIGEST)):
        books.add_release(version, image=image)
        books.go_live(version)
    older = books.approval("1.0.0")
    assert older.state is ApprovalState.SUPERSEDED and "1.1.0" in older.note
    assert books.deployment("1.0.0", "Production").outcome is DeploymentOutcome.SUPERSEDED
    assert [one.message for one in books.audit("approval.superseded")] == [older.note]
    assert books.approval("1.1.0").state is ApprovalState.WAITING
    with pytest.raises(Conflict):
        approvals.approve(books.context, ADMIN, older.id)


def waiting(house: House) -> Sequence[approvals.ApprovalView]:
    return approvals.page(house.context, ADMIN, state=ApprovalState.WAITING).items


def test_an_older_release_that_is_brought_back_leaves_the_newer_one_waiting(books: House) -> None:
    for version, image in (("1.0.0", DIGEST), ("1.1.0", OTHER_DIGEST)):
        books.add_release(version, image=image)
        books.go_live(version)
    newer = books.approval("1.1.0")
    deployments.create(books.context, ADMIN, "books", "1.0.0", "Production")
    assert {one.of.version for one in waiting(books)} == {"1.0.0", "1.1.0"}
    assert newer.id in [one.approval.id for one in waiting(books)]
    deployments.create(books.context, ADMIN, "books", "1.1.0", "Production", is_forced=True)
    (only,) = waiting(books)
    assert only.of.version == "1.1.0" and only.approval.id != newer.id, "asked for anew, with both older questions gone"


def test_each_deployment_to_a_gated_environment_asks_again_but_going_back_does_not(books: House) -> None:
    for version, image in (("1.0.0", DIGEST), ("1.1.0", OTHER_DIGEST)):
        books.add_release(version, image=image)
        books.go_live(version)
        approvals.approve(books.context, ADMIN, books.approval(version).id)
        books.go_live(version, "Production")
    again = deployments.create(books.context, ADMIN, "books", "1.0.0", "Production")
    assert again.deployment.state is DeploymentState.WAITING
    back = rolling_back.roll_back(books.context, ADMIN, "books", "Production")
    assert (back.version, back.deployment.state) == ("1.0.0", DeploymentState.QUEUED)


def test_going_back_needs_an_earlier_release_and_takes_its_variables(books: House) -> None:
    for environment in ("Test", "Production"):
        with pytest.raises(Conflict) as raised:
            rolling_back.roll_back(books.context, ADMIN, "books", environment)
        assert raised.value.code == "deployment.no_way_back"
    first = books.add_release("1.0.0")
    books.go_live("1.0.0")
    with pytest.raises(Conflict):
        rolling_back.roll_back(books.context, ADMIN, "books", "Test")
    variables.put(books.context, ADMIN, "books", "Db.Host", "other")
    releases.update_variables(books.context, ADMIN, "books", "1.0.0")
    books.add_release("1.1.0", image=OTHER_DIGEST)
    books.go_live("1.1.0")
    books.add_release("1.2.0", image=OTHER_DIGEST)
    with pytest.raises(Conflict) as never:
        rolling_back.roll_back(books.context, ADMIN, "books", "Test", to="1.2.0")
    assert "never live" in never.value.message
    back = rolling_back.roll_back(books.context, ADMIN, "books", "Test", to="1.0.0")
    assert (back.deployment.kind, back.deployment.variables) == ("rollback", first.variables)


def test_two_projects_cannot_have_one_route(books: House) -> None:
    books.add_release("1.0.0", more=", route: {host: shop.example.com}")
    books.add_project("other")
    before = books.rows()
    text = "project: other\nservices:\n  web: {image: nginx, port: 80, route: {host: shop.example.com}}\n"
    books.add_release("1.0.0", project="other", file=text)
    refused = books.deployment("1.0.0", project="other")
    assert (refused.state, refused.outcome) == (DeploymentState.ENDED, DeploymentOutcome.REFUSED)
    assert (refused.code, refused.task, refused.switched) == ("route.taken", None, False)
    assert "books" in refused.reason
    [told] = books.audit("deployment.refused")
    assert refused.reason in told.message
    with pytest.raises(Conflict) as raised:
        deployments.create(books.context, ADMIN, "other", "1.0.0", "Test")
    assert raised.value.code == "route.taken"
    after = books.rows()
    assert [after[name] - before[name] for name in ("deployments", "tasks", "routes")] == [1, 0, 0]


def test_an_unknown_variable_is_named_and_nothing_is_asked(house: House) -> None:
    house.add_project()
    house.add_release("1.0.0")
    refused = house.deployment("1.0.0")
    assert (refused.outcome, refused.code) == (DeploymentOutcome.REFUSED, "variable.unknown")
    assert "Db.Host" in refused.reason
    with pytest.raises(FairleadError) as raised:
        deployments.create(house.context, ADMIN, "books", "1.0.0", "Test")
    assert "Db.Host" in raised.value.message
    assert house.queue.asked == []


@pytest.mark.parametrize(
    ("has_begun", "outcome", "words"), [(True, "failed", "failed"), (False, "refused", "is refused")]
)
def test_what_began_and_had_nothing_to_take_back_failed_and_what_began_nothing_is_refused(
    books: House, has_begun: bool, outcome: str, words: str
) -> None:
    notifications.add(books.context, ADMIN, "http://127.0.0.1:9/hook")
    books.add_release("1.0.0")
    task = books.deployment("1.0.0").task
    books.begin(task)
    books.end(task, TaskState.FAILED, "step.failed", "the script ended with 1", has_begun=has_begun)
    ended = books.deployment("1.0.0")
    assert (ended.outcome.value, ended.code, ended.committed_at) == (outcome, "step.failed", None)
    [told] = books.audit(f"deployment.{outcome}")
    assert told.message == f"1.0.0 in Test {words}: the script ended with 1"
    [notice] = telling.due(books.context)
    assert (notice.event, notice.facts["outcome"]) == ("deployment.failed", outcome)
    with pytest.raises(Conflict):
        deployments.create(books.context, ADMIN, "books", "1.0.0", "Production")
    assert deployments.create(books.context, ADMIN, "books", "1.0.0", "Test").deployment.number == 2


def test_what_was_refused_at_once_is_asked_for_again_once_nothing_is_in_the_way(house: House) -> None:
    house.add_project()
    notifications.add(house.context, ADMIN, "http://127.0.0.1:9/hook")
    house.add_release("1.0.0")
    [notice] = telling.due(house.context)
    assert notice.event == "deployment.failed" and "refused" in notice.subject and "Db.Host" in notice.body
    variables.put(house.context, ADMIN, "books", "Db.Host", "db")
    releases.update_variables(house.context, ADMIN, "books", "1.0.0")
    asked = deployments.create(house.context, ADMIN, "books", "1.0.0", "Test")
    assert (asked.deployment.state, asked.deployment.number) == (DeploymentState.QUEUED, 2)
    variables.put(house.context, ADMIN, "books", "Db.Host", "elsewhere", only_in=["Test"])
    variables.remove(house.context, ADMIN, "books", "Db.Host")
    releases.update_variables(house.context, ADMIN, "books", "1.0.0")
    house.end(asked.deployment.task, TaskState.ROLLED_BACK)
    for _ in range(2):
        deployments.create(house.context, ADMIN, "books", "1.0.0", "Test", is_forced=True)
        house.go_live("1.0.0")
    assert [one.outcome for one in house.deployments("1.0.0", "Production")] == [DeploymentOutcome.REFUSED] * 2
    variables.put(house.context, ADMIN, "books", "Db.Host", "db")
    releases.update_variables(house.context, ADMIN, "books", "1.0.0")
    deployments.create(house.context, ADMIN, "books", "1.0.0", "Test", is_forced=True)
    house.go_live("1.0.0")
    assert house.approval("1.0.0").state is ApprovalState.WAITING


def test_what_users_met_during_the_switch_is_told_with_the_end(books: House) -> None:
    notifications.add(books.context, ADMIN, "http://127.0.0.1:9/hook", events=["deployment.live"])
    books.add_release("1.0.0")
    asked = books.deployment("1.0.0")
    record = as_fact(SwitchRecord(1_000, visits=9, slowest_ms=3.2))
    with books.context.database.transaction() as connection:
        tasks.note(connection, asked.task, "drained:web", record)
    assert deployments.get(books.context, ADMIN, asked.id).switch.requests == 1_000
    books.go_live("1.0.0")
    [notice] = [one for one in telling.due(books.context) if one.event == "deployment.live"]
    said = "1,000 requests, 0 failed, 0 cut, slowest 3 ms during the switch"
    assert notice.body == f"It is live.\n{said}"
    assert notice.facts["switch"] == said


@pytest.mark.parametrize("where", ["Nowhere", "", "a\nb", "../Test"])
def test_an_unknown_place_is_not_found(books: House, where: str) -> None:
    books.add_release("1.0.0")
    with pytest.raises(NotFound) as raised:
        deployments.create(books.context, ADMIN, "books", "1.0.0", where)
    assert raised.value.code == "environment.unknown"


# Policy and law 4


def test_what_could_harm_the_host_is_refused_by_its_key_until_an_administrator_allows_it(books: House) -> None:
    books.add_release("1.0.0", more=PRIVILEGED)
    with pytest.raises(Refused) as raised:
        deployments.create(books.context, ADMIN, "books", "1.0.0", "Test")
    assert raised.value.code == "policy.refused"
    assert "privileged" in raised.value.message and "fairlead policy allow privileged" in raised.value.hint
    policies.allow(books.context, ADMIN, "books", "privileged", environment="Test", note="a build agent")
    assert deployments.create(books.context, ADMIN, "books", "1.0.0", "Test").deployment.task


def test_an_allowance_that_is_revoked_is_refused_from_then_on(books: House) -> None:
    made = policies.allow(books.context, ADMIN, "books", "privileged")
    books.add_release("1.0.0", more=PRIVILEGED)
    held = [one.allowance.harm for one in policies.all_of(books.context, ADMIN, project="books")]
    assert held == ["privileged", SCRIPTS_AT_SERVER], "the latter is allowed in every house"
    policies.revoke(books.context, ADMIN, made.allowance.id)
    with pytest.raises(Refused):
        deployments.create(books.context, ADMIN, "books", "1.0.0", "Test", is_forced=True)
    with pytest.raises(NotFound):
        policies.revoke(books.context, ADMIN, made.allowance.id)


@pytest.mark.parametrize("key", ["", "bind:a\nb", "bind:/" + "x" * 300, "PRIVILEGED", "network:host", "bind:", "port"])
def test_a_bad_key_of_a_harm_is_refused(books: House, key: str) -> None:
    with pytest.raises(Invalid):
        policies.allow(books.context, ADMIN, "books", key)


def test_what_is_allowed_already_is_not_allowed_twice(books: House) -> None:
    made = policies.allow(books.context, ADMIN, "books", "privileged", note="first")
    noted = len(books.audit("policy.allowed"))
    for note in ("first", ""):
        assert policies.allow(books.context, ADMIN, "books", "privileged", note=note) == made
    assert len(books.audit("policy.allowed")) == noted
    again = policies.allow(books.context, ADMIN, "books", "privileged", note="again").allowance
    assert again == replace(made.allowance, note="again")
    assert again in [one.allowance for one in policies.all_of(books.context, ADMIN, project="books")]
    assert len(books.audit("policy.allowed")) == noted + 1
    assert policies.allow(books.context, ADMIN, "books", "privileged", environment="Test") != made


def test_what_differs_from_what_was_asked_for_can_be_shown(books: House) -> None:
    books.add_release("1.0.0")
    asked = books.deployment("1.0.0")
    variables.put(books.context, ADMIN, "books", "Db.Host", "other")
    updated = releases.update_variables(books.context, ADMIN, "books", "1.0.0").release
    with books.database.reading() as connection:
        from fairlead.store import environments, projects

        owner, place = projects.by_name(connection, "books"), environments.by_name(connection, "Test")
        now = planning.intend(books.context, connection, Going(owner, place, updated))
    changes = planning.changes_since(books.context, asked.plan_hash, now)
    assert any("other" in change and "db" in change for change in changes)
    assert planning.changes_since(books.context, "0" * 64, now) == ()


# Turns


def test_one_task_at_a_time_in_a_place_and_the_next_begins_with_the_end(books: House) -> None:
    books.add_release("1.0.0")
    first = books.deployment("1.0.0").task
    second = deployments.create(books.context, ADMIN, "books", "1.0.0", "Test", is_forced=True).deployment.task
    third = deployments.create(books.context, ADMIN, "books", "1.0.0", "Test", is_forced=True).deployment.task
    assert books.queue.asked == [first]
    books.end(first, TaskState.FAILED, "tests.failed", "no")
    assert books.queue.asked == [first, second]
    books.end(second, TaskState.FAILED, "tests.failed", "no")
    assert books.queue.asked == [first, second, third]


def test_places_do_not_wait_for_one_another(books: House) -> None:
    books.add_project("other")
    books.add_release("1.0.0")
    text = "project: other\nservices:\n  web: {image: nginx, port: 80}\n"
    books.add_release("1.0.0", project="other", file=text)
    assert len(books.queue.asked) == 2


@pytest.mark.parametrize(
    ("more", "is_warned"), [("", False), (", after-retire: {service: web, command: [drop]}", True)]
)
def test_going_back_from_a_release_that_contracted_the_schema_is_warned_of(
    books: House, more: str, is_warned: bool
) -> None:
    old = books.add_release("1.0.0")
    books.go_live("1.0.0")
    migrate = f"migrate: {{service: web, command: [add]{more}}}\n"
    books.add_release("2.0.0", file=f"{PROJECT_FILE.format(name='books', image=DIGEST, more='')}{migrate}")
    books.go_live("2.0.0")

    def warned(kind: str) -> bool:
        with books.database.reading() as connection:
            project, place = projects.by_name(connection, "books"), environments.by_name(connection, "Test")
            made = planning.intend(books.context, connection, Going(project, place, old), kind=kind)  # type: ignore[arg-type]
        return any("2.0.0" in one and "1.0.0 may not work with what is left" in one for one in made.plan.warnings)

    assert (warned("rollback"), warned("deployment")) == (is_warned, False)


def test_an_unsettled_task_keeps_its_place(books: House) -> None:
    books.add_release("1.0.0")
    first = books.deployment("1.0.0").task
    books.begin(first)
    notifications.add(books.context, ADMIN, "https://chat.example.com/hook")
    for _ in range(3):  # taken up again and again: told once
        books.end(first, TaskState.UNSETTLED, "engine.unreachable", "the host does not answer")
    [told] = telling.due(books.context)
    assert told.event == "deployment.unsettled" and told.subject == "books 1.0.0 in Test is unsettled"
    assert "the host does not answer" in told.body and "fairlead why deployment dep-" in told.body
    deployments.create(books.context, ADMIN, "books", "1.0.0", "Test", is_forced=True)
    assert books.queue.asked == [first]
    assert books.deployments("1.0.0", "Test")[-1].state is DeploymentState.UNSETTLED
    assert tasking.may_resume(books.context, ADMIN, str(first)) == first


# Cancelling


def test_what_waits_behind_others_is_cancelled_at_once(books: House) -> None:
    books.add_release("1.0.0")
    first = books.deployment("1.0.0").task
    second = deployments.create(books.context, ADMIN, "books", "1.0.0", "Test", is_forced=True).deployment
    ended = tasking.cancel(books.context, ADMIN, str(second.task))
    assert (ended.state, ended.code) == (TaskState.CANCELLED, "task.cancelled")
    assert books.deployments("1.0.0", "Test")[0].outcome is DeploymentOutcome.CANCELLED
    books.end(first, TaskState.FAILED)
    assert books.queue.asked == [first]


def test_what_runs_is_asked_to_stop_and_what_ended_or_committed_is_not(books: House) -> None:
    books.add_release("1.0.0")
    task = str(books.deployment("1.0.0").task)
    books.begin(task)
    assert tasking.cancel(books.context, ADMIN, task).is_cancel_asked
    assert tasking.cancel(books.context, ADMIN, task).is_cancel_asked
    assert len(books.audit("task.cancel_asked")) == 1
    books.commit("1.0.0")
    with pytest.raises(Conflict) as past:
        tasking.cancel(books.context, ADMIN, task)
    assert past.value.code == "task.past_commit"
    books.end(task)
    for act in (tasking.cancel, tasking.may_resume):
        with pytest.raises(Conflict) as ended:
            act(books.context, ADMIN, task)
        assert ended.value.code == "task.ended"


# What follows


def test_a_deployment_that_was_rolled_back_says_why_and_promotes_nothing(books: House) -> None:
    books.add_release("1.0.0")
    books.begin(books.deployment("1.0.0").task)
    books.end(books.deployment("1.0.0").task, TaskState.ROLLED_BACK, "tests.failed", "2 of 7 failed")
    found = books.deployment("1.0.0")
    assert (found.outcome, found.code, found.reason) == (
        DeploymentOutcome.ROLLED_BACK,
        "tests.failed",
        "2 of 7 failed",
    )
    assert books.deployments("1.0.0", "Production") == ()
    assert books.audit("deployment.rolled_back")


def test_whether_it_is_live_is_read_from_the_commit_and_not_from_the_task(books: House) -> None:
    books.add_release("1.0.0")
    books.begin(books.deployment("1.0.0").task)
    books.commit("1.0.0")
    books.end(books.deployment("1.0.0").task, TaskState.FAILED, "engine.unreachable", "the drain was not finished")
    assert books.deployment("1.0.0").outcome is DeploymentOutcome.LIVE
    assert books.approval("1.0.0").state is ApprovalState.WAITING


@pytest.mark.parametrize("what", ["_promote", "_deployment_ended"])
def test_a_task_ends_and_the_next_begins_even_where_what_follows_has_a_bug(
    books: House, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    books.add_release("1.0.0")
    first = books.deployment("1.0.0").task
    books.begin(first)
    books.commit("1.0.0")
    second = deployments.create(books.context, ADMIN, "books", "1.0.0", "Test", is_forced=True).deployment.task
    monkeypatch.setattr(following, what, broken)
    books.end(first)
    assert books.task(first).state is TaskState.SUCCEEDED
    assert books.queue.asked == [first, second]
    assert "a bug" in books.audit("task.not_followed")[0].message


def test_a_notice_that_cannot_be_written_takes_neither_the_end_nor_the_turn(
    books: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(telling, "deployment_ended", broken)
    books.add_release("1.0.0")
    task = books.deployment("1.0.0").task
    books.begin(task)
    books.end(task, TaskState.FAILED, "tests.failed", "no")
    assert books.deployment("1.0.0").outcome is DeploymentOutcome.FAILED
    with books.database.reading() as connection:
        assert tasks.unfinished(connection) == ()


def test_lists_are_asked_for_in_a_fixed_number_of_queries(books: House) -> None:
    import sqlalchemy as sa

    counted: list[str] = []
    sa.event.listen(books.database.engine, "before_cursor_execute", lambda *all_: counted.append(all_[2]))

    def queries() -> int:
        counted.clear()
        deployments.page(books.context, ADMIN)
        approvals.page(books.context, ADMIN)
        return len(counted)

    books.add_release("1.0.0")
    books.go_live("1.0.0")
    few = queries()
    for number in range(1, 6):
        books.add_release(f"1.{number}.0", image=OTHER_DIGEST)
        books.go_live(f"1.{number}.0")
    assert queries() == few
