"""Frozen dataclasses to plain JSON data and back: how plans, releases and effects are kept and shown."""

from __future__ import annotations

import dataclasses
import enum
import functools
import hashlib
import json
import types
from collections.abc import Callable, Mapping
from typing import Any, ForwardRef, Literal, TypeAlias, TypeVar, Union, cast, get_args, get_origin, get_type_hints

Json: TypeAlias = "None | bool | int | float | str | list[Json] | dict[str, Json]"

T = TypeVar("T")

TAG = "is"
"""The key that names the class where a field may hold one of several."""


def is_kept(text: str) -> bool:
    """Whether every database and encoding can hold it: it has neither NUL nor half a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def to_data(value: object) -> Json:
    """Plain JSON data of a dataclass, enum, mapping, sequence or scalar; fields that equal their default are left out.

    A dataclass inside a union carries its class name under ``is``; dataclasses always carry it, so that reading needs
    no guessing.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value.value if isinstance(value, enum.Enum) else value
    if isinstance(value, enum.Enum):
        return cast("Json", value.value)
    if dataclasses.is_dataclass(value):
        data: dict[str, Json] = {TAG: type(value).__name__}
        for field in _fields(type(value)):
            held = getattr(value, field.name)
            if not _is_default(field, held):
                data[field.name] = to_data(held)
        return data
    if isinstance(value, Mapping):
        return {str(key): to_data(held) for key, held in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value) if isinstance(value, set | frozenset) else value
        return [to_data(held) for held in items]
    raise TypeError(f"{type(value).__name__} has no place in a record")


def from_data(kind: type[T], data: Json) -> T:
    """The value of type `kind` that `to_data` turned into `data`; TypeError or KeyError where it does not fit."""
    return cast("T", _read(kind, data))


def canonical(data: Json) -> str:
    """One spelling for equal data: sorted keys, no spaces. What hashes are taken of."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def fingerprint(data: Json) -> str:
    """SHA-256 of the canonical spelling, hexadecimal."""
    return hashlib.sha256(canonical(data).encode()).hexdigest()


_FIELDS: dict[object, tuple[dataclasses.Field[Any], ...]] = {}


def _fields(kind: Any) -> tuple[dataclasses.Field[Any], ...]:
    if kind not in _FIELDS:
        _FIELDS[kind] = dataclasses.fields(kind)
    return _FIELDS[kind]


def _is_default(field: dataclasses.Field[Any], held: object) -> bool:
    if field.default is not dataclasses.MISSING:
        return bool(held == field.default)
    if field.default_factory is not dataclasses.MISSING:
        return bool(held == field.default_factory())
    return False


def _read(kind: Any, data: Json) -> object:
    return _reader(kind)(data)


@functools.cache
def _reader(kind: Any) -> Callable[[Json], object]:
    """What reads values of that kind: worked out once, for plans hold thousands of values and few kinds."""
    if kind is Any or kind is object:
        return _as_it_is
    if isinstance(kind, TypeVar | ForwardRef):  # the inside of Json: data as it is
        return _as_it_is
    origin, kinds = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return functools.partial(_read_union, kinds)
    if origin is Literal:
        return functools.partial(_read_literal, kinds)
    if origin in (tuple, list, frozenset, set):
        if origin is tuple and not (len(kinds) == 2 and kinds[1] is Ellipsis):
            return functools.partial(_read_each, tuple(map(_reader, kinds)))
        return functools.partial(_read_items, origin, _reader(kinds[0]))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return functools.partial(_read_mapping, _reader(kinds[0]), _reader(kinds[1]))
    if dataclasses.is_dataclass(kind):
        return functools.partial(_read_dataclass, cast("type[object]", kind))
    return _scalar(getattr(kind, "__supertype__", kind))


def _as_it_is(data: Json) -> object:
    return data


def _read_literal(kinds: tuple[Any, ...], data: Json) -> object:
    if data not in kinds:
        raise TypeError(f"{data!r} is none of {kinds}")
    return data


def _read_union(kinds: tuple[Any, ...], data: Json) -> object:
    if data is None and type(None) in kinds:
        return None
    if isinstance(data, dict) and TAG in data:
        for kind in kinds:
            if dataclasses.is_dataclass(kind) and getattr(kind, "__name__", "") == data[TAG]:
                return _read(kind, data)
    for kind in kinds:
        if kind is type(None):
            continue
        try:
            return _read(kind, data)
        except (TypeError, KeyError, ValueError):
            continue
    raise TypeError(f"{str(data)[:80]} fits none of {kinds}")


def _read_items(origin: Any, read: Callable[[Json], object], data: Json) -> object:
    if not isinstance(data, list):
        raise TypeError(f"expected a list, found {type(data).__name__}")
    return origin(map(read, data))


def _read_each(readers: tuple[Callable[[Json], object], ...], data: Json) -> object:
    if not isinstance(data, list):
        raise TypeError(f"expected a list, found {type(data).__name__}")
    return tuple(read(item) for read, item in zip(readers, data, strict=True))


def _read_mapping(read_key: Callable[[Json], object], read_item: Callable[[Json], object], data: Json) -> object:
    if not isinstance(data, dict):
        raise TypeError(f"expected a mapping, found {type(data).__name__}")
    return {read_key(key): read_item(item) for key, item in data.items()}


def _read_dataclass(kind: type[object], data: Json) -> object:
    if not isinstance(data, dict):
        raise TypeError(f"expected the fields of {kind.__name__}, found {type(data).__name__}")
    if data.get(TAG, kind.__name__) != kind.__name__:
        raise TypeError(f"expected {kind.__name__}, found {data[TAG]}")
    hints = _hints(kind)
    return kind(**{name: _read(hints[name], held) for name, held in data.items() if name != TAG})


_HINTS: dict[type[object], dict[str, Any]] = {}


def _hints(kind: type[object]) -> dict[str, Any]:
    if kind not in _HINTS:
        _HINTS[kind] = get_type_hints(kind)
    return _HINTS[kind]


def _scalar(kind: Any) -> Callable[[Json], object]:
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return kind
    if kind in (type(None), bool, int, float, str):
        return functools.partial(_read_scalar, kind)
    return functools.partial(_refuse, kind)


def _read_scalar(kind: type[object], data: Json) -> object:
    if type(data) is kind:
        return data
    if kind is float and type(data) is int:
        return float(data)
    return _refuse(kind, data)


def _refuse(kind: Any, data: Json) -> object:
    raise TypeError(f"expected {getattr(kind, '__name__', kind)}, found {type(data).__name__}")
