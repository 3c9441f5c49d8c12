"""Lifecycles on their page: shown as they hold, and edited a line for each phase."""

from tests.unit.server.conftest import Visit
from tests.unit.server.house import ADMINISTRATOR, House

from fairlead.usecases import lifecycles


def test_a_lifecycle_is_added_changed_followed_and_removed_by_forms(house: House, visit: Visit) -> None:
    house.add_project("books")
    visit.sign_in()
    assert "Lifecycles" in visit.get("/setup")
    visit.post(
        "/lifecycles",
        name="Fast",
        description="<b>quick</b>",
        phases="Test: Test; automatic\r\nLive: ; approval expires in 2 days",
    )
    page = visit.get("/lifecycles")
    assert "Live: Production; approval expires in 2 days" in page and "&lt;b&gt;quick&lt;/b&gt;" in page
    [made] = [one for one in lifecycles.all_of(house.context, ADMINISTRATOR) if one.lifecycle.name == "Fast"]
    visit.post(f"/lifecycles/{made.lifecycle.id}", name="Quick", phases="All:", revision="1")
    assert "All: Test, Production" in visit.get("/lifecycles")
    visit.post(f"/lifecycles/{made.lifecycle.id}", name="Late", phases="All:", revision="1")
    assert "changed by somebody else" in visit.get("/lifecycles")
    visit.post("/projects/books/lifecycle", lifecycle="Quick")
    assert "Followed by books" in visit.get("/lifecycles")
    visit.post(f"/lifecycles/{made.lifecycle.id}/remove")
    assert "is followed by books" in visit.get("/lifecycles")
    visit.post("/lifecycles", name="Odd", phases="A: Test; perhaps")
    assert "says nothing about a phase" in visit.get("/lifecycles")


def test_a_viewer_sees_lifecycles_and_no_forms(house: House, visit: Visit) -> None:
    house.add_user("vera", "viewer")
    visit.sign_in("vera")
    page = visit.get("/lifecycles")
    assert "Default" in page and "<textarea" not in page
