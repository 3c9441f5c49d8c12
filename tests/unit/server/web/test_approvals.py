"""Approvals on their page, and until when they wait."""

from __future__ import annotations

from tests.unit.server.conftest import Visit
from tests.unit.server.house import ADMINISTRATOR, House

from fairlead.formats.phase_lines import read
from fairlead.store import approvals as rows
from fairlead.usecases import approvals, deployments, environments, lifecycles, variables
from fairlead.usecases.lifecycles import Draft


def test_until_when_an_approval_waits_is_shown_and_that_it_expired(house: House, visit: Visit) -> None:
    house.add_project("books")
    variables.put(house.context, ADMINISTRATOR, "books", "Db.Host", "db")
    house.add_release("books", "1.0.0")
    lifecycles.add(house.context, ADMINISTRATOR, Draft("One", [read("Test: Test; approval expires in 2 hours")]))
    lifecycles.use(house.context, ADMINISTRATOR, "books", "One")
    environments.change(house.context, ADMINISTRATOR, "Production", approval_expires_s=5400)
    visit.sign_in()
    assert "wait for an approval, which expires in 90 minutes" in visit.get("/environments")
    made = deployments.create(house.context, ADMINISTRATOR, "books", "1.0.0", "Test").deployment
    assert "expires in 1 h" in visit.get("/approvals") or "expires in 2 h" in visit.get("/approvals")
    assert "Its approval expires" in visit.get(f"/deployments/{made.id}")
    with house.context.database.transaction() as connection:
        [asked] = rows.of_deployment(connection, made.id)
        rows.change(connection, asked.id, expires_at=house.clock.now())
    assert approvals.expire(house.context) == 1
    page = visit.get("/approvals")
    assert "Nothing waits for you" in page and "expired" in page and "nobody answered to its approval until" in page
    assert "approval.expired" in visit.get(f"/deployments/{made.id}")
