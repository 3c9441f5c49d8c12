"""The form that says for whom a project is deployed."""

from __future__ import annotations

from tests.unit.server.conftest import Visit
from tests.unit.server.house import ADMINISTRATOR, House

from fairlead.domain.project import Tenancy
from fairlead.usecases import projects


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
