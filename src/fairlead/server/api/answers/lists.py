"""A part of a list, and how moments are written."""

from __future__ import annotations

from typing import Annotated, Generic, TypeAlias, TypeVar

from pydantic import Field
from typing_extensions import TypedDict

T = TypeVar("T")

Moment: TypeAlias = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""RFC 3339, with its offset."""


class Page(TypedDict, Generic[T]):
    """A part of a list: give `next` as `after` for the part behind it; null where there is none."""

    items: list[T]
    next: str | None
