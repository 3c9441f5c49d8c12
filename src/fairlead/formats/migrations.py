"""`migrate` of a project file: the migration, its database, and the commands before and after it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from fairlead.domain.service import Database, Migration, MigrationCommand, Role, Service
from fairlead.formats.compilation import Compilation
from fairlead.formats.findings import did_you_mean, shown
from fairlead.formats.names import check_image
from fairlead.formats.node import Path
from fairlead.formats.project_model import DatabaseModel, MigrationCommandModel

TABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_$]{0,62}")
"""A table's name without its schema; what SQL would have to quote otherwise is not taken."""

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def migration_of(at: Compilation, services: Mapping[str, Service]) -> Migration | None:
    """The migration; None where the project has none. What is wrong with it is among the findings."""
    model = at.model.migrate
    if model is None:
        return None
    swapped = [name for name, one in services.items() if one.is_swapped]
    _check_command(at, ("migrate",), model.service, model.command, swapped)
    contraction = _command(at, ("migrate", "after-retire"), model.after_retire, swapped)
    return Migration(
        model.service,
        model.command,
        model.timeout,
        database=_database(at, model.database, services),
        backup=_command(at, ("migrate", "backup"), model.backup, list(services)),
        after_retire=contraction,
    )


def _command(
    at: Compilation, path: Path, model: MigrationCommandModel | None, services: list[str]
) -> MigrationCommand | None:
    if model is None:
        return None
    _check_command(at, path, model.service, model.command, services)
    return MigrationCommand(model.service, model.command, model.timeout)


def _check_command(at: Compilation, path: Path, service: str, command: tuple[str, ...], services: list[str]) -> None:
    if service not in services:
        at.problem((*path, "service"), shown(service or None), did_you_mean(service, services))
    if not command:
        at.problem(path, "no command", "command: [...]")


def _database(at: Compilation, model: DatabaseModel | None, services: Mapping[str, Service]) -> Database | None:
    if model is None:
        return None
    path: Path = ("migrate", "database")
    if bool(model.accessory) == bool(model.source):
        at.problem(path, "both accessory and from" if model.accessory else "neither accessory nor from", "one of them")
    for table in model.rows:
        if not TABLE.fullmatch(table):
            at.problem((*path, "rows"), shown(table), "the names of tables, without their schema")
    image = at.clear((*path, "image"), model.image)
    if model.accessory:
        _check_accessory(at, path, model, image, services)
    elif model.source:
        _check_source(at, path, model, image)
    return Database(model.accessory, model.source, image, model.variable, model.rows)


def _check_accessory(
    at: Compilation, path: Path, model: DatabaseModel, image: str, services: Mapping[str, Service]
) -> None:
    accessories = [name for name, one in services.items() if one.role is Role.ACCESSORY]
    if model.accessory not in accessories:
        at.problem((*path, "accessory"), shown(model.accessory), did_you_mean(model.accessory, accessories))
    if image or model.variable:
        at.problem(path, "image or variable beside an accessory", "neither: the copy stands under its name")


def _check_source(at: Compilation, path: Path, model: DatabaseModel, image: str) -> None:
    check_image(at, (*path, "image"), image)
    if "@sha256:" not in image:
        at.problem((*path, "image"), shown(image or None), "a PostgreSQL image by digest (name@sha256:...)")
    if not VARIABLE.fullmatch(model.variable):
        at.problem((*path, "variable"), shown(model.variable or None), "the variable that holds the address")
