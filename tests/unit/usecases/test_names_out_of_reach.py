"""What a thing of the installation tells of projects stops at those that its asker may view."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.usecases.house import ADMIN, House

from fairlead.domain.actor import Actor
from fairlead.domain.grant import Grant
from fairlead.domain.ids import ActorId
from fairlead.domain.permission import Permission
from fairlead.store import projects
from fairlead.usecases import library_sets, lifecycles, tenants


class TwoProjects:
    """Two projects that share all that can be shared, and eve, who may view and edit in the first alone."""

    def __init__(self, house: House) -> None:
        self.context = house.context
        for name in ("seen", "hidden"):
            house.add_project(name)
        library_sets.add(self.context, ADMIN, "Mail")
        for name in ("seen", "hidden"):
            library_sets.include(self.context, ADMIN, name, "Mail")
        self.acme = tenants.Draft("Acme", connections={"seen": ["Test"], "hidden": ["Test", "Production"]})
        tenants.put(self.context, ADMIN, self.acme)
        allowed = frozenset({Permission.VIEW, Permission.PROJECT_EDIT, Permission.TENANT_EDIT})
        with self.context.database.reading() as connection:
            seen = projects.by_name(connection, "seen").id
        self.eve = Actor(
            ActorId("usr-eve"), "eve", "user", frozenset(), via="test", grants=(Grant(allowed, frozenset({seen})),)
        )
        self.bob = Actor(
            ActorId("usr-bob"),
            "bob",
            "user",
            frozenset({Permission.TENANT_EDIT}),
            via="test",
            grants=(Grant(frozenset({Permission.VIEW}), frozenset({seen})),),
        )


@pytest.fixture
def two(tmp_path: Path) -> TwoProjects:
    return TwoProjects(House(tmp_path))


def test_a_list_names_no_project_that_its_reader_may_not_view(two: TwoProjects) -> None:
    told = (
        library_sets.page(two.context, two.eve),
        library_sets.get(two.context, two.eve, "Mail"),
        tenants.page(two.context, two.eve),
        lifecycles.of_project(two.context, two.eve, "seen"),
        lifecycles.use(two.context, two.eve, "seen", "Default"),
    )
    for one in told:
        assert "'seen'" in repr(one) and "'hidden'" not in repr(one), one


def test_who_may_view_all_is_told_all(two: TwoProjects) -> None:
    assert library_sets.get(two.context, ADMIN, "Mail").projects == ("hidden", "seen")
    assert set(tenants.page(two.context, ADMIN).items[0].connections) == {"seen", "hidden"}


def test_what_a_tenants_editor_was_not_shown_stays(two: TwoProjects) -> None:
    told = tenants.put(two.context, two.bob, tenants.Draft("Acme", connections={}))
    assert told.connections == {}
    assert tenants.page(two.context, ADMIN).items[0].connections == {"hidden": ("Test", "Production")}
