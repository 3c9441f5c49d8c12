"""Approvals that nobody answers in time: the question ends, and with it the deployment that waited for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from tests.databases import ON_BOTH
from tests.unit.usecases.house import ADMIN, House

from fairlead.domain.approval import Approval, ApprovalState
from fairlead.domain.deployment import DeploymentOutcome, DeploymentState
from fairlead.domain.errors import FairleadError
from fairlead.formats.phase_lines import read
from fairlead.store import approvals as rows
from fairlead.usecases import approvals, deployments, environments, lifecycles, reasons
from fairlead.usecases.lifecycles import Draft

pytestmark = ON_BOTH

HOUR = timedelta(hours=1)


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(FairleadError) as caught:
        act()
    return caught.value.code


def asked_last(house: House) -> Approval:
    with house.database.reading() as connection:
        return rows.page(connection).items[0]


def until_production(house: House) -> Approval:
    """A release that is live in Test, and waits for the approval of Production."""
    house.add_release("1.0.0")
    house.go_live("1.0.0", "Test")
    return house.approval("1.0.0")


def test_without_a_word_about_it_an_approval_waits_for_ever(books: House) -> None:
    asked = until_production(books)
    assert asked.expires_at is None
    books.clock.advance(400 * 86_400)
    assert approvals.expire(books.context) == 0
    assert approvals.approve(books.context, ADMIN, asked.id).approval.state is ApprovalState.APPROVED


def test_one_that_nobody_answered_expires_and_its_deployment_ends(books: House) -> None:
    environments.change(books.context, ADMIN, "Production", approval_expires_s=3600)
    asked = until_production(books)
    assert asked.expires_at == asked.created_at + HOUR
    books.clock.advance(3598)  # a second went by after it was asked
    assert approvals.expire(books.context) == 0
    hint = reasons.of_approval(asked).hint
    assert f"it does not begin any more after {asked.expires_at:%Y-%m-%d %H:%M:%S} UTC" in hint
    books.clock.advance(1)
    assert refused(lambda: approvals.approve(books.context, ADMIN, asked.id)) == "approval.expired"
    assert approvals.expire(books.context) == 1
    assert approvals.expire(books.context) == 0
    ended = asked_last(books)
    assert (ended.state, ended.answered_by, ended.answered_at) == (ApprovalState.EXPIRED, "", books.clock.now())
    row = books.deployment("1.0.0", "Production")
    assert (row.state, row.outcome, row.code) == (
        DeploymentState.ENDED,
        DeploymentOutcome.REFUSED,
        "approval.expired",
    )
    assert "nobody answered" in row.reason and "fairlead deploy 1.0.0 --to Production" in row.hint
    assert refused(lambda: approvals.approve(books.context, ADMIN, asked.id)) == "approval.answered"
    [event] = books.audit("approval.expired")
    assert (event.thing, event.environment) == (asked.id, "Production")
    assert books.audit("deployment.refused")


def test_it_can_be_asked_for_again_and_then_has_its_whole_time(books: House) -> None:
    environments.change(books.context, ADMIN, "Production", approval_expires_s=3600)
    until_production(books)
    books.clock.advance(3600)
    approvals.expire(books.context)
    deployments.create(books.context, ADMIN, "books", "1.0.0", "Production")
    again = asked_last(books)
    assert (again.state, again.expires_at) == (ApprovalState.WAITING, books.clock.now() + HOUR)
    approvals.approve(books.context, ADMIN, again.id)
    books.clock.advance(7200)
    assert approvals.expire(books.context) == 0, "what was answered does not expire"


def test_a_stated_phase_says_it_itself_and_what_waits_keeps_its_time(books: House) -> None:
    environments.change(books.context, ADMIN, "Production", approval_expires_s=60)
    lines = ["Test: Test; automatic", "Live: Production; approval expires in 2 hours"]
    lifecycles.add(books.context, ADMIN, Draft("Slow", [read(line) for line in lines]))
    lifecycles.use(books.context, ADMIN, "books", "Slow")
    asked = until_production(books)
    assert asked.expires_at == asked.created_at + 2 * HOUR
    lifecycles.change(books.context, ADMIN, "Slow", Draft("Slow", [read(lines[0]), read("Live: Production; approval")]))
    assert asked_last(books).expires_at == asked.expires_at
    books.clock.advance(7200)
    assert approvals.expire(books.context) == 1


def test_of_an_environment_what_is_not_given_stays_and_the_change_is_told(books: House) -> None:
    environments.change(books.context, ADMIN, "Production", approval_expires_s=86_400)
    [event] = books.audit("environment.changed")
    assert "approvals expire in 1 day" in event.message
    assert environments.change(books.context, ADMIN, "Production", description="live").approval_expires_s == 86_400
    assert environments.change(books.context, ADMIN, "Production", approval_expires_s=0).approval_expires_s == 0
    made = environments.add(books.context, ADMIN, "Archive", approval_expires_s=60)
    assert (made.asks_approval, made.approval_expires_s) == (True, 60)
    for wrong in (-1, 366 * 86_400):
        add = partial(environments.add, books.context, ADMIN, "Odd", approval_expires_s=wrong)
        assert refused(add) == "input.invalid"
