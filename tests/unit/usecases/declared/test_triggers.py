"""Triggers as files: both ways, what is wrong at its line, and in a project's own repository."""

from __future__ import annotations

import pytest
from tests.unit.usecases.declaring import applied, exported, planned, told
from tests.unit.usecases.house import ADMIN, DIGEST, PROJECT_FILE, House

from fairlead.domain.errors import ProjectFileInvalid, Refused
from fairlead.domain.process import Action, Process, ProcessStep
from fairlead.domain.trigger import TriggerAction
from fairlead.usecases import projects, releases, runbooks, triggers
from fairlead.usecases.triggers import Draft

PATH = "projects/books/triggers.yml"
TRIGGERS = b"""triggers:
  - name: Nightly
    cron: 0 3 * * *
    zone: Europe/Berlin
    source: Test
    destination: Production
    channel: Default
    force: true
  - {name: Builds, cron: 0 5 * * 1, action: new-release, enabled: false}
"""


def test_a_file_makes_triggers_and_an_export_says_the_same(books: House) -> None:
    assert told(applied(books, {PATH: TRIGGERS})) == ["add trigger books: Nightly", "add trigger books: Builds"]
    found = triggers.get(books.context, ADMIN, "books", "Nightly")
    assert (found.source, found.destination, found.channel) == ("Test", "Production", "Default")
    assert found.trigger.is_forced and found.trigger.next_at
    builds = triggers.get(books.context, ADMIN, "books", "Builds").trigger
    assert (builds.action, builds.is_enabled, builds.next_at) == (TriggerAction.NEW_RELEASE, False, None)
    assert told(applied(books, {PATH: TRIGGERS})) == []
    assert told(planned(books, {PATH: exported(books)[PATH]}, prune=True)) == []
    assert told(applied(books, {PATH: TRIGGERS.replace(b"0 3", b"0 4")})) == ["change trigger books: Nightly"]
    assert told(applied(books, {PATH: b"triggers: []"}, prune=True)) == [
        "remove trigger books: Builds",
        "remove trigger books: Nightly",
    ]


def test_a_runbook_in_several_environments_is_taken_from_its_file_and_exported(books: House) -> None:
    steps = Process((ProcessStep("Tidy", (Action("Tidy", "script", {"script": "true"}),)),))
    runbooks.put(books.context, ADMIN, "books", runbooks.Draft("Tidy", process=steps))
    tidy = b"{name: Tidy, cron: '@daily', action: run-runbook, runbook: Tidy, environments: [Test, Production]}"
    file = b"triggers: [" + tidy + b"]"
    assert told(applied(books, {PATH: file})) == ["add trigger books: Tidy"]
    assert triggers.get(books.context, ADMIN, "books", "Tidy").environments == ("Test", "Production")
    assert told(planned(books, {PATH: exported(books)[PATH]})) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"0 3 * * *", b"0 30 * * *", f"{PATH}:3:5: triggers[0].cron: "),
        (b"Europe/Berlin", b"Europe/Bonn", f"{PATH}:4:5: triggers[0].zone: "),
        (b"Production", b"Prod", f"{PATH}:6:5: triggers[0].destination: "),
        (b"    destination: Production\n", b"", f"{PATH}:2:5: triggers[0].name: it deploys: where to?"),
        (b"channel: Default", b"channel: Defualt", f"{PATH}:7:5: triggers[0].channel: "),
        (b"new-release", b"dance", f"{PATH}:9:37: triggers[1].action: found 'dance'"),
    ],
)
def test_what_is_wrong_is_told_at_its_line(books: House, old: bytes, new: bytes, said: str) -> None:
    with pytest.raises(ProjectFileInvalid) as raised:
        planned(books, {PATH: TRIGGERS.replace(old, new)})
    assert said in str(raised.value.problems[0])


def test_a_repository_declares_triggers_and_nobody_else_changes_them(books: House) -> None:
    projects.change(books.context, ADMIN, "books", {"is_as_code": True})
    contents = {".fairlead/triggers.yml": TRIGGERS}
    contents["fairlead.yml"] = PROJECT_FILE.format(name="books", image=DIGEST, more="").encode()
    releases.create(books.context, ADMIN, "books", version="1.0.0", images={"web": DIGEST}, contents=contents)
    assert [one.trigger.name for one in triggers.all_of(books.context, ADMIN, "books")] == ["Builds", "Nightly"]
    for edit in (
        lambda: triggers.put(books.context, ADMIN, "books", Draft("Builds", "0 6 * * *", TriggerAction.NEW_RELEASE)),
        lambda: triggers.remove(books.context, ADMIN, "books", "Builds"),
    ):
        with pytest.raises(Refused) as refused:
            edit()
        assert refused.value.code == "project.as_code"
    assert PATH not in exported(books)
