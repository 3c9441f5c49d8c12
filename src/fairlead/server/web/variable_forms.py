"""What the forms of variables have in common, whether a project or a library set has them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from fairlead.domain.composite import GIVEN, CompositeKind
from fairlead.domain.errors import Invalid
from fairlead.domain.prompt import Control, Prompt
from fairlead.domain.variable import Dimension, Variable
from fairlead.server.web.visit import Form, Visitor
from fairlead.store import projects
from fairlead.usecases import variables
from fairlead.usecases.scopes import EntryNames
from fairlead.usecases.variables import InLibrary, OwnerName

SCOPE, PART = "scope.", "part."
"""What the fields of a scope and of parts begin with; the dimension, or the part's name, follows."""


def base_of(owner: OwnerName) -> str:
    """The address that the owner's pages begin with."""
    return f"/library-sets/{quote(owner.name)}" if isinstance(owner, InLibrary) else f"/projects/{quote(owner)}"


def rows_of(visitor: Visitor, owner: OwnerName, found: Iterable[Variable]) -> dict[str, Any]:
    """What a list of variables and the form below it show."""
    names = _names(visitor, owner)
    return {
        "rows": [(one, names.scope(one), hidden_scope(one)) for one in found],
        "base": base_of(owner),
        "choices": names.choices,
        "given": GIVEN,
        "controls": [one.value for one in Control],
    }


def edit_page(visitor: Visitor, owner: OwnerName, name: str, id: str, more: dict[str, Any]) -> Response:
    """The form with the variable of that id in it, or with the first of the name."""
    found = variables.named(visitor.context, visitor.actor, owner, name)
    held = next((one for one in found if one.id == id), found[0] if found else None)
    values = {**rows_of(visitor, owner, [held] if held else []), "name": name, "held": held, **more}
    return visitor.page("variable.html", values)


def given(form: Form) -> dict[str, Any]:
    """What `usecases.variables.put` takes, but whose it is."""
    kind = form.text("kind")
    if kind and kind not in [one.value for one in CompositeKind]:
        raise Invalid("input.invalid", f"{kind[:40]!r} is not a type of variable", thing="kind")
    parts = {
        name.removeprefix(PART): value.replace("\r\n", "\n")
        for name, value in form.fields.items()
        if name.startswith(PART) and value
    }
    more = variables.More(
        form.text("description").strip(),
        _prompt(form),
        CompositeKind(kind) if kind else None,
        parts if kind else {},
    )
    return {
        "name": form.text("name").strip(),
        "value": form.text("value").replace("\r\n", "\n"),
        "is_secret": form.is_ticked("secret"),
        "more": more,
        **scope_given(form),
    }


def scope_given(form: Form) -> dict[str, Any]:
    """The scope as the use cases take it."""
    scope = {dimension: form.lists.get(SCOPE + dimension.value, ()) for dimension in Dimension}
    return {"only_in": form.lists.get("environments", ()), "scope": {one: held for one, held in scope.items() if held}}


def hidden_scope(variable: Variable) -> list[tuple[str, str]]:
    """Fields that name exactly this scope."""
    return [
        ("environments" if dimension is Dimension.ENVIRONMENT else SCOPE + dimension.value, entry)
        for dimension, entries in variable.scope.items()
        for entry in sorted(entries)
    ]


def _prompt(form: Form) -> Prompt | None:
    if not form.is_ticked("asked"):
        return None
    control = form.text("control") or Control.SINGLE.value
    if control not in [one.value for one in Control]:
        raise Invalid("prompt.invalid", f"{control[:40]!r} is not a way to ask", thing="control")
    label, description = form.text("label").strip(), form.text("prompt_description").strip()
    return Prompt(label, description, form.is_ticked("required"), Control(control), form.lines("options"))


def _names(visitor: Visitor, owner: OwnerName) -> EntryNames:
    with visitor.context.database.reading() as connection:
        found = None if isinstance(owner, InLibrary) else projects.by_name_or_id(connection, owner)
        return EntryNames(connection, found)
