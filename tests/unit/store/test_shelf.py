"""The verbs of every noun, shown on projects: kept whole, found, changed once, listed a part at a time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.store.conftest import BOOKS, TEST, Shop

import fairlead.store
from fairlead.domain.errors import Conflict, NotFound
from fairlead.domain.ids import LifecycleId, ProjectId, SecretVersionId, TenantId
from fairlead.domain.project import DEFAULT_POLL_S, Forge, Project, Source
from fairlead.domain.tenant import Tenant
from fairlead.store import environments, lifecycles, projects, tenants
from fairlead.testing.fake_clock import START

WHOLE = Project(
    ProjectId("prj-shop"),
    "shop",
    LifecycleId("lif-1"),
    START,
    "The shop",
    "sells ☃",
    Source("ssh://git@example.com/shop.git", ssh_key=SecretVersionId("sec-1"), poll_s=30.0, webhook="hook-1"),
    Forge("gitea", "https://example.com/api/v1", "we/shop"),
    labels={"team": "b", "a": "first"},
)


def test_names_are_found_whatever_their_case_in_any_script(shop: Shop) -> None:
    with shop.database.transaction() as connection:
        tenants.insert(connection, Tenant(TenantId("tnt-1"), "Ärzte 100% Süd"))
        tenants.insert(connection, Tenant(TenantId("tnt-2"), "Books 1000 Nord"))
        assert tenants.by_name_or_id(connection, "ÄRZTE 100% süd").id == "tnt-1"
        for text in ("ärzte", "ÄRZTE", "SÜD", "100%"):
            assert [one.id for one in tenants.page(connection, search=text).items] == ["tnt-1"], text
        assert projects.page(connection, *projects.fitting(search="BOO")).items[0].name == "books"


def test_the_tenants_of_a_project_are_those_that_are_connected_to_it(shop: Shop) -> None:
    other = ProjectId('prj-"other"')
    with shop.database.transaction() as connection:
        tenants.insert(connection, Tenant(TenantId("tnt-1"), "South", connections={BOOKS: (TEST,)}))
        tenants.insert(connection, Tenant(TenantId("tnt-2"), "North", connections={other: (TEST,), BOOKS: ()}))
        tenants.insert(connection, Tenant(TenantId("tnt-3"), "West"))
        assert [one.name for one in tenants.connected(connection, BOOKS)] == ["North", "South"]
        assert [one.name for one in tenants.connected(connection, ProjectId("prj-none"))] == []


def test_an_id_comes_before_a_name_that_is_spelled_like_it(shop: Shop) -> None:
    with shop.database.transaction() as connection:
        projects.insert(connection, WHOLE)
        projects.insert(connection, replace(WHOLE, id=ProjectId("prj-a"), name="prj-shop", source=None))
        assert projects.by_name_or_id(connection, "prj-shop") == WHOLE
        assert projects.by_name_or_id(connection, "prj-a").name == "prj-shop"


def test_every_search_knows_no_case() -> None:
    """One that only some databases answer so is found by its text: `contains` of what was given."""
    stores = Path(fairlead.store.__file__).parent.glob("*.py")
    assert [one.name for one in stores if ".contains(search" in one.read_text()] == ["shelf.py"]


def test_a_noun_comes_back_as_it_was_put(shop: Shop) -> None:
    with shop.database.transaction() as connection:
        projects.insert(connection, WHOLE)
    with shop.database.reading() as connection:
        found = projects.get(connection, WHOLE.id)
        assert found == WHOLE
        assert list(found.labels) == ["team", "a"]
        assert found.created_at.utcoffset() is not None
        assert projects.by_name(connection, "shop") == WHOLE
        assert projects.by_name_or_id(connection, "prj-shop") == WHOLE
        assert projects.by_webhook(connection, "hook-1") == WHOLE
        assert projects.polled(connection) == [(WHOLE.id, "shop", WHOLE.source.poll_s if WHOLE.source else 0)]
        assert projects.names(connection) == {BOOKS: "books", WHOLE.id: "shop"}


def test_a_repository_that_is_asked_as_often_as_any_is_asked(shop: Shop) -> None:
    """What equals its default is not in the row, and is not nothing."""
    usual = replace(WHOLE, source=Source("ssh://git@example.com/shop.git", webhook="hook-1"))
    with shop.database.transaction() as connection:
        projects.insert(connection, usual)
        assert projects.polled(connection) == [(WHOLE.id, "shop", DEFAULT_POLL_S)]


def test_what_is_not_there_is_named(shop: Shop) -> None:
    with shop.database.reading() as connection:
        assert projects.find(connection, "prj-x") is None
        for asked in (projects.get, projects.by_name, projects.by_name_or_id):
            with pytest.raises(NotFound, match="no project 'prj-x'") as raised:
                asked(connection, "prj-x")
            assert raised.value.code == "project.unknown"


def test_a_name_is_taken_once(shop: Shop) -> None:
    with pytest.raises(Conflict) as raised, shop.database.transaction() as connection:
        projects.insert(connection, replace(WHOLE, name="books"))
    assert raised.value.code == "project.exists"
    with shop.database.reading() as connection:
        assert projects.count(connection) == 1


def test_a_change_counts_up_and_an_old_one_is_refused(shop: Shop) -> None:
    with shop.database.transaction() as connection:
        first = projects.by_name(connection, "books")
        changed = projects.update(connection, replace(first, title="Books"))
        assert (changed.revision, changed.title) == (2, "Books")
    with pytest.raises(Conflict) as raised, shop.database.transaction() as connection:
        projects.update(connection, replace(first, title="Other"))
    assert raised.value.code == "edit.conflict"
    with pytest.raises(NotFound), shop.database.transaction() as connection:
        projects.update(connection, replace(first, id=ProjectId("gone")))
    with shop.database.reading() as connection:
        assert projects.by_name(connection, "books") == changed


def test_what_others_refer_to_cannot_be_deleted(shop: Shop) -> None:
    with pytest.raises(Conflict, match="in use"), shop.database.transaction() as connection:
        lifecycles.delete(connection, "lif-1")
    with shop.database.transaction() as connection:
        assert not lifecycles.delete(connection, "lif-x")


def test_a_list_comes_in_parts_without_gaps_or_doubles(shop: Shop) -> None:
    names = ["books", *(f"p{number:02d}" for number in range(7))]
    with shop.database.transaction() as connection:
        for name in names[1:]:
            projects.insert(connection, Project(ProjectId(f"prj-{name}"), name, LifecycleId("lif-1"), START))
    with shop.database.reading() as connection:
        told: list[str] = []
        after = None
        while True:
            part = projects.page(connection, after=after, limit=3)
            told += [project.name for project in part.items]
            if (after := part.after) is None:
                break
        assert told == names
        assert [found.name for found in projects.page(connection, *projects.fitting(search="0")).items] == names[1:]
        assert projects.page(connection, *projects.fitting(search="%")).items == ()
        assert len(projects.page(connection, limit=0).items) == 1
        assert projects.page(connection, limit=8).after is None


def test_environments_are_found_by_any_case_and_no_two_share_a_slug(shop: Shop) -> None:
    with shop.database.reading() as connection:
        found = environments.by_name(connection, "PRODUCTION")
        assert found.name == "Production"
        assert [one.name for one in environments.all_of(connection)] == ["Test", "Production"]
    for name in ("test", "Test", "TEST"):
        with pytest.raises(Conflict) as raised, shop.database.transaction() as connection:
            environments.insert(connection, replace(found, id=f"env-{name}-2", name=name))  # type: ignore[arg-type]
        assert raised.value.code == "environment.exists"
