"""`import octopus`: files from a repository of Octopus, and what became of each line."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.cli.conftest import Said
from tests.unit.server.house import House

from fairlead.formats.process import read_process

Run = Callable[..., Said]
PROJECT = Path(__file__).parents[1] / "formats" / "octopus" / "project"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    inside = tmp_path / "My Books" / ".octopus"
    shutil.copytree(PROJECT, inside)
    return inside.parent


def test_a_repository_becomes_files_and_every_line_is_told(repository: Path, fairlead: Run) -> None:
    said = fairlead("import", "octopus", str(repository), "--to", "house")
    assert said.code == 0
    lines = said.out.splitlines()
    assert "deployment_process.ocl:4: taken: action: an action" in lines
    assert any(line.startswith('variables.ocl:25: NOT taken: variable "Tls": a variable of') for line in lines)
    assert "files written to house" in said.err
    process = read_process("process.yml", Path("house/projects/my-books/process.yml").read_bytes())
    assert [step.name for step in process.steps] == [
        "Back up",
        "Deploy",
        "approve",
        "mail",
        "Deploy the tools",
        "install",
    ]
    assert any("NOT taken: #{Start}: no file gives it" in line for line in lines)


def test_what_was_made_can_be_applied(house: House, repository: Path, fairlead: Run) -> None:
    names = [f"--environment={slug}=Test" for slug in ("development", "test")]
    said = fairlead("import", "octopus", str(repository), "--to", "house", "-e", "production=Production", *names)
    assert said.code == 0
    said = fairlead("apply", "house", "--yes")
    assert said.code == 0, said.err
    said = fairlead("-o", "json", "variables", "list", "-p", "my-books")
    assert [one["name"] for one in json.loads(said.out)] == ["Db:Host", "Db:Host", "Motto"]
    said = fairlead("-o", "json", "runbooks", "list", "-p", "my-books")
    assert [(one["name"], one["environments"]) for one in said.data] == [("Tidy the disks", ["Test", "Production"])]
    assert fairlead("apply", "house", "--plan").code == 0


def test_programs_read_it_as_json(repository: Path, fairlead: Run) -> None:
    said = fairlead("-o", "json", "import", "octopus", str(repository / ".octopus"), "--to", "house", "-p", "shop")
    told = json.loads(said.out)
    assert "projects/shop/variables.yml" in told["written"]
    assert {line["taken"] for line in told["lines"]} == {True, False}
    assert [line["what"] for line in told["unknown"]] == ["#{Start}", "#{Notes}", "#{Mount}", "#{Name}"]


def test_what_is_there_is_not_written_over_unasked(repository: Path, fairlead: Run) -> None:
    assert fairlead("import", "octopus", str(repository), "--to", "house").code == 0
    again = fairlead("import", "octopus", str(repository), "--to", "house")
    assert again.code == 2 and "is there already" in again.err
    assert fairlead("import", "octopus", str(repository), "--to", "house", "--force").code == 0


def test_a_bad_file_says_where_and_nothing_is_written(repository: Path, fairlead: Run) -> None:
    (repository / ".octopus" / "variables.ocl").write_text('variable "A" {\n  value = \n}\n')
    said = fairlead("import", "octopus", str(repository), "--to", "house")
    assert said.code == 2 and "variables.ocl:2:11" in said.err
    assert not Path("house").exists()


def test_an_environment_that_is_not_slug_and_name_is_refused(repository: Path, fairlead: Run) -> None:
    assert fairlead("import", "octopus", str(repository), "-e", "production").code == 2
    assert fairlead("import", "octopus", str(repository), "-e", "a=/").code == 2


def test_a_folder_without_any_is_refused(tmp_path: Path, fairlead: Run) -> None:
    assert fairlead("import", "octopus", str(tmp_path), "-p", "x").code == 2
