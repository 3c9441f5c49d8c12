"""Runbooks on their project's page: set, published, and run with what they ask for."""

from tests.unit.server.conftest import Visit
from tests.unit.server.house import ADMINISTRATOR, House

from fairlead.domain.prompt import Prompt
from fairlead.usecases import runbook_runs, runbooks, tenants, variables
from fairlead.usecases.variables import More

PAGE = "/projects/books/runbooks"
STEPS = "steps:\n  - name: Look\n    actions:\n      - {name: Look, kind: script, properties: {script: ls}}\n"


def test_a_run_asks_for_what_it_needs_and_begins_in_every_place_that_was_chosen(house: House, visit: Visit) -> None:
    house.add_project("books")
    variables.put(
        house.context, ADMINISTRATOR, "books", "Reason", more=More(prompt=Prompt("Why <now>", is_required=True))
    )
    visit.sign_in()
    visit.post(PAGE, name="Look", process=STEPS, keep="7", in_lifecycle="1")
    visit.post(f"{PAGE}/Look/publish")
    page = visit.get(PAGE)
    assert "the environments of the lifecycle" in page and "7 runs are kept" in page
    form = visit.get(f"{PAGE}/Look/run?environment=Test&environment=Production")
    assert "Why &lt;now&gt;" in form and "Run in Test, Production" in form
    visit.post(f"{PAGE}/Look/run", environment="Test")
    assert "a value is asked for" in visit.get(PAGE)
    assert not runbook_runs.runs_of(house.context, ADMINISTRATOR, "books", "Look").items
    visit.post(f"{PAGE}/Look/run", environment="Test", guided="yes", **{"prompt.Reason": "a leak"})
    [made] = runbook_runs.runs_of(house.context, ADMINISTRATOR, "books", "Look").items
    assert (made.environment, made.run.choice.is_guided) == ("Test", True)
    assert runbooks.get(house.context, ADMINISTRATOR, "books", "Look").runbook.kept_runs == 7


def test_a_run_is_for_the_tenant_that_was_chosen(house: House, visit: Visit) -> None:
    house.add_project("books")
    tenants.put(house.context, ADMINISTRATOR, tenants.Draft("Acme & Co", connections={"books": ["Test"]}))
    visit.sign_in()
    visit.post(PAGE, name="Look", process=STEPS, tenancy="tenanted")
    visit.post(f"{PAGE}/Look/publish")
    assert "It runs for tenants only." in visit.get(PAGE)
    form = visit.get(f"{PAGE}/Look/run?environment=Test&tenant=Acme+%26+Co")
    assert "<option selected>Acme &amp; Co</option>" in form and "Run in Test for Acme &amp; Co" in form
    visit.post(f"{PAGE}/Look/run", environment="Test")
    assert "for tenants only" in visit.get(f"{PAGE}/Look/run")
    visit.post(f"{PAGE}/Look/run", environment="Test", tenant="Acme & Co")
    [made] = runbook_runs.runs_of(house.context, ADMINISTRATOR, "books", "Look").items
    assert made.tenant == "Acme & Co"
    assert "run 1 in Test for Acme &amp; Co" in visit.get(PAGE)
