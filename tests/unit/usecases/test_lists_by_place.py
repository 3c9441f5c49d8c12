"""Lists of what happens are narrowed to a place by names or ids, before they are cut into parts."""

from __future__ import annotations

import pytest
from tests.unit.usecases.house import VIEWER, House

from fairlead.domain.errors import NotFound
from fairlead.usecases import approvals, environments, tasks


@pytest.fixture
def places(books: House) -> House:
    """A project that is live in Test, and waits for an answer in Production; and another without anything."""
    books.add_project("empty")
    books.add_release("1.0.0")
    books.go_live("1.0.0")
    return books


def test_tasks_are_listed_by_environment_and_tenant(places: House) -> None:
    def shown(**wanted: str) -> set[str | None]:
        return {one.environment for one in tasks.page(places.context, VIEWER, **wanted).items}  # type: ignore[arg-type]

    assert shown() == shown(environment="test") == shown(environment="Test", project="books") == {"Test"}
    assert shown(environment="Production") == shown(environment="Test", project="empty") == set()
    for wanted in ({"environment": "Nowhere"}, {"tenant": "Nobody"}):
        with pytest.raises(NotFound):
            shown(**wanted)


def test_approvals_are_listed_by_project_environment_and_tenant(places: House) -> None:
    def shown(**wanted: str) -> list[str]:
        found = approvals.page(places.context, VIEWER, **wanted).items  # type: ignore[arg-type]
        return [one.of.project for one in found]

    production = next(one for one in environments.all_of(places.context, VIEWER) if one.name == "Production")
    assert shown() == shown(project="books", environment="Production") == shown(environment=production.id) == ["books"]
    assert shown(environment="Test") == shown(project="empty") == []
    for wanted in ({"project": "nowhere"}, {"environment": "Nowhere"}, {"tenant": "Nobody"}):
        with pytest.raises(NotFound):
            shown(**wanted)
