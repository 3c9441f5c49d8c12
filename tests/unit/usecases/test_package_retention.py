"""Retention of packages, build information and snapshots of processes: shown first, done by the task."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.databases import ON_BOTH
from tests.unit.usecases.house import ADMIN, VIEWER, House
from tests.unit.usecases.test_scripts_of_packages import PROCESS, push, release

from fairlead.domain.build_information import BuildInformation
from fairlead.domain.errors import NotFound
from fairlead.domain.plan import effects_of
from fairlead.domain.process import Process
from fairlead.steps.effects.unused import SNAPSHOTS_AFTER
from fairlead.steps.retention import plan
from fairlead.store import unused
from fairlead.usecases import build_information, package_retention, packages, processes, retention

pytestmark = ON_BOTH


@pytest.fixture
def books(house: House) -> House:
    installation = replace(house.context.installation, keep_packages_days=30)
    house.context = replace(house.context, installation=installation)
    house.add_project("books")
    processes.put(house.context, ADMIN, "books", PROCESS)
    for version in ("1.0.0", "2.0.0", "3.0.0"):
        push(house, version)
    release(house, "1.0.0", packages={"Tools": "2.0.0"})
    build_information.push(house.context, ADMIN, BuildInformation("", "tools", "1.0.0", house.clock.now()))
    house.clock.advance(timedelta(days=31).total_seconds())
    return house


def said(house: House) -> dict[str, bool]:
    return {str(one.stored): one.is_kept for one in package_retention.preview(house.context, VIEWER)}


def test_what_goes_is_shown_first_and_goes_by_the_task(books: House) -> None:
    assert said(books) == {
        "package tools 1.0.0": False,
        "package tools 2.0.0": True,
        "package tools 3.0.0": True,
        "build information tools 1.0.0": False,
    }
    made = plan(retention.resolve(books.context, ""))
    assert "package tools 1.0.0 (older than 30 days, unused)" in made.notes
    [effect] = [one for one in effects_of(made.forward) if one.kind == "unused.forget"]
    ids = [one["id"] for one in effect.arguments["going"]]  # type: ignore[index,union-attr,call-overload]
    push(books, "0.9.0")
    assert asyncio.run(books.records.forget_unused(ids)) == set(ids)
    assert asyncio.run(books.records.forget_unused(ids)) == frozenset(), "twice is once"
    with pytest.raises(NotFound):
        packages.get(books.context, ADMIN, "tools", "1.0.0")
    assert packages.get(books.context, ADMIN, "tools", "2.0.0").version == "2.0.0"


def test_what_became_needed_since_the_plan_stays(books: House) -> None:
    id = packages.get(books.context, ADMIN, "tools", "1.0.0").id
    release(books, "1.1.0", packages={"Tools": "1.0.0"})
    assert asyncio.run(books.records.forget_unused([id])) == frozenset()


def test_a_process_that_nothing_names_any_more_is_forgotten(books: House) -> None:
    processes.put(books.context, ADMIN, "books", Process())
    before = books.clock.now() - SNAPSHOTS_AFTER
    with books.database.reading() as connection:
        assert unused.snapshots(connection, before) == frozenset()
    with books.database.transaction() as connection:
        connection.exec_driver_sql("UPDATE releases SET process = ''")
        assert len(unused.snapshots(connection, before)) == 1
        assert not unused.snapshots(connection, before - timedelta(days=60)), "it was frozen since"
    assert asyncio.run(books.records.forget_snapshots(before)) == 1
    assert asyncio.run(books.records.forget_snapshots(before)) == 0
