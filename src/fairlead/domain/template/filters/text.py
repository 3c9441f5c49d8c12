"""Filters that change a text: case, base64, cutting, joining, indenting, replacing."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Sequence

from fairlead.domain.service_messages import NOTHING_IN_BASE64
from fairlead.domain.template.evaluation import Filter
from fairlead.domain.template.filters.patterns import compiled

ENCODINGS = {"utf8": "utf-8", "utf-8": "utf-8", "unicode": "utf-16-le"}
FOUR_SPACES = "    "
WIDEST_INDENT = 255
LARGEST = 2**31 - 1
ELLIPSIS = "..."

_SIZES = re.compile(r"((\d{1,3})?/)?(\d{1,3})")


def whole(option: str) -> int | None:
    """The whole number that an option spells; None also for one that takes more than 32 bits."""
    found = int(option) if re.fullmatch(r"\s*[+-]?0*[0-9]{1,10}\s*", option) else None
    return found if found is not None and -LARGEST - 1 <= found <= LARGEST else None


def plain(change: Callable[[str], str]) -> Filter:
    """A filter without options that changes a value which is there."""

    def apply(value: str | None, options: Sequence[str]) -> str | None:
        return None if value is None or options else change(value)

    return apply


def _letter_by_letter(value: str, change: Callable[[str], str]) -> str:
    """One letter for each, as .NET has it: what would become two stays (``ß``)."""
    return "".join(changed if len(changed := change(letter)) == 1 else letter for letter in value)


def _to_base64(value: str | None, options: Sequence[str]) -> str | None:
    encoding = _encoding(options)
    if value is None or encoding is None:
        return None
    return base64.b64encode(value.encode(encoding, "surrogatepass")).decode()


def _from_base64(value: str | None, options: Sequence[str]) -> str | None:
    encoding = _encoding(options)
    if value is None or encoding is None:
        return None
    found = bytes_of_base64(value)
    return None if found is None else found.decode(encoding, "replace")


def bytes_of_base64(value: str) -> bytes | None:
    """What it stands for; spaces and the ends of lines within are nothing. None where it is no base64."""
    try:
        return base64.b64decode(value.translate(NOTHING_IN_BASE64), validate=True)
    except ValueError:
        return None


def _encoding(options: Sequence[str]) -> str | None:
    return None if len(options) > 1 else ENCODINGS.get(options[0].lower() if options else "utf8")


def _append(value: str | None, options: Sequence[str]) -> str | None:
    return (value or "") + "".join(options) if options else None


def _prepend(value: str | None, options: Sequence[str]) -> str | None:
    return "".join(options) + (value or "") if options else None


def _truncate(value: str | None, options: Sequence[str]) -> str | None:
    length = whole(options[0]) if options else None
    if value is None or length is None or length < 0:
        return None
    suffix = options[1] if len(options) > 1 else ELLIPSIS
    return value[:length] + suffix if length < len(value) else value


def _trim(value: str | None, options: Sequence[str]) -> str | None:
    if value is None:
        return None
    if not options:
        return value.strip()
    match options[0].lower():
        case "start":
            return value.lstrip()
        case "end":
            return value.rstrip()
        case _:
            return None


def _substring(value: str | None, options: Sequence[str]) -> str | None:
    """With one option the first so many characters, with two from where and how many; never beyond the end."""
    numbers = [whole(option) for option in options]
    if value is None or not 1 <= len(numbers) <= 2:
        return None
    start, length = (0, numbers[0]) if len(numbers) == 1 else numbers
    if start is None or length is None or start < 0 or length < 0 or start > len(value):
        return None
    return value[start : start + length]


def _indent(value: str | None, options: Sequence[str]) -> str | None:
    if not value:
        return value
    if len(options) > 2:
        return None
    first, others = _indents(options)
    return first + value.replace("\n", "\n" + others)


def _indents(options: Sequence[str]) -> tuple[str, str]:
    if not options:
        return FOUR_SPACES, FOUR_SPACES
    if len(options) == 2:
        return options[0], options[1]
    sizes = _SIZES.fullmatch(options[0])
    if sizes and int(sizes[3]) <= WIDEST_INDENT and int(sizes[2] or 0) <= WIDEST_INDENT:
        first = int(sizes[2] or 0) if sizes[1] else int(sizes[3])
        return " " * first, " " * int(sizes[3])
    return options[0], options[0]


def _replace(value: str | None, options: Sequence[str]) -> str | None:
    if value is None or not options:
        return None
    pattern = compiled(options[0])
    return None if pattern is None else pattern.replaced(value, options[1] if len(options) > 1 else "")


FILTERS: dict[str, Filter] = {
    "toupper": plain(lambda value: _letter_by_letter(value, str.upper)),
    "tolower": plain(lambda value: _letter_by_letter(value, str.lower)),
    "tobase64": _to_base64,
    "frombase64": _from_base64,
    "append": _append,
    "prepend": _prepend,
    "truncate": _truncate,
    "trim": _trim,
    "substring": _substring,
    "indent": _indent,
    "replace": _replace,
}
