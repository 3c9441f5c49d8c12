"""What every noun that files can declare offers: reading what is held, and making one change through its use cases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Generic, TypeVar

from fairlead.domain.actor import Actor
from fairlead.domain.declaration import Change
from fairlead.domain.ids import SecretVersionId
from fairlead.formats.declared.layout import Layout, SecretField
from fairlead.formats.shape import Shape
from fairlead.store.database import Connection
from fairlead.usecases.context import Context
from fairlead.usecases.projects import KeyPair
from fairlead.usecases.variables import Counted, OwnerName

I = TypeVar("I", bound=Shape)  # noqa: E741 - the item


@dataclass(frozen=True, slots=True)
class Held(Generic[I]):
    """A thing as it is; `project` "" for the installation's. `secrets` are the versions behind its placeholders, by
    the placeholders' names."""

    project: str
    item: I
    secrets: Mapping[str, SecretVersionId] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Applying:
    """One apply: its `context` is inside of the one transaction. `given` are secrets' values by placeholder. `donors`
    are projects whose releases are numbered by something else than before: it may come with a later change. `owners`
    are those whose variables were put: they, and what they had, come before."""

    context: Context
    actor: Actor
    given: Mapping[str, str]
    make_key: Callable[[str], KeyPair]
    donors: set[str] = field(default_factory=set)
    owners: dict[OwnerName, Counted] = field(default_factory=dict)

    def value(self, placeholder: SecretField | None) -> str:
        """The value that was given for it; "" where it is to be left as it is, or there is none."""
        return self.given.get(placeholder.secret, "") if placeholder else ""

    def value_or_held(self, placeholder: SecretField, held: SecretVersionId | None) -> str:
        """The value that was given for it, else the one that is held; "" where there is neither."""
        given = self.value(placeholder)
        if given or held is None:
            return given
        with self.context.database.reading() as connection:
            return self.context.reveal(connection, held)


class Noun(Generic[I]):
    """One noun. `add`, `change` and `remove` call the use cases that API and command line call, so that permission,
    rules and audit are theirs; each may raise any `FairleadError`, which undoes the whole apply."""

    layout: ClassVar[Layout[I]]
    goes_with_project: ClassVar[bool] = False
    """Whether it needs no removal of its own where its project goes."""

    is_removable: ClassVar[bool] = True
    """Whether `prune` may ever remove one."""

    def held(self, context: Context, actor: Actor, connection: Connection) -> Iterable[Held[I]]:
        """All of them, in the order in which they are written."""
        raise AssertionError("each noun has its own")

    def add(self, at: Applying, project: str, item: I) -> None:
        """Add it."""
        raise AssertionError("each noun has its own")

    def change(self, at: Applying, old: Held[I], new: I) -> None:
        """It is as `new` says; a placeholder without a given value keeps what is held."""
        raise AssertionError("each noun has its own")

    def remove(self, at: Applying, held: Held[I]) -> None:
        """It is gone."""
        raise AssertionError("each noun has its own")

    def settle(self, at: Applying, project: str, item: I) -> Change | None:
        """After every change, for each declared thing: what of it must follow those, done; told where it was no change
        itself. None where nothing."""
        return None

    def arrange(self, at: Applying, names: Sequence[str]) -> None:
        """They stand in this order."""
        raise AssertionError(f"{self.layout.noun} has no order")
