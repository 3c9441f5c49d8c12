"""The pages of docs/reference that are made from the code are what the code says now."""

import importlib.util
import re

import pytest
from tests.tidy import rules

from fairlead.server.app import described

PLACE = rules.ROOT / "docs" / "reference"


def made() -> dict[str, str]:
    spec = importlib.util.spec_from_file_location("reference_pages", rules.ROOT / "packaging" / "reference.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    pages: dict[str, str] = module.pages()
    return pages


PAGES = made()


@pytest.mark.parametrize("name", sorted(PAGES))
def test_the_page_is_current(name: str) -> None:
    assert (PLACE / name).read_text() == PAGES[name], "run: make reference"


def test_every_route_says_what_it_needs_or_that_it_needs_nothing() -> None:
    bare = [line for line in PAGES["api.md"].splitlines() if line.startswith("| ") and line.endswith("|  |")]
    own = {"/api/v1/me", "/api/v1/me/password", "/api/v1/keys"}
    assert {line.split("`")[1] for line in bare} <= own


def test_every_route_of_the_api_is_in_its_page() -> None:
    missing = [path for path in described()["paths"] if f"`{path}`" not in PAGES["api.md"]]
    assert not missing, "its tag has no words in server/openapi.py"


def test_every_command_and_every_setting_has_its_words() -> None:
    rows = [line for page in ("settings.md", "cli.md", "error-codes.md") for line in PAGES[page].splitlines()]
    assert not [line for line in rows if line.startswith("| `") and line.endswith("|  |")]
    headed = PAGES["cli.md"].split("### ")[1:]
    assert not [part.splitlines()[0] for part in headed if len(part.splitlines()) < 3 or not part.splitlines()[2]]


def rows_of(page: str) -> list[list[str]]:
    """The rows of a page's tables that name a test; each of those tests exists."""
    text = (rules.ROOT / "docs" / "explanation" / page).read_text()
    rows = [[cell.strip() for cell in line.split(" | ")] for line in text.splitlines() if "`tests/" in line]
    for row in rows:
        path, _, name = row[-1].strip("| `").partition("::")
        assert (rules.ROOT / path).is_file() and f"def {name}" in (rules.ROOT / path).read_text(), row[-1]
    return rows


def test_the_table_of_bad_input_names_codes_and_tests_that_exist() -> None:
    from fairlead.domain.errors import CODES

    rows = rows_of("bad-input.md")
    assert len(rows) > 30
    assert not [row[1] for row in rows if len(row) == 4 and row[1].strip("`") not in CODES]


def test_the_tables_of_the_faults_of_others_name_every_test_of_them() -> None:
    rows = rows_of("faults-of-others.md")
    assert all(len(row) == 4 for row in rows)
    named = {row[-1].strip("| `") for row in rows}
    files = sorted((rules.ROOT / "tests").rglob("test_faults_of_*.py"))
    written = {
        f"{file.relative_to(rules.ROOT)}::{name}"
        for file in files
        for name in re.findall(r"^(?:async )?def (test_\w+)", file.read_text(), re.MULTILINE)
    }
    assert not written - named
