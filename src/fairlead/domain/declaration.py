"""What files say an installation should be, against what it is: the changes between the two, and their hash.

A *declared thing* is an environment, a variable, a channel: a noun, the project that it belongs to ("" for the
installation), its name, and its fields as plain data. A field that holds ``{"secret": NAME}`` stands for a secret
value: a named placeholder, never the value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from fairlead.domain.record import Json, fingerprint

Act: TypeAlias = Literal["add", "change", "remove", "arrange"]
Data: TypeAlias = Mapping[str, Json]

SECRET = "secret"
"""The one key of a placeholder."""
PLACEHOLDER: dict[str, Json] = {SECRET: "(kept)"}
"""What every placeholder is compared as: which name it has is no difference."""
ORDER = "order"
"""The field of the one entry that says in which order a noun's things stand."""


@dataclass(frozen=True, slots=True, order=True)
class DeclaredKey:
    """What a declared thing is known by."""

    noun: str
    project: str
    name: str

    def __str__(self) -> str:
        words = [self.noun, *([f"{self.project}:"] if self.project and self.name else [self.project]), self.name]
        return " ".join(word for word in words if word)


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that differs; None where the side lacks it (has its default)."""

    field: str
    old: Json
    new: Json


@dataclass(frozen=True, slots=True)
class Change:
    """One thing to do. `old` None: it is not there yet; `new` None: it goes."""

    act: Act
    key: DeclaredKey
    old: Data | None
    new: Data | None

    @property
    def fields(self) -> tuple[FieldChange, ...]:
        """What differs, field by field; nothing for what goes as a whole."""
        if self.new is None:
            return ()
        return tuple(_fields_between(self.old or {}, self.new))


@dataclass(frozen=True, slots=True)
class Pending:
    """All changes, in the order in which they are made; `hash` stands for exactly these."""

    changes: tuple[Change, ...]

    @property
    def hash(self) -> str:
        """Equal where the same things would change in the same way from the same present state."""
        told: list[Json] = [
            [one.act, one.key.noun, one.key.project, one.key.name, _plain(one.old), _plain(one.new)]
            for one in self.changes
        ]
        return fingerprint(told)


def compare(
    wanted: Mapping[DeclaredKey, Data],
    held: Mapping[DeclaredKey, Data],
    *,
    order: Sequence[str],
    may_remove: Callable[[DeclaredKey], bool],
) -> Pending:
    """What must change so that all of `wanted` is so. `order` are the nouns, those that others refer to first: what is
    added and changed goes that way, what is removed the other way round, and after it. Nothing is removed that
    `may_remove` does not name."""
    rank = {noun: position for position, noun in enumerate(order)}
    changes = [
        Change("change" if key in held else "add", key, held.get(key), data)
        for key, data in wanted.items()
        if key not in held or list(_fields_between(held[key], data))
    ]
    changes.sort(key=lambda change: rank[change.key.noun])  # stable: within a noun as the files have it
    gone = [key for key in held if key not in wanted and may_remove(key)]
    gone.sort(key=lambda key: -rank[key.noun])
    return Pending((*changes, *(Change("remove", key, held[key], None) for key in gone)))


def arranged(held: Sequence[str], wanted: Sequence[str]) -> tuple[str, ...]:
    """All names in one order in which `wanted` follow each other as they are given, and whatever is held besides stays
    where it was: the places of those wanted are filled anew, a new one follows its predecessor."""
    named = [name for name in wanted if name in held]
    filled = iter(named)
    merged = [next(filled) if name in named else name for name in held]
    for position, name in enumerate(wanted):
        if name not in merged:
            merged.insert(merged.index(wanted[position - 1]) + 1 if position else 0, name)
    return tuple(merged)


def placeholders(data: Json, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Each placeholder in the data: where it stands, and its name."""
    if isinstance(data, dict):
        if set(data) == {SECRET}:
            yield path, str(data[SECRET])
            return
        for key, held in data.items():
            yield from placeholders(held, (*path, key))
    elif isinstance(data, list):
        for index, held in enumerate(data):
            yield from placeholders(held, (*path, index))


def with_placeholders(data: Json, marks: Mapping[str, dict[str, Json]]) -> Json:
    """The data with each placeholder as `marks` has it by name; as `PLACEHOLDER` where it has none."""
    if isinstance(data, dict):
        if set(data) == {SECRET}:
            return marks.get(str(data[SECRET]), PLACEHOLDER)
        return {key: with_placeholders(held, marks) for key, held in data.items()}
    if isinstance(data, list):
        return [with_placeholders(held, marks) for held in data]
    return data


def environment_variable(placeholder: str) -> str:
    """The name under which a placeholder's value may stand in an environment: letters, digits, underscores."""
    spelt = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in placeholder)
    return f"FAIRLEAD_SECRET_{spelt.upper()}"


def _plain(data: Data | None) -> Json:
    return None if data is None else dict(data)


def _fields_between(old: Data, new: Data) -> Iterable[FieldChange]:
    for name in dict.fromkeys((*old, *new)):
        if old.get(name) != new.get(name):
            yield FieldChange(name, old.get(name), new.get(name))
