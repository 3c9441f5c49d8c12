"""`migrate`: its database, and the commands before and after it."""

from __future__ import annotations

import pytest

from fairlead.domain.errors import ProjectFileInvalid
from fairlead.domain.ids import SecretVersionId
from fairlead.domain.service import Database, Definition, MigrationCommand
from fairlead.domain.text import SecretRef
from fairlead.formats.project import compile_project, validate

DIGEST = "sha256:" + "1" * 64
SERVICES = "project: books\nservices:\n  web: {image: x, port: 80, route: true}\n  db: {image: p, accessory: true}\n"
URL = SecretRef(SecretVersionId("sv-1"), "Db.Url")


def files(migrate: str) -> dict[str, bytes]:
    head = "migrate:\n  service: web\n  command: [./migrate]\n"
    return {"fairlead.yml": f"{SERVICES}{head}{migrate}".encode()}


def compiled(migrate: str) -> Definition:
    return compile_project(files(migrate), environment="", lookup={"Db.Url": URL}.get)


def test_a_name_alone_is_the_accessorys() -> None:
    migration = compiled("  database: db\n").migration
    assert migration is not None
    assert migration.database == Database("db")
    assert (migration.backup, migration.after_retire) == (None, None)


def test_rows_and_commands_are_read() -> None:
    migration = compiled(
        "  database: {accessory: db, rows: [steps_done]}\n"
        "  backup: {service: db, command: pg_dump -f /b/x, timeout: 1m}\n"
        "  after-retire: {service: web, command: [./contract]}\n"
    ).migration
    assert migration is not None
    assert migration.database == Database("db", rows=("steps_done",))
    assert migration.backup == MigrationCommand("db", ("pg_dump", "-f", "/b/x"), 60.0)
    assert migration.after_retire == MigrationCommand("web", ("./contract",))


def test_a_url_may_be_a_secret() -> None:
    migration = compiled(f"  database: {{from: '#{{Db.Url}}', image: 'pg@{DIGEST}', variable: URL}}\n").migration
    assert migration is not None
    assert migration.database == Database(source=URL, image=f"pg@{DIGEST}", variable="URL")


def test_what_is_known_by_a_server_only_is_no_problem_without_one() -> None:
    assert validate(files(f"  database: {{from: '#{{Db.Url}}', image: 'pg@{DIGEST}', variable: URL}}\n"))[1] == ()


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("  database: bd\n", "did you mean 'db'?"),
        ("  database: web\n", "db"),
        ("  database: {rows: [a]}\n", "one of them"),
        ("  database: {accessory: db, from: x}\n", "one of them"),
        ("  database: {accessory: db, variable: URL}\n", "the copy stands under its name"),
        ('  database: {accessory: db, rows: ["a\'b"]}\n', "names of tables"),
        ("  database: {from: x, image: 'pg:17', variable: URL}\n", "by digest"),
        (f"  database: {{from: x, image: 'pg@{DIGEST}'}}\n", "the variable that holds the address"),
        ("  backup: {service: wbe, command: [x]}\n", "did you mean 'web'?"),
        ("  after-retire: {service: db, command: [x]}\n", "web"),
        ("  after-retire: {service: web}\n", "command: [...]"),
        ("  after_retires: {service: web}\n", "after-retire"),
    ],
)
def test_what_cannot_be_is_a_problem_at_its_place(written: str, said: str) -> None:
    with pytest.raises(ProjectFileInvalid) as caught:
        compiled(written)
    assert any(said in problem.expected for problem in caught.value.problems), caught.value.problems
    assert all(problem.line == 8 for problem in caught.value.problems)
