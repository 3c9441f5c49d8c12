"""What is told of packages."""

from __future__ import annotations

from typing_extensions import TypedDict

from fairlead.server.api.answers.lists import Moment


class Package(TypedDict):
    """A package of the built-in feed; `blob` is the hash of its bytes."""

    id: str
    name: str
    version: str
    file_name: str
    blob: str
    size_bytes: int
    created_at: Moment
    created_by: str
