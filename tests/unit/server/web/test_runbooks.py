"""Runbooks on their project's page: set, published, and run with what they ask for."""

from datetime import timedelta

from tests.unit.server.conftest import Visit
from tests.unit.server.house import ADMINISTRATOR, House

from fairlead.domain.ids import TenantId
from fairlead.domain.process import ProcessChoice
from fairlead.domain.prompt import Prompt
from fairlead.domain.runbook import Unbegun
from fairlead.domain.tenant import Tenant
from fairlead.store import tenants as stored_tenants
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
    chosen = {"guided": "yes", "redeploy_packages": "1", "skip": "Look\r\n"}
    visit.post(f"{PAGE}/Look/run", environment="Test", **chosen, **{"prompt.Reason": "a leak"})
    [made] = runbook_runs.runs_of(house.context, ADMINISTRATOR, "books", "Look").items
    assert made.environment == "Test"
    assert made.run.choice == ProcessChoice(("Look",), is_guided=True, redeploys_packages=True)
    assert runbooks.get(house.context, ADMINISTRATOR, "books", "Look").runbook.kept_runs == 7


def test_a_run_is_for_the_tenant_that_was_chosen(house: House, visit: Visit) -> None:
    house.add_project("books")
    tenants.put(house.context, ADMINISTRATOR, tenants.Draft("Acme & Co", connections={"books": ["Test"]}))
    visit.sign_in()
    visit.post(PAGE, name="Look", process=STEPS, tenancy="tenanted")
    visit.post(f"{PAGE}/Look/publish")
    assert "It runs for tenants only." in visit.get(PAGE)
    form = visit.get(f"{PAGE}/Look/run?environment=Test&tenant=Acme+%26+Co")
    assert 'value="Acme &amp; Co" checked' in form and "Run in Test for Acme &amp; Co" in form
    visit.post(f"{PAGE}/Look/run", environment="Test")
    assert "for tenants only" in visit.get(f"{PAGE}/Look/run")
    visit.post(f"{PAGE}/Look/run", environment="Test", tenant="Acme & Co")
    [made] = runbook_runs.runs_of(house.context, ADMINISTRATOR, "books", "Look").items
    assert made.tenant == "Acme & Co"
    assert "run 1 in Test for Acme &amp; Co" in visit.get(PAGE)


def for_tenants(house: House, visit: Visit) -> str:
    """The runbook Look, published, of a project with three tenants; the page that runs it."""
    house.add_project("books")
    tenants.put_tag_set(house.context, ADMINISTRATOR, "Region", ["EU", "US"])
    for name, tags, places in (
        ("Acme", ["Region/EU"], ["Test", "Production"]),
        ("Bolt", ["Region/EU"], ["Test"]),
        ("Core", ["Region/US"], ["Test"]),
    ):
        tenants.put(house.context, ADMINISTRATOR, tenants.Draft(name, tags=tags, connections={"books": places}))
    visit.sign_in()
    visit.post(PAGE, name="Look", process=STEPS, tenancy="tenanted")
    visit.post(f"{PAGE}/Look/publish")
    return f"{PAGE}/Look/run"


def ran_for(house: House) -> list[tuple[str, str]]:
    found = runbook_runs.runs_of(house.context, ADMINISTRATOR, "books", "Look").items
    return sorted((one.environment, one.tenant) for one in found)


def test_a_run_is_for_each_tenant_that_is_ticked_or_has_the_tag(house: House, visit: Visit) -> None:
    page = for_tenants(house, visit)
    form = visit.get(f"{page}?environment=Test&tenant=Core&tenant_tags=Region/EU")
    assert "Run in Test for 3 tenants" in form and form.count(" checked") == 2 and 'value="Region/EU"' in form
    assert visit.post(page, environment="Test", tenant=["Acme", "Core"]) == PAGE
    assert ran_for(house) == [("Test", "Acme"), ("Test", "Core")]
    assert "Look in Test for Acme is queued; Look in Test for Core is queued." in visit.get(PAGE)
    visit.post(page, environment=["Test", "Production"], tenant_tags="Region/EU")
    assert ran_for(house)[:2] == [("Production", "Acme"), ("Test", "Acme")] and ("Test", "Bolt") in ran_for(house)
    assert len(ran_for(house)) == 5


def test_a_tag_means_tenants_however_many_others_come_before_them(house: House, visit: Visit) -> None:
    page = for_tenants(house, visit)
    with house.context.database.transaction() as connection:
        for number in range(300):
            stored_tenants.insert(connection, Tenant(TenantId(f"ten-9{number:03}"), f"AA{number:03}"))
    assert "Run in Test for 2 tenants" in visit.get(f"{page}?environment=Test&tenant_tags=Region/EU")


def test_what_is_refused_for_one_tenant_holds_up_no_other_and_is_said(house: House, visit: Visit) -> None:
    page = for_tenants(house, visit)
    assert visit.post(page, environment="Production", tenant=["Acme", "Bolt"]) == PAGE
    assert ran_for(house) == [("Production", "Acme")]
    assert "not in Production for Bolt: Bolt is not connected to books in Production" in visit.get(PAGE)
    back = visit.post(page, environment="Production", tenant=["Bolt", "Core"])
    assert back.startswith(page) and "tenant=Bolt" in back and "tenant=Core" in back
    assert visit.post(page, environment="Test", tenant_tags="Region/None").startswith(page)
    assert len(ran_for(house)) == 1


def test_a_run_is_shown_before_it_runs_and_what_was_shown_is_what_runs(house: House, visit: Visit) -> None:
    house.add_project("books")
    variables.put(house.context, ADMINISTRATOR, "books", "Reason", more=More(prompt=Prompt("Why", is_required=True)))
    visit.sign_in()
    visit.post(PAGE, name="Look", process=STEPS)
    visit.post(f"{PAGE}/Look/publish")
    page = visit.get(f"{PAGE}/Look/run?environment=Test")
    first = runbook_runs.preview(house.context, ADMINISTRATOR, "books", "Look", "Test").plan.hash
    assert first in page and "Look in Test" in page and 'name="planned"' not in page
    form = {"environment": "Test", "prompt.Reason": "a <leak>", "skip": "", "csrf": visit.token()}
    shown = visit.client.post(f"{PAGE}/Look/run/plan", data=form)
    given = {"Reason": "a <leak>"}
    second = runbook_runs.preview(house.context, ADMINISTRATOR, "books", "Look", "Test", prompted=given).plan.hash
    assert shown.status_code == 200 and second in shown.text and 'value="a &lt;leak&gt;"' in shown.text
    assert not runbook_runs.runs_of(house.context, ADMINISTRATOR, "books", "Look").items
    held = {"environment": "Test", "plan_hash": second, "planned": "1"}
    visit.post(f"{PAGE}/Look/run", **held, **{"prompt.Reason": "another"})
    assert "the plan that would run now is" in visit.get(f"{PAGE}/Look/run")
    visit.post(f"{PAGE}/Look/run", **held, **{"prompt.Reason": "a <leak>"})
    [made] = runbook_runs.runs_of(house.context, ADMINISTRATOR, "books", "Look").items
    assert made.run.plan_hash == second
    lacking = visit.client.post(f"{PAGE}/Look/run/plan", data={"environment": "Test", "csrf": visit.token()})
    assert "a value is asked for" in lacking.text


def test_the_plan_of_each_of_several_runs_is_shown(house: House, visit: Visit) -> None:
    page = for_tenants(house, visit)
    shown = visit.get(f"{page}?environment=Production&tenant=Acme&tenant=Bolt")
    assert "<strong>Production for Acme</strong>" in shown and "<strong>Production for Bolt</strong>" in shown
    assert shown.count("would be refused") == 2, "of Bolt, which is not connected there: its badge, and why"


def test_a_run_for_later_is_shown_as_scheduled_and_taken_back(house: House, visit: Visit) -> None:
    house.add_project("books")
    visit.sign_in()
    visit.post(PAGE, name="Look", process=STEPS)
    visit.post(f"{PAGE}/Look/publish")
    at = f"{house.clock.now() + timedelta(hours=6):%Y-%m-%dT%H:%M}"
    assert visit.post(f"{PAGE}/Look/run", environment="Test", at=at) == PAGE
    page = visit.get(PAGE)
    assert f"not before {at.replace('T', ' ')} UTC (in 6 h)" in page
    assert "Look in Test begins at" in page and "run 1 in Test, not before" in page and "Do not begin it" in page
    [made] = runbook_runs.runs_of(house.context, ADMINISTRATOR, "books", "Look").items
    assert (made.state, made.run.task) == (Unbegun.SCHEDULED, None)
    visit.post(f"{PAGE}/Look/runs/{made.run.id}/cancel")
    page = visit.get(PAGE)
    assert "Run 1 of Look in Test does not begin." in page and "Do not begin it" not in page
    assert "run 1 in Test: cancelled by" in page


def test_a_time_that_is_none_is_refused_and_what_was_typed_stands_beside_the_plan(house: House, visit: Visit) -> None:
    house.add_project("books")
    visit.sign_in()
    visit.post(PAGE, name="Look", process=STEPS)
    visit.post(f"{PAGE}/Look/publish")
    back = visit.post(f"{PAGE}/Look/run", environment="Test", at="tonight")
    assert back.startswith(f"{PAGE}/Look/run") and "is not a time" in visit.get(back)
    form = {"environment": "Test", "at": "2026-12-01T18:00", "not_after": "<later>", "csrf": visit.token()}
    shown = visit.client.post(f"{PAGE}/Look/run/plan", data=form).text
    assert 'value="2026-12-01T18:00"' in shown and 'value="&lt;later&gt;"' in shown
