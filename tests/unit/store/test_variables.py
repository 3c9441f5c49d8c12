"""Variables in the database: one for each name and scope, with a history, frozen into snapshots."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from tests.unit.store.conftest import BOOKS, Shop

from fairlead.domain.composite import Composite, CompositeKind
from fairlead.domain.errors import Conflict
from fairlead.domain.ids import LibrarySetId, SecretVersionId
from fairlead.domain.library_set import Inclusion, LibrarySet
from fairlead.domain.prompt import Prompt
from fairlead.domain.variable import Dimension, Variable
from fairlead.store import library_sets, variables
from fairlead.store.sealing import Sealer
from fairlead.store.secrets import StoreSecrets

PROD = {Dimension.ENVIRONMENT: frozenset({"env-production"})}
LIBRARY = LibrarySet(LibrarySetId("lib-1"), "Databases", datetime(2026, 3, 2, tzinfo=UTC))
HOST = Variable("var-1", "Db.Host", "db", project=BOOKS)


def test_a_name_has_one_variable_for_each_scope(shop: Shop) -> None:
    with shop.database.transaction() as connection:
        variables.insert(connection, HOST, at=shop.at, by="ann")
        variables.insert(connection, replace(HOST, id="var-2", scope=PROD), at=shop.at, by="ann")
        library_sets.insert(connection, LIBRARY)
        shared = replace(HOST, id="var-3", project=None, library_set=LIBRARY.id)
        variables.insert(connection, shared, at=shop.at, by="ann")
    with pytest.raises(Conflict) as raised, shop.database.transaction() as connection:
        variables.insert(connection, replace(HOST, id="var-4", name="db.HOST"), at=shop.at, by="ann")
    assert raised.value.code == "variable.exists"
    with shop.database.reading() as connection:
        found = variables.of_project(connection, BOOKS)
        assert [one.id for one in found] == ["var-1", "var-2"]
        assert found[1].scope == PROD
        assert variables.by_name_and_scope(connection, BOOKS, "DB.host", PROD) == found[1]
        assert [one.id for one in variables.page(connection, BOOKS).items] == ["var-1", "var-2"]
        assert [one.id for one in variables.page(connection, LIBRARY.id, search="HOST").items] == ["var-3"]
        assert variables.page(connection, BOOKS, search="port").items == ()


def test_a_project_has_the_variables_of_the_library_sets_that_it_includes(shop: Shop) -> None:
    with shop.database.transaction() as connection:
        library_sets.insert(connection, LIBRARY)
        variables.insert(connection, HOST, at=shop.at, by="ann")
        token = Composite(CompositeKind.TOKEN, {}, {"Token": SecretVersionId("sec-1")})
        shared = Variable("var-2", "Hub", library_set=LIBRARY.id, composite=token, prompt=Prompt("Which hub?"))
        variables.insert(connection, shared, at=shop.at, by="ann")
        library_sets.include(connection, Inclusion("inc-1", BOOKS, LIBRARY.id, shop.at))
        assert variables.of_project(connection, BOOKS) == (HOST, shared)
        frozen = variables.freeze(connection, id="vsn-1", project=BOOKS, at=shop.at)
        library_sets.exclude(connection, BOOKS, LIBRARY.id)
        assert variables.of_project(connection, BOOKS) == (HOST,)
        variables.delete_all(connection, LIBRARY.id, at=shop.at, by="ann")
        library_sets.delete(connection, LIBRARY.id)
        assert variables.snapshot(connection, frozen.id).variables == (HOST, shared)


def test_a_snapshot_keeps_what_was_and_equal_ones_are_one(shop: Shop) -> None:
    with shop.database.transaction() as connection:
        variables.insert(connection, HOST, at=shop.at, by="ann")
        first = variables.freeze(connection, id="vsn-1", project=BOOKS, at=shop.at)
        again = variables.freeze(connection, id="vsn-2", project=BOOKS, at=shop.at)
        changed = variables.update(connection, replace(HOST, value="db2"), at=shop.at, by="bob")
        third = variables.freeze(connection, id="vsn-3", project=BOOKS, at=shop.at)
        variables.delete(connection, changed, at=shop.at, by="bob")
    assert (first.id, again.id, third.id) == ("vsn-1", "vsn-1", "vsn-3")
    with shop.database.reading() as connection:
        assert variables.snapshot(connection, "vsn-1").variables == (HOST,)
        assert variables.snapshot(connection, "vsn-3").variables == (changed,)
        table = variables.variable_versions
        history = connection.execute(sa.select(table).order_by(table.c.revision)).all()
        assert [(row.revision, row.value, row.by, row.is_deleted) for row in history] == [
            (1, "db", "ann", False),
            (2, "db2", "bob", False),
            (3, "db2", "bob", True),
        ]


def test_secrets_are_kept_encrypted_and_told_while_anything_names_them(shop: Shop) -> None:
    secrets = StoreSecrets(shop.database, Sealer(bytes(32)), shop.ids)
    with shop.database.transaction() as connection:
        old = secrets.keep(connection, "hunter2-old", name="Db.Password", at=shop.at)
        new = secrets.keep(connection, "hunter2-new", name="Db.Password", at=shop.at)
        password = Variable("var-1", "Db.Password", secret=old, project=BOOKS)
        variables.insert(connection, password, at=shop.at, by="ann")
        variables.freeze(connection, id="vsn-1", project=BOOKS, at=shop.at)
        variables.update(connection, replace(password, secret=new), at=shop.at, by="ann")
        assert secrets.reveal(connection, new) == "hunter2-new"
        for name in ("secret_versions", "variables", "variable_snapshots", "variable_versions"):
            for row in connection.execute(sa.text(f"select * from {name}")):
                assert b"hunter2" not in b"|".join(
                    value if isinstance(value, bytes) else str(value).encode() for value in row
                )
    assert isinstance(old, str)
    assert SecretVersionId("x") == "x"
