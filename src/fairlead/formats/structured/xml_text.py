"""XML: what a variable's name selects as XPath gets the variable's value.

The rules are Octopus's (`XmlFormatVariableReplacer` of Calamari): attributes, text, CDATA, comments and processing
instructions get the value; an element of text gets it as text, one with elements inside gets it as XML.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from fairlead.domain.template.variables import Variables
from fairlead.formats.encoded_text import Encoded, decoded
from fairlead.formats.structured.result import Replaced, Unreadable
from fairlead.formats.structured.xml_paths import Attribute, Nodes, Selected, expression
from fairlead.formats.structured.xml_tree import (
    Comment,
    Document,
    Element,
    Instruction,
    Text,
    declared_prefix,
    is_writable,
    read_fragment,
    read_xml,
    with_namespaces,
)
from fairlead.formats.structured.xml_writer import write_xml

SIZE_LIMIT = 4_194_304

_PREFIX = re.compile(r"([A-Za-z_][\w.-]*):(?!:)")
_DECLARED = re.compile(rb"""\s*<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z][\w.-]*)["']""")


def replace_in_xml(content: bytes, variables: Variables) -> Replaced:
    """Raises `Unreadable` where it is not XML."""
    file = decoded_xml(content)
    filling = _Filling(read_xml(file.text))
    for name in variables.names:
        value = variables.get(name) if "/" in name or ":" in name else None
        if value is not None:
            filling.take(name, value.text or "")
    return Replaced("xml", encoded_xml(filling.document, file), tuple(filling.found), tuple(filling.warnings))


def decoded_xml(content: bytes) -> Encoded:
    """The text of XML, in the encoding that its declaration names unless a byte order mark says another."""
    if len(content) > SIZE_LIMIT:
        raise Unreadable(f"more than {SIZE_LIMIT} bytes")
    declared = _DECLARED.match(content)
    name = declared[1].decode("ascii").lower() if declared else ""
    return decoded(content, [name] if name and not name.startswith(("utf-16", "utf-32", "ucs-")) else [])


def encoded_xml(document: Document, file: Encoded) -> bytes:
    """The document in the file's encoding, in UTF-8 where that lacks a character of it."""
    text = write_xml(document, encoding=file.encoding, line_end=file.line_end)
    if file.holds(text):
        return file.with_text(text).content()
    return Encoded(write_xml(document, encoding="utf-8", line_end=file.line_end)).content()


@dataclass(slots=True)
class _Filling:
    """A document and what has been put into it."""

    document: Document
    found: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    prefixes: dict[str, str] = field(default_factory=dict)
    nodes: Nodes | None = None

    def __post_init__(self) -> None:
        for element, _ in with_namespaces(self.document.root):
            for name, uri in element.attributes.items():
                prefix = declared_prefix(name)
                if prefix and self.prefixes.setdefault(prefix, uri) != uri:
                    self.warnings.append(
                        f"The prefix '{prefix}' stands for '{self.prefixes[prefix]}' in names of variables; "
                        f"in places of the file it stands for '{uri}', which they do not reach by it"
                    )

    def take(self, name: str, value: str) -> None:
        """Put a value wherever its variable's name selects."""
        prefix = _PREFIX.match(name)
        if prefix and prefix[1] not in self.prefixes and "/" not in name:
            return  # a place of JSON (Logging:Level), as most names with a colon: not worth reading as XPath
        selects = expression(name, self.prefixes)
        if selects is None:
            return
        self.nodes = self.nodes or Nodes(self.document)
        for selected in selects.select(self.nodes):
            self.found.append(name)
            self._put(selected, name, value)
            if self.nodes is not None and not _is_followed(self.nodes, selected):
                self.nodes = None

    def _put(self, selected: Selected, name: str, value: str) -> None:
        if not is_writable(value):
            self.warnings.append(f"The value of {name} was not set: it has characters that XML does not have")
            return
        match selected:
            case Attribute():
                selected.element.attributes[selected.name] = value
            case Text() | Comment() | Instruction():
                selected.data = value
            case Element():
                self._put_in_element(selected, name, value)
            case _:
                self.warnings.append(f"{name} selects what holds no value")

    def _put_in_element(self, element: Element, name: str, value: str) -> None:
        if not element.elements:
            only = element.children[0] if len(element.children) == 1 else None
            element.children = [Text(value, is_cdata=isinstance(only, Text) and only.is_cdata)]
            return
        known = next((here for one, here in with_namespaces(self.document.root) if one is element), None)
        if known is None:
            return  # gone with an element around it that the same name selects
        try:
            element.children = read_fragment(value, known)
        except Unreadable as unreadable:
            self.warnings.append(f"The value of {name} was not set: it has to be XML there ({unreadable})")


def _is_followed(nodes: Nodes, selected: Selected) -> bool:
    """Whether what was put there is seen by what selects next, without reading the whole document once more."""
    match selected:
        case Attribute():
            return nodes.follows(selected.element, selected.name)
        case Element():
            return nodes.follows(selected)
        case _:
            return False
