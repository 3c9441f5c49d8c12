"""Releases, deployments, approvals and runs: numbers, what was live where, what is in use."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.unit.store.conftest import BOOKS, PRODUCTION, TEST, Shop

from fairlead.domain.approval import Approval, ApprovalState
from fairlead.domain.deployment import DeploymentOutcome, DeploymentState
from fairlead.domain.errors import Conflict, Invalid, NotFound
from fairlead.domain.ids import ApprovalId, RunId, TaskId
from fairlead.domain.run import Run
from fairlead.store import approvals, deployments, releases, runs, tasks, variables
from fairlead.store.records import StoreRecords
from fairlead.testing.fake_clock import FakeClock

LIVE, ENDED = DeploymentOutcome.LIVE, DeploymentState.ENDED


def test_a_version_is_made_once_in_a_project(shop: Shop) -> None:
    made = shop.release("1.0.0")
    with pytest.raises(Conflict) as raised:
        shop.release("1.0.0")
    assert raised.value.code == "release.exists"
    with shop.database.reading() as connection:
        assert releases.by_version_or_id(connection, BOOKS, "1.0.0") == made
        assert releases.by_version_or_id(connection, BOOKS, made.id) == made
        with pytest.raises(NotFound):
            releases.by_version(connection, BOOKS, "2.0.0")


def test_the_highest_version_is_not_the_latest_release(shop: Shop) -> None:
    shop.release("1.10.0")
    latest = shop.release("1.9.1")
    with shop.database.reading() as connection:
        assert releases.latest(connection, BOOKS) == latest
        assert [one.version for one in releases.page(connection, project=BOOKS).items] == ["1.9.1", "1.10.0"]


def test_deployments_are_numbered_by_place_and_tell_where_a_release_was_live(shop: Shop) -> None:
    release = shop.release()
    first = shop.deployment(release.id, outcome=LIVE, state=ENDED, committed_at=shop.at)
    second = shop.deployment(release.id, outcome=DeploymentOutcome.ROLLED_BACK, state=ENDED)
    there = shop.deployment(release.id, PRODUCTION)
    assert (first.number, second.number, there.number) == (1, 2, 1)
    with shop.database.reading() as connection:
        assert deployments.reached(connection, release.id) == {TEST}
        assert deployments.active(connection) == (there,)
        assert deployments.page(connection, environment=TEST).items == (second, first)
        assert deployments.page(connection, outcome=LIVE, limit=1).items == (first,)


def test_what_is_live_is_what_was_committed_last_not_what_was_asked_for_last(shop: Shop) -> None:
    release = shop.release()
    waited = shop.deployment(release.id, committed_at=shop.at + timedelta(hours=1))
    asked_later = shop.deployment(release.id, committed_at=shop.at)
    newest = shop.deployment(release.id)
    with shop.database.reading() as connection:
        assert deployments.live_ones(connection, BOOKS, TEST) == (waited, asked_later)
        assert {at: one.id for at, one in deployments.committed_by_place(connection, [BOOKS]).items()} == {
            (BOOKS, TEST, None): waited.id
        }
        assert {at: (one.id, one.version) for at, one in deployments.latest_by_place(connection, [BOOKS]).items()} == {
            (BOOKS, TEST, None): (newest.id, "1.0.0")
        }
        assert deployments.releases_shown(connection, BOOKS) == {release.id}
        assert deployments.committed_by_place(connection, []) == deployments.latest_by_place(connection, []) == {}


def test_approvals_wait_until_they_are_answered(shop: Shop) -> None:
    deployment = shop.deployment(shop.release().id, PRODUCTION)
    approval = Approval(ApprovalId("apr-1"), deployment.id, BOOKS, PRODUCTION, "hash", shop.at)
    with shop.database.transaction() as connection:
        approvals.insert(connection, approval)
        assert approvals.waiting(connection, project=BOOKS, environment=PRODUCTION) == (approval,)
        assert approvals.waiting(connection, environment=TEST) == ()
        assert approvals.of_deployment(connection, deployment.id) == (approval,)
        approvals.change(connection, approval.id, state=ApprovalState.APPROVED.value)
        assert approvals.waiting(connection) == ()
        assert len(approvals.page(connection, state=ApprovalState.APPROVED).items) == 1


def a_run(shop: Shop) -> tuple[Run, TaskId]:
    task = shop.task(project="", environment="")
    with shop.database.transaction() as connection:
        tasks.insert(connection, task)
        run = Run(
            RunId(shop.ids.new("run")),
            runs.next_number(connection, BOOKS),
            BOOKS,
            "main",
            "c" * 40,
            shop.at,
            task=task.id,
        )
        runs.insert(connection, run)
    return run, task.id


def test_runs_are_numbered(shop: Shop) -> None:
    (first, _), (second, _) = a_run(shop), a_run(shop)
    with shop.database.transaction() as connection:
        assert (first.number, second.number) == (1, 2)
        assert runs.by_number(connection, BOOKS, 2) == second


async def test_a_runs_release_has_the_next_version_and_freezes_the_variables(shop: Shop) -> None:
    records = StoreRecords(shop.database, FakeClock(), shop.ids)
    image = "127.0.0.1:8602/books/web@sha256:" + "a" * 64
    for version in ("1.0.0", "1.1.0"):
        run, task = a_run(shop)
        made = await records.create_release(task, {"images": {"web": image}, "warnings": ["w"]})
        with shop.database.reading() as connection:
            release = releases.get(connection, made)
            assert (release.version, release.run, release.commit) == (version, run.id, "c" * 40)
            assert (release.images, release.warnings) == ({"web": image}, ("w",))
            assert variables.snapshot(connection, release.variables).variables == ()
            assert runs.get(connection, run.id).release == made
    _, task = a_run(shop)
    with pytest.raises(Invalid) as raised:
        await records.create_release(task, {"images": {"web": "books/web:latest"}})
    assert raised.value.code == "release.images"
    with shop.database.reading() as connection:
        assert len(releases.page(connection, project=BOOKS).items) == 2
