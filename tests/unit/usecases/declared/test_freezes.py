"""Freezes as files: both ways, times in any zone, and what is wrong at its line."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.unit.usecases.declaring import applied, exported, planned, told
from tests.unit.usecases.house import ADMIN, House

from fairlead.domain.errors import ProjectFileInvalid
from fairlead.store import freezes as rows
from fairlead.usecases import freezes, tenants

FEAST = b"""freezes:
  - name: Feast
    reason: nobody is here   # but the night watch
    starts_at: 2026-12-24T00:00:00+01:00
    ends_at: 2026-12-27T00:00:00+01:00
    environments: [Production]
    projects: [books]
  - {name: Nights, cron: 0 22 * * *, zone: Europe/Berlin, lasts_s: 28800}
"""


def test_a_file_makes_freezes_and_an_export_says_the_same(books: House) -> None:
    assert told(applied(books, {"freezes.yml": FEAST})) == ["add freeze Feast", "add freeze Nights"]
    found = freezes.get(books.context, ADMIN, "Feast")
    assert found.freeze.starts_at == datetime(2026, 12, 23, 23, tzinfo=UTC)
    assert (found.projects, found.environments, found.freeze.reason) == (("books",), ("Production",), "nobody is here")
    assert told(applied(books, {"freezes.yml": FEAST})) == [], "a start that no file says stays as it is"
    out = {"freezes.yml": exported(books)["freezes.yml"]}
    assert b"2026-12-23T23:00:00Z" in out["freezes.yml"] and told(planned(books, out, prune=True)) == []
    later = FEAST.replace(b"12-27", b"12-28")
    assert told(applied(books, {"freezes.yml": later})) == ["change freeze Feast"]


def test_a_freeze_that_was_kept_until_the_end_of_the_calendar_is_exported_and_comes_back(books: House) -> None:
    applied(books, {"freezes.yml": FEAST})
    with books.database.transaction() as connection:
        held = rows.get(connection, freezes.get(books.context, ADMIN, "Feast").freeze.id)
        rows.update(connection, replace(held, ends_at=datetime.max.replace(tzinfo=UTC)))
    out = {"freezes.yml": exported(books)["freezes.yml"]}
    assert b"9998-12-31T23:59:59Z" in out["freezes.yml"] and told(planned(books, out)) == []


def test_a_freeze_for_tenants_is_declared_and_comes_back_as_it_was(books: House) -> None:
    tenants.put(books.context, ADMIN, tenants.Draft("Acme"))
    file = FEAST.replace(b"[Production]", b"[Production]\n    tenants: [Acme]")
    applied(books, {"freezes.yml": file})
    assert freezes.get(books.context, ADMIN, "Feast").tenants == ("Acme",)
    out = {"freezes.yml": exported(books)["freezes.yml"]}
    assert b"Acme" in out["freezes.yml"] and told(planned(books, out)) == []


def test_what_no_file_names_goes_only_with_prune(books: House) -> None:
    applied(books, {"freezes.yml": FEAST})
    files = {"freezes.yml": FEAST.rpartition(b"  - {")[0]}
    assert told(planned(books, files)) == []
    assert told(applied(books, files, prune=True)) == ["remove freeze Nights"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"00+01:00\n    ends", b"00\n    ends", "freezes.yml:4:5: freezes[0].starts_at: found '2026-12-24T00:00:00'"),
        (b"2026-12-24T00:00:00+01", b"0001-01-01T00:00:00+14", "freezes.yml:4:5: freezes[0].starts_at: found '0001-"),
        (b"2026-12-27T00:00:00+01", b"9999-12-31T23:59:59-12", "freezes.yml:5:5: freezes[0].ends_at: found '9999-"),
        (b"[Production]", b"[Prod]", "freezes.yml:6:20: freezes[0].environments[0]: "),
        (b"0 22 * * *", b"0 25 * * *", "freezes.yml:8:20: freezes[1].cron: "),
        (b"Europe/Berlin", b"Europe/Bonn", "freezes.yml:8:38: freezes[1].zone: "),
        (b"12-27", b"12-23", "freezes.yml:2:5: freezes[0].name: a freeze ends after it starts"),
    ],
)
def test_what_is_wrong_is_told_at_its_line(books: House, old: bytes, new: bytes, said: str) -> None:
    with pytest.raises(ProjectFileInvalid) as raised:
        planned(books, {"freezes.yml": FEAST.replace(old, new)})
    assert said in str(raised.value.problems[0])
