"""Teams: who is in them, and which roles they hold in which scope."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, replace

from fairlead.domain import names
from fairlead.domain.actor import Actor
from fairlead.domain.errors import Invalid
from fairlead.domain.ids import EnvironmentId, GroupId, ProjectId, TeamId
from fairlead.domain.permission import Permission
from fairlead.domain.team import MOST_ROLES, Scope, Team, TeamRole
from fairlead.store import environments, groups, projects, roles, teams, tenants, users
from fairlead.store.database import Connection
from fairlead.store.shelf import Page
from fairlead.usecases.context import Context
from fairlead.usecases.roles import require_all


@dataclass(frozen=True, slots=True)
class HeldRole:
    """A role in its scope, by the names that people know; an empty tuple means everywhere."""

    role: str
    projects: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    tenants: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TeamView:
    """A team with the names of its members, and its roles as people know them. `by_groups` are members because of
    their groups at an identity provider."""

    team: Team
    members: tuple[str, ...]
    roles: tuple[HeldRole, ...]
    by_groups: tuple[str, ...] = ()


def page(
    context: Context, actor: Actor, *, search: str = "", after: str | None = None, limit: int = 50
) -> Page[TeamView]:
    """By name."""
    actor.require(Permission.USER_EDIT)
    with context.database.reading() as connection:
        part = teams.page(connection, search=search, after=after, limit=limit)
        return Page(tuple(_views(connection, part.items)), part.after)


def get(context: Context, actor: Actor, name: str) -> TeamView:
    """By name or id."""
    actor.require(Permission.USER_EDIT)
    with context.database.reading() as connection:
        return _views(connection, [teams.by_name_or_id(connection, name)])[0]


def add(
    context: Context,
    actor: Actor,
    name: str,
    *,
    description: str = "",
    members: Iterable[str] = (),
    held: Iterable[HeldRole] = (),
) -> TeamView:
    """A new one. Conflict `team.exists`; nobody gives a team what they do not hold themselves."""
    actor.require(Permission.USER_EDIT)
    with context.database.transaction() as connection:
        made = Team(
            TeamId(context.ids.new("tea")),
            names.title("team", name),
            context.clock.now(),
            description,
            _roles(connection, actor, held),
        )
        teams.insert(connection, made)
        teams.set_members(connection, made.id, [users.by_name(connection, member).id for member in members])
        view = _views(connection, [made])[0]
        context.note(connection, actor, "team.added", f"added the team {name}", thing=made.id, after=told(view))
    return view


def change(
    context: Context,
    actor: Actor,
    team: str,
    *,
    name: str | None = None,
    description: str | None = None,
    members: Iterable[str] | None = None,
    held: Iterable[HeldRole] | None = None,
    revision: int | None = None,
) -> TeamView:
    """What is given of it; with `revision` only if nobody changed it since, else Conflict `edit.conflict`. Where it is
    so already nothing is changed: its revision stays, and the audit has no word of it."""
    actor.require(Permission.USER_EDIT)
    with context.database.transaction() as connection:
        found = teams.by_name_or_id(connection, team)
        before = _views(connection, [found])[0]
        changed = replace(
            found,
            name=found.name if name is None else names.title("team", name),
            description=found.description if description is None else description,
            roles=found.roles if held is None else _roles(connection, actor, held),
            revision=found.revision if revision is None else revision,
        )
        joined = None if members is None else [users.by_name(connection, member) for member in members]
        if changed == found and (joined is None or {one.name for one in joined} == set(before.members)):
            return before
        saved = teams.update(connection, changed)
        if joined is not None:
            _require_what_it_gives(connection, actor, saved)
            teams.set_members(connection, saved.id, [one.id for one in joined])
        view = _views(connection, [saved])[0]
        context.note(
            connection,
            actor,
            "team.changed",
            f"changed the team {found.name}",
            thing=found.id,
            before=told(before),
            after=told(view),
        )
    return view


def remove(context: Context, actor: Actor, team: str) -> None:
    """Remove it: its members lose what it gave."""
    actor.require(Permission.USER_EDIT)
    with context.database.transaction() as connection:
        found = teams.by_name_or_id(connection, team)
        before = told(_views(connection, [found])[0])
        teams.delete(connection, found.id)
        context.note(connection, actor, "team.removed", f"removed the team {found.name}", thing=found.id, before=before)


def told(view: TeamView) -> dict[str, object]:
    """A team as the audit compares it."""
    return {
        "name": view.team.name,
        "description": view.team.description,
        "members": list(view.members),
        "roles": [_sentence(held) for held in view.roles],
    }


def _sentence(held: HeldRole) -> str:
    scope = {"projects": held.projects, "groups": held.groups, "environments": held.environments}
    scope |= {"tenants": held.tenants}
    words = [f"{kind} {', '.join(named)}" for kind, named in scope.items() if named]
    return f"{held.role} in {'; '.join(words) or 'everything'}"


def _roles(connection: Connection, actor: Actor, held: Iterable[HeldRole]) -> tuple[TeamRole, ...]:
    """As they are kept; one that stands there twice, in the same scope, is held once."""
    made: dict[object, TeamRole] = {}
    for one in held:
        role = roles.by_name_or_id(connection, one.role)
        require_all(actor, role.permissions)
        scope = Scope(
            tuple(ProjectId(projects.by_name_or_id(connection, name).id) for name in one.projects),
            tuple(GroupId(groups.by_name_or_id(connection, name).id) for name in one.groups),
            tuple(EnvironmentId(environments.by_name_or_id(connection, name).id) for name in one.environments),
            tuple(tenants.by_name_or_id(connection, name).id for name in one.tenants),
        )
        made.setdefault((role.id, *map(frozenset, astuple(scope))), TeamRole(role.id, scope))
    if len(made) > MOST_ROLES:
        raise Invalid("input.invalid", f"a team holds at most {MOST_ROLES} roles", thing="roles")
    return tuple(made.values())


def _require_what_it_gives(connection: Connection, actor: Actor, team: Team) -> None:
    for permissions in roles.permissions_of(connection, [held.role for held in team.roles]).values():
        require_all(actor, permissions)


def _views(connection: Connection, found: Sequence[Team]) -> list[TeamView]:
    """With names, in a constant number of looks."""
    members = teams.members_of(connection, [team.id for team in found])
    by_groups = teams.members_by_groups(connection, [team.id for team in found])
    known_projects, known_groups = projects.names(connection), groups.names(connection)
    places = {one.id: one.name for one in environments.all_of(connection)}
    known_tenants = tenants.names(connection)
    known_roles = {role.id: role.name for role in roles.all_of(connection)}
    return [
        TeamView(
            team,
            tuple(members[team.id]),
            tuple(
                HeldRole(
                    known_roles.get(held.role, held.role),
                    tuple(known_projects.get(id, id) for id in held.scope.projects),
                    tuple(known_groups.get(id, id) for id in held.scope.groups),
                    tuple(places.get(id, id) for id in held.scope.environments),
                    tuple(known_tenants.get(id, id) for id in held.scope.tenants),
                )
                for held in team.roles
            ),
            tuple(by_groups[team.id]),
        )
        for team in found
    ]
