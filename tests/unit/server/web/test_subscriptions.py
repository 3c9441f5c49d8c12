"""The page of subscriptions: one is tried from it."""

from __future__ import annotations

from tests.unit.server.conftest import Visit
from tests.unit.server.house import ADMINISTRATOR, House

from fairlead.usecases import subscriptions
from fairlead.usecases.subscriptions import Draft


def test_one_is_tried_from_its_page(house: House, visit: Visit) -> None:
    made = subscriptions.add(house.context, ADMINISTRATOR, Draft("S", to=["https://hook.test/t0ken"]))
    visit.sign_in()
    address = f"/subscriptions/{made.subscription.id}/test"
    assert f'action="{address}"' in visit.get("/subscriptions")
    visit.post(address)
    assert "https://hook.test took the test." in visit.get("/subscriptions")
    house.life.server.notifier.refuses = True
    visit.post(address)
    assert "the receiver said no" in visit.get("/subscriptions")
    assert "a test of the subscription S" not in visit.get("/events"), "what was told is in no audit"
    assert "tried the subscription S" in visit.get("/events")


def test_headers_are_added_changed_and_taken_away_and_no_page_shows_a_value(house: House, visit: Visit) -> None:
    visit.sign_in()
    given = {"name": "S", "to": "https://hook.test/", "events": "*"}
    visit.post("/subscriptions", **given, header_name="X-Key", header_value="planted-1")
    made = subscriptions.get(house.context, ADMINISTRATOR, "S").subscription
    page = visit.get("/subscriptions")
    assert "with X-Key" in page and 'value="X-Key"' in page and "planted" not in page
    address = f"/subscriptions/{made.id}"
    same = {"header_name": ["X-Key", "X-More"], "header_value": ["", "planted-2"]}
    visit.post(address, **given, **same, revision="1")
    more = subscriptions.get(house.context, ADMINISTRATOR, "S").subscription
    assert (more.headers["X-Key"], list(more.headers)) == (made.headers["X-Key"], ["X-Key", "X-More"])
    gone = {"header_name": ["X-Key", "X-More", ""], "header_value": ["planted-3", "", ""], "no_header": "X-More"}
    visit.post(address, **given, **gone, revision="2")
    left = subscriptions.get(house.context, ADMINISTRATOR, "S").subscription
    assert list(left.headers) == ["X-Key"] and left.headers["X-Key"] != made.headers["X-Key"]
    lead = visit.post(address, **given, header_name="Host", header_value="planted-4", revision="3")
    said = visit.get(lead)
    assert "the header Host is ours" in said and "planted" not in said + visit.get("/events")
