"""Teams: what their members may where, and that nobody gives what they do not hold."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa
from tests.unit.usecases.house import ADMIN, House

from fairlead.domain.actor import Actor
from fairlead.domain.errors import Conflict, FairleadError, Invalid, NotAllowed, NotFound, Refused
from fairlead.domain.permission import Permission
from fairlead.domain.role import BUILT_IN
from fairlead.usecases import access, groups, projects, roles, teams, users
from fairlead.usecases.teams import HeldRole


def key_of(house: House, name: str = "robot") -> str:
    """A service account that may nothing of itself; its key."""
    users.add_service_account(house.context, ADMIN, name)
    return users.add_service_key(house.context, ADMIN, name, "tests").text


def asking(house: House, key: str) -> Actor:
    found = access.by_key(house.context, key, address="192.0.2.7")
    assert found is not None
    return found


def place(house: House, name: str) -> str:
    with house.database.reading() as connection:
        statement = sa.text("select id from environments where name = :name")
        return str(connection.execute(statement, {"name": name}).scalar_one())


def test_a_member_may_what_the_team_holds_where_it_holds_it(house: House) -> None:
    books, shop = house.add_project("books"), house.add_project("shop")
    key = key_of(house)
    assert not asking(house, key).may_somewhere(Permission.VIEW)
    held = HeldRole("Project deployer", projects=("books",), environments=("Test",))
    teams.add(house.context, ADMIN, "Books", members=["robot"], held=[held])
    robot, test = asking(house, key), place(house, "Test")
    assert robot.may(Permission.DEPLOYMENT_CREATE, project=books.id, environment=test)
    assert not robot.may(Permission.DEPLOYMENT_CREATE, project=books.id, environment=place(house, "Production"))
    assert not robot.may(Permission.DEPLOYMENT_CREATE, project=shop.id, environment=test)
    assert not robot.may_somewhere(Permission.USER_EDIT)


def test_a_scope_by_group_covers_the_projects_that_are_in_it_now(house: House) -> None:
    groups.add(house.context, ADMIN, "Shops")
    books = house.add_project("books")
    key = key_of(house)
    teams.add(house.context, ADMIN, "T", members=["robot"], held=[HeldRole("Project lead", groups=("Shops",))])
    assert not asking(house, key).may(Permission.RELEASE_CREATE, project=books.id)
    projects.change(house.context, ADMIN, "books", {"group": "Shops"})
    assert asking(house, key).may(Permission.RELEASE_CREATE, project=books.id)
    added = projects.add(house.context, asking(house, key), "more", group="Shops").project
    assert asking(house, key).may(Permission.RELEASE_CREATE, project=added.id)
    for group in ("", "Others"):
        if group:
            groups.add(house.context, ADMIN, group)
        with pytest.raises(NotAllowed):
            projects.add(house.context, asking(house, key), "elsewhere", group=group)
        with pytest.raises(NotAllowed):
            projects.change(house.context, asking(house, key), "books", {"group": group})


def test_roles_without_a_scope_hold_everywhere(house: House) -> None:
    key = key_of(house)
    teams.add(house.context, ADMIN, "All", members=["robot"], held=[HeldRole("viewer"), HeldRole("Release creator")])
    robot = asking(house, key)
    assert robot.permissions == {Permission.VIEW, Permission.RELEASE_CREATE}
    assert robot.grants == ()


def test_who_leaves_a_team_or_whose_team_is_removed_loses_what_it_gave_at_once(house: House) -> None:
    key = key_of(house)
    made = teams.add(house.context, ADMIN, "All", members=["robot"], held=[HeldRole("viewer")])
    assert asking(house, key).may(Permission.VIEW)
    teams.change(house.context, ADMIN, made.team.id, members=[])
    assert not asking(house, key).may(Permission.VIEW)
    teams.change(house.context, ADMIN, made.team.id, members=["robot"])
    teams.remove(house.context, ADMIN, "All")
    assert not asking(house, key).may(Permission.VIEW)


def test_nobody_gives_what_they_do_not_hold(house: House) -> None:
    keeper = replace(ADMIN, permissions=frozenset({Permission.USER_EDIT, Permission.VIEW}))
    strong = teams.add(house.context, ADMIN, "Strong", held=[HeldRole("administrator")])
    users.add_service_account(house.context, ADMIN, "boss", role="administrator")
    users.add_service_account(house.context, ADMIN, "lowly")
    for ask in (
        lambda: teams.add(house.context, keeper, "New", held=[HeldRole("administrator")]),
        lambda: teams.change(house.context, keeper, strong.team.id, members=["admin"]),
        lambda: roles.add(house.context, keeper, "Mine", [one.value for one in Permission]),
        lambda: users.change(house.context, keeper, "lowly", role="administrator"),
        lambda: users.add_service_key(house.context, keeper, "boss", "mine"),
        lambda: users.add_service_account(house.context, keeper, "other", role="administrator"),
        lambda: access.add_user(house.context, keeper, "other", role="administrator"),
    ):
        before = house.rows()
        with pytest.raises(NotAllowed):
            ask()
        assert house.rows() == before
    teams.add(house.context, keeper, "Lookers", held=[HeldRole("viewer")], members=["boss"])


def test_an_own_role_is_as_good_as_a_built_in_one(house: House) -> None:
    roles.add(house.context, ADMIN, "Releaser", ["release.create"], description="makes releases")
    key = key_of(house)
    teams.add(house.context, ADMIN, "T", members=["robot"], held=[HeldRole("Releaser")])
    assert asking(house, key).permissions == {Permission.RELEASE_CREATE}
    roles.change(house.context, ADMIN, "Releaser", permissions=["run.start"])
    assert asking(house, key).permissions == {Permission.RUN_START}
    with pytest.raises(Conflict) as raised:
        roles.remove(house.context, ADMIN, "Releaser")
    assert raised.value.code == "role.in_use"
    teams.change(house.context, ADMIN, "T", held=[])
    roles.remove(house.context, ADMIN, "Releaser")


def test_a_built_in_role_stays_as_it_is(house: House) -> None:
    for ask in (roles.remove, roles.change):
        with pytest.raises(Refused) as raised:
            ask(house.context, ADMIN, "project-lead")
        assert raised.value.code == "role.built_in"
    with pytest.raises(Conflict):
        roles.add(house.context, ADMIN, "Project Lead", ["view"])
    assert len({role.id for role in BUILT_IN}) == len({role.name for role in BUILT_IN}) == len(BUILT_IN)


@pytest.mark.parametrize(
    ("code", "held"),
    [
        ("role.unknown", HeldRole("none-such")),
        ("project.unknown", HeldRole("viewer", projects=("none",))),
        ("group.unknown", HeldRole("viewer", groups=("none",))),
        ("environment.unknown", HeldRole("viewer", environments=("none",))),
    ],
)
def test_what_a_team_names_must_be_there(house: House, code: str, held: HeldRole) -> None:
    before = house.rows()
    with pytest.raises(FairleadError) as raised:
        teams.add(house.context, ADMIN, "T", held=[held])
    assert raised.value.code == code
    assert house.rows() == before


def test_a_team_is_changed_only_as_it_was_read(house: House) -> None:
    made = teams.add(house.context, ADMIN, "Équipe 1", held=[HeldRole("viewer")])
    teams.change(house.context, ADMIN, made.team.id, description="ours", revision=made.team.revision)
    with pytest.raises(Conflict) as raised:
        teams.change(house.context, ADMIN, made.team.id, description="theirs", revision=made.team.revision)
    assert raised.value.code == "edit.conflict"
    with pytest.raises(Invalid):
        teams.change(house.context, ADMIN, made.team.id, name="a/b")
    with pytest.raises(Conflict):
        teams.add(house.context, ADMIN, "Équipe 1")
    with pytest.raises(NotFound):
        teams.get(house.context, ADMIN, "Équipe 2")


def test_the_audit_tells_what_changed_in_a_team(house: House) -> None:
    house.add_project("books")
    teams.add(house.context, ADMIN, "T", members=["admin"])
    teams.change(house.context, ADMIN, "T", held=[HeldRole("viewer", projects=("books",))])
    [change] = house.audit("team.changed")[0].difference
    assert (change.path, change.new) == ("roles", '["Viewer in projects books"]')


def test_a_group_with_projects_stays(house: House) -> None:
    groups.add(house.context, ADMIN, "Shops")
    projects.add(house.context, ADMIN, "books", group="Shops")
    with pytest.raises(Conflict) as raised:
        groups.remove(house.context, ADMIN, "Shops")
    assert raised.value.code == "group.in_use"
    assert [one.name for one in projects.page(house.context, ADMIN, group="Shops").items] == ["books"]
    projects.change(house.context, ADMIN, "books", {"group": ""})
    assert projects.page(house.context, ADMIN, group="Shops").items == ()
    groups.remove(house.context, ADMIN, "Shops")


def test_what_somebody_may_is_known_in_a_constant_number_of_looks(house: House) -> None:
    key = key_of(house)
    access.by_key(house.context, key, address="")  # the first use of a minute is noted

    def looks() -> int:
        told: list[str] = []
        listener = lambda connection, cursor, statement, *_: told.append(statement)  # noqa: E731
        sa.event.listen(house.database.engine, "before_cursor_execute", listener)
        access.by_key(house.context, key, address="")
        sa.event.remove(house.database.engine, "before_cursor_execute", listener)
        return len([one for one in told if one.lstrip().lower().startswith("select")])

    assert looks() == 3  # the key, the user, and that they are in no team
    roles.add(house.context, ADMIN, "Own", ["view"])
    many = []
    for number in range(20):
        groups.add(house.context, ADMIN, f"Group {number}")
        house.add_project(f"p{number}")
        held = [HeldRole("Own", groups=(f"Group {number}",)), HeldRole("viewer", projects=(f"p{number}",))]
        teams.add(house.context, ADMIN, f"Team {number}", members=["robot"], held=held)
        many.append(looks())
    assert set(many) == {5}


def test_what_a_team_holds_already_is_not_given_twice(house: House) -> None:
    house.add_project("books")
    teams.add(house.context, ADMIN, "Books", held=[HeldRole("viewer", ("books",), (), ("Test", "Production"))])
    before = teams.get(house.context, ADMIN, "Books")
    again = HeldRole("viewer", ("books", "books"), (), ("Production", "Test"))
    noted = len(house.audit("team.changed"))
    same = teams.change(house.context, ADMIN, "Books", held=[*before.roles, again], revision=before.team.revision)
    assert same == before and len(house.audit("team.changed")) == noted
    with pytest.raises(Conflict):
        teams.change(house.context, ADMIN, "Books", held=[*before.roles, again], revision=before.team.revision + 1)
    more = teams.change(house.context, ADMIN, "Books", held=[*before.roles, again, HeldRole("viewer", ("books",))])
    assert len(more.roles) == 2, "another scope is something else"


def test_who_is_in_it_joins_it_without_a_change(house: House) -> None:
    users.add_service_account(house.context, ADMIN, "robot")
    users.add_service_account(house.context, ADMIN, "other")
    made = teams.add(house.context, ADMIN, "Team", members=["robot", "other"])
    told = len(house.audit())
    same = teams.change(house.context, ADMIN, "Team", members=["other", "robot", "robot"])
    assert (same.team.revision, len(house.audit())) == (made.team.revision, told)
    fewer = teams.change(house.context, ADMIN, "Team", members=["robot"])
    assert (fewer.members, fewer.team.revision) == (("robot",), made.team.revision + 1)
