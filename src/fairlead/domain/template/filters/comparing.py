"""Filters that answer true or false, and the one that says which bucket."""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Callable, Sequence

from fairlead.domain.template.evaluation import Filter
from fairlead.domain.template.filters.patterns import compiled
from fairlead.domain.template.filters.text import whole
from fairlead.domain.template.numbers import read_number


def _answer(found: bool) -> str:
    return "true" if found else "false"


def _of_texts(asks: Callable[[str, str], bool]) -> Filter:
    def apply(value: str | None, options: Sequence[str]) -> str | None:
        return None if value is None or len(options) != 1 else _answer(asks(value, options[0]))

    return apply


def _of_numbers(asks: Callable[[float, float], bool]) -> Filter:
    def apply(value: str | None, options: Sequence[str]) -> str | None:
        if value is None or len(options) != 1:
            return None
        left, right = read_number(value), read_number(options[0])
        return None if left is None or right is None else _answer(asks(left, right))

    return apply


def _match(value: str | None, options: Sequence[str]) -> str | None:
    pattern = compiled(options[0]) if len(options) == 1 else None
    found = pattern.is_in(value) if value is not None and pattern is not None else None
    return None if found is None else _answer(found)


def _hash_bucket(value: str | None, options: Sequence[str]) -> str | None:
    """Into which of so many buckets a value falls: the same one always, and about as many values into each. What is
    wrong with their number is said in the text itself, so that it is seen where it is used."""
    if len(options) != 1:
        return "[HashBucket error: expected a single bucket count]"
    buckets = whole(options[0])
    if buckets is None or buckets < 1:
        return f"[HashBucket error: bucket count '{options[0]}' is not a positive integer]"
    return value and str(int.from_bytes(hashlib.sha256(value.encode()).digest()[:4]) % buckets)


FILTERS: dict[str, Filter] = {
    "contains": _of_texts(lambda value, part: part in value),
    "startswith": _of_texts(str.startswith),
    "endswith": _of_texts(str.endswith),
    "match": _match,
    "lessthan": _of_numbers(operator.lt),
    "lessthanorequal": _of_numbers(operator.le),
    "greaterthan": _of_numbers(operator.gt),
    "greaterthanorequal": _of_numbers(operator.ge),
    "hashbucket": _hash_bucket,
}
