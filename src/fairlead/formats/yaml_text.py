"""Writes plain data as YAML in one spelling, so that equal data are equal files; `yaml_tree` reads it back."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fairlead.domain.record import Json

_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./+@-]*(?: [A-Za-z0-9_./+@-]+)*")
_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf"})
"""Words that some reader of YAML takes for something else than text (1.1 and 1.2)."""
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
FLOW_WIDTH = 100
"""Columns up to which a list of short texts stands on one line."""


def yaml_text(data: dict[str, Json]) -> str:
    """The document; keys in the order given."""
    return "".join(f"{line}\n" for line in _table(data, "")) or "{}\n"


def _table(data: dict[str, Json], indent: str) -> Iterator[str]:
    for key, held in data.items():
        yield from _entry(f"{indent}{scalar(key)}:", held, indent)


def _entry(start: str, held: Json, indent: str) -> Iterator[str]:
    """`start` with the value behind it or below it."""
    flow = _flow(held)
    if flow is not None and (not held or isinstance(held, dict) or len(start) + len(flow) < FLOW_WIDTH):
        yield f"{start} {flow}"
    elif isinstance(held, dict):
        yield start
        yield from _table(held, indent + "  ")
    elif isinstance(held, list):
        yield start
        for item in held:
            yield from _item(item, indent + "  ")
    elif isinstance(held, str) and _is_literal(held):
        yield from _literal(start, held, indent)
    else:
        yield f"{start} {scalar(held)}"


def _item(item: Json, indent: str) -> Iterator[str]:
    if isinstance(item, dict) and item and _flow(item) is None:
        lines = _table(item, indent + "  ")
        yield f"{indent}- {next(lines)[len(indent) + 2 :]}"
        yield from lines
    else:
        yield from _entry(f"{indent}-", item, indent)


def _flow(held: Json) -> str | None:
    """Lists of short texts, placeholders and what is empty stand on one line; None for all else."""
    if held in ([], {}) and isinstance(held, list | dict):
        return "[]" if isinstance(held, list) else "{}"
    if isinstance(held, dict) and set(held) == {"secret"} and isinstance(held["secret"], str):
        return f"{{secret: {scalar(held['secret'])}}}"
    if isinstance(held, list) and all(isinstance(one, str) and "\n" not in one for one in held):
        return f"[{', '.join(scalar(one) for one in held)}]"
    return None


def _is_literal(text: str) -> bool:
    if "\n" not in text or text[0] in " \n":
        return False
    return all(line.isprintable() for line in text.split("\n"))


def _literal(start: str, text: str, indent: str) -> Iterator[str]:
    body = text.rstrip("\n")
    ends = len(text) - len(body)
    yield f"{start} |{'-' if ends == 0 else '' if ends == 1 else '+'}"
    for line in body.split("\n"):
        yield f"{indent}  {line}" if line else ""
    for _ in range(ends - 1):
        yield ""


def scalar(value: Json) -> str:
    """One value on one line."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, int | float):
        return str(value)
    text = str(value)
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return '"' + "".join(_ESCAPES.get(letter) or _letter(letter) for letter in text) + '"'


def _letter(letter: str) -> str:
    if letter.isprintable():
        return letter
    code = ord(letter)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
