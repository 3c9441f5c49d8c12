"""The form that says for whom a project is deployed."""

from __future__ import annotations

from datetime import timedelta

from tests.unit.server.conftest import Visit
from tests.unit.server.house import ADMINISTRATOR, House

from fairlead.domain.project import Tenancy
from fairlead.formats.phase_lines import PhaseLine
from fairlead.usecases import deployments, lifecycles, projects, tenants, variables


def tenancy_of(house: House) -> Tenancy:
    return projects.get(house.context, ADMINISTRATOR, "books").tenancy


def test_the_form_says_for_whom_and_the_page_shows_it(house: House, visit: Visit) -> None:
    house.add_project("books")
    visit.sign_in()
    assert '<option value="untenanted" selected>' in visit.get("/projects/books")
    assert visit.post("/projects/books/tenancy", tenancy="tenanted") == "/projects/books"
    assert tenancy_of(house) is Tenancy.TENANTED
    assert '<option value="tenanted" selected>' in visit.get("/projects/books")


def test_a_word_that_is_no_tenancy_changes_nothing(house: House, visit: Visit) -> None:
    house.add_project("books")
    visit.sign_in()
    visit.post("/projects/books/tenancy", tenancy="for-all")
    assert "is not a tenancy" in visit.get("/projects/books")
    assert tenancy_of(house) is Tenancy.UNTENANTED


def test_who_approves_sees_for_which_tenant(house: House, visit: Visit) -> None:
    house.add_project("books")
    variables.put(house.context, ADMINISTRATOR, "books", "Db.Host", "db")
    projects.change(house.context, ADMINISTRATOR, "books", {"tenancy": "tenanted"})
    line = PhaseLine("Test", ("Test",), needs_approval=True)
    lifecycles.add(house.context, ADMINISTRATOR, lifecycles.Draft("Careful", [line]))
    lifecycles.use(house.context, ADMINISTRATOR, "books", "Careful")
    for name in ("Acme", "Bolt"):
        tenants.put(house.context, ADMINISTRATOR, tenants.Draft(name, connections={"books": ["Test"]}))
    house.add_release("books", "1.0.0")
    for name in ("Acme", "Bolt"):
        deployments.create(
            house.context,
            ADMINISTRATOR,
            "books",
            "1.0.0",
            "Test",
            tenant=name,
            not_after=house.context.clock.now() + timedelta(days=1),
        )
    visit.sign_in()
    page = visit.get("/approvals")
    assert "to Test for Acme" in page and "to Test for Bolt" in page
    assert "not after" in page
