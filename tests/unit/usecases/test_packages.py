"""The built-in feed: pushed once, fetched as it was, kept while a release names it."""

from __future__ import annotations

import asyncio
import io
import os
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.unit.usecases.house import ADMIN, DIGEST, PROJECT_FILE, House, fetched, push_package

from fairlead.domain.errors import Conflict, Invalid, NotFound
from fairlead.domain.ids import ReleaseId
from fairlead.store import releases as rows
from fairlead.usecases import packages, releases

FILE = {"fairlead.yml": PROJECT_FILE.format(name="books", image="nginx", more="").encode()}


def zipped(text: str = "hello") -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr(zipfile.ZipInfo("a.txt"), text)
    return held.getvalue()


def test_a_package_is_pushed_found_whatever_the_case_and_fetched_as_it_was(house: House) -> None:
    content = zipped()
    made = push_package(house.context, ADMIN, "Acme.Web.1.2.3.zip", content)
    assert (made.name, made.version, made.size_bytes) == ("Acme.Web", "1.2.3", len(content))
    assert packages.get(house.context, ADMIN, "acme.web", "1.2.3").file_name == "Acme.Web.1.2.3.zip"
    assert fetched(house.context, ADMIN, "acme.web", "1.2.3") == content
    push_package(house.context, ADMIN, "Acme.Web.1.3.0.zip", content)
    assert [one.version for one in packages.page(house.context, ADMIN, name="ACME.web").items] == ["1.3.0", "1.2.3"]
    assert [one.message for one in house.audit("package.pushed")][-1].startswith("pushed the package Acme.Web 1.2.3")


def test_a_version_that_exists_is_refused_overwritten_or_left(house: House) -> None:
    first = push_package(house.context, ADMIN, "web.1.0.zip", zipped("a"))
    before = house.rows()
    with pytest.raises(Conflict) as raised:
        push_package(house.context, ADMIN, "WEB.1.0.zip", zipped("b"))
    assert raised.value.code == "package.exists" and house.rows() == before
    assert push_package(house.context, ADMIN, "web.1.0.zip", zipped("b"), on_existing="ignore") == first
    push_package(house.context, ADMIN, "web.1.0.zip", zipped("b"), on_existing="overwrite")
    assert fetched(house.context, ADMIN, "web", "1.0") == zipped("b")


def test_what_is_no_package_is_refused_and_keeps_nothing(house: House) -> None:
    before = house.rows()
    for file, content in (("web.zip", zipped()), ("web.1.0.zip", b"MZ"), ("web.1.0.exe", zipped())):
        with pytest.raises(Invalid):
            push_package(house.context, ADMIN, file, content)
    assert house.rows() == before


def test_a_package_that_a_release_names_stays(books: House) -> None:
    for version in ("1.0", "2.0"):
        push_package(books.context, ADMIN, f"tools.{version}.zip", zipped(version))
    releases.create(books.context, ADMIN, "books", images={"web": DIGEST}, contents=FILE, packages={"Tools": "2.0"})
    with pytest.raises(Conflict) as raised:
        packages.remove(books.context, ADMIN, "tools", "2.0")
    assert raised.value.code == "package.in_use"
    packages.remove(books.context, ADMIN, "tools", "1.0")
    with pytest.raises(NotFound) as gone:
        packages.get(books.context, ADMIN, "tools", "1.0")
    assert gone.value.code == "package.unknown"


def test_bytes_that_something_else_names_outlive_the_package(books: House) -> None:
    made = push_package(books.context, ADMIN, "web.1.0.zip", zipped())
    name_in_releases(books, made.blob, 1)
    packages.remove(books.context, ADMIN, "web", "1.0")
    assert books.context.artifacts.content(made.blob) == zipped()
    asyncio.run(books.context.artifacts.let_go(made.blob))
    assert books.context.artifacts.content(made.blob) == zipped()
    other = push_package(books.context, ADMIN, "other.1.0.zip", zipped("other"))
    packages.remove(books.context, ADMIN, "other", "1.0")
    with pytest.raises(NotFound):
        books.context.artifacts.content(other.blob)


@pytest.mark.parametrize("is_named", [True, False])
def test_to_let_bytes_go_takes_one_row_however_many_releases_there_are(books: House, *, is_named: bool) -> None:
    artifacts = books.context.artifacts
    key, other = artifacts.keep(b"asked about"), artifacts.keep(b"other")
    name_in_releases(books, key if is_named else other, 300)
    told: list[tuple[str, object]] = []

    def tell(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        told.append((statement, parameters))

    sa.event.listen(books.database.engine, "before_cursor_execute", tell)
    with books.database.reading() as connection:
        assert artifacts.is_named(connection, key) is is_named
        sa.event.remove(books.database.engine, "before_cursor_execute", tell)
        [(statement, parameters)] = [one for one in told if one[0].startswith("SELECT")]
        assert len(connection.exec_driver_sql(statement, parameters).all()) == 1  # type: ignore[arg-type]


def name_in_releases(house: House, key: str, count: int) -> None:
    """So many releases have a file of these bytes."""
    first = house.add_release("1.0.0")
    with house.database.transaction() as connection:
        for number in range(count):
            id, version = ReleaseId(house.context.ids.new("rel")), f"2.{number}.0"
            rows.insert(connection, replace(first, id=id, version=version, files={"tool.zip": key}))


def test_what_a_dead_server_left_half_received_goes_a_day_later(house: House, tmp_path: Path) -> None:
    incoming = tmp_path / "artifacts" / "incoming"
    incoming.mkdir(parents=True)
    now = house.context.clock.now().timestamp()
    for name, age_s in (("left", 25 * 3600), ("under way", 60)):
        (incoming / name).write_bytes(b"half")
        os.utime(incoming / name, (now - age_s, now - age_s))
    push_package(house.context, ADMIN, "web.1.0.zip", zipped())
    assert [path.name for path in incoming.iterdir()] == ["under way"]
