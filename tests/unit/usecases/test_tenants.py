"""Tenants with tags and connections, and the variables that are for them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.usecases.declaring import applied, exported, planned, told
from tests.unit.usecases.house import ADMIN, House

from fairlead.domain.errors import Conflict, Invalid, NotFound
from fairlead.domain.tenant import fits
from fairlead.domain.variable import Dimension
from fairlead.store import environments, projects
from fairlead.usecases import runbooks, scopes, teams, tenants
from fairlead.usecases.tenants import Draft
from fairlead.usecases.values import Where, scope_where

ACME = Draft("Acme", "a customer", ["region/eu"], {"books": ["Test", "Production"]})


@pytest.fixture
def tagged(books: House) -> House:
    tenants.put_tag_set(books.context, ADMIN, "Region", ["EU", "US"])
    tenants.put_tag_set(books.context, ADMIN, "Ring", ["Early", "Late"])
    return books


def test_a_tenant_has_tags_as_their_sets_write_them_and_connections_by_name(tagged: House) -> None:
    made = tenants.put(tagged.context, ADMIN, ACME)
    assert made.tenant.tags == ("Region/EU",)
    assert made.connections == {"books": ("Test", "Production")}
    again = tenants.put(tagged.context, ADMIN, replace(ACME, name="acme", tags=["Ring/Late", "Region/US"]), revision=1)
    assert (again.tenant.id, again.tenant.tags) == (made.tenant.id, ("Region/US", "Ring/Late"))
    with pytest.raises(Conflict):
        tenants.put(tagged.context, ADMIN, ACME, revision=1)
    tenants.remove(tagged.context, ADMIN, "Acme")
    with pytest.raises(NotFound) as gone:
        tenants.get(tagged.context, ADMIN, "Acme")
    assert gone.value.code == "tenant.unknown"


def test_a_tag_that_no_set_has_is_refused_and_one_that_is_used_stays(tagged: House) -> None:
    with pytest.raises(Invalid) as unknown:
        tenants.put(tagged.context, ADMIN, replace(ACME, tags=["Region/Mars"]))
    assert unknown.value.code == "tenant.tag" and "Region/EU" in unknown.value.hint
    tenants.put(tagged.context, ADMIN, ACME)
    for work in (
        lambda: tenants.put_tag_set(tagged.context, ADMIN, "Region", ["US"]),
        lambda: tenants.remove_tag_set(tagged.context, ADMIN, "Region"),
    ):
        with pytest.raises(Conflict) as used:
            work()
        assert used.value.code == "tenant.tag_used"
    tenants.remove_tag_set(tagged.context, ADMIN, "Ring")
    assert [one.name for one in tenants.tag_sets(tagged.context, ADMIN)] == ["Region"]


def test_tags_of_one_set_are_alternatives_and_each_set_must_have_one(tagged: House) -> None:
    assert fits(["Region/EU", "Ring/Late"], ["Region/EU", "region/us"])
    assert not fits(["Region/EU"], ["Region/EU", "Ring/Late"])
    tenants.put(tagged.context, ADMIN, ACME)
    tenants.put(tagged.context, ADMIN, Draft("Globex", tags=["Region/US"]))
    found = tenants.page(tagged.context, ADMIN, tags=["Region/US"]).items
    assert [one.tenant.name for one in found] == ["Globex"]


def test_a_scope_names_tenants_their_tags_and_runbooks_and_a_place_has_its_tenants_tags(tagged: House) -> None:
    made = tenants.put(tagged.context, ADMIN, ACME)
    tidy = runbooks.put(tagged.context, ADMIN, "books", runbooks.Draft("Tidy"))
    with tagged.database.reading() as connection:
        owner = projects.by_name(connection, "books")
        wanted = {
            Dimension.TENANT: ["acme"],
            Dimension.TENANT_TAG: ["Region/EU"],
            Dimension.PROCESS: ["Tidy"],
        }
        scope = scopes.scope_of(connection, owner, wanted)
        assert scope[Dimension.TENANT] == {made.tenant.id}
        assert scope[Dimension.PROCESS] == {tidy.runbook.id}
        place = environments.by_name(connection, "Test")
        there = scope_where(connection, owner, Where(place.name, tenant="Acme"))
        assert there[Dimension.TENANT_TAG] == scope[Dimension.TENANT_TAG]


def test_connecting_leaves_the_other_connections_as_they_are(tagged: House) -> None:
    tagged.add_project("press")
    tenants.put(tagged.context, ADMIN, ACME)
    made = tenants.connect(tagged.context, ADMIN, "Acme", "press", ["Test"])
    assert made.connections == {"books": ("Test", "Production"), "press": ("Test",)}
    assert tenants.connect(tagged.context, ADMIN, "Acme", "books", []).connections == {"press": ("Test",)}


def test_tenants_tags_and_connections_are_declared_and_come_back_as_they_were(house: House) -> None:
    files = {
        "tag-sets.yml": b"tag_sets: [{name: Region, tags: [EU, US]}]",
        "tenants.yml": b"tenants: [{name: Acme, description: a customer, tags: [Region/EU]}]",
        "projects/books/project.yml": b"tenancy: tenanted-or-untenanted",
        "projects/books/tenants.yml": b"tenants: [{tenant: Acme, environments: [Production, Test]}]",
        "library/Shared.yml": b"name: Shared\nvariables: [{name: Site, value: eu, scope: {tenant: [Acme]}}]",
        "teams.yml": b"teams: [{name: Those of Acme, roles: [{role: Project deployer, tenants: [Acme]}]}]",
    }
    applied(house, files)
    assert told(applied(house, files)) == []
    assert tenants.get(house.context, ADMIN, "Acme").connections == {"books": ("Production", "Test")}
    assert teams.get(house.context, ADMIN, "Those of Acme").roles[0].tenants == ("Acme",)
    written = exported(house)
    assert told(planned(house, written, prune=True)) == []
    changed = {**written, "tenants.yml": b"tenants: [{name: Acme, tags: [Region/US]}]"}
    assert told(applied(house, changed)) == ["change tenant Acme"]
    assert tenants.get(house.context, ADMIN, "Acme").connections == {"books": ("Production", "Test")}
    del changed["projects/books/tenants.yml"]
    gone = applied(house, {**changed, "projects/books/tenants.yml": b"tenants: []"}, prune=True)
    assert told(gone) == ["remove tenant connection books: Acme"]
