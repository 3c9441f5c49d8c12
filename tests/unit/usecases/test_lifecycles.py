"""Lifecycles as people edit them, and what they do to deployments."""

from __future__ import annotations

import pytest
from tests.unit.usecases.house import ADMIN, House

from fairlead.domain.deployment import DeploymentState
from fairlead.domain.errors import Conflict, Invalid
from fairlead.domain.retention import Keep
from fairlead.formats.phase_lines import read
from fairlead.usecases import deployments, environments, lifecycles
from fairlead.usecases.lifecycles import Draft


def draft(name: str, *lines: str) -> Draft:
    return Draft(name, [read(line) for line in lines], "for tests", Keep(releases=3))


def test_one_is_made_shown_changed_and_removed(house: House) -> None:
    made = lifecycles.add(house.context, ADMIN, draft("Fast", "Test: Test; automatic", "Rest:; approval; minimum 1"))
    assert [phase.environments for phase in made.resolved] == [("Test",), ("Production",)]
    assert made.lifecycle.releases == Keep(releases=3)
    environments.add(house.context, ADMIN, "Archive")
    again = lifecycles.get(house.context, ADMIN, "Fast")
    assert again.resolved[1].environments == ("Production", "Archive")
    assert again.phases[1].environments == ()
    changed = lifecycles.change(house.context, ADMIN, "Fast", draft("Slow", "Test: Test"), revision=1)
    assert (changed.lifecycle.id, changed.lifecycle.name) == (made.lifecycle.id, "Slow")
    with pytest.raises(Conflict) as stale:
        lifecycles.change(house.context, ADMIN, "Slow", draft("Slow"), revision=1)
    assert stale.value.code == "edit.conflict"
    lifecycles.remove(house.context, ADMIN, "Slow")
    assert [one.lifecycle.name for one in lifecycles.all_of(house.context, ADMIN)] == ["Default"]
    assert [event.kind for event in house.audit("lifecycle.removed")] == ["lifecycle.removed"]


def test_names_are_unique_and_what_is_followed_stays(house: House) -> None:
    house.add_project()
    with pytest.raises(Conflict) as taken:
        lifecycles.add(house.context, ADMIN, draft("Default"))
    assert taken.value.code == "lifecycle.exists"
    with pytest.raises(Conflict) as used:
        lifecycles.remove(house.context, ADMIN, "Default")
    assert used.value.code == "lifecycle.in_use" and "books" in used.value.message
    with pytest.raises(Invalid):
        lifecycles.add(house.context, ADMIN, draft(" "))


def test_a_project_follows_the_one_that_it_is_given(books: House) -> None:
    lifecycles.add(books.context, ADMIN, draft("Both", "All: Test, Production; minimum 1", "Late: "))
    assert lifecycles.use(books.context, ADMIN, "books", "Both").projects == ("books",)
    assert lifecycles.of_project(books.context, ADMIN, "books").lifecycle.name == "Both"
    books.add_release("1.0.0")
    assert books.deployments("1.0.0", "Test") == (), "nothing is automatic"
    view = deployments.create(books.context, ADMIN, "books", "1.0.0", "Production")
    assert view.deployment.state is DeploymentState.QUEUED, "no phase asks for approval"


def test_an_environment_behind_production_takes_no_approval_away_and_asks_too(books: House) -> None:
    archive = environments.add(books.context, ADMIN, "Archive")
    staging = environments.add(books.context, ADMIN, "Staging", order=2)
    assert (archive.asks_approval, staging.asks_approval) == (True, False)
    books.add_release("1.0.0")
    books.go_live("1.0.0", "Test")
    deployments.create(books.context, ADMIN, "books", "1.0.0", "Staging")
    books.go_live("1.0.0", "Staging")
    assert books.deployment("1.0.0", "Production").state is DeploymentState.WAITING


def test_whether_an_environment_asks_is_a_choice_and_audited(books: House) -> None:
    changed = environments.change(books.context, ADMIN, "Production", asks_approval=False)
    assert not changed.asks_approval
    [event] = books.audit("environment.changed")
    assert "no approval" in event.message
    books.add_release("1.0.0")
    books.go_live("1.0.0", "Test")
    assert books.deployments("1.0.0", "Production") == (), "neither automatic nor asked about"
    with pytest.raises(Conflict):
        environments.change(books.context, ADMIN, "Production", description="x", revision=1)


def test_an_environment_in_a_phase_is_not_removed(house: House) -> None:
    environments.add(house.context, ADMIN, "Lab")
    lifecycles.add(house.context, ADMIN, draft("Fast", "Lab: Lab"))
    with pytest.raises(Conflict) as refused:
        environments.remove(house.context, ADMIN, "Lab")
    assert "Fast" in refused.value.message
