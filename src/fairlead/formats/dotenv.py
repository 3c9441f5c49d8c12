"""Reads `.env` and env_files: KEY=value lines, as Compose reads them (docs.docker.com/compose, "env file syntax")."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fairlead.domain.errors import FairleadError
from fairlead.domain.substitution import Lookup, interpolate
from fairlead.domain.text import Text
from fairlead.formats.findings import Findings
from fairlead.formats.node import Mark

_KEY = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.\[\]-]*)\s*(?:[=:]|$)")
_COMMENT = re.compile(r"\s#.*")
_ESCAPES = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    '"': '"',
    "$": "$$",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One assignment. `is_literal` where it stood in single quotes, and nothing is put into it."""

    key: str
    value: str | None
    line: int
    is_literal: bool


def read_dotenv(
    name: str, content: bytes, findings: Findings, lookup: Lookup | None, *, is_raw: bool = False
) -> dict[str, Text | None]:
    """The file's variables in order; ``${NAME}`` takes earlier ones, then `lookup`; what neither has is empty.

    None for a name without ``=``: its value is to come from elsewhere. `is_raw` takes every value as it stands.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        findings.problem(Mark(name), "", "what is not text", "text in UTF-8")
        return {}
    found: dict[str, Text | None] = {}
    for entry in entries(name, text, findings, is_raw=is_raw):
        value: Text | None = entry.value
        if entry.value is not None and not entry.is_literal and lookup is not None:
            value = _filled(name, entry, found, lookup, findings)
        found[entry.key] = value
    return found


def _filled(name: str, entry: Entry, earlier: dict[str, Text | None], lookup: Lookup, findings: Findings) -> Text:
    def value_of(key: str) -> Text | None:
        given = earlier.get(key)
        given = lookup(key) if given is None else given
        return "" if given is None else given

    try:
        return interpolate(entry.value or "", value_of, where=entry.key)
    except FairleadError as error:
        findings.error(Mark(name, entry.line), entry.key, error)
        return ""


def entries(name: str, text: str, findings: Findings, *, is_raw: bool = False) -> Iterator[Entry]:
    """Each assignment, quotes taken off; a line that is not one is a problem."""
    lines = text.replace("\r\n", "\n").split("\n")
    number = 0
    while number < len(lines):
        line, start = lines[number], number + 1
        number += 1
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = _KEY.match(line)
        if not found:
            findings.problem(Mark(name, start), "", "a line that is no assignment", "KEY=value")
            continue
        rest, key = line[found.end() :], found.group(1)
        bare = rest.lstrip()
        if is_raw:
            yield Entry(key, bare if "=" in line else None, start, is_literal=True)
        elif found.group().rstrip()[-1:] not in ("=", ":"):
            yield Entry(key, None, start, is_literal=True)
        elif bare[:1] in ("'", '"'):
            quote, body = bare[0], [bare[1:]]
            while (end := _close(body[-1], quote)) < 0 and number < len(lines):
                body.append(lines[number])
                number += 1
            if end < 0:
                at = Mark(name, start, len(line) - len(bare) + 1)
                findings.problem(at, key, "a quote that is not closed", f"a {quote}")
                return
            body[-1] = body[-1][:end]
            inner = "\n".join(body)
            value = inner.replace("\\'", "'") if quote == "'" else _unescaped(inner)
            yield Entry(key, value, start, is_literal=quote == "'")
        else:
            yield Entry(key, _COMMENT.sub("", rest).strip(), start, is_literal=False)


def _close(line: str, quote: str) -> int:
    """Where the first quote stands that is not behind a backslash; -1 where none does."""
    at = 0
    while at < len(line):
        if line[at] == "\\":
            at += 1
        elif line[at] == quote:
            return at
        at += 1
    return -1


def _unescaped(body: str) -> str:
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found.group(1), found.group()), body, flags=re.DOTALL)
