"""Writes a tree of OCL as Octopus writes it."""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.formats.ocl.tree import Attribute, Block, Call, Entries, Value

_STEP = "    "
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def write_ocl(document: Block) -> str:
    """Reads back as the same tree."""
    return "".join(f"{line}\n" for line in _body(document.body, ""))


def _body(body: tuple[Attribute | Block, ...], before: str) -> Iterator[str]:
    for one in body:
        if isinstance(one, Attribute):
            yield f"{before}{one.name} = {_value(one.value, before)}"
            continue
        labels = "".join(f' "{label.translate(_ESCAPES)}"' for label in one.labels)
        yield f"{before}{one.name}{labels} {{"
        yield from _body(one.body, before + _STEP)
        yield before + "}"


def _value(value: Value, before: str) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"{value:f}" if isinstance(value, float) else str(value)
        case str():
            return f'"{value.translate(_ESCAPES)}"'
        case tuple():
            return f"[{', '.join(_value(one, before) for one in value)}]"
        case Call():
            return f"{value.name}({', '.join(_value(one, before) for one in value.arguments)})"
        case Entries():
            inner = before + _STEP
            lines = "".join(f"{inner}{_key(one.name)} = {_value(one.value, inner)}\n" for one in value.attributes)
            return f"{{\n{lines}{before}}}" if lines else "{}"


def _key(name: str) -> str:
    is_plain = bool(name) and not any(letter.isspace() or letter in '"=[]{}<>#' for letter in name)
    return name if is_plain else f'"{name.translate(_ESCAPES)}"'
