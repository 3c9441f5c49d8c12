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


def test_a_template_is_set_and_a_tenant_gives_what_is_missing(house: House, fairlead: Callable[..., Said]) -> None:
    house.add_project("books")
    assert fairlead("library-sets", "add", "Shared Things").code == 0
    assert fairlead("library-sets", "include", "Shared Things", "-p", "books").code == 0
    assert fairlead("tenants", "set", "Acme Ltd", "--connect", "books=Test").code == 0
    templates = ("tenants", "set-template")
    assert fairlead(*templates, "Db.Schema", "--label", "Schema", "-p", "books").code == 0
    assert fairlead(*templates, "Key", "--type", "secret", "-p", "books").code == 0
    assert (
        fairlead(*templates, "Tone", "--type", "select", "--option", "loud", "--default", "loud", "-p", "books").code
        == 0
    )
    assert fairlead(*templates, "Site", "-l", "Shared Things").code == 0
    assert [one["name"] for one in fairlead("-o", "json", "tenants", "templates", "-p", "books").data] == [
        "Db.Schema",
        "Key",
        "Tone",
    ]
    assert fairlead(*templates, "db.schema", "--default", "x", "-p", "books").code == 0
    assert "x" in fairlead("tenants", "templates", "-p", "books").out
    missing = fairlead("-o", "json", "tenants", "values", "Acme Ltd", "--missing").data
    assert [one["name"] for one in missing] == ["Key", "Site"]
    everywhere = fairlead("-o", "json", "tenants", "missing").data
    assert [(one["tenant"], one["name"]) for one in everywhere] == [("Acme Ltd", "Key"), ("Acme Ltd", "Site")]
    shown = fairlead("tenants", "missing", "-p", "books", "-e", "Test").out
    assert "books in Test" in shown and "Key" in shown and "Site" not in shown
    assert "library set Shared Things" in fairlead("tenants", "missing", "--search", "site").out
    give = ("tenants", "set-value", "Acme Ltd")
    assert "1 missing" in fairlead(*give, "site", "Zürich", "-l", "Shared Things").out
    assert fairlead(*give, "Key", "hidden-key", "-p", "books", "-e", "Test").code == 0
    assert fairlead(*give, "Db.Schema", "acme", "-p", "books", "-e", "Test").code == 0
    shown = fairlead("tenants", "values", "Acme Ltd").out
    assert "Zürich" in shown and "•••" in shown and "hidden-key" not in shown
    for refused, code in (
        ((*give, "Db.Shema", "acme", "-p", "books", "-e", "Test"), 5),
        ((*give, "Db.Schema", "acme", "-p", "books", "-e", "Production"), 1),
        ((*give, "Db.Schema", "acme", "-p", "books"), 2),
        (("tenants", "remove-template", "Nothing", "-p", "books"), 5),
    ):
        assert fairlead(*refused).code == code, refused
    preview = fairlead("variables", "preview", "-e", "Test", "--tenant", "Acme Ltd", "-p", "books").out
    assert "given by Acme Ltd" in " ".join(preview.split())
    assert fairlead("tenants", "remove-value", "Acme Ltd", "Db.Schema", "-p", "books", "-e", "Test").code == 0
    assert fairlead("tenants", "remove-template", "tone", "-p", "books").code == 0
