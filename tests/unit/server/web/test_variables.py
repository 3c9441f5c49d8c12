"""The pages of variables and library sets: forms for every dimension and type, and the preview."""

from __future__ import annotations

import pytest
from tests.unit.server.conftest import Visit
from tests.unit.server.house import ADMINISTRATOR, House

from fairlead.domain.variable import Dimension
from fairlead.usecases import library_sets, variables
from fairlead.usecases.variables import InLibrary

BOOKS = "/projects/books/variables"


@pytest.fixture
def books(house: House, visit: Visit) -> House:
    """A project, and somebody who may change it."""
    house.add_project("books")
    visit.sign_in()
    return house


def held(house: House) -> dict[str, object]:
    return {one.name: one for one in variables.page(house.context, ADMINISTRATOR, "books").items}


def test_a_variable_is_for_a_channel_and_is_removed_again(books: House, visit: Visit) -> None:
    fields = {"name": "A b", "value": "x", "environments": "Test", "scope.channel": "Default", "description": "why"}
    visit.post(BOOKS, **fields)
    (made,) = variables.page(books.context, ADMINISTRATOR, "books").items
    assert set(made.scope) == {Dimension.ENVIRONMENT, Dimension.CHANNEL}
    page = visit.get(BOOKS)
    assert "channel Default" in page and "why" in page
    edit = visit.get(f"{BOOKS}/A%20b?id={made.id}")
    assert "Change A b" in edit and 'name="scope.channel"' in edit
    scope = {"environments": made.scope[Dimension.ENVIRONMENT], "scope.channel": made.scope[Dimension.CHANNEL]}
    visit.post(f"{BOOKS}/remove", name="A b", **{name: next(iter(ids)) for name, ids in scope.items()})
    assert held(books) == {}


def test_a_prompted_variable_is_asked_for_on_the_page_that_deploys(books: House, visit: Visit) -> None:
    asked = {"asked": "1", "label": "Why <now>", "required": "1", "control": "select", "options": "fix\nfeature"}
    visit.post(BOOKS, name="Reason", value="", **asked)
    visit.post(BOOKS, name="Db.Host", value="db")
    books.add_release("books", "1.0.0")
    page = visit.get("/projects/books/deploy?version=1.0.0&environment=Test")
    assert "Why &lt;now&gt;" in page and 'name="prompt.Reason"' in page and "<option>fix</option>" in page
    visit.post("/projects/books/deploy", version="1.0.0", environment="Test")
    assert "a value is asked for, and none was given" in visit.get("/projects/books/deploy")
    answers = {"prompt.Reason": "fix"}
    to = visit.post("/projects/books/deploy", version="1.0.0", environment="Test", plan_hash="0" * 64, **answers)
    assert to.startswith("/deployments/"), to


def test_an_account_is_given_by_its_parts_and_its_secrets_are_not_shown(books: House, visit: Visit) -> None:
    parts = {"kind": "user-password", "part.Username": "robot", "part.Password": "hunter-two"}
    visit.post(BOOKS, name="Deployer", value="", **parts)
    page = visit.get(BOOKS) + visit.get(f"{BOOKS}/Deployer") + visit.get("/projects/books/variable-preview")
    assert "user-password: Username, Password" in page and "hunter-two" not in page


def test_a_library_set_is_made_filled_included_and_removed(books: House, visit: Visit) -> None:
    assert visit.post("/library-sets", name="Mail", description="letters") == "/library-sets/Mail"
    visit.post("/library-sets/Mail/variables", name="Mail.Host", value="mail.test", environments="Test")
    visit.post("/projects/books/library-sets", name="Mail", included="1")
    assert "mail.test" in visit.get("/library-sets/Mail") and "books" in visit.get("/library-sets")
    assert "mail.test" in visit.get("/projects/books/variable-preview?environment=Test")
    assert "library set Mail" in visit.get("/projects/books/variable-preview?environment=Test")
    visit.post("/library-sets/Mail/remove")
    assert "is included in books" in visit.get("/library-sets/Mail")
    assert visit.post("/library-sets/Mail", name="Letters", revision="1") == "/library-sets/Letters"
    assert "Change Mail.Host" in visit.get("/library-sets/Letters/variables/Mail.Host")
    visit.post("/projects/books/library-sets", name="Letters")
    visit.post("/library-sets/Letters/variables/remove", name="Mail.Host", environments="Test")
    assert variables.page(books.context, ADMINISTRATOR, InLibrary("Letters")).items == ()
    visit.post("/library-sets/Letters/remove")
    assert library_sets.page(books.context, ADMINISTRATOR).items == ()


def test_a_preview_shows_what_holds_what_lost_and_ties_but_no_secret(books: House, visit: Visit) -> None:
    put = variables.put
    put(books.context, ADMINISTRATOR, "books", "Url", "http://#{Host}/<b>")
    put(books.context, ADMINISTRATOR, "books", "Host", "prod.test", only_in=["Production"])
    put(books.context, ADMINISTRATOR, "books", "Host", "any.test")
    put(books.context, ADMINISTRATOR, "books", "Key", "hunter-two", is_secret=True)
    page = visit.get("/projects/books/variable-preview?environment=Production")
    assert "http://prod.test/&lt;b&gt;" in page and "any.test" in page and "its scope names the environment" in page
    assert "hunter-two" not in page
    assert "there is no step" in visit.get("/projects/books/variable-preview?environment=Test&step=Nothing")
