"""The form that says for whom a project is deployed."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.server.conftest import Visit
from tests.unit.server.house import ADMINISTRATOR, House

from fairlead.domain.freeze import Freeze
from fairlead.domain.project import Tenancy
from fairlead.domain.task import TaskState
from fairlead.formats.phase_lines import PhaseLine
from fairlead.ports.tasks import End
from fairlead.store import freezes as stored_freezes
from fairlead.usecases import deployments, freezes, lifecycles, projects, teams, tenants, variables


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


@pytest.mark.parametrize(("at", "zone"), [("9999-12-31T23:59:59", "America/New_York"), ("0001-01-01", "Asia/Tokyo")])
def test_a_freeze_at_an_end_of_the_calendar_is_refused_on_its_page(visit: Visit, at: str, zone: str) -> None:
    visit.sign_in()
    given = {"name": "Feast", "starts_at": "2026-12-24T00:00", "zone": zone}
    for name in ("starts_at", "ends_at"):
        lead = visit.post("/freezes", **{**given, name: at})
        assert "between the years 2 and 9998" in visit.get(lead), name


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
def test_a_freeze_that_was_kept_with_the_ends_of_the_calendar_is_shown_and_changed(
    house: House, visit: Visit, zone: str
) -> None:
    visit.sign_in()
    ends = {"starts_at": datetime.min.replace(tzinfo=UTC), "ends_at": datetime.max.replace(tzinfo=UTC)}
    with house.context.database.transaction() as connection:
        at = house.context.clock.now()
        stored_freezes.insert(connection, Freeze("frz-1", "Feast", created_at=at, zone=zone, **ends))
    page = visit.get("/freezes?change=frz-1")
    found = re.findall(r'name="(?:starts|ends)_at" value="([^"]+)"', page)
    given = dict(zip(("starts_at", "ends_at"), found, strict=True))
    lead = visit.post("/freezes/frz-1", name="Feast", zone=zone, reason="rest", revision="1", **given)
    assert lead == "/freezes" and freezes.get(house.context, ADMINISTRATOR, "Feast").freeze.reason == "rest"


def test_a_freeze_is_made_for_a_tenant_and_changed_in_its_own_zone(house: House, visit: Visit) -> None:
    tenants.put(house.context, ADMINISTRATOR, tenants.Draft("Acme Ltd"))
    visit.sign_in()
    given = {"name": "Feast", "starts_at": "2099-12-24T18:00", "ends_at": "2099-12-27T00:00", "zone": "Europe/Berlin"}
    visit.post("/freezes", **given, tenants="Acme Ltd, ")
    made = freezes.get(house.context, ADMINISTRATOR, "Feast")
    assert made.tenants == ("Acme Ltd",)
    page = visit.get(f"/freezes?change={made.freeze.id}")
    assert "only for Acme Ltd" in page and "2099-12-24 17:00" in page
    assert 'value="2099-12-24T18:00:00"' in page and 'value="Acme Ltd"' in page
    assert (
        visit.post(f"/freezes/{made.freeze.id}", **given, reason="rest", revision=str(made.freeze.revision))
        == "/freezes"
    )
    changed = freezes.get(house.context, ADMINISTRATOR, "Feast")
    assert (changed.tenants, changed.freeze.reason, changed.freeze.starts_at) == ((), "rest", made.freeze.starts_at)
    visit.post(f"/freezes/{made.freeze.id}", **given, revision=str(made.freeze.revision))
    assert "was changed by somebody else" in visit.get("/freezes")


def test_who_may_deploy_for_one_tenant_tries_what_failed_for_it_again(house: House, visit: Visit) -> None:
    house.add_project("books")
    variables.put(house.context, ADMINISTRATOR, "books", "Db.Host", "db")
    projects.change(house.context, ADMINISTRATOR, "books", {"tenancy": "tenanted"})
    for name in ("Acme", "Bolt"):
        tenants.put(house.context, ADMINISTRATOR, tenants.Draft(name, connections={"books": ["Test"]}))
    house.add_user("eva", "none")
    made = teams.add(house.context, ADMINISTRATOR, "Of Acme", members=["eva"])
    held = [teams.HeldRole("deployer", tenants=["Acme"])]
    teams.change(house.context, ADMINISTRATOR, made.team.id, held=held)
    house.add_release("books", "1.0.0")
    failed = {}
    for name in ("Acme", "Bolt"):
        asked = deployments.create(house.context, ADMINISTRATOR, "books", "1.0.0", "Test", tenant=name)
        failed[name] = asked.deployment.task
        house.end(failed[name], End(TaskState.FAILED, "tests.failed", "they failed"))
    visit.sign_in("eva")
    assert "Try again from what failed" in visit.get(f"/tasks/{failed['Acme']}")
    visit.get(f"/tasks/{failed['Bolt']}", status=403)
