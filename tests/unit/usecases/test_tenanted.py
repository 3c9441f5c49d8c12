"""Deployments for tenants: what a project allows, each tenant's own way, turn, slots and routes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.unit.usecases.house import ADMIN, OTHER_DIGEST, House

from fairlead.domain.actor import Actor
from fairlead.domain.deployment import Deployment, DeploymentOutcome, DeploymentState
from fairlead.domain.errors import Conflict, FairleadError, NotAllowed
from fairlead.domain.grant import Grant
from fairlead.domain.ids import ActorId
from fairlead.domain.naming import tenant_slug
from fairlead.domain.permission import Permission
from fairlead.domain.prompt import Prompt
from fairlead.domain.release_settings import ReleaseSettings
from fairlead.domain.task import TaskState
from fairlead.domain.variable import Dimension
from fairlead.store import environments
from fairlead.store import projects as project_rows
from fairlead.usecases import (
    approvals,
    audit,
    channels,
    deployments,
    freezes,
    overview,
    planning,
    projects,
    release_changes,
    release_settings,
    retrying,
    rolling_back,
    scheduling,
    tenancy,
    tenants,
    variables,
)
from fairlead.usecases import tasks as tasking
from fairlead.usecases.approvals import ApprovalView
from fairlead.usecases.channels import ChannelWords
from fairlead.usecases.context import Context
from fairlead.usecases.deployments import DeploymentView
from fairlead.usecases.going import Going
from fairlead.usecases.tenanted import create_each
from fairlead.usecases.tenants import Draft

HOST = "#{Octopus.Deployment.Tenant.Slug}.books.test"
ROUTED = f', route: {{host: "{HOST}", path: /}}'
EITHER = "tenanted-or-untenanted"


@pytest.fixture
def two(books: House) -> House:
    """A project that may be deployed for tenants, of which there are two, connected everywhere. Releases go to Test by
    themselves, for nobody and for each of the two."""
    projects.change(books.context, ADMIN, "books", {"tenancy": EITHER})
    tenants.put_tag_set(books.context, ADMIN, "Region", ["EU", "US"])
    for name, tag in (("Acme Ltd", "Region/EU"), ("Bolt", "Region/US")):
        tenants.put(books.context, ADMIN, Draft(name, "", [tag], {"books": ["Test", "Production"]}))
    return books


def newest(house: House, version: str, tenant: str = "", environment: str = "Test") -> DeploymentView:
    """The newest of the release there for the tenant, however it began."""
    found = deployments.page(house.context, ADMIN, environment=environment, limit=100).items
    return next(one for one in found if (one.version, one.tenant) == (version, tenant))


def ask(house: House, version: str, environment: str = "Test", tenant: str = "", **more: object) -> Deployment:
    made = deployments.create(house.context, ADMIN, "books", version, environment, tenant=tenant, **more)  # type: ignore[arg-type]
    return made.deployment


def go_live(house: House, version: str, tenant: str = "", environment: str = "Test") -> Deployment:
    """The newest deployment goes as the engine would do it."""
    return house.play_out(newest(house, version, tenant, environment).deployment)


def refused(house: House, code: str, environment: str = "Test", tenant: str = "") -> FairleadError:
    before = house.rows()
    with pytest.raises(FairleadError) as raised:
        ask(house, "1.0.0", environment, tenant)
    assert raised.value.code == code
    assert house.rows() == before
    return raised.value


def test_the_mode_of_the_project_forbids_or_demands_a_tenant(two: House) -> None:
    projects.change(two.context, ADMIN, "books", {"tenancy": "untenanted"})
    two.add_release("1.0.0", more=ROUTED.replace("#{Octopus.Deployment.Tenant.Slug}", "all"))
    assert "--tenancy" in refused(two, "tenant.forbidden", tenant="Bolt").hint
    projects.change(two.context, ADMIN, "books", {"tenancy": "tenanted"})
    assert "--tenant" in refused(two, "tenant.required").hint
    tenants.put(two.context, ADMIN, Draft("Cog", "", [], {"books": ["Production"]}))
    assert "not connected to books in Test" in refused(two, "tenant.not_connected", tenant="Cog").message
    refused(two, "tenant.unknown", tenant="Nobody")


def test_each_tenant_has_a_deployment_of_its_own_with_its_own_turn_slots_and_routes(two: House) -> None:
    two.add_release("1.0.0", more=ROUTED)
    acme, bolt = (newest(two, "1.0.0", name).deployment for name in ("Acme Ltd", "Bolt"))
    assert [two.task(one.task).title for one in (acme, bolt)] == [
        "books 1.0.0 to Test for Acme Ltd",
        "books 1.0.0 to Test for Bolt",
    ]
    again = ask(two, "1.0.0", tenant="Bolt", is_forced=True)
    assert {acme.task, bolt.task} <= set(two.queue.asked)  # neither waits for the other
    assert again.task not in two.queue.asked  # but the second of the same tenant does
    tasking.cancel(two.context, ADMIN, again.task or "")  # type: ignore[arg-type]
    go_live(two, "1.0.0", "Acme Ltd")
    seen = overview.place(two.context, ADMIN, "books", "Test", tenant="acme ltd")
    assert (seen.cell.live_version, seen.place.shown) == ("1.0.0", "Test for Acme Ltd")
    assert [route.host for its in seen.routes.values() for route in its] == [f"{tenant_slug('Acme Ltd')}.books.test"]
    assert overview.place(two.context, ADMIN, "books", "Test").cell.colour is None
    assert overview.place(two.context, ADMIN, "books", "Test", tenant="Bolt").cell.colour is None
    cell = overview.grid(two.context, ADMIN).cells[(seen.project.id, seen.environment.id)]
    assert [(one.tenant.name, one.cell.live_version) for one in cell.tenants] == [("Acme Ltd", "1.0.0"), ("Bolt", "")]
    only = overview.grid(two.context, ADMIN, tenant="Acme Ltd")
    assert only.cells[(seen.project.id, seen.environment.id)].live_version == "1.0.0"
    assert {one.tenant for one in deployments.page(two.context, ADMIN, tenant="Bolt").items} == {"Bolt"}


def test_what_a_freeze_holds_back_for_one_tenant_stays_when_something_is_asked_for_another(two: House) -> None:
    start, end = two.clock.now(), two.clock.now() + timedelta(hours=1)
    freezes.add(two.context, ADMIN, freezes.Draft("Feast", start, end, environments=["Test"]))
    two.add_release("1.0.0")
    held = deployments.page(two.context, ADMIN, environment="Test").items
    assert {(one.tenant, one.deployment.held_by) for one in held} == {
        ("", "Feast"),
        ("Acme Ltd", "Feast"),
        ("Bolt", "Feast"),
    }
    two.clock.advance(3601)
    assert scheduling.begin_due(two.context) == 3


def test_what_a_release_brings_is_counted_from_what_the_tenant_has(two: House) -> None:
    two.add_release("1.0.0", more=ROUTED)
    made = go_live(two, "1.0.0", "Acme Ltd")
    two.add_release("1.1.0", more=ROUTED)
    template = "#{each one in Octopus.Deployment.Changes}#{one.Version} #{/each}for #{Octopus.Deployment.Tenant.Name}"
    release_settings.put(two.context, ADMIN, "books", ReleaseSettings(changes_template=template))
    brought = {
        name: release_changes.preview(two.context, ADMIN, "books", "1.1.0", "Test", tenant=name)
        for name in ("acme ltd", "Bolt")
    }
    assert [(one.previous, one.markdown) for one in brought.values()] == [
        ("1.0.0", "1.1.0 for Acme Ltd"),
        ("", "1.0.0 1.1.0 for Bolt"),
    ]
    assert release_changes.of_deployment(two.context, ADMIN, made.id).markdown == "1.0.0 for Acme Ltd"
    bolt = tenants.get(two.context, ADMIN, "Bolt").tenant.id
    eve = Actor(
        ActorId("u"),
        "eve",
        "user",
        frozenset(),
        grants=(Grant(frozenset({Permission.VIEW}), tenants=frozenset({bolt})),),
    )
    assert release_changes.preview(two.context, eve, "books", "1.1.0", "Test", tenant="Bolt").previous == ""
    with pytest.raises(NotAllowed):
        release_changes.preview(two.context, eve, "books", "1.1.0", "Test", tenant="Acme Ltd")


def test_a_freeze_for_a_tenant_holds_back_what_is_for_that_one_alone(two: House) -> None:
    two.add_release("1.0.0")
    go_live(two, "1.0.0", "Acme Ltd")
    go_live(two, "1.0.0", "Bolt")
    made = freezes.add(
        two.context, ADMIN, freezes.Draft("Feast", ends_at=two.clock.now() + timedelta(hours=1), tenants=["bolt"])
    )
    assert made.tenants == ("Bolt",)
    refused(two, "deployment.frozen", tenant="Bolt")
    ask(two, "1.0.0", tenant="Acme Ltd", is_forced=True)
    ask(two, "1.0.0", is_forced=True)
    ask(two, "1.0.0", tenant="Bolt", is_forced=True, override_freeze="it burns")
    [told] = audit.page(two.context, ADMIN, audit.Wanted(kind="freeze.overridden")).items
    assert told.tenant == "Bolt"
    with pytest.raises(Conflict) as named:
        tenants.remove(two.context, ADMIN, "Bolt")
    assert named.value.code in ("tenant.on_freeze", "tenant.in_use")
    whose = frozenset({tenants.get(two.context, ADMIN, "Acme Ltd").tenant.id})
    eve = Actor(ActorId("u"), "eve", "user", frozenset(), grants=(Grant(frozenset({Permission.VIEW}), tenants=whose),))
    assert freezes.page(two.context, eve).items == ()
    freezes.change(
        two.context, ADMIN, "Feast", freezes.Draft("Feast", ends_at=made.freeze.ends_at, tenants=["Acme Ltd"])
    )
    ask(two, "1.0.0", tenant="Bolt", is_forced=True)


def test_two_tenants_cannot_claim_one_route(two: House) -> None:
    two.add_release("1.0.0", more=ROUTED.replace(HOST, "shop.test"))
    told = newest(two, "1.0.0", "Bolt").deployment
    assert (told.outcome, told.code) == (DeploymentOutcome.REFUSED, "route.taken")
    assert "belongs to books in Test" in told.reason and "Tenant.Name" in told.hint


def test_a_host_that_nobody_stated_has_the_tenant_in_it(two: House) -> None:
    two.add_release("1.0.0", more=", route: {path: /}")
    hosts = [
        route.host
        for tenant in ("Bolt", "")
        for its in overview.place(two.context, ADMIN, "books", "Test", tenant=tenant).routes.values()
        for route in its
    ]
    assert hosts == ["web.books.bolt.test.localhost", "web.books.test.localhost"]


def test_a_tenant_is_promoted_by_what_was_live_for_itself(two: House) -> None:
    two.add_release("1.0.0")
    go_live(two, "1.0.0", "Bolt")
    assert newest(two, "1.0.0", "Bolt", "Production").deployment.state is DeploymentState.WAITING
    assert "for Acme Ltd" in refused(two, "deployment.lifecycle", "Production", "Acme Ltd").message
    refused(two, "deployment.lifecycle", "Production")
    go_live(two, "1.0.0")  # what was live for nobody says nothing for a tenant
    refused(two, "deployment.lifecycle", "Production", "Acme Ltd")


def test_a_tenant_that_is_only_in_production_needs_the_first_phase_of_anybody(two: House) -> None:
    tenants.put(two.context, ADMIN, Draft("Cog", "", [], {"books": ["Production"]}))
    two.add_release("1.0.0")
    refused(two, "deployment.lifecycle", "Production", "Cog")
    go_live(two, "1.0.0", "Bolt")
    assert newest(two, "1.0.0", "Cog", "Production").deployment.state is DeploymentState.WAITING


def test_where_only_tenants_are_deployed_for_and_none_is_in_the_first_phase_it_holds_nobody_up(two: House) -> None:
    projects.change(two.context, ADMIN, "books", {"tenancy": "tenanted"})
    for name in ("Acme Ltd", "Bolt"):
        tenants.put(two.context, ADMIN, Draft(name, "", [], {"books": ["Production"]}))
    two.add_release("1.0.0")
    assert newest(two, "1.0.0", "Bolt", "Production").deployment.state is DeploymentState.WAITING


def test_a_channel_is_only_for_the_tenants_with_its_tags(two: House) -> None:
    words = ChannelWords("Default", is_default=True, tenant_tags=("Region/EU",))
    channels.put(two.context, ADMIN, "books", "Default", words)
    two.add_release("1.0.0")
    assert newest(two, "1.0.0", "Acme Ltd").deployment.state is DeploymentState.QUEUED
    told = refused(two, "tenant.channel", tenant="Bolt")
    assert "Region/EU" in told.message and "Region/US" in told.message


def test_rollback_retry_and_schedule_keep_the_tenant(two: House) -> None:
    two.add_release("1.0.0")
    for tenant in ("Acme Ltd", "Bolt"):
        go_live(two, "1.0.0", tenant)
    two.add_release("1.1.0", image=OTHER_DIGEST)
    for tenant in ("Acme Ltd", "Bolt"):
        go_live(two, "1.1.0", tenant)
    with pytest.raises(Conflict):
        rolling_back.roll_back(two.context, ADMIN, "books", "Test")
    back = rolling_back.roll_back(two.context, ADMIN, "books", "Test", tenant="Bolt")
    assert (back.version, back.tenant, back.deployment.kind) == ("1.0.0", "Bolt", "rollback")
    go_live(two, "1.0.0", "Bolt")
    assert overview.place(two.context, ADMIN, "books", "Test", tenant="Bolt").cell.live_version == "1.0.0"
    assert overview.place(two.context, ADMIN, "books", "Test", tenant="Acme Ltd").cell.live_version == "1.1.0"
    made = ask(two, "1.1.0", tenant="Bolt", not_before=two.clock.now() + timedelta(hours=1))
    assert made.state is DeploymentState.SCHEDULED
    two.clock.advance(3601)
    scheduling.begin_due(two.context)
    begun = deployments.get(two.context, ADMIN, made.id)
    assert (begun.tenant, two.task(begun.deployment.task).tenant) == ("Bolt", "Bolt")
    two.begin(begun.deployment.task)
    two.end(begun.deployment.task, TaskState.ROLLED_BACK, "probe.unhealthy", "not healthy")
    assert retrying.retry(two.context, ADMIN, made.id).tenant == "Bolt"


def test_variables_hold_by_tenant_and_its_tags_in_what_is_planned(two: House) -> None:
    variables.put(two.context, ADMIN, "books", "Db.Host", "eu", scope={Dimension.TENANT_TAG: ["Region/EU"]})
    variables.put(two.context, ADMIN, "books", "Db.Host", "bolt", scope={Dimension.TENANT: ["Bolt"]})
    release = two.add_release("1.0.0")
    found = {}
    for tenant in ("", "Acme Ltd", "Bolt"):
        with two.database.reading() as connection:
            owner, place = project_rows.by_name(connection, "books"), environments.by_name(connection, "Test")
            whose = tenancy.named(connection, tenant)
            intended = planning.intend(two.context, connection, Going(owner, place, release, whose))
            found[tenant] = intended.definition.services[0].environment["DB_HOST"]
    assert found == {"": "db", "Acme Ltd": "eu", "Bolt": "bolt"}


def test_one_deployment_for_each_tenant_that_tags_mean_and_one_refusal_holds_up_no_other(two: House) -> None:
    tenants.put(two.context, ADMIN, Draft("Cog", "", ["Region/EU"], {"books": ["Production"]}))
    two.add_release("1.0.0")
    asked = create_each(
        two.context, ADMIN, "books", "1.0.0", "Test", names=["Cog"], tags=["Region/EU", "Region/US"], is_forced=True
    )
    assert [one.tenant for one in asked.made] == ["Acme Ltd", "Bolt"]
    assert [(one.tenant, one.error.code) for one in asked.refused] == [("Cog", "tenant.not_connected")]
    with pytest.raises(Conflict) as nobody:
        create_each(two.context, ADMIN, "books", "1.0.0", "Production", tags=["Region/Mars"])
    assert nobody.value.code == "tenant.none"


def test_answers_go_to_the_tenants_that_are_asked_and_what_nobody_is_asked_for_is_refused(two: House) -> None:
    more = variables.More(prompt=Prompt("Colour", is_required=True))
    variables.put(two.context, ADMIN, "books", "Colour", "", scope={Dimension.TENANT: ["Bolt"]}, more=more)
    two.add_release("1.0.0")

    def made_with(**prompted: str) -> list[str]:
        asked = create_each(
            two.context,
            ADMIN,
            "books",
            "1.0.0",
            "Test",
            tags=["Region/EU", "Region/US"],
            prompted=prompted,
            is_forced=True,
        )
        return [one.tenant for one in asked.made] + [one.error.code for one in asked.refused]

    assert made_with() == ["Acme Ltd", "prompt.required"]
    assert made_with(Colour="blue") == ["Acme Ltd", "Bolt"]
    assert made_with(Colour="blue", Nothing="x") == ["prompt.unknown", "prompt.unknown"]


def test_of_several_plans_each_binds_its_own_tenant(two: House) -> None:
    two.add_release("1.0.0")
    plans = {"Acme Ltd": "0" * 64}
    where = ("books", "1.0.0", "Test")
    asked = create_each(two.context, ADMIN, *where, names=["Acme Ltd", "Bolt"], plans=plans, is_forced=True)
    assert [one.tenant for one in asked.made] == ["Bolt"]
    assert [(one.tenant, one.error.code) for one in asked.refused] == [("Acme Ltd", "plan.changed")]


def test_who_may_deploy_for_one_tenant_may_not_for_another_nor_for_nobody(two: House) -> None:
    two.add_release("1.0.0")
    bolt = tenants.get(two.context, ADMIN, "Bolt").tenant
    verbs = frozenset({Permission.VIEW, Permission.DEPLOYMENT_CREATE, Permission.TASK_CANCEL})
    given = (Grant(verbs, tenants=frozenset({bolt.id})),)
    eve = Actor(ActorId("usr-eve"), "eve", "user", frozenset(), via="test", grants=given)
    other = newest(two, "1.0.0", "Acme Ltd").deployment
    for tenant in ("Acme Ltd", ""):
        with pytest.raises(NotAllowed):
            deployments.create(two.context, eve, "books", "1.0.0", "Test", tenant=tenant)
        with pytest.raises(NotAllowed):
            rolling_back.roll_back(two.context, eve, "books", "Test", tenant=tenant)
    with pytest.raises(NotAllowed):
        tasking.cancel(two.context, eve, other.task or "")  # type: ignore[arg-type]
    mine = deployments.create(two.context, eve, "books", "1.0.0", "Test", tenant="Bolt", is_forced=True)
    assert {one.tenant for one in deployments.page(two.context, eve).items} == {"Bolt"}
    tasking.cancel(two.context, eve, mine.deployment.task or "")  # type: ignore[arg-type]
    shown = overview.grid(two.context, eve).cells.values()
    assert {one.tenant.name for cell in shown for one in cell.tenants} == {"Bolt"}
    assert all(cell.latest is None for cell in shown)


def test_a_tenant_with_deployments_stays_and_keeps_its_name(two: House) -> None:
    two.add_release("1.0.0")
    with pytest.raises(Conflict) as raised:
        tenants.remove(two.context, ADMIN, "Bolt")
    assert raised.value.code == "tenant.in_use"
    assert tenants.put(two.context, ADMIN, Draft("BOLT")).tenant.name == "Bolt"


@pytest.mark.parametrize("answer", [approvals.approve, approvals.reject])
def test_what_is_answered_and_cancelled_is_told_as_the_tenants(
    two: House, answer: Callable[[Context, Actor, str], ApprovalView]
) -> None:
    two.add_release("1.0.0")
    for whose in ("", "Acme Ltd", "Bolt"):
        go_live(two, "1.0.0", whose)
    asked = next(one for one in approvals.page(two.context, ADMIN).items if one.of.tenant == "Bolt")
    answered = answer(two.context, ADMIN, asked.approval.id)
    if task := answered.of.deployment.task:
        tasking.cancel(two.context, ADMIN, task)
    told = [one for one in two.audit() if one.thing in (asked.approval.id, task)]
    assert len(told) == (3 if task else 2), told
    assert {one.tenant for one in told} == {"Bolt"}
