"""What a Dockerfile builds upon: the images that its FROM and COPY --from lines name."""

from __future__ import annotations

import re
from collections.abc import Mapping

_ARG = re.compile(r"ARG\s+(?P<rest>.+)", re.IGNORECASE)
_FROM = re.compile(r"FROM\s+(?:--\S+\s+)*(?P<image>\S+)(?:\s+AS\s+(?P<name>\S+))?\s*", re.IGNORECASE)
_COPY = re.compile(r"(?:COPY|ADD)\s+(?:--\S+\s+)*?--from=(?P<image>\S+)", re.IGNORECASE)
_VARIABLE = re.compile(r"\$(?:\{(?P<braced>\w+)(?::(?P<how>[-+])(?P<word>[^}]*))?\}|(?P<plain>\w+))")
_ESCAPE = re.compile(r"#\s*escape\s*=\s*(?P<letter>[\\`])\s*", re.IGNORECASE)
NOTHING = "scratch"


def base_images(text: str, arguments: Mapping[str, str]) -> tuple[str, ...]:
    """The images outside of the file, each once, in order; arguments filled in as the builder does (those before the
    first FROM). What cannot be resolved stands as written."""
    values: dict[str, str] = {}
    stages: set[str] = set()
    found: dict[str, None] = {}
    is_before_first = True
    for line in _lines(text):
        if match := _FROM.fullmatch(line):
            is_before_first = False
            image = _filled(match["image"], values)
            if image.lower() not in stages and image.lower() != NOTHING:
                found[image] = None
            if match["name"]:
                stages.add(match["name"].lower())
        elif is_before_first and (match := _ARG.fullmatch(line)):
            _declare(match["rest"], arguments, values)
        elif match := _COPY.match(line):
            image = match["image"]
            if image.lower() not in stages and not image.isdecimal():
                found[image] = None
    return tuple(found)


def _declare(rest: str, arguments: Mapping[str, str], values: dict[str, str]) -> None:
    for word in rest.split():
        name, _, default = word.partition("=")
        values[name] = arguments.get(name, _filled(default.strip("\"'"), values))


def _filled(text: str, values: Mapping[str, str]) -> str:
    def fill(match: re.Match[str]) -> str:
        name = match["braced"] or match["plain"]
        value = values.get(name, "")
        if match["how"] == "-":
            return value or match["word"]
        if match["how"] == "+":
            return match["word"] if value else ""
        return value if name in values else match.group()

    return _VARIABLE.sub(fill, text.strip("\"'"))


def _lines(text: str) -> list[str]:
    """Instructions, one a line: comments left out, continued lines joined."""
    escape = "\\"
    if (first := _ESCAPE.fullmatch(text.partition("\n")[0].strip())) is not None:
        escape = first["letter"]
    lines: list[str] = []
    held = ""
    for line in text.removeprefix("\ufeff").splitlines():
        stripped = line.strip()
        if stripped.startswith("#") or not stripped:
            continue
        if stripped.endswith(escape):
            held += stripped[:-1] + " "
            continue
        lines.append((held + stripped).strip())
        held = ""
    return [*lines, held.strip()] if held.strip() else lines
