"""What is told of the installation as files."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from fairlead.domain.declaration import Act


class Exported(TypedDict):
    """The installation as files; secrets as named placeholders."""

    files: Annotated[dict[str, str], Field(description="path → text")]


class DeclaredField(TypedDict):
    """A field that differs, as JSON; "" on the side that lacks it."""

    field: str
    old: str
    new: str


class DeclaredChange(TypedDict):
    """One change, where it is declared, and what differs. `line` 0: no file declares it, it goes."""

    act: Act
    noun: str
    project: Annotated[str, Field(description='"": of the installation')]
    name: str
    file: str
    line: int
    fields: list[DeclaredField]


class Applied(TypedDict):
    """What files change, or would change."""

    hash: Annotated[str, Field(description="stands for exactly these changes of exactly this state")]
    pending: Annotated[bool, Field(description="whether anything is left to change")]
    applied: bool
    changes: list[DeclaredChange]
    unnamed: Annotated[list[str], Field(description="what no file names, and stays")]
    refused: Annotated[str, Field(description='which permission lacks for applying it; ""')]
