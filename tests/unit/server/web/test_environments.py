"""The page of environments: what deployments to each ask for is shown, and changed by who may."""

from __future__ import annotations

import pytest
from tests.unit.server.conftest import Visit
from tests.unit.server.house import ADMINISTRATOR, House

from fairlead.domain.environment import Environment
from fairlead.usecases import environments


def production(house: House) -> Environment:
    return environments.get(house.context, ADMINISTRATOR, "Production")


def test_how_long_an_approval_stands_is_set_and_taken_away_on_the_page(house: House, visit: Visit) -> None:
    visit.sign_in()
    before = production(house)
    address = f"/environments/{before.id}"
    page = visit.get("/environments")
    assert f'action="{address}"' in page and 'name="approval_expires_s"' in page
    given = {"description": "for <users>", "asks_approval": "1"}
    assert visit.post(address, **given, approval_expires_s="2d", revision=str(before.revision)) == "/environments"
    page = visit.get("/environments")
    assert "Environment Production is changed." in page and "for &lt;users&gt;" in page
    assert "wait for an approval, which expires in 2 days" in page and 'value="2 days"' in page
    held = production(house)
    assert (held.approval_expires_s, held.asks_approval, held.is_guided) == (2 * 86_400, True, False)
    visit.post(address, **given, approval_expires_s="90 minutes", guided="1", revision=str(held.revision))
    held = production(house)
    assert (held.approval_expires_s, held.is_guided) == (5400, True)
    visit.post(address, **given, approval_expires_s="0", revision=str(held.revision))
    assert "which expires in" not in visit.get("/environments")
    held = production(house)
    assert (held.approval_expires_s, held.is_guided) == (0, False)
    visit.post(address, asks_approval="", approval_expires_s="", revision=str(held.revision))
    assert not production(house).asks_approval


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("soon", "is not a length of time: 90m, 6h, 2d"),
        ("-1", "is not a length of time: 90m, 6h, 2d"),
        ("²d", "is not a length of time: 90m, 6h, 2d"),
        ("366d", "an approval expires within a year, or never"),
        ("99999999d", "an approval expires within a year, or never"),
    ],
)
def test_what_is_no_time_to_wait_is_refused_in_words(house: House, visit: Visit, given: str, said: str) -> None:
    visit.sign_in()
    before = production(house)
    visit.post(f"/environments/{before.id}", asks_approval="1", approval_expires_s=given)
    assert said in visit.get("/environments")
    assert production(house) == before


def test_a_change_by_somebody_else_is_not_written_over(house: House, visit: Visit) -> None:
    visit.sign_in()
    before = production(house)
    environments.change(house.context, ADMINISTRATOR, "Production", description="theirs")
    visit.post(f"/environments/{before.id}", description="ours", revision=str(before.revision))
    assert "changed by somebody else" in visit.get("/environments")
    assert production(house).description == "theirs"


def test_a_viewer_sees_no_form(house: House, visit: Visit) -> None:
    house.add_user("vera", "viewer")
    visit.sign_in("vera")
    page = visit.get("/environments")
    assert "Production" in page and "<details>" not in page
