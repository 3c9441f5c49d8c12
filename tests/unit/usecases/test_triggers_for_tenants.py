"""Triggers for tenants: what each gets, what is told of each, and what holds nobody else up."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.usecases.declaring import applied, exported, planned, told
from tests.unit.usecases.house import ADMIN, House

from fairlead.domain.actor import Actor
from fairlead.domain.errors import Conflict, Invalid, NotAllowed
from fairlead.domain.grant import Grant
from fairlead.domain.ids import ActorId
from fairlead.domain.permission import Permission
from fairlead.domain.process import Action, Process, ProcessStep, RunLocation
from fairlead.domain.project import Tenancy
from fairlead.domain.trigger import Evaluation, TargetEvent, TriggerAction, TriggerKind
from fairlead.usecases import (
    deployments,
    environments,
    evaluating,
    processes,
    projects,
    releases,
    runbooks,
    targets,
    tenants,
    triggers,
)
from fairlead.usecases.runbook_runs import runs_of
from fairlead.usecases.target_tenancy import Serving
from fairlead.usecases.tenants import connect
from fairlead.usecases.triggers import Draft

NIGHTLY = Draft("Nightly", "0 2 * * *", source="Test", destination="Production", tenant_tags=["Region/EU"])
SAY = Process((ProcessStep("Say", (Action("Say", "script", {"script": "echo"}),)),))
WEB = Process(
    (
        ProcessStep(
            "Web", (Action("Web", "script", {"script": "ls"}, runs_on=RunLocation.TARGETS),), target_tags=("web",)
        ),
    )
)


@pytest.fixture
def three(books: House) -> House:
    """Acme in both environments, Bolt too, Cord in Production alone; Acme and Cord in the EU. Nobody is asked."""
    environments.change(books.context, ADMIN, "Production", asks_approval=False)
    projects.change(books.context, ADMIN, "books", {"tenancy": Tenancy.EITHER})
    tenants.put_tag_set(books.context, ADMIN, "Region", ["EU", "US"])
    both = {"books": ["Test", "Production"]}
    for name, tag, places in (("Acme", "EU", both), ("Bolt", "US", both), ("Cord", "EU", {"books": ["Production"]})):
        tenants.put(books.context, ADMIN, tenants.Draft(name, "", [f"Region/{tag}"], places))
    processes.put(books.context, ADMIN, "books", SAY)
    return books


def release(house: House, version: str) -> None:
    releases.create(house.context, ADMIN, "books", version=version, images={}, contents={})


def go_live(house: House, version: str, tenant: str = "", environment: str = "Test") -> None:
    """The newest of the release there for the tenant goes as the engine would do it."""
    found = deployments.page(house.context, ADMIN, environment=environment, limit=100).items
    made = next(one.deployment for one in found if (one.version, one.tenant) == (version, tenant))
    house.play_out(made)


def fire(house: House, name: str = "Nightly", actor: Actor = ADMIN) -> Evaluation:
    return evaluating.evaluate(house.context, actor, "books", name)


def became(one: Evaluation) -> list[tuple[str, bool, str]]:
    return [(each.name, each.has_fired, each.code) for each in one.tenants]


def only_of(house: House, name: str, *more: Permission) -> Actor:
    whose = tenants.get(house.context, ADMIN, name).tenant.id
    edits = Grant(frozenset({Permission.TRIGGER_EDIT}))
    given = Grant(frozenset({Permission.VIEW, *more}), tenants=frozenset({whose}))
    return Actor(ActorId("usr-eve"), "eve", "user", frozenset(), via="test", grants=(edits, given))


def test_each_tenant_gets_what_is_live_for_it_or_for_nobody_where_it_is_not_connected(three: House) -> None:
    triggers.put(three.context, ADMIN, "books", replace(NIGHTLY, tenants=["Bolt"]))
    for version in ("1.0.0", "1.1.0"):
        release(three, version)
        go_live(three, version)
    go_live(three, "1.0.0", "Acme")
    fired = fire(three)
    assert (fired.has_fired, fired.code, fired.reason) == (True, "", "begun for 2 of 3 tenants")
    assert became(fired) == [("Acme", True, ""), ("Bolt", False, "trigger.nothing"), ("Cord", True, "")]
    assert "no release was ever live in Test for Bolt" in fired.tenants[1].reason
    made = {one.tenant: one for one in deployments.page(three.context, ADMIN, environment="Production").items}
    assert {whose: one.version for whose, one in made.items()} == {"Acme": "1.0.0", "Cord": "1.1.0"}
    assert [each.deployment for each in fired.tenants] == [made["Acme"].deployment.id, None, made["Cord"].deployment.id]
    assert made["Acme"].deployment.created_by == "trigger Nightly"


def test_where_nothing_is_begun_for_anybody_it_did_not_fire_and_says_why_of_each(three: House) -> None:
    triggers.put(three.context, ADMIN, "books", NIGHTLY)
    silent = fire(three)
    assert (silent.has_fired, silent.code) == (False, "trigger.tenants")
    assert became(silent) == [("Acme", False, "trigger.nothing"), ("Cord", False, "trigger.nothing")]
    reason = triggers.why(three.context, ADMIN, "books", "Nightly").because[0]
    assert [one.said.partition(":")[0] for one in reason.because] == ["for Acme", "for Cord"]
    for name in ("Acme", "Cord"):
        connect(three.context, ADMIN, name, "books", [])
    assert fire(three).code == "tenant.none"


def test_what_is_refused_for_a_tenant_leaves_nothing_behind(three: House) -> None:
    triggers.put(
        three.context, ADMIN, "books", replace(NIGHTLY, source="", destination="Test", tenant_tags=["Region/US"])
    )
    release(three, "1.0.0")
    before = len(deployments.page(three.context, ADMIN, limit=100).items)
    go_live(three, "1.0.0", "Bolt")
    assert became(fire(three)) == [("Bolt", False, "deployment.nothing_to_do")]
    assert len(deployments.page(three.context, ADMIN, limit=100).items) == before


def test_a_runbook_runs_for_each_tenant(three: House) -> None:
    runbooks.put(three.context, ADMIN, "books", runbooks.Draft("Tidy", process=SAY))
    runbooks.publish(three.context, ADMIN, "books", "Tidy")
    tidy = Draft("Tidy", "@daily", TriggerAction.RUN_RUNBOOK, destination="Test", runbook="Tidy")
    triggers.put(three.context, ADMIN, "books", replace(tidy, tenants=["Cord", "Acme"]))
    fired = fire(three, "Tidy")
    assert became(fired) == [("Acme", True, ""), ("Cord", False, "tenant.not_connected")]
    [run] = runs_of(three.context, ADMIN, "books", "Tidy").items
    assert (run.tenant, run.run.task) == ("Acme", fired.tenants[0].task)


def test_in_several_environments_the_answer_tells_of_each_tenant_in_each(three: House) -> None:
    runbooks.put(three.context, ADMIN, "books", runbooks.Draft("Tidy", process=SAY))
    runbooks.publish(three.context, ADMIN, "books", "Tidy")
    tidy = Draft("Tidy", "@daily", TriggerAction.RUN_RUNBOOK, environments=["Test", "Production"], runbook="Tidy")
    triggers.put(three.context, ADMIN, "books", replace(tidy, tenant_tags=["Region/EU"]))
    fired = fire(three, "Tidy")
    assert became(fired) == [("Acme", True, ""), ("Acme", True, ""), ("Cord", True, "")]
    told = triggers.evaluated(three.context, ADMIN, "books", "Tidy").items
    assert [(one.environment, len(one.tenants)) for one in told] == [("Production", 2), ("Test", 1)]


def test_a_target_that_comes_gets_what_is_live_for_the_tenants_that_it_serves(three: House) -> None:
    processes.put(three.context, ADMIN, "books", WEB)
    targets.add(three.context, ADMIN, "web1", only_in=["Test"], tags=["web"])
    release(three, "1.0.0")
    for whose in ("Acme", "Bolt"):
        go_live(three, "1.0.0", whose)
    comes = Draft("Comes", kind=TriggerKind.TARGET, events=[TargetEvent.ADDED], tenants=["Acme", "Bolt"])
    triggers.put(three.context, ADMIN, "books", comes)
    serving = Serving(Tenancy.TENANTED, ["Acme"])
    new = targets.add(three.context, ADMIN, "web2", only_in=["Test"], tags=["web"], serving=serving).target
    three.clock.advance(10)
    assert evaluating.act_on_events(three.context) == 1
    [record] = triggers.evaluated(three.context, ADMIN, "books", "Comes").items
    assert became(record) == [("Acme", True, ""), ("Bolt", False, "trigger.no_target")]
    assert "tenancy excludes 1 (web2: not for Bolt)" in record.tenants[1].reason
    made = deployments.get(three.context, ADMIN, str(record.tenants[0].deployment))
    assert (made.tenant, made.deployment.choice.only_targets) == ("Acme", (new.id,))


def test_who_makes_it_must_be_allowed_it_for_each_tenant_and_for_tags_for_all(three: House) -> None:
    eve = only_of(three, "Bolt", Permission.DEPLOYMENT_CREATE)
    wanted = replace(NIGHTLY, tenant_tags=())
    made = triggers.put(three.context, eve, "books", replace(wanted, tenants=["Bolt"]))
    assert made.tenants == ("Bolt",)
    for refused in (replace(wanted, tenants=["Bolt", "Acme"]), replace(wanted, tenant_tags=["Region/US"]), wanted):
        with pytest.raises(NotAllowed):
            triggers.put(three.context, eve, "books", refused)


def test_who_may_not_view_a_tenant_is_told_nothing_of_what_became_of_it(three: House) -> None:
    triggers.put(three.context, ADMIN, "books", replace(NIGHTLY, tenants=["Bolt"], tenant_tags=()))
    triggers.put(three.context, ADMIN, "books", replace(NIGHTLY, name="Both", tenants=["Acme", "Bolt"]))
    fire(three, "Both")
    eve = only_of(three, "Bolt")
    view = triggers.get(three.context, eve, "books", "Both")
    assert (view.tenants, view.hidden_tenants) == (("Bolt",), 1)
    assert view.last is not None and [one.name for one in view.last.tenants] == ["Bolt"]
    [record] = triggers.evaluated(three.context, eve, "books", "Both").items
    lately = triggers.lately_evaluated(three.context, eve, "books", [view])
    seen = [record, *lately[view.trigger.id], fire(three, "Both", eve)]
    assert [[one.name for one in each.tenants] for each in seen] == [["Bolt"]] * 3
    assert "Acme" not in str([one.reason for one in seen])


def test_what_cannot_be_is_refused_and_what_a_trigger_names_stays(three: House) -> None:
    with pytest.raises(Invalid) as caught:
        build = Draft("Build", "@daily", TriggerAction.NEW_RELEASE, tenants=["Acme"])
        triggers.put(three.context, ADMIN, "books", build)
    assert caught.value.code == "trigger.invalid"
    with pytest.raises(Invalid) as caught:
        triggers.put(three.context, ADMIN, "books", replace(NIGHTLY, tenant_tags=["Region/Mars"]))
    assert caught.value.code == "tenant.tag"
    triggers.put(three.context, ADMIN, "books", replace(NIGHTLY, tenants=["Bolt"]))
    with pytest.raises(Conflict) as refused:
        tenants.remove(three.context, ADMIN, "Bolt")
    assert refused.value.code == "tenant.on_trigger"
    for name in ("Acme", "Bolt", "Cord"):
        tenants.put(three.context, ADMIN, tenants.Draft(name))
    with pytest.raises(Conflict) as refused:
        tenants.remove_tag_set(three.context, ADMIN, "Region")
    assert refused.value.code == "tenant.tag_used"
    triggers.remove(three.context, ADMIN, "books", "Nightly")
    tenants.remove(three.context, ADMIN, "Bolt")
    tenants.remove_tag_set(three.context, ADMIN, "Region")


def test_its_tenants_are_declared_and_come_back_as_they_were(house: House) -> None:
    files = {
        "tag-sets.yml": b"tag_sets: [{name: Region, tags: [EU]}]",
        "tenants.yml": b"tenants: [{name: Acme}, {name: Bolt}]",
        "projects/books/project.yml": b"{}",
        "projects/books/triggers.yml": b"triggers: [{name: N, cron: '@daily', destination: Test, "
        b"tenants: [Bolt, Acme], tenant_tags: [Region/EU]}]",
    }
    applied(house, files)
    assert told(applied(house, files)) == []
    view = triggers.get(house.context, ADMIN, "books", "N")
    assert (view.tenants, view.trigger.tenant_tags) == (("Acme", "Bolt"), ("Region/EU",))
    assert told(planned(house, exported(house), prune=True)) == []
