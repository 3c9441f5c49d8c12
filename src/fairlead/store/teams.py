"""Teams, their members, and what they make of somebody who asks."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import sqlalchemy as sa

from fairlead.domain.grant import Grant
from fairlead.domain.ids import ActorId, ProviderId, RoleId, TeamId
from fairlead.domain.team import Team, TeamRole, grants_of
from fairlead.store import groups, roles
from fairlead.store.rows import nouns
from fairlead.store.schema import data, instant, key, metadata, number, text
from fairlead.store.shelf import Page, Shelf
from fairlead.store.users import users

teams = sa.Table(
    "teams",
    metadata,
    key(),
    text("name", unique=True),
    instant("created_at"),
    text("description"),
    data("roles"),
    number("revision"),
)

team_members = sa.Table(
    "team_members",
    metadata,
    sa.Column("team", sa.Text, sa.ForeignKey("teams.id"), primary_key=True),
    sa.Column("user", sa.Text, sa.ForeignKey("users.id"), primary_key=True, index=True),
)

group_members = sa.Table(
    "group_members",
    metadata,
    sa.Column("provider", sa.Text, sa.ForeignKey("identity_providers.id"), primary_key=True),
    sa.Column("team", sa.Text, sa.ForeignKey("teams.id"), primary_key=True, index=True),
    sa.Column("user", sa.Text, sa.ForeignKey("users.id"), primary_key=True, index=True),
)
"""Who is in a team because of a group at an identity provider: apart from those whom somebody put there."""

_shelf = Shelf(teams, Team, unknown="team.unknown", exists="team.exists")
insert, get, find, update = _shelf.insert, _shelf.get, _shelf.find, _shelf.update


def by_name_or_id(connection: sa.Connection, text: str) -> Team:
    """As people and programs name it; NotFound `team.unknown`."""
    return _shelf.require(_shelf.find_named(connection, text), text)


def names(connection: sa.Connection, ids: Iterable[str]) -> dict[str, str]:
    """Their names by id."""
    c = teams.c
    statement = sa.select(c.id, c.name).where(c.id.in_(set(ids)))
    return dict(connection.execute(statement).all())


def scope_of(connection: sa.Connection, id: str) -> tuple[Grant, ...] | None:
    """What being in the team gives; None where there is no such team."""
    found = find(connection, id)
    return None if found is None else _grants(connection, list(found.roles))


def addresses_of(connection: sa.Connection, id: str) -> tuple[str, ...]:
    """The mail addresses of its members, by hand and by group, who may come in and have one."""
    by_hand, by_group = team_members.c, group_members.c
    members = sa.union(
        sa.select(by_hand.user).where(by_hand.team == id), sa.select(by_group.user).where(by_group.team == id)
    )
    mine = (users.c.id.in_(members), users.c.is_enabled, users.c.email != "")
    statement = sa.select(users.c.email).where(*mine).order_by(users.c.name)
    return tuple(connection.execute(statement).scalars())


def page(connection: sa.Connection, *, search: str = "", after: str | None = None, limit: int = 50) -> Page[Team]:
    """By name; `after` is the last name of the part before."""
    return _shelf.page_by_name(connection, search=search, after=after, limit=limit)


def delete(connection: sa.Connection, id: TeamId) -> None:
    """The team is gone, its members have its roles no more."""
    for members in (team_members, group_members):
        connection.execute(sa.delete(members).where(members.c.team == id))
    _shelf.delete(connection, id)


def members_of(connection: sa.Connection, ids: Iterable[TeamId]) -> dict[TeamId, list[str]]:
    """The names of the members whom somebody put into each team, in one look."""
    return _named(connection, ids, team_members)


def members_by_groups(connection: sa.Connection, ids: Iterable[TeamId]) -> dict[TeamId, list[str]]:
    """The names of the members whom a group at an identity provider put into each team, in one look."""
    return _named(connection, ids, group_members)


def _named(connection: sa.Connection, ids: Iterable[TeamId], members: sa.Table) -> dict[TeamId, list[str]]:
    found: dict[TeamId, list[str]] = {id: [] for id in ids}
    c = members.c
    statement = sa.select(c.team, users.c.name).join(users, users.c.id == c.user).where(c.team.in_(list(found)))
    for team, name in connection.execute(statement.distinct().order_by(users.c.name)):
        found[TeamId(team)].append(name)
    return found


def set_members(connection: sa.Connection, team: TeamId, members: Iterable[ActorId]) -> None:
    """These, and no others."""
    connection.execute(sa.delete(team_members).where(team_members.c.team == team))
    rows = [{"team": team, "user": user} for user in dict.fromkeys(members)]
    if rows:
        connection.execute(sa.insert(team_members), rows)


def put_by_groups(connection: sa.Connection, provider: ProviderId, user: ActorId, wanted: Iterable[TeamId]) -> bool:
    """The provider's groups put the user into these teams, and no others; whether that is new."""
    c = group_members.c
    mine = (c.provider == provider, c.user == user)
    held, asked = set(connection.execute(sa.select(c.team).where(*mine)).scalars()), set(wanted)
    if held - asked:
        connection.execute(sa.delete(group_members).where(*mine, c.team.in_(held - asked)))
    if asked - held:
        rows = [{"provider": provider, "team": team, "user": user} for team in sorted(asked - held)]
        connection.execute(sa.insert(group_members), rows)
    return held != asked


def end_by_groups(connection: sa.Connection, provider: ProviderId, *, but: Iterable[TeamId] = ()) -> int:
    """The provider's groups put nobody into teams any more, but into these; how many memberships ended."""
    c = group_members.c
    return connection.execute(sa.delete(group_members).where(c.provider == provider, c.team.not_in(list(but)))).rowcount


def with_role(connection: sa.Connection, role: RoleId) -> tuple[Team, ...]:
    """The teams that hold it."""
    return tuple(team for team in _shelf.where(connection) if any(held.role == role for held in team.roles))


def names_of(connection: sa.Connection, user: ActorId) -> tuple[str, ...]:
    """The teams that the user is in."""
    statement = sa.select(teams.c.name).where(_has_member(sa.literal(user))).order_by(teams.c.name)
    return tuple(connection.execute(statement).scalars())


@cache
def _of_user() -> sa.Select[Any]:
    return sa.select(teams).where(_has_member(sa.bindparam("user", type_=sa.Text)))


def _has_member(user: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    by_hand, by_group = team_members.c, group_members.c
    mine = sa.union(
        sa.select(by_hand.team).where(by_hand.user == user), sa.select(by_group.team).where(by_group.user == user)
    )
    return teams.c.id.in_(mine)


def grants_for(connection: sa.Connection, user: ActorId) -> tuple[Grant, ...]:
    """What the user's teams give. One look for somebody in no team; at most three, however many teams and scopes."""
    found = nouns(Team, connection.execute(_of_user(), {"user": user}))
    return _grants(connection, [role for team in found for role in team.roles])


def _grants(connection: sa.Connection, held: list[TeamRole]) -> tuple[Grant, ...]:
    if not held:
        return ()
    named = {group for role in held for group in role.scope.groups}
    grouped = groups.projects_in(connection, named) if named else {}
    return grants_of(held, roles.permissions_of(connection, [role.role for role in held]), grouped)
