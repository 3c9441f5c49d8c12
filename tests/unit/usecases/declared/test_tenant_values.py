"""What tenants are asked for and give, as files: with the project, the library set, and beside them."""

from __future__ import annotations

import pytest
from tests.unit.usecases.declaring import applied, exported, planned, told
from tests.unit.usecases.house import ADMIN, House
from tests.unit.usecases.test_tenant_values import KEY, SCHEMA, SITE, TONE, ask_for, give, in_shop

from fairlead.domain.errors import FairleadError
from fairlead.usecases import tenant_values


@pytest.fixture
def shop(books: House) -> House:
    return in_shop(books)


def test_templates_and_values_are_declared_and_come_back_as_they_were_without_secrets(shop: House) -> None:
    ask_for(shop, SCHEMA, TONE, KEY)
    ask_for(shop, SITE, library_set="Shared")
    give(shop, "Acme", "Db.Schema", "größe")
    give(shop, "Acme", "Api.Key", "hidden-key", "Production")
    give(shop, "Bolt", "Site", "here", library_set="Shared")
    files = exported(shop)
    assert b"hidden-key" not in b"".join(files.values())
    assert b"acme" not in files["tenants.yml"] and "größe".encode() in files["projects/books/tenant-values.yml"]
    assert told(planned(shop, files, prune=True)) == []
    changed = {
        **files,
        "tenant-values.yml": b"values: [{tenant: Acme, library_set: Shared, values: {Site: far}}]",
        "projects/books/tenant-values.yml": b"values: [{tenant: Acme, environment: Test, values: {Tone: loud}}]",
    }
    assert sorted(told(applied(shop, changed, prune=True))) == [
        "add tenant value Acme@Shared",
        "change tenant value books: Acme@Test",
        "remove tenant value Bolt@Shared",
        "remove tenant value books: Acme@Production",
    ]
    given = [one for one in tenant_values.of(shop.context, ADMIN, "Acme").asked if one.value]
    assert [(one.environment or one.library_set, one.name, one.shown) for one in given] == [
        ("Test", "Tone", "loud"),
        ("Shared", "Site", "far"),
    ]
    assert tenant_values.of(shop.context, ADMIN, "Bolt").asked[-1].state == "missing"


def test_a_whole_installation_with_templates_is_made_of_files(house: House) -> None:
    files = {
        "tenants.yml": b"tenants: [{name: Acme}]",
        "library/Shared.yml": b"name: Shared\ntenant_templates: [{name: Site}]",
        "projects/books/project.yml": (
            b"tenancy: tenanted\nlibrary_sets: [Shared]\n"
            b"tenant_templates: [{name: Db.Schema, label: Schema}, {name: Api.Key, type: secret}]"
        ),
        "projects/books/tenants.yml": b"tenants: [{tenant: Acme, environments: [Test]}]",
        "tenant-values.yml": b"values: [{tenant: Acme, library_set: Shared, values: {Site: here}}]",
        "projects/books/tenant-values.yml": (
            b"values: [{tenant: Acme, environment: Test, values: {Db.Schema: acme, Api.Key: {secret: key}}}]"
        ),
    }
    applied(house, files, secrets={"key": "hidden"})
    view = tenant_values.of(house.context, ADMIN, "Acme")
    assert [(one.name, one.state, one.shown) for one in view.asked] == [
        ("Api.Key", "given", ""),
        ("Db.Schema", "given", "acme"),
        ("Site", "given", "here"),
    ]
    assert told(applied(house, files)) == []
    wrong = {
        **files,
        "projects/books/tenant-values.yml": b"values: [{tenant: Acme, environment: Test, values: {No: x}}]",
    }
    before = house.rows()
    with pytest.raises(FairleadError) as raised:
        applied(house, wrong)
    assert raised.value.code == "tenant.template_unknown" and house.rows() == before
