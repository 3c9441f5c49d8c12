"""Interruptions of tenants' tasks: for whom one is, who sees it, who answers it; and whose a run of a runbook is."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from tests.unit.usecases.house import ADMIN, House
from tests.unit.usecases.test_runbooks_for_tenants import run, two

from fairlead.domain.actor import Actor
from fairlead.domain.errors import FairleadError, NotAllowed
from fairlead.domain.grant import Grant
from fairlead.domain.ids import ActorId, NodeId, TaskId
from fairlead.domain.interruption import Choice, Interruption, InterruptionKind, InterruptionState, Question
from fairlead.domain.permission import Permission
from fairlead.store.interruptions import StoreInterruptions
from fairlead.usecases import audit, interruptions, runbooks, tenants

__all__ = ["two"]
QUESTION = Question(InterruptionKind.MANUAL, "Go on?", (Choice.PROCEED, Choice.ABORT), author_may_answer=False)


def asked_of(house: House, tenant: str) -> Interruption:
    """A run for the tenant comes to a question."""
    task = TaskId(str(run(house, tenant).run.task))
    asyncio.run(house.tasks.begin(task, NodeId("node")))
    asking = StoreInterruptions(house.database, house.clock, house.ids)
    asyncio.run(asking.open(task, "[a]", QUESTION, step="a", instructions="", why=""))
    asyncio.run(house.tasks.pause(task, again=0, holds=False))
    return interruptions.page(house.context, ADMIN, task=task).items[0]


def of_tenant(house: House, name: str) -> Actor:
    """Who may do all this for one tenant alone."""
    whose = tenants.get(house.context, ADMIN, name).tenant.id
    may = frozenset({Permission.VIEW, Permission.DEPLOYMENT_APPROVE})
    return Actor(ActorId("usr-eve"), "eve", "user", frozenset(), grants=(Grant(may, tenants=frozenset({whose})),))


def test_who_may_for_one_tenant_sees_and_answers_what_is_asked_of_it_alone(two: House) -> None:
    runbooks.publish(two.context, ADMIN, "books", "Say")
    acme, bolt = asked_of(two, "Acme"), asked_of(two, "Bolt")
    assert (acme.tenant, bolt.tenant) == ("Acme", "Bolt")
    eve = of_tenant(two, "Bolt")
    assert [one.id for one in interruptions.page(two.context, eve).items] == [bolt.id]
    with pytest.raises(NotAllowed):
        interruptions.answer(two.context, eve, acme.id, Choice.PROCEED)
    interruptions.take(two.context, eve, bolt.id)
    answered = interruptions.answer(two.context, eve, bolt.id, Choice.PROCEED)
    assert (answered.state, answered.answered_by) == (InterruptionState.ANSWERED, "eve")
    told = audit.page(two.context, ADMIN, audit.Wanted(kind="interruption.")).items
    assert {one.tenant for one in told if one.thing == bolt.id} == {"Bolt"}


def test_who_asked_for_a_run_has_a_part_in_it(two: House) -> None:
    runbooks.publish(two.context, ADMIN, "books", "Say")
    asked = asked_of(two, "")
    with pytest.raises(FairleadError) as caught:
        interruptions.answer(two.context, ADMIN, asked.id, Choice.PROCEED)
    assert caught.value.code == "interruption.author"
    dora = replace(ADMIN, id=ActorId("usr-dora"), name="dora")
    assert interruptions.answer(two.context, dora, asked.id, Choice.PROCEED).answered_by == "dora"
