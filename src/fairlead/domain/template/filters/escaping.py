"""Filters that make a value safe to stand in a text of some format."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from fairlead.domain.template.evaluation import Filter
from fairlead.domain.template.filters.text import plain

XML = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"}
HTML = {**XML, "/": "&#x2F;"}
JSON = {'"': '\\"', "\r": "\\r", "\t": "\\t", "\n": "\\n", "\\": "\\\\"}
PROPERTIES_VALUE = {"\\": "\\\\", "\r": "\\r", "\n": "\\n", "\t": "\\t"}
PROPERTIES_KEY = {**PROPERTIES_VALUE, " ": "\\ ", ":": "\\:", "=": "\\="}
YAML_DOUBLE = {**PROPERTIES_VALUE, '"': '\\"'}
LATIN_1 = 0xFF
URI_RESERVED = ":/?#[]@!$&'()*+,;="
"""What stands in an address as it is, beside letters, digits and ``-._~``. (RFC 3986 §2.2, as .NET has it.)"""

_LINE_ENDS = re.compile(r"(?:\r?\n)+")


def _mapped(by: Mapping[str, str]) -> Filter:
    return plain(lambda value: "".join(by.get(found, found) for found in value))


def _coded(found: str) -> str:
    """UTF-16, as both YAML and Java's properties read it: two codes for what lies beyond the first plane."""
    units = found.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def _yaml_double(value: str) -> str:
    return "".join(YAML_DOUBLE.get(found) or (found if " " <= found <= "~" else _coded(found)) for found in value)


def _yaml_single(value: str) -> str:
    """YAML reads one line's end between single quotes as a space, two as one: so each run of them gets one more."""
    doubled = _LINE_ENDS.sub(lambda ends: ("\r\n" if ends[0].startswith("\r") else "\n") + ends[0], value)
    return doubled.replace("'", "''")


def _properties(value: str, by: Mapping[str, str]) -> str:
    return "".join(by.get(found) or (found if ord(found) < LATIN_1 else _coded(found)) for found in value)


def _properties_value(value: str) -> str:
    escaped = _properties(value, PROPERTIES_VALUE)
    return f"\\{escaped}" if escaped.startswith(" ") else escaped


FILTERS: dict[str, Filter] = {
    "xmlescape": _mapped(XML),
    "htmlescape": _mapped(HTML),
    "jsonescape": _mapped(JSON),
    "yamlsinglequoteescape": plain(_yaml_single),
    "yamldoublequoteescape": plain(_yaml_double),
    "propertieskeyescape": plain(lambda value: _properties(value, PROPERTIES_KEY)),
    "propertiesvalueescape": plain(_properties_value),
    "uriescape": plain(lambda value: quote(value, safe=URI_RESERVED)),
    "uridataescape": plain(lambda value: quote(value, safe="")),
}
