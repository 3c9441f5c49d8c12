"""Retention of releases: judged by their lifecycle, shown first, done by a task, and never of what is needed."""

from __future__ import annotations

import asyncio

from tests.unit.usecases.house import ADMIN, House

from fairlead.domain.ids import ReleaseId
from fairlead.domain.retention import Keep
from fairlead.formats.phase_lines import read
from fairlead.store import projects, releases, tasks
from fairlead.usecases import lifecycles, release_retention, retention
from fairlead.usecases.lifecycles import Draft


def keep(house: House, count: int, *phases: str) -> None:
    lifecycles.change(
        house.context,
        ADMIN,
        "Default",
        Draft("Default", [read(line) for line in phases], releases=Keep(releases=count)),
    )


def said(house: House) -> dict[str, str]:
    judged = release_retention.preview(house.context, ADMIN, project="books")
    return {one.release.version: ("" if one.fate.is_kept else "goes: ") + one.fate.words for one in judged}


def versions(house: House) -> list[str]:
    with house.database.reading() as connection:
        return list(releases.versions(connection, projects.by_name(connection, "books").id))


def forget(house: House) -> frozenset[ReleaseId]:
    with house.database.reading() as connection:
        resolved = retention.resolve(house.context, connection, "")
    return asyncio.run(house.records.forget_releases([ReleaseId(one.release) for one in resolved.leaving]))


def test_each_release_is_told_why_it_stays_or_goes_and_what_goes_takes_all_with_it(books: House) -> None:
    keep(books, 1, "Test: Test; automatic", "Live: Production; keep 2 releases")
    for number in range(6):
        books.add_release(f"1.{number}.0")
        books.go_live(f"1.{number}.0", "Test")
    assert said(books) == {
        "1.5.0": "dashboard",
        "1.4.0": "previous of dashboard (rollback)",
        "1.3.0": "Test kept 0",
        "1.2.0": "goes: Test full",
        "1.1.0": "goes: Test full",
        "1.0.0": "goes: Test full",
    }
    task = books.deployment("1.0.0", "Test").task
    assert len(forget(books)) == 3
    assert versions(books) == ["1.3.0", "1.4.0", "1.5.0"]
    with books.database.reading() as connection:
        assert tasks.find(connection, task or "") is None
    assert forget(books) == frozenset(), "twice is once"


def test_without_a_rule_nothing_goes(books: House) -> None:
    for number in range(3):
        books.add_release(f"1.{number}.0")
        books.go_live(f"1.{number}.0", "Test")
    assert all("goes" not in words for words in said(books).values())
    assert forget(books) == frozenset()


def test_what_waits_or_runs_is_never_let_go(books: House) -> None:
    keep(books, 0)
    books.add_release("1.0.0")
    assert "under way" in said(books)["1.0.0"]
    release = books.deployment("1.0.0", "Test").release
    assert asyncio.run(books.records.forget_releases([release])) == frozenset()


def test_the_plan_of_the_task_names_what_goes(books: House) -> None:
    keep(books, 0)
    for number in range(4):
        books.add_release(f"1.{number}.0")
        books.go_live(f"1.{number}.0", "Test")
    from fairlead.steps.retention import Retention

    with books.database.reading() as connection:
        plan = Retention().plan(retention.resolve(books.context, connection, ""))
    assert "release books 1.0.0 (Test full)" in plan.notes
