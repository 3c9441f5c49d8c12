"""`.dockerignore`: which paths of a build context stay behind (docs.docker.com, Build, build context)."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from fairlead.domain.errors import Invalid

IGNORE_FILE = ".dockerignore"


def is_beside(dockerfile: str) -> bool:
    """Whether the Dockerfile, by its path from the context, lies outside of it."""
    return dockerfile.startswith("../")


def ignore_of(context: Path, dockerfile: str) -> Ignore:
    """What stays behind of the context: its lines, or those beside the Dockerfile, which then hold alone."""
    places = (context / name for name in (f"{dockerfile}{IGNORE_FILE}", IGNORE_FILE))
    place = next((one for one in places if one.is_file() and not one.is_symlink()), None)
    return read_ignore(place.read_text(errors="surrogateescape") if place else "", dockerfile)


@dataclass(frozen=True)
class Pattern:
    """One line. `is_exception` (``!``) brings back what earlier lines left out."""

    text: str
    is_exception: bool

    @cached_property
    def expression(self) -> re.Pattern[str]:
        return re.compile(to_expression(self.text), re.DOTALL)

    def fits(self, path: str) -> bool:
        """Whether it names the path itself."""
        return self.expression.fullmatch(path) is not None


class Ignore:
    """The lines of the file, in order: the last one that fits a path, or a directory above it, decides."""

    def __init__(self, patterns: tuple[Pattern, ...]) -> None:
        self._patterns = patterns

    def leaves_out(self, path: str) -> bool:
        """Whether the path (relative, with slashes) stays behind."""
        parts = path.split("/")
        above = ["/".join(parts[:length]) for length in range(len(parts), 0, -1)]
        is_out = False
        for pattern in self._patterns:
            if pattern.is_exception is is_out and any(pattern.fits(name) for name in above):
                is_out = not pattern.is_exception
        return is_out

    def may_keep_below(self, directory: str) -> bool:
        """Whether an exception could bring back something inside a directory that is left out."""
        parts = directory.split("/")
        return any(pattern.is_exception and _reaches_below(pattern.text, parts) for pattern in self._patterns)


def _reaches_below(pattern: str, parts: list[str]) -> bool:
    pieces = pattern.split("/")
    for piece, part in zip(pieces, parts, strict=False):
        if "**" in piece or "[" in piece:  # a class may have held the slash
            return True
        if not re.fullmatch(to_expression(piece), part, re.DOTALL):
            return False
    return len(pieces) > len(parts)


def read_ignore(text: str, dockerfile: str) -> Ignore:
    """From the file's text. The Dockerfile and the file itself always travel: the engine needs them, and drops them
    before the build where a line names them."""
    patterns = [pattern for line in text.removeprefix("\ufeff").splitlines() if (pattern := _read_line(line))]
    named = Ignore(tuple(patterns))
    kept = [Pattern(name, is_exception=True) for name in (IGNORE_FILE, dockerfile) if named.leaves_out(name)]
    return Ignore((*patterns, *kept))


def _read_line(line: str) -> Pattern | None:
    if line.startswith("#") or not line.strip():
        return None
    text = line.strip()
    is_exception = text.startswith("!")
    if is_exception:
        text = text[1:].strip()
        if not text:
            raise Invalid("input.invalid", f"{IGNORE_FILE}: a line holds only an exclamation mark", thing=IGNORE_FILE)
    cleaned = _clean(text)
    return _readable(Pattern(cleaned, is_exception), line) if cleaned else None


def _readable(pattern: Pattern, line: str) -> Pattern:
    try:
        _ = pattern.expression
    except re.error as error:
        why = f"{IGNORE_FILE}: {line[:80]!r} is not a pattern: {error.msg}"
        raise Invalid("input.invalid", why, thing=IGNORE_FILE) from error
    return pattern


def _clean(text: str) -> str:
    """Without repeated slashes, ``.`` and ``..``; an absolute pattern is meant from the context's root."""
    cleaned = posixpath.normpath(text)
    return cleaned.lstrip("/") if len(cleaned) > 1 else cleaned


def to_expression(pattern: str) -> str:
    """The regular expression of a pattern: Go's `filepath.Match` and ``**`` for any number of directories."""
    parts: list[str] = []
    position = 0
    while position < len(pattern):
        character = pattern[position]
        position += 1
        if character == "*" and pattern.startswith("*", position):
            position += 1
            if pattern.startswith("/", position):
                position += 1
            parts.append(".*" if position >= len(pattern) else "(.*/)?")
        elif character == "*":
            parts.append("[^/]*")
        elif character == "?":
            parts.append("[^/]")
        elif character == "\\" and position < len(pattern):
            parts.append(re.escape(pattern[position]))
            position += 1
        elif character == "[" and (end := _class_end(pattern, position)) > 0:
            parts.append(_character_class(pattern[position:end]))
            position = end + 1
        else:
            parts.append(re.escape(character))
    return "".join(parts)


def _class_end(pattern: str, start: int) -> int:
    """Where the class that was opened before `start` closes; 0 where it never does. The first in it may be ``]``."""
    at = start + pattern.startswith("^", start)
    at += pattern.startswith("]", at)
    while at < len(pattern) and pattern[at] != "]":
        at += 2 if pattern[at] == "\\" else 1
    return at if at < len(pattern) else 0


def _character_class(body: str) -> str:
    negated = body.startswith("^")
    inside = re.sub(r"(\\.|.)(?:-(\\.|.))?", _letters, body[1:] if negated else body, flags=re.DOTALL)
    return f"[{'^' if negated else ''}{inside}]"


def _letters(found: re.Match[str]) -> str:
    """One letter, or a range of them; what stands behind a backslash is a letter."""
    return "-".join(re.escape(letter[-1]) for letter in found.groups() if letter)
