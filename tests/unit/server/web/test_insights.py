"""Insights on their page."""

from tests.unit.server.conftest import Visit
from tests.unit.server.house import ADMINISTRATOR, House

from fairlead.usecases import variables


def test_the_figures_of_a_project_are_behind_its_page(house: House, visit: Visit) -> None:
    house.add_project("books")
    visit.sign_in()
    assert 'href="/projects/books/insights"' in visit.get("/projects/books")
    assert "Nothing was completed" in visit.get("/projects/books/insights")
    variables.put(house.context, ADMINISTRATOR, "books", "Db.Host", "db")
    house.add_release("books", "1.0.0")
    house.go_live("books", "1.0.0", "Test")
    page = visit.get("/projects/books/insights?days=14")
    assert '<th scope="row">Test</th><td data-label="Successes">1</td><td data-label="Failures">0</td>' in page
    assert '<option value="14" selected>14 days</option>' in page
    assert visit.client.get("/projects/books/insights?days=0").status_code == 400
