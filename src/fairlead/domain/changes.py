"""What changed between two states of a noun, for the audit: part by part, secrets only as changed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, get_args, get_type_hints

from fairlead.domain.event import Change
from fairlead.domain.ids import SecretVersionId
from fairlead.domain.record import canonical

LONGEST_SHOWN = 500
MOST_CHANGES = 100
_HASHED = frozenset({"password", "hash", "csrf"})
"""Fields that hold something made from a secret."""
_BOOKKEEPING = frozenset({"id", "revision", "created_at", "last_used_at"})


@dataclasses.dataclass(frozen=True, slots=True)
class _Secret:
    id: object


def changes(before: object, after: object) -> tuple[Change, ...]:
    """Each part that differs, by its path. Dataclasses, mappings or None (for what is not there); at most
    `MOST_CHANGES`."""
    found = _differing(_plain(before), _plain(after), "")
    return tuple(change for change, _ in zip(found, range(MOST_CHANGES), strict=False))


def _differing(old: Any, new: Any, path: str) -> Iterator[Change]:
    if old == new:
        return
    if _is_tree(old) and _is_tree(new) and (old or new) and (isinstance(old, dict) or isinstance(new, dict)):
        for name in {**(old or {}), **(new or {})}:
            yield from _differing((old or {}).get(name), (new or {}).get(name), f"{path}.{name}" if path else name)
    elif isinstance(old, _Secret) or isinstance(new, _Secret):
        yield Change(path, is_secret=True)
    else:
        yield Change(path, _shown(old), _shown(new))


def _is_tree(held: object) -> bool:
    return held is None or isinstance(held, dict)


def _shown(held: object) -> str | None:
    if held is None:
        return None
    text = held if isinstance(held, str) else canonical(held)  # type: ignore[arg-type]
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}… ({len(text):,} letters)"


def _plain(held: object) -> Any:
    """Data that can be compared: what is empty is as good as not there."""
    if isinstance(held, Enum):
        return held.value
    if isinstance(held, datetime):
        return held.isoformat()
    if dataclasses.is_dataclass(held) and not isinstance(held, type):
        secret = _secret_fields(type(held))
        parts = {
            field.name: _Secret(getattr(held, field.name))
            if field.name in secret and getattr(held, field.name)
            else _plain(getattr(held, field.name))
            for field in dataclasses.fields(held)
            if field.name not in _BOOKKEEPING
        }
        return {name: part for name, part in parts.items() if part not in (None, "", [], {})}
    if isinstance(held, Mapping):
        return {str(name): _plain(part) for name, part in held.items()}
    if isinstance(held, list | tuple):
        return [_listed(part) for part in held]
    if isinstance(held, set | frozenset):
        return sorted((_listed(part) for part in held), key=str)
    return held


def _listed(held: object) -> Any:
    """An item of a list, which is compared and shown as a whole."""
    made = _plain(held)
    return _without_secrets(made) if isinstance(made, dict) else made


def _without_secrets(held: dict[str, Any]) -> dict[str, Any]:
    return {
        name: f"secret {part.id}"
        if isinstance(part, _Secret)
        else _without_secrets(part)
        if isinstance(part, dict)
        else part
        for name, part in held.items()
    }


@cache
def _secret_fields(kind: type[object]) -> frozenset[str]:
    hints = get_type_hints(kind)
    named = {name for name, hint in hints.items() if hint is SecretVersionId or SecretVersionId in get_args(hint)}
    return frozenset(named | (_HASHED & set(hints)))
