"""What forms say of tenants: a tenancy, tenants a line each, and tags with commas between."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from fairlead.domain.project import Tenancy
from fairlead.server.web.visit import Form, one_of

Whose = Annotated[tuple[str, ...], Query(max_length=200)]
"""Those that are ticked; more than a page can have are chosen by a tag."""
Tags = Annotated[str, Query(max_length=2000)]


def tenancy_of(form: Form) -> Tenancy:
    """What was chosen; Invalid `input.invalid`."""
    return one_of(Tenancy, form.text("tenancy"), "tenancy")


def tenants_of(form: Form, name: str = "tenants") -> list[str]:
    """Their names, which may have commas in them."""
    return [line.strip() for line in form.text(name).splitlines() if line.strip()]


def tags_of(form: Form, name: str = "tenant_tags") -> list[str]:
    """Each as `Set/Tag`."""
    return tags_in(form.text(name))


def tags_in(text: str) -> list[str]:
    """Tags with commas between."""
    return [part.strip() for part in text.split(",") if part.strip()]
