"""Subscriptions as files: the headers of a webhook are placeholders, and their values are in no file."""

from __future__ import annotations

import pytest
from tests.unit.usecases.declaring import applied, exported, planned, told
from tests.unit.usecases.house import ADMIN, House

from fairlead.domain.errors import Invalid, ProjectFileInvalid
from fairlead.usecases import subscriptions
from fairlead.usecases.subscriptions import Draft

FILE = b"""subscriptions:
  - name: SIEM
    to: [https://siem.test/in]
    headers: {Authorization: {secret: siem}, X-Key: {secret: key}}
"""
SECRETS = {"siem": "Bearer planted-1", "key": "planted-2"}


def held(house: House) -> dict[str, str]:
    """The values of the headers."""
    found = subscriptions.get(house.context, ADMIN, "SIEM").subscription.headers
    with house.database.reading() as connection:
        return {name: house.context.reveal(connection, id) for name, id in found.items()}


def test_headers_are_declared_and_exported_without_their_values_and_stay_where_none_is_given(house: House) -> None:
    with pytest.raises(ProjectFileInvalid, match="no value for 'key'"):
        applied(house, {"subscriptions.yml": FILE}, secrets={"siem": "x"})
    assert told(applied(house, {"subscriptions.yml": FILE}, secrets=SECRETS)) == ["add subscription SIEM"]
    assert held(house) == {"Authorization": "Bearer planted-1", "X-Key": "planted-2"}
    out = {"subscriptions.yml": exported(house)["subscriptions.yml"]}
    assert b"planted" not in out["subscriptions.yml"] and b"subscription/SIEM/header/X-Key" in out["subscriptions.yml"]
    assert told(applied(house, out)) == [] and told(applied(house, {"subscriptions.yml": FILE}, secrets=SECRETS)) == []
    other = {"subscriptions.yml": FILE}
    changed = planned(house, other, secrets={**SECRETS, "key": "planted-3"})
    assert told(changed) == ["change subscription SIEM"] and "planted" not in repr(changed.pending)
    applied(house, other, secrets={"key": "planted-3"})
    assert held(house) == {"Authorization": "Bearer planted-1", "X-Key": "planted-3"}
    applied(house, {"subscriptions.yml": FILE.replace(b", X-Key: {secret: key}", b"")})
    assert held(house) == {"Authorization": "Bearer planted-1"}


def test_a_file_that_leads_elsewhere_takes_no_value_along(house: House) -> None:
    subscriptions.add(
        house.context, ADMIN, Draft("SIEM", to=["https://siem.test/in"], headers={"Authorization": "a", "X-Key": "b"})
    )
    moved = FILE.replace(b"siem.test", b"evil.test")
    with pytest.raises(Invalid) as refused:
        applied(house, {"subscriptions.yml": moved})
    assert refused.value.code == "subscription.header"
    applied(house, {"subscriptions.yml": moved}, secrets=SECRETS)
    assert held(house) == {"Authorization": "Bearer planted-1", "X-Key": "planted-2"}
