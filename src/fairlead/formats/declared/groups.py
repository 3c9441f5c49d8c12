"""Project groups as a file has them."""

from __future__ import annotations

from pydantic import Field

from fairlead.formats.declared.layout import Layout
from fairlead.formats.shape import Shape


class GroupItem(Shape):
    """A project group."""

    name: str = Field(max_length=100)
    description: str = Field("", max_length=1000)


GROUPS = Layout("group", ("groups.yml",), GroupItem, "groups of projects", name_of=lambda item: item.name, top="groups")
