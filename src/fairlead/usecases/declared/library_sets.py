"""Library sets by declaration, each with its variables."""

from __future__ import annotations

from collections.abc import Iterable

from fairlead.domain.actor import Actor
from fairlead.domain.permission import Permission
from fairlead.domain.variable import Variable
from fairlead.formats.declared.library_sets import LIBRARY_SETS, LibrarySetItem
from fairlead.formats.step_template import parameters_of
from fairlead.store import library_sets as rows
from fairlead.store import variables as variable_rows
from fairlead.store.database import Connection
from fairlead.store.tenant_templates import by_owner
from fairlead.usecases import library_sets, tenant_templates, variables
from fairlead.usecases.context import Context
from fairlead.usecases.declared.noun import Applying, Held, Noun
from fairlead.usecases.declared.projects import models
from fairlead.usecases.declared.variables import items, put, same, versions, wanted
from fairlead.usecases.scopes import EntryNames
from fairlead.usecases.variables import InLibrary


class LibrarySets(Noun[LibrarySetItem]):
    """By name."""

    layout = LIBRARY_SETS

    def held(self, context: Context, actor: Actor, connection: Connection) -> Iterable[Held[LibrarySetItem]]:
        actor.require(Permission.VIEW)
        names = EntryNames(connection, None)
        of: dict[str, list[Variable]] = {}
        templates = by_owner(connection)
        for one in variable_rows.of_library_sets(connection):
            of.setdefault(str(one.library_set), []).append(one)
        for found in rows.all_of(connection):
            made = items(f"library/{found.name}", of.get(found.id, []), names)
            own = tuple(item for item, _ in made)
            secrets = {name: id for _, held in made for name, id in held.items()}
            fields = {"name": found.name, "description": found.description, "variables": own}
            yield Held("", LibrarySetItem(**fields, tenant_templates=models(templates.get(found.id))), secrets)

    def add(self, at: Applying, project: str, item: LibrarySetItem) -> None:
        library_sets.add(at.context, at.actor, item.name, description=item.description)
        for one in item.variables:
            put(at, InLibrary(item.name), one, {})
        if item.tenant_templates:
            tenant_templates.put(at.context, at.actor, InLibrary(item.name), parameters_of(item.tenant_templates))

    def change(self, at: Applying, old: Held[LibrarySetItem], new: LibrarySetItem) -> None:
        if new.description != old.item.description:
            library_sets.change(at.context, at.actor, old.item.name, description=new.description)
        before = {one.spelt: one for one in old.item.variables}
        for one in new.variables:
            held = before.pop(one.spelt, None)
            if held is not None and same(at, held, one):
                continue
            put(at, InLibrary(new.name), one, versions(held, old.secrets) if held else {})
        for one in before.values():
            variables.remove(at.context, at.actor, InLibrary(new.name), one.name, scope=wanted(one))
        if new.tenant_templates != old.item.tenant_templates:
            tenant_templates.put(at.context, at.actor, InLibrary(new.name), parameters_of(new.tenant_templates))

    def remove(self, at: Applying, held: Held[LibrarySetItem]) -> None:
        library_sets.remove(at.context, at.actor, held.item.name)
