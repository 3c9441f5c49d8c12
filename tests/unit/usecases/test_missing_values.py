"""One list of the values that tenants do not give: what it has, in parts, and for whom."""

from __future__ import annotations

import pytest
from tests.unit.usecases.house import ADMIN, House
from tests.unit.usecases.test_tenant_values import KEY, SCHEMA, SITE, TONE, ask_for, give, in_shop

from fairlead.domain.actor import Actor
from fairlead.domain.errors import NotFound
from fairlead.domain.grant import Grant
from fairlead.domain.ids import ActorId
from fairlead.domain.permission import Permission
from fairlead.usecases import environments, missing_values, projects, tenant_values, tenants
from fairlead.usecases.tenants import Draft

Row = tuple[str, str, str, str]


@pytest.fixture
def shop(books: House) -> House:
    """Acme (EU) and Bolt; books asks for a schema and a key, the set for a site, and nothing is given."""
    house = in_shop(books)
    tenants.put_tag_set(house.context, ADMIN, "Region", ["EU", "US"])
    tenants.put(house.context, ADMIN, Draft("Acme", tags=["Region/EU"], connections={"books": ["Test", "Production"]}))
    ask_for(house, SCHEMA, KEY, TONE)
    ask_for(house, SITE, library_set="Shared")
    return house


def rows(house: House, actor: Actor = ADMIN, **asked: object) -> list[Row]:
    found = missing_values.page(house.context, actor, **asked).items  # type: ignore[arg-type]
    return [
        (one.tenant, one.asked.project or one.asked.library_set, one.asked.environment, one.asked.name) for one in found
    ]


ACME: list[Row] = [
    ("Acme", "books", "Production", "Api.Key"),
    ("Acme", "books", "Production", "Db.Schema"),
    ("Acme", "books", "Test", "Api.Key"),
    ("Acme", "books", "Test", "Db.Schema"),
    ("Acme", "Shared", "", "Site"),
]
BOLT: list[Row] = [
    ("Bolt", "books", "Test", "Api.Key"),
    ("Bolt", "books", "Test", "Db.Schema"),
    ("Bolt", "Shared", "", "Site"),
]


def test_it_has_what_each_tenant_is_asked_for_and_does_not_give_and_nothing_with_a_default(shop: House) -> None:
    assert rows(shop) == ACME + BOLT
    give(shop, "Bolt", "Api.Key", "hidden")
    give(shop, "Acme", "Site", "here", library_set="Shared")
    assert rows(shop) == ACME[:-1] + BOLT[1:]
    each = [one.name for name in ("Acme", "Bolt") for one in tenant_values.of(shop.context, ADMIN, name).missing]
    assert each == [row[3] for row in rows(shop)]


def test_it_comes_in_parts_in_the_same_order_with_nothing_left_out(shop: House) -> None:
    told, after = [], None
    for _ in range(10):
        part = missing_values.page(shop.context, ADMIN, after=after, limit=3)
        told += [(one.tenant, one.asked.name) for one in part.items]
        after = part.after
        if after is None:
            break
    assert told == [(row[0], row[3]) for row in ACME + BOLT]


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({"search": "ACM"}, ACME),
        ({"search": "schema"}, [row for row in ACME + BOLT if row[3] == "Db.Schema"]),
        ({"search": "shared"}, [ACME[4], BOLT[2]]),
        ({"search": "production"}, ACME[:2]),
        ({"project": "Books"}, ACME[:4] + BOLT[:2]),
        ({"project": "books", "environment": "production"}, ACME[:2]),
        ({"tags": ("Region/EU",)}, ACME),
        ({"tags": ("Region/US",)}, []),
    ],
)
def test_it_is_searched_and_narrowed(shop: House, asked: dict[str, object], wanted: list[Row]) -> None:
    assert rows(shop, **asked) == wanted


@pytest.mark.parametrize("asked", [{"project": "bo"}, {"environment": "Prod"}])
def test_what_is_not_there_is_an_error(shop: House, asked: dict[str, object]) -> None:
    with pytest.raises(NotFound):
        rows(shop, **asked)


def test_it_shows_nothing_from_where_one_may_not_look(shop: House) -> None:
    place = next(one for one in environments.all_of(shop.context, ADMIN) if one.name == "Test")
    acme = tenants.get(shop.context, ADMIN, "Acme").tenant
    owner = projects.get(shop.context, ADMIN, "books")
    places, owners, whose = (frozenset({str(one)}) for one in (place.id, owner.id, acme.id))
    only = Grant(frozenset({Permission.VIEW}), projects=owners, environments=places, tenants=whose)
    some = Actor(ActorId("usr-some"), "some", "user", frozenset(), grants=(only,))
    assert rows(shop, some) == ACME[2:]


def test_long_names_are_told_apart_in_bounded_keys(shop: House) -> None:
    name = "N" * 100
    tenants.put(shop.context, ADMIN, Draft(name, connections={"books": ["Test", "Production"]}))
    found = missing_values.page(shop.context, ADMIN, search=name).items
    assert len({one.key for one in found}) == len(found) == 5
    assert all(len(one.key) <= 250 for one in found), "longer than a page takes"
