"""`export`, `apply` and `schema`: from files to the server and back, with a plan first."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.cli.conftest import Said
from tests.unit.server.house import ADMINISTRATOR, House

from fairlead.usecases import environments, variables

Run = Callable[..., Said]


def write(path: str, text: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)


def contents(folder: str) -> dict[str, bytes]:
    return {path.as_posix(): path.read_bytes() for path in Path(folder).rglob("*.yml")}


@pytest.fixture
def files(house: House, fairlead: Run) -> str:
    house.add_project("books", git="https://git.test/books.git")
    variables.put(house.context, ADMINISTRATOR, "books", "Db.Password", "hidden", is_secret=True)
    assert fairlead("export", "house").code == 0
    return "house"


def test_what_was_exported_is_nothing_to_change(files: str, fairlead: Run) -> None:
    assert fairlead("apply", files, "--plan").code == 0
    assert fairlead("apply", files, "--yes").code == 0
    before = contents(files)
    again = fairlead("export", files)
    assert (again.code, contents(files)) == (0, before) and "0 of" in again.out
    assert not any(b"hidden" in text for text in before.values())
    first = Path("house/projects/books/variables.yml").read_text().splitlines()[0]
    schema = first.partition("$schema=")[2]
    assert (Path("house/projects/books") / schema).is_file()


def test_a_plan_is_shown_and_ends_with_3_and_nothing_is_changed(files: str, fairlead: Run, house: House) -> None:
    write("house/environments.yml", "environments: [{name: Test}, {name: Staging}, {name: Production}]")
    said = fairlead("apply", files, "--plan")
    assert said.code == 3
    assert "+ environment Staging  (environments.yml:1)" in said.out and "order:" in said.out
    found = fairlead("-o", "json", "apply", files, "--plan")
    assert (found.code, found.data["pending"], found.data["applied"]) == (3, True, False)
    assert len(environments.all_of(house.context, ADMINISTRATOR)) == 2


def test_it_asks_before_it_applies(files: str, fairlead: Run, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    write("house/environments.yml", "environments: [{name: Test}, {name: Production}, {name: DR}]")
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    assert fairlead("apply", files).code == 130
    assert len(environments.all_of(house.context, ADMINISTRATOR)) == 2
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert fairlead("apply", files).code == 0
    assert len(environments.all_of(house.context, ADMINISTRATOR)) == 3
    assert fairlead("apply", files, "--plan").code == 0


def test_only_the_plan_that_was_seen_is_applied(files: str, fairlead: Run) -> None:
    write("house/environments.yml", "environments: [{name: Test}, {name: Production, description: live}]")
    seen = fairlead("-o", "json", "apply", files, "--plan").data["hash"]
    wrong = fairlead("apply", files, "--yes", "--hash", "0" * 64)
    assert wrong.code == 1 and "declaration.changed" in wrong.err
    assert fairlead("apply", files, "--yes", "--hash", seen).code == 0


def test_secrets_come_from_a_file_or_the_environment(
    files: str, fairlead: Run, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(
        "house/projects/books/variables.yml",
        "variables: [{name: A, value: {secret: one}}, {name: B, value: {secret: a/two}}]",
    )
    lacking = fairlead("apply", files, "--yes")
    assert lacking.code == 2 and "declaration.secret" in lacking.err
    write("secrets.yml", "one: first\nnobody: x\n")
    monkeypatch.setenv("FAIRLEAD_SECRET_A_TWO", "second")
    said = fairlead("apply", files, "--yes", "--secrets", "secrets.yml")
    assert said.code == 0 and "nobody" in said.err, said
    held = {one.name: one for one in variables.page(house.context, ADMINISTRATOR, "books").items}
    with house.context.database.reading() as connection:
        told = [house.context.reveal(connection, held[name].secret or "") for name in ("A", "B")]  # type: ignore[arg-type]
    assert told == ["first", "second"]
    assert fairlead("apply", files, "--plan", "--secrets", "secrets.yml").code == 0
    assert "first" not in said.out + said.err + lacking.err


def test_what_is_wrong_is_told_at_its_line(files: str, fairlead: Run) -> None:
    write("house/environments.yml", "environments:\n  - name: a;b\n")
    said = fairlead("apply", files, "--yes")
    assert said.code == 2 and "environments.yml:2:5" in said.err and "input.name" in said.err
    assert fairlead("apply", "nowhere").code == 2


def test_schemas_are_written_without_a_server(fairlead: Run) -> None:
    assert fairlead("schema", "schemas", key="").code == 0
    assert (Path("schemas") / "environment.schema.json").is_file()
