"""What tenants are asked for, and what each gives: two pages of templates, and one form for all values of a tenant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, unquote

from starlette.responses import Response

from fairlead.domain.errors import Invalid
from fairlead.domain.permission import Permission
from fairlead.domain.step_template import Parameter, ParameterType
from fairlead.server.routing import page_router
from fairlead.server.web import setup
from fairlead.server.web.lists import Searched
from fairlead.server.web.variable_forms import base_of
from fairlead.server.web.visit import Form, Posted, Visiting, Visitor
from fairlead.store.shelf import part_of
from fairlead.usecases import missing_values, projects, tenant_templates, tenant_values
from fairlead.usecases.asked_of_tenants import Asked
from fairlead.usecases.tenant_values import Given
from fairlead.usecases.variables import InLibrary, OwnerName

router = page_router()
VALUE, TAKEN = "value", "taken"
"""What the names of fields begin with."""
SET = "Tenants are asked for it. New releases need it."
REMOVED = "It is no longer asked for. Releases that froze it still need what tenants gave, which stays."


@router.get("/tenants/{name}/values")
def show(visitor: Visiting, name: str, part: Searched) -> Response:
    """A field for each template in each place, and what is left over; a part of them, which is set by itself."""
    view = tenant_values.of(visitor.context, visitor.actor, name)
    asked = part_of(
        view.asked,
        name=lambda one: one.name,
        order=lambda one: one.key,
        search=part.search,
        after=part.after,
        limit=part.limit,
    )
    places: dict[str, list[tuple[str, Asked]]] = {}
    for one in asked.items:
        if not one.is_left:
            place = f"Library set {one.library_set}" if one.library_set else f"{one.project} in {one.environment}"
            places.setdefault(place, []).append((_field(one), one))
    values = {
        "section": setup.SECTION,
        "view": view,
        "places": places,
        "left": [(_field(one), one) for one in asked.items if one.is_left],
        "listed": part.shown(asked.after),
    }
    return visitor.page("tenant_values.html", values)


@router.get("/missing-tenant-values")
def show_missing(visitor: Visiting, part: Searched) -> Response:
    """What deployments are refused for, of all tenants, each with the way to where it is given."""
    found = missing_values.page(visitor.context, visitor.actor, search=part.search, after=part.after, limit=part.limit)
    values = {"section": setup.SECTION, "missing": found.items, "listed": part.shown(found.after)}
    return visitor.page("missing_values.html", values)


@router.post("/tenants/{name}/values")
def put(form: Posted, name: str) -> Response:
    """What differs from what is given is given, or taken away; all or none."""
    visitor = form.visitor
    if not visitor.may("variable.edit"):
        visitor.actor.require_somewhere(Permission.TENANT_EDIT)  # before anything is said of what was typed

    def work() -> str:
        held = {_field(one): one for one in tenant_values.of(visitor.context, visitor.actor, name).asked}
        made = tenant_values.put(
            visitor.context, visitor.actor, name, list(_given(form, held)), revision=form.number("revision")
        )
        more = f" {len(made.missing)} values are missing." if made.missing else ""
        return f"What {made.tenant.name} gives is set; deployments that are asked for from now on use it.{more}"

    return form.act(f"/tenants/{quote(name)}/values", work)


@router.get("/projects/{project}/tenant-templates")
def show_of_project(visitor: Visiting, project: str) -> Response:
    """What the project asks tenants for."""
    found = projects.get(visitor.context, visitor.actor, project)
    return _templates(visitor, found.name, "variable.edit")


@router.get("/library-sets/{library_set}/tenant-templates")
def show_of_library(visitor: Visiting, library_set: str) -> Response:
    """What the set asks tenants for."""
    return _templates(visitor, InLibrary(library_set), "library.edit")


@router.post("/projects/{project}/tenant-templates")
def put_of_project(form: Posted, project: str) -> Response:
    """One more, or one that is asked for otherwise."""

    def work(revision: int | None) -> None:
        context, actor = form.visitor.context, form.visitor.actor
        tenant_templates.put(context, actor, project, _with(form, project), revision=revision)

    return _change(form, project, Permission.VARIABLE_EDIT, work, SET)


@router.post("/library-sets/{library_set}/tenant-templates")
def put_of_library(form: Posted, library_set: str) -> Response:
    """One more, or one that is asked for otherwise."""
    owner = InLibrary(library_set)

    def work(revision: int | None) -> None:
        context, actor = form.visitor.context, form.visitor.actor
        tenant_templates.put(context, actor, owner, _with(form, owner), revision=revision)

    return _change(form, owner, Permission.LIBRARY_EDIT, work, SET)


@router.post("/projects/{project}/tenant-templates/remove")
def remove_of_project(form: Posted, project: str) -> Response:
    """Ask for it no longer."""

    def work(revision: int | None) -> None:
        context, actor = form.visitor.context, form.visitor.actor
        tenant_templates.put(context, actor, project, _without(form, project), revision=revision)

    return _change(form, project, Permission.VARIABLE_EDIT, work, REMOVED)


@router.post("/library-sets/{library_set}/tenant-templates/remove")
def remove_of_library(form: Posted, library_set: str) -> Response:
    """Ask for it no longer."""
    owner = InLibrary(library_set)

    def work(revision: int | None) -> None:
        context, actor = form.visitor.context, form.visitor.actor
        tenant_templates.put(context, actor, owner, _without(form, owner), revision=revision)

    return _change(form, owner, Permission.LIBRARY_EDIT, work, REMOVED)


def _change(
    form: Form, owner: OwnerName, permission: Permission, work: Callable[[int | None], None], said: str
) -> Response:
    """Does the work with the revision that the form was made of."""
    revision = form.number("revision")
    form.visitor.actor.require_somewhere(permission)  # before anything is said of what was typed

    def done() -> str:
        work(revision)
        return said

    return form.act(f"{base_of(owner)}/tenant-templates", done)


def _templates(visitor: Visitor, owner: OwnerName, permission: str) -> Response:
    view = tenant_templates.of(visitor.context, visitor.actor, owner)
    values = {
        "section": "/library-sets" if view.is_library else "/",
        "view": view,
        "base": base_of(InLibrary(view.owner) if view.is_library else view.owner),
        "may_edit": visitor.may(permission),
        "types": [one.value for one in ParameterType],
    }
    return visitor.page("tenant_templates.html", values)


def _with(form: Form, owner: OwnerName) -> list[Parameter]:
    """The owner's, with that of the form among them."""
    wanted = _parameter(form)
    held = list(tenant_templates.of(form.visitor.context, form.visitor.actor, owner).parameters)
    names = [one.name.lower() for one in held]
    if wanted.name.lower() not in names:
        return [*held, wanted]
    held[names.index(wanted.name.lower())] = wanted
    return held


def _without(form: Form, owner: OwnerName) -> list[Parameter]:
    held = tenant_templates.of(form.visitor.context, form.visitor.actor, owner).parameters
    return [one for one in held if one.name != form.text("name")]


def _parameter(form: Form) -> Parameter:
    type = form.text("type") or ParameterType.TEXT.value
    if type not in list(ParameterType):
        raise Invalid("input.invalid", f"{type[:40]!r} is not a type", thing="type", hint=", ".join(ParameterType))
    default = None if form.is_ticked("needed") else form.text("default").replace("\r\n", "\n")
    label, words = form.text("label").strip()[:200], form.text("help").strip()[:4000]
    return Parameter(form.text("name").strip(), label, words, ParameterType(type), default, form.lines("options"))


def _field(one: Asked) -> str:
    """Its place and name, so that a field's name holds them."""
    return "/".join(quote(part, safe="") for part in (one.project, one.environment, one.library_set, one.name))


def _given(form: Form, held: dict[str, Asked]) -> Iterator[Given]:
    """What was changed. A blank field takes away, but that of a secret, which is never shown, has a box for it."""
    for name, text in form.fields.items():
        kind, _, field = name.partition("/")
        parts = [unquote(part) for part in field.split("/")]
        if kind not in (VALUE, TAKEN) or len(parts) != 4:
            continue
        where: dict[str, Any] = dict(zip(("project", "environment", "library_set"), parts, strict=False))
        now, value = held.get(field), text.replace("\r\n", "\n")
        shown = now.shown if now is not None and now.value is not None and not now.is_secret else ""
        if kind == TAKEN or (shown and not value):
            yield Given(parts[3], None, **where)
        elif value and value != shown:
            yield Given(parts[3], value, **where)
