"""Single values as project files write them: durations, sizes, commands, key-value lists, and texts with secrets."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable
from typing import Annotated, Any, TypeAlias, TypeVar

from pydantic import BeforeValidator, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from fairlead.domain.text import Mixed, SecretRef, Text

T = TypeVar("T")

DURATION_LIMIT_S = 31_536_000.0
"""A year: more is a slip of the pen."""

SIZE_LIMIT_BYTES = 1 << 50

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(us|ms|s|m|h|d)")
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(b|k|kb|kib|m|mb|mib|g|gb|gib|t|tb|tib)?", re.IGNORECASE)
_UNITS = {"b": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_TRUE = frozenset({"true", "yes", "on", "y"})
_FALSE = frozenset({"false", "no", "off", "n"})

_KEY = re.compile(r"[^\s=;\x00-\x1f\x7f]{1,500}")


def wrong(expected: str) -> PydanticCustomError:
    """The error of a value that is not `expected`."""
    return PydanticCustomError("wrong", "{expected}", {"expected": expected})


def of_each(entries: Iterable[tuple[str | int, object]], read: Callable[[object], T]) -> list[T]:
    """Each entry as `read` reads it, by its key or number; the error of one says which it is."""
    found: list[T] = []
    for step, entry in entries:
        try:
            found.append(read(entry))
        except PydanticCustomError as error:
            context = {"step": step, "entry": entry, **(error.context or {})}
            raise PydanticCustomError("wrong", "{expected}", context) from error
    return found


def words(value: object, expected: str = "text") -> str:
    """Text in clear; a secret may not stand here."""
    if isinstance(value, SecretRef | Mixed):
        raise wrong(f"{expected} without a secret: it would be shown")
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float):
        raise wrong(expected)
    text = str(value)
    if "\0" in text:
        raise wrong(f"{expected} without a NUL character")
    return text


def name(value: object, expected: str = "text") -> str:
    """Words of one line: what names something, here or on the host."""
    written = words(value, expected)
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in written):
        raise wrong(f"{expected} of one line, without control characters")
    return written


def text(value: object) -> Text:
    """Any text, secrets by reference."""
    return value if isinstance(value, SecretRef | Mixed) else words(value)


def seconds(value: object) -> float:
    """``1m30s``, ``500ms``; a bare number is seconds."""
    expected = "a duration (500ms, 30s, 1m30s)"
    written = words(value, expected).strip()
    if re.fullmatch(r"\d{1,9}(?:\.\d{1,9})?", written):
        total = float(written)
    else:
        found = _DURATION.findall(written) if len(written) < 60 else []
        if not found or "".join(number + unit for number, unit in found) != written:
            raise wrong(expected)
        total = sum(float(number) * _SECONDS[unit] for number, unit in found)
    if total > DURATION_LIMIT_S:
        raise wrong("a duration of at most a year")
    return total


def size(value: object) -> int:
    """``64m``, ``1gb``, ``512`` (bytes); 1024 to the step, as Compose has it."""
    found = _SIZE.fullmatch(words(value, "a size (64m, 1gb)").strip())
    if not found or len(found.group(1)) > 20:
        raise wrong("a size (64m, 1gb)")
    total = int(float(found.group(1)) * 1024 ** _UNITS[(found.group(2) or "b")[0].lower()])
    if total > SIZE_LIMIT_BYTES:
        raise wrong("a size of at most 1024t")
    return total


def whole(value: object) -> int:
    """A whole number that is not negative."""
    written = words(value, "a whole number").strip()
    if not re.fullmatch(r"\d{1,10}", written):
        raise wrong("a whole number from 0 on")
    return int(written)


def pids(value: object) -> int:
    """A whole number; 0 for no limit, which Compose also writes as -1."""
    return 0 if words(value, "a whole number") == "-1" else whole(value)


def number(value: object) -> float:
    """A number that is not negative."""
    written = words(value, "a number").strip()
    if not re.fullmatch(r"\d{0,9}(?:\.\d{1,9})?", written) or not written:
        raise wrong("a number")
    return float(written)


def flag(value: object) -> bool:
    """``true`` or ``false``."""
    written = words(value, "true or false").strip().lower()
    if written not in _TRUE | _FALSE:
        raise wrong("true or false")
    return written in _TRUE


def command(value: object) -> tuple[str, ...]:
    """A list of words, or one line that is split as a shell would, without being given to one."""
    expected = "a list of words, or one line"
    if isinstance(value, list):
        return tuple(of_each(enumerate(value), lambda part: words(part, expected)))
    try:
        return tuple(shlex.split(words(value, expected)))
    except ValueError as error:
        raise wrong(f"{expected} with its quotes closed") from error


def word_list(value: object) -> tuple[str, ...]:
    """A list of texts; one text is a list of one."""
    if value is None:
        return ()
    if isinstance(value, list):
        return tuple(of_each(enumerate(value), lambda part: name(part, "a list of texts")))
    return (name(value, "a list of texts"),)


def key_texts(value: object) -> dict[str, Text | None]:
    """``KEY=value`` in a list, or a mapping; None where a key has no value of its own."""
    expected = "a mapping, or a list of KEY=value"
    if value is None:
        return {}
    if isinstance(value, dict):
        keys = of_each(((str(key), str(key)) for key in value), _key)
        return dict(zip(keys, of_each(value.items(), _held), strict=True))
    if isinstance(value, list):
        return dict(of_each(enumerate(value), lambda part: _pair(part, expected)))
    raise wrong(expected)


def _key(written: object) -> str:
    if not _KEY.fullmatch(str(written)):
        raise wrong("names without blanks, '=', ';' and control characters")
    return str(written)


def _held(value: object) -> Text | None:
    return None if value is None else text(value)


def key_words(value: object) -> dict[str, str]:
    """As `key_texts`, in clear; a key without value has the empty text."""
    return {key: "" if held is None else words(held) for key, held in key_texts(value).items()}


def _pair(part: object, expected: str) -> tuple[str, Text | None]:
    if isinstance(part, Mixed) and isinstance(part.parts[0], str) and "=" in part.parts[0]:
        key, _, begun = part.parts[0].partition("=")
        rest = (begun, *part.parts[1:]) if begun else part.parts[1:]
        return _key(key), rest[0] if len(rest) == 1 else Mixed(rest)
    key, equals, held = words(part, expected).partition("=")
    return _key(key), held if equals else None


def long_form(key: str, written: Any) -> BeforeValidator:
    """A text that stands for a mapping with that one key; `written` is the type that the JSON Schema shows."""
    return BeforeValidator(
        lambda value: {key: value} if isinstance(value, str | SecretRef | Mixed) else value,
        json_schema_input_type=written,
    )


def _schema(kind: Any, description: str = "") -> WithJsonSchema:
    return WithJsonSchema({"type": kind, **({"description": description} if description else {})})


_MAP_OR_LIST: dict[str, Any] = {
    "anyOf": [
        {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean", "null"]}},
        {"type": "array", "items": {"type": "string"}},
    ]
}
_LIST_OR_TEXT: dict[str, Any] = {
    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": ["string", "number", "boolean"]}}]
}

Words: TypeAlias = Annotated[str, PlainValidator(name), _schema(["string", "number"])]
AnyText: TypeAlias = Annotated[Any, PlainValidator(text), _schema(["string", "number", "boolean"])]
Seconds: TypeAlias = Annotated[float, BeforeValidator(seconds), _schema(["string", "number"], "500ms, 30s, 1m30s")]
Size: TypeAlias = Annotated[int, BeforeValidator(size), _schema(["string", "integer"], "64m, 1gb")]
Whole: TypeAlias = Annotated[int, BeforeValidator(whole), _schema(["integer", "string"])]
Pids: TypeAlias = Annotated[int, BeforeValidator(pids), _schema(["integer", "string"])]
Number: TypeAlias = Annotated[float, BeforeValidator(number), _schema(["number", "string"])]
Flag: TypeAlias = Annotated[bool, BeforeValidator(flag), _schema("boolean")]
Command: TypeAlias = Annotated[tuple[str, ...], PlainValidator(command), WithJsonSchema(_LIST_OR_TEXT)]
WordList: TypeAlias = Annotated[tuple[str, ...], PlainValidator(word_list), WithJsonSchema(_LIST_OR_TEXT)]
KeyTexts: TypeAlias = Annotated[dict[str, Any], PlainValidator(key_texts), WithJsonSchema(_MAP_OR_LIST)]
KeyWords: TypeAlias = Annotated[dict[str, str], PlainValidator(key_words), WithJsonSchema(_MAP_OR_LIST)]
