"""Tenants on the command line."""

from __future__ import annotations

from collections.abc import Callable

from tests.unit.cli.conftest import Said
from tests.unit.server.house import House


def test_a_tenant_is_set_listed_by_its_tag_given_a_value_and_removed(
    house: House, fairlead: Callable[..., Said]
) -> None:
    house.add_project("books")
    assert fairlead("tenants", "set-tags", "Region", "EU", "US").code == 0
    assert "EU, US" in fairlead("tenants", "tag-sets").out
    made = fairlead("tenants", "set", "Acme", "--tag", "Region/EU", "--connect", "books=Test,Production")
    assert made.code == 0, made
    rows = fairlead("-o", "json", "tenants", "list", "--tag", "Region/EU").data
    assert [(row["name"], row["connections"]) for row in rows] == [("Acme", {"books": ["Test", "Production"]})]
    assert fairlead("-o", "json", "tenants", "list", "--tag", "Region/US").data == []
    assert fairlead("variables", "set", "Greeting=hello", "--tenant", "Acme", "-p", "books").code == 0
    assert fairlead("tenants", "remove-tags", "Region").code == 1
    assert fairlead("tenants", "set", "Bad", "--connect", "books").code == 2
    assert fairlead("tenants", "remove", "Acme").code == 0
