"""Masks: every form in which a secret value may show up in a line, and how it is taken out (law 8)."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

MARK = "•••"
SHORT = 4
"""A value shorter than this is masked only where it stands alone, and a line of a value not at all: no log could be
read else."""


class Mask:
    """Takes a set of values out of lines. Immutable: more values make another mask."""

    __slots__ = ("_pattern", "values")

    def __init__(self, values: Iterable[str] = ()) -> None:
        self.values = frozenset(value for value in values if value.strip())
        self._pattern = _pattern_of(self.values)

    def with_values(self, values: Iterable[str]) -> Mask:
        """This one and more."""
        more = self.values.union(value for value in values if value.strip())
        return self if more == self.values else Mask(more)

    def apply(self, text: str) -> str:
        """The text with a mark in the place of each secret."""
        return text if self._pattern is None else self._pattern.sub(MARK, text)


def forms_of(value: str) -> frozenset[str]:
    """The value as it is, each of its lines, and all of these as base64 (wherever it stands in what was encoded),
    URL-encoded, JSON-escaped and quoted for a shell."""
    lines = {line.strip() for line in value.splitlines()}
    wholes = {value, value.strip()} | {line for line in lines if len(line) >= SHORT}
    forms: set[str] = set()
    for whole in wholes:
        if not whole:
            continue
        forms.add(whole)
        if len(whole) < SHORT:
            continue
        escaped = {json.dumps(whole)[1:-1], json.dumps(whole, ensure_ascii=False)[1:-1]}
        quoted = {quote(whole, safe=""), quote(whole), quote_plus(whole)}
        lower = {re.sub("%[0-9A-F]{2}", lambda found: found.group().lower(), text) for text in quoted}
        forms |= escaped | quoted | lower | {whole.replace("'", "'\"'\"'"), whole.replace("'", "'\\''")}
        forms |= {repr(whole)[1:-1]} | set(_base64_forms(whole.encode()))
    return frozenset(form for form in forms if form)


def _base64_forms(content: bytes) -> Iterable[str]:
    """What stays the same of the value's base64 however many bytes stand before and after it (RFC 4648)."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + content).decode().rstrip("=")
        start = (0, 2, 3)[before]
        whole_bits = (before + len(content)) * 8
        steady = encoded[start : whole_bits // 6]
        if len(steady) >= SHORT:
            yield steady
            yield steady.replace("+", "-").replace("/", "_")


def _pattern_of(values: frozenset[str]) -> re.Pattern[str] | None:
    forms = {form for value in values for form in forms_of(value)}
    if not forms:
        return None
    ordered = sorted(forms, key=lambda form: (-len(form), form))
    parts = [re.escape(form) if len(form) >= SHORT else rf"(?<!\w){re.escape(form)}(?!\w)" for form in ordered]
    return re.compile("|".join(parts))
