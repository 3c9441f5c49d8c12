"""Channels and the numbers of releases on their page."""

from tests.unit.server.conftest import Visit
from tests.unit.server.house import ADMINISTRATOR, House

from fairlead.usecases import channels


def test_a_channel_is_added_changed_and_removed_by_forms(house: House, visit: Visit) -> None:
    house.add_project("books")
    visit.sign_in()
    assert "/projects/books/channels" in visit.get("/projects/books")
    visit.post("/projects/books/channels", name="<b>Beta", rules="web:[1.0,2.0):^beta\r\nmaven *:[1,2],[3,4]:")
    page = visit.get("/projects/books/channels")
    assert "&lt;b&gt;Beta" in page and "web:[1.0,2.0):^beta" in page and "maven *:[1,2],[3,4]:" in page
    [made] = [
        one.channel for one in channels.page(house.context, ADMINISTRATOR, "books").items if not one.channel.is_default
    ]
    at = f"/projects/books/channels/{made.id}"
    visit.post(at, name="Beta", rules="", tenant_tags="Ring/Early, Ring/Late", revision="1")
    assert "for Ring/Early, Ring/Late" in visit.get("/projects/books/channels")
    visit.post(at, name="Late", revision="1")
    assert "changed by somebody else" in visit.get("/projects/books/channels")
    visit.post("/projects/books/channels", name="Odd", rules="nothing")
    assert "is not PACKAGES:RANGE:TAG" in visit.get("/projects/books/channels")
    visit.post(f"{at}/remove")
    visit.get("/projects/books/channels")
    assert "Ring/Early" not in visit.get("/projects/books/channels")


def test_the_next_version_and_what_a_deployment_brings_are_shown(house: House, visit: Visit) -> None:
    house.add_project("books")
    house.add_release("books", "1.0.0")
    visit.sign_in()
    assert "The next release is <strong>1.1.0</strong>, in Default" in visit.get("/projects/books/channels")
    visit.post("/projects/books/release-settings", version_template="7.0.i", changes_template="Brings #{Nobody}")
    assert "<strong>7.0.0</strong>" in visit.get("/projects/books/channels")
    visit.post("/projects/books/release-settings", version_template="#{Nobody}")
    assert "Nobody" in visit.get("/projects/books/channels")
    page = visit.get("/projects/books/releases/1.0.0?to=Test")
    assert "What deploying it to Test brings" in page and "Channel" in page


def test_a_viewer_sees_channels_and_no_forms(house: House, visit: Visit) -> None:
    house.add_project("books")
    house.add_user("vera", "viewer")
    visit.sign_in("vera")
    page = visit.get("/projects/books/channels")
    assert "Default" in page and "<textarea" not in page
