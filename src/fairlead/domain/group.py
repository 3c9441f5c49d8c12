"""A project group: related projects under one name, for scopes of roles and for the dashboard."""

from __future__ import annotations

from dataclasses import dataclass

from fairlead.domain.ids import GroupId


@dataclass(frozen=True, slots=True)
class Group:
    """A project is in one group or in none; `revision` counts edits."""

    id: GroupId
    name: str
    description: str = ""
    revision: int = 1
