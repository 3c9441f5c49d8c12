"""Tenant variable templates of a project or a library set: looking at them, and giving them as a whole, in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fairlead.domain.actor import Actor
from fairlead.domain.errors import Conflict
from fairlead.domain.permission import Permission
from fairlead.domain.project import Project
from fairlead.domain.step_template import Parameter
from fairlead.domain.tenant_template import TemplateList, TenantTemplate, check_templates
from fairlead.domain.tenant_value import TEMPLATE
from fairlead.store import library_sets, projects, tenant_templates
from fairlead.store.database import Connection
from fairlead.usecases.context import Context
from fairlead.usecases.variables import InLibrary, Owner, OwnerName


@dataclass(frozen=True, slots=True)
class TemplatesView:
    """An owner's templates in order; `owner` is its name, and `is_library` says what it is."""

    owner: str
    is_library: bool
    templates: TemplateList

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """What is asked for."""
        return tuple(one.parameter for one in self.templates.templates)


def of(context: Context, actor: Actor, owner: OwnerName) -> TemplatesView:
    """The project's or library set's own; what a project includes is with the sets."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        found = _owner(connection, owner)
        if isinstance(found, Project):
            actor.require_somewhere(Permission.VIEW, project=found.id)
        return _view(found, tenant_templates.of_owner(connection, found.id))


def put(
    context: Context, actor: Actor, owner: OwnerName, parameters: Sequence[Parameter], *, revision: int | None = None
) -> TemplatesView:
    """Replace its templates, in this order; the next releases freeze them. What tenants gave for one
    that is gone stays, for releases that froze it. With `revision` only if nobody changed them since, else Conflict
    `edit.conflict`. Invalid `tenant.template`."""
    actor.require_somewhere(Permission.LIBRARY_EDIT if isinstance(owner, InLibrary) else Permission.VARIABLE_EDIT)
    check_templates(parameters)
    with context.database.transaction() as connection:
        found = _owner(connection, owner)
        is_project = isinstance(found, Project)
        if is_project:
            actor.require(Permission.VARIABLE_EDIT, project=found.id)
        else:
            actor.require(Permission.LIBRARY_EDIT)
        held = tenant_templates.of_owner(connection, found.id)
        if revision is not None and revision != held.revision:
            message = f"the templates of {found.name} were changed by somebody else since they were read"
            raise Conflict("edit.conflict", message, thing=found.name, hint="read them again, then decide")
        if [one.parameter for one in held.templates] == list(parameters) and held.revision:
            return _view(found, held)
        made = tuple(_made(context, found, held, one) for one in parameters)
        saved = tenant_templates.save(connection, replace(held, templates=made))
        words = ", ".join(one.name for one in parameters)[:500] or "none"
        context.note(
            connection,
            actor,
            "tenant.templates_changed",
            f"tenants of {'' if is_project else 'the library set '}{found.name} are asked for: {words}",
            thing=found.id,
            project=found.name if is_project else None,
            before=_by_name(held),
            after=_by_name(saved),
        )
        return _view(found, saved)


def _made(context: Context, owner: Owner, held: TemplateList, parameter: Parameter) -> TenantTemplate:
    known = held.named(parameter.name)
    id = known.id if known else context.ids.new(TEMPLATE)
    if isinstance(owner, Project):
        return TenantTemplate(id, parameter, project=owner.id)
    return TenantTemplate(id, parameter, library_set=owner.id)


def _by_name(held: TemplateList) -> dict[str, Parameter]:
    return {one.parameter.name: one.parameter for one in held.templates}


def _owner(connection: Connection, owner: OwnerName) -> Owner:
    if isinstance(owner, InLibrary):
        return library_sets.by_name_or_id(connection, owner.name)
    return projects.by_name_or_id(connection, owner)


def _view(owner: Owner, held: TemplateList) -> TemplatesView:
    return TemplatesView(owner.name, not isinstance(owner, Project), held)
