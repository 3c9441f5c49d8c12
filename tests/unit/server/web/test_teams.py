"""The page of teams: what one holds already is not given to it again."""

from __future__ import annotations

from tests.unit.server.conftest import Visit
from tests.unit.server.house import ADMINISTRATOR, House

from fairlead.usecases import teams


def test_what_a_team_holds_already_is_said_to_be_so(house: House, visit: Visit) -> None:
    visit.sign_in()
    made = teams.add(house.context, ADMINISTRATOR, "Ops").team
    for said in ("Ops holds Viewer.", "Ops holds Viewer there already."):
        revision = str(teams.get(house.context, ADMINISTRATOR, "Ops").team.revision)
        visit.post(f"/teams/{made.id}/give", role="Viewer", environments="Test", revision=revision)
        assert said in visit.get("/teams")
    assert len(teams.get(house.context, ADMINISTRATOR, "Ops").roles) == 1
