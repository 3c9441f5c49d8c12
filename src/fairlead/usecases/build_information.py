"""Build information: pushed by build servers, shown, and taken away."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, TypeAlias

from fairlead.domain import names
from fairlead.domain.actor import Actor
from fairlead.domain.build_information import BuildInformation, check
from fairlead.domain.errors import Conflict, Invalid, NotFound
from fairlead.domain.permission import Permission
from fairlead.store import build_information
from fairlead.store.database import Connection
from fairlead.store.shelf import Page
from fairlead.usecases.context import Context

LONGEST_PACKAGE = 200

OnExisting: TypeAlias = Literal["fail", "overwrite", "ignore"]


def page(
    context: Context, actor: Actor, *, package: str = "", after: str | None = None, limit: int = 50
) -> Page[BuildInformation]:
    """The newest first; of one package, or of all."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        return build_information.page(connection, package=package, after=after, limit=limit)


def get(context: Context, actor: Actor, package: str, version: str) -> BuildInformation:
    """Of one package and version; NotFound `build_information.unknown`."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        return _held(connection, package, version)


def push(
    context: Context, actor: Actor, told: BuildInformation, *, on_existing: OnExisting = "fail"
) -> BuildInformation:
    """What a build server tells of a package and version, which may not be there yet. Conflict
    `build_information.exists` where something was told before, unless it is to be overwritten or ignored."""
    actor.require_somewhere(Permission.RELEASE_CREATE)
    package = told.package
    if not package.strip() or len(package) > LONGEST_PACKAGE or not package.isprintable():
        raise Invalid("input.name", f"{package[:80]!r} is not the name of a package", thing="package")
    names.version_text(told.version)
    check(told)
    with context.database.transaction() as connection:
        held = build_information.find(connection, package, told.version)
        if held is not None and on_existing == "ignore":
            return held
        if held is not None and on_existing == "fail":
            raise Conflict(
                "build_information.exists",
                f"build information of {package} {told.version} exists already",
                thing=package,
                hint="say what to do with it: --on-existing overwrite, or ignore",
            )
        whole = replace(told, created_at=context.clock.now(), created_by=actor.name)
        if held is None:
            made = replace(whole, id=context.ids.new("bld"), revision=1)
            build_information.insert(connection, made)
        else:
            made = build_information.update(connection, replace(whole, id=held.id, revision=held.revision))
        message = f"pushed build information of {package} {told.version}: {len(told.commits)} commits"
        context.note(connection, actor, "build_information.pushed", message, thing=made.id, before=held, after=made)
    return made


def remove(context: Context, actor: Actor, package: str, version: str) -> None:
    """What was told of a package and version is gone."""
    actor.require_somewhere(Permission.RELEASE_CREATE)
    with context.database.transaction() as connection:
        held = _held(connection, package, version)
        build_information.delete(connection, held.id)
        message = f"removed the build information of {held.package} {version}"
        context.note(connection, actor, "build_information.removed", message, thing=held.id, before=held)


def _held(connection: Connection, package: str, version: str) -> BuildInformation:
    found = build_information.find(connection, package, version)
    if found is None:
        what = f"{package[:80]} {version[:80]}"
        raise NotFound("build_information.unknown", f"there is no build information of {what}", thing=what)
    return found
