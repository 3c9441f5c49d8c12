"""A project of Octopus becomes files of Fairlead, and every line of it is accounted for."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from fairlead.domain.errors import Invalid, ProjectFileInvalid
from fairlead.domain.process import Process, RunCondition, RunLocation, StartTrigger, checked
from fairlead.formats.ocl.reading import read_ocl
from fairlead.formats.ocl.tree import Attribute, Block, Entries
from fairlead.formats.octopus.folder import Imported, imported
from fairlead.formats.process import read_process

FILES = {path.name: path.read_bytes() for path in sorted((Path(__file__).parent / "project").glob("*.ocl"))}


def books() -> Imported:
    return imported("books", FILES)


def process() -> Process:
    made = read_process("process.yml", books().files["projects/books/process.yml"].encode())
    return checked(made, {"script", "manual-intervention"})


def told(file: str, what: str) -> list[str]:
    return [str(line) for line in books().lines if line.file == file and line.what == what]


def test_steps_and_actions_are_taken_with_their_conditions() -> None:
    backup, deploy, approve, mail = process().steps
    (dump,) = backup.actions
    assert (backup.name, dump.name, dump.kind) == ("Back up", "Back up", "script")
    assert dump.properties == {"script": "pg_dump books\n", "language": "bash"}
    assert (dump.runs_on, dump.worker_pool, dump.retries, dump.timeout_s) == (RunLocation.WORKER, "ubuntu", 2, 300.0)
    assert (deploy.target_tags, deploy.window, deploy.start) == (("web", "api"), 2, StartTrigger.WITH_PREVIOUS)
    stop, start = deploy.actions
    assert (stop.name, start.name) == ("stop", "Start it")
    assert stop.runs_on is RunLocation.TARGETS and start.condition is RunCondition.VARIABLE
    assert start.expression == "#{Start}"
    assert (start.environments, start.is_required) == (("production",), True)
    assert approve.actions[0].kind == "manual-intervention"
    assert approve.actions[0].properties == {"instructions": "Look at #{Octopus.Environment.Name}."}
    assert mail.condition is RunCondition.FAILURE


def test_what_has_no_like_fails_and_says_so_instead_of_being_left_out() -> None:
    (action,) = process().steps[3].actions
    assert "exit 1" in str(action.properties["script"]) and "Octopus.Email" in str(action.properties["script"])
    assert any("NOT taken" in line for line in told("deployment_process.ocl", "Octopus.Action.Email.To"))


def test_variables_are_taken_with_their_scopes_and_prompts() -> None:
    made = YAML(typ="safe").load(books().files["projects/books/variables.yml"])["variables"]
    assert made == [
        {"name": "Db:Host", "value": "test.example.com", "scope": {"environment": ["development", "test"]}},
        {"name": "Db:Host", "value": "#{Name}.example.com", "description": "where data is"},
        {"name": "Motto", "value": "one\ntwo", "prompt": {"label": "The motto", "required": True}},
    ]
    assert "certificate" in told("variables.ocl", 'variable "Tls"')[0].lower()


def test_environments_get_the_names_that_they_have_here() -> None:
    made = imported("books", FILES, {"production": "Production", "test": "Test"})
    actions = read_process("process.yml", made.files["projects/books/process.yml"].encode()).steps[1].actions
    assert actions[1].environments == ("Production",)
    assert "- Test" in made.files["projects/books/variables.yml"]


def test_every_line_is_reported_once() -> None:
    for file, content in FILES.items():
        places = [(line.line, line.what.split(" ")[0]) for line in books().lines if line.file == file]
        everything = sorted(_elements(read_ocl(file, content.decode()), left=_left(file)))
        assert sorted(places) == everything


def _left(file: str) -> set[int]:
    """The lines of blocks that were not taken: what is inside them went with them."""
    return {line.line for line in books().lines if line.file == file and not line.is_taken}


def _elements(block: Block, *, left: set[int]) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    for one in block.body:
        found.append((one.place.line, one.name))
        if one.place.line in left:
            continue
        if isinstance(one, Block):
            found += _elements(one, left=left)
        elif isinstance(one, Attribute) and isinstance(one.value, Entries):
            found += [(entry.place.line, entry.name) for entry in one.value.attributes]
    return found


def test_a_file_that_cannot_be_read_is_named_with_its_place() -> None:
    with pytest.raises(ProjectFileInvalid, match=r"variables\.ocl:1:10"):
        imported("books", {"variables.ocl": b"variable ]"})


def test_a_folder_without_any_is_no_project_of_octopus() -> None:
    with pytest.raises(Invalid) as refused:
        imported("books", {"readme.md": b""})
    assert refused.value.code == "import.nothing"


def test_a_name_that_occurs_twice_or_cannot_be_is_made_one_that_can() -> None:
    text = 'step "a[1]" {\n  action {}\n}\nstep "a(1)" {\n}\n'
    made = imported("books", {"deployment_process.ocl": text.encode()}).files["projects/books/process.yml"]
    steps = checked(read_process("process.yml", made.encode()), {"script"}).steps
    assert [step.name for step in steps] == ["a(1)", "a(1) 2"]
