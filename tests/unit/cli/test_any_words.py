"""Words of people at their largest and strangest, by every door: as given, wherever they are shown."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.cli.conftest import Said
from tests.unit.server.conftest import Visit
from tests.unit.server.house import DIGEST, PROJECT_FILE, House

from fairlead.domain.variable import Variable
from fairlead.store import projects
from fairlead.store import variables as rows

Run = Callable[..., Said]
ROOT = Path(__file__).parents[3]
WORDS = [
    "Прод ✓ 本番",
    "مرحبا بالعالم",
    "e\u0301 \u00e9 ﬁ ß İ",
    "👩‍👩‍👧‍👦 🇩🇪",
    "<script>alert(1)</script> & \"' #{x",
    "a" * 40,
]


@pytest.fixture
def visit(house: House) -> Visit:
    return Visit(house).sign_in()


@pytest.mark.parametrize("word", WORDS, ids=range(len(WORDS)))
def test_names_and_notes_are_what_they_were_given(house: House, fairlead: Run, visit: Visit, word: str) -> None:
    house.add_project("books")
    Path("fairlead.yml").write_text(PROJECT_FILE.format(name="books", image=DIGEST))
    images = [word for service in ("web", "worker", "db") for word in ("--image", f"{service}={DIGEST}")]
    Path("notes.txt").write_text(word)
    made = fairlead("release", "create", "--version", "1.0.0", "--notes-file", "notes.txt", *images)
    assert made.code == 0, made.err
    assert fairlead("-o", "json", "release", "show", "1.0.0").data["notes"] == word
    shown = visit.get("/projects/books/releases/1.0.0")
    assert all(part in html.unescape(shown) for part in word.split()) and "<script>alert(1)" not in shown
    for noun, verb, path in (("tenants", "set", "/tenants"), ("groups", "add", "/groups")):
        added = fairlead(noun, verb, word)
        if added.code:  # a name of one line, without what a shell or an address would take for its own
            assert added.code == 2 and "input.name" in added.err, added.err
            continue
        assert word in [one["name"] for one in fairlead("-o", "json", noun, "list").data]
        assert word in html.unescape(visit.get(path))


@pytest.mark.parametrize("version", ["1.0.0-本番", "1.0.0+é", "１.0.0", "1.0.0\u202e"])
def test_a_version_of_letters_that_no_version_has_is_refused_in_words(
    house: House, fairlead: Run, version: str
) -> None:
    house.add_project("books")
    Path("fairlead.yml").write_text(PROJECT_FILE.format(name="books", image=DIGEST))
    images = [word for service in ("web", "worker", "db") for word in ("--image", f"{service}={DIGEST}")]
    refused = fairlead("release", "create", "--version", version, *images)
    assert refused.code == 2 and "version" in refused.err, refused.err
    assert fairlead("-o", "json", "release", "list").data == []


def test_a_megabyte_of_notes_is_kept_and_shown_and_more_is_refused(house: House, fairlead: Run, visit: Visit) -> None:
    house.add_project("books")
    Path("fairlead.yml").write_text(PROJECT_FILE.format(name="books", image=DIGEST))
    images = [word for service in ("web", "worker", "db") for word in ("--image", f"{service}={DIGEST}")]
    notes = "Änderung 本 ✓ " * 76_923  # 999,999 characters
    for size, code in ((len(notes) + 2, 2), (len(notes), 0)):
        Path("notes.txt").write_text(notes.ljust(size, "x"))
        made = fairlead("release", "create", "--version", "1.0.0", "--notes-file", "notes.txt", *images)
        assert made.code == code, made.err
    assert fairlead("-o", "json", "release", "show", "1.0.0").data["notes"] == notes
    assert "1.0.0" in fairlead("release", "list").out
    assert "Änderung 本 ✓" in visit.get("/projects/books/releases/1.0.0")
    assert len(visit.get("/projects/books")) < 300_000, "lists do not carry the notes"


def test_ten_thousand_variables_are_listed_everywhere(house: House, fairlead: Run, visit: Visit) -> None:
    house.add_project("books")
    with house.context.database.transaction() as connection:
        project, at = projects.by_name_or_id(connection, "books").id, house.clock.now()
        for number in range(10_000):
            made = Variable(f"var-{number}", f"Name{number:05}", f"value {number}", project=project)
            rows.insert(connection, made, at=at, by="admin")
    page = visit.get("/projects/books/variables")
    assert "Name00000" in page
    found = visit.get("/projects/books/variables?search=Name09999")
    assert "Name09999" in found and "Name00000" not in found
    listed = fairlead("-o", "json", "variables", "list", "-p", "books").data
    assert len(listed) == 10_000


@pytest.mark.parametrize("name", ["Acme#2", "Acme?x=1", "Acme%23", "Acme/", "Acme/../Acme", ".."])
def test_a_name_leads_to_nothing_but_what_it_names(house: House, fairlead: Run, name: str) -> None:
    for noun, verb in (("tenants", "set"), ("groups", "add"), ("environments", "add")):
        assert fairlead(noun, verb, "Acme").code == 0
        refused = fairlead(noun, "remove", name)
        assert refused.code in (2, 5), refused.out
        assert "Acme" in [one["name"] for one in fairlead("-o", "json", noun, "list").data]


def test_every_name_in_an_address_is_escaped() -> None:
    wrong = [
        f"{path.name}: {line.strip()}"
        for path in sorted((ROOT / "src" / "fairlead" / "cli").glob("*.py"))
        for line in path.read_text().splitlines()
        if re.search(r'f"\{API\}[^"]*/\{(?!segment\(|steps\(|path\b)', line)
    ]
    assert not wrong, "\n".join(wrong)
