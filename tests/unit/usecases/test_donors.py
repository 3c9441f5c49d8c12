"""A donor of version numbers is something that the project's releases have, as far as that is known."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.usecases.declaring import applied, planned
from tests.unit.usecases.house import ADMIN, House

from fairlead.domain.errors import Invalid, ProjectFileInvalid
from fairlead.domain.process import Action, Process, ProcessStep
from fairlead.usecases import processes, projects, release_settings

PROCESS = Process(
    (
        ProcessStep("Measure", (Action("Measure", "script", {"package": "Tools", "file": "measure.sh"}),)),
        ProcessStep("Shop", (Action("Ship", "deploy-release", {"project": "books"}),)),
    )
)
FILES = {
    "projects/jobs/process.yml": b"""steps:
  - name: Measure
    actions: [{name: Measure, kind: script, properties: {package: Tools, file: measure.sh}}]
"""
}


def donate(house: House, project: str, donor: str, **more: object) -> None:
    held = release_settings.get(house.context, ADMIN, project).settings
    wanted = replace(held, donor=donor, **more)  # type: ignore[arg-type]
    release_settings.put(house.context, ADMIN, project, wanted)


def refusal(house: House, project: str, donor: str) -> Invalid:
    with pytest.raises(Invalid) as raised:
        donate(house, project, donor)
    assert raised.value.code == "release.donor_unknown"
    return raised.value


def test_packages_and_steps_of_the_process_are_donors_and_nothing_else_is(books: House) -> None:
    projects.add(books.context, ADMIN, "jobs")
    processes.put(books.context, ADMIN, "jobs", PROCESS)
    said = refusal(books, "jobs", "tools")
    assert "no service of jobs" in said.message and "'tools'" in said.message
    assert said.hint == "there are Tools, Ship", "spelled as a release asks for it"
    refusal(books, "jobs", "Measure")
    for donor in ("Tools", "Ship", ""):
        donate(books, "jobs", donor)
        assert release_settings.get(books.context, ADMIN, "jobs").settings.donor == donor


def test_services_are_those_of_the_latest_release_and_before_it_any_name_is_taken(books: House) -> None:
    donate(books, "books", "api")  # nobody knows what the first release will have
    books.add_release("1.0.0")
    donate(books, "books", "api", notes_template="what is not changed is not asked")
    donate(books, "books", "web")
    said = refusal(books, "books", "wbe")
    assert "there are web" in said.hint
    assert ("pushed first" in said.hint) == (projects.get(books.context, ADMIN, "books").source is not None)


def test_files_are_asked_when_all_of_them_is_done(books: House) -> None:
    brought = {**FILES, "projects/jobs/project.yml": b"title: Jobs\nreleases:\n  donor: Tools\n"}
    planned(books, brought)
    applied(books, brought)
    assert release_settings.get(books.context, ADMIN, "jobs").settings.donor == "Tools"
    wrong = {**FILES, "projects/jobs/project.yml": b"title: Jobs\nreleases:\n  donor: Tolls\n"}
    for act in (planned, applied):
        with pytest.raises(ProjectFileInvalid) as raised:
            act(books, wrong)
        assert raised.value.code == "release.donor_unknown"
        assert (raised.value.problems[0].line, "there are Tools" in raised.value.problems[0].expected) == (3, True)
    assert release_settings.get(books.context, ADMIN, "jobs").settings.donor == "Tools"
