"""Projects, and the line of releases that each begins with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from fairlead.domain.ids import GroupId, LifecycleId, ProjectId
from fairlead.domain.project import DEFAULT_POLL_S, Project
from fairlead.store.schema import data, flag, instant, key, link, metadata, number, text
from fairlead.store.shelf import Condition, Page, Shelf, holding

projects = sa.Table(
    "projects",
    metadata,
    key(),
    text("name", unique=True),
    link("lifecycle", "lifecycles.id"),
    instant("created_at"),
    text("title"),
    text("description"),
    data("source", nullable=True),
    data("forge", nullable=True),
    data("release_settings"),
    text("registry"),
    flag("is_enabled"),
    data("labels"),
    link("group", "groups.id", nullable=True, index=True),
    flag("is_as_code"),
    data("code_nouns"),
    text("tenancy"),
    number("revision"),
    text("webhook", nullable=True, unique=True),
)


def _webhook(project: Project) -> Mapping[str, object]:
    return {"webhook": (project.source.webhook or None) if project.source else None}


_shelf = Shelf(projects, Project, unknown="project.unknown", exists="project.exists", more=_webhook)
insert, get, find, update, delete = _shelf.insert, _shelf.get, _shelf.find, _shelf.update, _shelf.delete


def by_name(connection: sa.Connection, name: str) -> Project:
    """By name; NotFound `project.unknown`."""
    return _shelf.require(find_by_name(connection, name), name)


def find_by_name(connection: sa.Connection, name: str) -> Project | None:
    """By name; None where there is none."""
    return _shelf.one_by(connection, "name", name)


def by_name_or_id(connection: sa.Connection, text: str | Project) -> Project:
    """As people and programs name it; NotFound `project.unknown`. One that was read in this transaction is it."""
    if isinstance(text, Project):
        return text
    return _shelf.require(_shelf.find_named(connection, text), text)


def named(connection: sa.Connection, text: str) -> Project | None:
    """By name or id; None where there is none."""
    return _shelf.find_named(connection, text)


def by_webhook(connection: sa.Connection, webhook: str) -> Project | None:
    """Whose webhook's address this is; None where nobody's."""
    return _shelf.one(connection, projects.c.webhook == webhook)


def all_of(connection: sa.Connection) -> tuple[Project, ...]:
    """All, by name."""
    return _shelf.where(connection, order=projects.c.name)


def fitting(*, search: str = "", group: GroupId | None = None) -> list[Condition]:
    """Conditions: a part of the name, the project group."""
    return holding(projects.c.name, search) + ([projects.c.group == group] if group else [])


def page(connection: sa.Connection, *conditions: Condition, after: str | None = None, limit: int = 50) -> Page[Project]:
    """Those that fit, by name, a part at a time. `after` is the last name of the part before."""
    return _shelf.page(connection, *conditions, after=after, limit=limit, by="name", newest_first=False)


def polled(connection: sa.Connection) -> list[tuple[ProjectId, str, float]]:
    """Id, name and seconds between two looks of those that come from a repository and are enabled. It is asked each
    second, so nothing more of them is read; what equals its default is not in the row."""
    fitting = (projects.c.source.is_not(sa.null()), projects.c.is_enabled)
    every_s = sa.func.coalesce(projects.c.source["poll_s"].as_float(), DEFAULT_POLL_S)
    rows = connection.execute(sa.select(projects.c.id, projects.c.name, every_s).where(*fitting))
    return [(ProjectId(id), name, every_s) for id, name, every_s in rows]


def without_source(connection: sa.Connection) -> tuple[Project, ...]:
    """Those whose releases come from outside, and that are enabled."""
    enabled = _shelf.where(connection, projects.c.is_enabled)
    return tuple(project for project in enabled if project.source is None)


def names(connection: sa.Connection, ids: Iterable[str] | None = None) -> dict[ProjectId, str]:
    """Name of each, by id; with `ids` of these alone."""
    statement = sa.select(projects.c.id, projects.c.name)
    if ids is not None:
        wanted = set(ids)
        if not wanted:
            return {}
        statement = statement.where(projects.c.id.in_(wanted))
    return {ProjectId(id): name for id, name in connection.execute(statement).all()}


def count(connection: sa.Connection) -> int:
    """How many there are."""
    return _shelf.count(connection)


def following(connection: sa.Connection, lifecycles: Iterable[LifecycleId]) -> dict[LifecycleId, list[str]]:
    """The names of those that follow each of these lifecycles, in order; one query."""
    c = projects.c
    statement = sa.select(c.lifecycle, c.name).where(c.lifecycle.in_(set(lifecycles))).order_by(c.name)
    found: dict[LifecycleId, list[str]] = {}
    for line, name in connection.execute(statement):
        found.setdefault(LifecycleId(line), []).append(name)
    return found
