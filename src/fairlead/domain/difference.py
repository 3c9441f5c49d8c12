"""In which of its parts one piece of plain data differs from another, in one sentence each."""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.domain.record import Json, canonical

SHOWN_LENGTH = 120


def differing(old: Json, new: Json, path: str = "") -> Iterator[str]:
    """`path: was …, is …` for each part that differs; mappings by key, lists of one length by place, and of
    things in other lists what came and what went."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted({*old, *new}):
            yield from differing(old.get(name), new.get(name), _below(path, name))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from differing(one, other, f"{path}[{number}]")
    elif _are_things(old) and _are_things(new) and (moved := list(_moved(old, new))):
        yield from (f"{path}: {word} {_named(one)}" for word, one in moved)
    elif old != new:
        yield f"{path}: was {_shown(old)}, is {_shown(new)}"


def _below(path: str, name: str) -> str:
    return f"{path}{name}" if not path or path.endswith(" ") else f"{path}.{name}"


def _shown(data: Json) -> str:
    return "nothing" if data is None else canonical(data)[:SHOWN_LENGTH]


def _are_things(data: Json) -> bool:
    return isinstance(data, list) and all(isinstance(one, dict) for one in data)


def _moved(old: Json, new: Json) -> Iterator[tuple[str, Json]]:
    if isinstance(old, list) and isinstance(new, list):
        yield from (("with", one) for one in new if one not in old)
        yield from (("without", one) for one in old if one not in new)


def _named(one: Json) -> str:
    """By its path or name, where it has one: what else there is of it, nobody reads in a sentence."""
    name = next((one[key] for key in ("path", "name") if one.get(key)), one) if isinstance(one, dict) else one
    return name if isinstance(name, str) else _shown(name)
