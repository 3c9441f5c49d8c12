"""Step templates, and their versions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from fairlead.domain.step_template import StepTemplate, TemplateVersion
from fairlead.store.rows import nouns
from fairlead.store.schema import data, instant, key, link, metadata, number, text
from fairlead.store.shelf import Page, Shelf, name_key

step_templates = sa.Table(
    "step_templates",
    metadata,
    key(),
    text("name"),
    instant("created_at"),
    number("latest"),
    text("description"),
    text("created_by"),
    number("revision"),
    text("name_key", unique=True),
)

versions = sa.Table(
    "step_template_versions",
    metadata,
    key(),
    link("template", "step_templates.id"),
    number("number"),
    data("content"),
    instant("created_at"),
    text("created_by"),
    sa.UniqueConstraint("template", "number"),
)

_shelf = Shelf(
    step_templates,
    StepTemplate,
    unknown="step_template.unknown",
    exists="step_template.exists",
    more=name_key,
)
_versions = Shelf(versions, TemplateVersion, unknown="step_template.version_unknown", exists="step_template.exists")
insert, update = _shelf.insert, _shelf.update
insert_version = _versions.insert
_c = versions.c


def by_name_or_id(connection: sa.Connection, text: str) -> StepTemplate:
    """As people and programs name it; NotFound `step_template.unknown`."""
    return _shelf.require(find(connection, text), text)


def find(connection: sa.Connection, text: str) -> StepTemplate | None:
    """By name, whatever its case, or id; None where there is none."""
    return _shelf.find_named(connection, text)


def page(
    connection: sa.Connection, *, search: str = "", after: str | None = None, limit: int = 50
) -> Page[StepTemplate]:
    """By name; with `search` those whose name has it in it."""
    return _shelf.page_by_name(connection, search=search, after=after, limit=limit)


def all_of(connection: sa.Connection) -> tuple[StepTemplate, ...]:
    """All, by name."""
    return _shelf.where(connection, order=step_templates.c.name_key)


def find_version(connection: sa.Connection, template: str, number: int) -> TemplateVersion | None:
    """The version of that number; None where there is none."""
    return _versions.one(connection, _c.template == template, _c.number == number)


def version(connection: sa.Connection, template: StepTemplate, number: int) -> TemplateVersion:
    """The version of that number; NotFound `step_template.version_unknown`."""
    return _versions.require(find_version(connection, template.id, number), f"{template.name} {number}")


def versions_of(connection: sa.Connection, template: str) -> tuple[TemplateVersion, ...]:
    """All of the template's, the oldest first."""
    return _versions.where(connection, _c.template == template, order=_c.number)


def all_versions(connection: sa.Connection) -> tuple[TemplateVersion, ...]:
    """Of all templates, the oldest first."""
    return _versions.where(connection, order=_c.number)


def latest(connection: sa.Connection, found: Iterable[StepTemplate]) -> dict[str, TemplateVersion]:
    """The newest version of each, by the template's id; one query."""
    wanted = {(one.id, one.latest) for one in found}
    if not wanted:
        return {}
    statement = sa.select(versions).where(sa.tuple_(_c.template, _c.number).in_(sorted(wanted)))
    return {one.template: one for one in nouns(TemplateVersion, connection.execute(statement))}


def versions_for(connection: sa.Connection, templates: Sequence[str]) -> dict[tuple[str, int], TemplateVersion]:
    """All of these templates', by the template's id and the number; one query."""
    found = _versions.where(connection, _c.template.in_(set(templates)))
    return {(one.template, one.number): one for one in found}


def by_names(connection: sa.Connection, wanted: Sequence[str]) -> dict[str, StepTemplate]:
    """Those of these names, by name in lower case; one query."""
    keys = {name.lower() for name in wanted}
    found = _shelf.where(connection, step_templates.c.name_key.in_(keys))
    return {one.name.lower(): one for one in found}


def delete(connection: sa.Connection, id: str) -> None:
    """The template is gone, with all of its versions."""
    connection.execute(sa.delete(versions).where(_c.template == id))
    _shelf.delete(connection, id)


def delete_version(connection: sa.Connection, id: str) -> None:
    """The version is gone."""
    _versions.delete(connection, id)
