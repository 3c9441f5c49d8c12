"""A plan before it is applied, and that what was approved is what runs, or the difference is told (law 4)."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest
from tests.unit.usecases.house import ADMIN, DIGEST, OTHER_DIGEST, VIEWER, House

from fairlead.domain.approval import ApprovalState
from fairlead.domain.deployment import DeploymentOutcome
from fairlead.domain.effect import SaidNo
from fairlead.domain.errors import Refused
from fairlead.domain.ids import TaskId
from fairlead.domain.plan import Plan
from fairlead.domain.policy import SCRIPTS_AT_SERVER
from fairlead.domain.process import Action, Process, ProcessChoice, ProcessStep
from fairlead.domain.release_settings import ReleaseSettings
from fairlead.domain.task import TaskState
from fairlead.ports.catalogue import Place
from fairlead.server.api.foreseen import foreseen
from fairlead.testing.container_world import ContainerWorld
from fairlead.testing.fake_catalogue import FakeCatalogue
from fairlead.testing.fake_container_engine import FakeContainerEngine
from fairlead.testing.fake_proxy import FakeProxy, ProxyWorld
from fairlead.testing.fake_source import FakeSource
from fairlead.usecases import (
    approvals,
    deployments,
    environments,
    foreseeing,
    policies,
    processes,
    release_settings,
    releases,
    variables,
)
from fairlead.usecases.binding import Binding, Outside

FILE = """\
project: books
services:
  web:
    image: %s
    port: 8080
    replicas: %d
    environment: {DB_HOST: "#{Db.Host}", P: "#{Db.Password}"}
"""
ROUTED = ", route: {host: books.example.com}"


def outside_of(house: House) -> Outside:
    return Outside(
        FakeContainerEngine(ContainerWorld(house.clock)),
        FakeProxy(ProxyWorld(), house.clock),
        FakeCatalogue(),
        house.records,
        house.context.secrets,
        FakeSource(),
    )


@pytest.fixture
def outside(house: House) -> Outside:
    return outside_of(house)


def test_a_first_deployment_is_told_whole(books: House, outside: Outside) -> None:
    policies.allow(books.context, ADMIN, "books", "privileged", environment="Test", note="needs the kernel")
    books.add_release("1.0.0", more=", privileged: true")
    found = asyncio.run(foreseeing.preview(books.context, VIEWER, outside, "books", "1.0.0", "Test"))
    told = foreseen(found)
    assert told["pending"] is True
    assert [one["doing"] for one in told["containers"]] == ["make"]
    assert {one["doing"] for one in told["networks"]} == {"make"}
    (setting,) = told["variables"]
    assert (setting["name"], setting["compared"], setting["new"]) == ("DB_HOST", "added", "db")
    assert told["allowed"][0] | {"at": ""} == {"key": "privileged", "by": "admin", "at": "", "note": "needs the kernel"}
    assert any("nothing to go back to" in line for line in told["way_back"])
    assert told["proxy"]["fill"] and told["proxy"]["point"]
    assert not told["unknown"]
    assert any("privileged" in note and "admin" in note for note in told["notes"])
    with pytest.raises(Refused, match="privileged"):
        asyncio.run(foreseeing.preview(books.context, VIEWER, outside, "books", "1.0.0", "Production"))


def test_of_scripts_it_is_not_said_that_they_are_undone(books: House, outside: Outside) -> None:
    script = Action("Look", "script", properties={"script": "echo looked"})
    policies.allow(books.context, ADMIN, "books", SCRIPTS_AT_SERVER)
    processes.put(books.context, ADMIN, "books", Process((ProcessStep("Look", (script,)),)))
    releases.create(books.context, ADMIN, "books", version="1.0.0", images={}, contents={})
    found = asyncio.run(foreseeing.preview(books.context, VIEWER, outside, "books", "1.0.0", "Test"))
    assert foreseen(found)["way_back"] == [
        "not undone: what 1 script did; a failure ends those that still run",
        "after it: `fairlead rollback` runs the process of the release before, where there was one",
    ]


def test_what_differs_from_what_is_live_is_told_and_a_secret_only_by_whether(books: House, outside: Outside) -> None:
    variables.put(books.context, ADMIN, "books", "Db.Password", "s3cret", is_secret=True)
    books.add_release("1.0.0", file=FILE % (DIGEST, 1))
    books.go_live("1.0.0")
    variables.put(books.context, ADMIN, "books", "Db.Host", "other")
    books.add_release("1.1.0", image=OTHER_DIGEST, file=FILE % (OTHER_DIGEST, 2))
    told = foreseen(asyncio.run(foreseeing.preview(books.context, ADMIN, outside, "books", "1.1.0", "Test")))
    by_name = {one["name"]: one for one in told["variables"]}
    assert (by_name["DB_HOST"]["old"], by_name["DB_HOST"]["new"]) == ("db", "other")
    assert (by_name["P"]["compared"], by_name["P"]["secret"]) == ("unchanged", True)
    assert "web: replicas: was 1, is 2" in told["services"]
    assert any(line.startswith("web: image: was") and OTHER_DIGEST in line for line in told["services"])
    assert "s3cret" not in json.dumps(told)
    variables.put(books.context, ADMIN, "books", "Db.Password", "n3w", is_secret=True)
    books.add_release("1.2.0", file=FILE % (DIGEST, 1))
    told = foreseen(asyncio.run(foreseeing.preview(books.context, ADMIN, outside, "books", "1.2.0", "Test")))
    assert {one["name"]: one["compared"] for one in told["variables"]}["P"] == "changed"
    assert "n3w" not in json.dumps(told)


def test_what_is_live_with_the_same_configuration_is_not_pending(books: House, outside: Outside) -> None:
    books.add_release("1.0.0")
    books.go_live("1.0.0")
    again = asyncio.run(foreseeing.preview(books.context, ADMIN, outside, "books", "1.0.0", "Test"))
    assert not again.is_pending
    assert not again.foreseen.services


def test_what_is_live_is_pending_where_something_else_of_its_process_is_chosen(books: House, outside: Outside) -> None:
    steps = ("Look", Action("Look", "script", {"script": "ls"})), ("Deploy", Action("Deploy", "deploy-services"))
    process = Process(tuple(ProcessStep(name, (action,)) for name, action in steps))
    processes.put(books.context, ADMIN, "books", process)
    books.add_release("1.0.0")
    books.go_live("1.0.0")

    def pending(choice: ProcessChoice) -> bool:
        asked = foreseeing.preview(books.context, ADMIN, outside, "books", "1.0.0", "Test", choice=choice)
        return asyncio.run(asked).is_pending

    assert not pending(ProcessChoice()) and pending(ProcessChoice(redeploys_packages=True))


def test_steps_that_ran_are_pending_again_as_a_deployment_of_them_would_be_begun(
    books: House, outside: Outside
) -> None:
    tell = ProcessStep("Tell", (Action("Tell", "script", {"script": "ls"}),))
    processes.put(books.context, ADMIN, "books", Process((tell,)))
    releases.create(books.context, ADMIN, "books", version="1.0.0", images={}, contents={})
    first = books.deployment("1.0.0")
    books.begin(first.task)
    place = Place("books", "Test")
    asyncio.run(books.records.commit(first.id, place, None))
    books.end(first.task)
    assert asyncio.run(foreseeing.preview(books.context, ADMIN, outside, "books", "1.0.0", "Test")).is_pending
    assert deployments.create(books.context, ADMIN, "books", "1.0.0", "Test").deployment.id != first.id


def test_what_the_lifecycle_would_refuse_is_told_beside_the_plan(books: House, outside: Outside) -> None:
    books.add_release("1.0.0")
    refused = asyncio.run(foreseeing.preview(books.context, ADMIN, outside, "books", "1.0.0", "Production")).refused
    assert refused.startswith("books 1.0.0 may not go to Production: phase Production opens after")
    assert not asyncio.run(foreseeing.preview(books.context, ADMIN, outside, "books", "1.0.0", "Test")).refused


def test_an_engine_that_does_not_answer_is_named_and_the_books_are_taken(books: House, outside: Outside) -> None:
    books.add_release("1.0.0")
    books.go_live("1.0.0")
    assert isinstance(outside.container_engine, FakeContainerEngine)
    outside.container_engine.world.is_down = True
    assert isinstance(outside.proxy, FakeProxy)
    outside.proxy.world.is_up = False
    found = asyncio.run(foreseeing.preview(books.context, ADMIN, outside, "books", "1.0.0", "Test"))
    assert [line.split(" could")[0] for line in found.unknown] == ["the engine", "the proxy"]
    assert "green" in str(found.plan.forward)


# What was approved is what runs


def asked(house: House, more: str = ROUTED) -> str:
    """The release waits for an approval in Production; the approval's id."""
    house.add_release("1.0.0", more=more)
    house.go_live("1.0.0")
    return house.approval("1.0.0").id


def bound(house: House, outside: Outside) -> Plan | SaidNo:
    task = house.deployment("1.0.0", "Production").task
    assert task is not None
    return asyncio.run(Binding(house.context, outside).bind(TaskId(task)))


def test_what_was_approved_runs_with_the_variables_that_it_was_asked_with(books: House, outside: Outside) -> None:
    id = asked(books)
    approved = approvals.approve(books.context, ADMIN, id, plan_hash=books.approval("1.0.0").plan_hash[:16])
    variables.put(books.context, ADMIN, "books", "Db.Host", "evil")
    release_settings.put(books.context, ADMIN, "books", ReleaseSettings(locks_variables=False))
    releases.update_variables(books.context, ADMIN, "books", "1.0.0")
    plan = bound(books, outside)
    assert isinstance(plan, Plan)
    assert plan.hash == approved.approval.plan_hash
    assert "evil" not in str(plan)


def test_an_approval_that_names_another_plan_answers_nothing(books: House) -> None:
    id = asked(books)
    for wrong in ("0" * 64, books.approval("1.0.0").plan_hash[:4]):
        with pytest.raises(Refused) as refused:
            approvals.approve(books.context, ADMIN, id, plan_hash=wrong)
        assert refused.value.code == "plan.changed"
    assert approvals.get(books.context, ADMIN, id).approval.state is ApprovalState.WAITING
    assert books.deployment("1.0.0", "Production").task is None


def test_a_change_before_the_answer_is_refused_with_the_difference_and_asked_anew(
    books: House, outside: Outside
) -> None:
    id, waiting = asked(books, more=""), books.deployment("1.0.0", "Production").id
    before = books.approval("1.0.0").plan_hash
    installation = replace(books.context.installation, proxy_domain="example.net")
    context = books.context = replace(books.context, installation=installation)  # the operator changed a setting
    shown = asyncio.run(foreseeing.of_deployment(context, ADMIN, outside, waiting))
    assert not shown.is_as_asked
    assert any("production.example.net" in change for change in shown.changed)
    with pytest.raises(Refused) as refused:
        approvals.approve(context, ADMIN, id)
    assert refused.value.code == "plan.changed"
    assert "production.example.net" in refused.value.message
    assert "fairlead deploy 1.0.0 --to Production" in refused.value.hint
    assert books.deployment("1.0.0", "Production").task is None
    deployments.create(context, ADMIN, "books", "1.0.0", "Production", plan_hash=shown.plan.hash)
    newer = books.approval("1.0.0")
    assert newer.plan_hash != before and newer.plan_hash == shown.plan.hash
    assert approvals.get(context, ADMIN, id).approval.state is ApprovalState.SUPERSEDED
    approvals.approve(context, ADMIN, newer.id, plan_hash=newer.plan_hash)
    plan = bound(books, outside)
    assert isinstance(plan, Plan) and plan.hash == newer.plan_hash


def test_a_change_between_approval_and_turn_refuses_the_deployment_with_the_difference(
    books: House, outside: Outside
) -> None:
    approvals.approve(books.context, ADMIN, asked(books))
    environments.add(books.context, ADMIN, "Live")
    said = bound(books, outside)
    assert isinstance(said, SaidNo) and said.code == "plan.changed"
    assert any("books.example.com" in change for change in said.evidence)
    assert "fairlead deploy 1.0.0 --to Production" in said.hint


def test_a_deployment_of_a_plan_that_was_shown_is_refused_where_another_would_run(books: House) -> None:
    books.add_release("1.0.0")
    books.go_live("1.0.0")
    with pytest.raises(Refused) as refused:
        deployments.create(books.context, ADMIN, "books", "1.0.0", "Test", is_forced=True, plan_hash="0" * 64)
    assert refused.value.code == "plan.changed"
    assert len(books.deployments("1.0.0", "Test")) == 1
    assert books.deployment("1.0.0").outcome is DeploymentOutcome.LIVE
    assert books.task(books.deployment("1.0.0").task).state is TaskState.SUCCEEDED
