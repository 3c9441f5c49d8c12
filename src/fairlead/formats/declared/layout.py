"""Where the things of a noun stand among the files, and the shape that each has there."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar, cast

from pydantic import Field, create_model

from fairlead.domain.declaration import Data
from fairlead.domain.record import Json, fingerprint
from fairlead.formats.node import Node, to_plain
from fairlead.formats.shape import Shape

I = TypeVar("I", bound=Shape)  # noqa: E741 - the item

_PART = r"[^/]+"


class SecretField(Shape):
    """A named placeholder for a secret value, which is never in a file."""

    secret: str = Field(
        min_length=1,
        max_length=300,
        description="a name of your choice; its value is kept as it is on the server, or taken from --secrets FILE or "
        "the environment",
    )


def as_it_is(item: I) -> I:
    """An item is in its one spelling already."""
    return item


def no_name(_: Shape) -> str:
    """The file holds one thing, which is known by where the file lies."""
    return ""


@dataclass(frozen=True)
class Layout(Generic[I]):
    """`paths` are where its files lie: one for the whole installation, one with ``{project}`` for what belongs to a
    project; ``{name}`` stands for a file name that says nothing. `top` is the key of the list in it, "" where the file
    holds one thing. `about` is said in the schema. With `is_ordered` the order of the list is the order of the things;
    with `may_repeat` two of them may have the same name. `plain` says how values are read, `normal` brings equal items
    into one spelling. What `left_alone` names (``ssh.host_key``) stays as it is held where a file does not say it."""

    noun: str
    paths: tuple[str, ...]
    item: type[I]
    about: str
    name_of: Callable[[I], str] = no_name
    top: str = ""
    is_ordered: bool = False
    may_repeat: bool = False
    plain: Callable[[Node], object] = to_plain
    normal: Callable[[I], I] = as_it_is
    left_alone: tuple[str, ...] = ()

    @cached_property
    def file(self) -> type[Shape]:
        """The shape of a whole file."""
        if not self.top:
            return self.item
        item: Any = self.item
        fields: dict[str, Any] = {self.top: (tuple[item, ...], Field((), description=self.about))}
        return cast("type[Shape]", create_model(f"{self.item.__name__}s", __base__=Shape, **fields))

    @property
    def schema(self) -> str:
        """The name of its schema's file."""
        return f"{self.noun.replace(' ', '-')}.schema.json"

    def match(self, path: str) -> Mapping[str, str] | None:
        """What the file's path says (`project`, `name`); None where it is no file of this noun."""
        for pattern in self.paths:
            spelt = "".join(
                f"(?P<{part[1:-1]}>{_PART})" if part.startswith("{") else re.escape(part)
                for part in re.split(r"(\{\w+\})", pattern)
            )
            if found := re.fullmatch(spelt, path):
                return found.groupdict()
        return None

    def path(self, project: str, name: str) -> str:
        """The file of that name (as `file_name` makes one) that the thing is written to."""
        pattern = next(one for one in self.paths if ("{project}" in one) == bool(project))
        return pattern.format(project=project, name=name)


def file_name(name: str, taken: Collection[str] = ()) -> str:
    """A thing's name as a file's: lower case letters, digits and dashes, 60 at most; where that is `taken` by another,
    with letters behind it that tell them apart."""
    spelt = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60] or "x"
    return f"{spelt}-{fingerprint(name)[:8]}" if spelt in taken else spelt


def filled(data: Data, held: Data, left_alone: tuple[str, ...]) -> Data:
    """The data with what it leaves alone as it is held."""
    made: dict[str, Json] = dict(data)
    for path in left_alone:
        name, _, below = path.partition(".")
        own, other = made.get(name), held.get(name)
        if not below and name in held and name not in made:
            made[name] = other
        elif below and isinstance(own, dict) and isinstance(other, dict):
            made[name] = dict(filled(own, other, (below,)))
    return made


def data_of(item: Shape) -> Data:
    """Its fields as plain data, in their order; what has its default is left out."""
    return cast("Data", item.model_dump(mode="json", exclude_defaults=True, by_alias=True))
