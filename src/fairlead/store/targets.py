"""Targets of the installation."""

from __future__ import annotations

import json
from collections.abc import Iterable

import sqlalchemy as sa

from fairlead.domain.ids import EnvironmentId
from fairlead.domain.target import Target, TargetKind
from fairlead.store.schema import data, flag, instant, key, metadata, number, text
from fairlead.store.shelf import Condition, Page, Shelf

targets = sa.Table(
    "targets",
    metadata,
    key(),
    text("name"),
    text("kind"),
    instant("created_at"),
    data("environments"),
    data("tags"),
    flag("is_enabled"),
    data("ssh", nullable=True),
    text("description"),
    text("created_by"),
    text("tenancy"),
    data("tenants"),
    data("tenant_tags"),
    number("revision"),
    text("name_key", unique=True),
    text("tag_keys"),
    text("environment_keys"),
)


def _keys(target: Target) -> dict[str, object]:
    """What is looked for: names and tags are the same whatever their case."""
    return {
        "name_key": target.name.lower(),
        "tag_keys": _listed(tag.lower() for tag in target.tags),
        "environment_keys": _listed(target.environments),
    }


def _listed(words: Iterable[str]) -> str:
    return f"|{'|'.join(words)}|"


_shelf = Shelf(targets, Target, unknown="target.unknown", exists="target.exists", more=_keys)
insert, get, find, update, delete = _shelf.insert, _shelf.get, _shelf.find, _shelf.update, _shelf.delete


def all_of(connection: sa.Connection) -> tuple[Target, ...]:
    """All, by name."""
    return _shelf.where(connection, order=targets.c.name_key)


def names(connection: sa.Connection) -> dict[str, str]:
    """The names of all by id, by name: for what names many of them, or asks which there are."""
    found = connection.execute(sa.select(targets.c.id, targets.c.name).order_by(targets.c.name_key))
    return dict(found.all())


def tags(connection: sa.Connection) -> tuple[str, ...]:
    """Every tag that a target has, as it spells it, in the order of the targets' names; most come more than once."""
    written = sa.cast(targets.c.tags, sa.Text)  # many targets have the same ones: each list is read once
    found = connection.execute(sa.select(written).order_by(targets.c.name_key)).scalars().all()
    read = {text: json.loads(text) for text in set(found)}
    return tuple(tag for text in found for tag in read[text])


def by_name_or_id(connection: sa.Connection, text: str) -> Target:
    """As people and programs name it; NotFound `target.unknown`."""
    return _shelf.require(_shelf.find_named(connection, text), text)


def page(
    connection: sa.Connection,
    *,
    environment: EnvironmentId | None = None,
    kind: TargetKind | None = None,
    tag: str = "",
    search: str = "",
    after: str | None = None,
    limit: int = 50,
) -> Page[Target]:
    """By name. `tag` in any case."""
    conditions: list[Condition] = []
    if environment:
        conditions.append(targets.c.environment_keys.contains(_listed([environment]), autoescape=True))
    if kind:
        conditions.append(targets.c.kind == kind.value)
    if tag:
        conditions.append(targets.c.tag_keys.contains(_listed([tag.lower()]), autoescape=True))
    return _shelf.page_by_name(connection, *conditions, search=search, after=after, limit=limit)


def used_in(connection: sa.Connection, environment: EnvironmentId) -> tuple[Target, ...]:
    """Those that steps of that environment's deployments may run on."""
    return page(connection, environment=environment, limit=500).items
