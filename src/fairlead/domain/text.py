"""Text that may hold secrets: literal parts and references, joined only at the last moment (law 8)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from fairlead.domain.ids import SecretVersionId


@dataclass(frozen=True, slots=True)
class SecretRef:
    """One immutable version of one secret value; `name` is the variable's name, for people."""

    id: SecretVersionId
    name: str

    def __str__(self) -> str:
        return "•••"


@dataclass(frozen=True, slots=True)
class Mixed:
    """A text in parts, at least one of them a secret."""

    parts: tuple[str | SecretRef, ...]

    def __str__(self) -> str:
        return "".join(str(part) for part in self.parts)


Text: TypeAlias = str | SecretRef | Mixed


def join(parts: tuple[str | SecretRef, ...]) -> Text:
    """The simplest text that these parts make."""
    if not any(isinstance(part, SecretRef) for part in parts):
        return "".join(str(part) for part in parts)
    kept: list[str | SecretRef] = []
    for part in parts:
        last = kept[-1] if kept else None
        if isinstance(part, str) and isinstance(last, str):
            kept[-1] = last + part
        elif part != "":
            kept.append(part)
    return kept[0] if len(kept) == 1 else Mixed(tuple(kept))


def parts_of(text: Text) -> tuple[str | SecretRef, ...]:
    """The parts of any text, in order."""
    return text.parts if isinstance(text, Mixed) else (text,)


def secrets_in(*texts: Text) -> Iterator[SecretRef]:
    """Each reference in the texts, in order, repeats included."""
    for text in texts:
        for part in parts_of(text):
            if isinstance(part, SecretRef):
                yield part


def reveal(text: Text, values: Mapping[SecretVersionId, str]) -> str:
    """The text in clear; KeyError where a referenced version is not among `values`."""
    return "".join(values[part.id] if isinstance(part, SecretRef) else part for part in parts_of(text))


def redact(text: Text) -> str:
    """The text for people and captures, each secret as its reference shows itself."""
    return "".join(map(str, parts_of(text)))
