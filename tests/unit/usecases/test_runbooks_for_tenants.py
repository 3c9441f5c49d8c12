"""Runbooks for tenants: who may have a run, with which values and targets, in whose turn, and who sees it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.unit.usecases.declaring import applied, exported, planned, told
from tests.unit.usecases.house import ADMIN, House

from fairlead.domain.actor import Actor
from fairlead.domain.errors import Conflict, FairleadError, NotAllowed
from fairlead.domain.grant import Grant
from fairlead.domain.ids import ActorId
from fairlead.domain.permission import Permission
from fairlead.domain.plan import Plan
from fairlead.domain.process import Action, Process, ProcessStep, RunLocation
from fairlead.domain.project import Tenancy
from fairlead.domain.prompt import Prompt
from fairlead.domain.step_template import Parameter
from fairlead.domain.task import TaskState
from fairlead.domain.variable import Dimension
from fairlead.store import tasks
from fairlead.usecases import (
    freezes,
    projects,
    runbook_runs,
    runbooks,
    targets,
    tenant_templates,
    tenant_values,
    tenants,
    variables,
)
from fairlead.usecases.runbook_runs import RunView, Wish
from fairlead.usecases.runbooks import Draft
from fairlead.usecases.target_tenancy import Serving
from fairlead.usecases.tenant_values import Given
from fairlead.usecases.tenanted import run_each
from fairlead.usecases.variables import More

EITHER = Tenancy.EITHER
SCRIPT = {"script": "echo '#{Octopus.Deployment.Tenant.Name} #{Greeting}'"}


def process(script: dict[str, str], *tags: str) -> Process:
    action = Action("Say", "script", dict(script), runs_on=RunLocation.TARGETS if tags else RunLocation.SERVER)
    return Process((ProcessStep("Say", (action,), target_tags=tags),))


@pytest.fixture
def two(books: House) -> House:
    """A published runbook, and two tenants; Bolt is connected in Test alone."""
    projects.change(books.context, ADMIN, "books", {"tenancy": EITHER})
    tenants.put_tag_set(books.context, ADMIN, "Region", ["EU", "US"])
    tenants.put(books.context, ADMIN, tenants.Draft("Acme", "", ["Region/EU"], {"books": ["Test", "Production"]}))
    tenants.put(books.context, ADMIN, tenants.Draft("Bolt", "", ["Region/US"], {"books": ["Test"]}))
    put(books, {"script": "ls"})
    return books


def put(house: House, script: dict[str, str], *tags: str, tenancy: Tenancy | None = None) -> None:
    runbooks.put(house.context, ADMIN, "books", Draft("Say", process=process(script, *tags), tenancy=tenancy))
    runbooks.publish(house.context, ADMIN, "books", "Say")


def run(house: House, tenant: str = "", environment: str = "Test", actor: Actor = ADMIN) -> RunView:
    return runbook_runs.run(house.context, actor, "books", "Say", environment, tenant=tenant)


def plan(house: House, view: RunView) -> Plan:
    with house.database.reading() as connection:
        return runbook_runs.plan_of(house.context, connection, house.task(view.run.task))


def refused(house: House, code: str, tenant: str = "", environment: str = "Test") -> FairleadError:
    before = house.rows()
    with pytest.raises(FairleadError) as caught:
        run(house, tenant, environment)
    assert caught.value.code == code
    assert house.rows() == before
    return caught.value


def of_bolt(house: House) -> Actor:
    verbs = frozenset({Permission.VIEW, Permission.RUNBOOK_RUN})
    bolt = tenants.get(house.context, ADMIN, "Bolt").tenant
    given = (Grant(verbs, tenants=frozenset({bolt.id})),)
    return Actor(ActorId("usr-eve"), "eve", "user", frozenset(), via="test", grants=given)


def test_a_runbook_runs_for_whom_it_says_and_without_a_word_for_whom_its_project_is(two: House) -> None:
    assert run(two).tenant == "" and run(two, "acme").tenant == "Acme"
    projects.change(two.context, ADMIN, "books", {"tenancy": Tenancy.TENANTED})
    assert "fairlead runbooks run" in refused(two, "tenant.required").hint
    put(two, SCRIPT, tenancy=Tenancy.UNTENANTED)
    no = refused(two, "tenant.forbidden", "Acme")
    assert no.message == "Say runs for no tenant" and "fairlead runbooks set 'Say' --tenancy" in no.hint
    put(two, {"script": "ls"}, tenancy=Tenancy.TENANTED)
    projects.change(two.context, ADMIN, "books", {"tenancy": Tenancy.UNTENANTED})
    refused(two, "tenant.required")
    assert run(two, "Bolt").tenant == "Bolt"
    refused(two, "tenant.not_connected", "Bolt", "Production")
    refused(two, "tenant.unknown", "Cord")


def test_a_run_has_the_values_of_its_tenant_and_what_the_product_tells_of_it(two: House) -> None:
    variables.put(two.context, ADMIN, "books", "Greeting", "hello")
    variables.put(two.context, ADMIN, "books", "Greeting", "moin", scope={Dimension.TENANT_TAG: ["Region/EU"]})
    put(two, SCRIPT)
    for name, greeting in (("Acme", "moin"), ("Bolt", "hello")):
        found = repr(plan(two, run(two, name)))
        assert f"'Greeting': '{greeting}'" in found and f"'Octopus.Deployment.Tenant.Name': '{name}'" in found
    assert "'Octopus.Deployment.Tenant.Name': " not in repr(plan(two, run(two)))


def test_a_run_has_what_the_tenant_gives_for_templates_and_is_refused_without(two: House) -> None:
    tenant_templates.put(two.context, ADMIN, "books", [Parameter("Schema")])
    given = [Given("Schema", "acme_shop", project="books", environment="Test")]
    tenant_values.put(two.context, ADMIN, "Acme", given)
    put(two, {"script": "echo '#{Schema}'"})
    assert "'Schema': 'acme_shop'" in repr(plan(two, run(two, "Acme")))
    refused(two, "tenant.value_missing", "Bolt")
    assert run(two).tenant == ""


def test_what_is_asked_for_depends_on_the_tenant(two: House) -> None:
    why = Prompt("Why", is_required=True)
    variables.put(two.context, ADMIN, "books", "Greeting", scope={Dimension.TENANT: ["Acme"]}, more=More(prompt=why))
    put(two, {"script": "echo '#{Greeting}'"})
    asked = [
        runbook_runs.questions_of(two.context, ADMIN, "books", "Say", "Test", tenant=name) for name in ("Acme", "Bolt")
    ]
    assert [[one.label for one in each] for each in asked] == [["Why"], []]
    refused(two, "prompt.required", "Acme")


def test_it_runs_on_the_targets_that_serve_its_tenant(two: House) -> None:
    for name, serving in (
        ("acme", Serving(Tenancy.TENANTED, ["Acme"])),
        ("plain", Serving(Tenancy.UNTENANTED)),
        ("all", Serving()),
    ):
        targets.add(two.context, ADMIN, name, only_in=["Test"], tags=["web"], serving=serving)
    put(two, {"script": "ls"}, "web")
    found = {whose: repr(plan(two, run(two, whose))) for whose in ("", "Acme", "Bolt")}
    names = {whose: [name for name in ("acme", "all", "plain") if f"[{name}]" in text] for whose, text in found.items()}
    assert names == {"": ["all", "plain"], "Acme": ["acme", "all"], "Bolt": ["all"]}
    for name in ("all", "plain"):
        targets.remove(two.context, ADMIN, name)
    assert "tenancy excludes 1 (acme: not for Bolt)" in refused(two, "process.no_target", "Bolt").message


def test_one_run_at_a_time_for_each_tenant_and_they_do_not_hold_up_one_another(two: House) -> None:
    made = [run(two, whose) for whose in ("", "Acme", "Bolt", "Acme")]
    with two.database.reading() as connection:
        places = [tasks.place_of(two.task(view.run.task)) for view in made]
        holders = [tasks.holder(connection, place) for place in places]
    assert [place.tenant for place in places] == [None, "Acme", "Bolt", "Acme"]
    assert holders == [*(view.run.task for view in made[:3]), made[1].run.task]
    two.begin(made[1].run.task)
    two.end(made[1].run.task)
    with two.database.reading() as connection:
        assert tasks.holder(connection, places[3]) == made[3].run.task
    assert two.task(made[1].run.task).state is TaskState.SUCCEEDED
    assert [event.tenant for event in two.audit("runbook.run")] == ["Acme"]


def test_so_many_runs_are_kept_for_each_tenant(two: House) -> None:
    runbooks.put(two.context, ADMIN, "books", Draft("Say", kept_runs=1))
    for whose in ("", "Acme", "Bolt", "Acme"):
        made = run(two, whose)
        two.begin(made.run.task)
        two.end(made.run.task)
    kept = runbook_runs.runs_of(two.context, ADMIN, "books", "Say").items
    assert [(one.tenant, one.run.number) for one in kept] == [("Acme", 4), ("Bolt", 3), ("", 1)]
    of_acme = runbook_runs.runs_of(two.context, ADMIN, "books", "Say", tenant="Acme").items
    assert [one.run.number for one in of_acme] == [4]


def test_who_may_run_for_one_tenant_runs_for_no_other_nor_for_nobody_and_sees_no_other_run(two: House) -> None:
    eve = of_bolt(two)
    run(two, "Acme")
    run(two)
    for whose in ("Acme", ""):
        with pytest.raises(NotAllowed):
            run(two, whose, actor=eve)
    mine = run(two, "Bolt", actor=eve)
    assert [one.run.id for one in runbook_runs.runs_of(two.context, eve, "books", "Say").items] == [mine.run.id]
    shown = runbooks.page(two.context, eve, "books").items
    newest = runbook_runs.newest_of(two.context, eve, "books", shown)
    assert [one.run.id for part in newest.values() for one in part] == [mine.run.id]


def test_for_several_tenants_one_run_each_and_one_refusal_holds_up_no_other(two: House) -> None:
    asked = run_each(
        two.context, ADMIN, "books", "Say", ["Test", "Production"], names=["Acme", "Bolt"], wish=Wish({"Nothing": "x"})
    )
    assert [(one.tenant, one.environment) for one in asked.made] == [
        ("Acme", "Test"),
        ("Bolt", "Test"),
        ("Acme", "Production"),
    ]
    assert [(one.tenant, one.environment, one.error.code) for one in asked.refused] == [
        ("Bolt", "Production", "tenant.not_connected")
    ]
    tagged = run_each(two.context, ADMIN, "books", "Say", ["Test"], names=["acme"], tags=["Region/EU", "Region/US"])
    assert [one.tenant for one in tagged.made] == ["Acme", "Bolt"]
    with pytest.raises(Conflict) as nobody:
        run_each(two.context, ADMIN, "books", "Say", ["Production"], tags=["Region/US"])
    assert nobody.value.code == "tenant.none"


def test_a_freeze_for_a_tenant_binds_its_runs_where_it_says_so(two: House) -> None:
    runbooks.publish(two.context, ADMIN, "books", "Say")
    end = two.clock.now() + timedelta(hours=1)
    freezes.add(two.context, ADMIN, freezes.Draft("Feast", ends_at=end, tenants=["Bolt"], binds_runbooks=True))
    refused(two, "runbook.frozen", "Bolt")
    run(two, "Acme")
    run(two)
    with pytest.raises(Conflict) as named:
        tenants.remove(two.context, ADMIN, "Bolt")
    assert named.value.code == "tenant.on_freeze"


def test_a_tenant_for_which_a_runbook_ran_is_not_removed(two: House) -> None:
    run(two, "Bolt")
    with pytest.raises(Conflict) as caught:
        tenants.remove(two.context, ADMIN, "Bolt")
    assert caught.value.code == "tenant.in_use"
    tenants.remove(two.context, ADMIN, "Acme")


def test_for_whom_a_runbook_runs_is_declared_and_comes_back_as_it_was(house: House) -> None:
    steps = b"steps: [{name: S, actions: [{name: S, kind: script, properties: {script: ls}}]}]"
    file = b"name: Say\ntenancy: tenanted\n" + steps
    files = {"projects/books/project.yml": b"{}", "projects/books/runbooks/say.yml": file}
    applied(house, files)
    assert told(applied(house, files)) == []
    assert runbooks.get(house.context, ADMIN, "books", "Say").runbook.tenancy is Tenancy.TENANTED
    assert told(planned(house, exported(house), prune=True)) == []
    assert told(applied(house, {**files, "projects/books/runbooks/say.yml": file.replace(b"tenancy: tenanted\n", b"")}))
    assert runbooks.get(house.context, ADMIN, "books", "Say").runbook.tenancy is None
