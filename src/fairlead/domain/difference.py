"""In which of its parts one piece of plain data differs from another, in one sentence each."""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.domain.record import Json, canonical

SHOWN_LENGTH = 120


def differing(old: Json, new: Json, path: str = "") -> Iterator[str]:
    """`path: was …, is …` for each part that differs; mappings by key, lists of one length by place."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted({*old, *new}):
            yield from differing(old.get(name), new.get(name), _below(path, name))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from differing(one, other, f"{path}[{number}]")
    elif old != new:
        yield f"{path}: was {_shown(old)}, is {_shown(new)}"


def _below(path: str, name: str) -> str:
    return f"{path}{name}" if not path or path.endswith(" ") else f"{path}.{name}"


def _shown(data: Json) -> str:
    return "nothing" if data is None else canonical(data)[:SHOWN_LENGTH]
