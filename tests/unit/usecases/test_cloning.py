"""A project is cloned: all that was set for it, secrets too, none of its history, and it begins nothing by itself."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from tests.unit.usecases.declaring import exported, furnish, new_pair
from tests.unit.usecases.house import ADMIN, House

from fairlead.domain.actor import Actor
from fairlead.domain.errors import Conflict, Invalid, NotAllowed, NotFound
from fairlead.domain.permission import Permission
from fairlead.domain.variable import Dimension
from fairlead.formats.process import read_process
from fairlead.store import projects as rows
from fairlead.store import variables as variable_rows
from fairlead.usecases import channels, cloning, projects, releases, runbooks, variables
from fairlead.usecases.channels import ChannelWords
from fairlead.usecases.projects import Added

TIDY = b"steps: [{name: Delete, actions: [{name: Delete, kind: script, properties: {script: 'rm -r cache'}}]}]"


def cloned(house: House, name: str = "books", new: str = "shop", actor: Actor = ADMIN) -> Added:
    return cloning.clone(house.context, actor, name, new, make_key=new_pair)


def files_of(house: House, project: str) -> dict[str, str]:
    start = f"projects/{project}/"
    found = {path: text.decode() for path, text in exported(house).items() if path.startswith(start)}
    return {
        path.removeprefix(start): re.sub(rf'(secret: "?){project}/', r"\1PROJECT/", text)
        for path, text in found.items()
    }


def test_a_clone_is_declared_as_its_original_is_but_begins_nothing_by_itself(house: House) -> None:
    furnish(house)
    made = cloned(house)
    assert made.project.name == "shop" and made.webhook_secret
    old, new = files_of(house, "books"), files_of(house, "shop")
    assert new["project.yml"].replace("enabled: false\n", "") == old["project.yml"]
    assert new["triggers.yml"].replace("    enabled: false\n", "") == old["triggers.yml"]
    for path in ("channels.yml", "process.yml", "variables.yml"):
        assert new[path] == old[path]
    assert {"project.yml", "triggers.yml", "channels.yml", "process.yml", "variables.yml"} < new.keys()
    assert "enabled: false" in new["project.yml"] and "enabled: false" in new["triggers.yml"]
    tidy = runbooks.get(house.context, ADMIN, "shop", "Tidy").runbook
    assert (tidy.kept_runs, tidy.published) == (3, None)


def test_secrets_are_new_versions_of_the_same_values(house: House) -> None:
    furnish(house)
    cloned(house)

    def secrets(project: str) -> dict[str, str]:
        with house.context.database.reading() as connection:
            owner = rows.by_name(connection, project)
            return {one.name: str(one.secret) for one in variable_rows.of_project(connection, owner.id) if one.secret}

    def value(version: str) -> str:
        with house.context.database.reading() as connection:
            return house.context.reveal(connection, version)  # type: ignore[arg-type]

    old, new = secrets("books"), secrets("shop")
    assert old.keys() == new.keys() and old["Key"] != new["Key"]
    assert value(new["Key"]) == "hidden-5"
    told = str(house.audit("project.cloned")) + str(exported(house))
    assert not any(f"hidden-{number}" in told for number in range(1, 11))


def test_a_deploy_key_and_a_webhook_are_made_anew(house: House) -> None:
    furnish(house)
    site = projects.get(house.context, ADMIN, "site").source
    made = cloned(house, "site", "site-two").project.source
    assert site is not None and made is not None
    assert made.deploy_key == "ssh-ed25519 fairlead-site-two" and made.deploy_key != site.deploy_key
    assert made.webhook != site.webhook and made.webhook_secret != site.webhook_secret


def test_one_without_a_repository_is_enabled_and_has_no_history(house: House) -> None:
    house.add_project("books")
    house.add_release("1.0.0")
    with house.context.database.transaction() as connection:
        owner = rows.by_name(connection, "books")
        rows.update(connection, replace(owner, source=None))
    made = cloned(house).project
    assert made.is_enabled and made.source is None
    assert not releases.page(house.context, ADMIN, "shop").items


def test_a_default_channel_that_was_removed_is_none_of_the_clone(house: House) -> None:
    house.add_project("books")
    channels.add(house.context, ADMIN, "books", ChannelWords("Stable", is_default=True))
    channels.remove(house.context, ADMIN, "books", "Default")
    cloned(house)
    assert [one.channel.name for one in channels.page(house.context, ADMIN, "shop").items] == ["Stable"]


def test_a_variable_for_a_runbook_is_for_the_runbook_of_the_clone(house: House) -> None:
    house.add_project("books")
    runbooks.put(house.context, ADMIN, "books", runbooks.Draft("Tidy", process=read_process("t.yml", TIDY)))
    variables.put(house.context, ADMIN, "books", "Only", "x", scope={Dimension.PROCESS: ["Tidy"]})
    cloned(house)
    with house.context.database.reading() as connection:
        owner = rows.by_name(connection, "shop")
        [one] = [one for one in variable_rows.of_project(connection, owner.id) if one.name == "Only"]
    assert one.scope[Dimension.PROCESS] == {runbooks.get(house.context, ADMIN, "shop", "Tidy").runbook.id}


@pytest.mark.parametrize(
    ("name", "new", "error"),
    [("books", "books", Conflict), ("books", "No Name", Invalid), ("nobody", "shop", NotFound)],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(house: House, name: str, new: str, error: type) -> None:
    house.add_project("books")
    before = house.rows()
    with pytest.raises(error):
        cloned(house, name, new)
    assert house.rows() == before


@pytest.mark.parametrize("lacks", [Permission.PROCESS_EDIT, Permission.VARIABLE_EDIT, Permission.RUNBOOK_EDIT])
def test_who_may_not_edit_the_original_has_no_clone_of_its_secrets(house: House, lacks: Permission) -> None:
    furnish(house)
    before = house.rows()
    with pytest.raises(NotAllowed):
        cloned(house, actor=replace(ADMIN, permissions=ADMIN.permissions - {lacks}))
    assert house.rows() == before
