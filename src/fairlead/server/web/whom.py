"""What forms say of tenants: a tenancy, tenants a line each, and tags with commas between."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from fastapi import Query

from fairlead.domain.project import Tenancy
from fairlead.server.web.visit import Form, one_of
from fairlead.steps.words import counted

Whose = Annotated[tuple[str, ...], Query(max_length=200)]
"""Those that are ticked; more than a page can have are chosen by a tag."""
Tags = Annotated[str, Query(max_length=2000)]


def tenancy_of(form: Form) -> Tenancy:
    """What was chosen; Invalid `input.invalid`."""
    return one_of(Tenancy, form.text("tenancy"), "tenancy")


def ticked_of(form: Form) -> tuple[str, ...]:
    """The tenants that are ticked, by name."""
    return tuple(name for name in form.lists.get("tenant", ()) if name)


def in_words(names: Iterable[str]) -> str:
    """For whom; "" for nobody in particular."""
    known = list(dict.fromkeys(filter(None, names)))
    return counted(len(known), "tenant") if len(known) > 1 else "".join(known)


def tags_in(text: str) -> list[str]:
    """Tags with commas between."""
    return [part.strip() for part in text.split(",") if part.strip()]
