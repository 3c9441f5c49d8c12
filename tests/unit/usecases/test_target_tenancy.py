"""For whom a target is: what deployments for tenants and for nobody choose, and who may say so."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.usecases.declaring import applied, exported, planned, told
from tests.unit.usecases.house import ADMIN, NOBODY, House

from fairlead.domain.actor import Actor
from fairlead.domain.errors import Conflict, FairleadError, Invalid, NotAllowed
from fairlead.domain.grant import Grant
from fairlead.domain.permission import Permission
from fairlead.domain.process import Action, Process, ProcessStep, RunLocation
from fairlead.domain.project import Tenancy
from fairlead.domain.target import Target
from fairlead.domain.tenant import Tenant
from fairlead.domain.trigger import TargetEvent, TriggerKind
from fairlead.store import environments
from fairlead.store import projects as project_rows
from fairlead.store import triggers as trigger_rows
from fairlead.usecases import (
    deployments,
    planning,
    processes,
    projects,
    releases,
    targets,
    tenancy,
    tenants,
    triggers,
)
from fairlead.usecases.going import Going
from fairlead.usecases.target_tenancy import Serving
from fairlead.usecases.targets import TargetChange
from fairlead.usecases.tenants import Draft

EITHER, TENANTED, UNTENANTED = Tenancy.EITHER, Tenancy.TENANTED, Tenancy.UNTENANTED


@pytest.fixture
def three(books: House) -> House:
    """Acme in the EU and early, Bolt in the US, Cord in the EU; and a step on targets with the tag web."""
    projects.change(books.context, ADMIN, "books", {"tenancy": EITHER})
    tenants.put_tag_set(books.context, ADMIN, "Region", ["EU", "US"])
    tenants.put_tag_set(books.context, ADMIN, "Ring", ["Early"])
    for name, tags in (("Acme", ["Region/EU", "Ring/Early"]), ("Bolt", ["Region/US"]), ("Cord", ["Region/EU"])):
        tenants.put(books.context, ADMIN, Draft(name, "", tags, {"books": ["Test", "Production"]}))
    action = Action("Web", "script", {"script": "echo web"}, runs_on=RunLocation.TARGETS)
    processes.put(books.context, ADMIN, "books", Process((ProcessStep("Web", (action,), target_tags=("web",)),)))
    return books


def add(house: House, name: str, tenancy: Tenancy | None = None, *names: str, tags: tuple[str, ...] = ()) -> Target:
    serving = Serving(tenancy, names, tags)
    return targets.add(house.context, ADMIN, name, only_in=["Test"], tags=["web"], serving=serving).target


def used(house: House, tenant: str = "") -> list[str]:
    """The targets that the plan of a deployment for the tenant has."""
    with house.database.reading() as connection:
        owner, place = project_rows.by_name(connection, "books"), environments.by_name(connection, "Test")
        release, whose = planning.release_named(connection, owner, "1.0.0"), tenancy.named(connection, tenant)
        process = planning.intend(house.context, connection, Going(owner, place, release, whose)).process
    assert process is not None
    return [place.target.name for place in process.steps[0].places if place.target]


def tenant(house: House, name: str) -> Tenant:
    return tenants.get(house.context, ADMIN, name).tenant


def only(house: House, *names: str) -> Actor:
    """Who may edit targets anywhere, but view what is of these tenants only."""
    ids = frozenset(tenant(house, name).id for name in names)
    edits = Grant(frozenset({Permission.TARGET_EDIT}))
    return replace(NOBODY, grants=(edits, Grant(frozenset({Permission.VIEW}), tenants=ids)))


@pytest.mark.parametrize(
    ("tenancy", "names", "tags", "served"),
    [
        (EITHER, (), (), ["", "Acme", "Bolt", "Cord"]),
        (TENANTED, (), (), ["Acme", "Bolt", "Cord"]),
        (UNTENANTED, (), (), [""]),
        (EITHER, ("bolt",), (), ["", "Bolt"]),
        (TENANTED, ("Acme", "Bolt"), (), ["Acme", "Bolt"]),
        (TENANTED, (), ("Region/EU",), ["Acme", "Cord"]),
        (TENANTED, (), ("Region/EU", "Region/US"), ["Acme", "Bolt", "Cord"]),
        (TENANTED, (), ("region/eu", "Ring/Early"), ["Acme"]),
        (TENANTED, ("Bolt",), ("Region/EU", "Ring/Early"), ["Acme", "Bolt"]),
    ],
)
def test_a_target_serves_those_that_its_tenancy_names_and_tags_say(
    three: House, tenancy: Tenancy, names: tuple[str, ...], tags: tuple[str, ...], served: list[str]
) -> None:
    made = add(three, "web1", tenancy, *names, tags=tags)
    whom = [None, *(tenant(three, name) for name in ("Acme", "Bolt", "Cord"))]
    assert [one.name if one else "" for one in whom if made.serves(one)] == served


def test_deployments_run_on_the_targets_that_serve_whom_they_are_for(three: House) -> None:
    add(three, "all")
    add(three, "eu", TENANTED, tags=("Region/EU",))
    add(three, "bolt", TENANTED, "Bolt")
    add(three, "plain", UNTENANTED)
    releases.create(three.context, ADMIN, "books", version="1.0.0", images={}, contents={})
    assert used(three) == ["all", "plain"]
    assert used(three, "Acme") == ["all", "eu"]
    assert used(three, "Bolt") == ["all", "bolt"]


def refused(house: House, tenant: str = "") -> FairleadError:
    before = house.rows()
    with pytest.raises(FairleadError) as caught:
        deployments.create(house.context, ADMIN, "books", "1.0.0", "Test", tenant=tenant)
    assert house.rows() == before
    return caught.value


def test_where_no_target_is_left_the_refusal_says_how_many_tenancy_excluded(three: House) -> None:
    add(three, "eu", TENANTED, tags=("Region/EU",))
    add(three, "acme", TENANTED, "Acme")
    releases.create(three.context, ADMIN, "books", version="1.0.0", images={}, contents={})
    for_bolt, for_nobody = refused(three, "Bolt"), refused(three)
    assert for_bolt.code == for_nobody.code == "process.no_target"
    assert for_bolt.message.endswith("has the tag web; tenancy excludes 2 (acme, eu: not for Bolt)")
    assert for_nobody.message.endswith("tenancy excludes 2 (acme, eu: for tenants only)")
    assert "--tenancy" in for_bolt.hint
    targets.change(three.context, ADMIN, "eu", TargetChange(is_enabled=False))
    assert "tenancy excludes 1 (acme" in refused(three).message


def test_what_is_not_named_stays_and_one_that_becomes_untenanted_names_nobody(three: House) -> None:
    add(three, "web1", TENANTED, "Acme", tags=("Region/US",))
    kept = targets.change(three.context, ADMIN, "web1", TargetChange(tags=["web", "db"]))
    assert (kept.tenants, kept.target.tenant_tags, kept.target.tenancy) == (("Acme",), ("Region/US",), TENANTED)
    told = targets.change(three.context, ADMIN, "web1", TargetChange(serving=Serving(tenants=["Bolt"])))
    assert (told.tenants, told.served) == (("Bolt",), "Bolt, Region/US")
    assert three.audit("target.changed")[0].message == "changed the tenants of web1"
    none = targets.change(three.context, ADMIN, "web1", TargetChange(serving=Serving(UNTENANTED)))
    assert (none.tenants, none.target.tenant_tags, none.served) == ((), (), "nobody in particular")


def test_an_untenanted_target_that_names_tenants_is_refused_and_so_is_a_tag_that_no_set_has(three: House) -> None:
    before = three.rows()
    for code, serving in (
        ("target.tenancy", Serving(UNTENANTED, ["Acme"])),
        ("target.tenancy", Serving(UNTENANTED, tags=["Region/EU"])),
        ("tenant.tag", Serving(TENANTED, tags=["Region/Mars"])),
    ):
        with pytest.raises(Invalid) as caught:
            targets.add(three.context, ADMIN, "web1", only_in=["Test"], serving=serving)
        assert caught.value.code == code
    assert three.rows() == before


def test_a_tenant_or_tag_that_a_target_names_stays_until_it_names_it_no_more(three: House) -> None:
    add(three, "web1", TENANTED, "Acme", tags=("Ring/Early",))
    tenants.put(three.context, ADMIN, Draft("Acme", "", ["Region/EU"]))
    with pytest.raises(Conflict) as caught:
        tenants.remove(three.context, ADMIN, "Acme")
    assert caught.value.code == "tenant.on_target" and "web1" in caught.value.message
    with pytest.raises(Conflict) as caught:
        tenants.remove_tag_set(three.context, ADMIN, "Ring")
    assert caught.value.code == "tenant.tag_used"
    targets.change(three.context, ADMIN, "web1", TargetChange(serving=Serving(tenants=[], tags=[])))
    tenants.remove(three.context, ADMIN, "Acme")
    tenants.remove_tag_set(three.context, ADMIN, "Ring")


def test_who_may_not_view_a_tenant_is_told_that_there_are_more_and_cannot_name_or_drop_it(three: House) -> None:
    add(three, "web1", TENANTED, "Acme", "Bolt")
    theirs = only(three, "Acme")
    seen = targets.get(three.context, theirs, "web1")
    assert (seen.tenants, seen.hidden_tenants, seen.served) == (("Acme",), 1, "Acme, 1 more")
    assert targets.page(three.context, theirs).items[0].tenants == ("Acme",)
    for names in (["Acme"], ["Acme", "Cord"]):
        with pytest.raises(NotAllowed):
            targets.change(three.context, theirs, "web1", TargetChange(serving=Serving(tenants=names)))
    targets.change(three.context, theirs, "web1", TargetChange(description="theirs"))


def test_a_target_that_serves_somebody_new_became_available(three: House) -> None:
    add(three, "web1", TENANTED, "Acme")
    comes = triggers.Draft("Comes", kind=TriggerKind.TARGET, events=[TargetEvent.ADDED])
    made = triggers.put(three.context, ADMIN, "books", comes).trigger

    def waiting() -> int:
        with three.database.reading() as connection:
            return len(trigger_rows.waiting_of(connection, made.id))

    targets.change(three.context, ADMIN, "web1", TargetChange(serving=Serving(tags=["Ring/Early"])))
    assert waiting() == 0, "Acme was served before"
    targets.change(three.context, ADMIN, "web1", TargetChange(serving=Serving(tags=["Region/EU"])))
    assert waiting() == 1, "Cord is new"
    targets.change(three.context, ADMIN, "web1", TargetChange(serving=Serving(tags=[], tenants=["Cord"])))
    assert waiting() == 1


def test_for_whom_a_target_is_is_declared_and_comes_back_as_it_was(house: House) -> None:
    files = {
        "tag-sets.yml": b"tag_sets: [{name: Region, tags: [EU, US]}]",
        "tenants.yml": b"tenants: [{name: Bolt}, {name: Acme}]",
        "targets.yml": b"targets: [{name: web1, environments: [Test], tenancy: tenanted, tenants: [Bolt, Acme], "
        b"tenant_tags: [Region/US]}]",
    }
    applied(house, files)
    assert told(applied(house, files)) == []
    assert targets.get(house.context, ADMIN, "web1").tenants == ("Acme", "Bolt")
    written = exported(house)
    assert told(planned(house, written, prune=True)) == []
    fewer = {
        "tenants.yml": b"tenants: [{name: Acme}]",
        "targets.yml": b"targets: [{name: web1, environments: [Test]}]",
    }
    assert told(applied(house, {**written, **fewer}, prune=True)) == ["change target web1", "remove tenant Bolt"]
    assert targets.get(house.context, ADMIN, "web1").served == "everybody"
