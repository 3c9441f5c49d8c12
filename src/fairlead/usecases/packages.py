"""Packages of the built-in feed: pushed, shown, fetched and taken away."""

from __future__ import annotations

from dataclasses import replace
from typing import BinaryIO, Literal, TypeAlias

from fairlead.domain.actor import Actor
from fairlead.domain.errors import Conflict, NotFound
from fairlead.domain.package import Package, check_content, named
from fairlead.domain.permission import Permission
from fairlead.store import packages, releases, runbooks
from fairlead.store.database import Connection
from fairlead.store.incoming import Incoming
from fairlead.store.shelf import Page
from fairlead.usecases import happenings
from fairlead.usecases.context import Context

OnExisting: TypeAlias = Literal["fail", "overwrite", "ignore"]


def page(context: Context, actor: Actor, *, name: str = "", after: str | None = None, limit: int = 50) -> Page[Package]:
    """The newest first; of one id, or of all."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        return packages.page(connection, name=name, after=after, limit=limit)


def get(context: Context, actor: Actor, name: str, version: str) -> Package:
    """Of one id and version; NotFound `package.unknown`."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        return _held(connection, name, version)


def opened(context: Context, actor: Actor, name: str, version: str) -> tuple[Package, BinaryIO]:
    """A package and the file of its bytes, which who asked closes."""
    found = get(context, actor, name, version)
    return found, context.artifacts.opened(found.blob)


def receive(context: Context, actor: Actor) -> Incoming:
    """Where the bytes of a package are put as they come; gone at the end of its block unless they were pushed."""
    actor.require_somewhere(Permission.RELEASE_CREATE)
    return context.artifacts.receive()


def push(
    context: Context,
    actor: Actor,
    file_name: str,
    arrived: Incoming,
    *,
    name: str = "",
    version: str = "",
    on_existing: OnExisting = "fail",
) -> Package:
    """The file is in the feed, under the id and version that its name says or that are said. Conflict `package.exists`
    where there is one, unless it is to be ignored, or overwritten: then `package.in_use` where a release or runbook
    names it. Invalid `package.name`, `package.content`."""
    actor.require_somewhere(Permission.RELEASE_CREATE)
    id, number, ending = named(file_name, name=name, version=version)
    check_content(ending, arrived.start)
    with context.database.reading() as connection:
        before = packages.find(connection, id, number)
    if before is not None and on_existing == "ignore":
        return before
    if before is not None and on_existing == "fail":
        raise Conflict(
            "package.exists",
            f"the feed has {before.name} {before.version} already",
            thing=before.name,
            hint="give another version, or say what to do with it: --on-existing overwrite, or ignore",
        )
    blob = context.artifacts.take(arrived)
    with context.database.transaction() as connection:
        if before is not None and before.blob != blob:
            _refuse_used(connection, before)
        at = context.clock.now()
        made = Package(context.ids.new("pkg"), id, number, ending, blob, arrived.size_bytes, at, actor.name)
        if before is None:
            packages.insert(connection, made)
        else:
            made = packages.update(connection, replace(made, id=before.id, revision=before.revision))
        message = f"pushed the package {made.name} {made.version} ({made.size_bytes:,} bytes)"
        happenings.package_pushed(context, connection, made)
        context.note(connection, actor, "package.pushed", message, thing=made.id, before=before, after=made)
    return made


def remove(context: Context, actor: Actor, name: str, version: str) -> None:
    """Gone from the feed. Conflict `package.in_use` where a release names it."""
    actor.require_somewhere(Permission.RELEASE_CREATE)
    with context.database.transaction() as connection:
        held = _held(connection, name, version)
        _refuse_used(connection, held)
        packages.delete(connection, held.id)
        is_free = not context.artifacts.is_named(connection, held.blob)
        message = f"removed the package {held.name} {held.version}"
        context.note(connection, actor, "package.removed", message, thing=held.id, before=held)
    if is_free:
        context.artifacts.remove(held.blob)


def _refuse_used(connection: Connection, held: Package) -> None:
    """What was tested is what is deployed: a package that is named stays as it is."""
    is_in_release = releases.name_package(connection, held.name, held.version)
    if is_in_release or runbooks.name_package(connection, held.name, held.version):
        raise Conflict(
            "package.in_use",
            f"a {'release' if is_in_release else 'runbook'} names {held.name} {held.version}",
            thing=held.name,
            hint="packages that releases and published runbooks name are kept as they are",
        )


def _held(connection: Connection, name: str, version: str) -> Package:
    found = packages.find(connection, name, version)
    if found is None:
        what = f"{name[:80]} {version[:80]}"
        raise NotFound("package.unknown", f"the feed has no package {what}", thing=what)
    return found
