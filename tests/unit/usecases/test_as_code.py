"""A project as code: what its repository declares is in the release that is made of it, and is edited nowhere else."""

from __future__ import annotations

import pytest
from tests.unit.usecases.house import ADMIN, DIGEST, PROJECT_FILE, House

from fairlead.domain.actor import Actor
from fairlead.domain.errors import NotAllowed, ProjectFileInvalid, Refused
from fairlead.domain.ids import ActorId
from fairlead.domain.permission import Permission
from fairlead.domain.process import Process
from fairlead.domain.release import Release
from fairlead.formats.process import read_process
from fairlead.store import projects as rows
from fairlead.store import variables as variable_rows
from fairlead.usecases import channels, declarations, processes, projects, releases, variables
from fairlead.usecases.channels import ChannelWords

PROCESS = b"steps: [{name: Deploy, actions: [{name: Services, kind: deploy-services}]}]"
VARIABLES = b"variables: [{name: Db.Host, value: db}, {name: Key, value: {secret: key}}]"
CHANNELS = b"channels: [{name: Default}, {name: Hot fixes, rules: [{tag: ^hot}]}]"


def make(house: House, version: str, actor: Actor = ADMIN, **files: bytes) -> Release:
    """A release made from outside, of a folder with these files below .fairlead."""
    contents = {f".fairlead/{name}.yml": text for name, text in files.items()}
    contents["fairlead.yml"] = PROJECT_FILE.format(name="books", image=DIGEST, more="").encode()
    return releases.create(house.context, actor, "books", version=version, images={"web": DIGEST}, contents=contents)


def frozen(house: House, release: Release) -> dict[str, str]:
    with house.database.reading() as connection:
        found = variable_rows.snapshot(connection, release.variables)
    return {one.name: one.value for one in found.variables}


@pytest.fixture
def code(house: House) -> House:
    house.add_project("books")
    projects.change(house.context, ADMIN, "books", {"is_as_code": True})
    variables.put(house.context, ADMIN, "books", "Key", "hidden", is_secret=True)
    return house


def test_a_release_freezes_what_its_own_files_declare(code: House) -> None:
    first = make(code, "1.0.0", process=PROCESS, variables=VARIABLES, channels=CHANNELS)
    second = make(code, "1.1.0", process=PROCESS, variables=VARIABLES.replace(b": db}", b": other}"), channels=CHANNELS)
    assert (frozen(code, first), frozen(code, second)) == (
        {"Db.Host": "db", "Key": ""},
        {"Db.Host": "other", "Key": ""},
    )
    process = processes.of_release(code.context, ADMIN, "books", "1.0.0").process
    assert process == read_process("p.yml", PROCESS)
    assert [one.channel.name for one in channels.page(code.context, ADMIN, "books").items] == ["Default", "Hot fixes"]
    assert [event.message for event in code.audit("declaration.taken")] == [
        "took 1 changes from the repository",
        "took 3 changes from the repository",
    ]
    again = make(code, "1.2.0", process=PROCESS, variables=VARIABLES, channels=CHANNELS)
    assert frozen(code, again) == frozen(code, first) and again.process == first.process


def test_what_the_files_have_no_more_goes_and_what_they_do_not_declare_stays(code: House) -> None:
    make(code, "1.0.0", process=PROCESS, variables=VARIABLES)
    made = make(code, "1.1.0", variables=VARIABLES.replace(b"{name: Db.Host, value: db}, ", b""))
    assert frozen(code, made) == {"Key": ""}
    assert processes.get(code.context, ADMIN, "books").process == read_process("p.yml", PROCESS)


def test_it_is_edited_nowhere_else_but_for_the_values_of_secrets(code: House) -> None:
    make(code, "1.0.0", process=PROCESS, variables=VARIABLES, channels=CHANNELS)
    edits = (
        lambda: processes.put(code.context, ADMIN, "books", Process()),
        lambda: variables.put(code.context, ADMIN, "books", "Db.Host", "x"),
        lambda: variables.remove(code.context, ADMIN, "books", "Db.Host"),
        lambda: channels.add(code.context, ADMIN, "books", ChannelWords("More")),
        lambda: channels.remove(code.context, ADMIN, "books", "Hot fixes"),
    )
    for edit in edits:
        with pytest.raises(Refused) as raised:
            edit()
        assert raised.value.code == "project.as_code" and ".fairlead/" in raised.value.hint
    variables.put(code.context, ADMIN, "books", "Key", "rotated", is_secret=True)
    projects.change(code.context, ADMIN, "books", {"is_as_code": False})
    variables.put(code.context, ADMIN, "books", "Db.Host", "x")


def test_what_is_wrong_in_the_files_is_told_at_its_line_and_no_release_is_made(code: House) -> None:
    before = code.rows()
    for wrong, said in (
        ({"process": b"steps: [{name: a}]"}, ".fairlead/process.yml:1:9: steps[0].actions: found nothing"),
        ({"process": PROCESS.replace(b"deploy-services", b"dance")}, ".fairlead/process.yml:1:35: steps[0].actions[0]"),
        (
            {"variables": b"variables:\n- {name: New, value: {secret: new}}"},
            ".fairlead/variables.yml:2:15: variables[0]",
        ),
    ):
        with pytest.raises(ProjectFileInvalid) as raised:
            make(code, "1.0.0", **wrong)
        assert str(raised.value.problems[0]).startswith(said), raised.value.problems
    assert {**code.rows(), "blobs": 0} == {**before, "blobs": 0}  # what was given is kept, and goes by itself


def test_a_project_that_is_not_as_code_takes_nothing(house: House) -> None:
    house.add_project("books")
    make(house, "1.0.0", process=PROCESS, variables=b"variables: [{name: A, value: b}]")
    assert processes.get(house.context, ADMIN, "books").process == Process()
    assert not variables.page(house.context, ADMIN, "books").items


def test_who_may_make_releases_but_not_edit_may_not_change_the_project_by_one(code: House) -> None:
    permissions = frozenset({Permission.VIEW, Permission.RELEASE_CREATE})
    ci = Actor(ActorId("usr-ci"), "ci", "user", permissions)
    with pytest.raises(NotAllowed):
        make(code, "1.0.0", ci, process=PROCESS)
    make(code, "1.0.0", process=PROCESS)
    make(code, "1.1.0", ci, process=PROCESS)


def test_a_run_takes_what_its_commit_declares(code: House) -> None:
    files = {".fairlead/variables.yml": code.context.artifacts.keep(VARIABLES)}
    with code.database.transaction() as connection:
        owner = rows.by_name(connection, "books")
        declarations.taken(code.context, connection, owner.id, files, {})
        assert rows.get(connection, owner.id).code_nouns == ("variable",)
    assert len(variables.page(code.context, ADMIN, "books").items) == 2


def test_an_export_leaves_out_what_the_repository_declares(code: House) -> None:
    make(code, "1.0.0", process=PROCESS, variables=VARIABLES, channels=CHANNELS)
    files = declarations.export(code.context, ADMIN)
    assert not [path for path in files if path.endswith(("process.yml", "variables.yml", "channels.yml"))]
    assert "as_code: true" in files["projects/books/project.yml"]
