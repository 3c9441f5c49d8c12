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
